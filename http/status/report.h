/* http/status/report.h: what is known, as text. */
#ifndef HTTP_STATUS_REPORT_H
#define HTTP_STATUS_REPORT_H

#include "http/response/writer.h"

#define STATUS_REPORT_MAX 32768 /* bytes of the longest, of a system of STATUS_PARTS_MAX parts with long names */

void status_report_json(struct writer *text);
void status_report_metrics(struct writer *text);     /* as Prometheus has them, text format 0.0.4 */
void status_report_openmetrics(struct writer *text); /* OpenMetrics 1.0 */

#endif

/* http/front/app_site.h: what the application says of the site: its records (http/app_proto.h). */
#ifndef HTTP_FRONT_APP_SITE_H
#define HTTP_FRONT_APP_SITE_H

#include <stdbool.h>

struct app_counters;

bool app_site_go_on(void); /* more of them may be there. True: the site is another one now */
/* Whoever has counters that the front's other parts do not know adds them when the application asks. */
void app_site_count_also(void (*add)(struct app_counters *counters));

#endif

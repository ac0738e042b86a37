/* tool/report.h: the image in words. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include "sdk/tool/prove.h"

/* The report's text; `size` without its NUL. Depends on the description, the programs and the board only. */
char *report_text(const struct layout *l, const struct image *image, const struct proof *proof, const char *board,
                  const char *config, size_t *size);

#endif

/* http/status/figures.h: all that is one number, with its name. */
#ifndef HTTP_STATUS_FIGURES_H
#define HTTP_STATUS_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct status_figure {
    const char *name, *help;
    bool counter; /* it only grows; else it goes up and down */
    uint64_t value;
};

#define STATUS_FIGURES_MAX 40

/* As they are now. Returns how many. */
uint32_t status_figures(struct status_figure figures[STATUS_FIGURES_MAX]);

#endif

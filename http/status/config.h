/* http/status/config.h: compose/status.py writes the values. */
#ifndef HTTP_STATUS_CONFIG_H
#define HTTP_STATUS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "supervisor/proto.h"

#define STATUS_PARTS_MAX 32
#define STATUS_NO_CHILD 0xff
#define STATUS_COUNTERS_MAX 128

/* A word of the pages of those parts whose program has it (lib/counters.h). */
struct status_counter {
    const char *name;          /* in JSON, of a part */
    const char *family, *help; /* for Prometheus; help "": the family is that of the one before it */
    const char *which;         /* of the family; "": it is the only one */
    bool counter;              /* it only grows; else it goes up and down */
};

struct status_config {
    uint16_t port;
    uint32_t fresh_ms;                    /* of the front's cache */
    const char *folder;                   /* /healthz asks the file service for it */
    const char *system;                   /* JSON: what the page draws; the parts in the order that follows */
    const struct supervisor_notes *notes; /* we can only read them */
    uint8_t supervisor;                   /* channel: it tells how busy its children are */
    uint32_t part_count;
    struct {
        const char *name;
        uint8_t child;         /* as the supervisor counts, or STATUS_NO_CHILD */
        const uint64_t *page;  /* we can only read it; NULL: it counts nothing */
        uint32_t first, count; /* of `counters` */
    } parts[STATUS_PARTS_MAX];
    uint32_t counter_count;
    struct status_counter counters[STATUS_COUNTERS_MAX];
};
extern const struct status_config status_config;

#endif

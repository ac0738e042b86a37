/* http/status/config.h: compose/status.py writes the values. */
#ifndef HTTP_STATUS_CONFIG_H
#define HTTP_STATUS_CONFIG_H

#include <stdint.h>
#include "supervisor/proto.h"

#define STATUS_PARTS_MAX 32
#define STATUS_NO_CHILD 0xff

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
        uint8_t child; /* as the supervisor counts, or STATUS_NO_CHILD */
    } parts[STATUS_PARTS_MAX];
};
extern const struct status_config status_config;

#endif

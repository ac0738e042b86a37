/* supervisor/config.h: compose/supervisor.py writes the values. */
#ifndef SUPERVISOR_CONFIG_H
#define SUPERVISOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "supervisor/proto.h"

struct supervisor_config {
    struct supervisor_notes *notes;
    uint8_t pause_child;
    bool has_killer;
    uint8_t killer; /* channel */
    bool has_watcher;
    uint8_t watcher; /* channel: who may have itself told */
    uint8_t child_count;
    struct {
        const char *name;
        uint64_t group;      /* bit n: child n restarts with it; its own bit, too */
        uint32_t settled_ms; /* who has run for so long restarts at once */
        uint32_t pause_ms;   /* before the second restart in a row; then twice as long each time, */
        uint32_t pause_max_ms;
        uint32_t reset_after; /* deaths in a row: then the machine is reset; 0: never */
    } children[SUPERVISOR_CHILDREN_MAX];
};
extern const struct supervisor_config supervisor_config;

struct supervisor_pause_config {
    const struct supervisor_notes *notes;
};
extern const struct supervisor_pause_config supervisor_pause_config;

#endif

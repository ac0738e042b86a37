/* chaos/config.h: compose/chaos.py writes the values. */
#ifndef CHAOS_CONFIG_H
#define CHAOS_CONFIG_H

#include <stdint.h>
#include "supervisor/proto.h"

#define CHAOS_PARTS_MAX 30

struct chaos_config {
    const struct supervisor_notes *notes;
    uint8_t supervisor; /* channel */
    uint8_t part_count;
    struct {
        const char *name;
        uint8_t child; /* as the supervisor counts */
    } parts[CHAOS_PARTS_MAX];
};
extern const struct chaos_config chaos_config;

#endif

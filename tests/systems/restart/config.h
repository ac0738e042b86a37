/* tests/systems/restart/config.h: restarts.py writes the values. */
#ifndef TESTS_RESTART_CONFIG_H
#define TESTS_RESTART_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define VICTIMS_MAX 16

struct killer_config {
    uint8_t supervisor, spinner; /* channels */
    bool says_lines, has_spinner;
    uint8_t victim_count;
    struct {
        char name[24];
        uint8_t child;
    } victims[VICTIMS_MAX];
};
extern const struct killer_config killer_config;

struct spinner_config {
    uint8_t killer; /* channel */
};
extern const struct spinner_config spinner_config;

#endif

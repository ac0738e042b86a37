/* config.h: of the lying file server; http_liar.py writes the values. */
#ifndef TESTS_SYSTEMS_HTTP_CONFIG_H
#define TESTS_SYSTEMS_HTTP_CONFIG_H

#include <stdint.h>
#include "lib/region.h"
#include "lib/ring.h"

struct liar_config {
    uint8_t client; /* channel */
    struct ring_config commands, completions;
    struct region share;
};
extern const struct liar_config liar_config;

#endif

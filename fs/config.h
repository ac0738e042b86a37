/* fs/config.h: compose/fs.py writes the values. */
#ifndef FS_CONFIG_H
#define FS_CONFIG_H

#include <stdint.h>
#include "lib/region.h"
#include "lib/ring.h"
#include "fs/proto.h"

struct fs_server_config {
    uint8_t client; /* channel */
    struct ring_config commands, completions;
    struct region share;
};
extern const struct fs_server_config fs_server_config;

struct fs_client_config {
    uint8_t server; /* channel */
    struct ring_config commands, completions;
    struct region share;
    struct region index; /* for a cache of what it has read, no other's; size 0: it has none */
};
extern const struct fs_client_config fs_client_config;

#endif

/* fs/config.h: compose/fs.py writes the values. */
#ifndef FS_CONFIG_H
#define FS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/region.h"
#include "lib/ring.h"
#include "fs/proto.h"

#define FS_CLIENTS_MAX 4 /* of one server */

/* A command that waits in the server, since it arrived. */
struct fs_waiting {
    struct fs_command command;
    uint64_t arrived_ns;
};
#define FS_WAITING_BYTES (FS_QUEUE_CAPACITY * sizeof(struct fs_waiting)) /* for each client */

/* One client, as its server sees it. */
struct fs_server_client_config {
    uint8_t channel;
    struct ring_config commands, completions;
    struct region share;   /* mapped by this client and the server, by nobody else */
    struct region waiting; /* the server's own */
    uint32_t jobs;         /* kept for it, of FS_JOBS_MAX; what is kept for nobody is for all */
    uint32_t files;        /* that it may have open, of FS_FILES_MAX */
    uint32_t writes;       /* that it may have under way: what the server has memory for; 0: it may change nothing */
    bool waits;            /* its commands wait for files that are out of reach; else they are answered at once then */
};

struct fs_server_config {
    uint32_t client_count;
    struct fs_server_client_config clients[FS_CLIENTS_MAX];
};
extern const struct fs_server_config fs_server_config;

struct fs_client_config {
    uint8_t server; /* channel */
    uint8_t number; /* of this client at its server: ids begin with it, so that in a trace they are one client's */
    struct ring_config commands, completions;
    struct region share;
    uint32_t block;      /* bytes of each block of the share */
    struct region index; /* for what it knows of files, no other's; size 0: it keeps nothing of them */
};
extern const struct fs_client_config fs_client_config;

#endif

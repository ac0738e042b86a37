/* tests/unit/fs_clients.h: a file server and four clients in one process, each with rings and a share of its own. What
 * the clients put is the test's, honest or not; the last may change nothing. Client i's channel at the server is i.
 */
#ifndef FS_CLIENTS_H
#define FS_CLIENTS_H

#include "fs/server.h"
#include "tests/unit/fake_microkit.h"

enum { FS_CLIENTS = 4, FS_CLIENTS_JOBS = 6, FS_CLIENTS_FILES = 60, FS_CLIENTS_WRITES = 6 };
#define FS_CLIENTS_SHARE_SIZE (64u * 1024)

struct fs_test_client {
    struct ring commands, completions; /* its ends */
    struct ring_shared *shared_commands, *shared_completions;
    uint8_t *share;
    uint64_t sequence; /* ids are this and the client's number */
    uint32_t generation;
};
extern struct fs_test_client fs_clients[FS_CLIENTS];

/* After fs_server_init(), and again whenever a client starts anew. */
void fs_client_attach(uint32_t client);

/* Into its ring, with an id, which is returned; 0: no room. The server hears of it by fs_clients_tell(). */
uint64_t fs_client_put(uint32_t client, const struct fs_command *command);

/* One event of the server: it is told of all clients that it waits for, in ascending order. */
void fs_clients_tell(void);

/* The next completion out of its ring; false: there is none. */
bool fs_client_take(uint32_t client, struct fs_completion *completion);

/* Put, tell, and take all completions up to that command's, which is returned. */
struct fs_completion fs_client_run(uint32_t client, const struct fs_command *command);

/* A path in its share, with attributes behind it. */
struct fs_command fs_client_path(uint32_t client, enum fs_command_type type, const char *path, uint32_t flags);
struct fs_command fs_client_file(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size);
#define FS_CLIENT_ATTRIBUTES 4096 /* where they lie in the share */
#define FS_CLIENT_DATA 8192

#endif

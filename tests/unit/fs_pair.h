/* tests/unit/fs_pair.h: a file server and its client in one process: two ends of the same rings, a share, and
 * notifications that go to the other side. The client's channel is 0, the server's is 1.
 */
#ifndef FS_PAIR_H
#define FS_PAIR_H

#include "fs/client.h"
#include "tests/unit/fake_microkit.h"

enum { FS_PAIR_CLIENT = 0, FS_PAIR_SERVER = 1 };
#define FS_PAIR_SHARE_SIZE (16 * FS_CLIENT_BLOCK_SIZE)

extern struct ring_shared *const fs_pair_commands, *const fs_pair_completions;
extern uint8_t *const fs_pair_share;

/* A new life of one side, as the other one sees it: it is told, and told again when all is as before, so that the
 * library here, which has not restarted, is let in once more. */
void fs_pair_restart_client(void);
void fs_pair_restart_server(void);

/* Deliver what is owed, to both sides, until nothing is. */
void fs_pair_pump(void);

#endif

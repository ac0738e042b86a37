/* fs/client.h: a program's end of the file service. Issue commands, be called when each is answered. No waiting in
 * here: a worker waits by fiber_wait() until its request is done (see python/), a state machine goes on in the handler.
 *
 * Buffers in the share come from a small allocator of fixed-size blocks; a request holds its buffers until it is freed.
 */
#ifndef FS_CLIENT_H
#define FS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/config.h"

struct fs_request;
typedef void fs_handler(struct fs_request *request);

/* Owned by the caller, alive and untouched until `handler` has been called. */
struct fs_request {
    fs_handler *handler; /* in the event loop; NULL: the caller looks at `done` */
    void *context;
    bool done;
    struct fs_completion result; /* of FS_READ, FS_WRITE, FS_READDIR: a length of no more than the command's data */
    uint32_t slot;               /* the library's */
};

#define FS_CLIENT_BLOCK_SIZE (64 * 1024) /* bytes of a block, at most: the largest single read or write */

/* From init(), which ends in pd_flush(). */
void fs_client_init(const struct fs_client_config *config);

/* How often the server has started anew and kept nothing: what fds were open before the last time mean nothing now, and
 * the mount is to be asked for. Counted before a request ends with FS_STATUS_SERVER_WAS_RESET for that. A server that
 * keeps its files is not noticed, but by requests that cannot be made again (fs/proto.h). */
uint32_t fs_client_restarts(void);

/* Share blocks, fs_client_blocks() of them in all. NULL when all are in use. fs_client_buffer() says where a block
 * lies in the share. */
uint32_t fs_client_blocks(void);
uint32_t fs_client_block_size(void);
void *fs_client_block_get(void);
void fs_client_block_put(void *block);
struct fs_buffer fs_client_buffer(const void *in_block, uint64_t size);

/* Issue: false when as many are under way as the ring holds (FS_QUEUE_CAPACITY); try again after a completion.
 * `command` without its id. The wake-up is owed through pd_notify_later(). */
bool fs_client_issue(struct fs_request *request, const struct fs_command *command);

/* Called after each batch of completions, in the event loop, in the order in which they were given. At most 4
 * handlers. */
void fs_client_on_event(void (*handler)(void *context), void *context);

#endif

/* fs/nfs/rpc.h: one RPC connection at a time, on libnfs' asynchronous raw interface, driven by the stack's events.
 *
 * A call is answered, or it is lost, in one of the ways below. Neither happens inside the function that makes the call.
 * A call that its owner has forgotten is neither.
 */
#ifndef FS_NFS_RPC_H
#define FS_NFS_RPC_H

#include <stdbool.h>
#include <stdint.h>
#include "nfsc/libnfs.h"
#include "nfsc/libnfs-raw.h"

enum nfs_rpc_loss {
    LOST_CONNECTION, /* with the connection: it may be made again on the next one */
    LOST_REPLY,      /* later calls were answered and this one was not: it may be made again, now */
    LOST_MEMORY,     /* there was none to make it: it may be made again, a little later */
    LOST_REFUSED     /* the server refused it, or its reply could not be read */
};

struct nfs_rpc_call {
    void (*reply)(struct nfs_rpc_call *call, void *result); /* of the procedure, valid until it returns */
    void (*lost)(struct nfs_rpc_call *call, enum nfs_rpc_loss how);
    uint64_t reply_ns; /* it is lost when later ones were answered so long ago; at least NFS_RPC_REPLY_NS, or 0 */

    /* The connection's. */
    struct nfs_rpc_ticket *ticket;
    struct nfs_rpc_call *next;
    enum nfs_rpc_loss how;
};

/* Needs ip_init() and timer_client_init() before it. `up`: a connection that was asked for stands. `down`: it could not
 * be made, or is gone (after the calls on it were lost); nfs_rpc_why() says why. `silent`: it was given up because the
 * server said nothing for NFS_RPC_SILENCE_NS although it owed something. */
#define NFS_RPC_REPLY_NS (2ull * 1000 * 1000 * 1000) /* a visitor who waits for it has five seconds */
#define NFS_RPC_SILENCE_NS (10ull * 1000 * 1000 * 1000)
#define NFS_RPC_CONNECT_NS (3ull * 1000 * 1000 * 1000) /* the same for one that does not stand yet */
#define NFS_RPC_ASK_NS (500ull * 1000 * 1000)          /* silent for so long, its peer is asked whether it is there */
void nfs_rpc_init(void (*up)(void), void (*down)(bool silent));

/* At most one: an older one is closed first. */
void nfs_rpc_open(const char *address, uint16_t port);
void nfs_rpc_close(void);            /* without `down` */
bool nfs_rpc_break(const char *why); /* at the end of this event; whether `down` follows */
const char *nfs_rpc_why(void);

/* To be called around a libnfs function that queues a procedure:
 *     void *ticket = nfs_rpc_ticket(&call);
 *     nfs_rpc_made(&call, rpc_nfs3_read_async(nfs_rpc_context(), nfs_rpc_callback, &args, ticket));
 * Only while the connection stands. */
struct rpc_context *nfs_rpc_context(void);
void *nfs_rpc_ticket(struct nfs_rpc_call *call);
void nfs_rpc_callback(struct rpc_context *rpc, int status, void *data, void *ticket);
void nfs_rpc_made(struct nfs_rpc_call *call, int result);

/* Nobody waits for it any more, whether it is under way or lost. */
void nfs_rpc_forget(struct nfs_rpc_call *call);

#endif

/* fs/nfs/connection.h: one RPC connection at a time, on libnfs' asynchronous raw interface, driven by the stack's
 * events.
 *
 * A call is answered, or it is lost, in one of the ways below. Neither happens inside the function that makes the call.
 * A call that its owner has forgotten is neither.
 */
#ifndef FS_NFS_CONNECTION_H
#define FS_NFS_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include "nfsc/libnfs.h"
#include "nfsc/libnfs-raw.h"

enum connection_loss {
    LOST_CONNECTION, /* with the connection: it may be made again on the next one */
    LOST_ANSWER,     /* later calls were answered and this one was not: it may be made again, now */
    LOST_MEMORY,     /* there was none to make it: it may be made again, a little later */
    LOST_REFUSED     /* the server refused it, or its answer could not be read */
};

struct connection_call {
    void (*reply)(struct connection_call *call, void *result); /* of the procedure, valid until it returns */
    void (*lost)(struct connection_call *call, enum connection_loss how);
    uint64_t answer_ns; /* it is lost when later ones were answered so long ago; at least CONNECTION_ANSWER_NS, or 0 */

    /* The connection's. */
    struct connection_ticket *ticket;
    struct connection_call *next;
    enum connection_loss how;
};

/* Needs ip_init() and timer_client_init() before it. `up`: a connection that was asked for stands. `down`: it could not
 * be made, or is gone (after the calls on it were lost); connection_why() says why. `silent`: it was given up because
 * the server said nothing for CONNECTION_SILENCE_NS although it owed something. */
#define CONNECTION_ANSWER_NS (5ull * 1000 * 1000 * 1000)
#define CONNECTION_SILENCE_NS (10ull * 1000 * 1000 * 1000)
void connection_init(void (*up)(void), void (*down)(bool silent));

/* At most one: an older one is closed first. */
void connection_open(const char *address, uint16_t port);
void connection_close(void);            /* without `down` */
bool connection_break(const char *why); /* at the end of this event; whether `down` follows */
const char *connection_why(void);

/* To be called around a libnfs function that queues a procedure:
 *     void *ticket = connection_ticket(&call);
 *     connection_made(&call, rpc_nfs3_read_async(connection_rpc(), connection_callback, &args, ticket));
 * Only while the connection stands. */
struct rpc_context *connection_rpc(void);
void *connection_ticket(struct connection_call *call);
void connection_callback(struct rpc_context *rpc, int status, void *data, void *ticket);
void connection_made(struct connection_call *call, int result);

/* Nobody waits for it any more, whether it is under way or lost. */
void connection_forget(struct connection_call *call);

#endif

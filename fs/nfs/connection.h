/* fs/nfs/connection.h: one RPC connection at a time, on libnfs' asynchronous raw interface, driven by the stack's
 * events.
 *
 * A call is answered, or it is lost: with the connection (then it may be made again on the next one), or alone, because
 * the server refused it or its answer could not be read. Neither happens inside the function that makes the call.
 */
#ifndef FS_NFS_CONNECTION_H
#define FS_NFS_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include "nfsc/libnfs.h"
#include "nfsc/libnfs-raw.h"

struct connection_call {
    void (*reply)(struct connection_call *call, void *result); /* of the procedure, valid until it returns */
    void (*lost)(struct connection_call *call, bool connection);
    struct connection_call *next;
};

/* Needs ip_init() and timer_client_init() before it. `up`: a connection that was asked for stands. `down`: it could not
 * be made, or is gone (after the calls on it were lost); connection_why() says why. */
void connection_init(void (*up)(void), void (*down)(void));

/* At most one: an older one is closed first. */
void connection_open(const char *address, uint16_t port);
void connection_close(void); /* without `down` */
const char *connection_why(void);

/* To be called around a libnfs function that queues a procedure with connection_callback and the call as private data:
 *     connection_made(&call, rpc_nfs3_read_async(connection_rpc(), connection_callback, &args, &call));
 * Only while the connection stands. */
struct rpc_context *connection_rpc(void);
void connection_callback(struct rpc_context *rpc, int status, void *data, void *call);
void connection_made(struct connection_call *call, int result);

#endif

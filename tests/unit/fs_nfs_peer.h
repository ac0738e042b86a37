/* tests/unit/fs_nfs_peer.h: all that lies between fs/nfs and its server, and the server, in one process: the sockets'
 * TCP (of which there is one connection at a time), the interface, DNS, and a small portmapper, mount daemon and NFS
 * server.
 *
 * Calls come apart from the stream as soon as they are whole, whatever TCP did with it. Answers are made as bytes, so
 * that a test may spoil them before they go out. The files: a name that begins with `d` is a directory's, with `l` a
 * link's, with `x` nobody's, all others are files of PEER_FILE_SIZE bytes; all of them are in every directory.
 */
#ifndef FS_NFS_PEER_H
#define FS_NFS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_CALLS_MAX 256
#define PEER_ARGUMENTS_MAX 320 /* the beginning of a call's arguments is kept */
#define PEER_ANSWER_MAX 16384
#define PEER_FILE_SIZE 5000

struct peer_call {
    uint32_t xid, program, procedure;
    uint32_t size; /* of the arguments */
    uint8_t arguments[PEER_ARGUMENTS_MAX];
};

/* TCP, as the component's socket sees it. What it noted is looked at by the next event: pd_flush(). */
bool peer_is_asked(void); /* for a connection that has no reply yet */
bool peer_is_connected(void);
void peer_accept(void);
void peer_reset(void);                                          /* also instead of a reply */
void peer_end(void);                                            /* its FIN */
void peer_send(const void *bytes, size_t size, size_t segment); /* no more than so many bytes at once */

/* Calls that have no reply yet, the oldest first. Gone with the connection. */
uint32_t peer_calls(void);
const struct peer_call *peer_call_at(uint32_t i);
void peer_forget(uint32_t i);

/* The right reply, as an RPC message without a record's mark; its size. */
uint32_t peer_reply(const struct peer_call *call, uint8_t to[PEER_ANSWER_MAX]);

/* Everything right, in whole records, until no call is left; answers connections, too. Runs the component by
 * pd_flush(). */
void peer_serve(void);

/* What the component finds around it. */
extern uint32_t peer_room;   /* bytes that TCP takes from it at once */
extern bool peer_refuses;    /* TCP has no memory for them after all */
extern bool peer_no_address; /* of ours */
void peer_new_address(void);
extern uint32_t peer_pbufs; /* in use */

#endif

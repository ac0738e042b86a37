/* tests/unit/fake_nfs.h: libnfs' asynchronous RPC layer, played, with an NFSv3 server behind it whose files are a tree
 * in memory. What fs/nfs is linked with in place of libnfs, lwIP and the sockets.
 *
 * Calls are carried out in order, at the end of an event, as the pump of fs/nfs/rpc.c asks for readiness. A test
 * says by `judge` what becomes of each.
 */
#ifndef FAKE_NFS_H
#define FAKE_NFS_H

#include <stdbool.h>
#include <stdint.h>
#include "libnfs-raw-nfs.h"

#define FAKE_NFS_NODES 600

/* What becomes of a call. Any other number: it is not carried out, and answered with that nfsstat3. */
enum {
    FAKE_NFS_ANSWER = 0,
    FAKE_NFS_LOSE_ANSWER = -1, /* it is carried out */
    FAKE_NFS_LOSE_CALL = -2,
    FAKE_NFS_BREAK_AFTER = -3, /* it is carried out, then the connection ends */
    FAKE_NFS_BREAK_BEFORE = -4,
    FAKE_NFS_REFUSE = -5, /* an RPC error, or a reply that cannot be read */
    FAKE_NFS_ODD = -6     /* carried out; then `spoil` has its reply */
};

struct fake_nfs_node {
    bool alive;
    ftype3 type;
    uint32_t parent, mode, size, room, seconds, nseconds, made; /* `made`: in its place, so that handles go stale */
    uint8_t verifier[8];
    bool verifier_in_mtime, verifier_in_atime; /* as servers do it: half in each */
    char name[256];
    char target[3000];
    uint8_t *bytes;
};

struct fake_nfs {
    bool refuses;      /* connections */
    bool hangs;        /* answers nothing; what is asked waits */
    bool no_memory;    /* in libnfs, for a call */
    bool no_context;   /* nor for a connection */
    bool bare;         /* no attributes in replies that may go without */
    bool no_exclusive; /* CREATE knows no EXCLUSIVE */
    bool read_only;
    bool strict;      /* a listing goes on only in a directory that has not changed (cookie verifier) */
    bool no_address;  /* DHCP has not answered */
    uint32_t entries; /* in a reply to READDIRPLUS, at most */
    uint32_t read_size, write_size, short_write; /* the last: bytes that a WRITE takes; 0: all */
    uint32_t boot;                               /* part of every handle */
    uint32_t variant;                            /* in every handle, but it does not matter there: a file has many */
    uint32_t handle_size;
    uint32_t mount_status, nfs_port, mount_port; /* what mount service and portmapper say */
    uint32_t calls[22], connections, time;       /* calls: carried out, by procedure */
    int (*judge)(uint32_t procedure);
    void (*spoil)(uint32_t procedure, void *result);
    struct fake_nfs_node nodes[FAKE_NFS_NODES]; /* 0 is the root */
};
extern struct fake_nfs fake_nfs;

/* A tree with nothing but its root. */
void fake_nfs_reset(void);

/* What somebody else does on the server. Paths without links, from the root; the parent has to be there. */
uint32_t fake_nfs_make(const char *path, ftype3 type, const char *content_or_target);
uint32_t fake_nfs_find(const char *path); /* FAKE_NFS_NODES: there is none */
void fake_nfs_remove(const char *path);
void fake_nfs_rename(const char *from, const char *to);
bool fake_nfs_holds(const char *path, const char *content);

/* Carries out what was lost last by FAKE_NFS_BREAK_BEFORE: the server had read it. */
nfsstat3 fake_nfs_late(void);

uint32_t fake_nfs_all_calls(void);
bool fake_nfs_idle(void); /* nothing is asked that waits for its reply */

/* What went to the serial console. */
const char *fake_nfs_console(void);

/* What went to the serial console. */
const char *fake_nfs_console(void);

/* DHCP has another address for us, or one at last. */
void fake_nfs_new_address(void);

#endif

/* fs/nfs/counters.h: what the NFS client counts (lib/counters.h). */
#ifndef FS_NFS_COUNTERS_H
#define FS_NFS_COUNTERS_H

#include <stddef.h>
#include "lib/counters.h"

/* The calls first, in the order of RFC 1813's numbers: fs/nfs/zdr.c. */
#define NFS_COUNTERS(ONE, OF)                                                           \
    OF(calls, null, COUNTER, "Calls to the server, by procedure")                       \
    OF(calls, getattr, COUNTER, "")                                                     \
    OF(calls, setattr, COUNTER, "")                                                     \
    OF(calls, lookup, COUNTER, "")                                                      \
    OF(calls, access, COUNTER, "")                                                      \
    OF(calls, readlink, COUNTER, "")                                                    \
    OF(calls, read, COUNTER, "")                                                        \
    OF(calls, write, COUNTER, "")                                                       \
    OF(calls, create, COUNTER, "")                                                      \
    OF(calls, mkdir, COUNTER, "")                                                       \
    OF(calls, symlink, COUNTER, "")                                                     \
    OF(calls, mknod, COUNTER, "")                                                       \
    OF(calls, remove, COUNTER, "")                                                      \
    OF(calls, rmdir, COUNTER, "")                                                       \
    OF(calls, rename, COUNTER, "")                                                      \
    OF(calls, link, COUNTER, "")                                                        \
    OF(calls, readdir, COUNTER, "")                                                     \
    OF(calls, readdirplus, COUNTER, "")                                                 \
    OF(calls, fsstat, COUNTER, "")                                                      \
    OF(calls, fsinfo, COUNTER, "")                                                      \
    OF(calls, pathconf, COUNTER, "")                                                    \
    OF(calls, commit, COUNTER, "")                                                      \
    ONE(calls_under_way, GAUGE, "Calls whose reply is awaited")                         \
    OF(lost, connection, COUNTER, "Calls without a reply, by why: most are made again") \
    OF(lost, reply, COUNTER, "")                                                        \
    OF(lost, memory, COUNTER, "")                                                       \
    OF(lost, refused, COUNTER, "")                                                      \
    ONE(connections, COUNTER, "Connections to the server")                              \
    ONE(silences, COUNTER, "Connections given up since the server said nothing")        \
    ONE(server_away, GAUGE, "1 while the server is out of reach")                       \
    ONE(heap_bytes, GAUGE, "Memory of the heap that was ever used")                     \
    ONE(frames_received, COUNTER, "Frames from the server and whoever else")            \
    ONE(frames_sent, COUNTER, "Frames to them")

COUNTERS(nfs, NFS_COUNTERS)

#define NFS_PROCEDURES 22
_Static_assert(offsetof(struct nfs_counters, calls_under_way) == NFS_PROCEDURES * sizeof(uint64_t), "one for each");

#endif

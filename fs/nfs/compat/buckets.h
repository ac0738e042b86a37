/* fs/nfs/compat/buckets.h: included before each of libnfs' sources. At every event libnfs looks through all the buckets
 * of its table of calls, 1024 of them: 7000 instructions, more than the rest of a call together. We have at most
 * FS_JOBS_MAX calls under way, mostly a few. The table keeps its size; only the first buckets of it are used.
 */
#ifndef NFS_COMPAT_BUCKETS_H
#define NFS_COMPAT_BUCKETS_H

#include "libnfs-zdr.h"
#include "libnfs.h"
#include "libnfs-raw.h"
#include "libnfs-private.h"

#undef HASHES
#define HASHES 8

#endif

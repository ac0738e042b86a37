/* fs/nfs/compat/calls.h: included before libnfs' lib/pdu.c, which has 4 KiB for each call beside what it is to write.
 * The longest that we make, a renaming, has two handles of 64 bytes, two names of 255, and 100 bytes of headers. One
 * that does not fit is not made: libnfs answers with an error.
 */
#ifndef NFS_COMPAT_CALLS_H
#define NFS_COMPAT_CALLS_H

#include "libnfs-zdr.h"
#include "libnfs.h"
#include "libnfs-raw.h"
#include "libnfs-private.h"

#undef ZDR_ENCODEBUF_MINSIZE
#define ZDR_ENCODEBUF_MINSIZE 1024

#endif

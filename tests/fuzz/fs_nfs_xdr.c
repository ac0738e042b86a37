/* tests/fuzz/fs_nfs_xdr.c: replies of a hostile NFS server, decoded by fs/nfs/zdr.c through libnfs' generated
 * decoders.
 *
 * Input: one byte that chooses the procedure, then the message. The message is copied into memory of exactly its size,
 * so that the address sanitizer sees every byte too many; what was decoded is read as fs/nfs reads it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/counters.h"
#include "libnfs-raw-mount.h"
#include "libnfs-raw-nfs.h"
#include "nfsc/libnfs-zdr.h"
#include "tests/fuzz/fuzz.h"

const struct counters_config counters_config;

/* What libnfs keeps beside a call for its result. */
static union {
    LOOKUP3res lookup;
    READ3res read;
    READDIRPLUS3res listing;
    READLINK3res link;
    GETATTR3res attributes;
    CREATE3res create;
    FSINFO3res info;
    mountres3 mount;
    uint64_t words[256];
} result;

static const zdrproc_t decoders[] = {
    (zdrproc_t)zdr_LOOKUP3res,  (zdrproc_t)zdr_READ3res,    (zdrproc_t)zdr_READDIRPLUS3res, (zdrproc_t)zdr_READLINK3res,
    (zdrproc_t)zdr_GETATTR3res, (zdrproc_t)zdr_CREATE3res,  (zdrproc_t)zdr_FSINFO3res,      (zdrproc_t)zdr_mountres3,
    (zdrproc_t)zdr_WRITE3res,   (zdrproc_t)zdr_SETATTR3res, (zdrproc_t)zdr_RENAME3res,      (zdrproc_t)zdr_MKDIR3res,
    (zdrproc_t)zdr_REMOVE3res,  (zdrproc_t)zdr_ACCESS3res,
};

static volatile uint32_t sink;

static void touch(const char *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        sink += (uint8_t)bytes[i];
    }
}

static void read_listing(const READDIRPLUS3res *listing)
{
    for (const entryplus3 *e = listing->READDIRPLUS3res_u.resok.reply.entries; e; e = e->nextentry) {
        touch(e->name, (uint32_t)strlen(e->name));
        if (e->name_handle.handle_follows) {
            touch(e->name_handle.post_op_fh3_u.handle.data.data_val, e->name_handle.post_op_fh3_u.handle.data.data_len);
        }
    }
}

static void read_result(zdrproc_t decoder)
{
    if (decoder == (zdrproc_t)zdr_LOOKUP3res && result.lookup.status == NFS3_OK) {
        touch(result.lookup.LOOKUP3res_u.resok.object.data.data_val,
              result.lookup.LOOKUP3res_u.resok.object.data.data_len);
    } else if (decoder == (zdrproc_t)zdr_READ3res && result.read.status == NFS3_OK) {
        touch(result.read.READ3res_u.resok.data.data_val, result.read.READ3res_u.resok.data.data_len);
    } else if (decoder == (zdrproc_t)zdr_READLINK3res && result.link.status == NFS3_OK) {
        touch(result.link.READLINK3res_u.resok.data, (uint32_t)strlen(result.link.READLINK3res_u.resok.data));
    } else if (decoder == (zdrproc_t)zdr_READDIRPLUS3res && result.listing.status == NFS3_OK) {
        read_listing(&result.listing);
    } else if (decoder == (zdrproc_t)zdr_mountres3 && result.mount.fhs_status == MNT3_OK) {
        touch(result.mount.mountres3_u.mountinfo.fhandle.fhandle3_val,
              result.mount.mountres3_u.mountinfo.fhandle.fhandle3_len);
    }
}

void fuzz_begin(void) {}

void fuzz_run(struct fuzz_input *in)
{
    struct rpc_msg message = {0};
    uint8_t procedure = fuzz_byte(in);
    zdrproc_t decoder = decoders[procedure % (sizeof(decoders) / sizeof(decoders[0]))];
    ZDR zdr;

    message.body.rbody.reply.areply.reply_data.results.where = (caddr_t)&result;
    message.body.rbody.reply.areply.reply_data.results.proc = decoder;
    libnfs_zdrmem_create(&zdr, fuzz_exactly(in->at, in->left), (uint32_t)in->left, ZDR_DECODE);
    /* Past the header, which would be hard to guess: xid, REPLY, ACCEPTED, no verifier, SUCCESS. */
    if (procedure & 0x80 ? libnfs_zdr_replymsg(NULL, &zdr, &message) && message.body.rbody.stat == MSG_ACCEPTED &&
                               message.body.rbody.reply.areply.stat == SUCCESS
                         : decoder(&zdr, &result)) {
        read_result(decoder);
    }
    libnfs_zdr_destroy(&zdr);
    DEMAND(fuzz_heap_used() == in->left);
}

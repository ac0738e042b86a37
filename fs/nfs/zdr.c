/* fs/nfs/zdr.c: XDR (RFC 4506) and RPC message headers (RFC 5531) in memory, for libnfs: this file takes the place of
 * libnfs' own lib/libnfs-zdr.c, behind the same header (nfsc/libnfs-zdr.h).
 *   consumes  replies           from the NFS server, NOT trusted
 *   invariant no byte outside [0, size) of the buffer is read or written; what one message makes us allocate is bounded
 *             in number. Lists, however long, take no stack
 *   when full (or bad, or no memory left) the decoder answers FALSE, and libnfs fails that one call
 * Why not libnfs' own: its decoders take negative lengths for small ones, copy fixed-length fields without looking, and
 * use memory that malloc did not give; a hostile server would own this protection domain.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include "fs/nfs/counters.h"
#include "lib/copy.h"
#include "nfsc/libnfs-zdr.h"

#define NFS_PROGRAM_NUMBER 100003 /* RFC 1813, 2.2 */
#define ALLOCATIONS_MAX 512       /* for one message; a directory listing needs two for an entry of 36 bytes at least */

struct zdr_mem {
    struct zdr_mem *next;
    uint32_t number; /* of this message's allocations, this one included */
    _Alignas(16) uint8_t bytes[];
};

static struct {
    zdrproc_t element; /* of the list that is gone through, */
    char **next;       /* and where its next one is to be; NULL: there has been none, */
    int next_at;       /* and from where in the message */
} self;

struct opaque_auth _null_auth;

/* Memory that lives until the message is done with. */
static void *allocate(ZDR *zdr, uint64_t size)
{
    uint32_t number = zdr->mem ? zdr->mem->number + 1 : 1;
    struct zdr_mem *mem = number <= ALLOCATIONS_MAX ? calloc(1, sizeof(*mem) + size) : NULL;

    if (!mem) {
        return NULL;
    }
    mem->next = zdr->mem;
    mem->number = number;
    zdr->mem = mem;
    return mem->bytes;
}

/* libnfs' own name for it, in its server's part. */
void *zdr_malloc(ZDR *zdr, uint32_t size);
void *zdr_malloc(ZDR *zdr, uint32_t size)
{
    return allocate(zdr, size);
}

void libnfs_zdrmem_create(ZDR *zdr, const caddr_t address, uint32_t size, enum zdr_op op)
{
    *zdr = (ZDR){.x_op = op, .buf = address, .size = size > INT32_MAX ? 0 : (int)size};
}

void libnfs_zdr_destroy(ZDR *zdr)
{
    while (zdr->mem) {
        struct zdr_mem *next = zdr->mem->next;
        free(zdr->mem);
        zdr->mem = next;
    }
}

bool_t libnfs_zdr_setpos(ZDR *zdr, uint32_t position)
{
    if (position > (uint32_t)zdr->size) {
        return FALSE;
    }
    zdr->pos = (int)position;
    return TRUE;
}

uint32_t libnfs_zdr_getpos(ZDR *zdr)
{
    return (uint32_t)zdr->pos;
}

/* Never called with anything to do: memory belongs to the message. */
void libnfs_zdr_free(zdrproc_t decoder, char *object) {}

/* The next `size` bytes, padding included, or NULL. */
static uint8_t *take(ZDR *zdr, uint32_t size)
{
    uint64_t padded = ((uint64_t)size + 3) & ~3ull;
    uint8_t *at = (uint8_t *)zdr->buf + zdr->pos;

    if (padded > (uint64_t)(zdr->size - zdr->pos)) {
        return NULL;
    }
    zdr->pos += (int)padded;
    return at;
}

bool_t libnfs_zdr_u_int(ZDR *zdr, uint32_t *value)
{
    uint32_t *at = (uint32_t *)(void *)take(zdr, 4);

    if (!at) {
        return FALSE;
    }
    if (zdr->x_op == ZDR_ENCODE) {
        *at = htonl(*value);
    } else {
        *value = ntohl(*at);
    }
    return TRUE;
}

bool_t libnfs_zdr_int(ZDR *zdr, int32_t *value)
{
    return libnfs_zdr_u_int(zdr, (uint32_t *)value);
}

bool_t libnfs_zdr_enum(ZDR *zdr, enum_t *value)
{
    return libnfs_zdr_u_int(zdr, value);
}

bool_t libnfs_zdr_bool(ZDR *zdr, bool_t *value)
{
    return libnfs_zdr_u_int(zdr, value);
}

bool_t libnfs_zdr_void(ZDR *zdr, void *nothing)
{
    return TRUE;
}

bool_t libnfs_zdr_uint64_t(ZDR *zdr, uint64_t *value)
{
    uint32_t high = (uint32_t)(*value >> 32), low = (uint32_t)*value;

    if (!libnfs_zdr_u_int(zdr, &high) || !libnfs_zdr_u_int(zdr, &low)) {
        return FALSE;
    }
    *value = (uint64_t)high << 32 | low;
    return TRUE;
}

bool_t libnfs_zdr_int64_t(ZDR *zdr, int64_t *value)
{
    return libnfs_zdr_uint64_t(zdr, (uint64_t *)value);
}

/* The last word is the padding's. Nothing may lie nowhere. */
static bool_t put_padded(uint8_t *at, const void *bytes, uint32_t size)
{
    if (size) {
        memset(at + ((size - 1) & ~3u), 0, 4);
        copy_long(at, bytes, size);
    }
    return TRUE;
}

/* Fixed-length opaque data. */
bool_t libnfs_zdr_opaque(ZDR *zdr, char *bytes, uint32_t size)
{
    uint8_t *at = take(zdr, size);

    if (!at) {
        return FALSE;
    }
    if (zdr->x_op == ZDR_ENCODE) {
        return put_padded(at, bytes, size);
    }
    memcpy(bytes, at, size);
    return TRUE;
}

/* Variable-length opaque data. Decoded, it stays where it is in the message. */
bool_t libnfs_zdr_bytes(ZDR *zdr, char **bytes, uint32_t *size, uint32_t size_max)
{
    if (!libnfs_zdr_u_int(zdr, size)) {
        return FALSE;
    }
    uint8_t *at = take(zdr, *size);
    if (!at || *size > size_max) {
        return FALSE;
    }
    if (zdr->x_op == ZDR_ENCODE) {
        return put_padded(at, *bytes, *size);
    }
    if (*bytes) {
        memcpy(*bytes, at, *size); /* a caller's own buffer has room for size_max */
    } else {
        *bytes = (char *)at;
    }
    return TRUE;
}

bool_t libnfs_zdr_string(ZDR *zdr, char **string, uint32_t size_max)
{
    uint32_t size = zdr->x_op == ZDR_ENCODE ? (uint32_t)strlen(*string) : 0;

    if (!libnfs_zdr_u_int(zdr, &size)) {
        return FALSE;
    }
    uint8_t *at = take(zdr, size);
    if (!at || size > size_max) {
        return FALSE;
    }
    if (zdr->x_op == ZDR_ENCODE) {
        return put_padded(at, *string, size);
    }
    if (size & 3) { /* the padding ends it in place */
        at[size] = '\0';
        *string = (char *)at;
        return TRUE;
    }
    char *copy = allocate(zdr, (uint64_t)size + 1);
    if (!copy) {
        return FALSE;
    }
    memcpy(copy, at, size);
    *string = copy;
    return TRUE;
}

static bool_t optional(ZDR *zdr, char **object, uint32_t size, zdrproc_t decoder)
{
    bool_t present = *object != NULL;

    if (!libnfs_zdr_bool(zdr, &present)) {
        return FALSE;
    }
    if (!present) {
        *object = NULL;
        return TRUE;
    }
    if (zdr->x_op == ZDR_DECODE) {
        *object = allocate(zdr, size);
    }
    return *object ? decoder(zdr, *object) : FALSE;
}

/* Optional data, and so the lists of directory entries: an element's last field is the next one. It is not gone into
 * while the element itself is decoded, but behind it. */
bool_t libnfs_zdr_pointer(ZDR *zdr, char **object, uint32_t size, zdrproc_t decoder)
{
    if (self.element == decoder) {
        self.next = object;
        self.next_at = zdr->pos;
        return TRUE;
    }
    zdrproc_t outer = self.element;
    bool_t good = TRUE;
    self.element = decoder;
    while (good && object) {
        self.next = NULL;
        good = optional(zdr, object, size, decoder) && (!self.next || self.next_at == zdr->pos);
        object = self.next;
    }
    self.element = outer;
    self.next = NULL;
    return good;
}

/* Every element takes 4 bytes of the message at least. */
bool_t libnfs_zdr_array(ZDR *zdr, char **array, uint32_t *count, uint32_t count_max, uint32_t size, zdrproc_t decoder)
{
    if (!libnfs_zdr_u_int(zdr, count) || *count > count_max) {
        return FALSE;
    }
    if (zdr->x_op == ZDR_DECODE) {
        if (*count > (uint32_t)(zdr->size - zdr->pos) / 4) {
            return FALSE;
        }
        *array = allocate(zdr, (uint64_t)*count * size);
        if (!*array) {
            return FALSE;
        }
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (!decoder(zdr, *array + (size_t)i * size)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* -- RFC 5531 section 9 -- */

static bool_t opaque_auth(ZDR *zdr, struct opaque_auth *auth)
{
    return libnfs_zdr_u_int(zdr, &auth->oa_flavor) && libnfs_zdr_bytes(zdr, &auth->oa_base, &auth->oa_length, 400);
}

/* A call's verifier is empty with the credentials that there are here. */
static bool_t call_body(ZDR *zdr, struct call_body *body)
{
    return libnfs_zdr_u_int(zdr, &body->rpcvers) && libnfs_zdr_u_int(zdr, &body->prog) &&
           libnfs_zdr_u_int(zdr, &body->vers) && libnfs_zdr_u_int(zdr, &body->proc) && opaque_auth(zdr, &body->cred) &&
           libnfs_zdr_u_int(zdr, &body->verf.oa_flavor) && libnfs_zdr_u_int(zdr, &body->verf.oa_length);
}

static bool_t mismatch(ZDR *zdr, uint32_t *low, uint32_t *high)
{
    return libnfs_zdr_u_int(zdr, low) && libnfs_zdr_u_int(zdr, high);
}

static bool_t accepted(ZDR *zdr, struct accepted_reply *reply)
{
    if (!opaque_auth(zdr, &reply->verf) || !libnfs_zdr_u_int(zdr, &reply->stat)) {
        return FALSE;
    }
    if (reply->stat == SUCCESS) {
        return reply->reply_data.results.proc(zdr, reply->reply_data.results.where);
    }
    if (reply->stat == PROG_MISMATCH) {
        return mismatch(zdr, &reply->reply_data.mismatch_info.low, &reply->reply_data.mismatch_info.high);
    }
    return TRUE;
}

static bool_t rejected(ZDR *zdr, struct rejected_reply *reply)
{
    uint32_t stat = 0, why = 0;

    if (!libnfs_zdr_u_int(zdr, &stat)) {
        return FALSE;
    }
    reply->stat = (enum reject_stat)stat;
    if (stat == RPC_MISMATCH) {
        return mismatch(zdr, &reply->reject_data.mismatch_info.low, &reply->reject_data.mismatch_info.high);
    }
    if (!libnfs_zdr_u_int(zdr, &why)) {
        return FALSE;
    }
    reply->reject_data.stat = (enum auth_stat)why;
    return TRUE;
}

static bool_t reply_body(ZDR *zdr, struct reply_body *body)
{
    if (!libnfs_zdr_u_int(zdr, &body->stat)) {
        return FALSE;
    }
    switch (body->stat) {
    case MSG_ACCEPTED: return accepted(zdr, &body->reply.areply);
    case MSG_DENIED: return rejected(zdr, &body->reply.rreply);
    default: return FALSE;
    }
}

/* By the table's order. */
static void count_call(const struct call_body *call)
{
    uint64_t *calls = (uint64_t *)nfs_counts();

    if (call->prog == NFS_PROGRAM_NUMBER && call->proc < NFS_PROCEDURES) {
        calls[call->proc]++;
    }
}

/* A call is only ever encoded here, a reply only decoded. */
bool_t libnfs_zdr_callmsg(struct rpc_context *rpc, ZDR *zdr, struct rpc_msg *message)
{
    bool_t good = zdr->x_op == ZDR_ENCODE && libnfs_zdr_u_int(zdr, &message->xid) &&
                  libnfs_zdr_u_int(zdr, &message->direction) && call_body(zdr, &message->body.cbody);

    if (good) {
        count_call(&message->body.cbody);
    }
    return good;
}

bool_t libnfs_zdr_replymsg(struct rpc_context *rpc, ZDR *zdr, struct rpc_msg *message)
{
    return zdr->x_op == ZDR_DECODE && libnfs_zdr_u_int(zdr, &message->xid) &&
           libnfs_zdr_u_int(zdr, &message->direction) && message->direction == REPLY &&
           reply_body(zdr, &message->body.rbody);
}

/* -- credentials (RFC 5531 section 8, appendix A) -- */

struct AUTH *libnfs_authnone_create(void)
{
    return calloc(1, sizeof(struct AUTH)); /* AUTH_NONE is 0 */
}

struct AUTH *libnfs_authunix_create(const char *host, uint32_t uid, uint32_t gid, uint32_t count, uint32_t *groups)
{
    struct AUTH *auth = calloc(1, sizeof(*auth));
    uint32_t size = 4 + 4 + (uint32_t)((strlen(host) + 3) & ~3ull) + 4 + 4 + 4 + count * 4;
    uint32_t stamp = 0;
    char *name = (char *)(uintptr_t)host;
    ZDR zdr;

    if (!auth || !(auth->ah_cred.oa_base = malloc(size))) {
        free(auth);
        return NULL;
    }
    auth->ah_cred.oa_flavor = AUTH_UNIX;
    auth->ah_cred.oa_length = size;
    libnfs_zdrmem_create(&zdr, auth->ah_cred.oa_base, size, ZDR_ENCODE);
    libnfs_zdr_u_int(&zdr, &stamp);
    libnfs_zdr_string(&zdr, &name, 255);
    libnfs_zdr_u_int(&zdr, &uid);
    libnfs_zdr_u_int(&zdr, &gid);
    libnfs_zdr_u_int(&zdr, &count);
    for (uint32_t i = 0; i < count; i++) {
        libnfs_zdr_u_int(&zdr, &groups[i]);
    }
    return auth;
}

struct AUTH *libnfs_authunix_create_default(void)
{
    return libnfs_authunix_create("serval", getuid(), getgid(), 0, NULL);
}

void libnfs_auth_destroy(struct AUTH *auth)
{
    free(auth->ah_cred.oa_base);
    free(auth->ah_verf.oa_base);
    free(auth);
}

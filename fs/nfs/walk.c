/* fs/nfs/walk.c: see the header.
 *   consumes  LOOKUP, GETATTR and READLINK replies   from the NFS server, not trusted
 *   produces  a handle and attributes for the operation that asked
 *   invariant a path never leads above the root of the mount: it is normalised again after each link
 *   when full the directory cache forgets the older of two entries that fall together
 * The cache holds directories only, for CACHE_NS, so a file is always looked up where it is now; and what is not found
 * in a directory out of the cache is looked for again from the root, without the cache.
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>
#include "fs/nfs/walk.h"

#define CACHE_ENTRIES 128
#define CACHE_PATH_MAX 192
#define CACHE_NS (5ull * 1000 * 1000 * 1000)

static struct {
    struct {
        uint64_t expires_ns;
        uint32_t length;
        char path[CACHE_PATH_MAX];
        struct nfs_handle handle;
    } cache[CACHE_ENTRIES];
} self;

/* -- the cache -- */

static uint32_t slot_of(const char *path, uint32_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (uint32_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)path[i]) * 16777619u;
    }
    return hash % CACHE_ENTRIES;
}

static bool cache_get(const char *path, uint32_t length, struct nfs_handle *handle)
{
    uint32_t slot = slot_of(path, length);

    if (self.cache[slot].length != length || memcmp(self.cache[slot].path, path, length) != 0 ||
        pd_now_ns() >= self.cache[slot].expires_ns) {
        return false;
    }
    *handle = self.cache[slot].handle;
    return true;
}

static void cache_put(const char *path, uint32_t length, const struct nfs_handle *handle)
{
    uint32_t slot = slot_of(path, length);

    if (length == 0 || length > CACHE_PATH_MAX) {
        return;
    }
    self.cache[slot].length = length;
    memcpy(self.cache[slot].path, path, length);
    self.cache[slot].handle = *handle;
    self.cache[slot].expires_ns = pd_now_ns() + CACHE_NS;
}

void walk_forget(void)
{
    for (uint32_t i = 0; i < CACHE_ENTRIES; i++) {
        self.cache[i].length = 0;
    }
}

/* -- names -- */

const char *walk_name(const struct nfs_op *op)
{
    return op->walk.path + op->walk.at;
}

bool walk_at_last_name(const struct nfs_op *op)
{
    return op->walk.path[op->walk.at + op->walk.name_size] == '\0';
}

/* The path up to and with the name at hand. */
static uint32_t prefix_size(const struct nfs_walk *walk)
{
    return walk->at + walk->name_size;
}

static void measure_name(struct nfs_walk *walk)
{
    walk->name_size = (uint32_t)strcspn(walk->path + walk->at, "/");
}

/* To the deepest directory above the last name that the cache knows, else to the root. */
static void enter(struct nfs_walk *walk, bool cached)
{
    uint32_t length = (uint32_t)strlen(walk->path);

    walk->from_cache = false;
    walk->directory = *mount_root();
    walk->at = 1;
    while (cached && length > 1) {
        do {
            length--;
        } while (walk->path[length] != '/');
        if (length > 0 && cache_get(walk->path, length, &walk->directory)) {
            walk->from_cache = true;
            walk->at = length + 1;
            break;
        }
    }
    measure_name(walk);
}

/* -- steps -- */

static void next(struct nfs_op *op);

static void again_from_root(struct nfs_op *op)
{
    struct nfs_walk *walk = &op->walk;

    walk_forget();
    walk->links = 0;
    walk->slash = walk->original_slash;
    memcpy(walk->path, walk->original, strlen(walk->original) + 1);
    enter(walk, false);
    next(op);
}

/* What this is the handle of went away. Once it is looked for again; if it is the root, that is mounted again, once. */
static void stale(struct nfs_op *op, const struct nfs_handle *handle)
{
    struct nfs_walk *walk = &op->walk;

    if (memcmp(handle, mount_root(), sizeof(*handle)) == 0 && !op->remounted) {
        op->remounted = true;
        op->refreshed = false; /* everything has another handle now */
        walk_forget();
        mount_anew();
        nfs_op_wait(op);
    } else if (!op->refreshed) {
        op->refreshed = true;
        again_from_root(op);
    } else {
        walk->found(op, FS_STATUS_STALE);
    }
}

void walk_finish(struct nfs_op *op, nfsstat3 status)
{
    if (nfs_stale(status) && !op->refreshed) {
        op->refreshed = true;
        walk_forget();
        op->start(op);
    } else {
        nfs_op_finish(op, nfs_status(status));
    }
}

/* `handle`: of what was asked about. */
static void failed(struct nfs_op *op, nfsstat3 status, const struct nfs_handle *handle)
{
    if (nfs_stale(status)) {
        stale(op, handle);
    } else if (op->walk.from_cache) {
        again_from_root(op);
    } else if (status == NFS3ERR_NOENT && !walk_at_last_name(op)) {
        op->walk.at = 0; /* nowhere to create anything */
        op->walk.found(op, FS_STATUS_NOT_FOUND);
    } else {
        op->walk.found(op, nfs_status(status));
    }
}

/* `target` in place of the name at hand; an absolute one means the server's root, of which we see the export. */
static enum fs_status follow(struct nfs_walk *walk, const char *target, const char *exported)
{
    char text[FS_PATH_MAX + 1];
    size_t export_size = strlen(exported);
    int base = (int)walk->at;
    bool slash;

    if (++walk->links > FS_LINKS_MAX) {
        return FS_STATUS_LOOP;
    }
    if (target[0] == '/') {
        base = 0;
        if (strncmp(target, exported, export_size) == 0 &&
            (target[export_size] == '/' || target[export_size] == '\0')) {
            target += export_size;
        }
    }
    int size = snprintf(text, sizeof(text), "%.*s%s%s%s", base, walk->path, base == 0 && target[0] != '/' ? "/" : "",
                        target, walk->path + prefix_size(walk));
    if (size >= (int)sizeof(text)) {
        return FS_STATUS_INVALID_PATH;
    }
    enum fs_status status = fs_server_normalise(text, (uint64_t)size, walk->path, &slash);
    walk->slash |= status == FS_STATUS_OK && slash;
    return status == FS_STATUS_INVALID_PATH ? FS_STATUS_ACCESS : status; /* it leads out of the mount */
}

static void on_link(struct nfs_op *op, void *result)
{
    const READLINK3res *link = result;

    if (link->status != NFS3_OK) {
        failed(op, link->status, &op->walk.handle);
        return;
    }
    enum fs_status status = follow(&op->walk, link->READLINK3res_u.resok.data, nfs_config.directory);
    if (status != FS_STATUS_OK) {
        op->walk.found(op, status);
        return;
    }
    enter(&op->walk, op->walk.from_cache); /* once the cache has been doubted, this walk does without it to its end */
    next(op);
}

static bool is_type(const struct fs_stat *stat, uint32_t type)
{
    return (stat->mode & 0170000) == type;
}

/* The name at hand has a handle and attributes. */
static void arrived(struct nfs_op *op)
{
    struct nfs_walk *walk = &op->walk;

    if (is_type(&walk->stat, 0120000) && !(walk->last == LAST_ITSELF && walk_at_last_name(op))) {
        READLINK3args args = {.symlink = nfs_handle_to(&walk->handle)};
        nfs_op_made(op, on_link,
                    rpc_nfs3_readlink_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
        return;
    }
    if (is_type(&walk->stat, 0040000)) {
        cache_put(walk->path, prefix_size(walk), &walk->handle);
    } else if (!walk_at_last_name(op) || walk->slash) {
        walk->found(op, FS_STATUS_NOT_DIRECTORY);
        return;
    }
    if (walk_at_last_name(op)) {
        walk->found(op, FS_STATUS_OK);
        return;
    }
    walk->directory = walk->handle;
    walk->at = prefix_size(walk) + 1;
    measure_name(walk);
    next(op);
}

static void on_attributes(struct nfs_op *op, void *result)
{
    const GETATTR3res *attributes = result;

    if (attributes->status != NFS3_OK) {
        failed(op, attributes->status, &op->walk.handle);
        return;
    }
    nfs_stat_from(&attributes->GETATTR3res_u.resok.obj_attributes, &op->walk.stat);
    arrived(op);
}

static void ask_attributes(struct nfs_op *op)
{
    GETATTR3args args = {.object = nfs_handle_to(&op->walk.handle)};

    nfs_op_made(op, on_attributes,
                rpc_nfs3_getattr_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void on_lookup(struct nfs_op *op, void *result)
{
    const LOOKUP3res *lookup = result;
    const LOOKUP3resok *found = &lookup->LOOKUP3res_u.resok;

    if (lookup->status != NFS3_OK) {
        failed(op, lookup->status, &op->walk.directory);
    } else if (!nfs_handle_from(&found->object, &op->walk.handle)) {
        op->walk.found(op, FS_STATUS_IO);
    } else if (found->obj_attributes.attributes_follow) {
        nfs_stat_from(&found->obj_attributes.post_op_attr_u.attributes, &op->walk.stat);
        arrived(op);
    } else {
        ask_attributes(op);
    }
}

static void next(struct nfs_op *op)
{
    struct nfs_walk *walk = &op->walk;

    if (walk->name_size == 0) { /* the root */
        walk->handle = walk->directory;
        if (walk->last != LAST_FOLLOWED) { /* it has no name */
            walk->found(op, FS_STATUS_INVALID_ARGUMENT);
        } else {
            ask_attributes(op);
        }
        return;
    }
    if (walk->last == LAST_NOT_ASKED && walk_at_last_name(op)) {
        walk->found(op, FS_STATUS_OK);
        return;
    }
    char name[FS_NAME_MAX + 1];
    memcpy(name, walk_name(op), walk->name_size);
    name[walk->name_size] = '\0';
    LOOKUP3args args = {.what = {nfs_handle_to(&walk->directory), name}};
    nfs_op_made(op, on_lookup, rpc_nfs3_lookup_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_op_ticket(op)));
}

static void begin(struct nfs_op *op, const char *path, bool slash, enum nfs_walk_last last, nfs_op_found *found)
{
    struct nfs_walk *walk = &op->walk;

    walk->original = path;
    walk->original_slash = walk->slash = slash;
    memcpy(walk->path, path, strlen(path) + 1);
    walk->links = 0;
    walk->last = last;
    walk->found = found;
    enter(walk, !op->refreshed);
    next(op);
}

void walk_start(struct nfs_op *op, const char *path, bool slash, nfs_op_found *found)
{
    begin(op, path, slash, LAST_FOLLOWED, found);
}

void walk_to_name(struct nfs_op *op, const char *path, bool slash, nfs_op_found *found)
{
    begin(op, path, slash, LAST_ITSELF, found);
}

void walk_to_parent(struct nfs_op *op, const char *path, nfs_op_found *found)
{
    begin(op, path, false, LAST_NOT_ASKED, found);
}

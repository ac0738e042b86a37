/* tests/unit/fake_nfs.c: see the header. */
#include "tests/unit/fake_nfs.h"

#include <poll.h>
#include "fs/nfs/rpc.h"
#include "fs/nfs/socket.h"
#include "libnfs-raw-mount.h"
#include "lwip/dns.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "tests/unit/fake_microkit.h"

#define CALLS_MAX 256
#define MAGIC 0x5e7a1u
#define MNT 100 /* beside the procedures of NFS */
#define GETPORT 101

struct handle {
    uint32_t magic, boot, index, made;
};

struct asked {
    uint32_t procedure;
    void *ticket;
    uint32_t handle_size[2];
    uint8_t handle[2][NFS3_FHSIZE];
    char name[2][300];
    uint64_t offset;
    uint32_t count;
    sattr3 set;
    sattrguard3 guard;
    createhow3 how;
    char verifier[8];
    uint8_t *data;
    int program;
};

union result {
    nfsstat3 status;
    GETATTR3res getattr;
    SETATTR3res setattr;
    LOOKUP3res lookup;
    ACCESS3res access;
    READLINK3res readlink;
    READ3res read;
    WRITE3res write;
    CREATE3res create;
    MKDIR3res mkdir;
    REMOVE3res remove;
    RMDIR3res rmdir;
    RENAME3res rename;
    READDIRPLUS3res listing;
    FSINFO3res info;
    mountres3 mount;
    uint32_t port;
};

struct fake_nfs fake_nfs;

static struct {
    bool there, connecting, connected, breaks, on_nfs;
    rpc_cb connect_cb;
    int context;
    struct asked queue[CALLS_MAX];
    uint32_t count;
    void *kept[CALLS_MAX]; /* tickets of replies that are lost */
    uint32_t kept_count;
    struct asked late;
    void (*on_address)(void *context);
    char console[256 << 10];
    size_t console_end;
} self;

/* -- the tree -- */

void fake_nfs_reset(void)
{
    for (uint32_t i = 0; i < FAKE_NFS_NODES; i++) {
        free(fake_nfs.nodes[i].bytes);
    }
    memset(&fake_nfs, 0, sizeof(fake_nfs));
    fake_nfs.handle_size = sizeof(struct handle) + sizeof(fake_nfs.variant);
    fake_nfs.nfs_port = 2049;
    fake_nfs.mount_port = 20048;
    fake_nfs.nodes[0] = (struct fake_nfs_node){.alive = true, .type = NF3DIR, .mode = 0755, .made = 1};
}

static void touch(struct fake_nfs_node *node)
{
    node->seconds = ++fake_nfs.time;
}

static uint32_t child(uint32_t parent, const char *called)
{
    for (uint32_t i = 1; i < FAKE_NFS_NODES; i++) {
        struct fake_nfs_node *node = &fake_nfs.nodes[i];
        if (node->alive && node->parent == parent && strcmp(node->name, called) == 0) {
            return i;
        }
    }
    return FAKE_NFS_NODES;
}

static uint32_t add(uint32_t parent, const char *called, ftype3 type, uint32_t mode)
{
    for (uint32_t i = 1; i < FAKE_NFS_NODES; i++) {
        struct fake_nfs_node *node = &fake_nfs.nodes[i];
        if (node->alive) {
            continue;
        }
        free(node->bytes);
        *node = (struct fake_nfs_node){
            .alive = true, .type = type, .mode = mode, .parent = parent, .made = node->made + 1};
        snprintf(node->name, sizeof(node->name), "%s", called);
        touch(node);
        touch(&fake_nfs.nodes[parent]);
        return i;
    }
    FAIL("the fake NFS server is full");
}

static void remove_node(uint32_t index)
{
    fake_nfs.nodes[index].alive = false;
    touch(&fake_nfs.nodes[fake_nfs.nodes[index].parent]);
}

static void resize(struct fake_nfs_node *node, uint64_t size)
{
    CHECK(size < 64u << 20);
    if (size > node->room) {
        node->room = (uint32_t)size * 2;
        node->bytes = realloc(node->bytes, node->room);
    }
    if (size && size > node->size) {
        memset(node->bytes + node->size, 0, size - node->size);
    }
    node->size = (uint32_t)size;
    touch(node);
}

static uint32_t parent_of(const char *path, const char **called)
{
    uint32_t at = 0;
    char part[256];

    for (path++;; path += strlen(part) + 1) {
        snprintf(part, sizeof(part), "%.*s", (int)strcspn(path, "/"), path);
        if (!path[strlen(part)]) {
            *called = path;
            return at;
        }
        at = child(at, part);
        CHECK_CASE(at < FAKE_NFS_NODES, path);
    }
}

uint32_t fake_nfs_find(const char *path)
{
    const char *called;
    uint32_t parent = parent_of(path, &called);

    return called[0] ? child(parent, called) : parent;
}

uint32_t fake_nfs_make(const char *path, ftype3 type, const char *content_or_target)
{
    const char *called;
    uint32_t parent = parent_of(path, &called);
    uint32_t index = add(parent, called, type, type == NF3DIR ? 0755 : type == NF3LNK ? 0777 : 0644);
    struct fake_nfs_node *node = &fake_nfs.nodes[index];

    if (type == NF3LNK) {
        snprintf(node->target, sizeof(node->target), "%s", content_or_target);
    } else if (content_or_target && content_or_target[0]) {
        resize(node, strlen(content_or_target));
        memcpy(node->bytes, content_or_target, node->size);
    }
    return index;
}

void fake_nfs_remove(const char *path)
{
    uint32_t index = fake_nfs_find(path);

    CHECK_CASE(index < FAKE_NFS_NODES, path);
    remove_node(index);
}

static void move(uint32_t index, uint32_t parent, const char *called)
{
    struct fake_nfs_node *node = &fake_nfs.nodes[index];
    uint32_t there = child(parent, called);

    if (there < FAKE_NFS_NODES && there != index) {
        remove_node(there);
    }
    touch(&fake_nfs.nodes[node->parent]);
    touch(&fake_nfs.nodes[parent]);
    node->parent = parent;
    snprintf(node->name, sizeof(node->name), "%s", called);
}

void fake_nfs_rename(const char *from, const char *to)
{
    const char *called;
    uint32_t parent = parent_of(to, &called), index = fake_nfs_find(from);

    CHECK_CASE(index < FAKE_NFS_NODES, from);
    move(index, parent, called);
}

bool fake_nfs_holds(const char *path, const char *content)
{
    uint32_t index = fake_nfs_find(path);
    struct fake_nfs_node *node = &fake_nfs.nodes[index];

    return index < FAKE_NFS_NODES && node->size == strlen(content) &&
           (!node->size || memcmp(node->bytes, content, node->size) == 0);
}

uint32_t fake_nfs_all_calls(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < sizeof(fake_nfs.calls) / sizeof(fake_nfs.calls[0]); i++) {
        sum += fake_nfs.calls[i];
    }
    return sum;
}

bool fake_nfs_idle(void)
{
    return self.count == 0;
}

/* -- what the server says of a node -- */

static fattr3 attributes_of(uint32_t index)
{
    const struct fake_nfs_node *node = &fake_nfs.nodes[index];

    return (fattr3){
        .type = node->type,
        .mode = node->mode,
        .nlink = 1,
        .uid = 1000,
        .gid = 100,
        .size = node->size,
        .fileid = index + 1, /* whatever had its place before */
        .mtime = {node->seconds, node->nseconds},
        .ctime = {node->seconds, 0},
        .atime = {1, 2},
    };
}

static void attributes_to(post_op_attr *to, uint32_t index)
{
    to->attributes_follow = !fake_nfs.bare;
    if (!fake_nfs.bare) {
        to->post_op_attr_u.attributes = attributes_of(index);
    }
}

static nfs_fh3 handle_of(uint32_t index)
{
    static _Alignas(struct handle) char bytes[2 * NFS3_FHSIZE];
    struct handle handle = {MAGIC, fake_nfs.boot, index, fake_nfs.nodes[index].made};

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, &handle, sizeof(handle));
    memcpy(bytes + sizeof(handle), &fake_nfs.variant, sizeof(fake_nfs.variant));
    return (nfs_fh3){.data = {fake_nfs.handle_size, bytes}};
}

static nfsstat3 node_at(const struct asked *asked, uint32_t which, uint32_t *index)
{
    struct handle handle;

    memcpy(&handle, asked->handle[which], sizeof(handle));
    if (asked->handle_size[which] != fake_nfs.handle_size || handle.magic != MAGIC || handle.index >= FAKE_NFS_NODES) {
        return NFS3ERR_BADHANDLE;
    }
    *index = handle.index;
    return handle.boot == fake_nfs.boot && fake_nfs.nodes[*index].alive && fake_nfs.nodes[*index].made == handle.made
               ? NFS3_OK
               : NFS3ERR_STALE;
}

static nfsstat3 directory_at(const struct asked *asked, uint32_t which, uint32_t *index)
{
    nfsstat3 status = node_at(asked, which, index);

    return status == NFS3_OK && fake_nfs.nodes[*index].type != NF3DIR ? NFS3ERR_NOTDIR : status;
}

static nfsstat3 named(const struct asked *asked, uint32_t which, uint32_t *directory, uint32_t *index)
{
    nfsstat3 status = directory_at(asked, which, directory);

    if (status != NFS3_OK) {
        return status;
    }
    *index = child(*directory, asked->name[which]);
    return *index == FAKE_NFS_NODES ? NFS3ERR_NOENT : NFS3_OK;
}

/* -- procedures -- */

static nfsstat3 do_getattr(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);

    if (status == NFS3_OK) {
        result->getattr.GETATTR3res_u.resok.obj_attributes = attributes_of(index);
    }
    return status;
}

static nfsstat3 do_setattr(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);
    struct fake_nfs_node *node = &fake_nfs.nodes[index];

    if (status != NFS3_OK) {
        return status;
    }
    if (fake_nfs.read_only) {
        return NFS3ERR_ROFS;
    }
    if (asked->guard.check && asked->guard.sattrguard3_u.obj_ctime.seconds != node->seconds) {
        return NFS3ERR_NOT_SYNC;
    }
    if (asked->set.mode.set_it) {
        node->mode = asked->set.mode.set_mode3_u.mode;
    }
    if (asked->set.size.set_it) {
        resize(node, asked->set.size.set_size3_u.size);
    }
    if (asked->set.mtime.set_it) {
        node->verifier_in_mtime = false;
        touch(node);
    }
    node->verifier_in_atime &= !asked->set.atime.set_it;
    attributes_to(&result->setattr.SETATTR3res_u.resok.obj_wcc.after, index);
    return NFS3_OK;
}

static nfsstat3 do_lookup(const struct asked *asked, union result *result)
{
    uint32_t directory, index;
    nfsstat3 status = named(asked, 0, &directory, &index);

    if (status == NFS3_OK) {
        result->lookup.LOOKUP3res_u.resok.object = handle_of(index);
        attributes_to(&result->lookup.LOOKUP3res_u.resok.obj_attributes, index);
    }
    return status;
}

static nfsstat3 do_access(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);

    if (status == NFS3_OK) {
        uint32_t mode = fake_nfs.nodes[index].mode;
        result->access.ACCESS3res_u.resok.access = (mode & 0444 ? ACCESS3_READ : 0) |
                                                   (mode & 0222 && !fake_nfs.read_only ? ACCESS3_MODIFY : 0);
    }
    return status;
}

static nfsstat3 do_readlink(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);

    result->readlink.READLINK3res_u.resok.data = fake_nfs.nodes[index].target;
    return status == NFS3_OK && fake_nfs.nodes[index].type != NF3LNK ? NFS3ERR_INVAL : status;
}

static nfsstat3 do_read(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);
    struct fake_nfs_node *node = &fake_nfs.nodes[index];
    READ3resok *part = &result->read.READ3res_u.resok;

    if (status == NFS3_OK) {
        uint64_t left = asked->offset < node->size ? node->size - asked->offset : 0;
        part->count = part->data.data_len = left < asked->count ? (uint32_t)left : asked->count;
        part->data.data_val = part->count ? (char *)node->bytes + asked->offset : (char *)node->name;
        part->eof = left <= asked->count;
        part->file_attributes.attributes_follow = true; /* the conformance program counts on them */
        part->file_attributes.post_op_attr_u.attributes = attributes_of(index);
    }
    return status;
}

static nfsstat3 do_write(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);
    struct fake_nfs_node *node = &fake_nfs.nodes[index];

    if (status != NFS3_OK) {
        return status;
    }
    if (fake_nfs.read_only) {
        return NFS3ERR_ROFS;
    }
    uint32_t count = fake_nfs.short_write && fake_nfs.short_write < asked->count ? fake_nfs.short_write : asked->count;
    resize(node, asked->offset + count > node->size ? asked->offset + count : node->size);
    memcpy(node->bytes + asked->offset, asked->data, count);
    result->write.WRITE3res_u.resok.count = count;
    return NFS3_OK;
}

static nfsstat3 create_over(const struct asked *asked, uint32_t index)
{
    struct fake_nfs_node *node = &fake_nfs.nodes[index];

    if (asked->how.mode == EXCLUSIVE) {
        bool same = node->verifier_in_mtime && node->verifier_in_atime &&
                    memcmp(node->verifier, asked->how.createhow3_u.verf, 8) == 0;
        return same ? NFS3_OK : NFS3ERR_EXIST;
    }
    return asked->how.mode == GUARDED || node->type != NF3REG ? NFS3ERR_EXIST : NFS3_OK;
}

static nfsstat3 do_create(const struct asked *asked, union result *result)
{
    uint32_t directory, index;
    nfsstat3 status = named(asked, 0, &directory, &index);
    CREATE3resok *made = &result->create.CREATE3res_u.resok;

    if (fake_nfs.no_exclusive && asked->how.mode == EXCLUSIVE) {
        return NFS3ERR_NOTSUPP;
    }
    if (status == NFS3_OK) {
        status = create_over(asked, index);
    } else if (status == NFS3ERR_NOENT) {
        if (fake_nfs.read_only) {
            return NFS3ERR_ROFS;
        }
        bool exclusive = asked->how.mode == EXCLUSIVE;
        index = add(directory, asked->name[0], NF3REG,
                    exclusive ? 0 : asked->how.createhow3_u.obj_attributes.mode.set_mode3_u.mode);
        fake_nfs.nodes[index].verifier_in_mtime = fake_nfs.nodes[index].verifier_in_atime = exclusive;
        memcpy(fake_nfs.nodes[index].verifier, asked->how.createhow3_u.verf, 8);
        status = NFS3_OK;
    }
    if (status == NFS3_OK) {
        made->obj.handle_follows = !fake_nfs.bare;
        made->obj.post_op_fh3_u.handle = handle_of(index);
        attributes_to(&made->obj_attributes, index);
    }
    return status;
}

static nfsstat3 do_mkdir(const struct asked *asked)
{
    uint32_t directory, index;
    nfsstat3 status = named(asked, 0, &directory, &index);

    if (status != NFS3ERR_NOENT) {
        return status == NFS3_OK ? NFS3ERR_EXIST : status;
    }
    if (fake_nfs.read_only) {
        return NFS3ERR_ROFS;
    }
    add(directory, asked->name[0], NF3DIR, asked->set.mode.set_mode3_u.mode);
    return NFS3_OK;
}

static bool has_children(uint32_t index)
{
    for (uint32_t i = 1; i < FAKE_NFS_NODES; i++) {
        if (fake_nfs.nodes[i].alive && fake_nfs.nodes[i].parent == index) {
            return true;
        }
    }
    return false;
}

static nfsstat3 do_remove(const struct asked *asked, bool of_directory)
{
    uint32_t directory, index;
    nfsstat3 status = named(asked, 0, &directory, &index);

    if (status != NFS3_OK) {
        return status;
    }
    bool is_directory = fake_nfs.nodes[index].type == NF3DIR;
    if (fake_nfs.read_only) {
        return NFS3ERR_ROFS;
    }
    if (is_directory != of_directory) {
        return is_directory ? NFS3ERR_ISDIR : NFS3ERR_NOTDIR;
    }
    if (is_directory && has_children(index)) {
        return NFS3ERR_NOTEMPTY;
    }
    remove_node(index);
    return NFS3_OK;
}

static bool lies_below(uint32_t index, uint32_t above)
{
    while (index != 0 && index != above) {
        index = fake_nfs.nodes[index].parent;
    }
    return index == above;
}

static nfsstat3 do_rename(const struct asked *asked)
{
    uint32_t from_directory, from, to_directory, to;
    nfsstat3 status = named(asked, 0, &from_directory, &from);

    if (status != NFS3_OK) {
        return status;
    }
    status = named(asked, 1, &to_directory, &to);
    if (status != NFS3_OK && status != NFS3ERR_NOENT) {
        return status;
    }
    bool directory = fake_nfs.nodes[from].type == NF3DIR;
    if (directory && lies_below(to_directory, from)) {
        return NFS3ERR_INVAL;
    }
    if (status == NFS3_OK && to != from) {
        bool over_directory = fake_nfs.nodes[to].type == NF3DIR;
        if (directory != over_directory) {
            return over_directory ? NFS3ERR_ISDIR : NFS3ERR_NOTDIR;
        }
        if (over_directory && has_children(to)) {
            return NFS3ERR_NOTEMPTY;
        }
    }
    move(from, to_directory, asked->name[1]);
    return NFS3_OK;
}

static nfsstat3 do_listing(const struct asked *asked, union result *result)
{
    static entryplus3 entries[FAKE_NFS_NODES + 2];
    uint32_t index = 0, count = 0, most = asked->count / 200;
    nfsstat3 status = directory_at(asked, 0, &index);
    READDIRPLUS3resok *part = &result->listing.READDIRPLUS3res_u.resok;
    uint64_t verifier = fake_nfs.strict ? fake_nfs.nodes[index].seconds : 0;

    if (status != NFS3_OK) {
        return status;
    }
    if (asked->offset && memcmp(asked->verifier, &verifier, 8) != 0) {
        return NFS3ERR_BAD_COOKIE;
    }
    most = fake_nfs.entries && fake_nfs.entries < most ? fake_nfs.entries : most;
    memcpy(part->cookieverf, &verifier, 8);
    part->reply.eof = true;
    for (uint64_t cookie = asked->offset + 1; cookie < FAKE_NFS_NODES + 3; cookie++) {
        uint32_t i = (uint32_t)cookie - 3;
        if (cookie >= 3 && (i == 0 || !fake_nfs.nodes[i].alive || fake_nfs.nodes[i].parent != index)) {
            continue;
        }
        if (count == most) {
            part->reply.eof = false;
            break;
        }
        entries[count] = (entryplus3){.cookie = cookie,
                                      .name = cookie == 1   ? "."
                                              : cookie == 2 ? ".."
                                                            : fake_nfs.nodes[i].name};
        attributes_to(&entries[count].name_attributes, cookie < 3 ? index : i);
        if (count > 0) {
            entries[count - 1].nextentry = &entries[count];
        }
        count++;
    }
    part->reply.entries = count ? entries : NULL;
    return NFS3_OK;
}

static nfsstat3 do_info(const struct asked *asked, union result *result)
{
    uint32_t index = 0;
    nfsstat3 status = node_at(asked, 0, &index);

    result->info.FSINFO3res_u.resok.rtmax = fake_nfs.read_size;
    result->info.FSINFO3res_u.resok.wtmax = fake_nfs.write_size;
    return status;
}

static nfsstat3 do_mnt(union result *result)
{
    nfs_fh3 root = handle_of(0);

    result->mount.mountres3_u.mountinfo.fhandle.fhandle3_len = root.data.data_len;
    result->mount.mountres3_u.mountinfo.fhandle.fhandle3_val = root.data.data_val;
    return (nfsstat3)fake_nfs.mount_status;
}

static nfsstat3 carry_out(const struct asked *asked, union result *result)
{
    switch (asked->procedure) {
    case NFS3_GETATTR: return do_getattr(asked, result);
    case NFS3_SETATTR: return do_setattr(asked, result);
    case NFS3_LOOKUP: return do_lookup(asked, result);
    case NFS3_ACCESS: return do_access(asked, result);
    case NFS3_READLINK: return do_readlink(asked, result);
    case NFS3_READ: return do_read(asked, result);
    case NFS3_WRITE: return do_write(asked, result);
    case NFS3_CREATE: return do_create(asked, result);
    case NFS3_MKDIR: return do_mkdir(asked);
    case NFS3_REMOVE: return do_remove(asked, false);
    case NFS3_RMDIR: return do_remove(asked, true);
    case NFS3_RENAME: return do_rename(asked);
    case NFS3_READDIRPLUS: return do_listing(asked, result);
    case NFS3_FSINFO: return do_info(asked, result);
    case MNT: return do_mnt(result);
    case GETPORT: return (nfsstat3)(asked->program == NFS_PROGRAM ? fake_nfs.nfs_port : fake_nfs.mount_port);
    default: FAIL("procedure %u", asked->procedure);
    }
}

nfsstat3 fake_nfs_late(void)
{
    union result result;

    memset(&result, 0, sizeof(result));
    return carry_out(&self.late, &result);
}

static void serve(const struct asked *asked)
{
    union result result;
    int verdict = asked->procedure < MNT && fake_nfs.judge ? fake_nfs.judge(asked->procedure) : FAKE_NFS_ANSWER;
    bool lost = verdict == FAKE_NFS_LOSE_ANSWER || verdict == FAKE_NFS_LOSE_CALL;

    memset(&result, 0, sizeof(result));
    self.breaks = verdict == FAKE_NFS_BREAK_AFTER || verdict == FAKE_NFS_BREAK_BEFORE;
    result.status = (nfsstat3)verdict;
    if (verdict <= 0 && verdict != FAKE_NFS_LOSE_CALL && verdict != FAKE_NFS_BREAK_BEFORE) {
        fake_nfs.calls[asked->procedure % 100 % 22] += asked->procedure < MNT;
        result.status = carry_out(asked, &result);
    }
    if (verdict == FAKE_NFS_BREAK_BEFORE) {
        self.late = *asked;
    }
    if (verdict == FAKE_NFS_ODD) {
        fake_nfs.spoil(asked->procedure, &result);
    }
    if (lost || self.breaks) {
        CHECK(self.kept_count < CALLS_MAX);
        self.kept[self.kept_count++] = asked->ticket;
    } else if (verdict == FAKE_NFS_REFUSE) {
        nfs_rpc_callback(nfs_rpc_context(), RPC_STATUS_ERROR, "an error of the fake server", asked->ticket);
    } else {
        nfs_rpc_callback(nfs_rpc_context(), RPC_STATUS_SUCCESS, &result, asked->ticket);
    }
}

/* -- libnfs -- */

struct rpc_context *rpc_init_context(void)
{
    CHECK(!self.there);
    if (fake_nfs.no_context) {
        return NULL;
    }
    self.there = true;
    return (struct rpc_context *)(void *)&self.context;
}

void rpc_destroy_context(struct rpc_context *rpc)
{
    uint32_t count = self.count, kept = self.kept_count;

    self.there = self.connecting = self.connected = self.breaks = false;
    self.count = self.kept_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        nfs_rpc_callback(rpc, RPC_STATUS_CANCEL, NULL, self.queue[i].ticket);
        free(self.queue[i].data);
    }
    for (uint32_t i = 0; i < kept; i++) {
        nfs_rpc_callback(rpc, RPC_STATUS_CANCEL, NULL, self.kept[i]);
    }
}

int rpc_connect_async(struct rpc_context *rpc, const char *server, int port, rpc_cb cb, void *data)
{
    fake_nfs.connections++;
    self.connecting = true;
    self.connect_cb = cb;
    return 0;
}

void rpc_set_next_xid(struct rpc_context *rpc, uint32_t xid) {}

int rpc_get_fd(struct rpc_context *rpc)
{
    return 3;
}

char *rpc_get_error(struct rpc_context *rpc)
{
    return "the fake server is gone";
}

int rpc_which_events(struct rpc_context *rpc)
{
    return POLLIN | POLLOUT;
}

int rpc_service(struct rpc_context *rpc, int revents)
{
    if (fake_nfs.refuses || self.breaks) {
        return -1;
    }
    if (self.connecting) {
        self.connecting = false;
        self.connected = true;
        self.connect_cb(rpc, RPC_STATUS_SUCCESS, NULL, NULL);
        return 0;
    }
    struct asked first = self.queue[0];
    memmove(&self.queue[0], &self.queue[1], --self.count * sizeof(first));
    serve(&first);
    free(first.data);
    return 0;
}

int socket_events(int fd, int wanted)
{
    if (fake_nfs.refuses || self.breaks) {
        return POLLERR;
    }
    return !fake_nfs.hangs && (self.connecting || self.count > 0) ? POLLIN | POLLOUT : 0;
}

void socket_ask_again(int fd) {}

bool socket_flush(int fd)
{
    return true;
}

static struct asked *ask(uint32_t procedure, void *ticket)
{
    if (fake_nfs.no_memory) {
        return NULL;
    }
    CHECK(self.connected && self.count < CALLS_MAX);
    struct asked *asked = &self.queue[self.count++];
    *asked = (struct asked){.procedure = procedure, .ticket = ticket};
    return asked;
}

static void put_handle(struct asked *asked, uint32_t which, const nfs_fh3 *handle)
{
    CHECK(handle->data.data_len <= NFS3_FHSIZE);
    asked->handle_size[which] = handle->data.data_len;
    memcpy(asked->handle[which], handle->data.data_val, handle->data.data_len);
}

static struct asked *ask_of(uint32_t procedure, void *ticket, const nfs_fh3 *handle)
{
    struct asked *asked = ask(procedure, ticket);

    if (asked) {
        put_handle(asked, 0, handle);
    }
    return asked;
}

static struct asked *ask_in(uint32_t procedure, void *ticket, const diropargs3 *where)
{
    struct asked *asked = ask_of(procedure, ticket, &where->dir);

    if (asked) {
        CHECK(strlen(where->name) <= 255 && where->name[0] && !strchr(where->name, '/'));
        snprintf(asked->name[0], sizeof(asked->name[0]), "%s", where->name);
    }
    return asked;
}

int rpc_nfs3_getattr_async(struct rpc_context *rpc, rpc_cb cb, struct GETATTR3args *args, void *data)
{
    return ask_of(NFS3_GETATTR, data, &args->object) ? 0 : -1;
}

int rpc_nfs3_setattr_async(struct rpc_context *rpc, rpc_cb cb, struct SETATTR3args *args, void *data)
{
    struct asked *asked = ask_of(NFS3_SETATTR, data, &args->object);

    if (asked) {
        asked->set = args->new_attributes;
        asked->guard = args->guard;
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_lookup_async(struct rpc_context *rpc, rpc_cb cb, struct LOOKUP3args *args, void *data)
{
    return ask_in(NFS3_LOOKUP, data, &args->what) ? 0 : -1;
}

int rpc_nfs3_access_async(struct rpc_context *rpc, rpc_cb cb, struct ACCESS3args *args, void *data)
{
    return ask_of(NFS3_ACCESS, data, &args->object) ? 0 : -1;
}

int rpc_nfs3_readlink_async(struct rpc_context *rpc, rpc_cb cb, struct READLINK3args *args, void *data)
{
    return ask_of(NFS3_READLINK, data, &args->symlink) ? 0 : -1;
}

int rpc_nfs3_read_async(struct rpc_context *rpc, rpc_cb cb, struct READ3args *args, void *data)
{
    struct asked *asked = ask_of(NFS3_READ, data, &args->file);

    if (asked) {
        asked->offset = args->offset;
        asked->count = args->count;
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_write_async(struct rpc_context *rpc, rpc_cb cb, struct WRITE3args *args, void *data)
{
    struct asked *asked = ask_of(NFS3_WRITE, data, &args->file);

    if (asked) {
        CHECK(args->stable == FILE_SYNC && args->count == args->data.data_len);
        asked->offset = args->offset;
        asked->count = args->count;
        asked->data = malloc(args->count);
        memcpy(asked->data, args->data.data_val, args->count);
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_create_async(struct rpc_context *rpc, rpc_cb cb, struct CREATE3args *args, void *data)
{
    struct asked *asked = ask_in(NFS3_CREATE, data, &args->where);

    if (asked) {
        asked->how = args->how;
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_mkdir_async(struct rpc_context *rpc, rpc_cb cb, struct MKDIR3args *args, void *data)
{
    struct asked *asked = ask_in(NFS3_MKDIR, data, &args->where);

    if (asked) {
        asked->set = args->attributes;
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_remove_async(struct rpc_context *rpc, rpc_cb cb, struct REMOVE3args *args, void *data)
{
    return ask_in(NFS3_REMOVE, data, &args->object) ? 0 : -1;
}

int rpc_nfs3_rmdir_async(struct rpc_context *rpc, rpc_cb cb, struct RMDIR3args *args, void *data)
{
    return ask_in(NFS3_RMDIR, data, &args->object) ? 0 : -1;
}

int rpc_nfs3_rename_async(struct rpc_context *rpc, rpc_cb cb, struct RENAME3args *args, void *data)
{
    struct asked *asked = ask_in(NFS3_RENAME, data, &args->from);

    if (asked) {
        put_handle(asked, 1, &args->to.dir);
        snprintf(asked->name[1], sizeof(asked->name[1]), "%s", args->to.name);
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_readdirplus_async(struct rpc_context *rpc, rpc_cb cb, struct READDIRPLUS3args *args, void *data)
{
    struct asked *asked = ask_of(NFS3_READDIRPLUS, data, &args->dir);

    if (asked) {
        asked->offset = args->cookie;
        asked->count = args->maxcount;
        memcpy(asked->verifier, args->cookieverf, 8);
    }
    return asked ? 0 : -1;
}

int rpc_nfs3_fsinfo_async(struct rpc_context *rpc, rpc_cb cb, struct FSINFO3args *args, void *data)
{
    return ask_of(NFS3_FSINFO, data, &args->fsroot) ? 0 : -1;
}

int rpc_mount3_mnt_async(struct rpc_context *rpc, rpc_cb cb, char *path, void *data)
{
    return ask(MNT, data) ? 0 : -1;
}

int rpc_pmap2_getport_async(struct rpc_context *rpc, int program, int version, int protocol, rpc_cb cb, void *data)
{
    struct asked *asked = ask(GETPORT, data);

    if (asked) {
        asked->program = program;
    }
    return asked ? 0 : -1;
}

/* -- the rest of the component's surroundings -- */

void ip_init(const struct ip_config *config, const struct net_client_config *net) {}

bool ip_has_address(void)
{
    return !fake_nfs.no_address;
}

void ip_on_address(void (*handler)(void *context), void *context)
{
    self.on_address = handler;
}

void fake_nfs_new_address(void)
{
    fake_nfs.no_address = false;
    self.on_address(NULL);
}

uint32_t random_word(void)
{
    static uint32_t state = 1;

    return state = state * 1664525u + 1013904223u;
}

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    handler(context);
    return true;
}

err_t dns_gethostbyname(const char *host, ip_addr_t *address, dns_found_callback found, void *context)
{
    return ERR_OK;
}

char *ipaddr_ntoa_r(const ip_addr_t *address, char *text, int size)
{
    snprintf(text, (size_t)size, "10.0.0.1");
    return text;
}

void serial_client_init(const struct serial_client_config *config) {}

bool serial_client_log_sink(const char *line, size_t length)
{
    CHECK(length < sizeof(self.console) - self.console_end);
    memcpy(self.console + self.console_end, line, length);
    self.console_end += length;
    return true;
}

const char *fake_nfs_console(void)
{
    return self.console;
}

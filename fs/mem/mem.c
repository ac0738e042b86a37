/* fs/mem/mem.c: files inside the image, and a bounded part in memory that can be written: the reference file server.
 *   serves    clients through fs/server.h, at once: no job is ever left waiting
 *   trusts    its own configuration; what comes from clients has been checked by the core
 *   invariant a node is in its parent's list or is open, or it is free; a block is in one file's chain or in the free
 *             chain
 *   when full no node or no block left: FS_STATUS_NO_SPACE, and nothing has changed
 * What was in the image cannot be changed (FS_STATUS_READ_ONLY); what was made since is lost at reset.
 */
#include "lib/pd.h"

#include <assert.h>
#include <string.h>
#include "fs/mem/config.h"
#include "fs/server.h"

#define NODES_MAX 2048
#define BLOCK_SIZE 4096u
#define BLOCKS_MAX 2048 /* 8 MiB */
#define NO_BLOCK (~0u)

#define MODE_DIRECTORY 0040000u
#define MODE_FILE 0100000u

struct node {
    struct node *parent, *children, *last_child, *next; /* NULL parent: removed, still open */
    char name[FS_NAME_MAX + 1];
    bool directory, read_only;
    uint32_t open;   /* open files and directories that refer to it */
    uint32_t number; /* of children that are directories */
    uint64_t order;  /* children come in rising order: a directory position is the order of the last one seen */
    uint64_t inode, mtime_ns, size;
    const uint8_t *image; /* read-only bytes, or: */
    uint32_t first_block;
    uint32_t last_index, last_block; /* where the last access was: sequential access is not a walk from the start */
};

static struct {
    struct node nodes[NODES_MAX];
    struct node *free_nodes;
    uint8_t blocks[BLOCKS_MAX][BLOCK_SIZE];
    uint32_t next_block[BLOCKS_MAX];
    uint32_t free_block;
    uint64_t orders, inodes;
} self;

#define ROOT (&self.nodes[0]) /* the first that is made */

/* -- nodes -- */

static struct node *node_make(bool directory)
{
    struct node *node = self.free_nodes;

    if (node) {
        self.free_nodes = node->next;
        *node = (struct node){
            .directory = directory,
            .inode = ++self.inodes,
            .mtime_ns = pd_now_ns(),
            .first_block = NO_BLOCK,
            .last_block = NO_BLOCK,
        };
    }
    return node;
}

static void blocks_free_from(struct node *node, uint32_t keep)
{
    uint32_t *link = &node->first_block;

    for (uint32_t i = 0; i < keep && *link != NO_BLOCK; i++) {
        link = &self.next_block[*link];
    }
    uint32_t block = *link;
    *link = NO_BLOCK;
    while (block != NO_BLOCK) {
        uint32_t next = self.next_block[block];
        self.next_block[block] = self.free_block;
        self.free_block = block;
        block = next;
    }
    node->last_block = NO_BLOCK;
}

static void node_free_when_unused(struct node *node)
{
    if (node->parent || node->open || node == ROOT) {
        return;
    }
    blocks_free_from(node, 0);
    node->next = self.free_nodes;
    self.free_nodes = node;
}

static void attach(struct node *parent, struct node *node, const char *name, uint64_t length)
{
    memcpy(node->name, name, length);
    node->name[length] = '\0';
    node->parent = parent;
    node->order = ++self.orders;
    node->next = NULL;
    if (parent->last_child) {
        parent->last_child->next = node;
    } else {
        parent->children = node;
    }
    parent->last_child = node;
    parent->number += node->directory;
}

static void detach(struct node *node)
{
    struct node *parent = node->parent, *previous = NULL;
    struct node **link = &parent->children;

    while (*link != node) {
        previous = *link;
        link = &previous->next;
    }
    *link = node->next;
    if (parent->last_child == node) {
        parent->last_child = previous;
    }
    parent->number -= node->directory;
    node->parent = NULL;
}

static struct node *child(const struct node *directory, const char *name, uint64_t length)
{
    for (struct node *node = directory->children; node; node = node->next) {
        if (strncmp(node->name, name, length) == 0 && node->name[length] == '\0') {
            return node;
        }
    }
    return NULL;
}

/* Where a path leads: its directory, its last name, and the node there, if any. */
struct place {
    struct node *directory; /* NULL for the root itself */
    const char *name;
    uint64_t length;
    struct node *node;
};

static enum fs_status find(const char *path, struct place *place)
{
    *place = (struct place){.node = ROOT};
    for (const char *name = path + 1; *name;) {
        const char *slash = strchr(name, '/');
        uint64_t length = slash ? (uint64_t)(slash - name) : strlen(name);
        if (!place->node) {
            return FS_STATUS_NOT_FOUND;
        }
        if (!place->node->directory) {
            return FS_STATUS_NOT_DIRECTORY;
        }
        *place = (struct place){place->node, name, length, child(place->node, name, length)};
        name += slash ? length + 1 : length;
    }
    return FS_STATUS_OK;
}

/* Where the path has a slash behind it. */
static enum fs_status find_as_told(const char *path, bool slash, struct place *place)
{
    enum fs_status status = find(path, place);

    return status == FS_STATUS_OK && slash && place->node && !place->node->directory ? FS_STATUS_NOT_DIRECTORY : status;
}

static enum fs_status find_existing(const char *path, bool slash, struct place *place)
{
    enum fs_status status = find_as_told(path, slash, place);

    return status == FS_STATUS_OK && !place->node ? FS_STATUS_NOT_FOUND : status;
}

/* A new node where nothing is yet. */
static enum fs_status create(struct place *place, bool directory)
{
    if (place->directory->read_only) {
        return FS_STATUS_READ_ONLY;
    }
    place->node = node_make(directory);
    if (!place->node) {
        return FS_STATUS_NO_SPACE;
    }
    attach(place->directory, place->node, place->name, place->length);
    return FS_STATUS_OK;
}

static void fill_stat(const struct node *node, struct fs_stat *stat)
{
    uint32_t permissions = node->read_only ? 0444 : 0644;

    *stat = (struct fs_stat){
        .size = node->size,
        .inode = node->inode,
        .mtime_ns = node->mtime_ns,
        .ctime_ns = node->mtime_ns,
        .atime_ns = node->mtime_ns,
        .mode = node->directory ? (MODE_DIRECTORY | permissions | 0111) : (MODE_FILE | permissions),
        .links = node->directory ? 2 + node->number : 1,
    };
}

/* -- blocks -- */

/* The block that holds `index` times BLOCK_SIZE, made if `make`; NO_BLOCK: there is none, or no space. New blocks are
 * zero. */
static uint32_t block_at(struct node *node, uint32_t index, bool make)
{
    bool from_last = node->last_block != NO_BLOCK && node->last_index <= index;
    uint32_t at = from_last ? node->last_index : 0;
    uint32_t *link = &node->first_block;

    if (from_last) {
        if (node->last_index == index) {
            return node->last_block;
        }
        link = &self.next_block[node->last_block];
        at++;
    }
    for (;; at++) {
        if (*link == NO_BLOCK) {
            if (!make || self.free_block == NO_BLOCK) {
                return NO_BLOCK;
            }
            *link = self.free_block;
            self.free_block = self.next_block[*link];
            self.next_block[*link] = NO_BLOCK;
            memset(self.blocks[*link], 0, BLOCK_SIZE);
        }
        node->last_index = at;
        node->last_block = *link;
        if (at == index) {
            return *link;
        }
        link = &self.next_block[*link];
    }
}

static void zero_tail(struct node *node, uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t inside = from % BLOCK_SIZE;
        uint64_t part = BLOCK_SIZE - inside < to - from ? BLOCK_SIZE - inside : to - from;
        uint32_t block = block_at(node, (uint32_t)(from / BLOCK_SIZE), false);
        if (block == NO_BLOCK) {
            return; /* blocks made later are zero */
        }
        memset(self.blocks[block] + inside, 0, part);
        from += part;
    }
}

static enum fs_status resize(struct node *node, uint64_t size)
{
    if (size > (uint64_t)BLOCKS_MAX * BLOCK_SIZE) {
        return FS_STATUS_TOO_LARGE;
    }
    if (size < node->size) {
        blocks_free_from(node, (uint32_t)((size + BLOCK_SIZE - 1) / BLOCK_SIZE));
    } else {
        zero_tail(node, node->size, size);
        if (size && block_at(node, (uint32_t)((size - 1) / BLOCK_SIZE), true) == NO_BLOCK) {
            blocks_free_from(node, (uint32_t)((node->size + BLOCK_SIZE - 1) / BLOCK_SIZE));
            return FS_STATUS_NO_SPACE;
        }
    }
    node->size = size;
    node->mtime_ns = pd_now_ns();
    return FS_STATUS_OK;
}

/* -- operations -- */

static void initialise(struct fs_job *job)
{
    fs_server_done(job, FS_STATUS_OK);
}

static enum fs_status open_place(struct fs_job *job, struct place *place)
{
    enum fs_status status = find_as_told(job->path, job->path_slash, place);

    if (status != FS_STATUS_OK) {
        return status;
    }
    if (!place->node) {
        if (!(job->flags & FS_OPEN_CREATE)) {
            return FS_STATUS_NOT_FOUND;
        }
        return job->path_slash ? FS_STATUS_IS_DIRECTORY : create(place, false);
    }
    if (job->flags & FS_OPEN_EXCLUSIVE) {
        return FS_STATUS_EXISTS;
    }
    if (place->node->directory) {
        return FS_STATUS_IS_DIRECTORY;
    }
    if ((job->flags & FS_OPEN_WRITE) && place->node->read_only) {
        return FS_STATUS_READ_ONLY;
    }
    return job->flags & FS_OPEN_TRUNCATE ? resize(place->node, 0) : FS_STATUS_OK;
}

static void open_file(struct fs_job *job)
{
    struct place place;
    enum fs_status status = open_place(job, &place);

    if (status == FS_STATUS_OK) {
        place.node->open++;
        job->file = place.node;
        fill_stat(place.node, &job->stat);
    }
    fs_server_done(job, status);
}

static void stat_path(struct fs_job *job)
{
    struct place place;
    enum fs_status status = find_existing(job->path, job->path_slash, &place);

    if (status == FS_STATUS_OK) {
        fill_stat(place.node, &job->stat);
    }
    fs_server_done(job, status);
}

static void stat_file(struct fs_job *job)
{
    fill_stat(job->file, &job->stat);
    fs_server_done(job, FS_STATUS_OK);
}

static void read_file(struct fs_job *job)
{
    struct node *node = job->file;
    uint64_t left = job->position < node->size ? node->size - job->position : 0;
    uint64_t length = job->size < left ? job->size : left;

    job->stat.mtime_ns = node->mtime_ns;
    if (node->image) {
        fs_server_put(job, 0, node->image + (length ? job->position : 0), length);
        fs_server_done(job, FS_STATUS_OK);
        return;
    }
    for (uint64_t done = 0; done < length;) {
        uint64_t at = job->position + done, inside = at % BLOCK_SIZE;
        uint64_t part = BLOCK_SIZE - inside < length - done ? BLOCK_SIZE - inside : length - done;
        uint32_t block = block_at(node, (uint32_t)(at / BLOCK_SIZE), false);
        assert(block != NO_BLOCK);
        fs_server_put(job, done, self.blocks[block] + inside, part);
        done += part;
    }
    fs_server_done(job, FS_STATUS_OK);
}

static void write_file(struct fs_job *job)
{
    struct node *node = job->file;
    const uint8_t *bytes = fs_server_data(job);

    if (!bytes) { /* the client is gone; nobody waits for this */
        fs_server_done(job, FS_STATUS_IO);
        return;
    }
    uint64_t end = job->position + job->size, before = node->size;
    enum fs_status status = end > before ? resize(node, end) : FS_STATUS_OK;

    for (uint64_t done = 0; status == FS_STATUS_OK && done < job->size;) {
        uint64_t at = job->position + done, inside = at % BLOCK_SIZE;
        uint64_t part = BLOCK_SIZE - inside < job->size - done ? BLOCK_SIZE - inside : job->size - done;
        memcpy(self.blocks[block_at(node, (uint32_t)(at / BLOCK_SIZE), false)] + inside, bytes + done, part);
        done += part;
    }
    node->mtime_ns = pd_now_ns();
    job->length = job->size;
    fs_server_done(job, status);
}

static void truncate_file(struct fs_job *job)
{
    fs_server_done(job, resize(job->file, job->position));
}

static void sync_file(struct fs_job *job)
{
    fs_server_done(job, FS_STATUS_OK);
}

static bool inside_of(const struct node *node, const struct node *ancestor)
{
    while (node && node != ancestor) {
        node = node->parent;
    }
    return node == ancestor;
}

static enum fs_status may_replace(const struct node *from, const struct node *to)
{
    if (to->read_only) {
        return FS_STATUS_READ_ONLY;
    }
    if (from->directory != to->directory) {
        return to->directory ? FS_STATUS_IS_DIRECTORY : FS_STATUS_NOT_DIRECTORY;
    }
    return to->children ? FS_STATUS_NOT_EMPTY : FS_STATUS_OK;
}

static enum fs_status rename_place(const struct place *from, const struct place *to)
{
    if (!from->directory || !to->directory || inside_of(to->directory, from->node)) {
        return FS_STATUS_INVALID_ARGUMENT;
    }
    if (from->node == to->node) {
        return FS_STATUS_OK;
    }
    if (from->node->read_only || from->directory->read_only || to->directory->read_only) {
        return FS_STATUS_READ_ONLY;
    }
    enum fs_status status = to->node ? may_replace(from->node, to->node) : FS_STATUS_OK;
    if (status != FS_STATUS_OK) {
        return status;
    }
    if (to->node) {
        detach(to->node);
        node_free_when_unused(to->node);
    }
    detach(from->node);
    attach(to->directory, from->node, to->name, to->length);
    return FS_STATUS_OK;
}

static void rename_path(struct fs_job *job)
{
    struct place from, to;
    enum fs_status status = find_existing(job->path, job->path_slash, &from);

    if (status == FS_STATUS_OK) {
        bool slash = job->other_slash;
        status = slash && !from.node->directory ? FS_STATUS_NOT_DIRECTORY : find_as_told(job->other, slash, &to);
    }
    fs_server_done(job, status == FS_STATUS_OK ? rename_place(&from, &to) : status);
}

static enum fs_status remove_place(const struct place *place, bool directory)
{
    if (!place->directory) {
        return directory ? FS_STATUS_INVALID_ARGUMENT : FS_STATUS_IS_DIRECTORY;
    }
    if (place->node->directory != directory) {
        return directory ? FS_STATUS_NOT_DIRECTORY : FS_STATUS_IS_DIRECTORY;
    }
    if (place->node->children) {
        return FS_STATUS_NOT_EMPTY;
    }
    if (place->node->read_only || place->directory->read_only) {
        return FS_STATUS_READ_ONLY;
    }
    detach(place->node);
    node_free_when_unused(place->node);
    return FS_STATUS_OK;
}

static void remove_path(struct fs_job *job)
{
    struct place place;
    enum fs_status status = find_existing(job->path, job->path_slash, &place);

    fs_server_done(job, status == FS_STATUS_OK ? remove_place(&place, job->type == FS_RMDIR) : status);
}

static void make_directory(struct fs_job *job)
{
    struct place place;
    enum fs_status status = find(job->path, &place);

    if (status == FS_STATUS_OK) {
        status = place.node ? FS_STATUS_EXISTS : create(&place, true);
    }
    fs_server_done(job, status);
}

static void open_directory(struct fs_job *job)
{
    struct place place;
    enum fs_status status = find_existing(job->path, job->path_slash, &place);

    if (status == FS_STATUS_OK && !place.node->directory) {
        status = FS_STATUS_NOT_DIRECTORY;
    }
    if (status == FS_STATUS_OK) {
        place.node->open++;
        job->file = place.node;
    }
    fs_server_done(job, status);
}

static void read_directory(struct fs_job *job)
{
    const struct node *directory = job->file;
    const struct node *node = directory->children;

    while (node && node->order <= job->position) {
        node = node->next;
    }
    for (; node; node = node->next) {
        struct fs_stat stat;
        fill_stat(node, &stat);
        if (!fs_server_dirent(job, node->order, stat.mode, node->name, (uint32_t)strlen(node->name))) {
            break;
        }
    }
    fs_server_done(job, node && job->length == 0 ? FS_STATUS_INVALID_BUFFER : FS_STATUS_OK);
}

static void release(void *file, bool directory)
{
    struct node *node = file;

    (void)directory;
    assert(node->open > 0);
    node->open--;
    node_free_when_unused(node);
}

static const struct fs_server_operations operations = {
    .operation =
        {
            [FS_INITIALISE] = initialise,
            [FS_OPEN] = open_file,
            [FS_STAT] = stat_path,
            [FS_FSTAT] = stat_file,
            [FS_READ] = read_file,
            [FS_WRITE] = write_file,
            [FS_TRUNCATE] = truncate_file,
            [FS_SYNC] = sync_file,
            [FS_RENAME] = rename_path,
            [FS_REMOVE] = remove_path,
            [FS_MKDIR] = make_directory,
            [FS_RMDIR] = remove_path,
            [FS_OPENDIR] = open_directory,
            [FS_READDIR] = read_directory,
        },
    .release = release,
};

/* -- start -- */

static void load_entry(const struct fs_mem_entry *entry)
{
    struct place place;
    enum fs_status status = find(entry->path, &place);

    require(status == FS_STATUS_OK && !place.node, "fs_mem_config.entries: unusable path", (uintptr_t)entry->path);
    status = create(&place, !entry->bytes);
    require(status == FS_STATUS_OK, "fs_mem_config.entry_count: more than NODES_MAX", NODES_MAX);
    place.node->image = entry->bytes;
    place.node->size = entry->size;
    place.node->mtime_ns = entry->mtime_ns;
}

static void make_writable(const char *path)
{
    struct place place;
    enum fs_status status = find(path, &place);

    if (status == FS_STATUS_OK && !place.node) {
        status = create(&place, true);
    }
    require(status == FS_STATUS_OK && place.node->directory, "fs_mem_config.writable: unusable path", 0);
    place.node->read_only = false;
}

static void load(const struct fs_mem_config *config)
{
    self.free_block = NO_BLOCK;
    for (uint32_t i = BLOCKS_MAX; i-- > 0;) {
        self.next_block[i] = self.free_block;
        self.free_block = i;
    }
    for (uint32_t i = NODES_MAX; i-- > 0;) {
        self.nodes[i].next = self.free_nodes;
        self.free_nodes = &self.nodes[i];
    }
    const struct node *first = node_make(true);
    assert(first == ROOT);
    for (uint32_t i = 0; i < config->entry_count; i++) {
        load_entry(&config->entries[i]);
    }
    if (config->writable[0] && strcmp(config->writable, "/") != 0) {
        make_writable(config->writable);
    }
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        self.nodes[i].read_only = true;
    }
    if (config->writable[0]) {
        make_writable(config->writable);
    }
}

void init(void)
{
    load(&fs_mem_config);
    fs_server_init(&fs_server_config, &operations);
    pd_flush();
}

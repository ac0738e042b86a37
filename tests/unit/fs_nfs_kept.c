/* tests/unit/fs_nfs_kept.c: the NFS component's open files over its restart: what is whole is taken up, once, and nothing
 * that a mistake has written over. The test stands in for the walk and for what ends an operation.
 */
#include <stdbool.h>
#include <string.h>

#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"

#include "fs/nfs/file.c"

static bool kept_mount = true;
static enum fs_status ended;

bool mount_is_kept(void)
{
    return kept_mount;
}

uint32_t mount_number(void)
{
    return 3;
}

void walk_forget(void) {}

void walk_start(struct nfs_op *op, const char *path, bool slash, nfs_op_found *found) {}

uint32_t fs_server_clients(void)
{
    return 2;
}

void nfs_op_finish(struct nfs_op *op, enum fs_status status)
{
    ended = status;
}

enum fs_status nfs_status(nfsstat3 status)
{
    return FS_STATUS_IO;
}

bool nfs_stale(nfsstat3 status)
{
    return false;
}

nfs_fh3 nfs_handle_to(const struct nfs_handle *handle)
{
    return (nfs_fh3){{0}};
}

void nfs_op_made(struct nfs_op *op, nfs_op_reply *reply, int result) {}

void *nfs_op_ticket(struct nfs_op *op)
{
    return NULL;
}

void nfs_rpc_callback(struct rpc_context *rpc, int status, void *data, void *ticket) {}

struct rpc_context *nfs_rpc_context(void)
{
    return NULL;
}

int rpc_nfs3_setattr_async(struct rpc_context *rpc, rpc_cb cb, struct SETATTR3args *args, void *data)
{
    return 0;
}

static struct nfs_file *open_one(const char *path, uint64_t inode)
{
    static struct nfs_op op;
    static struct fs_job job;

    job = (struct fs_job){.path = path, .client = 1};
    op = (struct nfs_op){.job = &job};
    op.walk.stat.inode = inode;
    op.walk.handle.size = 28;
    memset(op.walk.handle.bytes, (int)inode, 28);
    nfs_file_open(&op);
    CHECK_EQUAL(ended, FS_STATUS_OK);
    return job.file;
}

/* All that is not kept is gone. */
static void restart(void)
{
    memset(&self, 0, sizeof(self));
}

static void test_each_bit(void)
{
    struct nfs_file *file = open_one("/a/page.html", 7);

    for (size_t i = 0; i < 8 * sizeof(*file); i++) {
        size_t byte = i / 8;
        bool counts = byte >= offsetof(struct nfs_file, client) && byte < offsetof(struct nfs_file, verifier);
        bool pads = byte >= offsetof(struct nfs_file, mount) + 4 && byte < offsetof(struct nfs_file, sum);
        ((uint8_t *)file)[byte] ^= (uint8_t)(1 << i % 8);
        restart();
        bool taken = nfs_file_adopt(file, false);
        if (counts && !pads) {
            CHECK(!taken);
        }
        ((uint8_t *)file)[byte] ^= (uint8_t)(1 << i % 8);
    }
    restart();
    CHECK(nfs_file_adopt(file, false) && !nfs_file_adopt(file, false)); /* once */
    CHECK(strcmp(path_of(file), "/a/page.html") == 0 && file->inode == 7);
}

static void test_what_is_none(void)
{
    struct nfs_file *file = open_one("/b", 8), copy = *file;

    restart();
    CHECK(!nfs_file_adopt(NULL, false) && !nfs_file_adopt(&copy, false));
    CHECK(!nfs_file_adopt((uint8_t *)file + 1, false) && !nfs_file_adopt(&kept.files[FS_FILES_MAX], false));
    kept_mount = false;
    CHECK(!nfs_file_adopt(file, false));
    kept_mount = true;
    CHECK(nfs_file_adopt(file, false));
}

/* The places of those that are taken up are given to nobody else, and count as their client's. */
static void test_places(void)
{
    static char path[600];
    struct nfs_file *long_ones[5], *short_one = open_one("/short", 1);

    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    for (uint32_t i = 0; i < 5; i++) {
        path[1] = (char)('a' + i);
        long_ones[i] = open_one(path, 10 + i);
    }
    long_ones[3]->long_path->text[300] = 'y';
    long_ones[4]->long_path = long_ones[0]->long_path; /* as if it were its own */
    long_ones[4]->sum = sum_of(long_ones[4]);
    restart();
    CHECK(nfs_file_adopt(short_one, false));
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQUAL(nfs_file_adopt(long_ones[i], false), i < 3);
    }
    CHECK_EQUAL(self.long_path_counts[1], 3);
    nfs_file_init();
    uint32_t files = 0, paths = 0;
    for (struct nfs_file *file = self.free_files; file; file = file->next) {
        CHECK(file != short_one && file != long_ones[0] && file != long_ones[1] && file != long_ones[2]);
        files++;
    }
    for (struct nfs_long_path *place = self.free_long_paths; place; place = place->next) {
        CHECK(place != long_ones[0]->long_path && place != long_ones[1]->long_path);
        paths++;
    }
    CHECK(files == FS_FILES_MAX - 4 && paths == LONG_PATHS_MAX - 3);
    path[1] = 'b';
    CHECK(strcmp(path_of(long_ones[1]), path) == 0);
    nfs_file_release(long_ones[1], false);
    CHECK_EQUAL(self.long_path_counts[1], 2);
}

int main(void)
{
    nfs_file_init();
    test_each_bit();
    restart();
    nfs_file_init();
    test_what_is_none();
    restart();
    nfs_file_init();
    test_places();
    return 0;
}

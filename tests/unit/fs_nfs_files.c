/* tests/unit/fs_nfs_files.c: the whole file server of fs/nfs over a played libnfs (tests/unit/fake_nfs.h): what each
 * command is to a program, whatever becomes of the calls that it takes. Each case begins with a tree of its own.
 */
#include <string.h>

#include "fs/conformance.h"
#include "tests/unit/fs_nfs_program.h"

/* -- the conformance program -- */

static void line(const char *words)
{
    puts(words);
}

static void conforms(void)
{
    const struct fs_conformance environment = {.directory = "/", .wait = pass_time_if_idle, .line = line};
    fake_nfs.hangs = false;
    struct fs_conformance_result result = fs_conformance_run(&environment);

    CHECK_EQUAL(result.failed, 0);
    CHECK(result.passed > 1000);
    CHECK_EQUAL(fs_server_counts(0).open_files, 0);
    CHECK_EQUAL(fs_server_counts(0).jobs, 0);
}

static void test_conformance(void)
{
    conforms();
}

/* A server that gives no attributes, takes little at a time, and says of a directory three names at a time. */
static void test_conformance_of_little(void)
{
    fake_nfs.bare = true;
    fake_nfs.read_size = 5000;
    fake_nfs.write_size = 4000;
    fake_nfs.short_write = 3001;
    fake_nfs.entries = 3;
    conforms();
}

/* Whatever is lost: each command is what it is with a server that loses nothing. */
static uint32_t seed;

static int lose_some(uint32_t procedure)
{
    static const int verdicts[] = {FAKE_NFS_LOSE_ANSWER, FAKE_NFS_LOSE_CALL, FAKE_NFS_BREAK_AFTER,
                                   FAKE_NFS_BREAK_BEFORE, NFS3ERR_JUKEBOX};

    seed = seed * 1664525u + 1013904223u;
    return (seed >> 24) % 32 == 0 && procedure != NFS3_FSINFO ? verdicts[(seed >> 16) % 5] : FAKE_NFS_ANSWER;
}

static void conforms_with_losses(uint64_t n)
{
    seed = (uint32_t)n;
    fake_nfs.judge = lose_some;
    conforms();
}

static void test_conformance_of_losses(void)
{
    for (uint32_t i = 1; i <= 20; i++) {
        CHECK_EQUAL(in_own_process(conforms_with_losses, i), 0);
    }
}

/* -- reading and writing -- */

static void (*spoiled)(void *result);
static uint32_t spoiled_procedure;

static int judge_spoiled(uint32_t procedure)
{
    return procedure == spoiled_procedure && spoiled ? FAKE_NFS_ODD : FAKE_NFS_ANSWER;
}

static void spoil_once(uint32_t procedure, void *result)
{
    void (*once)(void *) = spoiled;

    spoiled = NULL;
    once(result);
}

/* This is done to the next reply to `procedure`. */
static void spoil_next(uint32_t procedure, void (*how)(void *result))
{
    fake_nfs.judge = judge_spoiled;
    fake_nfs.spoil = spoil_once;
    spoiled_procedure = procedure;
    spoiled = how;
}

static void too_much_data(void *result)
{
    static char bytes[100];
    READ3resok *part = &((READ3res *)result)->READ3res_u.resok;

    part->data.data_len = 100;
    part->data.data_val = bytes;
}

static void no_data(void *result)
{
    ((READ3res *)result)->READ3res_u.resok.data.data_len = 0;
}

static void no_attributes(void *result)
{
    ((READ3res *)result)->READ3res_u.resok.file_attributes.attributes_follow = false;
}

static void another_time(void *result)
{
    ((READ3res *)result)->READ3res_u.resok.file_attributes.post_op_attr_u.attributes.mtime.nseconds = 7;
}

static void nothing_written(void *result)
{
    ((WRITE3res *)result)->WRITE3res_u.resok.count = 0;
}

static void too_much_written(void *result)
{
    ((WRITE3res *)result)->WRITE3res_u.resok.count = 11;
}

static void test_replies_to_reads(void)
{
    fake_nfs.read_size = 4;
    mount();
    struct fake_nfs_node *node = &fake_nfs.nodes[fake_nfs_make("/file", NF3REG, "0123456789")];
    uint64_t fd = opened("/file", READ), time_ns = node->seconds * S;
    uint32_t before = fake_nfs.calls[NFS3_READ];
    CHECK(reads(fd, "0123456789") && last.read.mtime_ns == time_ns);
    CHECK_EQUAL(fake_nfs.calls[NFS3_READ] - before, 3);
    spoil_next(NFS3_READ, another_time); /* the first part is of another version */
    CHECK(reads(fd, "0123456789") && last.read.mtime_ns == UINT64_MAX);
    spoil_next(NFS3_READ, no_attributes);
    CHECK(reads(fd, "0123456789") && last.read.mtime_ns == UINT64_MAX);
    spoil_next(NFS3_READ, no_data); /* the file ends there, then */
    CHECK_EQUAL(on_file(FS_READ, fd, 0, 10), FS_STATUS_OK);
    CHECK_EQUAL(last.length, 0);
    memset(data(), 0xee, 200);
    spoil_next(NFS3_READ, too_much_data);
    CHECK_EQUAL(on_file(FS_READ, fd, 0, 10), FS_STATUS_IO);
    CHECK(data()[0] == 0xee && data()[10] == 0xee);
    CHECK_EQUAL(on_file(FS_READ, fd, 8, 2), FS_STATUS_OK);
    CHECK(last.length == 2 && memcmp(data(), "89", 2) == 0 && data()[2] == 0xee);
}

static void test_replies_to_writes(void)
{
    fake_nfs.write_size = 4;
    mount();
    fake_nfs_make("/file", NF3REG, "");
    uint64_t fd = opened("/file", WRITE);
    CHECK_EQUAL(write_text(fd, "0123456789"), FS_STATUS_OK);
    CHECK(last.length == 10 && fake_nfs.calls[NFS3_WRITE] == 3 && fake_nfs_holds("/file", "0123456789"));
    fake_nfs.short_write = 1;
    CHECK_EQUAL(write_text(fd, "abcdefghij"), FS_STATUS_OK);
    CHECK(last.length == 10 && fake_nfs.calls[NFS3_WRITE] == 13 && fake_nfs_holds("/file", "abcdefghij"));
    spoil_next(NFS3_WRITE, nothing_written);
    CHECK_EQUAL(write_text(fd, "0123456789"), FS_STATUS_IO);
    spoil_next(NFS3_WRITE, too_much_written);
    CHECK_EQUAL(write_text(fd, "0123456789"), FS_STATUS_IO);
    CHECK_EQUAL(on_file(FS_TRUNCATE, fd, 3, 0), FS_STATUS_OK);
    CHECK(reads(fd, "0bc"));
}

/* No server is sent more in one call than libnfs should copy. */
static void test_sizes_of_calls(void)
{
    fake_nfs.read_size = fake_nfs.write_size = 1u << 31;
    mount();
    uint64_t fd = opened("/file", CREATE);
    CHECK_EQUAL(on_file(FS_WRITE, fd, 0, 100000), FS_STATUS_OK);
    CHECK_EQUAL(fake_nfs.calls[NFS3_WRITE], 4);
    CHECK_EQUAL(on_file(FS_READ, fd, 0, 300000), FS_STATUS_OK);
    CHECK(last.length == 100000 && fake_nfs.calls[NFS3_READ] == 1);
}

/* Every status of NFSv3, as it comes back from an open file: none changes anything else. */
static uint32_t answered;

static int reply_so(uint32_t procedure)
{
    return procedure == NFS3_READ || procedure == NFS3_WRITE || procedure == NFS3_SETATTR ? (int)answered
                                                                                          : FAKE_NFS_ANSWER;
}

static void test_statuses(void)
{
    static const struct {
        uint32_t status;
        enum fs_status is;
    } all[] = {
        {NFS3ERR_PERM, FS_STATUS_ACCESS},
        {NFS3ERR_IO, FS_STATUS_IO},
        {NFS3ERR_FBIG, FS_STATUS_TOO_LARGE},
        {NFS3ERR_ROFS, FS_STATUS_READ_ONLY},
        {NFS3ERR_NOSPC, FS_STATUS_NO_SPACE},
        {NFS3ERR_DQUOT, FS_STATUS_NO_SPACE},
        {NFS3ERR_INVAL, FS_STATUS_INVALID_ARGUMENT},
    };

    mount();
    fake_nfs_make("/file", NF3REG, "content");
    uint64_t fd = opened("/file", WRITE);
    fake_nfs.judge = reply_so;
    for (uint32_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        answered = all[i].status;
        CHECK_EQUAL(on_file(FS_READ, fd, 0, 10), all[i].is);
        CHECK_EQUAL(on_file(FS_WRITE, fd, 0, 10), all[i].is);
        CHECK_EQUAL(on_file(FS_TRUNCATE, fd, 0, 0), all[i].is);
        CHECK_EQUAL(open_path("/file", WRITE | FS_OPEN_TRUNCATE), all[i].is);
        CHECK_EQUAL(open_path("/new", CREATE_NEW), all[i].is); /* its attributes cannot be set */
        fake_nfs_remove("/new");
    }
    fake_nfs.judge = NULL;
    CHECK(reads(fd, "content"));
}

/* -- opening -- */

static void test_access(void)
{
    mount();
    fake_nfs.nodes[fake_nfs_make("/locked", NF3REG, "x")].mode = 0;
    fake_nfs.nodes[fake_nfs_make("/read", NF3REG, "x")].mode = 0400;
    fake_nfs.nodes[fake_nfs_make("/all", NF3REG, "x")].mode = 0444;
    fake_nfs_make("/fifo", NF3FIFO, NULL);
    CHECK_EQUAL(open_path("/locked", READ), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/locked", WRITE), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/read", WRITE), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/fifo", READ), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/fifo", CREATE), FS_STATUS_ACCESS);
    CHECK(reads(opened("/read", READ), "x"));
    uint32_t before = fake_nfs.calls[NFS3_ACCESS];
    CHECK(reads(opened("/all", READ), "x"));
    CHECK_EQUAL(fake_nfs.calls[NFS3_ACCESS], before); /* its mode has said it */
    CHECK_EQUAL(open_path("/all", CREATE_NEW), FS_STATUS_EXISTS);
    CHECK_EQUAL(fake_nfs.calls[NFS3_CREATE], 0); /* what is there is not to be made */
    fake_nfs.read_only = true;
    CHECK_EQUAL(open_path("/all", WRITE), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(open_path("/new", CREATE), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(open_path("/new", CREATE_NEW), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_MKDIR, "/new"), FS_STATUS_READ_ONLY);
    CHECK_EQUAL(on_path(FS_REMOVE, "/all"), FS_STATUS_READ_ONLY);
}

static void file_comes_between(void *result)
{
    fake_nfs_make("/it", NF3REG, "another one's");
}

static void directory_comes_between(void *result)
{
    fake_nfs_make("/there", NF3DIR, NULL);
}

/* What somebody else makes between the question and the CREATE is opened as what it is. */
static void test_a_file_comes_between(void)
{
    mount();
    spoil_next(NFS3_LOOKUP, file_comes_between);
    CHECK(reads(opened("/it", CREATE), "another one's"));
    fake_nfs_remove("/it");
    spoil_next(NFS3_LOOKUP, file_comes_between);
    CHECK(reads(opened("/it", CREATE | FS_OPEN_TRUNCATE), ""));
    fake_nfs_remove("/it");
    spoil_next(NFS3_LOOKUP, file_comes_between);
    CHECK_EQUAL(open_path("/it", CREATE_NEW), FS_STATUS_EXISTS);
    spoil_next(NFS3_LOOKUP, directory_comes_between);
    CHECK_EQUAL(open_path("/there", CREATE), FS_STATUS_EXISTS);
    CHECK(!spoiled);
}

static void take_it_away(void *result)
{
    fake_nfs_remove("/it");
}

/* Nor is what somebody else takes away just then made a second time. */
static void test_a_new_file_is_taken_away(void)
{
    mount();
    fake_nfs.bare = true;
    spoil_next(NFS3_CREATE, take_it_away);
    CHECK_EQUAL(open_path("/it", CREATE), FS_STATUS_NOT_FOUND);
    spoil_next(NFS3_SETATTR, take_it_away);
    CHECK_EQUAL(open_path("/it", CREATE_NEW), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(fake_nfs.calls[NFS3_CREATE], 2);
}

static void test_long_paths(void)
{
    char path[200];
    uint64_t fds[64];
    uint32_t count = 0;

    mount();
    memset(path, 'p', sizeof(path) - 1);
    path[0] = '/';
    path[127] = '\0'; /* a short one, just */
    fake_nfs_make(path, NF3REG, "short");
    path[127] = 'p';
    path[128] = '\0';
    fake_nfs_make(path, NF3REG, "long");
    while (count < 64 && open_path(path, READ) == FS_STATUS_OK) {
        fds[count++] = last.open.fd;
    }
    CHECK(last.status == FS_STATUS_TOO_MANY_OPEN && count == 48);
    CHECK_EQUAL(on_path(FS_STAT, path), FS_STATUS_OK);
    path[127] = '\0';
    CHECK(reads(opened(path, READ), "short"));
    path[127] = 'p';
    fake_nfs.boot++; /* each is found again by its path */
    for (uint32_t i = 0; i < count; i++) {
        CHECK(reads(fds[i], "long"));
        close_file(fds[i]);
    }
    CHECK_EQUAL(open_path(path, READ), FS_STATUS_OK);
}

/* Two that were asked for while there is room for one more. */
static void test_the_last_long_path(void)
{
    char path[160];
    struct fs_request requests[2];

    mount();
    memset(path, 'p', sizeof(path) - 1);
    path[0] = '/';
    path[159] = '\0';
    fake_nfs_make(path, NF3REG, "long");
    for (uint32_t i = 0; i < 47; i++) {
        opened(path, READ);
    }
    fake_nfs.hangs = true;
    struct fs_command command = open_command(path, READ);
    issue(&requests[0], &command);
    issue(&requests[1], &command);
    fake_nfs.hangs = false;
    CHECK_EQUAL(await(&requests[0]), FS_STATUS_OK);
    CHECK_EQUAL(await(&requests[1]), FS_STATUS_TOO_MANY_OPEN);
}

/* -- directories -- */

static uint64_t listed(const char *path)
{
    CHECK_EQUAL(on_path(FS_OPENDIR, path), FS_STATUS_OK);
    return last.open.fd;
}

static const char *next_names(uint64_t fd)
{
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 4096), FS_STATUS_OK);
    return names();
}

static void make_listing(void)
{
    mount();
    fake_nfs_make("/d", NF3DIR, NULL);
    fake_nfs_make("/d/one", NF3REG, NULL);
    fake_nfs_make("/d/two", NF3REG, NULL);
    fake_nfs_make("/d/three", NF3REG, NULL);
    fake_nfs_make("/d/four", NF3REG, NULL);
    fake_nfs.entries = 2;
}

/* What is made or removed behind the place that a reader has reached is seen. */
static void test_a_directory_changes_while_it_is_read(void)
{
    make_listing();
    uint64_t fd = listed("/d");
    CHECK_TEXT(next_names(fd), "one two");
    fake_nfs_remove("/d/three");
    fake_nfs_remove("/d/one");
    fake_nfs_make("/d/five", NF3REG, NULL); /* in the place of `one` */
    fake_nfs_make("/d/six", NF3REG, NULL);  /* in that of `three` */
    CHECK_TEXT(next_names(fd), "six four");
    CHECK_TEXT(next_names(fd), "");
    CHECK_EQUAL(on_file(FS_REWINDDIR, fd, 0, 0), FS_STATUS_OK);
    CHECK_TEXT(next_names(fd), "five two");
}

/* A server whose cookies hold only for a directory as it was says so; from the beginning it can be read. Of another
 * open directory the verifier is another. */
static void test_a_strict_server(void)
{
    make_listing();
    fake_nfs.strict = true;
    uint64_t fd = listed("/d"), other = listed("/d");
    CHECK_TEXT(next_names(fd), "one two");
    fake_nfs_make("/d/five", NF3REG, NULL);
    CHECK_TEXT(next_names(other), "one two");
    CHECK_TEXT(next_names(other), "three four");
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 4096), FS_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(on_file(FS_REWINDDIR, fd, 0, 0), FS_STATUS_OK);
    CHECK_TEXT(next_names(fd), "one two");
    CHECK_TEXT(next_names(fd), "three four");
    CHECK_TEXT(next_names(fd), "five");
    CHECK_TEXT(next_names(fd), "");
}

static void test_a_directory_is_removed_while_it_is_read(void)
{
    make_listing();
    uint64_t fd = listed("/d");
    CHECK_TEXT(next_names(fd), "one two");
    fake_nfs_remove("/d");
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 4096), FS_STATUS_STALE);
    fake_nfs_make("/between", NF3DIR, NULL);
    fake_nfs_make("/d", NF3DIR, NULL);
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 4096), FS_STATUS_STALE); /* another one */
    CHECK_EQUAL(on_file(FS_CLOSEDIR, fd, 0, 0), FS_STATUS_OK);
}

static void test_listings_of_little_room(void)
{
    make_listing();
    uint64_t fd = listed("/d");
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 8), FS_STATUS_INVALID_BUFFER);
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 24), FS_STATUS_OK);
    CHECK_TEXT(names(), "one");
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 40), FS_STATUS_OK);
    CHECK_TEXT(names(), "two");
    CHECK_EQUAL(on_file(FS_TELLDIR, fd, 0, 0), FS_STATUS_OK);
    uint64_t position = last.position;
    CHECK_TEXT(next_names(fd), "three four");
    CHECK_EQUAL(on_file(FS_SEEKDIR, fd, position, 0), FS_STATUS_OK);
    CHECK_TEXT(next_names(fd), "three four");
}

static entryplus3 *entries_of(void *result)
{
    return ((READDIRPLUS3res *)result)->READDIRPLUS3res_u.resok.reply.entries;
}

static char odd_name[400];

static void give_odd_name(void *result)
{
    entries_of(result)->nextentry->nextentry->name = odd_name; /* behind "." and ".." */
}

static void repeat_cookie(void *result)
{
    for (entryplus3 *entry = entries_of(result); entry; entry = entry->nextentry) {
        entry->cookie = 5;
    }
}

static void give_nothing(void *result)
{
    dirlistplus3 *list = &((READDIRPLUS3res *)result)->READDIRPLUS3res_u.resok.reply;

    list->entries = NULL;
    list->eof = false;
}

static void test_nonsense_in_listings(void)
{
    static const char *const odd[] = {"", "/", "a/b", "../../etc", "."};

    make_listing();
    fake_nfs.entries = 0;
    uint64_t fd = listed("/d");
    for (uint32_t i = 0; i <= sizeof(odd) / sizeof(odd[0]); i++) {
        memset(odd_name, 'x', 300);
        if (i < sizeof(odd) / sizeof(odd[0])) {
            strcpy(odd_name, odd[i]);
        }
        spoil_next(NFS3_READDIRPLUS, give_odd_name);
        CHECK_TEXT(next_names(fd), "two three four");
        CHECK_EQUAL(on_file(FS_REWINDDIR, fd, 0, 0), FS_STATUS_OK);
    }
    fake_nfs.entries = 3;
    CHECK_TEXT(next_names(fd), "one");
    CHECK_EQUAL(on_file(FS_TELLDIR, fd, 0, 0), FS_STATUS_OK);
    CHECK_EQUAL(last.position, 5);
    spoil_next(NFS3_READDIRPLUS, repeat_cookie);
    CHECK_EQUAL(on_file(FS_READDIR, fd, 0, 4096), FS_STATUS_IO);
    spoil_next(NFS3_READDIRPLUS, give_nothing);
    CHECK_TEXT(next_names(fd), "");
    CHECK_TEXT(next_names(fd), "two three four");
}

static const struct fs_nfs_case cases[] = {
    {"conformance", test_conformance},
    {"conformance_of_little", test_conformance_of_little},
    {"conformance_of_losses", test_conformance_of_losses},
    {"replies_to_reads", test_replies_to_reads},
    {"replies_to_writes", test_replies_to_writes},
    {"sizes_of_calls", test_sizes_of_calls},
    {"statuses", test_statuses},
    {"access", test_access},
    {"a_file_comes_between", test_a_file_comes_between},
    {"a_new_file_is_taken_away", test_a_new_file_is_taken_away},
    {"long_paths", test_long_paths},
    {"the_last_long_path", test_the_last_long_path},
    {"a_directory_changes_while_it_is_read", test_a_directory_changes_while_it_is_read},
    {"a_strict_server", test_a_strict_server},
    {"a_directory_is_removed_while_it_is_read", test_a_directory_is_removed_while_it_is_read},
    {"listings_of_little_room", test_listings_of_little_room},
    {"nonsense_in_listings", test_nonsense_in_listings},
};

int main(int argc, char **argv)
{
    return RUN_CASES(argc, argv, cases);
}

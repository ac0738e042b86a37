/* tests/unit/fs_nfs_walk.c: paths on their way to handles: names, links, what is remembered of directories, and what
 * somebody else does to them meanwhile.
 */
#include <string.h>

#include "tests/unit/fs_nfs_program.h"

/* Calls that an open of `path` takes. */
static uint32_t lookups_of(const char *path)
{
    uint32_t before = fake_nfs.calls[NFS3_LOOKUP];

    close_file(opened(path, READ));
    return fake_nfs.calls[NFS3_LOOKUP] - before;
}

static void make_tree(void)
{
    mount();
    fake_nfs_make("/a", NF3DIR, NULL);
    fake_nfs_make("/a/b", NF3DIR, NULL);
    fake_nfs_make("/a/b/c", NF3DIR, NULL);
    fake_nfs_make("/a/b/c/file", NF3REG, "here");
    fake_nfs_make("/a/b/other", NF3REG, "other");
}

/* A LOOKUP for each name, one while its directory is remembered. */
static void test_directories_are_remembered(void)
{
    make_tree();
    CHECK_EQUAL(lookups_of("/a/b/c/file"), 4);
    CHECK_EQUAL(lookups_of("/a/b/c/file"), 1);
    CHECK_EQUAL(lookups_of("/a/b/other"), 1);
    CHECK_EQUAL(lookups_of("/a/./b//c/../other"), 1);
    pass_until(pd_now_ns() + 6 * S);
    CHECK_EQUAL(lookups_of("/a/b/other"), 3);
    CHECK_EQUAL(lookups_of("/a/b/c/file"), 2);
}

/* A name that a remembered directory has not is looked for once more, from the root: the directory may be another one. */
static void test_a_directory_is_replaced(void)
{
    make_tree();
    CHECK_EQUAL(lookups_of("/a/b/c/file"), 4);
    fake_nfs_rename("/a/b", "/a/old");
    fake_nfs_make("/a/b", NF3DIR, NULL);
    fake_nfs_make("/a/b/new", NF3REG, "new");
    CHECK(reads(opened("/a/b/new", READ), "new"));
    CHECK_EQUAL(open_path("/a/b/c/file", READ), FS_STATUS_NOT_FOUND);
}

/* One that was removed, and made anew: its handle is stale, whatever is asked in it. */
static void test_a_directory_is_made_anew(void)
{
    static const struct {
        enum fs_command_type type;
        const char *path, *other;
        uint32_t flags;
    } commands[] = {
        {FS_OPEN, "/d/file", NULL, READ}, {FS_OPEN, "/d/new", NULL, CREATE}, {FS_OPEN, "/d/new", NULL, CREATE_NEW},
        {FS_STAT, "/d/file", NULL, 0},    {FS_MKDIR, "/d/new", NULL, 0},     {FS_REMOVE, "/d/file", NULL, 0},
        {FS_RMDIR, "/d/sub", NULL, 0},    {FS_OPENDIR, "/d/sub", NULL, 0},   {FS_RENAME, "/d/file", "/d/new", 0},
        {FS_RENAME, "/top", "/d/new", 0}, {FS_RENAME, "/d/file", "/top", 0},
    };

    mount();
    fake_nfs_make("/d", NF3DIR, NULL);
    for (uint32_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        on_path(FS_STAT, "/d/none"); /* it is remembered now */
        struct fs_command command = commands[i].other ? rename_command(commands[i].path, commands[i].other)
                                                      : path_command(commands[i].type, commands[i].path);
        command.flags = commands[i].flags;
        fake_nfs_remove("/d");
        fake_nfs_make("/between", NF3DIR, NULL); /* in its place, so that handles differ */
        fake_nfs_make("/d", NF3DIR, NULL);
        fake_nfs_make("/d/file", NF3REG, "x");
        fake_nfs_make("/d/sub", NF3DIR, NULL);
        fake_nfs_make("/top", NF3REG, "t");
        uint32_t connections = fake_nfs.connections;
        if (run(&command) != FS_STATUS_OK) {
            FAIL("command %u: %u", i, (uint32_t)last.status);
        }
        CHECK_EQUAL(fake_nfs.connections, connections); /* the mount is not in doubt */
        for (uint32_t n = 1; n < FAKE_NFS_NODES; n++) {
            fake_nfs.nodes[n].alive = false;
        }
        fake_nfs_make("/d", NF3DIR, NULL);
    }
}

/* One with a path too long to be remembered is found all the same. */
static void test_a_deep_directory(void)
{
    char path[300] = "";

    mount();
    for (uint32_t i = 0; i < 10; i++) {
        sprintf(path + strlen(path), "/directory_number_%u_", i);
        fake_nfs_make(path, NF3DIR, NULL);
    }
    CHECK(strlen(path) > 192);
    strcat(path, "/file");
    fake_nfs_make(path, NF3REG, "deep");
    CHECK_EQUAL(lookups_of(path), 11);
    CHECK_EQUAL(lookups_of(path), 2);
}

static void test_links(void)
{
    char name[16], target[16];

    make_tree();
    fake_nfs_make("/relative", NF3LNK, "a/b/other");
    fake_nfs_make("/a/up", NF3LNK, "../relative");
    fake_nfs_make("/a/sideways", NF3LNK, "b/./c/../other");
    fake_nfs_make("/directory", NF3LNK, "a/b/");
    fake_nfs_make("/absolute", NF3LNK, "/srv/a/b/other");
    fake_nfs_make("/root", NF3LNK, "/srv");
    fake_nfs_make("/elsewhere", NF3LNK, "/srvx/other");
    fake_nfs_make("/out", NF3LNK, "../../etc/passwd");
    fake_nfs_make("/a/b/out", NF3LNK, "../../../x");
    fake_nfs_make("/dangling", NF3LNK, "a/none");
    fake_nfs_make("/into_nothing", NF3LNK, "none/none");
    fake_nfs_make("/slashed", NF3LNK, "a/b/other/");
    static const char *const good[] = {"/relative",
                                       "/a/up",
                                       "/a/sideways",
                                       "/directory/other",
                                       "/absolute",
                                       "/root/a/b/other",
                                       "/root/root/directory/other"};
    for (uint32_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_CASE(reads(opened(good[i], READ), "other"), good[i]);
    }
    CHECK_EQUAL(open_path("/elsewhere", READ), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(open_path("/out", READ), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/a/b/out", READ), FS_STATUS_ACCESS);
    CHECK_EQUAL(open_path("/dangling", READ), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(open_path("/slashed", READ), FS_STATUS_NOT_DIRECTORY);
    CHECK_EQUAL(open_path("/relative/x", READ), FS_STATUS_NOT_DIRECTORY);
    CHECK_EQUAL(open_path("/into_nothing", CREATE), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(on_path(FS_OPENDIR, "/directory"), FS_STATUS_OK);
    /* A new file through a link lies where it leads; but not an exclusive one. */
    CHECK_EQUAL(open_path("/dangling", CREATE_NEW), FS_STATUS_EXISTS);
    CHECK(fake_nfs_find("/a/none") == FAKE_NFS_NODES);
    CHECK_EQUAL(open_path("/dangling", CREATE), FS_STATUS_OK);
    CHECK(fake_nfs_find("/a/none") < FAKE_NFS_NODES);
    CHECK_EQUAL(open_path("/", CREATE_NEW), FS_STATUS_EXISTS);
    /* A link itself is what is removed and renamed. */
    CHECK_EQUAL(rename_path("/relative", "/renamed"), FS_STATUS_OK);
    CHECK_EQUAL(on_path(FS_REMOVE, "/renamed"), FS_STATUS_OK);
    CHECK_EQUAL(on_path(FS_RMDIR, "/directory"), FS_STATUS_NOT_DIRECTORY);
    CHECK_EQUAL(on_path(FS_MKDIR, "/dangling"), FS_STATUS_EXISTS);
    CHECK(fake_nfs_holds("/a/b/other", "other"));
    /* Forty of them, and no more; nor one that leads to itself. */
    fake_nfs_make("/link0", NF3REG, "other");
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof(name), "/link%d", i);
        snprintf(target, sizeof(target), "link%d", i - 1);
        fake_nfs_make(name, NF3LNK, target);
    }
    fake_nfs_make("/ring", NF3LNK, "ring");
    CHECK(reads(opened("/link40", READ), "other"));
    CHECK_EQUAL(open_path("/link41", READ), FS_STATUS_LOOP);
    CHECK_EQUAL(open_path("/ring", READ), FS_STATUS_LOOP);
    CHECK_EQUAL(on_path(FS_MKDIR, "/ring/x"), FS_STATUS_LOOP);
}

static void test_links_of_great_length(void)
{
    char target[2900];

    mount();
    memset(target, 'x', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    fake_nfs_make("/name", NF3LNK, target);
    for (uint32_t i = 0; i < sizeof(target) - 1; i += 100) {
        target[i] = '/';
    }
    fake_nfs_make("/path", NF3LNK, target);
    target[FS_PATH_MAX - 1] = '\0';
    fake_nfs_make("/just", NF3LNK, target + 1); /* with the slash before it as long as can be */
    target[FS_PATH_MAX - 2] = '\0';
    fake_nfs_make("/fits", NF3LNK, target + 1);
    CHECK_EQUAL(open_path("/name", READ), FS_STATUS_INVALID_PATH);
    CHECK_EQUAL(open_path("/path", READ), FS_STATUS_INVALID_PATH);
    CHECK_EQUAL(open_path("/just", READ), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(open_path("/just/x", READ), FS_STATUS_INVALID_PATH);
    CHECK_EQUAL(open_path("/fits/x", READ), FS_STATUS_NOT_FOUND);
    CHECK_EQUAL(open_path("/fits/xx", READ), FS_STATUS_INVALID_PATH);
    memset(target, 'x', 300);
    target[300] = '\0';
    fake_nfs_make("/long_name", NF3LNK, target);
    CHECK_EQUAL(open_path("/long_name", READ), FS_STATUS_NAME_TOO_LONG);
}

static void test_the_root(void)
{
    mount();
    CHECK_EQUAL(on_path(FS_STAT, "/"), FS_STATUS_OK);
    CHECK_EQUAL(stat_result().mode & 0170000, 0040000);
    CHECK_EQUAL(on_path(FS_OPENDIR, "/"), FS_STATUS_OK);
    CHECK_EQUAL(open_path("/", READ), FS_STATUS_IS_DIRECTORY);
    CHECK_EQUAL(on_path(FS_MKDIR, "/"), FS_STATUS_EXISTS);
    CHECK_EQUAL(on_path(FS_RMDIR, "/"), FS_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(on_path(FS_REMOVE, "/x/.."), FS_STATUS_INVALID_ARGUMENT);
    CHECK_EQUAL(on_path(FS_REMOVE, "/"), FS_STATUS_IS_DIRECTORY);
    CHECK_EQUAL(rename_path("/", "/x"), FS_STATUS_INVALID_ARGUMENT);
    fake_nfs_make("/x", NF3REG, "x");
    CHECK_EQUAL(rename_path("/x", "/y/.."), FS_STATUS_INVALID_ARGUMENT);
}

/* Between two calls of one command somebody else does this. */
static uint32_t after; /* this procedure, once */
static void (*then)(void);

static int meddle(uint32_t procedure)
{
    return procedure == after && then ? FAKE_NFS_ODD : FAKE_NFS_ANSWER;
}

static void on_meddle(uint32_t procedure, void *result)
{
    void (*once)(void) = then;

    then = NULL;
    once();
}

static void meddle_after(uint32_t procedure, void (*what)(void))
{
    after = procedure;
    then = what;
    fake_nfs.judge = meddle;
    fake_nfs.spoil = on_meddle;
}

static void remove_it(void)
{
    fake_nfs_remove("/it");
}

static void replace_it(void)
{
    fake_nfs_make("/new", NF3REG, "the new one");
    fake_nfs_rename("/new", "/it");
}

/* A name that goes away between two calls is not found, and not more than that; the mount stays. */
static void test_names_that_vanish(void)
{
    mount();
    uint32_t connections = fake_nfs.connections;
    fake_nfs_make("/it", NF3LNK, "elsewhere");
    meddle_after(NFS3_LOOKUP, remove_it); /* before READLINK */
    CHECK_EQUAL(open_path("/it", READ), FS_STATUS_NOT_FOUND);
    fake_nfs.nodes[fake_nfs_make("/it", NF3REG, "x")].mode = 0600;
    meddle_after(NFS3_LOOKUP, remove_it); /* before ACCESS */
    CHECK_EQUAL(open_path("/it", READ), FS_STATUS_NOT_FOUND);
    fake_nfs_make("/it", NF3REG, "x");
    meddle_after(NFS3_ACCESS, remove_it); /* before SETATTR */
    CHECK_EQUAL(open_path("/it", WRITE | FS_OPEN_TRUNCATE), FS_STATUS_NOT_FOUND);
    fake_nfs.nodes[fake_nfs_make("/it", NF3REG, "x")].mode = 0400;
    meddle_after(NFS3_ACCESS, remove_it); /* before the SETATTR that only asks */
    CHECK_EQUAL(open_path("/it", WRITE), FS_STATUS_NOT_FOUND);
    fake_nfs.bare = true;
    fake_nfs_make("/it", NF3REG, "x");
    meddle_after(NFS3_LOOKUP, remove_it); /* before GETATTR */
    CHECK_EQUAL(on_path(FS_STAT, "/it"), FS_STATUS_NOT_FOUND);
    CHECK(!then && fake_nfs.connections == connections);
}

/* One that means another file at each moment is opened as one of them. */
static void test_names_that_change(void)
{
    mount();
    uint32_t connections = fake_nfs.connections;
    fake_nfs.nodes[fake_nfs_make("/it", NF3REG, "x")].mode = 0600;
    meddle_after(NFS3_LOOKUP, replace_it);
    CHECK(reads(opened("/it", READ), "the new one"));
    fake_nfs_make("/new", NF3REG, "x");
    fake_nfs_rename("/new", "/it");
    meddle_after(NFS3_ACCESS, replace_it);
    CHECK(reads(opened("/it", WRITE | FS_OPEN_TRUNCATE), ""));
    fake_nfs_remove("/it");
    fake_nfs_make("/it", NF3LNK, "elsewhere");
    meddle_after(NFS3_LOOKUP, replace_it);
    CHECK(reads(opened("/it", READ), "the new one"));
    CHECK(!then && fake_nfs.connections == connections);
}

/* The server comes back with other handles for the same files: mounted again, and what is open goes on. */
static void test_other_handles(void)
{
    mount();
    fake_nfs_make("/d", NF3DIR, NULL);
    fake_nfs_make("/d/file", NF3REG, "here");
    uint64_t fd = opened("/d/file", WRITE);
    CHECK_EQUAL(on_path(FS_OPENDIR, "/d"), FS_STATUS_OK);
    uint64_t directory = last.open.fd;
    fake_nfs.boot++;
    CHECK(reads(fd, "here"));
    CHECK(strstr(fake_nfs_console(), "the root directory is another one now: mounting it again"));
    fake_nfs.boot++;
    CHECK_EQUAL(on_path(FS_STAT, "/d/file"), FS_STATUS_OK);
    fake_nfs.boot++;
    CHECK_EQUAL(write_text(fd, "THERE"), FS_STATUS_OK);
    CHECK(fake_nfs_holds("/d/file", "THERE"));
    fake_nfs.boot++;
    CHECK_EQUAL(on_file(FS_READDIR, directory, 0, 4096), FS_STATUS_OK);
    CHECK_TEXT(names(), "file");
    fake_nfs.boot++;
    CHECK_EQUAL(on_path(FS_MKDIR, "/d/new"), FS_STATUS_OK);
}

/* An open file that is gone, or whose name is another one's, is stale. */
static void test_stale_files(void)
{
    mount();
    fake_nfs_make("/gone", NF3REG, "x");
    fake_nfs_make("/it", NF3REG, "x");
    fake_nfs_make("/again", NF3REG, "x");
    uint64_t gone = opened("/gone", WRITE), replaced = opened("/it", WRITE), again = opened("/again", WRITE);
    fake_nfs_remove("/again");
    fake_nfs_make("/again", NF3REG, "another one with its number");
    fake_nfs_remove("/gone");
    replace_it();
    static const enum fs_command_type types[] = {FS_READ, FS_WRITE, FS_FSTAT, FS_FILE_SIZE, FS_TRUNCATE};
    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        CHECK_EQUAL(on_file(types[i], gone, 0, 100), FS_STATUS_STALE);
        CHECK_EQUAL(on_file(types[i], replaced, 0, 100), FS_STATUS_STALE);
        CHECK_EQUAL(on_file(types[i], again, 0, 100), FS_STATUS_STALE);
    }
    CHECK(fake_nfs_holds("/it", "the new one"));
    CHECK(fake_nfs_holds("/again", "another one with its number"));
    close_file(gone);
    close_file(replaced);
    close_file(again);
}

static int always_stale(uint32_t procedure)
{
    return procedure == NFS3_LOOKUP ? NFS3ERR_STALE : FAKE_NFS_ANSWER;
}

/* A server to which every handle is stale is asked again, but not again and again. */
static void test_all_is_stale(void)
{
    mount();
    fake_nfs_make("/it", NF3REG, "x");
    fake_nfs.judge = always_stale;
    CHECK_EQUAL(open_path("/it", READ), FS_STATUS_STALE);
    CHECK_EQUAL(on_path(FS_MKDIR, "/new"), FS_STATUS_STALE);
    CHECK(fake_nfs.connections < 10);
    CHECK_EQUAL(fs_server_counts(0).jobs, 0);
}

/* Handles that NFSv3 does not know. */
static void long_handle(uint32_t procedure, void *result)
{
    static char bytes[65];

    if (procedure == NFS3_LOOKUP) {
        ((LOOKUP3res *)result)->LOOKUP3res_u.resok.object = (nfs_fh3){.data = {65, bytes}};
    } else {
        ((CREATE3res *)result)->CREATE3res_u.resok.obj.post_op_fh3_u.handle = (nfs_fh3){.data = {65, bytes}};
    }
}

static int give_long_handle(uint32_t procedure)
{
    return procedure == after ? FAKE_NFS_ODD : FAKE_NFS_ANSWER;
}

static void test_long_handles(void)
{
    mount();
    fake_nfs_make("/it", NF3REG, "x");
    fake_nfs.judge = give_long_handle;
    fake_nfs.spoil = long_handle;
    after = NFS3_LOOKUP;
    CHECK_EQUAL(open_path("/it", READ), FS_STATUS_IO);
    after = NFS3_CREATE;
    CHECK_EQUAL(open_path("/new", CREATE), FS_STATUS_IO);
    CHECK_EQUAL(open_path("/other", CREATE_NEW), FS_STATUS_IO);
    CHECK_EQUAL(fs_server_counts(0).open_files, 0);
}

static void test_handles_as_long_as_can_be(void)
{
    fake_nfs.handle_size = NFS3_FHSIZE;
    make_tree();
    CHECK(reads(opened("/a/b/c/file", READ), "here"));
}

static const struct fs_nfs_case cases[] = {
    {"directories_are_remembered", test_directories_are_remembered},
    {"a_directory_is_replaced", test_a_directory_is_replaced},
    {"a_directory_is_made_anew", test_a_directory_is_made_anew},
    {"a_deep_directory", test_a_deep_directory},
    {"links", test_links},
    {"links_of_great_length", test_links_of_great_length},
    {"the_root", test_the_root},
    {"names_that_vanish", test_names_that_vanish},
    {"names_that_change", test_names_that_change},
    {"other_handles", test_other_handles},
    {"stale_files", test_stale_files},
    {"all_is_stale", test_all_is_stale},
    {"long_handles", test_long_handles},
    {"handles_as_long_as_can_be", test_handles_as_long_as_can_be},
};

int main(int argc, char **argv)
{
    return RUN_CASES(argc, argv, cases);
}

/* tests/unit/fake_files.h: fs/client.h, fs/mount.h, timer/client.h and what http/cache needs of net/ip, played by a
 * test.
 *
 * Commands wait until the test has them answered, in any order, with what the files are by then. A byte of a file is
 * told by its inode, its modification time and its place.
 */
#ifndef FAKE_FILES_H
#define FAKE_FILES_H

#include "fs/client.h"
#include "tests/unit/fake_microkit.h"

#define FAKE_FILES_MAX 512
#define FAKE_OPEN_MAX 256
#define FAKE_RING 128
#define FAKE_BLOCKS_MAX 64

enum fake_kind { FAKE_FILE, FAKE_DIRECTORY, FAKE_DEVICE };

struct fake_file {
    char path[1100];
    enum fake_kind kind;
    uint64_t size, inode, mtime_ns;
    uint64_t wrong_size; /* what its attributes say instead, or 0 */
    uint32_t mode;
    bool there;
};

extern struct fake_world {
    struct fake_file files[FAKE_FILES_MAX];
    uint32_t file_count, open_max;
    struct fake_open {
        bool open;
        uint64_t inode, generation;
        uint32_t position; /* of a folder: the next of `files` */
    } opened[FAKE_OPEN_MAX];
    struct {
        struct fs_request *request;
        struct fs_command command;
    } pending[FAKE_RING];
    uint32_t pending_count, ring; /* commands that may be under way */
    uint32_t restarts, open_now, invalid_fds;
    bool mount_asked, tells_no_times;
    const uint8_t *records; /* what FS_READDIR gives in place of the files there, once; */
    uint32_t records_length;
    uint64_t now;
    const uint8_t *named; /* a descriptor names this much of the share */
    size_t named_size;
    uint32_t counts[FS_COMMAND_TYPES];
    uint8_t *share;
    uint32_t blocks, blocks_out;
} fake_world;

extern const struct region fake_index; /* for cache_init() */
#define FAKE_ENTRIES (10 * 512)        /* names that it has room for */

void fake_world_init(uint32_t blocks);

struct fake_file *fake_put(const char *path, uint64_t size); /* anew, or another one in the place of that one */
struct fake_file *fake_find(const char *path);
uint8_t fake_byte(uint64_t inode, uint64_t mtime_ns, uint64_t offset);

/* Answer a command: as the files are, or with this status. */
void fake_answer(uint32_t index, enum fs_status status);
void fake_answer_all(void);                /* as the files are, also what is asked meanwhile */
void fake_fail_all(enum fs_status status); /* those that wait now */
void fake_restart(void);                   /* the server; the mount's outcome comes at once */
void fake_mounted(void);
void fake_event(void);       /* others' commands have been answered */
void fake_pass(uint64_t ns); /* time, with its timers */
void fake_unname(void);      /* no descriptor names anything any more */

#endif

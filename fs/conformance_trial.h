/* fs/conformance_trial.h: one command after another, each waited for, and what came of it checked. */
#ifndef FS_CONFORMANCE_TRIAL_H
#define FS_CONFORMANCE_TRIAL_H

#include "fs/client.h"
#include "fs/conformance.h"

enum block { PATHS, ATTRIBUTES, DATA };

struct trial {
    const struct fs_conformance *environment;
    struct fs_conformance_result result;
    uint8_t *blocks[3]; /* paths and names; attributes; data */
    struct fs_completion last;
    char path[2][FS_PATH_MAX + 1];
};
extern struct trial trial;

/* A check that fails names its place, what was expected and what came. */
void trial_check(const char *file, int line, const char *what, uint64_t got, uint64_t expected);
#define EQUAL(got, expected) trial_check(__FILE__, __LINE__, #got, (uint64_t)(got), (uint64_t)(expected))
#define STATUS(call, expected) EQUAL(call, FS_STATUS_##expected)
#define TRUE(condition) trial_check(__FILE__, __LINE__, #condition, (condition) != 0, 1)

void trial_await(struct fs_request *request);
/* Waits for the reply, which is trial.last then. */
enum fs_status trial_run(const struct fs_command *command);

/* A name below the directory under test; two at a time, for rename. */
const char *trial_at(const char *name);
struct fs_buffer trial_in_paths(uint32_t offset, const char *text);
struct fs_buffer trial_attributes(void);
struct fs_stat trial_stat_result(void); /* what a reply left in trial_attributes() */

/* Commands by the kind of their arguments. */
enum fs_status trial_on_path(enum fs_command_type type, const char *path);
enum fs_status trial_open_path(const char *path, uint32_t flags);
enum fs_status trial_rename_paths(const char *from, const char *to);
enum fs_status trial_on_fd(enum fs_command_type type, uint64_t fd, uint64_t position);
enum fs_status trial_transfer(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size);

/* Files with a text. */
enum fs_status trial_write_text(uint64_t fd, uint64_t position, const char *text);
/* Whether `size` bytes read at `position` are this text. */
bool trial_reads(uint64_t fd, uint64_t position, uint64_t size, const char *text);
uint64_t trial_opened(const char *name, uint32_t flags);
void trial_make_file(const char *name, const char *text);
bool trial_holds(const char *name, const char *text);

/* What has to be refused: fs/conformance_refusals.c. */
void fs_conformance_refusals(void);

#endif

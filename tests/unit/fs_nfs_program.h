/* tests/unit/fs_nfs_program.h: a program that uses the file server of fs/nfs over a played libnfs (tests/unit/fake_nfs.h):
 * commands, each waited for while time goes from one deadline to the next.
 */
#ifndef FS_NFS_PROGRAM_H
#define FS_NFS_PROGRAM_H

#include "fs/server.h"
#include "tests/unit/fake_nfs.h"
#include "tests/unit/fs_pair.h"
#include "tests/unit/in_turn.h"

#define MS 1000000ull
#define S (1000 * MS)

/* Flags of an open. */
#define READ FS_OPEN_READ
#define WRITE (FS_OPEN_READ | FS_OPEN_WRITE)
#define CREATE (WRITE | FS_OPEN_CREATE)
#define CREATE_NEW (CREATE | FS_OPEN_EXCLUSIVE)

/* Both sides anew, and an empty server that hangs; after mount() the files can be had. */
void begin(void);
void mount(void);

void pass_time(void); /* to the next deadline */
void pass_until(uint64_t ns);
void pass_time_if_idle(void); /* if nothing else happens */
bool time_stands(void);       /* there is no deadline */

/* Commands as they are, and as they were answered. */
extern struct fs_completion last;
struct fs_command path_command(enum fs_command_type type, const char *path);
struct fs_command open_command(const char *path, uint32_t flags);
struct fs_command rename_command(const char *from, const char *to);
struct fs_command file_command(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size);
void issue(struct fs_request *request, const struct fs_command *command);
enum fs_status await(struct fs_request *request);
enum fs_status run(const struct fs_command *command);

/* The same, carried out. */
enum fs_status on_path(enum fs_command_type type, const char *path);
enum fs_status open_path(const char *path, uint32_t flags);
enum fs_status rename_path(const char *from, const char *to);
enum fs_status on_file(enum fs_command_type type, uint64_t fd, uint64_t position, uint64_t size);
enum fs_status write_text(uint64_t fd, const char *content);
uint64_t opened(const char *path, uint32_t flags); /* its fd */
bool reads(uint64_t fd, const char *content);      /* all of the file */
void close_file(uint64_t fd);

struct fs_stat stat_result(void);
uint8_t *data(void); /* of a command on a file */

/* The names that a listing has told, with a blank between them. */
const char *names(void);

/* What a test's main() returns. */
struct fs_nfs_case {
    const char *name;
    void (*run)(void);
};
int run_cases(int argc, char **argv, const struct fs_nfs_case *cases, uint32_t count);
#define RUN_CASES(argc, argv, cases) run_cases(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]))

#endif

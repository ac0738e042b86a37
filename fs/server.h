/* fs/server.h: what every file server needs once. The core takes commands from its clients' rings, checks every path,
 * buffer, fd and flag by one checker, keeps the table of open files, and answers each command exactly once. A server
 * supplies operations, which see only what has been checked, and end each job with fs_server_done(), at once or later.
 *
 * Clients: each has its rings, its share, its open files, and places among the jobs that nobody else can take; the rest
 * of the places are for all, in turn. What one of them does, also lie, flood or restart, changes nothing for another.
 *
 * Order: commands on different files, or on one open file, may be answered in any order, with two exceptions that the
 * core keeps: a close waits until the file's jobs are done, and commands on one open directory are done one after the
 * other.
 */
#ifndef FS_SERVER_H
#define FS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/config.h"

#define FS_JOBS_MAX 32   /* commands being worked on, of all clients; the rest wait for a place */
#define FS_FILES_MAX 256 /* open files and directories, of all clients */

struct fs_open_file;
struct fs_server_client;

/* One command on its way. The first part is for the operation to read, the second for it to fill in before
 * FS_STATUS_OK. */
struct fs_job {
    uint32_t index;  /* 0..FS_JOBS_MAX-1, for a server's own array beside this one */
    uint32_t client; /* 0..fs_server_clients()-1, for what a server shares out among them */
    enum fs_command_type type;
    uint32_t flags;               /* FS_OPEN: enum fs_open_flags, a combination that makes sense */
    const char *path;             /* absolute, without ".", ".." and empty names, terminated; "/" is the root */
    const char *other;            /* FS_RENAME: the new path */
    bool path_slash, other_slash; /* a slash stood behind it: it names a directory (fs/proto.h) */
    uint64_t position;   /* FS_READ, FS_WRITE, FS_READDIR: where in the file or directory; FS_TRUNCATE: the size */
    uint64_t size;       /* FS_READ, FS_WRITE, FS_READDIR: bytes of data */
    uint64_t arrived_ns; /* pd_now_ns() when the core saw the command first, perhaps long before it had a job */
    bool unless_away;    /* it does not wait for files that are out of reach: FS_STATUS_UNREACHABLE at once */

    void *file;          /* what FS_OPEN and FS_OPENDIR fill in and all commands on that fd find */
    uint64_t length;     /* FS_WRITE: bytes written; FS_READ, FS_READDIR: kept by fs_server_put and fs_server_dirent */
    struct fs_stat stat; /* FS_OPEN, FS_STAT, FS_FSTAT, FS_FILE_SIZE; FS_READ: mtime_ns, 0 where it is not known */

    /* The core's. */
    struct fs_command command;
    struct fs_server_client *owner;
    struct fs_open_file *open_file;
    struct fs_job *next;
    uint8_t *data;
    bool busy, abandoned;
    char paths[2][FS_PATH_MAX + 2];
};

typedef void fs_operation(struct fs_job *job);

/* Operations by command type. FS_CLOSE, FS_CLOSEDIR, FS_SEEKDIR, FS_TELLDIR, FS_REWINDDIR and FS_DEINITIALISE are the
 * core's own; FS_FILE_SIZE is FS_FSTAT to a server. Any other that is missing answers FS_STATUS_READ_ONLY. */
struct fs_server_operations {
    fs_operation *operation[FS_COMMAND_TYPES];
    void (*release)(void *file, bool directory); /* the last use of what open or opendir made */
    /* After a restart of this PD, for what was open before: whether it still is what open or opendir made, which then has
     * to lie in memory that stays. NULL: nothing is kept. */
    bool (*adopt)(void *file, bool directory);
};

/* From init(), which ends in pd_flush(). */
void fs_server_init(const struct fs_server_config *config, const struct fs_server_operations *operations);
uint32_t fs_server_clients(void); /* how many the description names */

/* Exactly once for each job; the job is not the caller's any more. */
void fs_server_done(struct fs_job *job, enum fs_status status);

/* FS_READ: copy into the client's buffer, `offset` bytes from its start; all of it lies inside. No effect for a client
 * that has restarted meanwhile. `length` of the job becomes the end of the furthest byte. */
void fs_server_put(struct fs_job *job, uint64_t offset, const void *bytes, uint64_t length);

/* FS_WRITE: the client's bytes, which it may still change. NULL for a client that has restarted meanwhile, also since
 * the job was begun. */
const void *fs_server_data(const struct fs_job *job);

/* FS_READDIR: one more record; false: no room for it, end the job with what is there. */
bool fs_server_dirent(struct fs_job *job, uint64_t next_position, uint32_t mode, const char *name,
                      uint32_t name_length);

/* The path as operations see it: without ".", ".." and empty names. `to` has room for length + 2. `slash`: it ends in a
 * slash, or in "/.". For servers that resolve symbolic links. */
enum fs_status fs_server_normalise(const char *from, uint64_t length, char *to, bool *slash);

/* Where the files lie is out of reach: until the server says otherwise, commands that come new and need it are answered
 * FS_STATUS_UNREACHABLE at once, but those of a client that waits (fs/config.h). What is under way or waits here is the
 * server's to end. */
void fs_server_away(bool away);

/* For tests and reports. */
struct fs_server_counts {
    uint64_t commands, refused; /* refused: answered by another status than FS_STATUS_OK */
    uint64_t nonsense;          /* commands that no honest client gives */
    uint64_t lies;              /* indices of a ring that cannot be */
    uint64_t lost;              /* completions for which a lying client's ring had no room */
    uint32_t open_files, jobs, waiting;
};
struct fs_server_counts fs_server_counts(uint32_t client);

#endif

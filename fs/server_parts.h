/* fs/server_parts.h: what the parts of a file server's core know of each other; for fs/server*.c alone.
 *
 *   server.c           a job from its command to its end, and whose turn it is
 *   server_clients.c   each client: its rings, and its commands that wait
 *   server_files.c     open files and directories, and the jobs that wait for one
 *   server_checks.c    what a command has to be like
 *   server_paths.c     paths
 *   server_replies.c   completions, and what goes into the share
 */
#ifndef FS_SERVER_PARTS_H
#define FS_SERVER_PARTS_H

#include "fs/server.h"
#include "lib/pd.h"

struct fs_server_client {
    struct fs_server_client *next; /* of a circle */
    const struct fs_server_client_config *config;
    uint32_t index;
    struct ring commands, completions;
    bool awake;                 /* its ring is not armed: something may lie in it */
    uint32_t left;              /* commands that may still be taken from it in this event */
    struct fs_waiting *waiting; /* a ring of FS_QUEUE_CAPACITY */
    uint32_t first_waiting, waiting_count;
    uint32_t jobs, writes, files; /* what it has of them, also what a former life of it left behind */
    bool mounted;
    struct fs_job *leaving; /* a deinitialise that waits for all others */
    struct fs_server_counts counts;
};

enum fs_file_state { FS_FILE_FREE, FS_FILE_OPENING, FS_FILE_OPEN, FS_FILE_CLOSING };

struct fs_open_file {
    struct fs_server_client *client;
    enum fs_file_state state;
    bool directory;
    bool abandoned;              /* its client has restarted */
    bool listed;                 /* among those of which a waiting job may be able to begin */
    uint32_t flags;              /* enum fs_open_flags */
    uint32_t generation;         /* of this entry, so that a stale fd is refused */
    uint32_t active;             /* jobs begun on it */
    uint64_t position;           /* of a directory */
    uint64_t read_by, read_from; /* of a directory: the last FS_READDIR, and where it began */
    uint64_t opened_by;          /* the command's id */
    uint64_t sum;                /* of what stays while it is open */
    void *file;                  /* the server's */
    struct fs_job *waiting, *waiting_last;
    struct fs_open_file *next;       /* free */
    struct fs_open_file *next_ready; /* listed */
};

/* -- clients -- */

void fs_server_clients_init(const struct fs_server_config *config, pd_handler *on_client, bool keeps);
struct fs_server_client *fs_server_client(uint32_t index);

/* An event begins: `client` has something to say; so may others, whose events come later. */
void fs_server_clients_wake(struct fs_server_client *client);

void fs_server_client_mounted(struct fs_server_client *client, bool mounted);
/* After a restart of this PD, of what may be a client: whether it goes on with what it had. */
bool fs_server_client_keeps(const struct fs_server_client *client);

/* The next command out of the ring. False: there is none, or it has had its part of this event. */
bool fs_server_client_get(struct fs_server_client *client, struct fs_command *command);

/* Whether the life in which it has given its commands goes on, as far as its ring says. Nothing of a former life may
 * end in the memory of a new one, of which the server has perhaps not heard yet. */
static inline bool fs_server_client_lives(const struct fs_server_client *client)
{
    return !ring_peer_restarted(&client->commands);
}

/* It has begun another life, on both rings, of which the server has not heard yet. */
static inline bool fs_server_client_restarted(const struct fs_server_client *client)
{
    return ring_pair_restarted(&client->commands, &client->completions);
}

/* Commands that wait for a job, in order. NULL: there are none. There has to be room for one more. */
const struct fs_waiting *fs_server_client_first(const struct fs_server_client *client);
void fs_server_client_drop_first(struct fs_server_client *client);
void fs_server_client_wait(struct fs_server_client *client, const struct fs_command *command);

/* It has restarted: nothing of it waits, and its rings are empty. */
void fs_server_client_forget(struct fs_server_client *client);

/* -- files -- */

void fs_server_files_init(const struct fs_server_operations *operations);
/* After a restart, when the clients are known: what they had open, where it is kept. */
void fs_server_files_adopt(void);
/* An open that is asked for again: what it has opened is its client's no more. */
void fs_server_file_forget(const struct fs_server_client *client, uint64_t opened_by);
uint64_t fs_server_file_fd(const struct fs_open_file *file);
struct fs_open_file *fs_server_file_at(const struct fs_server_client *client, uint64_t fd, bool directory);

/* NULL: it has as many open as it may. */
struct fs_open_file *fs_server_file_reserve(struct fs_server_client *client, bool directory, uint32_t flags);

/* A checked job on an open file: true: it may begin; else it waits, and comes out of fs_server_files_next(). */
bool fs_server_file_enter(struct fs_job *job);
struct fs_job *fs_server_files_next(void);

/* The job is over for its file: opened, closed, or one fewer at work on it. */
void fs_server_file_settle(struct fs_job *job, enum fs_status status);

/* What is not at work is released. The jobs that waited for a file are the caller's now, linked by `next`. */
struct fs_job *fs_server_files_abandon(struct fs_server_client *client);
/* All of its files, at which nothing is at work. */
void fs_server_files_release(struct fs_server_client *client);

/* FS_STATUS_OK, with the first part of the job filled in, or why not. */
enum fs_status fs_server_check(struct fs_job *job);

void fs_server_complete(struct fs_server_client *client, const struct fs_completion *completion);
void fs_server_reply(struct fs_job *job, enum fs_status status);

#endif

/* http/cache/files.h: what the cache asks the file server, and the files that it has open there. */
#ifndef HTTP_CACHE_FILES_H
#define HTTP_CACHE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/client.h"
#include "http/cache/cache.h"
#include "http/cache/pages.h"
#include "lib/list.h"

/* A path, and its fd if it has one. Part of what is known of the path; at first its path is set, the rest 0. */
struct cache_file {
    const char *path;
    uint64_t fd;
    struct cache_file *next; /* waits to be asked about */
    struct list_link opened; /* has an fd, in the order of use */
    uint32_t fd_restarts;    /* fs_client_restarts() when it was opened */
    uint32_t coming;         /* the owner's: reads that have no answer; while there are some the fd stays open */
    uint16_t path_length;
    bool has_fd;
    bool failed; /* the owner's: the file is another by now, nothing more is read from it */
    bool opens;  /* the question: to be opened, or only its attributes */
    bool spared; /* its answer can be done without: none is waited for while the files are out of reach */
};

/* A run of pages that a part of a file is read into. */
struct cache_fill {
    struct cache_run run;
    struct cache_file *file;
    struct cache_fill *next; /* waits to be asked for; or the owner's */
    uint32_t index;          /* of the part, in CACHE_BLOCK_SIZE bytes */
    uint32_t length;         /* bytes */
};

/* answered: to cache_files_ask(): attributes where the status is good; fd: of a file that was opened, or NULL.
 * filled: to cache_files_fill(): NULL: it was not asked for, the file has no fd (any more) or has failed. */
struct cache_files_handlers {
    void (*answered)(struct cache_file *file, enum fs_status status, const struct fs_stat *attributes,
                     const uint64_t *fd);
    void (*filled)(struct cache_fill *fill, const struct fs_completion *completion);
};

void cache_files_init(const struct cache_files_handlers *handlers); /* takes one block of the share */

/* One question at a time about a file. A handler may be called before these return. */
void cache_files_ask(struct cache_file *file, bool opens, bool spared);
void cache_files_fill(struct cache_fill *fill);

void cache_files_opened(struct cache_file *file, uint64_t fd); /* that is its fd; it has none */
void cache_files_close(struct cache_file *file);               /* its fd, if it has one */
void cache_files_close_unowned(uint64_t fd);
bool cache_files_close_idle(uint32_t keep); /* fds beyond `keep` that nothing is read from; whether any were */

void cache_files_counters(struct cache_counters *counters);

#endif

/* http/cache/revalidate.h: what the file server says of a path, and for how long that is fresh. */
#ifndef HTTP_CACHE_REVALIDATE_H
#define HTTP_CACHE_REVALIDATE_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/entries.h"

/* What the server is being asked about an entry. */
enum cache_question {
    CACHE_QUESTION_NONE,
    CACHE_QUESTION_STAT,   /* whether it is still what it was */
    CACHE_QUESTION_OPEN,   /* what it is, and of a file an fd */
    CACHE_QUESTION_REOPEN, /* an fd of a file that is still what it was */
};

void cache_revalidate_init(uint32_t fresh_ms, uint32_t stale_s);

/* The server is asked about it, unless it is already. */
void cache_revalidate(struct entry *entry);

/* Whether something is known that can be given though it is old: the server is silent or away. */
bool cache_revalidate_gives_old(const struct entry *entry);

/* For cache_files_init() and cache_reads_init(). */
void cache_revalidate_answered(struct cache_file *file, enum fs_status status, const struct fs_stat *attributes,
                               const uint64_t *fd);
void cache_revalidate_reopen(struct cache_content *content);

#endif

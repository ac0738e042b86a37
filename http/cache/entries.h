/* http/cache/entries.h: which paths are known: made, found, used, forgotten. What has changed (cache.h) is for
 * everyone to say. */
#ifndef HTTP_CACHE_ENTRIES_H
#define HTTP_CACHE_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/cache.h"
#include "http/cache/reads.h"
#include "http/cache/waiters.h"
#include "lib/list.h"

#define CACHE_PATH_SHORT 96 /* bytes; longer ones lie elsewhere */

struct entry {
    struct cache_content content; /* first */
    uint64_t inode;
    uint32_t mode, uid, gid;
    uint32_t hash;
    struct entry *next;    /* same hash */
    struct list_link idle; /* uses == 0: in the order of use */
    bool linked;           /* found by its path */

    /* revalidate.c's */
    bool known;             /* `content.seen` says something */
    bool overdue;           /* the server has not answered: what is here is given */
    bool retried;           /* this question, for want of an fd */
    uint8_t resets;         /* how often the server started anew, or could not be reached, during this question */
    uint8_t question;       /* enum cache_question */
    struct list_link asked; /* about */
    uint64_t asked_ns;
    struct cache_waiter *waiters;
    char short_path[CACHE_PATH_SHORT];
};

void cache_entries_init(uint32_t units);

uint32_t cache_entries_hash(const char *path, uint32_t length);
struct entry *cache_entries_find(const char *path, uint32_t length, uint32_t hash);
/* Found by its path, in use once, and nothing is known of it. NULL: all are in use. */
struct entry *cache_entries_new(const char *path, uint32_t length, uint32_t hash);
/* From here on nobody finds it; who holds it sees that it is not fresh. */
void cache_entries_unlink(struct entry *entry);

void cache_entries_use(struct entry *entry);
void cache_entries_unuse(struct entry *entry); /* the entry may be gone */

/* The file is not what the server said: nobody finds the entry any more, and what is missing of it cannot be had. The
 * next one that asks makes a new entry and asks again; after CACHE_TRIES in a row of which nothing could be read the
 * file is not read for CACHE_RETRY_NS. */
void cache_entries_fail(struct entry *entry);

/* For cache_reads_init(). */
void cache_entries_unused(struct cache_content *content);
void cache_entries_changed(struct cache_content *content);

bool cache_entries_left(void); /* whether there is a place for one more */
uint32_t cache_entries_count(void);

static inline struct entry *cache_entry_of(struct cache_content *content)
{
    return (struct entry *)content;
}

static inline bool cache_entry_exists(const struct entry *entry)
{
    return entry->content.seen.kind == CACHE_FILE || entry->content.seen.kind == CACHE_DIRECTORY;
}

#endif

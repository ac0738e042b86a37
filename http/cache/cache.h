/* http/cache/cache.h: files of the file service (fs/client.h), kept in the share it has with us, where a transmit
 * descriptor may name them.
 *
 * An entry says what lies at one path: a file with its attributes, a directory, or nothing. It is fresh for a while;
 * who asks later waits until it is revalidated: one question to the server, for all who ask the same. A file's bytes
 * come in blocks of up to CACHE_BLOCK_SIZE bytes, each read once however many wait for it, kept until memory is needed
 * for others, least recently used first. An entry that somebody holds stays as it was: when the file has changed, those
 * who ask next get another entry.
 *
 * While the file server is away what is here is given, however old, or as old as cache_init() says.
 *
 * Nothing in here waits: a function that cannot answer notes the waiter and calls waiter->ready once, later, from the
 * event loop; the caller then asks again, and gets an answer then: of a failure, too.
 */
#ifndef HTTP_CACHE_CACHE_H
#define HTTP_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/region.h"

#define CACHE_BLOCK_SIZE 65536 /* bytes; blocks of a file begin at its multiples */

struct cache_waiter {
    void (*ready)(struct cache_waiter *waiter); /* set by the owner */
    struct cache_waiter *next, **link;          /* the cache's; link is NULL while it waits for nothing */
};

enum cache_kind {
    CACHE_FILE,
    CACHE_DIRECTORY,
    CACHE_ABSENT,
    CACHE_FORBIDDEN,   /* the server says so, or it is neither file nor directory */
    CACHE_UNREACHABLE, /* no answer, and nothing old to give */
};

struct cache_entry {
    enum cache_kind kind;
    uint32_t confirmed_s;    /* of pd_now_ns(): when the server last said that it is so */
    uint64_t size, mtime_ns; /* of a file */
    uint64_t fresh_until_ns; /* of pd_now_ns() */
    /* the rest is the cache's: entries.h */
};

/* revalidate_ms: how long an entry is fresh. stale_s: how long it is given without the server's word; CACHE_NEVER_STALE: for
 * ever. Takes all of the share's blocks but `reserve`, and `index`, memory that nobody else has: CACHE_INDEX_UNIT bytes
 * for each of those. For each there can be 10 names known, and 10 blocks of files. */
#define CACHE_INDEX_UNIT 5664
#define CACHE_NEVER_STALE UINT32_MAX
void cache_init(uint32_t revalidate_ms, uint32_t stale_s, uint32_t reserve, const struct region *index);

/* What lies at this path (absolute, inside the mount), held for the caller until cache_release(). NULL: the waiter
 * is noted. */
struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter);
struct cache_entry *cache_hold(struct cache_entry *entry); /* once more */
void cache_release(struct cache_entry *entry);

/* The server has not answered for a while, so who waits for an entry may do better without; its waiters are called once
 * when that begins. */
bool cache_is_away(void);
bool cache_is_too_old(const struct cache_entry *entry); /* to be given without the server's word */

/* What is known of this path is no longer so. The holder of an entry keeps what is here of it; the next one that asks
 * gets another entry. */
void cache_path_changed(const char *path, uint32_t length);

/* Nor what is known of these folders and of all that lies below them (of "", the root: everything). However many they
 * are, all that is known is looked through once. */
struct cache_folder {
    const char *path;
    uint32_t length;
};
void cache_folders_changed(const struct cache_folder *folders, uint32_t count);

/* The waiter waits no longer; no effect where it does not wait. Also for one that waits at the site: the lists are
 * alike, http/cache/waiters.h. */
void cache_cancel(struct cache_waiter *waiter);

struct cache_block;
struct cache_bytes {
    const uint8_t *at;
    uint32_t length;           /* to the end of the block or of the file */
    struct cache_block *block; /* pinned for the caller until cache_unpin() */
};
enum cache_outcome {
    CACHE_READY,
    CACHE_WAIT,   /* the waiter is noted */
    CACHE_FAILED, /* cannot be read, or the file is no longer what the entry says */
};
/* The bytes of a file at `offset` < size. `ahead`: blocks after this one that will be wanted soon; they are read
 * meanwhile. */
enum cache_outcome cache_read(struct cache_entry *entry, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter);
/* A block may be pinned many times. Unpinned when TCP has its acknowledgement: memory that a descriptor still names
 * is not used anew. */
void cache_unpin(struct cache_block *block);

struct cache_counters {
    uint32_t entries, blocks;            /* in use now */
    uint64_t memory, memory_max;         /* bytes */
    uint64_t hits, revalidations, reads; /* cache_get answered at once; questions to the server; FS_READs */
    uint64_t evictions, stale;           /* blocks evicted; old content given */
};
void cache_counters(struct cache_counters *counters);

#endif

/* http/cache_internal.h: what the files of the cache share.
 *
 *   cache.c           entries: what lies at a path, and how fresh that is
 *   cache_pieces.c    pieces: a file's bytes
 *   cache_memory.c    where pieces lie, who gives way, who waits for memory
 *   cache_commands.c  questions to the file server, and open files
 *
 * Calls go down this list; answers go up by cache_entry_answered() and cache_piece_answered().
 */
#ifndef HTTP_CACHE_INTERNAL_H
#define HTTP_CACHE_INTERNAL_H

#include <stddef.h>
#include "fs/client.h"
#include "http/cache.h"
#include "lib/list.h"

#define CACHE_PAGE 4096
#define CACHE_BLOCK_PAGES (FS_CLIENT_BLOCK_SIZE / CACHE_PAGE)
#define CACHE_PATH_SHORT 96          /* bytes; longer ones lie elsewhere */
#define CACHE_RETRY_NS 1000000000ull /* after a failure, before the server is asked again */
#define CACHE_TRIES 3                /* without a pause, of what may end differently the next time */

_Static_assert(CACHE_PIECE == FS_CLIENT_BLOCK_SIZE, "a piece fills a block at most");

/* What the server is being asked about an entry. */
enum cache_look {
    CACHE_LOOK_NONE,
    CACHE_LOOK_STAT,   /* whether it is still what it was */
    CACHE_LOOK_OPEN,   /* what it is, and of a file an fd */
    CACHE_LOOK_REOPEN, /* an fd of a file that is still what it was */
};

struct entry {
    struct cache_entry seen; /* first */
    bool known;              /* `seen` says something */
    bool linked;             /* found by its path */
    bool failed;             /* the file is another by now: what is missing of it cannot be had any more */
    bool overdue;            /* the server has not answered: what is here is given */
    bool retried;            /* this look, for want of an fd */
    uint8_t resets;          /* how often the server started anew during this look */
    uint8_t doubts;          /* how often in a row the file was not as the server had said */
    bool has_fd;
    uint8_t look; /* enum cache_look */
    uint16_t path_length;
    uint32_t hash, mode, uid, gid;
    uint64_t inode;
    const char *path;
    uint32_t uses;         /* holders, the look, pieces that are pinned or on their way */
    uint32_t coming;       /* pieces on their way */
    uint32_t here, pieces; /* of the file's pieces: in memory, all */
    uint32_t fd_restarts;  /* fs_client_restarts() when it was opened */
    uint64_t fd;
    uint64_t read_failed_until_ns;
    uint64_t overdue_ns;      /* when the look will be */
    struct entry *next;       /* same hash, or free */
    struct entry *look_next;  /* waits to be asked about */
    struct list_link idle;    /* uses == 0: in the order of use */
    struct list_link looking; /* asked about while something old is here */
    struct list_link opened;  /* has an fd, in the order of use */
    struct list all_pieces;
    struct cache_piece *first;  /* piece 0 */
    struct cache_piece *parked; /* pieces that wait for an fd */
    struct cache_waiter *waiters;
    char short_path[CACHE_PATH_SHORT];
};

enum cache_piece_state { CACHE_PIECE_FREE, CACHE_PIECE_COMING, CACHE_PIECE_HERE };

struct cache_piece {
    struct entry *entry;
    uint32_t index;  /* in the file */
    uint32_t length; /* bytes */
    uint32_t pins;
    uint8_t state;       /* enum cache_piece_state */
    uint8_t resets;      /* how often the server started anew while it was read */
    uint8_t page, pages; /* in the block */
    uint16_t block;
    uint8_t *at;
    struct cache_piece *hash_next; /* or free, or the next one that waits to be read or for an fd */
    struct cache_piece *wait_next;
    struct list_link of_entry;
    struct list_link idle; /* here and not pinned: in the order of use */
    struct cache_waiter *waiters;
};

/* cache.c */
/* Memory of the index, zeroed where `zeroed`; from cache_init(), which knows that there is enough. */
void *cache_index_take(size_t size, bool zeroed);
/* The largest power of two that is not above `count`. */
static inline uint32_t cache_power_of_two(uint32_t count)
{
    return 1u << (31 - __builtin_clz(count));
}
void cache_use(struct entry *entry);
void cache_unuse(struct entry *entry); /* the entry may be gone */
/* The file is not what the server said: nobody finds the entry any more, and what is missing of it cannot be had. The
 * next one that asks makes a new entry and looks again; after CACHE_TRIES in a row of which nothing could be read the
 * file is not read for CACHE_RETRY_NS. */
void cache_entry_fail(struct entry *entry);
/* An fd is wanted for the entry's parked pieces. */
void cache_entry_reopen(struct entry *entry);
/* The look's outcome; attributes where the status is good. fd: what a look that opens has got, or NULL. */
void cache_entry_answered(struct entry *entry, enum fs_status status, const struct fs_stat *attributes,
                          const uint64_t *fd);
bool cache_entries_left(void); /* whether there is a place for one more */

/* cache_pieces.c */
void cache_pieces_drop(struct entry *entry);                /* those in memory; none is pinned */
void cache_pieces_unpark(struct entry *entry, bool opened); /* to be read now, or failed */
void cache_piece_drop(struct cache_piece *piece);           /* it is in memory and not pinned */
void cache_piece_failed(struct cache_piece *piece);         /* on its way, it will not come */
void cache_piece_answered(struct cache_piece *piece, const struct fs_completion *completion);
bool cache_pieces_left(void);
uint32_t cache_pieces_count(void);

/* cache_memory.c */
void cache_pieces_init(uint32_t units);
void cache_memory_init(uint32_t reserve, uint32_t units);
bool cache_memory_take(struct cache_piece *piece, uint32_t length); /* false: nothing can give way now */
void cache_memory_give(struct cache_piece *piece);
void cache_memory_idle(struct cache_piece *piece); /* it may give way from now on */
void cache_memory_busy(struct cache_piece *piece);
bool cache_memory_evict_one(void); /* the piece that was used least recently */
void cache_memory_counters(struct cache_counters *counters);
/* Wakes the waiter when there may be memory for `length` bytes; length 0: a place for an entry. */
void cache_memory_wait(uint32_t length, struct cache_waiter *waiter);
bool cache_memory_awaited(void);
void cache_memory_event(void); /* a place has become free */

/* cache_commands.c */
void cache_commands_init(void);
void cache_commands_look(struct entry *entry);
void cache_commands_read(struct cache_piece *piece);
void cache_commands_park(struct cache_piece *piece); /* it is read when its file has been opened anew */
void cache_commands_close(struct entry *entry);      /* its fd, if it has one */
void cache_commands_close_unowned(uint64_t fd);
void cache_commands_opened(struct entry *entry, uint64_t fd);
bool cache_commands_close_idle(uint32_t keep); /* fds beyond `keep` that nothing is read from; whether any were */
void cache_commands_pump(void);
void cache_commands_counters(struct cache_counters *counters);

#endif

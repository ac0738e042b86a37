/* http/cache/names.h: the names in a folder of the file service, read for one who asks, and let go by him: nothing of it
 * is kept. They lie in the cache's memory.
 */
#ifndef HTTP_CACHE_NAMES_H
#define HTTP_CACHE_NAMES_H

#include "fs/client.h"
#include "http/cache/pages.h"
#include "http/cache/waiters.h"
#include "timer/client.h"

#define CACHE_NAMES_MAX 1000 /* of a folder */

enum cache_names_state {
    CACHE_NAMES_COMING,
    CACHE_NAMES_HERE,
    CACHE_NAMES_ABSENT, /* there is no such folder */
    CACHE_NAMES_FORBIDDEN,
    CACHE_NAMES_FAILED, /* it cannot be read now */
};

struct cache_name {
    uint16_t at; /* in the text */
    uint8_t length;
    bool is_folder : 1; /* as far as the folder says */
    bool is_known : 1;  /* the reader's, for whatever it finds out: */
    uint32_t mtime_s;
    uint64_t size;
};

_Static_assert(sizeof(struct cache_name) == 16, "there are thousands of them");

struct cache_names {
    enum cache_names_state state;
    bool more; /* there are more than are here */
    uint32_t count;
    struct cache_name names[CACHE_NAMES_MAX];
    const char *text; /* the file server may write there: what is read is to be copied first */

    /* names.c's */
    bool used, released, under_way, is_open;
    uint32_t filled;
    uint64_t fd;
    uint32_t restarts; /* fs_client_restarts() when it was opened */
    struct cache_run run;
    struct fs_request request;
    struct timer again;
    struct cache_waiter *waiters;
};

/* path: absolute, inside the mount. The waiter is called once when they are no longer coming. NULL: there is no place, or
 * no memory, for one more now. */
struct cache_names *cache_names_read(const char *path, uint32_t length, struct cache_waiter *waiter);
void cache_names_release(struct cache_names *names); /* at any time; the waiter is cancelled by the caller */

#endif

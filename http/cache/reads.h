/* http/cache/reads.h: files' bytes, read once for all who ask. cache_read() and cache_unpin() (cache.h) are for
 * everyone. */
#ifndef HTTP_CACHE_READS_H
#define HTTP_CACHE_READS_H

#include <stdbool.h>
#include "http/cache/blocks.h"

#define CACHE_TRIES 3 /* without a pause, of what may end differently the next time */

/* unused: `uses` has become 0, by something in here; the content may be gone when this returns.
 * changed: the file is not what the server said; it is to be marked as failed, and cache_reads_unpark() called.
 * wants_fd: blocks are parked: the file is to be opened, then cache_reads_unpark() called. */
struct cache_reads_handlers {
    void (*unused)(struct cache_content *content);
    void (*changed)(struct cache_content *content);
    void (*wants_fd)(struct cache_content *content);
};

void cache_reads_init(const struct cache_reads_handlers *handlers);

void cache_reads_unpark(struct cache_content *content, bool opened); /* to be read now, or failed */

/* For cache_files_init(). */
void cache_reads_filled(struct cache_fill *fill, const struct fs_completion *completion);

#endif

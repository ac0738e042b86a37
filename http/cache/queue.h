/* http/cache/queue.h: those who wait for memory. */
#ifndef HTTP_CACHE_QUEUE_H
#define HTTP_CACHE_QUEUE_H

#include "http/cache/waiters.h"

#define CACHE_RUN_MAX 16 /* pages that one waits for, at most */

/* room_for: whether what takes so many pages could be had now; of 0: a place for an entry. */
void cache_queue_init(bool (*room_for)(uint32_t pages));

/* Wakes the waiter when there may be room. */
void cache_queue_wait(uint32_t pages, struct cache_waiter *waiter);
bool cache_queue_awaited(void);

/* Something has become free. Those who wait are asked about soon, not at once: the caller is in the middle of it. */
void cache_queue_event(void);
void cache_queue_event_at(uint64_t time_ns); /* something may be by then */

#endif

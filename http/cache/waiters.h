/* http/cache/waiters.h: lists of those who wait for one answer (struct cache_waiter): the cache's and the site's are
 * made alike, so that cache_cancel() takes a waiter out of whichever it stands in.
 *
 * A list is a pointer, NULL when it is empty: unlike one of lib/list.h it takes 8 bytes, not 16, and is a list when it is
 * zero. There is one in each entry, block and path that is known, some ten thousand, and mostly nobody waits in it.
 */
#ifndef HTTP_CACHE_WAITERS_H
#define HTTP_CACHE_WAITERS_H

#include "http/cache/cache.h"

static inline void waiters_add(struct cache_waiter **list, struct cache_waiter *waiter)
{
    waiter->next = *list;
    waiter->link = list;
    if (*list) {
        (*list)->link = &waiter->next;
    }
    *list = waiter;
}

static inline void waiters_remove(struct cache_waiter *waiter)
{
    if (waiter->link) {
        *waiter->link = waiter->next;
        if (waiter->next) {
            waiter->next->link = waiter->link;
        }
        waiter->link = NULL;
    }
}

/* To an empty list, which takes the place of the other. */
static inline void waiters_move(struct cache_waiter **from, struct cache_waiter **to)
{
    *to = *from;
    *from = NULL;
    if (*to) {
        (*to)->link = to;
    }
}

/* Calls all who wait now, who came first first. What they do meanwhile is free: wait anew, cancel others. */
static inline void waiters_wake(struct cache_waiter **list)
{
    struct cache_waiter *waiter, *turned = NULL;

    while ((waiter = *list)) {
        waiters_remove(waiter);
        waiters_add(&turned, waiter);
    }
    while ((waiter = turned)) {
        waiters_remove(waiter);
        waiter->ready(waiter);
    }
}

#endif

/* tests/unit/device_view.h: memory on a board whose devices do not look into the CPU's caches: the CPU's view of it and
 * the device's, which meet where net/cache.h is called and nowhere else. In lines of 64 bytes, as the hardware does it:
 * what shares a line is cleaned or lost together. */
#ifndef DEVICE_VIEW_H
#define DEVICE_VIEW_H

#include <string.h>

#include "fake_microkit.h"
#include "net/cache.h"

#define LINE 64

struct device_view {
    uint8_t *cpu, *device;
    uint8_t *clean; /* the CPU's view when line and memory were last the same: what differs is dirty */
    size_t size;
};

static inline size_t first_line(const struct device_view *view, const void *start, size_t length)
{
    size_t offset = (size_t)((const uint8_t *)start - view->cpu);
    CHECK((const uint8_t *)start >= view->cpu && offset + length <= view->size);
    return offset / LINE * LINE;
}

static inline void view_clean(struct device_view *view, const void *start, size_t length)
{
    size_t end = (size_t)((const uint8_t *)start - view->cpu) + length;
    for (size_t at = first_line(view, start, length); at < end; at += LINE) {
        memcpy(view->device + at, view->cpu + at, LINE);
        memcpy(view->clean + at, view->cpu + at, LINE);
    }
}

/* Clean and invalidate: a dirty line would go over what the device has written. */
static inline void view_invalidate(struct device_view *view, const void *start, size_t length)
{
    size_t end = (size_t)((const uint8_t *)start - view->cpu) + length;
    for (size_t at = first_line(view, start, length); at < end; at += LINE) {
        CHECK(memcmp(view->cpu + at, view->clean + at, LINE) == 0);
        memcpy(view->cpu + at, view->device + at, LINE);
        memcpy(view->clean + at, view->device + at, LINE);
    }
}

#endif

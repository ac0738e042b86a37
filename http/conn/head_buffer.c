/* head_buffer.c: what of a client cannot be done with at once. Most heads lie whole in the first buffer that was
 * received, and are parsed and answered there. The others are copied out, so that slow and waiting clients hold no
 * packets:
 *   a beginning, whose rest has not come; a whole head that waits for the file server or for the application; of a body
 *   in chunks the beginning of a line
 * They lie in units of a pool, each in as many as it needs. To be parsed a head is put together in one buffer, which
 * is overwritten by the next.
 *   invariant bytes behind the head or line are never taken
 *   when full a beginning that is 5 s old is evicted, the oldest first, and is told 408. Where there is none, the
 *             newcomer is told 503. The last units are for the application's requests alone
 */
#include "http/conn/head_buffer.h"

#include <string.h>

#include "http/conn/timeouts.h"
#include "http/conn/unread.h"
#include "lib/pd.h"

#define UNITS 3200
#define UNIT_BYTES 120
#define FOR_APP 128            /* units of these */
#define YOUNG_NS 5000000000ull /* else newcomers would push one another out, and none would be served */

/* By number, from 1 on: two bytes in a unit and in a connection where pointers would be eight. */
struct unit {
    uint16_t next; /* 0: none */
    char bytes[UNIT_BYTES];
};

static struct {
    struct unit units[UNITS];
    uint16_t free;
    uint32_t used;
    uint32_t untouched; /* from here on they have never been used */
    char whole[HTTP_HEAD_MAX];
} self;

/* -- units -- */

_Static_assert(UNITS <= UINT16_MAX, "numbers of two bytes");

static struct unit *unit_at(uint16_t number)
{
    return &self.units[number - 1];
}

static uint16_t take_unit(void)
{
    uint16_t number = self.free;
    if (number) {
        self.free = unit_at(number)->next;
    } else {
        number = (uint16_t)++self.untouched;
    }
    self.used++;
    unit_at(number)->next = 0;
    return number;
}

void head_buffer_drop(struct kept *kept)
{
    while (kept->first) {
        uint16_t number = kept->first;
        kept->first = unit_at(number)->next;
        unit_at(number)->next = self.free;
        self.free = number;
        self.used--;
    }
    *kept = (struct kept){.first = 0};
}

static uint32_t units_for(uint32_t length)
{
    return (length + UNIT_BYTES - 1) / UNIT_BYTES;
}

static bool has_room(const struct kept *kept, uint32_t count, uint32_t left)
{
    return units_for(kept->length + count) - units_for(kept->length) + left <= UNITS - self.used;
}

/* One beginning is evicted. False: none is old enough. */
static bool evict_beginning(const struct http_conn *newcomer)
{
    for (struct http_conn *c = timeouts_oldest(CLOCK_HEAD); c && timeouts_age_ns(c) >= YOUNG_NS; c = timeouts_next(c)) {
        if (c->kept.length > 0 && c != newcomer) {
            timeouts_expire(c);
            return true;
        }
    }
    return false;
}

static bool make_room(const struct http_conn *c, const struct kept *kept, uint32_t count, bool for_app)
{
    uint32_t left = for_app ? 0 : FOR_APP;
    while (!has_room(kept, count, left)) {
        if (!evict_beginning(c)) {
            return false;
        }
    }
    return true;
}

/* There is room. */
static void append(struct kept *kept, const char *data, uint32_t count)
{
    while (count > 0) {
        uint32_t used = kept->length % UNIT_BYTES, space = UNIT_BYTES - used;
        uint32_t part = count < space ? count : space;
        if (used == 0) {
            uint16_t number = take_unit();
            *(kept->last ? &unit_at(kept->last)->next : &kept->first) = number;
            kept->last = number;
        }
        memcpy(unit_at(kept->last)->bytes + used, data, part);
        kept->length += part;
        data += part;
        count -= part;
    }
}

static uint32_t copy_kept(const struct kept *kept, char *to)
{
    uint32_t done = 0;
    for (uint16_t number = kept->first; number; number = unit_at(number)->next) {
        uint32_t left = kept->length - done, part = left < UNIT_BYTES ? left : UNIT_BYTES;
        memcpy(to + done, unit_at(number)->bytes, part);
        done += part;
    }
    return done;
}

/* -- heads of requests -- */

/* `count` bytes of what is unread go into units. */
static void keep(struct http_conn *c, struct kept *kept, uint32_t count)
{
    while (count > 0 && unread_any(c)) {
        struct http_slice first = unread_first(c);
        uint32_t part = first.length < count ? first.length : count;
        append(kept, first.at, part);
        unread_consume(c, part);
        count -= part;
    }
}

static uint32_t unread_up_to(const struct http_conn *c, uint32_t most)
{
    uint32_t count = unread_bytes(c);
    return count < most ? count : most;
}

/* What has come so far, in self.whole. */
static uint32_t put_together(const struct http_conn *c)
{
    uint32_t length = copy_kept(&c->kept, self.whole);
    return length + unread_copy(c, self.whole + length, HTTP_HEAD_MAX - length);
}

static int keep_beginning(struct http_conn *c)
{
    uint32_t count = unread_up_to(c, HTTP_HEAD_MAX - c->kept.length);
    if (!make_room(c, &c->kept, count, false)) {
        return 503;
    }
    keep(c, &c->kept, count);
    return c->kept.length == HTTP_HEAD_MAX ? 431 : HTTP_INCOMPLETE;
}

int head_buffer_parse(struct http_conn *c, struct http_request *request)
{
    if (c->kept.length == 0) {
        struct http_slice first = unread_first(c);
        int status = http_request_parse(first.at, first.length, request);
        if (status != HTTP_INCOMPLETE) {
            return status;
        }
        if (unread_is_one(c)) {
            return keep_beginning(c);
        }
    }
    int status = http_request_parse(self.whole, put_together(c), request);
    return status == HTTP_INCOMPLETE && unread_any(c) ? keep_beginning(c) : status;
}

bool head_buffer_keep(struct http_conn *c, uint32_t head_length, bool for_app)
{
    uint32_t count = head_length - c->kept.length;
    if (!make_room(c, &c->kept, count, for_app)) {
        return false;
    }
    keep(c, &c->kept, count);
    return true;
}

/* -- lines of a body -- */

/* The rest of it will come; what has is copied out. */
static int keep_line(struct http_conn *c, uint32_t most)
{
    uint32_t count = unread_up_to(c, most);
    if (c->kept.length + count >= most) {
        return 400;
    }
    if (!make_room(c, &c->kept, count, true)) {
        return 503;
    }
    keep(c, &c->kept, count);
    return HTTP_INCOMPLETE;
}

int head_buffer_line(struct http_conn *c, uint32_t most, struct http_slice *line)
{
    struct http_slice there = {self.whole, 0};
    if (!unread_any(c)) {
        return HTTP_INCOMPLETE;
    }
    if (c->kept.length == 0) {
        there = unread_first(c);
    }
    const char *end = there.length ? memchr(there.at, '\n', there.length < most ? there.length : most) : NULL;
    if (!end) {
        there = (struct http_slice){self.whole, put_together(c)};
        end = memchr(there.at, '\n', there.length < most ? there.length : most);
    }
    if (!end) {
        return keep_line(c, most);
    }
    *line = (struct http_slice){there.at, (uint32_t)(end + 1 - there.at)};
    return 0;
}

void head_buffer_take_line(struct http_conn *c, uint32_t length)
{
    unread_consume(c, length - c->kept.length);
    head_buffer_drop(&c->kept);
}

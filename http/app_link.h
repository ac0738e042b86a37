/* http/app_link.h: one end of http/app_proto.h: slots, their two circles of bytes, and messages about them. The front's
 * end (http/app_front.h) and the application's (http/app_client.h) stand on it.
 */
#ifndef HTTP_APP_LINK_H
#define HTTP_APP_LINK_H

#include "http/app_config.h"
#include "http/app_proto.h"

/* A circle of bytes in a share. All counts are modulo 2^32; produced - taken never exceeds size, a power of two. */
struct app_circle {
    uint8_t *at; /* in our mapping */
    uint32_t offset, size;
    uint32_t produced, taken; /* bytes, ever */
    uint32_t told;            /* of the peer's: so many taken, as it knows */
    uint32_t head;            /* bytes of them, at the beginning */
    uint64_t length;          /* of the whole body, or APP_UNKNOWN */
    bool open;                /* it has been named */
    bool ended;               /* no more will be produced */
};

struct app_slot {
    uint16_t number, status; /* status: to be told with GONE, FAILED or DONE */
    uint32_t serial;
    uint16_t owes; /* bits of enum app_message_type: what the peer is to be told, when there is room */
    uint8_t flags; /* of the request: enum app_flags */
    bool used, owing;
    bool waits;                /* for more of `in`: to be told with TAKEN; of the peer, as it has told */
    struct app_circle out, in; /* what we produce, what the peer does */
    struct app_slot *next_owing;
};

/* The circles that a side produces into, in its share from `start` on: a small one for each slot, and large ones while
 * there are. */
#define APP_LARGE_MAX 8
struct app_pool {
    uint32_t start, small, large, large_count; /* bytes; the sizes are powers of two */
    bool large_used[APP_LARGE_MAX];
    uint8_t large_of[APP_SLOTS]; /* its large circle's number + 1, or 0 */
};
#define APP_POOL_BYTES(small, large, large_count) (APP_SLOTS * (small) + (large_count) * (large))

/* A message about a used slot, by its present serial number; of REQUEST about any. False: it cannot be. */
typedef bool (*app_handler)(struct app_slot *slot, const struct app_message *message);

/* restarted: the peer has; all slots are free then. freed: NULL, or a slot that was let go has told its last. */
void app_link_init(const struct app_config *config, app_handler handler, void (*restarted)(void), void (*freed)(void));
struct app_slot *app_link_slot(uint32_t number); /* NULL: there is no such */
void app_link_take(struct app_slot *slot, uint32_t serial);
void app_link_free(struct app_slot *slot);
void app_link_owe(struct app_slot *slot, enum app_message_type type); /* told at the end of the event */
void app_link_enough(void); /* the message that is handled is this event's last: it has cost as much as many */

/* Gives slot->out a circle: `large`, where there is one, or the slot's small one; a slot that has a large one keeps it.
 * False: none holds `least` bytes. */
bool app_pool_take(struct app_pool *pool, struct app_slot *slot, uint32_t least, bool large);
void app_pool_give_back(struct app_pool *pool, const struct app_slot *slot);

/* Room in a circle of ours, in one piece, and that so many bytes were put there. */
uint8_t *app_circle_room(const struct app_circle *circle, uint32_t *count);
void app_circle_produce(struct app_circle *circle, uint32_t count);
uint32_t app_circle_write(struct app_circle *circle, const void *bytes,
                          uint32_t count); /* how many there was room for */
/* Of the peer's: contiguous bytes, and that so many were read. */
const uint8_t *app_circle_bytes(const struct app_circle *circle, uint32_t *count);
void app_circle_take(struct app_circle *circle, uint32_t count);

/* What messages say of circles. False: it cannot be, and nothing has changed. */
bool app_circle_open(struct app_circle *circle, const struct region *region, const struct app_message *message);
bool app_circle_follow(struct app_circle *circle, const struct app_message *message);     /* BODY */
bool app_circle_given_back(struct app_circle *circle, const struct app_message *message); /* TAKEN */

struct app_link_counters {
    uint64_t nonsense; /* messages that cannot be */
    uint64_t late;     /* of requests that are over */
};
extern struct app_link_counters app_link_counts;

#endif

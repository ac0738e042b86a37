/* http/app_front.h: the front's end of http/app_proto.h: requests go to the application, its answers come from it.
 *
 * A request has a slot from app_front_take() to app_front_release(). What the application says of it is in slot->in:
 * the head, once it is open; bytes of the body behind it; its end, and whether it failed.
 */
#ifndef HTTP_APP_FRONT_H
#define HTTP_APP_FRONT_H

#include "http/app_link.h"
#include "http/parse/request.h"

#define APP_SMALL 2048  /* bytes of a request's circle, */
#define APP_LARGE 16384 /* and of one whose head or body needs more, while there is one */
#define APP_LARGE_COUNT 8
#define APP_REQUESTS_BYTES \
    (APP_COUNTERS_BYTES + APP_POOL_BYTES(APP_SMALL, APP_LARGE, APP_LARGE_COUNT)) /* of the share */

struct app_front_handlers {
    void (*changed)(struct app_slot *slot); /* more of its answer, its end, or room for more of its body */
    void (*control)(void);                  /* more of slot APP_CONTROL */
    void (*restarted)(void);                /* the application has: no slot is taken any more */
    void (*freed)(void);                    /* a slot can be taken again */
};

void app_front_init(const struct app_config *config, const struct app_front_handlers *handlers);

/* A slot is free, and a circle for a head: of more than APP_SMALL bytes, or any. */
bool app_front_has_room(bool large);
/* NULL: none is free, or none that a head of so many bytes fits in. body: of more than fits behind it there. */
struct app_slot *app_front_take(uint32_t head_bytes, bool body);
/* The head that lies at slot->out.at goes to the application. length: of the body, or APP_UNKNOWN. */
void app_front_begin(struct app_slot *slot, uint32_t head_bytes, uint8_t flags, uint64_t length);
/* Room for its body in one piece, and that so many bytes of it were put there. */
uint8_t *app_front_room(const struct app_slot *slot, uint32_t *count);
void app_front_produced(struct app_slot *slot, uint32_t count);
void app_front_end(struct app_slot *slot); /* of the body */
/* Bytes of the answer's body that lie in one piece, and that so many were taken. */
const uint8_t *app_front_bytes(const struct app_slot *slot, uint32_t *count);
void app_front_taken(struct app_slot *slot, uint32_t count);
bool app_front_failed(const struct app_slot *slot, int *status);
void app_front_gone(struct app_slot *slot, int status); /* its client, or it was told this status */
void app_front_release(struct app_slot *slot);          /* its answer has ended, and nobody looks at it any more */
bool app_front_accepted(const struct app_slot *slot);   /* somebody has begun to answer it */
bool app_front_waits(const struct app_slot *slot);      /* for more of the body */
/* A record, copied to `bytes` of APP_RECORD_MAX. False: none is there as a whole now. */
bool app_front_record(struct app_record *record, void *bytes);
void app_front_missed(void);  /* what the site does not have was asked for. Without an application: nothing */
bool app_front_may_ask(void); /* what it has asked before has been answered */
void app_front_done(int status, uint32_t which); /* a record that is answered */
void app_front_counters(const struct app_counters *counters);

#endif

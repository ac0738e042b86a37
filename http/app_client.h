/* http/app_client.h: the application's end of http/app_proto.h: requests come in, answers go out.
 *
 * A request's slot is the application's from begun() to over(). Its head lies at slot->in.at, its body behind it.
 */
#ifndef HTTP_APP_CLIENT_H
#define HTTP_APP_CLIENT_H

#include "http/app_link.h"

#define APP_ANSWER_SMALL 2048  /* bytes of an answer's circle, */
#define APP_ANSWER_LARGE 16384 /* and of one whose head needs more, or, while there are two, whose body may */
#define APP_ANSWER_LARGE_COUNT 4
#define APP_CONTROL_SIZE 0x8000 /* and of the control slot's: APP_RECORD_MAX */
#define APP_ANSWERS_BYTES \
    (APP_CONTROL_SIZE + APP_POOL_BYTES(APP_ANSWER_SMALL, APP_ANSWER_LARGE, APP_ANSWER_LARGE_COUNT)) /* of the share */

struct app_client_handlers {
    void (*begun)(struct app_slot *slot);   /* a request */
    void (*changed)(struct app_slot *slot); /* more of its body, its end, or room for more of the answer */
    void (*gone)(struct app_slot *slot);    /* nobody waits for the answer; it ends all the same */
    void (*over)(struct app_slot *slot);
    void (*done)(int status, uint32_t which); /* APP_SITE: enum app_site_status; APP_COUNT */
    void (*restarted)(void);                  /* the front has: no slot is ours any more */
    void (*room)(void);                       /* for records, more than before; may be NULL */
    void (*missed)(void); /* the site did not have what somebody asked for: a few times a second; may be NULL */
};

/* Timers (timer/client.h) are there already. */
void app_client_init(const struct app_config *config, const struct app_client_handlers *handlers);

/* Bytes of the request's body in one piece, and that so many were taken. */
const uint8_t *app_client_bytes(const struct app_slot *slot, uint32_t *count);
void app_client_taken(struct app_slot *slot, uint32_t count);
void app_client_accept(struct app_slot *slot); /* somebody begins to answer it: its head is taken */
void app_client_wait(struct app_slot *slot);   /* for more of the body, of which nothing is there */
/* Room for the answer's head; NULL: there is none for so many bytes now. body: of more than a small circle's bytes, or
 * of who knows how many. Then it goes out. length: of the body, or APP_UNKNOWN. */
uint8_t *app_client_head(struct app_slot *slot, uint32_t head_bytes, bool body);
void app_client_answer(struct app_slot *slot, uint32_t head_bytes, uint64_t length);
uint32_t app_client_put(struct app_slot *slot, const void *bytes,
                        uint32_t count);                 /* of the body; how many were taken */
void app_client_end(struct app_slot *slot);              /* the answer is complete */
void app_client_fail(struct app_slot *slot, int status); /* it will not be */
/* A record. False: no room now. */
bool app_client_record(enum app_record_type type, const void *bytes, uint32_t count);
const struct app_counters *app_client_counters(void); /* as they were at the last APP_DONE of APP_COUNT */

#endif

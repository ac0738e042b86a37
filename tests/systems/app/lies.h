/* lies.h: the lying application's rings and share, written as it pleases, and its lies. */
#ifndef TESTS_SYSTEMS_APP_LIES_H
#define TESTS_SYSTEMS_APP_LIES_H

#include "http/app_client.h"

extern const struct app_config app_config;

#define LIAR_CIRCLE APP_ANSWER_SMALL /* bytes of each slot's, behind the control slot's */
#define LIAR_SCRIPT_MAX 4096         /* bytes of what a test says */

/* The steps of a script, and what follows each; numbers are little-endian. tests/test_app_liar.py has them, too. */
enum step {
    STEP_WRITE = 'w',            /* u32 offset in the slot's circle, u32 length, bytes */
    STEP_MESSAGE = 'm',          /* u8 enum liar_absolute, struct app_message */
    STEP_RECORD = 'r',           /* u32 length, bytes: through the control slot's circle */
    STEP_ANSWER_WHEN_DONE = 'd', /* this request is answered with what the next APP_DONE says */
    STEP_HONEST = 'h',           /* and with an honest answer */
    STEP_START_ANEW = 'g',
    STEP_CONTROL = 'c', /* u32: bytes that the control slot's circle is said to have more */
    STEP_INDEX = 'i',   /* u8 which of the rings' words, u32; a moment later it starts anew */
    STEP_FLOOD = 'f',   /* u32: so many messages of noise, each ring full at once */
    STEP_NOISE = 'n',   /* u32: so many words anywhere in the share */
    STEP_SAY = 's',     /* what is in the ring is told now; at the end of all it is, too */
};
enum liar_absolute { LIAR_SLOT = 1, LIAR_SERIAL = 2, LIAR_OFFSET = 4 }; /* in a message: not this request's */

struct app_liar_request {
    uint16_t slot;
    uint32_t serial;
    bool open; /* it has not been answered */
};

struct liar {
    struct app_liar_request requests[APP_SLOTS];
    struct app_liar_request *when_done;
    uint32_t control_produced;
};
extern struct liar liar_self;

/* -- the rings, the share -- */

void liar_start_anew(void); /* as another life of this program would; the control slot is open then */
void liar_put(const struct app_message *message); /* lost, where there is no room */
void liar_flush(void);
void liar_receive(void (*handler)(const struct app_message *message));
struct app_message liar_about(const struct app_liar_request *request, enum app_message_type type);
uint32_t liar_circle(const struct app_liar_request *request); /* its offset in the share */
void liar_write(uint32_t offset, const void *bytes, uint32_t count);
void liar_record(const void *bytes, uint32_t count); /* as they are */

/* -- lies -- */

uint64_t liar_noise(void);
void liar_set_index(uint32_t which, uint32_t value);
void liar_flood(uint32_t count);
/* A ring full of messages but for one place, each of them a circle full of words about folders. */
void liar_say_folders(void);
void liar_spoil_the_share(uint32_t words);
void liar_lie(void);
void liar_lie_about(struct app_liar_request *request);

#endif

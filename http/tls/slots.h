/* http/tls/slots.h: PD tls's slots: which handshake has one, which waits for one, and which loses its own. */
#ifndef HTTP_TLS_SLOTS_H
#define HTTP_TLS_SLOTS_H

#include "http/tls/handshake.h"

struct slot {
    struct handshake *of; /* NULL: free, when nothing is owed */
    uint32_t serial;
    uint64_t since_ns;                /* that nothing has come of it */
    bool begun, owes, owes_over;      /* tls was told of it; its state, its end is to be told */
    uint8_t status;                   /* enum tls_status */
    uint32_t in_produced, in_taken;   /* of what the client sends: bytes given to tls, bytes that it has taken */
    uint32_t out_produced, out_taken; /* of what it is sent */
    uint8_t head[RECORD_HEAD], head_bytes;
    uint32_t record_left; /* bytes behind the head that have not come */
    bool whole;           /* the record was given: tls has to want another one first */
};

struct slots_handlers {
    void (*changed)(struct handshake *handshake); /* it has a slot */
    void (*lost)(struct handshake *handshake);
};

void slots_init(const struct slots_handlers *handlers);
void slots_begin(struct handshake *handshake); /* it is under way, for HANDSHAKE_S at most */
void slots_end(struct handshake *handshake);
void slots_lose(struct handshake *handshake, uint64_t *count);

struct slot *slots_of(const struct handshake *handshake); /* NULL: it has none */
struct slot *slots_ask(struct handshake *handshake);      /* NULL: it waits for one */
struct slot *slots_at(uint32_t number);
uint32_t slots_number(const struct slot *slot);

/* What tls is told of them, at an event's end. */
void slots_owe(struct slot *slot); /* its state */
bool slots_owe_any(void);
bool slots_tell(void); /* false: the ring is full */

bool slots_are_awaited(void);
void slots_serve(void); /* those that wait, as long as there are some */
void slots_end_silent(
    void);               /* for each that waits one whose client has said nothing for long, as long as there are some */
void slots_forget(void); /* PD tls has begun anew: what it had begun is lost */

#endif

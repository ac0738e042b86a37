/* http/tls/handshake.h: handshakes, which PD tls makes: the front's end of tls/proto.h.
 *
 * A handshake is under way from handshake_begin() to handshake_end(), for HANDSHAKE_S at most. With its client's first
 * byte it asks for a slot, and waits for it in order. What the client sends is framed here: it goes to tls record by
 * record, so that nothing that stands behind the handshake does.
 */
#ifndef HTTP_TLS_HANDSHAKE_H
#define HTTP_TLS_HANDSHAKE_H

#include "http/tls/record.h"
#include "lib/list.h"
#include "tls/config.h"
#include "tls/proto.h"

#define HANDSHAKE_S 10
#define HANDSHAKE_NONE UINT16_MAX

struct handshake {
    struct list_link link;    /* of those under way, by due_ns; next == NULL: it is not */
    struct list_link waiting; /* for a slot */
    uint64_t due_ns;
    uint16_t slot; /* or HANDSHAKE_NONE */
};

struct handshake_handlers {
    void (*changed)(struct handshake *handshake); /* it has a slot, or tls has said something of it */
    /* It has to end: its time is over, others wait for its slot, or PD tls has begun anew. */
    void (*lost)(struct handshake *handshake);
    void (*answered)(uint32_t chain, enum tls_chain_status status, int64_t until_s); /* a chain */
    void (*restarted)(void);                                                         /* PD tls has: it has no chain */
};

void handshake_init(const struct tls_client_config *config, const struct handshake_handlers *handlers);
void handshake_begin(struct handshake *handshake);
void handshake_end(struct handshake *handshake); /* whatever came of it */
/* Bytes of the client's: how many were taken. Without a slot none, and none behind a record that tls has not done
 * with. */
uint32_t handshake_give(struct handshake *handshake, const uint8_t *bytes, uint32_t count);
/* Bytes for the client, in one piece, and that so many have been sent. */
const uint8_t *handshake_bytes(const struct handshake *handshake, uint32_t *count);
void handshake_sent(struct handshake *handshake, uint32_t count);
/* DONE and FAILED: when all bytes have been sent. WANTS: when tls has all that was given, too. */
enum tls_status handshake_status(const struct handshake *handshake);
bool handshake_is_answered(const struct handshake *handshake); /* the client has been sent something: it may end it */
/* TLS_DONE: what the connection goes on with. False: it cannot be. The caller wipes it. */
bool handshake_secrets(const struct handshake *handshake, struct tls_secrets *secrets);

struct handshake_counters {
    uint64_t begun, done, resumed;
    uint64_t lost, timed_out; /* PD tls has begun anew; HANDSHAKE_S are over */
    uint64_t silent;          /* its client said nothing, and others waited for its slot */
    /* All that tls has ended, and of these: the client has no TLS 1.3; no key exchange, suite, or protocol that we
     * have; tls could not: no certificate, no memory, no signature. The others sent what may not be, or an alert. */
    uint64_t failed, old_version, no_common, internal;
    uint64_t nonsense, late; /* messages of tls that cannot be; of handshakes that are over */
    uint32_t waiting;        /* for a slot, now */
};
extern struct handshake_counters handshake_counts;

#endif

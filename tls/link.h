/* tls/link.h: the end of PD tls of tls/proto.h: slots, their two circles of bytes, and messages about them. */
#ifndef TLS_LINK_H
#define TLS_LINK_H

#include <stdbool.h>
#include "tls/config.h"
#include "tls/proto.h"

struct tls_slot {
    uint16_t number;
    uint8_t status, alert;
    uint32_t serial;
    uint32_t in_produced, in_taken;   /* bytes of the client's, ever */
    uint32_t out_produced, out_taken; /* and for it */
    bool used, owing;
    struct tls_slot *next_owing;
};

struct tls_link_handlers {
    void (*begun)(struct tls_slot *slot);
    void (*changed)(struct tls_slot *slot); /* more of the client's bytes, or room for more */
    void (*over)(struct tls_slot *slot);    /* also of each when the front has restarted */
    void (*chain)(const struct tls_message *message);
    void (*time)(int64_t offset_ns);
};

/* Timers (timer/client.h) are there already. */
void tls_link_init(const struct tls_client_config *config, const struct tls_link_handlers *handlers);

uint32_t tls_link_read(struct tls_slot *slot, void *to, uint32_t count);          /* how many there were */
uint32_t tls_link_write(struct tls_slot *slot, const void *from, uint32_t count); /* how many there was room for */
struct tls_secrets *tls_link_secrets(const struct tls_slot *slot);                /* its place */
/* At the end of the event, with how much was taken and produced. */
void tls_link_tell(struct tls_slot *slot, enum tls_status status, uint8_t alert);

/* The PEM of a TLS_CHAIN, copied. False: there can be no such. */
bool tls_link_copy_chain(const struct tls_message *message, char to[TLS_CHAIN_MAX]);
/* The same. number: below TLS_CHAINS_MAX. */
void tls_link_tell_chain(uint8_t number, uint32_t serial, enum tls_chain_status status, int64_t not_after);

struct tls_link_counters {
    uint64_t nonsense; /* messages that cannot be */
    uint64_t late;     /* of handshakes that are over */
};
extern struct tls_link_counters tls_link_counts;

#endif

/* tls_rig.h: PDs tls and keys in one program, and a front that the test plays: rings, shares, calls, time.
 *
 * rig_begin() to rig_over() are what an honest front does; rig_say() says anything. AWS-LC is one for both PDs and for
 * the test's clients, with the memory of tls.
 */
#ifndef UNIT_TLS_RIG_H
#define UNIT_TLS_RIG_H

#include "keys/config.h"
#include "tests/unit/fake_microkit.h"
#include "tls/config.h"
#include "tls/proto.h"

#define RIG_UNIX_NS 1796000000000000000 /* 2026-11-30 */

extern const char tls_leaf[], tls_issuer[], tls_second[], tls_expired[], tls_early[], tls_stranger[], tls_rsa[],
    tls_p384[];
extern uint8_t tls_keys_page[KEYS_PAGE_BYTES];

/* What the front knows of a slot. */
struct rig_slot {
    bool used;
    uint32_t serial;
    uint32_t produced, taken;     /* of the client's bytes: given, and taken by tls */
    uint32_t out_produced, heard; /* of tls' bytes: put there, and read */
    uint8_t status, alert;
};
extern struct rig_slot rig_slots[TLS_SLOTS];
extern uint8_t rig_requests[TLS_REQUESTS_BYTES], rig_answers[TLS_ANSWERS_BYTES];

void rig_boot(void);                   /* both PDs, without time of day, without a chain */
void rig_start(void);                  /* with time of day */
void rig_restart(void);                /* the front: it attaches anew */
void rig_give_keys(bool alive);        /* false: PD keys refuses everything */
void rig_restart_keys(uint32_t times); /* so many of the next questions PD keys dies of, without an answer */

extern bool rig_lies; /* the front says what is not so: what tls answers is not held against what it knows */
void rig_run(void);   /* until nobody has anything to say */
void rig_say(const struct tls_message *message);
uint64_t rig_signatures(void); /* asked of PD keys */

void rig_begin(uint32_t slot);
/* How many of the client's bytes there is room for, and they are told. */
uint32_t rig_give(uint32_t slot, const uint8_t *bytes, uint32_t count);
uint32_t rig_take(uint32_t slot, uint8_t *to, uint32_t room); /* bytes for the client */
void rig_over(uint32_t slot);
const struct tls_secrets *rig_secrets(uint32_t slot);

/* The answer's status. */
enum tls_chain_status rig_chain(uint8_t number, const char *pem, const char *more);
enum tls_chain_status rig_chain_bytes(uint8_t number, const char *bytes, uint32_t count);
extern struct tls_message rig_chain_answer; /* the last one; type 0: none since the last question */
void rig_time(int64_t unix_ns);

#endif

/* http/tls/record.h: records of TLS 1.3 behind the handshake (RFC 8446): what is sent is sealed with a side's key,
 * what comes is opened. Pure functions of a key's state and bytes.
 */
#ifndef HTTP_TLS_RECORD_H
#define HTTP_TLS_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include "http/tls/schedules.h"
#include "tls/proto.h"

#define RECORD_HEAD 5
#define RECORD_OVERHEAD (RECORD_HEAD + 1 + CRYPTO_TAG)
#define RECORD_TEXT_MAX 16384                        /* 5.1: bytes of content */
#define RECORD_BYTES_MAX (RECORD_HEAD + 16384 + 256) /* 5.2: of a record that comes, with its head */
#define RECORD_ALERT (2 + RECORD_OVERHEAD)
#define RECORD_UPDATE (5 + RECORD_OVERHEAD)
#define RECORD_UPDATE_AT (1u << 24) /* records with one key, then another one */
#define RECORD_SEALS_MAX 23726566   /* 5.5: 2^24.5 full-size records with AES-GCM */

enum record_type { /* 5.1 */
                   RECORD_CHANGE_CIPHER_SPEC = 20,
                   RECORD_ALERTS = 21,
                   RECORD_HANDSHAKE = 22,
                   RECORD_DATA = 23,
};

enum record_alert { /* 6 */
                    ALERT_CLOSE_NOTIFY = 0,
                    ALERT_UNEXPECTED_MESSAGE = 10,
                    ALERT_BAD_RECORD_MAC = 20,
                    ALERT_RECORD_OVERFLOW = 22,
                    ALERT_HANDSHAKE_FAILURE = 40,
                    ALERT_ILLEGAL_PARAMETER = 47,
                    ALERT_DECODE_ERROR = 50,
                    ALERT_PROTOCOL_VERSION = 70,
                    ALERT_INTERNAL_ERROR = 80,
                    ALERT_USER_CANCELED = 90,
                    ALERT_NO_APPLICATION_PROTOCOL = 120,
};

/* One direction's. Zeros: there is none. */
struct record_key {
    uint64_t sequence; /* of the next record */
    struct schedule_key key;
    uint16_t suite; /* B.4 */
    uint8_t iv[CRYPTO_NONCE], secret[TLS_SECRET_MAX];
};

/* suite: RFC 8446, B.4. sequence: of the next record. False: there is no such suite, or so many records cannot have
 * been. */
bool record_key_set(struct record_key *key, uint16_t suite, const struct tls_traffic *traffic, uint64_t sequence);
void record_key_wipe(struct record_key *key);

/* -- what is sent. How many bytes lie at `to` then; 0: the key may seal no more, or the library has failed: then
 * nothing is sealed behind it any more, so no content is left out -- */

/* length: at most RECORD_TEXT_MAX; to: length + RECORD_OVERHEAD bytes, elsewhere. */
uint32_t record_seal(struct record_key *key, enum record_type type, const void *content, uint32_t length, uint8_t *to);
uint32_t record_seal_alert(struct record_key *key, enum record_alert alert, uint8_t to[RECORD_ALERT]);
/* A KeyUpdate that wants none in return; what is sealed behind it has the next key. */
uint32_t record_seal_update(struct record_key *key, uint8_t to[RECORD_UPDATE]);

/* What was sealed is lost: nothing follows it. */
static inline void record_key_spend(struct record_key *key)
{
    key->sequence = UINT64_MAX;
}

/* Whether so many records more can be sealed: not near the limit, nor where the library has failed. */
static inline bool record_can_seal(const struct record_key *key, uint32_t count)
{
    return key->sequence <= RECORD_SEALS_MAX - count;
}

static inline bool record_wants_update(const struct record_key *key)
{
    return key->sequence >= RECORD_UPDATE_AT;
}

/* -- what comes -- */

struct record_reader {
    struct record_key key;
    uint8_t message[5], message_bytes; /* of a KeyUpdate whose rest has not come */
    uint8_t idle, updates;             /* one behind another: records that bring nothing; KeyUpdates */
};

enum record_event {
    RECORD_CONTENT,       /* `length` bytes, perhaps none */
    RECORD_UPDATE_WANTED, /* the client has another key, and wants us to have one */
    RECORD_CLOSED,        /* close_notify: the client sends no more */
    RECORD_BROKEN,        /* it has ended the connection with `alert` */
    RECORD_REFUSED,       /* what it sent cannot be: the connection ends with our `alert` */
};

struct record_opened {
    enum record_event event;
    uint32_t length;
    uint8_t alert;
};

/* How long the record is whose head this is, with its head. 0: it may not be: *alert. */
uint32_t record_bytes(const uint8_t head[RECORD_HEAD], uint8_t *alert);
/* A whole record of so many bytes. to: length - RECORD_HEAD - CRYPTO_TAG bytes, elsewhere or behind the record's head;
 * the content lies at its beginning. */
struct record_opened record_open(struct record_reader *reader, const uint8_t *record, uint32_t length, uint8_t *to);

#endif

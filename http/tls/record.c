/* record.c: records of TLS 1.3 behind the handshake, as RFC 8446 has them; sections are its.
 *   consumes  keys       from PD tls, trusted for the one connection that they are of
 *   consumes  records    of a client, NOT trusted
 *   produces  sealed records, each in one pass from where its content lies to where it leaves from
 *   invariant a key and a sequence number are used for one record: the number grows before the library has it, is never
 *             set back, and ends at a limit; only with a new key, of another secret, it begins at 0
 *             (proofs/tls_record.c)
 *   refuses   more than RECORD_SEALS_MAX records with one key. Of a client: all that may not be, with the alert that
 *             the section names; IDLE_MAX records in a row that bring nothing, or KeyUpdates, which cost more than that
 * Behind the handshake a client may send content, alerts and KeyUpdates. It is not asked for certificates any more.
 */
#include "http/tls/record.h"

#include <string.h>

#include "tls/traffic.h"

#define IDLE_MAX 32
#define KEY_UPDATE 24 /* 4 */

/* -- keys -- */

/* B.4. False: there is no such suite. */
static bool find_cipher(uint16_t suite, enum crypto_cipher *cipher)
{
    switch (suite) {
    case 0x1301: *cipher = CRYPTO_AES_128_GCM; return true;
    case 0x1302: *cipher = CRYPTO_AES_256_GCM; return true;
    case 0x1303: *cipher = CRYPTO_CHACHA20_POLY1305; return true;
    default: return false;
    }
}

/* What was there is wiped first. */
static bool take_key(struct record_key *key, const struct tls_traffic *traffic)
{
    enum crypto_cipher cipher;
    schedules_wipe(&key->key);
    if (!find_cipher(key->suite, &cipher)) {
        return false;
    }
    memcpy(key->secret, traffic->secret, sizeof(key->secret));
    memcpy(key->key.bytes, traffic->key, sizeof(key->key.bytes));
    memcpy(key->iv, traffic->iv, sizeof(key->iv));
    schedules_begin(&key->key, cipher);
    return true;
}

bool record_key_set(struct record_key *key, uint16_t suite, const struct tls_traffic *traffic, uint64_t sequence)
{
    key->suite = suite;
    if (sequence >= RECORD_UPDATE_AT || !take_key(key, traffic)) {
        return false;
    }
    key->sequence = sequence;
    return true;
}

void record_key_wipe(struct record_key *key)
{
    schedules_wipe(&key->key);
    crypto_wipe(key, sizeof(*key));
}

/* 7.2. A new key's records are counted from 0 (5.3); where there is none, nothing more can be done. */
static bool next_key(struct record_key *key)
{
    struct tls_traffic next = {.secret = {0}};
    bool good = tls_traffic_next(&next, key->secret, key->suite) && take_key(key, &next);
    crypto_wipe(&next, sizeof(next));
    key->sequence = good ? 0 : UINT64_MAX;
    return good;
}

/* 5.3: the number, in network order, at the end of the iv. It is taken, whatever comes of it. */
static void take_nonce(struct record_key *key, uint8_t nonce[CRYPTO_NONCE])
{
    uint64_t sequence = key->sequence++;
    memcpy(nonce, key->iv, CRYPTO_NONCE);
    for (uint32_t i = 0; i < sizeof(sequence); i++) {
        nonce[CRYPTO_NONCE - 1 - i] ^= (uint8_t)(sequence >> (8 * i));
    }
}

/* -- what is sent -- */

/* 5.2: its head says how long it is, and is authenticated with it. */
uint32_t record_seal(struct record_key *key, enum record_type type, const void *content, uint32_t length, uint8_t *to)
{
    uint8_t nonce[CRYPTO_NONCE];
    uint32_t behind = length + 1 + CRYPTO_TAG;
    if (length > RECORD_TEXT_MAX || key->sequence >= RECORD_SEALS_MAX) {
        return 0;
    }
    const struct crypto_aead *aead = schedules_get(&key->key);
    to[0] = RECORD_DATA;
    to[1] = to[2] = 3;
    to[3] = (uint8_t)(behind >> 8);
    to[4] = (uint8_t)behind;
    take_nonce(key, nonce);
    if (!aead || !crypto_seal(aead, nonce, to, RECORD_HEAD, content, length, (uint8_t)type, to + RECORD_HEAD)) {
        record_key_spend(key); /* nothing may follow what is missing */
        return 0;
    }
    return RECORD_HEAD + behind;
}

/* 6: all alerts but those of an end in order are fatal. */
uint32_t record_seal_alert(struct record_key *key, enum record_alert alert, uint8_t to[RECORD_ALERT])
{
    bool warning = alert == ALERT_CLOSE_NOTIFY || alert == ALERT_USER_CANCELED;
    uint8_t content[2] = {warning ? 1 : 2, (uint8_t)alert};
    return record_seal(key, RECORD_ALERTS, content, sizeof(content), to);
}

/* 4.6.3 */
uint32_t record_seal_update(struct record_key *key, uint8_t to[RECORD_UPDATE])
{
    static const uint8_t message[5] = {KEY_UPDATE, 0, 0, 1, 0 /* update_not_requested */};
    uint32_t length = record_seal(key, RECORD_HANDSHAKE, message, sizeof(message), to);
    return length > 0 && next_key(key) ? length : 0;
}

/* -- what comes -- */

static struct record_opened refuse(enum record_alert alert)
{
    return (struct record_opened){.event = RECORD_REFUSED, .alert = (uint8_t)alert};
}

/* 5.1, 5.2: of the version nobody may make anything; behind the Finished all are of the outer type application_data. */
uint32_t record_bytes(const uint8_t head[RECORD_HEAD], uint8_t *alert)
{
    uint32_t behind = (uint32_t)head[3] << 8 | head[4];
    if (head[0] != RECORD_DATA) {
        *alert = ALERT_UNEXPECTED_MESSAGE;
        return 0;
    }
    if (RECORD_HEAD + behind > RECORD_BYTES_MAX) {
        *alert = ALERT_RECORD_OVERFLOW;
        return 0;
    }
    if (behind < 1 + CRYPTO_TAG) {
        *alert = ALERT_BAD_RECORD_MAC;
        return 0;
    }
    return RECORD_HEAD + behind;
}

static struct record_opened take_content(struct record_reader *reader, uint32_t length)
{
    if (length == 0 && ++reader->idle > IDLE_MAX) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    if (length > 0) {
        reader->idle = reader->updates = 0;
    }
    return (struct record_opened){.event = RECORD_CONTENT, .length = length};
}

/* 6: one to a record, whole; the level says nothing. */
static struct record_opened take_alert(struct record_reader *reader, const uint8_t *bytes, uint32_t length)
{
    if (length != 2) {
        return refuse(length == 0 ? ALERT_UNEXPECTED_MESSAGE : ALERT_DECODE_ERROR);
    }
    switch (bytes[1]) {
    case ALERT_CLOSE_NOTIFY: return (struct record_opened){.event = RECORD_CLOSED};
    case ALERT_USER_CANCELED: return take_content(reader, 0);
    default: return (struct record_opened){.event = RECORD_BROKEN, .alert = bytes[1]};
    }
}

/* 4.6.3. The message is whole. */
static struct record_opened take_update(struct record_reader *reader)
{
    uint8_t wants = reader->message[4];
    reader->message_bytes = 0;
    if (wants > 1) {
        return refuse(ALERT_ILLEGAL_PARAMETER);
    }
    if (++reader->updates > IDLE_MAX) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    if (!next_key(&reader->key)) {
        return refuse(ALERT_INTERNAL_ERROR);
    }
    return (struct record_opened){.event = wants ? RECORD_UPDATE_WANTED : RECORD_CONTENT};
}

/* 5.1: a message may come in parts, none of them empty; a KeyUpdate ends its record. */
static struct record_opened take_message(struct record_reader *reader, const uint8_t *bytes, uint32_t length)
{
    static const uint8_t begins[4] = {KEY_UPDATE, 0, 0, 1};
    uint32_t room = sizeof(reader->message) - reader->message_bytes, count = length < room ? length : room;
    memcpy(reader->message + reader->message_bytes, bytes, count);
    reader->message_bytes = (uint8_t)(reader->message_bytes + count);
    uint32_t known = reader->message_bytes < sizeof(begins) ? reader->message_bytes : sizeof(begins);
    if (length == 0 || reader->message[0] != KEY_UPDATE) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    if (memcmp(reader->message, begins, known) != 0) {
        return refuse(ALERT_DECODE_ERROR);
    }
    if (length > count) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    return reader->message_bytes == sizeof(reader->message) ? take_update(reader)
                                                            : (struct record_opened){.event = RECORD_CONTENT};
}

/* 5.4: what lies behind the content's type is padding; something must not be. 5.1: nothing stands between the parts of a
 * message. */
static struct record_opened take_inner(struct record_reader *reader, const uint8_t *inner, uint32_t length)
{
    if (length > RECORD_TEXT_MAX + 1) {
        return refuse(ALERT_RECORD_OVERFLOW);
    }
    while (length > 0 && inner[length - 1] == 0) {
        length--;
    }
    if (length == 0) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    uint8_t type = inner[--length];
    if (type != RECORD_HANDSHAKE && reader->message_bytes > 0) {
        return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
    switch (type) {
    case RECORD_DATA: return take_content(reader, length);
    case RECORD_ALERTS: return take_alert(reader, inner, length);
    case RECORD_HANDSHAKE: return take_message(reader, inner, length);
    default: return refuse(ALERT_UNEXPECTED_MESSAGE);
    }
}

struct record_opened record_open(struct record_reader *reader, const uint8_t *record, uint32_t length, uint8_t *to)
{
    uint8_t nonce[CRYPTO_NONCE];
    if (reader->key.sequence == UINT64_MAX) { /* 5.3: it may not wrap */
        return refuse(ALERT_INTERNAL_ERROR);
    }
    const struct crypto_aead *aead = schedules_get(&reader->key.key);
    if (!aead) {
        return refuse(ALERT_INTERNAL_ERROR);
    }
    take_nonce(&reader->key, nonce);
    if (!crypto_open(aead, nonce, record, RECORD_HEAD, record + RECORD_HEAD, length - RECORD_HEAD, to)) {
        return refuse(ALERT_BAD_RECORD_MAC);
    }
    return take_inner(reader, to, length - RECORD_HEAD - CRYPTO_TAG);
}

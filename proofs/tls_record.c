/* proofs/tls_record.c: no nonce of a record is used twice with one key, and no schedule but the key's own, one step from
 * any state; libcrypto is played: it does whatever it likes with bytes, fails when it likes, and is told which key it has
 * by its number. */
#include <string.h>

#include "http/tls/record.c"
#include "http/tls/schedules.c"
#include "proofs/cbmc.h"

#define KEYS 3
#define ROOM 24

static struct record_key key;
static struct record_reader reader;
static uint32_t keys;                  /* that were made: their numbers are 1 to this, and stand in their bytes */
static uint64_t unused_from[KEYS + 1]; /* this number and those above it have not been used with the key */
static uint8_t ivs[KEYS + 1][CRYPTO_NONCE];
static uint8_t updated[TLS_SECRET_MAX]; /* the next secret */
static bool was_updated;                /* there was one */
static uint8_t bytes[ROOM], plain[ROOM];

static uint32_t number_in(const uint8_t *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

static uint32_t number_of(const struct record_key *any)
{
    return number_in(any->key.bytes);
}

static void take(const struct crypto_aead *aead, const uint8_t *nonce)
{
    uint32_t number = number_in(aead->state);
    uint64_t sequence = 0;
    PROVE(number >= 1 && number <= keys);
    PROVE(memcmp(nonce, ivs[number], CRYPTO_NONCE - 8) == 0);
    for (int i = CRYPTO_NONCE - 8; i < CRYPTO_NONCE; i++) {
        sequence = sequence << 8 | (uint8_t)(nonce[i] ^ ivs[number][i]);
    }
    PROVE(sequence >= unused_from[number] && sequence != UINT64_MAX);
    unused_from[number] = sequence + 1;
}

/* -- libcrypto -- */

bool crypto_aead_set(struct crypto_aead *aead, enum crypto_cipher cipher, const uint8_t *bytes_of_key)
{
    memcpy(aead->state, bytes_of_key, sizeof(uint32_t));
    return nondet_bool();
}

bool crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to)
{
    PROVE(head_length == RECORD_HEAD && length <= RECORD_TEXT_MAX);
    PROVE((uint32_t)(head[3] << 8 | head[4]) == length + 1 + CRYPTO_TAG);
    take(aead, nonce);
    return nondet_bool();
}

bool crypto_open(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t *to)
{
    take(aead, nonce);
    ANYTHING(plain);
    return nondet_bool();
}

void crypto_wipe(void *memory, uint32_t count)
{
    memset(memory, 0, count);
}

/* -- tls/traffic.c -- */

static void make_keys(struct tls_traffic *traffic)
{
    ASSUME(keys < KEYS);
    keys++;
    ANYTHING(traffic);
    memcpy(traffic->key, &keys, sizeof(keys));
    memcpy(ivs[keys], traffic->iv, CRYPTO_NONCE);
}

bool tls_traffic_next(struct tls_traffic *next, const uint8_t secret[TLS_SECRET_MAX], uint16_t suite)
{
    make_keys(next);
    memcpy(updated, next->secret, sizeof(updated));
    was_updated = nondet_bool();
    return was_updated;
}

/* -- one step from any state -- */

/* A schedule of this key is of these bytes; one of a key that is to come there is none. */
static bool schedules_hold(const struct record_key *any)
{
    for (int i = 0; i < SCHEDULES; i++) {
        const struct place *place = &self.places[i];
        if (place->number > self.numbers || (place->number != 0 && place->number == any->key.number &&
                                             number_in(place->aead.state) != number_of(any))) {
            return false;
        }
    }
    return any->key.number <= self.numbers && self.hand < SCHEDULES;
}

static void any_key(struct record_key *any)
{
    ANYTHING(&key);
    ANYTHING(&reader);
    ANYTHING(&self);
    keys = 1;
    memcpy(any->key.bytes, &keys, sizeof(keys));
    memcpy(ivs[1], any->iv, CRYPTO_NONCE);
    unused_from[1] = nondet_u64();
    enum crypto_cipher cipher;
    ASSUME(find_cipher(any->suite, &cipher) && any->key.number != 0 && any->key.place < SCHEDULES &&
           self.numbers < UINT64_MAX);
    ASSUME(unused_from[1] <= any->sequence && schedules_hold(any));
}

/* One that could not be made is not used any more. */
static void prove_it_holds_on(const struct record_key *any)
{
    PROVE(schedules_hold(any));
    PROVE(any->key.number == 0 ? any->sequence == UINT64_MAX : unused_from[number_of(any)] <= any->sequence);
}

void sealing_uses_a_nonce_once(void)
{
    any_key(&key);
    uint32_t length = nondet_u32(), sealed = record_seal(&key, RECORD_DATA, bytes, length, bytes);
    prove_it_holds_on(&key);
    if (sealed > 0) {
        PROVE(sealed == length + RECORD_OVERHEAD && unused_from[1] <= RECORD_SEALS_MAX);
        sealed = record_seal_alert(&key, ALERT_CLOSE_NOTIFY, bytes);
        prove_it_holds_on(&key);
        POSSIBLE(1 + (sealed > 0));
    } else if (length <= RECORD_TEXT_MAX) {
        PROVE(record_seal_alert(&key, ALERT_CLOSE_NOTIFY, bytes) == 0);
        prove_it_holds_on(&key);
    }
}

void updating_makes_another_key(void)
{
    any_key(&key);
    uint32_t sealed = record_seal_update(&key, bytes);
    prove_it_holds_on(&key);
    if (sealed > 0) {
        PROVE(keys == 2 && number_of(&key) == 2 && key.sequence == 0 && was_updated);
        PROVE(memcmp(key.secret, updated, sizeof(updated)) == 0);
        POSSIBLE(1);
    }
    sealed = record_seal(&key, RECORD_DATA, bytes, 1, bytes);
    prove_it_holds_on(&key);
    if (sealed > 0) {
        PROVE(!was_updated || number_of(&key) == 2);
        POSSIBLE(2);
    }
}

/* Of a record that is not opened in the end, or whose content does nothing to keys. */
void opening_counts_on(void)
{
    any_key(&reader.key);
    uint32_t length = RECORD_HEAD + CRYPTO_TAG + 1;
    reader.message_bytes = 0;
    struct record_opened opened = record_open(&reader, bytes, length, plain);
    PROVE(opened.length <= 1);
    if (keys == 1) {
        prove_it_holds_on(&reader.key);
        POSSIBLE(1 + (opened.event == RECORD_CONTENT));
    }
}

void a_clients_update_makes_another_key(void)
{
    any_key(&reader.key);
    struct record_opened opened = take_update(&reader);
    prove_it_holds_on(&reader.key);
    PROVE(reader.message_bytes == 0);
    if (opened.event != RECORD_REFUSED) {
        PROVE(keys == 2 && number_of(&reader.key) == 2 && reader.key.sequence == 0 && was_updated);
        PROVE(memcmp(reader.key.secret, updated, sizeof(updated)) == 0);
        POSSIBLE(1 + (opened.event == RECORD_CONTENT));
    }
}

/* Where another one was, or none. */
void a_set_key_is_new(void)
{
    any_key(&key);
    if (nondet_bool()) {
        memset(&key, 0, sizeof(key));
    }
    struct tls_traffic traffic;
    make_keys(&traffic);
    uint64_t sequence = nondet_u64();
    bool good = record_key_set(&key, 0x1301, &traffic, sequence);
    if (good) {
        PROVE(keys == 2 && number_of(&key) == 2 && key.sequence == sequence && sequence < RECORD_UPDATE_AT);
        PROVE(schedules_hold(&key));
        POSSIBLE(1);
    }
}

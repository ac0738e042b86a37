/* tests/fuzz/http_tls_record.c: what a client may send in records, one behind another. libcrypto is played: a record is
 * opened when the last byte of its tag is not 255, and its text is what stands there.
 *
 * Input: for each record two bytes, of its head's length, then the record behind its head.
 */
#include "http/tls/record.h"
#include "tests/fuzz/fuzz.h"
#include "tls/traffic.h"

static uint64_t numbers; /* of records that were opened with the key, */
static uint32_t keys;    /* and keys that were made */

bool crypto_aead_set(struct crypto_aead *aead, enum crypto_cipher cipher, const uint8_t *key)
{
    return true;
}

bool crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to)
{
    return true;
}

bool crypto_open(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                 uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t *to)
{
    uint64_t number = 0;
    for (uint32_t i = CRYPTO_NONCE - 8; i < CRYPTO_NONCE; i++) {
        number = number << 8 | nonce[i];
    }
    DEMAND(number == numbers);
    numbers++;
    memmove(to, from, length - CRYPTO_TAG);
    return from[length - 1] != 255;
}

/* IVs are zeros: a nonce is its number. */
bool tls_traffic_next(struct tls_traffic *next, const uint8_t secret[TLS_SECRET_MAX], uint16_t suite)
{
    keys++;
    numbers = 0;
    memset(next, 0, sizeof(*next));
    return true;
}

void crypto_wipe(void *memory, uint32_t count) {}

void fuzz_begin(void) {}

/* False: the connection ends. */
static bool one_record(struct record_reader *reader, const uint8_t *head, const uint8_t *behind, uint32_t length)
{
    uint8_t alert = 0;
    uint32_t bytes = record_bytes(head, &alert), keys_before = keys;
    if (bytes == 0) {
        DEMAND(alert == ALERT_RECORD_OVERFLOW || alert == ALERT_BAD_RECORD_MAC);
        return false;
    }
    DEMAND(bytes == RECORD_HEAD + length);
    uint8_t *record = malloc(bytes), *text = malloc(length - CRYPTO_TAG);
    memcpy(record, head, RECORD_HEAD);
    memcpy(record + RECORD_HEAD, behind, length);
    struct record_opened opened = record_open(reader, record, bytes, text);
    DEMAND(opened.length <= RECORD_TEXT_MAX && opened.length < length - CRYPTO_TAG);
    DEMAND(opened.length == 0 || opened.event == RECORD_CONTENT);
    DEMAND(opened.event != RECORD_UPDATE_WANTED || keys == keys_before + 1);
    DEMAND(keys - keys_before <= 1);
    DEMAND(opened.event == RECORD_REFUSED || reader->message_bytes < sizeof(reader->message));
    DEMAND(opened.event != RECORD_REFUSED || opened.alert != ALERT_CLOSE_NOTIFY);
    DEMAND(reader->key.sequence == numbers);
    free(record);
    free(text);
    return opened.event == RECORD_CONTENT || opened.event == RECORD_UPDATE_WANTED;
}

void fuzz_run(struct fuzz_input *in)
{
    static const struct tls_traffic traffic;
    struct record_reader reader = {.idle = 0};
    DEMAND(record_key_set(&reader.key, 0x1301, &traffic, 0));
    while (in->left >= 2) {
        uint8_t head[RECORD_HEAD] = {RECORD_DATA, 3, 3, in->at[0], in->at[1]};
        uint32_t length = (uint32_t)head[3] << 8 | head[4];
        in->at += 2;
        in->left -= 2;
        if (length > in->left || !one_record(&reader, head, in->at, length)) {
            return;
        }
        in->at += length;
        in->left -= length;
    }
}

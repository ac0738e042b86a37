/* keys.c: asks PD keys, by protected calls and one page.
 *   trusts    PD keys: its signatures, its points. Its numbers are checked all the same
 *   restart   of PD keys: a question waits for its next life; what it was asked when it died is asked once more
 */
#include "tls/keys.h"

#include <string.h>
#include "lib/pd.h"

#define SPACES 64
#define ASKED_MAX 2 /* times */

static const char context[] = "TLS 1.3, server CertificateVerify"; /* its 0 is part of the text */

static struct {
    uint8_t channel, count;
    const struct region *page;
    uint8_t points[KEYS_MAX][KEYS_POINT_BYTES];
} self;

static microkit_msginfo ask_once(uint64_t label, uint64_t key, const uint8_t *hash, size_t bytes)
{
    uint8_t registers = label == KEYS_SIGN ? 2 : 1;

    memcpy(self.page->base, hash, bytes);
    microkit_mr_set(0, key);
    microkit_mr_set(1, bytes);
    return microkit_ppcall(self.channel, microkit_msginfo_new(label, registers));
}

/* Bytes of the answer, which lie in the page; 0: refused. */
static size_t ask(uint64_t label, uint64_t key, const uint8_t *hash, size_t bytes)
{
    microkit_msginfo answer;
    int asked = 0;

    do {
        answer = ask_once(label, key, hash, bytes);
    } while (microkit_msginfo_get_label(answer) == PD_NO_REPLY && ++asked < ASKED_MAX);
    return microkit_msginfo_get_label(answer) == 0 && microkit_msginfo_get_count(answer) == 1 ? microkit_mr_get(0) : 0;
}

void tls_keys_init(uint8_t channel, uint8_t count, const struct region *page)
{
    require(count >= 1 && count <= KEYS_MAX, "tls: key_count", count);
    require(page->size >= KEYS_PAGE_BYTES, "tls: keys_page.size", page->size);
    self.channel = channel;
    self.count = count;
    self.page = page;
    for (uint8_t i = 0; i < count; i++) {
        if (ask(KEYS_PUBLIC, i, self.points[i], 0) == KEYS_POINT_BYTES) {
            memcpy(self.points[i], page->base, KEYS_POINT_BYTES);
        }
    }
}

uint8_t tls_keys_find(const uint8_t point[KEYS_POINT_BYTES])
{
    for (uint8_t i = 0; i < self.count; i++) {
        if (memcmp(self.points[i], point, KEYS_POINT_BYTES) == 0) {
            return i;
        }
    }
    return TLS_KEYS_NONE;
}

static bool is_certificate_verify(const uint8_t *text, size_t hash_bytes)
{
    for (int i = 0; i < SPACES; i++) {
        if (text[i] != ' ') {
            return false;
        }
    }
    return memcmp(text + SPACES, context, sizeof(context)) == 0 && (hash_bytes == 32 || hash_bytes == 48);
}

size_t tls_keys_sign(uint8_t key, const uint8_t *text, size_t length, uint8_t signature[KEYS_SIGNATURE_MAX])
{
    size_t before = SPACES + sizeof(context);

    if (length < before || !is_certificate_verify(text, length - before)) {
        return 0;
    }
    size_t bytes = ask(KEYS_SIGN, key, text + before, length - before);
    return bytes <= KEYS_SIGNATURE_MAX && region_copy(self.page, 0, bytes, signature) ? bytes : 0;
}

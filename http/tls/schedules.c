/* schedules.c: the key schedules that there are, of the keys that were used last.
 *   serves    record.c, trusted
 *   invariant a schedule is of the key whose number it has, and of its bytes: numbers are given once, and a key whose
 *             bytes change gets another one (proofs/tls_record.c)
 *   when full a key that was not used since it was last looked at loses its schedule, which is made again when it is
 *             needed. Nobody waits
 */
#include "http/tls/schedules.h"

#include <assert.h>
#include <stddef.h>

struct place {
    uint64_t number; /* of the key whose schedule this is; 0: nobody's */
    bool used;       /* since it was looked at */
    struct crypto_aead aead;
};

static struct {
    struct place places[SCHEDULES];
    uint8_t hand; /* the next that is looked at */
    uint64_t numbers;
} self;

/* The first from the hand on that was not used. The second time round none was. */
static uint8_t take_place(void)
{
    for (;;) {
        uint8_t here = self.hand;
        self.hand = (uint8_t)((here + 1) % SCHEDULES);
        if (!self.places[here].used) {
            return here;
        }
        self.places[here].used = false;
    }
}

static bool make(struct schedule_key *key)
{
    key->place = take_place();
    struct place *place = &self.places[key->place];
    place->number = 0;
    if (!crypto_aead_set(&place->aead, (enum crypto_cipher)key->cipher, key->bytes)) {
        return false;
    }
    place->number = key->number;
    return true;
}

void schedules_begin(struct schedule_key *key, enum crypto_cipher cipher)
{
    key->cipher = (uint8_t)cipher;
    key->number = ++self.numbers;
}

const struct crypto_aead *schedules_get(struct schedule_key *key)
{
    assert(key->number != 0);
    if (self.places[key->place].number != key->number && !make(key)) {
        return NULL;
    }
    self.places[key->place].used = true;
    return &self.places[key->place].aead;
}

void schedules_wipe(struct schedule_key *key)
{
    struct place *place = &self.places[key->place];
    if (key->number != 0 && place->number == key->number) {
        crypto_wipe(place, sizeof(*place));
    }
    crypto_wipe(key, sizeof(*key));
}

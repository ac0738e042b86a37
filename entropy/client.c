/* client.c: one seed for the generator of this PD, once in its life.
 *   asks      the entropy service, trusted: who could choose its answers could know all that this PD draws
 *   produces  a sound generator (lib/random.h), or the outcome that there is no source
 *   invariant the message registers hold no seed when a function here has returned
 */
#include "entropy/client.h"

#include <string.h>
#include "lib/pd.h"
#include "lib/random.h"

static struct {
    microkit_channel channel;
} self;

static void take_seed(void)
{
    uint64_t words[ENTROPY_WORDS];
    _Static_assert(sizeof(words) == RANDOM_SEED_BYTES, "a seed is what the generator needs");

    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        words[i] = microkit_mr_get(i);
        microkit_mr_set(i, 0);
    }
    random_mix(words, sizeof(words));
    memset(words, 0, sizeof(words));
    __asm__ volatile("" : : "r"(words) : "memory"); /* somebody might read them: they are wiped */
    random_settle(true);
}

static void ask(void *context)
{
    if (random_is_sound()) {
        return;
    }
    microkit_msginfo answer = microkit_ppcall(self.channel, microkit_msginfo_new(ENTROPY_ASK, 0));

    if (microkit_msginfo_get_label(answer) == ENTROPY_SEED && microkit_msginfo_get_count(answer) >= ENTROPY_WORDS) {
        take_seed();
    } else if (microkit_msginfo_get_label(answer) == ENTROPY_NO_SOURCE) {
        random_settle(false);
    }
}

void entropy_client_init(const struct entropy_client_config *config)
{
    if (config && config->has_service) {
        self.channel = config->channel;
        pd_on_channel(config->channel, ask, NULL);
        ask(NULL);
    } else {
        random_settle(false);
    }
    if (!random_is_sound()) {
        random_stir_jitter();
    }
}

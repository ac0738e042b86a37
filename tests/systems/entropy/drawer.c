/* drawer.c: a client of the entropy service that says what its generator draws, then goes on asking the service, as no
 * client would.
 *   produces  `draws HEX` of 16 bytes, once its generator is sound; `has no source`; a line of what it has been told for
 *             each ASKED_EACH questions. A seed that was one of the last SEEDS is counted as `twice`
 */
#include <string.h>

#include "entropy/client.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lib/random.h"
#include "serial/client.h"
#include "timer/client.h"

#define SPACING_NS 2000000ull
#define ASKED_EACH 100
#define SEEDS 64

static struct {
    struct timer timer;
    uint64_t seeds[SEEDS][ENTROPY_WORDS];
    unsigned asked, given, twice, none, never;
} self;

static void on_outcome(void *context)
{
    uint8_t bytes[16];
    char text[2 * sizeof(bytes) + 1];

    if (!random_is_sound()) {
        log_line("has no source");
        return;
    }
    random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        log_format(text + 2 * i, 3, "%02x", bytes[i]);
    }
    log_line("draws %s", text);
}

static void take_seed(void)
{
    uint64_t seed[ENTROPY_WORDS];

    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        seed[i] = microkit_mr_get(i);
    }
    for (uint32_t i = 0; i < SEEDS; i++) {
        self.twice += memcmp(self.seeds[i], seed, sizeof(seed)) == 0;
    }
    memcpy(self.seeds[self.given++ % SEEDS], seed, sizeof(seed));
}

static void ask(void *context)
{
    microkit_msginfo answer = microkit_ppcall(entropy_client_config.channel, microkit_msginfo_new(ENTROPY_ASK, 0));

    switch (microkit_msginfo_get_label(answer)) {
    case ENTROPY_SEED: take_seed(); break;
    case ENTROPY_NO_SOURCE: self.never++; break;
    default: self.none++; break;
    }
    if (++self.asked % ASKED_EACH == 0) {
        log_line("asked %u: seeds %u, none %u, never %u, twice %u", self.asked, self.given, self.none, self.never,
                 self.twice);
    }
    timer_start(&self.timer, pd_now_ns() + SPACING_NS, ask, NULL);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    random_on_outcome(on_outcome, NULL);
    entropy_client_init(&entropy_client_config);
    timer_start(&self.timer, pd_now_ns() + SPACING_NS, ask, NULL);
    pd_flush();
}

/* server.c: seeds for the clients' generators, from the board's source of random bytes.
 *   consumes  bytes    of the source (entropy/source.h), believed random only after the tests of SP 800-90B 4.4, the
 *                      first 1024 before any is used (4.3); of each later byte, too
 *   answers   ENTROPY_ASK   from the clients, NOT trusted: each gets 32 bytes of a generator of this PD that nobody else
 *                      gets, and from which no other's can be computed (lib/random.h), or hears that there are none
 *   produces  one notification to each client that was told "none yet", when that has changed; one line on the console
 *             where nothing will come
 *   invariant no client has a seed of a source that has failed a test before; this PD holds no seed that it gave out,
 *             but for the last one, in its message registers, until the source's next bytes have come
 *   when full there is nothing to fill: each seed that is given out asks the source for so many bytes, once
 *   restart   the device and the tests begin anew; every client is notified, for who waited is not known
 *   idle      nothing runs: no timer, and no request to the device that no client has caused
 * A source that has failed stays out until this PD starts anew. Who has a seed goes on with it: it was a good one.
 */
#include <string.h>

#include "entropy/config.h"
#include "entropy/health.h"
#include "entropy/source.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lib/random.h"
#include "serial/client.h"

#define FRESH_BYTES 64 /* for each seed that was given out */
#define EMPTY_MAX 16   /* answers without a byte, one after another */

enum state { STARTING, READY, OUT };

static struct {
    enum state state;
    struct health health;
    bool asked; /* the source has a request */
    uint32_t empty;
    bool waits[ENTROPY_CLIENTS_MAX];
} self;

static const struct entropy_config *const config = &entropy_config;

static void tell_who_waits(void)
{
    for (uint32_t i = 0; i < config->client_count; i++) {
        if (self.waits[i]) {
            self.waits[i] = false;
            microkit_notify(config->clients[i]);
        }
    }
}

/* For good, in this life. */
static void give_up(const char *why)
{
    self.state = OUT;
    log_line("no sound random numbers: %s; what there is is not fit for keys", why);
    tell_who_waits();
}

static void ask_source(uint32_t count)
{
    if (!self.asked) {
        self.asked = true;
        source_ask(count);
    }
}

/* -- bytes in -- */

static bool all_pass(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!health_sample(&self.health, bytes[i])) {
            return false;
        }
    }
    return true;
}

static void judge(const uint8_t *bytes, uint32_t count)
{
    self.empty = count > 0 ? 0 : self.empty + 1;
    if (self.empty == EMPTY_MAX) {
        give_up("the source gives nothing");
    } else if (!all_pass(bytes, count)) {
        give_up("the source has failed a test");
    } else {
        random_mix(bytes, count);
    }
}

static void use_if_enough(void)
{
    if (self.state == STARTING && self.health.samples >= HEALTH_START_SAMPLES) {
        self.state = READY;
        tell_who_waits();
    }
}

/* What a request has brought. Another one follows while the first tests need more; each brings something, or counts. */
static void collect(void)
{
    uint8_t *bytes;
    uint32_t count;

    while (self.asked && source_take(&bytes, &count)) {
        self.asked = false;
        if (self.state != OUT) {
            judge(bytes, count);
        }
        memset(bytes, 0, count);
        use_if_enough();
        if (self.state == STARTING) {
            ask_source(HEALTH_START_SAMPLES);
        }
    }
}

void init(void)
{
    require(config->client_count <= ENTROPY_CLIENTS_MAX, "entropy: client_count", config->client_count);
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    memset(self.waits, pd_generation() > 1, sizeof(self.waits));
    const char *wrong = source_start();
    if (pd_generation() > 1 && config->has_irq) {
        microkit_irq_ack(config->irq); /* the former life may have died before it did */
    }
    if (wrong) {
        give_up(wrong);
    } else {
        ask_source(HEALTH_START_SAMPLES);
        collect();
    }
    pd_flush();
}

void notified(microkit_channel channel)
{
    bool interrupt = config->has_irq && channel == config->irq;

    if (interrupt) {
        source_interrupt();
        collect();
        for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
            microkit_mr_set(i, 0); /* of the last seed */
        }
    } else {
        (void)pd_dispatch(channel);
    }
    if (interrupt) {
        pd_flush();
        microkit_deferred_irq_ack(channel);
    } else {
        pd_flush_deferred();
    }
}

/* -- seeds out -- */

static microkit_msginfo give_seed(void)
{
    uint64_t words[ENTROPY_WORDS];

    ask_source(FRESH_BYTES);
    collect(); /* of a source that needs no time */
    if (self.state != READY) {
        return microkit_msginfo_new(ENTROPY_NO_SOURCE, 0);
    }
    random_bytes(words, sizeof(words));
    for (uint8_t i = 0; i < ENTROPY_WORDS; i++) {
        microkit_mr_set(i, words[i]);
    }
    memset(words, 0, sizeof(words));
    __asm__ volatile("" : : "r"(words) : "memory"); /* somebody might read them: they are wiped */
    return microkit_msginfo_new(ENTROPY_SEED, ENTROPY_WORDS);
}

/* false: no client has this channel. */
static bool find_client(microkit_channel channel, uint32_t *index)
{
    for (uint32_t i = 0; i < config->client_count; i++) {
        if (config->clients[i] == channel) {
            *index = i;
            return true;
        }
    }
    return false;
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    uint32_t client;
    microkit_msginfo answer = microkit_msginfo_new(ENTROPY_NONE_YET, 0);

    if (!find_client(channel, &client) || microkit_msginfo_get_label(info) != ENTROPY_ASK) {
        return answer;
    }
    switch (self.state) {
    case STARTING: self.waits[client] = true; break;
    case READY: answer = give_seed(); break;
    case OUT: answer = microkit_msginfo_new(ENTROPY_NO_SOURCE, 0); break;
    }
    pd_flush();
    return answer;
}

/* pd.c: PD tls: the handshakes of the web server's connections.
 *   consumes  strangers' hellos, by way of the front (tls/link.c), NOT trusted; certificate chains and the time of day,
 *             from the front
 *   produces  bytes for the clients, and for the front the secrets of the connections whose handshake is over
 *   has not   pages, requests, private keys: PD keys signs (tls/keys.c), the front has the connections
 *   invariant a slot is in the list of those to go on with exactly while `waiting`
 *   ends      an event goes on with STEPS_MAX handshakes, and with none more after EVENT_NS; a timer brings the next
 *             event at once. So nothing is late for the watchdog, on a slow machine either, and the front's words (a
 *             client has gone) are heard in between
 *   waits     for its seed (lib/random.h) before the first handshake; where it hears that there is none, all fail
 *   restart   handshakes under way are lost; the front says chains and time anew
 */
#include "lib/pd.h"

#include "entropy/client.h"
#include "lib/random.h"
#include "timer/client.h"
#include "tls/chains.h"
#include "tls/counters.h"
#include "tls/handshake.h"
#include "tls/heap.h"
#include "tls/keys.h"

#define STEPS_MAX 4
#define EVENT_NS 1000000ull
#define NS_PER_S 1000000000

static struct {
    struct timer go_on;
    bool settled; /* whether there is a seed */
    bool fresh[TLS_SLOTS], waiting[TLS_SLOTS];
    struct tls_slot *queue[TLS_SLOTS]; /* a circle: those that there is something to do for, in their order */
    uint32_t first, count;
    bool time_known;
    int64_t time_offset_ns;
    struct {
        uint32_t serial;
        bool undated;
    } chains[TLS_CHAINS_MAX];
    char pem[TLS_CHAIN_MAX];
} self;

/* -- handshakes, in turn -- */

static void go_on_with(struct tls_slot *slot)
{
    if (slot->used && self.fresh[slot->number]) {
        self.fresh[slot->number] = false;
        tls_handshake_begin(slot);
    }
    tls_handshake_step(slot);
}

static void step(void *context)
{
    uint64_t end_ns = pd_now_ns() + EVENT_NS;

    for (int left = STEPS_MAX; left > 0 && self.count > 0 && self.settled; left--) {
        struct tls_slot *slot = self.queue[self.first];
        self.first = (self.first + 1) % TLS_SLOTS;
        self.count--;
        self.waiting[slot->number] = false;
        go_on_with(slot);
        if (pd_now_ns() >= end_ns) {
            break;
        }
    }
    if (self.count > 0 && self.settled) {
        timer_start(&self.go_on, pd_now_ns(), step, NULL);
    }
}

/* A slot that is over stays in the queue: nothing is done for it then, or for its next use a little early. */
static void wait(struct tls_slot *slot)
{
    if (!self.waiting[slot->number]) {
        self.waiting[slot->number] = true;
        self.queue[(self.first + self.count) % TLS_SLOTS] = slot;
        self.count++;
    }
}

static void begun(struct tls_slot *slot)
{
    self.fresh[slot->number] = true;
    wait(slot);
}

/* There is a seed, or there will be none. */
static void settle(void *context)
{
    self.settled = true;
    tls_handshake_settled();
    step(NULL);
}

/* Behind the messages of an event. */
static void step_now(void *context)
{
    if (self.count > 0 && !self.go_on.armed) {
        step(NULL);
    }
    tls_counts()->queue = self.count;
    tls_counts()->heap_bytes = tls_heap_used();
}

/* -- chains, time of day -- */

static int64_t now_s(void)
{
    return self.time_known ? ((int64_t)pd_now_ns() + self.time_offset_ns) / NS_PER_S : 0;
}

static void take_chain(const struct tls_message *message)
{
    int64_t not_after = 0;
    enum tls_chain_status status = TLS_CHAIN_TOO_LONG;

    if (tls_link_copy_chain(message, self.pem)) {
        status = tls_chains_set(message->chain, self.pem, message->produced, now_s(), &not_after);
    }
    if (status == TLS_CHAIN_OK || status == TLS_CHAIN_OK_UNDATED) {
        self.chains[message->chain].serial = message->serial;
        self.chains[message->chain].undated = status == TLS_CHAIN_OK_UNDATED;
    }
    tls_link_tell_chain(message->chain, message->serial, status, not_after);
}

static void take_time(int64_t offset_ns)
{
    self.time_known = true;
    self.time_offset_ns = offset_ns;
    for (uint8_t i = 0; i < TLS_CHAINS_MAX; i++) {
        int64_t not_after = 0;
        if (self.chains[i].undated) {
            self.chains[i].undated = false;
            enum tls_chain_status status = tls_chains_dates(i, now_s(), &not_after);
            tls_link_tell_chain(i, self.chains[i].serial, status, not_after);
        }
    }
}

static const struct tls_link_handlers handlers = {
    .begun = begun,
    .changed = wait,
    .over = tls_handshake_end,
    .chain = take_chain,
    .time = take_time,
};

void init(void)
{
    const struct tls_config *config = &tls_config;

    counters_begin();
    entropy_client_init(&entropy_client_config);
    timer_client_init(&timer_client_config);
    require(config->heap.size >= TLS_HEAP_BYTES, "tls: heap.size", config->heap.size);
    tls_heap_init(&config->heap, TLS_SLOTS * TLS_HANDSHAKE_OWN, TLS_HANDSHAKE_BYTES - TLS_HANDSHAKE_OWN);
    tls_keys_init(config->keys, config->key_count, &config->keys_page);
    tls_handshake_init(config->hybrid);
    tls_link_init(&config->client, &handlers);
    pd_before_flush(step_now, NULL);
    random_on_outcome(settle, NULL);
    pd_flush();
}

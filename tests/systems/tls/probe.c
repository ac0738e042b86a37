/* probe.c: the front's side of tls/proto.h, which is honest first and lies then: does tls, with keys, answer a hello with
 * all that a server says, many at a time, also after what cannot be, and how soon after one of the two has died?
 *
 * The hellos are those of real clients; nobody has the keys to their shares any more, so handshakes end there.
 */
#include "lib/pd.h"

#include <string.h>
#include "lib/log.h"
#include "lib/ring.h"
#include "serial/client.h"
#include "supervisor/proto.h"
#include "tests/systems/tls/config.h"
#include "tests/systems/tls/hellos.h"
#include "timer/client.h"
#include "tls/config.h"
#include "tls/proto.h"

#define ROUNDS 8
#define SPACING_NS 70000000ull /* between two deaths: longer than the rules' settled_ms */
#define TICK_NS 1000000ull     /* while seeds are waited for: see tick() */
#define LIES 150               /* beside the ends of a flood the ring has room for them */

enum step { WRONG, RIGHT, ROUND, FLOOD, AFTER, TLS_DIES, KEYS_DIE, SEEDS_DIE, DONE };
static const char *const victims[] = {[TLS_DIES] = "tls", [KEYS_DIE] = "keys", [SEEDS_DIE] = "entropy"};

static struct {
    const struct tls_client_config *config;
    struct ring to, from;
    struct timer next, tick;
    enum step step;
    uint32_t serial, round, answered;
    uint64_t began_ns;
    struct {
        uint32_t given, heard; /* bytes of the hello; of the answer */
        bool is_hello;         /* what it began with */
    } slots[TLS_SLOTS];
} self;

static void say(struct tls_message message)
{
    ring_put(&self.to, &message); /* a lie for which there is no room is none the less */
    if (ring_wake_consumer(&self.to)) {
        pd_notify_later(self.config->peer);
    }
}

static void say_chain(const char *pem)
{
    memcpy((char *)self.config->out.base + TLS_CHAIN_OFFSET, pem, strlen(pem));
    say((struct tls_message){.type = TLS_CHAIN, .slot = TLS_CONTROL, .produced = (uint32_t)strlen(pem)});
}

/* In turn the one and the other. */
static uint32_t hello_bytes(void)
{
    return self.serial % 2 ? sizeof(hello) : sizeof(hybrid);
}

/* As much of the hello as there is room for; `taken` bytes of it have been read. */
static void give(uint16_t slot, uint32_t taken)
{
    const uint8_t *from = self.serial % 2 ? hello : hybrid;
    uint8_t *circle = (uint8_t *)self.config->out.base + slot * TLS_IN_BYTES;
    uint32_t given = self.slots[slot].given;
    for (; given < hello_bytes() && given - taken < TLS_IN_BYTES; given++) {
        circle[given % TLS_IN_BYTES] = from[given];
    }
    self.slots[slot].given = given;
}

static void begin(uint16_t slot)
{
    self.slots[slot].given = self.slots[slot].heard = 0;
    give(slot, 0);
    say((struct tls_message){
        .type = TLS_BEGIN, .slot = slot, .serial = self.serial, .produced = self.slots[slot].given});
}

/* More of the hello, and all that was answered so far has been read. */
static void go_on(const struct tls_message *message)
{
    give(message->slot, message->taken);
    say((struct tls_message){.type = TLS_STATE,
                             .slot = message->slot,
                             .serial = self.serial,
                             .produced = self.slots[message->slot].given,
                             .taken = message->produced});
}

static void end(uint16_t slot)
{
    say((struct tls_message){.type = TLS_OVER, .slot = slot, .serial = self.serial});
}

/* -- steps -- */

static void begin_round(void)
{
    self.serial++;
    self.began_ns = pd_now_ns();
    begin(0);
}

static void begin_flood(void)
{
    self.step = FLOOD;
    self.serial++;
    self.answered = 0;
    self.began_ns = pd_now_ns();
    for (uint16_t slot = 0; slot < TLS_SLOTS; slot++) {
        begin(slot);
    }
}

/* Every type, slots that are none, counts that cannot be; then an honest one again. */
static void lie(void)
{
    self.serial++;
    for (uint16_t i = 0; i < LIES; i++) {
        say((struct tls_message){.type = (uint8_t)(i % 9),
                                 .slot = (uint16_t)(i % 5 ? i : 0xffff - i),
                                 .serial = self.serial - i % 2,
                                 .produced = i * 0x01010101u,
                                 .taken = ~(i * 0x10001u),
                                 .chain = (uint8_t)i,
                                 .time = (int64_t)i << 55});
    }
    say((struct tls_message){.type = TLS_OVER, .slot = 0, .serial = self.serial});
    say((struct tls_message){.type = TLS_OVER, .slot = 0, .serial = self.serial - 1});
    pd_flush();
}

static bool is_server_hello(const struct tls_message *message)
{
    return message->status == TLS_WANTS && message->taken == hello_bytes() &&
           message->produced > (self.serial % 2 ? 600 : 1700) && self.slots[message->slot].is_hello;
}

/* False: more of it comes when it is asked for. */
static bool is_whole(const struct tls_message *message)
{
    const uint8_t *at = (const uint8_t *)self.config->in.base + message->slot * TLS_OUT_BYTES;
    if (self.slots[message->slot].heard == 0 && message->produced >= 6) {
        self.slots[message->slot].is_hello = at[0] == 22 && at[5] == 2;
    }
    self.slots[message->slot].heard = message->produced;
    return message->status > TLS_WANTS || (message->status == TLS_WANTS && message->taken == hello_bytes());
}

/* A test that counts time in instructions has QEMU skip to the next deadline when nobody runs, which it also does while
 * its source of random numbers is about to answer: that deadline should be near. */
static void tick(void *context)
{
    timer_start(&self.tick, pd_now_ns() + TICK_NS, tick, NULL);
}

static void kill(uint8_t child)
{
    microkit_mr_set(0, child);
    microkit_ppcall(probe_config.supervisor, microkit_msginfo_new(SUPERVISOR_KILL, 1));
}

/* In the middle of handshakes: of tls those are lost, of keys they go on when it is back. Of the source of seeds nobody
 * would notice it: tls dies as well, and wants a seed at once. */
static void die(void *context)
{
    self.serial++;
    if (self.step != KEYS_DIE) {
        begin(1);
        begin(2);
    }
    pd_flush();
    self.began_ns = pd_now_ns();
    if (self.step == KEYS_DIE) {
        kill(probe_config.keys);
        begin(0);
    } else {
        if (self.step == SEEDS_DIE) {
            kill(probe_config.entropy);
            tick(NULL);
        }
        kill(probe_config.tls);
    }
}

static void next_death(void)
{
    if (self.step == AFTER || ++self.round == probe_config.deaths) {
        self.step++;
        self.round = 0;
    }
    if (self.step == DONE) {
        log_line("done");
    } else {
        timer_start(&self.next, pd_now_ns() + SPACING_NS, die, NULL);
    }
}

static void hear_round(const struct tls_message *message)
{
    log_line("%s %lu: %s, status %u, alert %u, %lu bytes after %lu us",
             self.step > AFTER ? victims[self.step] : "round", (unsigned long)self.round,
             is_server_hello(message) ? "a server's hello" : "WRONG", message->status, message->alert,
             (unsigned long)message->produced, (unsigned long)((pd_now_ns() - self.began_ns) / 1000));
    end(0);
    timer_stop(&self.tick);
    if (self.step != ROUND) {
        next_death();
    } else if (++self.round == ROUNDS) {
        begin_flood();
    } else {
        begin_round();
    }
}

static void hear_flood(const struct tls_message *message)
{
    if (!is_server_hello(message)) {
        log_line("slot %u: WRONG", message->slot);
    }
    end(message->slot);
    if (++self.answered == TLS_SLOTS) {
        log_line("flood: %u answered after %lu us", TLS_SLOTS, (unsigned long)((pd_now_ns() - self.began_ns) / 1000));
        self.step = AFTER;
        lie();
        self.serial += 2;
        begin(0);
    }
}

static void hear_chain(const struct tls_message *message)
{
    if (self.step > ROUND) {
        return;
    }
    log_line("chain: status %u, until %ld", message->status, (long)message->time);
    if (self.step == WRONG) {
        self.step = RIGHT;
        say_chain(probe_config.right);
    } else {
        self.step = ROUND;
        begin_round();
    }
}

static void hear(const struct tls_message *message)
{
    if (message->type == TLS_CHAIN) {
        hear_chain(message);
    } else if (message->serial != self.serial || message->slot >= TLS_SLOTS) {
        return;
    } else if (!is_whole(message)) {
        go_on(message);
    } else if (self.step == FLOOD) {
        hear_flood(message);
    } else if (self.step >= ROUND && message->slot == 0) {
        hear_round(message);
    }
}

static void introduce(const char *pem)
{
    say((struct tls_message){
        .type = TLS_TIME, .slot = TLS_CONTROL, .time = probe_config.unix_s * 1000000000 - (int64_t)pd_now_ns()});
    say_chain(pem);
}

/* It knows nothing any more. */
static void see_restart(void)
{
    if (ring_pair_follow(&self.to, &self.from)) {
        self.serial++;
        introduce(probe_config.right);
        begin(0);
        pd_notify_later(self.config->peer);
    }
}

static void receive(void *context)
{
    struct tls_message message;
    see_restart();
    do {
        while (ring_get(&self.from, &message)) {
            hear(&message);
        }
    } while (!ring_arm_consumer(&self.from));
    if (ring_wake_producer(&self.from)) {
        pd_notify_later(self.config->peer);
    }
}

void init(void)
{
    self.config = &tls_client_config;
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    ring_attach_producer(&self.to, &self.config->to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &self.config->from, sizeof(struct tls_message));
    pd_on_channel(self.config->peer, receive, NULL);
    introduce(probe_config.wrong);
    receive(NULL);
    pd_flush();
}

/* probe.c: the front's side of tls/proto.h, which is honest first and lies then: does tls, with keys, answer a hello with
 * all that a server says, many at a time, also after what cannot be, and after each of the two has died?
 *
 * The hello is one that OpenSSL's client once said; nobody has the key to its share any more, so handshakes end there.
 */
#include "lib/pd.h"

#include <string.h>
#include "lib/log.h"
#include "lib/ring.h"
#include "serial/client.h"
#include "supervisor/proto.h"
#include "tests/systems/tls/config.h"
#include "tls/config.h"
#include "tls/proto.h"

#define ROUNDS 8

static const uint8_t hello[] = {
    0x16, 0x03, 0x01, 0x00, 0xda, 0x01, 0x00, 0x00, 0xd6, 0x03, 0x03, 0x47, 0x31, 0x7e, 0xcb, 0xb4, 0x24, 0x27, 0x0d,
    0x2e, 0xc0, 0xd1, 0x4e, 0x2b, 0x8a, 0x27, 0x0b, 0x92, 0x71, 0x18, 0x1d, 0xd8, 0x8b, 0xd8, 0x1d, 0x57, 0x0c, 0x35,
    0xcf, 0x85, 0x95, 0xb6, 0x63, 0x20, 0xdc, 0xda, 0xea, 0x69, 0xf4, 0x6d, 0x18, 0xf7, 0xb3, 0xba, 0x66, 0xb7, 0x50,
    0x0d, 0xe5, 0x5d, 0x6c, 0x08, 0xd7, 0x04, 0xa4, 0x09, 0xcf, 0x21, 0xd3, 0xd9, 0x40, 0x54, 0x32, 0x33, 0xa9, 0xdd,
    0x00, 0x04, 0x13, 0x01, 0x00, 0xff, 0x01, 0x00, 0x00, 0x89, 0x00, 0x00, 0x00, 0x10, 0x00, 0x0e, 0x00, 0x00, 0x0b,
    0x73, 0x65, 0x72, 0x76, 0x61, 0x6c, 0x2e, 0x74, 0x65, 0x73, 0x74, 0x00, 0x0b, 0x00, 0x04, 0x03, 0x00, 0x01, 0x02,
    0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x1d, 0x00, 0x23, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00, 0x17, 0x00,
    0x00, 0x00, 0x0d, 0x00, 0x1e, 0x00, 0x1c, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08, 0x08, 0x08, 0x09,
    0x08, 0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x04, 0x01, 0x05, 0x01, 0x06, 0x01, 0x00, 0x2b, 0x00,
    0x03, 0x02, 0x03, 0x04, 0x00, 0x2d, 0x00, 0x02, 0x01, 0x01, 0x00, 0x33, 0x00, 0x26, 0x00, 0x24, 0x00, 0x1d, 0x00,
    0x20, 0xe0, 0x7f, 0xe1, 0xd9, 0xbc, 0xb9, 0x83, 0xc0, 0x99, 0x18, 0x2a, 0xf3, 0x51, 0xca, 0x7c, 0x83, 0x87, 0xbf,
    0x61, 0xa7, 0x42, 0x61, 0x96, 0x02, 0x6e, 0x7b, 0x0b, 0xb6, 0x2f, 0x27, 0xab, 0x2d,
};

enum step { WRONG, RIGHT, ROUND, FLOOD, AFTER, TLS_DIES, KEYS_DIE, DONE };

static struct {
    const struct tls_client_config *config;
    struct ring to, from;
    enum step step;
    uint32_t serial, round, answered;
    uint64_t began_ns;
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

static void begin(uint16_t slot)
{
    memcpy((char *)self.config->out.base + slot * TLS_IN_BYTES, hello, sizeof(hello));
    say((struct tls_message){.type = TLS_BEGIN, .slot = slot, .serial = self.serial, .produced = sizeof(hello)});
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
    for (uint16_t i = 0; i < TLS_QUEUE_CAPACITY - 2; i++) {
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
    const uint8_t *at = (const uint8_t *)self.config->in.base + message->slot * TLS_OUT_BYTES;
    return message->status == TLS_WANTS && message->taken == sizeof(hello) && message->produced > 600 && at[0] == 22 &&
           at[5] == 2;
}

static void kill(uint8_t child)
{
    self.began_ns = pd_now_ns();
    microkit_mr_set(0, child);
    microkit_ppcall(probe_config.supervisor, microkit_msginfo_new(SUPERVISOR_KILL, 1));
}

/* In the middle of handshakes: of tls those are lost, of keys they go on when it is back. */
static void next_death(void)
{
    self.step++;
    self.round++;
    self.serial++;
    if (self.step == TLS_DIES) {
        begin(1);
        begin(2);
        pd_flush();
        kill(probe_config.tls);
    } else if (self.step == KEYS_DIE) {
        kill(probe_config.keys);
        begin(0);
    } else {
        log_line("done");
    }
}

static void hear_round(const struct tls_message *message)
{
    log_line("round %lu: %s, status %u, alert %u, %lu bytes after %lu us", (unsigned long)self.round,
             is_server_hello(message) ? "a server's hello" : "WRONG", message->status, message->alert,
             (unsigned long)message->produced, (unsigned long)((pd_now_ns() - self.began_ns) / 1000));
    end(0);
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
    } else if (message->serial == self.serial && message->status != TLS_WORKS) {
        if (self.step == FLOOD) {
            hear_flood(message);
        } else if (self.step >= ROUND && message->slot == 0) {
            hear_round(message);
        }
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
    if (ring_pair_restarted(&self.to, &self.from)) {
        ring_reset(&self.to);
        ring_reset(&self.from);
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
    ring_attach_producer(&self.to, &self.config->to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &self.config->from, sizeof(struct tls_message));
    pd_on_channel(self.config->peer, receive, NULL);
    introduce(probe_config.wrong);
    receive(NULL);
    pd_flush();
}

/* tests/fuzz/tls_front.c: PD tls, with keys beside it, and what a fuzzer makes of a front: a stranger's bytes in records or
 * not, messages that cannot be, certificate chains, a share that changes. Whatever it is, everything ends when the front
 * starts anew: no memory stays with a handshake, and no secret in the share.
 *
 * Input: steps of a byte, and what it needs: 0 begin, 1 end, 2 some bytes of the client, 3 a whole record of them, 4 a
 * message, 5 a chain, 6 other bytes in the share, 7 the front starts anew. The upper bits choose one of four slots.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/tls_client.h"
#include "tls/heap.h"

enum { SLOTS = 4, STEPS = 64 };

static struct {
    struct client client;
    size_t used;
} self;

/* What AWS-LC makes once, it has made then: also of errors. */
void fuzz_begin(void)
{
    rig_start();
    rig_chain(0, tls_leaf, tls_issuer);
    for (int i = 0; i < 2; i++) {
        client_open(&self.client, 0,
                    (struct client_wish){.name = "serval.test", .groups = i ? "P-384" : "X25519:P-256"});
        client_run(&self.client);
        client_close(&self.client);
        SSL_SESSION_free(self.client.session);
    }
    rig_lies = true;
    self.used = tls_heap_used();
}

static void give(uint32_t slot, struct fuzz_input *in, size_t count)
{
    size_t taken;
    const uint8_t *bytes = fuzz_take(in, count, &taken);
    if (rig_slots[slot].used) {
        rig_give(slot, bytes, (uint32_t)taken);
    }
}

static void give_record(uint32_t slot, struct fuzz_input *in)
{
    uint16_t count = fuzz_16(in) % 2000;
    uint8_t head[5] = {fuzz_byte(in), 3, 1, (uint8_t)(count >> 8), (uint8_t)count};
    if (rig_slots[slot].used) {
        rig_give(slot, head, sizeof(head));
    }
    give(slot, in, count);
}

static void say(struct fuzz_input *in)
{
    struct tls_message message;
    fuzz_fill(in, &message, sizeof(message));
    message.slot = message.slot & 0x80 ? message.slot : message.slot % 5 ? message.slot % SLOTS : TLS_CONTROL;
    if (message.slot < SLOTS && message.serial % 4) {
        message.serial = rig_slots[message.slot].serial;
    }
    rig_say(&message);
}

static void change_share(struct fuzz_input *in)
{
    uint32_t at = fuzz_32(in) % TLS_REQUESTS_BYTES, count = fuzz_byte(in);
    fuzz_fill(in, rig_requests + at, count < TLS_REQUESTS_BYTES - at ? count : TLS_REQUESTS_BYTES - at);
}

static void chain(struct fuzz_input *in)
{
    size_t count;
    const uint8_t *bytes = fuzz_take(in, fuzz_16(in) % TLS_CHAIN_MAX, &count);
    memcpy(rig_requests + TLS_CHAIN_OFFSET, bytes, count);
    rig_say(&(struct tls_message){
        .type = TLS_CHAIN, .slot = TLS_CONTROL, .chain = fuzz_byte(in) % 9, .produced = (uint32_t)count});
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    uint32_t slot = what >> 3 & (SLOTS - 1);
    switch (what & 7) {
    case 0:
        if (!rig_slots[slot].used) {
            rig_begin(slot);
        }
        break;
    case 1:
        if (rig_slots[slot].used) {
            rig_over(slot);
        }
        break;
    case 2: give(slot, in, fuzz_byte(in)); break;
    case 3: give_record(slot, in); break;
    case 4: say(in); break;
    case 5: chain(in); break;
    case 6: change_share(in); break;
    default: rig_restart(); break;
    }
    rig_run();
}

void fuzz_run(struct fuzz_input *in)
{
    for (int steps = 0; in->left > 0 && steps < STEPS; steps++) {
        step(in);
    }
    rig_restart();
    for (uint32_t slot = 0; slot < TLS_SLOTS; slot++) {
        static const uint8_t nothing[TLS_SECRETS_BYTES];
        DEMAND(memcmp(rig_secrets(slot), nothing, TLS_SECRETS_BYTES) == 0);
    }
    DEMAND(tls_heap_used() <= self.used + 65536); /* chains stay */
}

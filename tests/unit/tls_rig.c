/* tls_rig.c: see the header. */
#include "tests/unit/tls_rig.h"

#include "entropy/config.h"
#include "lib/random.h"
#include "timer/config.h"

enum { FRONT = 3, TIMER = 1, KEYS = 4, TLS_AT_KEYS = 2 };

void keys_pd_init(void);
microkit_msginfo keys_pd_protected(microkit_channel channel, microkit_msginfo info);

struct rig_slot rig_slots[TLS_SLOTS];
struct tls_message rig_chain_answer;
bool rig_lies;
_Alignas(64) uint8_t rig_requests[TLS_REQUESTS_BYTES], rig_answers[TLS_ANSWERS_BYTES];
static _Alignas(64) uint8_t to_tls[RING_BYTES(TLS_QUEUE_CAPACITY, 32)], from_tls[RING_BYTES(TLS_QUEUE_CAPACITY, 32)];
static _Alignas(64) uint8_t heap[24 << 20];
uint8_t tls_keys_page[KEYS_PAGE_BYTES];

const struct tls_config tls_config = {
    .client = {.peer = FRONT,
               .to = {from_tls, TLS_QUEUE_CAPACITY},
               .from = {to_tls, TLS_QUEUE_CAPACITY},
               .out = {rig_answers, sizeof(rig_answers), 0},
               .in = {rig_requests, sizeof(rig_requests), 0}},
    .keys = KEYS,
    .key_count = 2,
    .hybrid = true,
    .keys_page = {tls_keys_page, sizeof(tls_keys_page), 0},
    .heap = {heap, sizeof(heap), 0},
};
const struct entropy_client_config entropy_client_config = {.has_service = false};
static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};

static struct {
    struct ring to, from;
    uint64_t signatures;
    bool keys_dead;
    uint32_t keys_begin_anew;
} self;

static microkit_msginfo answer_call(microkit_channel channel, microkit_msginfo info)
{
    CHECK_EQUAL(channel, KEYS);
    if (self.keys_begin_anew > 0) {
        self.keys_begin_anew--;
        memset(tls_keys_page, 0, KEYS_PAGE_BYTES);
        microkit_mr_set(0, 0);
        microkit_mr_set(1, 0);
        return microkit_msginfo_new(PD_NO_REPLY, 0);
    }
    self.signatures += microkit_msginfo_get_label(info) == KEYS_SIGN;
    return self.keys_dead ? microkit_msginfo_new(KEYS_REFUSED, 0) : keys_pd_protected(TLS_AT_KEYS, info);
}

static void attach(void)
{
    struct ring_config to = {to_tls, TLS_QUEUE_CAPACITY}, from = {from_tls, TLS_QUEUE_CAPACITY};
    ring_attach_producer(&self.to, &to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &from, sizeof(struct tls_message));
}

static void hear(const struct tls_message *message)
{
    if (message->type == TLS_CHAIN) {
        rig_chain_answer = *message;
        return;
    }
    CHECK(message->type == TLS_STATE && message->slot < TLS_SLOTS);
    struct rig_slot *slot = &rig_slots[message->slot];
    if (slot->used && slot->serial == message->serial && !rig_lies) {
        CHECK(message->taken - slot->taken <= slot->produced - slot->taken);
        CHECK(message->produced - slot->heard <= TLS_OUT_BYTES);
    }
    if (slot->used && slot->serial == message->serial) {
        slot->taken = message->taken;
        slot->out_produced = message->produced;
        slot->status = message->status;
        slot->alert = message->alert;
    }
}

/* The front is told, and tls goes on, until both are at rest. */
void rig_run(void)
{
    struct tls_message message;
    for (int turn = 0; turn < 1000; turn++) {
        bool any = false;
        fake_wake(FAKE_BIT(FRONT));
        if (timer_page.deadline <= pd_now_ns()) {
            timer_page.deadline = TIMER_NEVER;
            any = true;
            fake_wake(FAKE_BIT(TIMER));
        }
        while (ring_get(&self.from, &message)) {
            any = true;
            hear(&message);
        }
        if (!any) {
            return;
        }
    }
    FAIL("they never rest");
}

void rig_say(const struct tls_message *message)
{
    if (!ring_put(&self.to, message)) {
        rig_run();
        CHECK(ring_put(&self.to, message));
    }
}

uint64_t rig_signatures(void)
{
    return self.signatures;
}

void rig_give_keys(bool alive)
{
    self.keys_dead = !alive;
}

void rig_restart_keys(uint32_t times)
{
    self.keys_begin_anew = times;
}

void rig_boot(void)
{
    uint64_t seed[4] = {1, 2, 3, 4};
    fake_reset();
    fake_set_now_ns(5000000000);
    fake_on_ppcall(answer_call);
    timer_page.deadline = TIMER_NEVER;
    random_mix(seed, sizeof(seed));
    random_settle(true);
    attach();
    keys_pd_init();
    init();
    rig_run();
}

void rig_start(void)
{
    rig_boot();
    rig_time(RIG_UNIX_NS);
}

void rig_restart(void)
{
    static uint32_t generation = 1;
    memset(rig_slots, 0, sizeof(rig_slots));
    fake_set_generation(++generation);
    attach();
    fake_set_generation(1);
    rig_run();
}

void rig_time(int64_t unix_ns)
{
    rig_say(&(struct tls_message){.type = TLS_TIME, .slot = TLS_CONTROL, .time = unix_ns - (int64_t)pd_now_ns()});
    rig_run();
}

enum tls_chain_status rig_chain_bytes(uint8_t number, const char *bytes, uint32_t count)
{
    static uint32_t serial;
    memcpy(rig_requests + TLS_CHAIN_OFFSET, bytes, count < TLS_CHAIN_MAX ? count : TLS_CHAIN_MAX);
    rig_chain_answer.type = 0;
    serial++;
    rig_say(&(struct tls_message){
        .type = TLS_CHAIN, .slot = TLS_CONTROL, .chain = number, .serial = serial, .produced = count});
    rig_run();
    CHECK(rig_chain_answer.type == TLS_CHAIN && rig_chain_answer.chain == number && rig_chain_answer.serial == serial);
    return rig_chain_answer.status;
}

enum tls_chain_status rig_chain(uint8_t number, const char *pem, const char *more)
{
    char text[TLS_CHAIN_MAX];
    int count = snprintf(text, sizeof(text), "%s%s", pem, more);
    return rig_chain_bytes(number, text, (uint32_t)count);
}

/* -- slots -- */

void rig_begin(uint32_t slot)
{
    static uint32_t serial = 0xfffffff0;
    CHECK(!rig_slots[slot].used);
    serial++;
    rig_slots[slot] = (struct rig_slot){.used = true, .serial = serial};
    rig_say(&(struct tls_message){.type = TLS_BEGIN, .slot = (uint16_t)slot, .serial = serial});
}

static void tell(uint32_t number)
{
    const struct rig_slot *slot = &rig_slots[number];
    rig_say(&(struct tls_message){.type = TLS_STATE,
                                  .slot = (uint16_t)number,
                                  .serial = slot->serial,
                                  .produced = slot->produced,
                                  .taken = slot->heard});
}

uint32_t rig_give(uint32_t number, const uint8_t *bytes, uint32_t count)
{
    struct rig_slot *slot = &rig_slots[number];
    uint32_t room = TLS_IN_BYTES - (slot->produced - slot->taken);
    count = count < room ? count : room;
    for (uint32_t i = 0; i < count; i++) {
        rig_requests[number * TLS_IN_BYTES + (slot->produced + i) % TLS_IN_BYTES] = bytes[i];
    }
    slot->produced += count;
    tell(number);
    return count;
}

uint32_t rig_take(uint32_t number, uint8_t *to, uint32_t room)
{
    struct rig_slot *slot = &rig_slots[number];
    uint32_t count = slot->out_produced - slot->heard;
    count = count < room ? count : room;
    for (uint32_t i = 0; i < count; i++) {
        to[i] = rig_answers[number * TLS_OUT_BYTES + (slot->heard + i) % TLS_OUT_BYTES];
    }
    slot->heard += count;
    if (count > 0) {
        tell(number);
    }
    return count;
}

void rig_over(uint32_t number)
{
    CHECK(rig_slots[number].used);
    rig_say(&(struct tls_message){.type = TLS_OVER, .slot = (uint16_t)number, .serial = rig_slots[number].serial});
    rig_slots[number].used = false;
}

const struct tls_secrets *rig_secrets(uint32_t number)
{
    return (const struct tls_secrets *)(rig_answers + TLS_SECRETS_OFFSET + number * TLS_SECRETS_BYTES);
}

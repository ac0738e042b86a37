/* http_tls_rig.c: http_tls_rig.h. */
#include "http_tls_rig.h"

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/front/listeners.h"
#include "http/tls/sealed.h"
#include "http/tls/transport_tls.h"
#include "tls/traffic.h"

void init(void) {}

#define TLS_FRONT 5 /* channel of the front's end */
#define TICKETS 700 /* bytes of what tls sends last */

static _Alignas(64) uint8_t transmit[SEALED_BYTES];

/* -- net/ip -- */

bool device_reads;
bool device_lags;
static bool asked_for[SEALED_BYTES / SEALED_SMALL_BYTES + 1];
static void (*sent_handler)(void *context);

bool ip_sends_from(const void *memory, size_t size)
{
    bool *asked = &asked_for[((const uint8_t *)memory - transmit) / SEALED_SMALL_BYTES];
    *asked = device_lags && !*asked;
    return device_reads || *asked;
}

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    if (device_reads || device_lags) {
        sent_handler = handler;
    } else {
        handler(context);
    }
    return true;
}

uint32_t hurries;

void ip_hurry_sent(void)
{
    CHECK(device_reads || device_lags);
    hurries++;
}

void device_has_read(void)
{
    device_reads = device_lags = false;
    if (sent_handler) {
        sent_handler(NULL);
    }
    sent_handler = NULL;
}

/* -- the library: crypto_seal() goes by here (--wrap) -- */

bool seals_fail;
uint32_t failing;

bool __real_crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                        uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to);
bool __wrap_crypto_seal(const struct crypto_aead *aead, const uint8_t nonce[CRYPTO_NONCE], const uint8_t *head,
                        uint32_t head_length, const uint8_t *from, uint32_t length, uint8_t last, uint8_t *to)
{
    return !(seals_fail && (failing == 0 || failing == length)) &&
           __real_crypto_seal(aead, nonce, head, head_length, from, length, last, to);
}

/* -- PD tls, played -- */

static _Alignas(64) uint8_t to_tls[RING_BYTES(TLS_QUEUE_CAPACITY, 32)], from_tls[RING_BYTES(TLS_QUEUE_CAPACITY, 32)];
static _Alignas(64) uint8_t requests[TLS_REQUESTS_BYTES], answers[TLS_ANSWERS_BYTES];
static const struct tls_client_config front_config = {
    .peer = TLS_FRONT,
    .to = {to_tls, TLS_QUEUE_CAPACITY},
    .from = {from_tls, TLS_QUEUE_CAPACITY},
    .out = {requests, sizeof(requests), 0},
    .in = {answers, sizeof(answers), 0},
};
static const struct region transmit_region = {transmit, sizeof(transmit), 0};

struct played_tls tls = {.suite = 0x1301};

static struct tls_traffic traffic_of(bool server)
{
    struct tls_traffic traffic = {.secret = {0}};
    for (uint32_t i = 0; i < sizeof(traffic.secret); i++) {
        traffic.secret[i] = (uint8_t)(i * 7 + server);
    }
    CHECK(tls_traffic_keys(&traffic, tls.suite));
    return traffic;
}

static void make(uint32_t number, const void *bytes, uint32_t count)
{
    struct played *slot = &tls.slots[number];
    for (uint32_t i = 0; i < count; i++) {
        answers[number * TLS_OUT_BYTES + slot->out_produced++ % TLS_OUT_BYTES] = ((const uint8_t *)bytes)[i];
    }
}

static void say(uint32_t number, uint8_t status)
{
    struct played *slot = &tls.slots[number];
    struct tls_message message = {
        .type = TLS_STATE, .status = status, .slot = (uint16_t)number, .serial = slot->serial};
    message.produced = slot->out_produced + (tls.lie == TOO_MUCH_MADE ? TLS_OUT_BYTES + 1 : 0);
    message.taken = slot->in_taken + (tls.lie == TOO_MUCH_TAKEN ? 100 : 0);
    message.status = tls.lie == NO_STATUS ? 9 : status;
    message.alert = status == TLS_FAILED ? tls.alert : 0;
    CHECK(ring_put(&tls.from, &message));
}

static void finish(uint32_t number)
{
    struct tls_secrets secrets = {
        .suite = tls.suite, .server_sequence = 1, .client = traffic_of(false), .server = traffic_of(true)};
    static const uint8_t tickets[TICKETS] = {23, 3, 3};
    strcpy(secrets.name, tls.lie == BAD_NAME ? "a\r\nb" : "www.example.org");
    secrets.name_length = (uint8_t)(tls.lie == LONG_NAME ? TLS_NAME_MAX + 1 : strlen(secrets.name));
    memset(secrets.name, 'a', tls.lie == LONG_NAME ? sizeof(secrets.name) : 0);
    secrets.suite = tls.lie == NO_SUITE ? 0x1305 : secrets.suite;
    secrets.server_sequence = tls.lie == BAD_SEQUENCE ? UINT64_MAX : 1;
    memcpy(answers + TLS_SECRETS_OFFSET + number * TLS_SECRETS_BYTES, &secrets, sizeof(secrets));
    make(number, tickets, sizeof(tickets));
    tls.slots[number].done = true;
    say(number, TLS_DONE);
}

/* Its record is whole. */
static void answer(uint32_t number)
{
    struct played *slot = &tls.slots[number];
    slot->records++;
    if (tls.fails) {
        make(number, (uint8_t[]){21, 3, 3, 0, 2, 2, tls.alert}, 7);
        say(number, TLS_FAILED);
        slot->done = true;
    } else if (slot->records == 1) {
        make(number, HELLO_ANSWER, sizeof(HELLO_ANSWER) - 1);
        say(number, TLS_WANTS);
    } else {
        finish(number);
    }
}

void read_slot(uint32_t number)
{
    struct played *slot = &tls.slots[number];
    bool any = slot->in_taken != slot->in_produced;
    while (slot->in_taken != slot->in_produced && !slot->done) {
        uint8_t byte = requests[number * TLS_IN_BYTES + slot->in_taken++ % TLS_IN_BYTES];
        if (slot->head_bytes < 5) {
            slot->head[slot->head_bytes++] = byte;
            slot->left = slot->head_bytes == 5 ? (uint32_t)(slot->head[3] << 8 | slot->head[4]) : 1;
        } else {
            slot->left--;
        }
        if (slot->head_bytes == 5 && slot->left == 0 && slot->head[0] == RECORD_CHANGE_CIPHER_SPEC) {
            slot->head_bytes = 0;
        }
        if (slot->head_bytes == 5 && slot->left == 0) {
            CHECK_EQUAL(slot->in_taken, slot->in_produced); /* nothing of the next one */
            slot->head_bytes = 0;
            answer(number);
            return;
        }
    }
    if (any && !slot->done) {
        say(number, TLS_WANTS);
    }
}

static void hear(const struct tls_message *message)
{
    struct played *slot = message->slot < TLS_SLOTS ? &tls.slots[message->slot] : NULL;
    switch (message->type) {
    case TLS_BEGIN:
        CHECK(slot && !slot->open);
        *slot = (struct played){.open = true, .serial = message->serial, .in_produced = message->produced};
        tls.begun++;
        tls.most = ++tls.open > tls.most ? tls.open : tls.most;
        break;
    case TLS_STATE:
        CHECK(slot && slot->open && slot->serial == message->serial);
        slot->in_produced = message->produced;
        break;
    case TLS_OVER:
        CHECK(slot && slot->open && slot->serial == message->serial);
        slot->open = false;
        tls.open--;
        memset(answers + TLS_SECRETS_OFFSET + message->slot * TLS_SECRETS_BYTES, 0, TLS_SECRETS_BYTES);
        return;
    case TLS_TIME: tls.times++; return;
    case TLS_CHAIN: tls.chains++; return;
    default: FAIL("message %u", message->type);
    }
    if (!slot->done) {
        read_slot(message->slot);
    }
}

void tls_attach(void)
{
    static const struct ring_config to = {to_tls, TLS_QUEUE_CAPACITY}, from = {from_tls, TLS_QUEUE_CAPACITY};
    ring_attach_consumer(&tls.to, &to, sizeof(struct tls_message));
    ring_attach_producer(&tls.from, &from, sizeof(struct tls_message));
}

static void tls_run(void)
{
    struct tls_message message;
    for (int i = 0; i < 4 && !tls.asleep; i++) {
        while (ring_get(&tls.to, &message)) {
            hear(&message);
        }
        fake_wake(FAKE_BIT(TLS_FRONT));
    }
}

void turn(void)
{
    step();
    tls_run();
}

void turns(int count)
{
    while (count-- > 0) {
        turn();
    }
}

/* -- a client -- */

uint8_t record[RECORD_BYTES_MAX];

struct peer *new_peer(void)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    struct tls_traffic sends = traffic_of(false), gets = traffic_of(true);
    peer->tcp = client_connect(PORT);
    CHECK(record_key_set(&peer->out, tls.suite, &sends, 0));
    CHECK(record_key_set(&peer->in.key, tls.suite, &gets, 1));
    return peer;
}

void open_all(struct peer *peer)
{
    uint32_t length, bytes;
    uint8_t alert = 0;
    const uint8_t *at = (const uint8_t *)client_bytes(peer->tcp, &length);
    uint32_t shaking = sizeof(HELLO_ANSWER) - 1 + TICKETS;
    if (!peer->over && length >= shaking) {
        CHECK(memcmp(at, HELLO_ANSWER, sizeof(HELLO_ANSWER) - 1) == 0);
        client_forget(peer->tcp, shaking);
        peer->over = true;
    }
    while (peer->over && (at = (const uint8_t *)client_bytes(peer->tcp, &length), length >= 5) &&
           (bytes = record_bytes(at, &alert)) <= length) {
        static uint8_t text[RECORD_BYTES_MAX];
        CHECK(bytes > 0 && !peer->closed);
        struct record_opened opened = record_open(&peer->in, at, bytes, text);
        CHECK(opened.event != RECORD_REFUSED);
        peer->closed |= opened.event == RECORD_CLOSED;
        peer->alert = opened.event == RECORD_BROKEN ? opened.alert : peer->alert;
        peer->first_record = peer->records++ == 0 ? opened.length : peer->first_record;
        peer->text = realloc(peer->text, peer->length + opened.length + 1);
        memcpy(peer->text + peer->length, text, opened.length);
        peer->length += opened.length;
        client_forget(peer->tcp, bytes);
    }
}

void peer_take(struct peer *peer, uint32_t most)
{
    turn();
    client_take(peer->tcp, most);
    client_poll(peer->tcp);
    open_all(peer);
}

void take_all(struct peer *peer)
{
    for (int i = 0; i < 300; i++) {
        peer_take(peer, 20000);
    }
}

void shake(struct peer *peer)
{
    client_send(peer->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    turns(3);
    client_send(peer->tcp, "\x14\3\3\0\1\1\x17\3\3\0\3xyz", 14, 1460);
    for (int i = 0; i < 20; i++) {
        peer_take(peer, 20000);
    }
}

struct peer *connected(void)
{
    struct peer *peer = new_peer();
    shake(peer);
    CHECK(peer->over);
    return peer;
}

void send_record(struct peer *peer, enum record_type type, const void *text, uint32_t length, uint32_t segment)
{
    uint32_t bytes = record_seal(&peer->out, type, text, length, record);
    client_send(peer->tcp, record, bytes, segment);
}

void forget_text(struct peer *peer)
{
    peer->length = peer->records = 0;
}

bool answered(const struct peer *peer, uint64_t size)
{
    char wanted[100];
    const uint8_t *end = peer->length > 0 ? memmem(peer->text, peer->length, "\r\n\r\n", 4) : NULL;
    sprintf(wanted, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n", (unsigned long long)size);
    if (!end || memcmp(peer->text, wanted, strlen(wanted)) != 0 ||
        peer->text + peer->length - (end + 4) != (ptrdiff_t)size) {
        return false;
    }
    for (uint64_t i = 0; i < size; i++) {
        if (end[4 + i] != site_byte(size, i)) {
            return false;
        }
    }
    return true;
}

void ask_for(struct peer *peer, uint64_t size, uint32_t segment)
{
    char text[200];
    sprintf(text, "GET /f/%llu HTTP/1.1\r\nHost: x\r\n\r\n", (unsigned long long)size);
    send_record(peer, RECORD_DATA, text, (uint32_t)strlen(text), segment);
}

void fetch(struct peer *peer, uint64_t size, uint32_t segment)
{
    forget_text(peer);
    ask_for(peer, size, segment);
    for (int i = 0; i < 100000 && !answered(peer, size); i++) {
        peer_take(peer, 20000);
    }
    CHECK(answered(peer, size));
}

void free_peer(struct peer *peer)
{
    client_free(peer->tcp);
    free(peer->text);
    free(peer);
}

void close_peer(struct peer *peer)
{
    uint32_t bytes = record_seal_alert(&peer->out, ALERT_CLOSE_NOTIFY, record);
    client_send(peer->tcp, record, bytes, 1460);
    take_all(peer);
    CHECK(peer->closed && client_at_end(peer->tcp));
    client_end(peer->tcp);
    take_all(peer);
    CHECK(client_gone(peer->tcp) && !client_was_reset(peer->tcp));
    free_peer(peer);
}

void check_reset(struct peer *peer)
{
    turns(3);
    CHECK(client_was_reset(peer->tcp) && client_gone(peer->tcp));
    free_peer(peer);
}

/* -- a case -- */

uint32_t chain_answers;

static void on_chain(uint32_t chain, enum tls_chain_status status, int64_t until_s)
{
    chain_answers++;
}

static void on_nothing(void) {}

void tls_begin(void)
{
    tls_attach();
    transport_tls_init(&front_config, &transmit_region,
                       &(struct transport_tls_handlers){on_chain, on_nothing, on_nothing});
    CHECK(http_listen_secured(PORT));
    turns(3);
}

void tls_end(void)
{
    turns(10);
    CHECK_EQUAL(sealed_room(), SEALED_LARGE_COUNT * SEALED_LARGE + SEALED_SMALL_COUNT * SEALED_SMALL);
    CHECK_EQUAL(lwip_pbufs, 0);
    lwip_pcbs--; /* one more listens */
}

/* http_tls.c: the front over TLS: clients that seal and open records themselves, and a PD tls that is played: to
 * whatever a client has sent as two records it says that the handshake is over, with secrets that both sides know. As
 * in http_front.c each case is a process of its own, after which all has to be back.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/conn/transport_tcp.h"
#include "http/front/listeners.h"
#include "http/tls/opened.h"
#include "http/tls/sealed.h"
#include "http/tls/tls_conn.h"
#include "http/tls/tls_control.h"
#include "http/tls/transport_tls.h"
#include "http_front_client.h"
#include "in_turn.h"
#include "tls/traffic.h"

void init(void) {}

#define TLS_FRONT 5 /* channel of the front's end */
#define TLS_END 6
#define PORT 443
#define HELLO_ANSWER "\x16\3\3\0\5hello"
#define TICKETS 700 /* bytes of what tls sends last */

static _Alignas(64) uint8_t transmit[SEALED_BYTES];

/* -- net/ip -- */

static bool device_reads; /* what lies in a transmit region is being sent */
static bool device_lags;  /* each block still is being sent when it is asked for first: some always is */
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

static uint32_t hurries;

void ip_hurry_sent(void)
{
    CHECK(device_reads || device_lags);
    hurries++;
}

static void device_has_read(void)
{
    device_reads = device_lags = false;
    if (sent_handler) {
        sent_handler(NULL);
    }
    sent_handler = NULL;
}

/* -- the library: crypto_seal() goes by here (--wrap) -- */

static bool seals_fail;
static uint32_t failing; /* so long what is sealed then; 0: anything */

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

enum lie { NO_LIE, TOO_MUCH_MADE, TOO_MUCH_TAKEN, NO_STATUS, NO_SUITE, BAD_NAME, LONG_NAME, BAD_SEQUENCE, LIES };

static struct {
    struct ring to, from;
    struct played {
        bool open, done;
        uint32_t serial, in_taken, in_produced, out_produced, records, left;
        uint8_t head[5], head_bytes;
    } slots[TLS_SLOTS];
    uint32_t open, most, begun;
    bool asleep, fails;
    uint8_t alert; /* with which */
    uint16_t suite;
    enum lie lie;
    uint32_t times, chains;
} tls = {.suite = 0x1301};

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

static void read_slot(uint32_t number)
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

static void tls_attach(void)
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

static void turn(void)
{
    step();
    tls_run();
}

static void turns(int count)
{
    while (count-- > 0) {
        turn();
    }
}

/* -- a client -- */

struct peer {
    struct client *tcp;
    struct record_key out;
    struct record_reader in;
    uint8_t *text; /* that was opened */
    uint32_t length;
    uint32_t records, first_record; /* of content; how long the first was */
    bool over, closed;              /* the handshake; by close_notify */
    uint8_t alert;
};

static uint8_t record[RECORD_BYTES_MAX];

static struct peer *new_peer(void)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    struct tls_traffic sends = traffic_of(false), gets = traffic_of(true);
    peer->tcp = client_connect(PORT);
    CHECK(record_key_set(&peer->out, tls.suite, &sends, 0));
    CHECK(record_key_set(&peer->in.key, tls.suite, &gets, 1));
    return peer;
}

/* What has come is opened, as long as it is whole. */
static void open_all(struct peer *peer)
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

static void peer_take(struct peer *peer, uint32_t most)
{
    turn();
    client_take(peer->tcp, most);
    client_poll(peer->tcp);
    open_all(peer);
}

static void take_all(struct peer *peer)
{
    for (int i = 0; i < 300; i++) {
        peer_take(peer, 20000);
    }
}

static void shake(struct peer *peer)
{
    client_send(peer->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    turns(3);
    client_send(peer->tcp, "\x14\3\3\0\1\1\x17\3\3\0\3xyz", 14, 1460);
    for (int i = 0; i < 20; i++) {
        peer_take(peer, 20000);
    }
}

static struct peer *connected(void)
{
    struct peer *peer = new_peer();
    shake(peer);
    CHECK(peer->over);
    return peer;
}

static void send_record(struct peer *peer, enum record_type type, const void *text, uint32_t length, uint32_t segment)
{
    uint32_t bytes = record_seal(&peer->out, type, text, length, record);
    client_send(peer->tcp, record, bytes, segment);
}

static void forget_text(struct peer *peer)
{
    peer->length = peer->records = 0;
}

/* The first answer in what was opened: a file's, whole. */
static bool answered(const struct peer *peer, uint64_t size)
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

static void ask_for(struct peer *peer, uint64_t size, uint32_t segment)
{
    char text[200];
    sprintf(text, "GET /f/%llu HTTP/1.1\r\nHost: x\r\n\r\n", (unsigned long long)size);
    send_record(peer, RECORD_DATA, text, (uint32_t)strlen(text), segment);
}

static void fetch(struct peer *peer, uint64_t size, uint32_t segment)
{
    forget_text(peer);
    ask_for(peer, size, segment);
    for (int i = 0; i < 100000 && !answered(peer, size); i++) {
        peer_take(peer, 20000);
    }
    CHECK(answered(peer, size));
}

static void free_peer(struct peer *peer)
{
    client_free(peer->tcp);
    free(peer->text);
    free(peer);
}

/* In order: both close_notify, both ends. */
static void close_peer(struct peer *peer)
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

static void check_reset(struct peer *peer)
{
    turns(3);
    CHECK(client_was_reset(peer->tcp) && client_gone(peer->tcp));
    free_peer(peer);
}

/* -- cases -- */

static void test_pages(void)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303};
    for (int n = 0; n < 3; n++) {
        tls.suite = suites[n];
        struct peer *peer = connected();
        for (uint32_t size = 0; size < 5000; size += 313) {
            fetch(peer, size, 1460);
        }
        fetch(peer, 1 << 20, 1460);
        CHECK_EQUAL(peer->first_record, SEALED_SMALL); /* a browser begins with it */
        CHECK(peer->records <= 1 + (1 << 20) / RECORD_TEXT_MAX);
        fetch(peer, 1024, 1460);
        CHECK_EQUAL(peer->records, 1);
        close_peer(peer);
    }
}

/* However TCP cuts records. */
static void test_segments(void)
{
    struct peer *peer = connected();
    for (uint32_t segment = 1; segment < 80; segment++) {
        fetch(peer, segment, segment);
    }
    close_peer(peer);
}

static void test_many_in_a_record(void)
{
    struct peer *peer = connected();
    char text[8192] = "";
    for (int i = 0; i < 100; i++) {
        strcat(text, "GET /f/3 HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    send_record(peer, RECORD_DATA, text, (uint32_t)strlen(text), 1460);
    take_all(peer);
    uint32_t count = 0;
    for (uint8_t *at = peer->text; (at = memmem(at, peer->length - (at - peer->text), "HTTP/1.1 200", 12)) != NULL;
         at++) {
        count++;
    }
    CHECK_EQUAL(count, 100);
    close_peer(peer);
}

/* A body of many records, the largest there are; each segment finds the window open. */
static void test_uploads(void)
{
    struct peer *peer = connected();
    static uint8_t body[RECORD_TEXT_MAX];
    const uint32_t parts = 20;
    char text[200];
    sprintf(text, "POST /app/stream HTTP/1.1\r\nHost: x\r\nContent-Length: %u\r\n\r\n", parts * RECORD_TEXT_MAX);
    send_record(peer, RECORD_DATA, text, (uint32_t)strlen(text), 1460);
    for (uint32_t i = 0; i < parts; i++) {
        memset(body, 'a' + (int)i, sizeof(body));
        uint32_t bytes = record_seal(&peer->out, RECORD_DATA, body, sizeof(body), record);
        for (uint32_t at = 0; at < bytes;) {
            uint32_t count = bytes - at < 1460 ? bytes - at : 1460;
            for (int wait = 0; client_window(peer->tcp) < count; wait++) {
                CHECK(wait < 1000);
                peer_take(peer, 20000);
            }
            client_send(peer->tcp, record + at, count, 1460);
            at += count;
        }
    }
    take_all(peer);
    const uint8_t *end = memmem(peer->text, peer->length, "\r\n\r\n", 4);
    CHECK(end && peer->length - (uint32_t)(end - peer->text) > parts * RECORD_TEXT_MAX);
    CHECK_TEXT(app_server, "https://www.example.org");
    close_peer(peer);
}

/* -- keys -- */

static void test_key_updates(void)
{
    struct peer *peer = connected();
    for (int i = 0; i < 100; i++) {
        uint32_t bytes = record_seal_update(&peer->out, record);
        client_send(peer->tcp, record, bytes, i % 7 + 1);
        fetch(peer, 2000 + (uint32_t)i, 1460);
    }
    close_peer(peer);
}

/* Ours follows before anything else is sent. */
static void test_a_key_update_is_answered(void)
{
    struct peer *peer = connected();
    for (int i = 0; i < 20; i++) {
        uint8_t was[TLS_SECRET_MAX];
        memcpy(was, peer->in.key.secret, sizeof(was));
        /* its key changes as record_seal_update() does it; the message wants an answer */
        struct record_key before = peer->out;
        uint8_t wants[5] = {24, 0, 0, 1, 1}, unused[RECORD_UPDATE];
        uint32_t bytes = record_seal(&before, RECORD_HANDSHAKE, wants, 5, record);
        client_send(peer->tcp, record, bytes, 1460);
        record_seal_update(&peer->out, unused);
        if (i % 2) {
            take_all(peer);
            CHECK(memcmp(was, peer->in.key.secret, 32) != 0);
        }
        fetch(peer, 100, 1460);
        CHECK(memcmp(was, peer->in.key.secret, 32) != 0);
    }
    close_peer(peer);
}

/* One that reads nothing asks for keys again and again: ours follows once, or it would have all blocks. */
static void test_key_updates_that_nobody_reads(void)
{
    struct peer *peer = connected();
    const char *head = "GET /f/9 HTTP/1.1\r\nHost: x\r\nX: ";
    send_record(peer, RECORD_DATA, head, (uint32_t)strlen(head), 1460);
    turn();
    uint32_t room = sealed_room();
    for (int i = 0; i < 400; i++) {
        static const uint8_t wants[5] = {24, 0, 0, 1, 1};
        uint8_t unused[RECORD_UPDATE];
        struct record_key before = peer->out;
        client_send(peer->tcp, record, record_seal(&before, RECORD_HANDSHAKE, wants, 5, record), 1460);
        record_seal_update(&peer->out, unused);
        send_record(peer, RECORD_DATA, "x", 1, 1460);
        turn();
    }
    CHECK(room - sealed_room() <= 2 * SEALED_SMALL);
    send_record(peer, RECORD_DATA, "\r\n\r\n", 4, 1460);
    take_all(peer);
    CHECK(answered(peer, 9));
    fetch(peer, 100, 1460);
    close_peer(peer);
}

/* Whose acknowledgements come record by record is sent two at a time: of them frames are made. */
static void test_large_frames(void)
{
    struct peer *peer = connected();
    const uint32_t one = RECORD_TEXT_MAX + RECORD_OVERHEAD, share = lwip_share;
    int writes = 0;
    lwip_share = 8 * one;
    ask_for(peer, 2000000, 1460);
    for (int i = 0; i < 20; i++) {
        peer_take(peer, one);
    }
    for (int i = 0; i < 40; i++) {
        uint32_t left = client_waiting(peer->tcp) - one;
        peer_take(peer, one);
        turn();
        writes += client_waiting(peer->tcp) > left;
    }
    CHECK(writes > 10 && writes <= 21);
    for (int i = 0; i < 10000 && !answered(peer, 2000000); i++) {
        peer_take(peer, 20000);
    }
    CHECK(answered(peer, 2000000));
    lwip_share = share;
    close_peer(peer);
}

/* -- what a client does wrong -- */

static void test_a_bad_record(void)
{
    struct peer *peer = connected();
    uint32_t bytes = record_seal(&peer->out, RECORD_DATA, "GET", 3, record);
    record[bytes - 1] ^= 1;
    client_send(peer->tcp, record, bytes, 1460);
    take_all(peer);
    CHECK_EQUAL(peer->alert, ALERT_BAD_RECORD_MAC);
    CHECK(client_gone(peer->tcp) && client_at_end(peer->tcp));
    free_peer(peer);
    CHECK_EQUAL(tls_conn_counts.refused, 1);
}

static void test_wrong_heads(void)
{
    static const struct {
        uint8_t bytes[6], alert;
    } cases[] = {{{'G', 'E', 'T', ' ', '/'}, ALERT_UNEXPECTED_MESSAGE},
                 {{23, 3, 3, 0xff, 0xff}, ALERT_RECORD_OVERFLOW},
                 {{20, 3, 3, 0, 1, 1}, ALERT_UNEXPECTED_MESSAGE}};
    for (int i = 0; i < 3; i++) {
        struct peer *peer = connected();
        client_send(peer->tcp, cases[i].bytes, 6, 1460);
        take_all(peer);
        CHECK_EQUAL(peer->alert, cases[i].alert);
        CHECK(client_gone(peer->tcp));
        free_peer(peer);
    }
}

/* TCP ends without a word, in the middle of a record. */
static void test_truncation(void)
{
    struct peer *peer = connected();
    uint32_t bytes = record_seal(&peer->out, RECORD_DATA, "GET /f/1 HTTP/1.1\r\nHost: x\r\n\r\n", 31, record);
    client_send(peer->tcp, record, bytes - 1, 1460);
    client_end(peer->tcp);
    take_all(peer);
    CHECK(peer->closed && client_gone(peer->tcp) && peer->length == 0);
    free_peer(peer);
}

static void test_it_goes_in_the_middle(void)
{
    for (int i = 0; i < 40; i++) {
        struct peer *peer = connected();
        ask_for(peer, 300000, 1460);
        for (int n = 0; n < i; n++) {
            peer_take(peer, 5000);
        }
        client_reset(peer->tcp);
        turns(3);
        free_peer(peer);
    }
}

/* -- what cannot be sealed -- */

#define ALERT_TEXT 2  /* bytes of an alert, */
#define UPDATE_TEXT 5 /* of a KeyUpdate */

static void fail_to_seal(uint32_t length)
{
    seals_fail = true;
    failing = length;
}

static void check_reset_now(struct peer *peer)
{
    check_reset(peer);
    seals_fail = false;
    CHECK_EQUAL(lwip_pcbs, 2); /* those that listen */
}

/* What the client sends is sealed before. */
static void send_and_fail(struct peer *peer, const void *text, uint32_t length, uint32_t to_seal)
{
    uint32_t bytes = record_seal(&peer->out, RECORD_DATA, text, length, record);
    fail_to_seal(to_seal);
    client_send(peer->tcp, record, bytes, 1460);
}

/* An end without close_notify would be one that anybody could have made (RFC 8446, 6.1). */
static void test_an_end_that_cannot_be_sealed(void)
{
    static const char request[] = "GET /f/9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct peer *peer = connected();
    send_and_fail(peer, request, sizeof(request) - 1, ALERT_TEXT);
    check_reset_now(peer);
}

static void test_an_idle_end_that_cannot_be_sealed(void)
{
    struct peer *peer = connected();
    fail_to_seal(ALERT_TEXT);
    pass_s(HTTP_IDLE_S + 1);
    check_reset_now(peer);
}

static void test_an_alert_that_cannot_be_sealed(void)
{
    struct peer *peer = connected();
    fail_to_seal(ALERT_TEXT);
    client_send(peer->tcp, "nonsense", 8, 1460);
    check_reset_now(peer);
    CHECK_EQUAL(tls_conn_counts.refused, 1);
}

/* Nothing is left out in the middle, and nobody waits for what does not come. */
static void test_content_that_cannot_be_sealed(void)
{
    for (uint32_t size = 10; size < 1000000; size *= 10) {
        char text[200];
        struct peer *peer = connected();
        sprintf(text, "GET /f/%u HTTP/1.1\r\nHost: x\r\n\r\n", size);
        send_and_fail(peer, text, (uint32_t)strlen(text), 0);
        check_reset_now(peer);
    }
}

/* Behind a part of it, and outside of TCP's callbacks. */
static void test_an_answer_that_cannot_go_on(void)
{
    struct peer *peer = connected();
    site_rest_away = true;
    ask_for(peer, 1000000, 1460);
    take_all(peer);
    CHECK(peer->length > 10000 && peer->length < 1000000);
    fail_to_seal(0);
    site_rest_away = false;
    check_reset_now(peer);
}

/* At once, or when more is to be sealed. */
static void test_an_update_that_cannot_be_sealed(void)
{
    static const uint8_t wants[5] = {24, 0, 0, 1, 1};
    static const char request[] = "GET /f/9 HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int later = 0; later < 2; later++) {
        struct peer *peer = connected();
        uint8_t unused[RECORD_UPDATE];
        if (later) {
            ask_for(peer, 100, 1460); /* what it does not take is not acknowledged */
        }
        struct record_key before = peer->out;
        uint32_t bytes = record_seal(&before, RECORD_HANDSHAKE, wants, 5, record);
        record_seal_update(&peer->out, unused);
        fail_to_seal(UPDATE_TEXT);
        client_send(peer->tcp, record, bytes, 1460);
        if (later) {
            CHECK(!client_was_reset(peer->tcp));
            send_and_fail(peer, request, sizeof(request) - 1, UPDATE_TEXT);
        }
        check_reset_now(peer);
    }
}

/* There is no block for its close_notify: it goes out without one, before TCP's end. */
static void test_an_end_without_a_block(void)
{
    struct peer *peer = connected();
    struct sealed *taken = NULL, *block;
    while ((block = sealed_take(false)) != NULL) {
        block->next = taken;
        taken = block;
    }
    client_end(peer->tcp);
    take_all(peer);
    CHECK(peer->closed && client_gone(peer->tcp) && !client_was_reset(peer->tcp));
    free_peer(peer);
    while ((block = taken) != NULL) {
        taken = block->next;
        sealed_give_back(block);
    }
}

/* -- memory -- */

static void test_no_memory_at_times(void)
{
    lwip_fail_one_in = 3;
    struct peer *peer = connected();
    for (uint32_t size = 1; size < 200000; size = size * 2 + 77) {
        fetch(peer, size, 1460);
    }
    lwip_fail_one_in = 0;
    close_peer(peer);
}

static void test_a_device_that_still_reads(void)
{
    struct peer *peer = connected();
    device_reads = true;
    fetch(peer, 300000, 1460);
    CHECK_EQUAL(hurries, 0);
    device_has_read();
    fetch(peer, 300000, 1460);
    close_peer(peer);
}

/* Then somebody waits for what is out, however little that is. */
static void test_a_device_that_has_all(void)
{
    struct peer *peer = connected();
    device_reads = true;
    forget_text(peer);
    ask_for(peer, 2000000, 1460);
    take_all(peer);
    CHECK(hurries > 0 && !answered(peer, 2000000));
    device_has_read();
    while (!answered(peer, 2000000)) {
        take_all(peer);
    }
    close_peer(peer);
}

/* One answer behind the other, of which the last one always still is in the device's hands. */
static void test_a_device_that_lags(void)
{
    struct peer *peer = connected();
    device_lags = true;
    for (uint32_t i = 0; i < 2 * (SEALED_LARGE_COUNT + SEALED_SMALL_COUNT); i++) {
        fetch(peer, 1000, 1460);
        CHECK(sealed_room() > SEALED_LARGE_COUNT * SEALED_LARGE + SEALED_SMALL_COUNT * SEALED_SMALL / 2);
    }
    device_has_read();
    close_peer(peer);
}

/* More connections than there are blocks want much; all get it. */
static void test_many_at_once(void)
{
    static struct peer *peers[100];
    for (int i = 0; i < 100; i++) {
        peers[i] = connected();
    }
    for (int i = 0; i < 100; i++) {
        ask_for(peers[i], 200000 + (uint32_t)i, 1460);
    }
    for (int n = 0; n < 6000; n++) {
        client_take(peers[n % 100]->tcp, 60000);
        open_all(peers[n % 100]);
        if (n % 10 == 0) {
            turn();
        }
        client_poll(peers[n % 100]->tcp);
    }
    for (int i = 0; i < 100; i++) {
        take_all(peers[i]);
        CHECK(answered(peers[i], 200000 + (uint32_t)i));
        close_peer(peers[i]);
    }
}

/* All there is to seal in is held. What is given back goes to each that waits for it, not only to those that look again
 * by themselves (client_poll()). */
static bool has_bytes(struct peer *peer)
{
    uint32_t length;
    client_take(peer->tcp, 1);
    client_bytes(peer->tcp, &length);
    return length > 0;
}

#define HOLDERS 250

static void take_all_blocks(struct peer *holders[HOLDERS])
{
    for (int i = 0; i < HOLDERS; i++) {
        holders[i] = connected();
        ask_for(holders[i], 300000, 1460);
        turns(3);
    }
}

static void test_who_waits_is_told(void)
{
    static struct peer *holders[HOLDERS], *waiting[40];
    uint32_t without = 0;
    take_all_blocks(holders);
    for (int i = 0; i < 40; i++) {
        waiting[i] = connected();
        ask_for(waiting[i], 30000, 1460);
        turns(3);
        without += !has_bytes(waiting[i]);
    }
    CHECK(without > 10);
    for (int i = 0; i < HOLDERS; i++) {
        client_reset(holders[i]->tcp);
        turns(2);
        free_peer(holders[i]);
    }
    for (int i = 0; i < 40; i++) {
        CHECK(has_bytes(waiting[i]));
        take_all(waiting[i]);
        CHECK(answered(waiting[i], 30000));
        close_peer(waiting[i]);
    }
}

/* Their windows are closed. They hold no block, and are served when they read on. */
static void test_who_does_not_read_holds_nothing(void)
{
    static struct peer *idle[400];
    const uint32_t all = sealed_room();
    for (int i = 0; i < 400; i++) {
        idle[i] = connected();
        lwip_window = 20000;
        ask_for(idle[i], 100000, 1460);
        turns(3);
        lwip_window = 0;
        while (client_take(idle[i]->tcp, 60000) > 100) {
            turns(1);
        }
        client_poll(idle[i]->tcp);
    }
    CHECK_EQUAL(sealed_room(), all);
    lwip_window = UINT32_MAX;
    struct peer *peer = connected();
    fetch(peer, 200000, 1460);
    close_peer(peer);
    for (int i = 0; i < 400; i++) {
        take_all(idle[i]);
        CHECK(answered(idle[i], 100000));
        close_peer(idle[i]);
    }
}

/* They acknowledge nothing: whoever lacks a block gets one of theirs, after a while. */
static void test_who_acknowledges_nothing_gives_way(void)
{
    static struct peer *holders[HOLDERS], *waiting[40];
    take_all_blocks(holders);
    for (int i = 0; i < 40; i++) {
        waiting[i] = connected();
        ask_for(waiting[i], 30000, 1460);
        client_poll(waiting[i]->tcp);
        turns(3);
    }
    CHECK_EQUAL(tls_conn_counts.slow, 0);
    for (int i = 0; i < 4; i++) { /* some of the others have waited before them */
        pass_s(6);
        for (int n = 0; n < 30; n++) {
            for (int k = 0; k < HOLDERS; k++) {
                client_poll(holders[k]->tcp);
            }
            for (int k = 0; k < 40; k++) {
                peer_take(waiting[k], 20000);
            }
        }
    }
    for (int i = 0; i < 40; i++) {
        take_all(waiting[i]);
        CHECK(answered(waiting[i], 30000));
        close_peer(waiting[i]);
    }
    CHECK(tls_conn_counts.slow > 0);
    for (int i = 0; i < HOLDERS; i++) {
        client_reset(holders[i]->tcp);
        free_peer(holders[i]);
    }
}

/* They hold what there is to open in; who comes later is served when they have been silent for a while. */
static void test_slow_clients(void)
{
    static struct peer *slow[400];
    static uint8_t body[16000];
    for (int i = 0; i < 400; i++) {
        slow[i] = connected();
        uint32_t bytes = record_seal(&slow[i]->out, RECORD_DATA, body, sizeof(body), record);
        client_send(slow[i]->tcp, record, bytes / 2, 1460);
        turn();
    }
    CHECK_EQUAL(tls_conn_counts.slow, 0);
    struct peer *peer = connected();
    pass_s(6);
    fetch(peer, 1000, 20);
    forget_text(peer);
    uint32_t bytes = record_seal(&peer->out, RECORD_DATA, body, sizeof(body), record);
    client_send(peer->tcp, record, bytes, 1460);
    take_all(peer);
    CHECK(tls_conn_counts.slow > 0);
    CHECK(peer->length > 0 && memcmp(peer->text, "HTTP/1.1 400", 12) == 0);
    client_reset(peer->tcp);
    free_peer(peer);
    for (int i = 0; i < 400; i++) {
        client_reset(slow[i]->tcp);
        free_peer(slow[i]);
    }
}

/* -- handshakes -- */

static void fail_with(uint8_t alert)
{
    tls.alert = alert;
    struct peer *peer = new_peer();
    client_send(peer->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    take_all(peer);
    uint32_t length;
    const char *at = client_bytes(peer->tcp, &length);
    CHECK(length == 7 && memcmp(at, "\x15\3\3\0\2\2", 6) == 0 && (uint8_t)at[6] == alert);
    CHECK(client_gone(peer->tcp) && client_at_end(peer->tcp));
    free_peer(peer);
}

static void test_a_failed_handshake(void)
{
    const uint8_t alerts[] = {ALERT_HANDSHAKE_FAILURE, ALERT_NO_APPLICATION_PROTOCOL,
                              ALERT_PROTOCOL_VERSION,  ALERT_INTERNAL_ERROR,
                              ALERT_DECODE_ERROR,      ALERT_HANDSHAKE_FAILURE};
    tls.fails = true;
    for (uint32_t i = 0; i < sizeof(alerts); i++) {
        fail_with(alerts[i]);
    }
    CHECK_EQUAL(handshake_counts.begun, sizeof(alerts));
    CHECK_EQUAL(handshake_counts.done, 0);
    CHECK_EQUAL(handshake_counts.failed, sizeof(alerts));
    CHECK_EQUAL(handshake_counts.no_common, 3);
    CHECK_EQUAL(handshake_counts.old_version, 1);
    CHECK_EQUAL(handshake_counts.internal, 1);
    CHECK_EQUAL(handshake_counts.timed_out + handshake_counts.silent + handshake_counts.lost, 0);
}

static void test_a_handshake_in_parts(void)
{
    struct peer *peer = new_peer();
    static uint8_t hello[5 + 16000] = {22, 3, 1, 16000 >> 8, 16000 & 255};
    for (uint32_t at = 0; at < sizeof(hello);) {
        uint32_t count = at < 10 ? 1 : 1460;
        count = sizeof(hello) - at < count ? (uint32_t)sizeof(hello) - at : count;
        client_send(peer->tcp, hello + at, count, 1460);
        CHECK_EQUAL(client_is_acknowledged(peer->tcp), at >= 10); /* Nagle's algorithm would keep the rest */
        at += count;
        turn();
    }
    client_send(peer->tcp, "\x14\3\3\0\1\1\x17\3\3\0\3xyz", 14, 1);
    turns(5);
    take_all(peer);
    CHECK(peer->over);
    fetch(peer, 50, 1460);
    close_peer(peer);
}

/* The request comes with the Finished: PD tls never sees a byte of it (read_slot()). */
static void test_early_request(void)
{
    struct peer *peer = new_peer();
    uint8_t bytes[200] = "\x14\3\3\0\1\1\x17\3\3\0\3xyz";
    const char *text = "GET /f/77 HTTP/1.1\r\nHost: x\r\n\r\n";
    client_send(peer->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    turns(3);
    uint32_t length = 14 + record_seal(&peer->out, RECORD_DATA, text, (uint32_t)strlen(text), bytes + 14);
    client_send(peer->tcp, bytes, length, 1460);
    take_all(peer);
    CHECK(answered(peer, 77));
    close_peer(peer);
}

/* All that it will ever say comes at once, and TCP's end behind it. */
static void test_early_request_and_its_end(void)
{
    struct peer *peer = new_peer();
    uint8_t bytes[200] = "\x14\3\3\0\1\1\x17\3\3\0\3xyz";
    const char *text = "GET /f/77 HTTP/1.1\r\nHost: x\r\n\r\n";
    client_send(peer->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    for (int i = 0; i < 5; i++) {
        peer_take(peer, 20000);
    }
    uint32_t length = 14 + record_seal(&peer->out, RECORD_DATA, text, (uint32_t)strlen(text), bytes + 14);
    length += record_seal_alert(&peer->out, ALERT_CLOSE_NOTIFY, bytes + length);
    client_send(peer->tcp, bytes, length, 1460);
    client_end(peer->tcp);
    take_all(peer);
    CHECK(answered(peer, 77));
    CHECK(peer->closed && client_gone(peer->tcp) && !client_was_reset(peer->tcp));
    free_peer(peer);
}

/* Who ends TCP before its handshake is over is gone at once, whatever it has said. */
static void test_an_end_in_the_handshake(void)
{
    static const char *const first = "\x16\3\1\0\4abcd", *const second = "\x17\3\3\0\3xy";
    for (uint32_t count = 0; count < 9 + 8; count++) {
        struct peer *peer = new_peer();
        client_send(peer->tcp, first, count < 9 ? count : 9, 1460);
        turns(3);
        client_poll(peer->tcp);
        client_send(peer->tcp, second, count < 9 ? 0 : count - 9, 1460);
        client_end(peer->tcp);
        take_all(peer);
        CHECK(client_gone(peer->tcp));
        CHECK_EQUAL(tls.open, 0);
        free_peer(peer);
    }
}

static void test_deadline(void)
{
    struct peer *silent = new_peer(), *peer = connected();
    tls.asleep = true;
    struct peer *waits = new_peer();
    client_send(waits->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    pass_s(HANDSHAKE_S - 1);
    CHECK(!client_was_reset(silent->tcp) && !client_was_reset(waits->tcp));
    pass_s(2);
    check_reset(silent);
    check_reset(waits);
    tls.asleep = false;
    fetch(peer, 10, 1460);
    close_peer(peer);
    CHECK_EQUAL(tls.open, 0);
    CHECK_EQUAL(handshake_counts.timed_out, 2);
}

/* More than there are slots: in order. */
static void test_a_queue(void)
{
    static struct peer *peers[200];
    for (int i = 0; i < 200; i++) {
        peers[i] = new_peer();
        client_send(peers[i]->tcp, "\x16\3\1\0\4abcd", 9, 1460);
        turn();
    }
    CHECK_EQUAL(tls.begun, TLS_SLOTS);
    CHECK_EQUAL(handshake_counts.waiting, 200 - TLS_SLOTS);
    for (int i = 0; i < 200; i++) {
        client_send(peers[i]->tcp, "\x14\3\3\0\1\1\x17\3\3\0\3xyz", 14, 1460);
        turns(4);
        take_all(peers[i]);
        CHECK(peers[i]->over);
        fetch(peers[i], 10, 1460);
    }
    CHECK(tls.most <= TLS_SLOTS && tls.open == 0);
    for (int i = 0; i < 200; i++) {
        close_peer(peers[i]);
    }
}

/* Clients that hold all slots and say nothing more lose them to one that does, when they have been silent for a second;
 * those that only connect have none. */
static void test_silent_clients(void)
{
    static struct peer *silent[TLS_SLOTS], *mute[TLS_SLOTS];
    for (int i = 0; i < TLS_SLOTS; i++) {
        mute[i] = new_peer();
    }
    turns(3);
    CHECK_EQUAL(tls.begun, 0);
    for (int i = 0; i < TLS_SLOTS; i++) {
        silent[i] = new_peer();
        client_send(silent[i]->tcp, i % 2 ? "\x16\3\1\0\4abcd" : "\x16\3\1", i % 2 ? 9 : 3, 1460);
        turns(2);
    }
    struct peer *peer = new_peer();
    shake(peer);
    CHECK(!peer->over && handshake_counts.waiting == 1);
    pass_s(2);
    take_all(peer);
    CHECK(peer->over && handshake_counts.silent == 1);
    fetch(peer, 1000, 1460);
    close_peer(peer);
    for (int i = 0; i < TLS_SLOTS; i++) {
        CHECK(client_was_reset(silent[i]->tcp) == (i == 0));
        client_reset(silent[i]->tcp);
        client_reset(mute[i]->tcp);
        free_peer(silent[i]);
        free_peer(mute[i]);
    }
}

static void test_it_begins_anew(void)
{
    struct peer *peer = connected(), *lost = new_peer();
    client_send(lost->tcp, "\x16\3\1\0\4abcd", 9, 1460);
    turns(3);
    memset(tls.slots, 0, sizeof(tls.slots));
    tls.open = 0;
    fake_set_generation(2);
    tls_attach();
    fake_set_generation(1);
    turns(5);
    check_reset(lost);
    fetch(peer, 3000, 1460);
    struct peer *next = connected();
    fetch(next, 3000, 1460);
    close_peer(next);
    close_peer(peer);
}

/* What PD tls says that cannot be costs that connection, and no other. */
static void test_lies(void)
{
    struct peer *peer = connected();
    for (tls.lie = NO_LIE + 1; tls.lie < LIES; tls.lie++) {
        struct peer *victim = new_peer();
        shake(victim);
        check_reset(victim);
        CHECK_EQUAL(tls.open, 0);
        fetch(peer, 100, 1460);
    }
    tls.lie = NO_LIE;
    close_peer(peer);
}

/* Each answer about a chain is a line on the console: one to a question, and one more when dates were not known. */
static uint32_t chain_answers;

static void answer_chain(enum tls_chain_status status, uint32_t serial)
{
    struct tls_message message = {
        .type = TLS_CHAIN, .slot = TLS_CONTROL, .chain = 1, .status = (uint8_t)status, .serial = serial};
    CHECK(ring_put(&tls.from, &message));
    turns(2);
}

static void test_answers_that_nobody_asked_for(void)
{
    for (int i = 0; i < 10; i++) {
        answer_chain(i % 2 ? TLS_CHAIN_OK : TLS_CHAIN_OK_UNDATED, 0);
    }
    CHECK(chain_answers == 0 && handshake_counts.nonsense == 10);
    CHECK(tls_control_chain_room());
    tls_control_chain(1, 3);
    CHECK(!tls_control_chain_room());
    turns(2);
    for (int i = 0; i < 3; i++) {
        answer_chain(TLS_CHAIN_OK_UNDATED, 1);
    }
    CHECK_EQUAL(chain_answers, 1);
    for (int i = 0; i < 3; i++) {
        answer_chain(TLS_CHAIN_EXPIRED, 1);
    }
    CHECK_EQUAL(chain_answers, 2);
    CHECK(tls_control_chain_room());
    tls_control_chain(1, 3);
    turns(2);
    answer_chain(TLS_CHAIN_OK, 2);
    CHECK_EQUAL(chain_answers, 3);
}

static void test_idle_ones_go(void)
{
    struct peer *peer = connected();
    pass_s(HTTP_IDLE_S + 1);
    take_all(peer);
    CHECK(peer->closed && client_gone(peer->tcp) && client_at_end(peer->tcp));
    free_peer(peer);
}

/* Beside it plain connections are what they were. */
static void test_plain_ones(void)
{
    struct peer *peer = connected();
    connect();
    CHECK_EQUAL(get("/f/5000", ""), 200);
    CHECK(body_is(5000, 0, 5000));
    leave();
    close_peer(peer);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"pages", test_pages},
    {"segments", test_segments},
    {"many_in_a_record", test_many_in_a_record},
    {"uploads", test_uploads},
    {"key_updates", test_key_updates},
    {"a_key_update_is_answered", test_a_key_update_is_answered},
    {"key_updates_that_nobody_reads", test_key_updates_that_nobody_reads},
    {"large_frames", test_large_frames},
    {"a_bad_record", test_a_bad_record},
    {"wrong_heads", test_wrong_heads},
    {"truncation", test_truncation},
    {"it_goes_in_the_middle", test_it_goes_in_the_middle},
    {"an_end_that_cannot_be_sealed", test_an_end_that_cannot_be_sealed},
    {"an_idle_end_that_cannot_be_sealed", test_an_idle_end_that_cannot_be_sealed},
    {"an_alert_that_cannot_be_sealed", test_an_alert_that_cannot_be_sealed},
    {"content_that_cannot_be_sealed", test_content_that_cannot_be_sealed},
    {"an_answer_that_cannot_go_on", test_an_answer_that_cannot_go_on},
    {"an_update_that_cannot_be_sealed", test_an_update_that_cannot_be_sealed},
    {"an_end_without_a_block", test_an_end_without_a_block},
    {"no_memory_at_times", test_no_memory_at_times},
    {"a_device_that_still_reads", test_a_device_that_still_reads},
    {"a_device_that_has_all", test_a_device_that_has_all},
    {"a_device_that_lags", test_a_device_that_lags},
    {"many_at_once", test_many_at_once},
    {"who_does_not_read_holds_nothing", test_who_does_not_read_holds_nothing},
    {"who_acknowledges_nothing_gives_way", test_who_acknowledges_nothing_gives_way},
    {"who_waits_is_told", test_who_waits_is_told},
    {"slow_clients", test_slow_clients},
    {"a_failed_handshake", test_a_failed_handshake},
    {"a_handshake_in_parts", test_a_handshake_in_parts},
    {"early_request", test_early_request},
    {"an_end_in_the_handshake", test_an_end_in_the_handshake},
    {"early_request_and_its_end", test_early_request_and_its_end},
    {"deadline", test_deadline},
    {"a_queue", test_a_queue},
    {"silent_clients", test_silent_clients},
    {"it_begins_anew", test_it_begins_anew},
    {"lies", test_lies},
    {"answers_that_nobody_asked_for", test_answers_that_nobody_asked_for},
    {"idle_ones_go", test_idle_ones_go},
    {"plain_ones", test_plain_ones},
};

static const char *name_of(uint64_t n)
{
    return cases[n].name;
}

static void on_chain(uint32_t chain, enum tls_chain_status status, int64_t until_s)
{
    chain_answers++;
}

static void on_nothing(void) {}

/* What there is to seal in, and to open in, is there again. */
static void check_memory(void)
{
    CHECK_EQUAL(sealed_room(), SEALED_LARGE_COUNT * SEALED_LARGE + SEALED_SMALL_COUNT * SEALED_SMALL);
    CHECK_EQUAL(lwip_pbufs, 0);
}

static void run(uint64_t n)
{
    begin_case();
    tls_attach();
    transport_tls_init(&front_config, &transmit_region,
                       &(struct transport_tls_handlers){on_chain, on_nothing, on_nothing});
    CHECK(http_listen_secured(PORT));
    turns(3);
    cases[n].run();
    turns(10);
    check_memory();
    lwip_pcbs--; /* one more listens */
    end_case();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(cases) / sizeof(cases[0]) - 1, name_of, run);
}

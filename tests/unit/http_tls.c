/* http_tls.c: the front over TLS: what is asked and answered, keys, what clients do wrong, handshakes. */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/front/listeners.h"
#include "http/tls/opened.h"
#include "http/tls/tls_conn.h"
#include "http/tls/tls_control.h"
#include "http/tls/transport_tls.h"
#include "http_front_client.h"
#include "http_tls_rig.h"
#include "in_turn.h"

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

static void run(uint64_t n)
{
    begin_case();
    tls_begin();
    cases[n].run();
    tls_end();
    end_case();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(cases) / sizeof(cases[0]) - 1, name_of, run);
}

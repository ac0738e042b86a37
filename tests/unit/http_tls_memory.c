/* http_tls_memory.c: the front over TLS when something is used up: what cannot be sealed, nothing to seal or to open in,
 * a device that still reads.
 */
#include <string.h>

#include "fake_microkit.h"
#include "http/tls/sealed.h"
#include "http/tls/tls_conn.h"
#include "http_front_client.h"
#include "http_tls_rig.h"
#include "in_turn.h"

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

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
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

/* tests/unit/tls_handshake.c: PD tls, with PD keys beside it, between a front that is honest, slow or lies, and clients. */
#include "tests/unit/tls_client.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include "tests/unit/in_turn.h"
#include "tls/counters.h"
#include "tls/handshake.h"
#include "tls/heap.h"
#include "tls/link.h"
#include "tls/traffic.h"

static struct client clients[TLS_SLOTS];

static void start(void)
{
    rig_start();
    CHECK_EQUAL(rig_chain(0, tls_leaf, tls_issuer), TLS_CHAIN_OK);
    CHECK_EQUAL(rig_chain(1, tls_second, ""), TLS_CHAIN_OK);
}

static struct client *shake(struct client_wish wish)
{
    client_open(&clients[0], 0, wish);
    client_handshake(&clients[0]);
    return &clients[0];
}

static void expect_wiped(uint32_t slot)
{
    const uint8_t *at = (const uint8_t *)rig_secrets(slot);
    for (uint32_t i = 0; i < TLS_SECRETS_BYTES; i++) {
        CHECK_EQUAL(at[i], 0);
    }
}

/* -- handshakes -- */

static void test_full(void)
{
    start();
    size_t before = tls_heap_used();
    struct client *client = shake((struct client_wish){.name = "Serval.test", .protocols = "\x08http/1.1"});
    const struct tls_secrets *secrets = rig_secrets(0);
    CHECK_EQUAL(secrets->suite, 0x1301);
    CHECK_TEXT(secrets->name, "serval.test");
    CHECK_EQUAL(secrets->name_length, 11);
    CHECK(secrets->flags == TLS_ALPN && secrets->chain == 0);
    CHECK_EQUAL(rig_signatures(), 1);
    CHECK(tls_counts()->handshakes_full == 1 && tls_counts()->handshakes_under_way == 0 && tls_counts()->queue == 0);
    client_close(client);
    SSL_SESSION_free(client->session);
    expect_wiped(0);
    CHECK(tls_heap_used() <= before + 4096); /* the key of tickets, once */
}

static void test_suites_and_groups(void)
{
    static const struct {
        const char *suite, *groups;
        uint16_t is, group;
        uint8_t bytes;
    } cases[] = {
        {"TLS_AES_128_GCM_SHA256", "X25519", 0x1301, 29, 32},
        {"TLS_AES_256_GCM_SHA384", "P-256", 0x1302, 23, 48},
        {"TLS_CHACHA20_POLY1305_SHA256", "X25519MLKEM768", 0x1303, 0x11ec, 32},
        {"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "X25519:P-256", 0x1301, 29, 32},
    };
    start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct client *client = shake((struct client_wish){.suites = cases[i].suite, .groups = cases[i].groups});
        CHECK_EQUAL(rig_secrets(0)->suite, cases[i].is);
        CHECK_EQUAL(rig_secrets(0)->group, cases[i].group);
        CHECK_EQUAL(tls_traffic_secret_bytes(rig_secrets(0)->suite), cases[i].bytes);
        CHECK_EQUAL(rig_secrets(0)->name_length, 0);
        client_close(client);
    }
}

/* AWS-LC's generator, which ends the program where it finds no memory to begin: how much of it a handshake leaves is its
 * client's choice. */
static void test_generator_has_begun(void)
{
    uint8_t bytes[16];
    rig_boot();
    for (size_t size = 1 << 16; size > 0; size /= 2) {
        while (tls_heap_take(size)) {
        }
    }
    CHECK_EQUAL(RAND_bytes(bytes, sizeof(bytes)), 1);
}

/* A first hello whose key share is of no group of ours (RFC 8446, 4.1.4). */
static void test_hello_retry(void)
{
    start();
    struct client *client = shake((struct client_wish){.groups = "P-384:P-256"});
    CHECK_EQUAL(rig_secrets(0)->group, 23);
    client_close(client);
}

static void test_in_bytes(void)
{
    start();
    client_open(&clients[0], 0, (struct client_wish){.groups = "X25519MLKEM768:P-256", .name = "serval.test"});
    clients[0].step = 1;
    client_handshake(&clients[0]);
    client_close(&clients[0]);
}

static void test_resumption(void)
{
    start();
    struct client *client = shake((struct client_wish){.name = "serval.test"});
    SSL_SESSION *session = client->session;
    CHECK(session != NULL);
    client_close(client);
    client = shake((struct client_wish){.name = "serval.test", .session = session});
    CHECK_EQUAL(rig_secrets(0)->flags & TLS_RESUMED, TLS_RESUMED);
    CHECK_EQUAL(rig_signatures(), 1);
    CHECK(tls_counts()->handshakes_full == 1 && tls_counts()->handshakes_resumed == 1);
    client_close(client);
}

/* Keys of tickets live for two days, and for two more beside the next; a ticket for twelve hours. */
static void test_old_tickets(void)
{
    start();
    struct client *client = shake((struct client_wish){.name = "serval.test"});
    SSL_SESSION *session = client->session;
    client_close(client);
    fake_set_now_ns(5000000000 + (12 * 3600 - 10) * 1000000000ull);
    SSL_SESSION_up_ref(session);
    client = shake((struct client_wish){.session = session});
    CHECK_EQUAL(rig_secrets(0)->flags & TLS_RESUMED, TLS_RESUMED);
    client_close(client);
    fake_set_now_ns(5000000000 + (12 * 3600 + 10) * 1000000000ull);
    client = shake((struct client_wish){.session = session});
    CHECK_EQUAL(rig_secrets(0)->flags & TLS_RESUMED, 0);
    client_close(client);
}

static void test_names(void)
{
    static const struct {
        const char *name;
        uint8_t chain;
    } cases[] = {{"serval.test", 0}, {"second.test", 1},   {"SECOND.test", 1}, {"a.wild.test", 0},
                 {"upper.test", 0},  {"unknown.test", 0},  {NULL, 0},          {"second.test.", 0},
                 {"wild.test", 0},   {"a.second.test", 0}, {"asecond.test", 0}};
    start();
    CHECK_EQUAL(rig_chain(0, tls_second, ""), TLS_CHAIN_OK);
    CHECK_EQUAL(rig_chain(1, tls_leaf, tls_issuer), TLS_CHAIN_OK);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct client *client = shake((struct client_wish){.name = cases[i].name});
        bool ours = cases[i].name && (strstr(cases[i].name, "serval") || strstr(cases[i].name, "a.wild") ||
                                      strstr(cases[i].name, "upper"));
        CHECK_EQUAL(rig_secrets(0)->chain, ours);
        client_close(client);
    }
}

/* `length` of them. */
static const char *long_name(uint32_t length)
{
    static char name[TLS_NAME_MAX + 2];
    memset(name, 'a', length);
    name[length / 2] = '.';
    name[length] = 0;
    return name;
}

static void expect_failure(struct client_wish wish, uint8_t alert)
{
    client_open(&clients[0], 0, wish);
    client_run(&clients[0]);
    CHECK_EQUAL(rig_slots[0].status, TLS_FAILED);
    CHECK_EQUAL(rig_slots[0].alert, alert);
    CHECK(clients[0].to_client.end >= 7); /* it has been told */
    expect_wiped(0);
    client_close(&clients[0]);
    ERR_clear_error();
}

static void test_refusals(void)
{
    start();
    expect_failure((struct client_wish){.protocols = "\x02h2"}, 120);
    expect_failure((struct client_wish){.most_version = TLS1_2_VERSION}, 70);
    expect_failure((struct client_wish){.groups = "P-384"}, 40);
    expect_failure((struct client_wish){.name = long_name(TLS_NAME_MAX + 1)}, 112);
    CHECK(tls_counts()->handshakes_failed == 4 && tls_counts()->handshakes_under_way == 0);
    client_close(shake((struct client_wish){.name = long_name(TLS_NAME_MAX)}));
    struct client *client = shake((struct client_wish){.protocols = "\x02h2\x08http/1.1"});
    client_close(client);
}

static void test_without_chain_or_keys(void)
{
    rig_start();
    expect_failure((struct client_wish){.name = "serval.test"}, 40);
    CHECK_EQUAL(rig_chain(3, tls_second, ""), TLS_CHAIN_OK);
    rig_give_keys(false);
    expect_failure((struct client_wish){.name = "serval.test"}, 80);
    rig_give_keys(true);
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

/* What it was asked when it died its next life is asked: also for its points, without which no chain would be ours. */
static void test_keys_restart(void)
{
    rig_restart_keys(1);
    rig_start();
    CHECK_EQUAL(rig_chain(0, tls_leaf, tls_issuer), TLS_CHAIN_OK);
    rig_restart_keys(1);
    client_close(shake((struct client_wish){.name = "serval.test"}));
    rig_restart_keys(2);
    expect_failure((struct client_wish){.name = "serval.test"}, 80);
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

static void test_all_slots(void)
{
    start();
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        client_open(&clients[i], i,
                    (struct client_wish){.groups = i & 1 ? "X25519MLKEM768" : "P-256", .name = "serval.test"});
        clients[i].step = 700;
    }
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        client_handshake(&clients[i]);
    }
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        client_close(&clients[i]);
        expect_wiped(i);
    }
}

/* -- chains -- */

static void test_chains(void)
{
    rig_start();
    CHECK_EQUAL(rig_chain(0, tls_expired, tls_issuer), TLS_CHAIN_EXPIRED);
    CHECK_EQUAL(rig_chain(0, tls_early, tls_issuer), TLS_CHAIN_NOT_YET);
    CHECK_EQUAL(rig_chain(0, tls_stranger, tls_issuer), TLS_CHAIN_NOT_OURS);
    CHECK_EQUAL(rig_chain(0, tls_rsa, tls_issuer), TLS_CHAIN_NOT_P256);
    CHECK_EQUAL(rig_chain(0, tls_p384, tls_issuer), TLS_CHAIN_NOT_P256);
    CHECK_EQUAL(rig_chain(0, tls_issuer, tls_leaf), TLS_CHAIN_ORDER);
    CHECK_EQUAL(rig_chain(0, tls_leaf, tls_second), TLS_CHAIN_ORDER);
    CHECK_EQUAL(rig_chain(0, "", ""), TLS_CHAIN_NOT_PEM);
    CHECK_EQUAL(rig_chain(0, "-----BEGIN CERTIFICATE-----\nMIIB", ""), TLS_CHAIN_NOT_PEM);
    CHECK_EQUAL(rig_chain(0, "-----BEGIN CERTIFICATE-----\nMIIB*AAA\n-----END CERTIFICATE-----\n", ""),
                TLS_CHAIN_NOT_PEM);
    CHECK_EQUAL(rig_chain(0, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", ""), TLS_CHAIN_BAD_DER);
    static char long_text[TLS_CHAIN_MAX + 1];
    CHECK_EQUAL(rig_chain_bytes(0, long_text, sizeof(long_text)), TLS_CHAIN_TOO_LONG);
    expect_failure((struct client_wish){.name = "serval.test"}, 40);
    CHECK_EQUAL(rig_chain(0, tls_leaf, tls_issuer), TLS_CHAIN_OK);
    CHECK_EQUAL(rig_chain_answer.time, 4738739415); /* 2120-03-01 12:30:15 */
    CHECK_EQUAL(rig_chain(0, tls_expired, tls_issuer), TLS_CHAIN_EXPIRED);
    client_close(shake((struct client_wish){.name = "serval.test"})); /* the old one stays */
}

/* Each byte of a certificate changed: it is taken or not, and nothing else happens. */
static void test_changed_certificates(void)
{
    char text[4096];
    rig_start();
    size_t count = strlen(tls_leaf);
    for (size_t i = 0; i < count; i++) {
        memcpy(text, tls_leaf, count);
        text[i] = (char)(text[i] == 'A' ? '/' : 'A');
        rig_chain_bytes(0, text, (uint32_t)count);
        rig_chain_bytes(0, tls_leaf, (uint32_t)i);
    }
}

/* What was taken without looking at its dates holds on; that they are wrong is told. */
static void test_time_comes_later(void)
{
    rig_boot();
    CHECK_EQUAL(rig_chain(0, tls_expired, tls_issuer), TLS_CHAIN_OK_UNDATED);
    CHECK_EQUAL(rig_chain(1, tls_second, ""), TLS_CHAIN_OK_UNDATED);
    client_close(shake((struct client_wish){.name = "serval.test"}));
    rig_time(RIG_UNIX_NS);
    CHECK(rig_chain_answer.chain == 1 && rig_chain_answer.status == TLS_CHAIN_OK);
    CHECK_EQUAL(rig_chain(0, tls_expired, tls_issuer), TLS_CHAIN_EXPIRED);
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

/* -- a front that is not as it should be -- */

static void test_front_restarts(void)
{
    start();
    client_open(&clients[0], 5, (struct client_wish){.name = "serval.test"});
    SSL_do_handshake(clients[0].ssl);
    rig_run();
    size_t before = tls_heap_used();
    CHECK(rig_give(5, clients[0].to_server.at, 100) == 100);
    rig_run();
    rig_restart();
    CHECK(tls_heap_used() < before);
    client_close(&clients[0]);
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

static void say(struct tls_message message)
{
    rig_say(&message);
    rig_run();
}

static void test_nonsense(void)
{
    start();
    uint64_t before = tls_link_counts.nonsense;
    say((struct tls_message){.type = TLS_BEGIN, .slot = TLS_SLOTS + 1});
    say((struct tls_message){.type = TLS_BEGIN, .slot = 0xffff});
    say((struct tls_message){.type = TLS_BEGIN, .slot = TLS_CONTROL});
    say((struct tls_message){.type = TLS_CHAIN, .slot = TLS_CONTROL, .chain = TLS_CHAINS_MAX});
    say((struct tls_message){.type = TLS_BEGIN, .slot = 3, .produced = TLS_IN_BYTES + 1});
    CHECK_EQUAL(tls_link_counts.nonsense, before + 5);
    rig_begin(3);
    uint32_t serial = rig_slots[3].serial;
    say((struct tls_message){.type = TLS_BEGIN, .slot = 3, .serial = serial + 1});
    say((struct tls_message){.type = TLS_STATE, .slot = 3, .serial = serial, .produced = TLS_IN_BYTES + 1});
    say((struct tls_message){.type = TLS_STATE, .slot = 3, .serial = serial, .taken = 1});
    say((struct tls_message){.type = 99, .slot = 3, .serial = serial});
    CHECK_EQUAL(tls_link_counts.nonsense, before + 9);
    uint64_t late = tls_link_counts.late;
    say((struct tls_message){.type = TLS_OVER, .slot = 3, .serial = serial - 1});
    say((struct tls_message){.type = TLS_STATE, .slot = 4, .serial = serial});
    CHECK_EQUAL(tls_link_counts.late, late + 2);
    rig_over(3);
    rig_run();
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

/* Bytes that are no TLS: an alert, and the end. */
static void test_garbage(void)
{
    static const char cases[][20] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\x17\x03\x03\x00\x01z",
                                     "\x15\x03\x03\x00\x02\x02\x28"};
    start();
    size_t before = 0;
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rig_begin(0);
        rig_give(0, (const uint8_t *)cases[i], 18);
        rig_run();
        CHECK_CASE(rig_slots[0].status == TLS_FAILED, cases[i]);
        rig_over(0);
        rig_run();
        CHECK(before == 0 || tls_heap_used() == before);
        before = tls_heap_used();
    }
}

static void fail_once(void)
{
    rig_begin(0);
    rig_give(0, (const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18);
    rig_run();
    CHECK_EQUAL(rig_slots[0].status, TLS_FAILED);
    rig_over(0);
    rig_run();
}

/* Many, for seconds, and none between that succeeds: it begins anew. */
static void test_none_succeeds(void)
{
    start();
    for (uint32_t i = 0; i < 200; i++) {
        fail_once();
    }
    fake_set_now_ns(pd_now_ns() + 4000000000);
    client_close(shake((struct client_wish){.name = "serval.test"}));
    for (uint32_t i = 0; i < 63; i++) {
        fail_once();
    }
    fake_set_now_ns(pd_now_ns() + 4000000000);
    CHECK(fake_dies(fail_once));
}

/* A hello as long as may be takes no more memory than a handshake may have. */
static void give_long_hello(size_t before)
{
    uint8_t record[5 + 16384];
    rig_begin(0);
    for (uint32_t part = 0; part < 2; part++) {
        memset(record, 0, sizeof(record));
        memcpy(record, "\x16\x03\x01\x40\x00", 5);
        if (part == 0) {
            memcpy(record + 5, "\x01\x00\x40\x00", 4);
        }
        for (uint32_t given = 0; given < sizeof(record) && rig_slots[0].status < TLS_DONE;) {
            given += rig_give(0, record + given, (uint32_t)sizeof(record) - given);
            rig_run();
            CHECK(tls_heap_used() - before <= TLS_HANDSHAKE_BYTES);
        }
    }
    CHECK_EQUAL(rig_slots[0].status, TLS_FAILED);
    rig_over(0);
    rig_run();
}

static void test_longest_hello(void)
{
    start();
    give_long_hello(tls_heap_used());
    size_t before = tls_heap_used();
    give_long_hello(before);
    CHECK_EQUAL(tls_heap_used(), before);
    client_close(shake((struct client_wish){.name = "serval.test"}));
}

/* Of what handshakes have in common so much is left, as if somebody had the rest; SIZE_MAX: nobody has. */
static void leave_in_common(size_t bytes)
{
    static struct tls_heap_account somebody;
    tls_heap_charge(&somebody);
    somebody.used = bytes == SIZE_MAX ? 0 : tls_heap_common_left() - bytes;
    tls_heap_charge(NULL);
}

/* A hello of 16 KiB in two records, of which the second lacks its end. */
static void begin_long_hello(uint32_t slot)
{
    static const uint8_t head[] = {22, 3, 1, 0x20, 4, 1, 0, 0x40, 0}, next[] = {22, 3, 1, 0x20, 0};
    static uint8_t bytes[9 + 0x2000 + 5 + 0x1ff0];
    memcpy(bytes, head, sizeof(head));
    memcpy(bytes + 9 + 0x2000, next, sizeof(next));
    rig_begin(slot);
    for (uint32_t given = 0; given < sizeof(bytes) && rig_slots[slot].status < TLS_DONE;) {
        given += rig_give(slot, bytes + given, (uint32_t)sizeof(bytes) - given);
        rig_run();
    }
}

/* Those that are held open are refused when they have what is common; who says what a browser says never is. */
static void test_long_hellos_of_others(void)
{
    start();
    client_close(shake((struct client_wish){.name = "serval.test"}));
    leave_in_common(TLS_COMMON_BYTES);
    uint32_t refused = 0, waiting = 0;
    for (uint32_t i = 1; i < TLS_SLOTS; i++) {
        begin_long_hello(i);
        refused += rig_slots[i].status == TLS_FAILED && rig_slots[i].alert == 80;
        waiting += rig_slots[i].status == TLS_WANTS;
    }
    CHECK(waiting >= 1 && refused >= TLS_SLOTS / 2 && waiting + refused == TLS_SLOTS - 1);
    client_close(shake((struct client_wish){.name = "serval.test", .groups = "X25519MLKEM768"}));
    leave_in_common(SIZE_MAX);
    for (uint32_t i = 1; i < TLS_SLOTS; i++) {
        rig_over(i);
    }
    rig_run();
}

/* Over at each moment of a handshake: all of it is given back, and the slot serves the next one. */
static void test_over_anywhere(void)
{
    uint64_t opened = 1;
    start();
    client_close(shake((struct client_wish){.name = "serval.test"}));
    for (uint32_t most = 1; most < 3000; most += 97) {
        size_t before = tls_heap_used();
        client_open(&clients[1], 1, (struct client_wish){.name = "serval.test", .groups = "X25519MLKEM768"});
        size_t own = tls_heap_used() - before;
        clients[1].step = most;
        SSL_do_handshake(clients[1].ssl);
        rig_give(1, clients[1].to_server.at, most < clients[1].to_server.end ? most : clients[1].to_server.end);
        rig_run();
        rig_over(1);
        rig_run();
        CHECK(own > 0);
        client_close(&clients[1]);
        CHECK_EQUAL(tls_heap_used(), before);
        opened++;
    }
    const struct tls_counters *counts = tls_counts();
    CHECK(counts->handshakes_left > 10 && counts->handshakes_under_way == 0);
    CHECK_EQUAL(counts->handshakes_full + counts->handshakes_failed + counts->handshakes_left, opened);
}

#define CASE(name)         \
    {                      \
#name, test_##name \
    }
static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    CASE(full),
    CASE(suites_and_groups),
    CASE(generator_has_begun),
    CASE(hello_retry),
    CASE(in_bytes),
    CASE(resumption),
    CASE(old_tickets),
    CASE(names),
    CASE(refusals),
    CASE(without_chain_or_keys),
    CASE(keys_restart),
    CASE(all_slots),
    CASE(chains),
    CASE(changed_certificates),
    CASE(time_comes_later),
    CASE(front_restarts),
    CASE(nonsense),
    CASE(garbage),
    CASE(none_succeeds),
    CASE(longest_hello),
    CASE(long_hellos_of_others),
    CASE(over_anywhere),
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    tests[n].function();
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}

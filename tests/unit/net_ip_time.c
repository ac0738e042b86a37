/* net_ip_time.c: the time of day, through net/ip and lwIP's SNTP client on the host, under the address sanitizer. The test
 * is the DHCP server, which names NTP servers or does not, two NTP servers, and the clock. */
#include "net/ip/time_of_day.h"

#include <string.h>
#include "in_turn.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define HOUR (3600 * S)
#define NTP_PORT 1123
#define UNIX_S 1800000000ull      /* in 2027 */
#define NTP_OF_1970 2208988800ull /* RFC 4330 3: seconds since 1900 */
#define RANDOM_BITS_MASK 0xfffffu
#define EARLIEST_S 1767225600ull /* 2026-01-01 */

WIRE_CARD(64, 0, 64, 256);
const struct ip_config ip_config = {.hostname = "time"};

static const volatile uint32_t clock_register = UNIX_S;
static uint64_t word;
static struct ip_time_config config = {.port = NTP_PORT, .word = &word};

static unsigned told, told_nobody;
static char from[100];

static void on_told(const char *source)
{
    told++;
    told_nobody += source == NULL;
    snprintf(from, sizeof(from), "%s", source ? source : "");
}

/* -- the servers -- */

static struct {
    uint8_t named[8]; /* option 42: up to two addresses */
    uint8_t named_bytes;
    unsigned questions[2]; /* of 10.0.2.2, of 10.0.2.3 */
    uint8_t question[48];
    uint64_t ahead_s; /* of this machine's now */
    bool silent[2];
    /* what is wrong with an answer */
    bool foreign, other_port, unasked, short_one, client_mode, says_goodbye;
} server;

static void put_ntp(uint8_t *at, uint64_t unix_ns)
{
    put32(at, (uint32_t)(unix_ns / S + NTP_OF_1970));
    put32(at + 4, (uint32_t)((unix_ns % S << 32) / S));
}

static uint64_t servers_time(void)
{
    return now + server.ahead_s * S;
}

static void answer_ntp(const uint8_t *question, uint8_t number)
{
    uint8_t frame[42 + 48] = {0}, *ntp = frame + 42;
    uint8_t address[4] = {10, 0, 2, (uint8_t)(2 + number)};
    uint32_t length = server.short_one ? 40 : 48;
    ntp[0] = (uint8_t)(4 << 3 | (server.client_mode ? 3 : 4));
    ntp[1] = server.says_goodbye ? 0 : 2;
    memcpy(ntp + 24, question + 42 + 40, 8);
    ntp[24] ^= server.unasked;
    put_ntp(ntp + 32, servers_time());
    put_ntp(ntp + 40, servers_time());
    put_headers(frame, 17, 8 + length, 0, 0);
    address[3] = server.foreign ? 99 : address[3];
    put_address(frame, 26, address);
    put16(frame + 34, NTP_PORT + server.other_port);
    put16(frame + 36, get16(question + 34));
    put16(frame + 38, 8 + length);
    wire_deliver(frame, 42 + length);
}

static void answer_dhcp(const uint8_t *request)
{
    uint8_t frame[42 + 300] = {0}, *dhcp = frame + 42, kind = request[42 + 242];
    uint8_t options[] = {
        99, 130, 83, 99, 53, 1,  kind == 1 ? 2 : 5, 54, 4, 10, 0, 2, 2, 51, 4, 0, 1, 0, 0, 1, 4, 255, 255, 255, 0, 3,
        4,  10,  0,  2,  2,  255};
    memcpy(dhcp, (uint8_t[]){2, 1, 6, 0}, 4);
    memcpy(dhcp + 4, request + 42 + 4, 4);
    memcpy(dhcp + 16, (uint8_t[]){10, 0, 2, 15}, 4);
    memcpy(dhcp + 28, net_client_config.mac, 6);
    memcpy(dhcp + 236, options, sizeof(options));
    if (server.named_bytes) {
        uint8_t *end = dhcp + 236 + sizeof(options) - 1;
        end[0] = 42;
        end[1] = server.named_bytes;
        memcpy(end + 2, server.named, server.named_bytes);
        end[2 + server.named_bytes] = 255;
    }
    put_headers(frame, 17, sizeof(frame) - 34, 0, 0);
    put_address(frame, 30, (uint8_t[]){10, 0, 2, 15});
    put16(frame + 34, 67);
    put16(frame + 36, 68);
    put16(frame + 38, sizeof(frame) - 34);
    wire_deliver(frame, sizeof(frame));
}

/* The address of another station than the host is the host's, too. */
static void answer_arp(const uint8_t *question)
{
    uint8_t frame[60] = {0};
    put_arp_answer(frame);
    memcpy(frame + 28, question + 38, 4);
    wire_deliver(frame, sizeof(frame));
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (frame[12] == 8 && frame[13] == 6) {
        if (frame[21] == 1 && memcmp(frame + 28, frame + 38, 4) != 0) {
            answer_arp(frame);
        }
        return;
    }
    if (frame[23] != 17) {
        return;
    }
    if (get16(frame + 36) == 67) {
        answer_dhcp(frame);
    } else if (get16(frame + 36) == NTP_PORT) {
        uint8_t number = (uint8_t)(frame[33] - 2);
        CHECK(number < 2 && length == 42 + 48 && frame[42] == (4 << 3 | 3));
        server.questions[number]++;
        memcpy(server.question, frame + 42, 48);
        if (!server.silent[number]) {
            answer_ntp(frame, number);
        }
    }
}

/* -- the cases -- */

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    return ERR_OK;
}

void init(void)
{
    wire_start(false, 80, 8, on_accept);
    ip_time_init(&config, on_told);
    pd_flush();
}

static void start(void)
{
    wire_begin();
    init();
    wire_take();
    for (int i = 0; i < 100 && !ip_has_address(); i++) {
        wire_pass(100 * MS);
    }
    CHECK(ip_has_address());
    wire_pass(S);
}

static bool is_near(uint64_t unix_ns)
{
    uint64_t here = pd_unix_time_ns();
    return here < unix_ns + 10 * MS && unix_ns < here + 10 * MS;
}

static void expect_servers_time(void)
{
    CHECK(pd_unix_time_is_known() && is_near(servers_time()));
    CHECK_EQUAL(word + now, pd_unix_time_ns()); /* for the others */
}

static void use_server(const char *name)
{
    snprintf(config.server, sizeof(config.server), "%s", name);
}

static void test_the_clock(void)
{
    memcpy(server.named, (uint8_t[]){10, 0, 2, 2}, 4);
    server.named_bytes = 4;
    config.clock = &clock_register;
    start();
    CHECK(told == 1 && strcmp(from, "the board's clock") == 0 && pd_unix_time_ns() / S - UNIX_S < 60);
    CHECK_EQUAL(word + now, pd_unix_time_ns());
    wire_pass(2 * HOUR);
    CHECK(told == 1 && server.questions[0] == 0); /* nobody is asked */
}

/* Or whose battery is empty. */
static void test_a_clock_that_was_never_set(void)
{
    static const volatile uint32_t never_set = 86400;
    memcpy(server.named, (uint8_t[]){10, 0, 2, 2}, 4);
    server.named_bytes = 4;
    server.ahead_s = UNIX_S;
    config.clock = &never_set;
    start();
    CHECK(told == 1 && strcmp(from, "an NTP server that DHCP has named") == 0);
    expect_servers_time();
}

static void test_a_server_beside_the_clock(void)
{
    config.clock = &clock_register;
    use_server("10.0.2.2");
    server.ahead_s = UNIX_S + 1000;
    server.silent[0] = true;
    start();
    CHECK(told == 1 && strcmp(from, "the board's clock") == 0);
    server.silent[0] = false;
    wire_pass(60 * S);
    CHECK(told == 2 && strcmp(from, "NTP server 10.0.2.2") == 0);
    expect_servers_time();
}

static void test_once_an_hour(void)
{
    use_server("10.0.2.2");
    server.ahead_s = UNIX_S;
    start();
    CHECK(told == 1 && server.questions[0] == 1);
    uint32_t before = wire_alarms;
    for (unsigned hour = 1; hour < 6; hour++) {
        server.ahead_s += 10; /* the crystal is bad */
        wire_pass(HOUR + S);
        CHECK_EQUAL(server.questions[0], 1 + hour);
        expect_servers_time();
    }
    CHECK(told == 1 && wire_alarms - before < 5 * 140); /* ARP's table ages by half minutes */
}

static void test_servers_of_dhcp(void)
{
    memcpy(server.named, (uint8_t[]){10, 0, 2, 2, 10, 0, 2, 3}, 8);
    server.named_bytes = 8;
    server.ahead_s = UNIX_S;
    start();
    CHECK(told == 1 && strcmp(from, "an NTP server that DHCP has named") == 0);
    expect_servers_time();
    CHECK(server.questions[0] == 1 && server.questions[1] == 0);
}

static void test_the_second_of_two(void)
{
    memcpy(server.named, (uint8_t[]){10, 0, 2, 2, 10, 0, 2, 3}, 8);
    server.named_bytes = 8;
    server.ahead_s = UNIX_S;
    server.silent[0] = true;
    start();
    CHECK(!pd_unix_time_is_known() && told == 0);
    wire_pass(40 * S);
    CHECK(server.questions[1] > 0 && told == 1);
    expect_servers_time();
}

static void test_nobody(void)
{
    start();
    CHECK(told == 1 && told_nobody == 1 && !pd_unix_time_is_known() && word == 0);
}

/* Asked less and less often; who has come back is found. */
static void test_silence(void)
{
    use_server("10.0.2.2");
    server.silent[0] = true;
    server.ahead_s = UNIX_S;
    start();
    wire_pass(HOUR);
    CHECK(server.questions[0] > 10 && server.questions[0] < 60 && told == 0);
    server.silent[0] = false;
    wire_pass(300 * S);
    CHECK_EQUAL(told, 1);
    expect_servers_time();
}

static void expect_not_taken(bool *what)
{
    unsigned before = server.questions[0];
    *what = true;
    wire_pass(300 * S);
    CHECK(server.questions[0] > before && !pd_unix_time_is_known() && told == 0);
    *what = false;
}

static void test_answers_that_are_none(void)
{
    use_server("10.0.2.2");
    server.ahead_s = UNIX_S;
    server.silent[0] = true;
    start();
    server.silent[0] = false;
    server.foreign = true; /* before any time passes */
    expect_not_taken(&server.foreign);
    expect_not_taken(&server.other_port);
    expect_not_taken(&server.unasked);
    expect_not_taken(&server.short_one);
    expect_not_taken(&server.client_mode);
    expect_not_taken(&server.says_goodbye);
    wire_pass(300 * S);
    CHECK_EQUAL(told, 1);
    expect_servers_time();
}

static void test_a_server_without_the_time(void)
{
    use_server("10.0.2.2");
    server.ahead_s = 1000000000; /* 2001 */
    start();
    CHECK(server.questions[0] == 1 && told == 0 && !pd_unix_time_is_known());
    server.ahead_s = UNIX_S;
    wire_pass(HOUR + S);
    CHECK_EQUAL(told, 1);
}

/* After 2036 the seconds of NTP begin again. */
static void test_the_next_era(void)
{
    use_server("10.0.2.2");
    server.ahead_s = 2200000000u;
    start();
    expect_servers_time();
}

/* RFC 4330, 3: with the first bit set seconds count from 1900, without it from 2036. That reaches from 1968-01-20 to
 * 2104-02-26, and what lies before 1970 is no time either. */
static void expect_no_time_at(uint64_t unix_s)
{
    unsigned before = server.questions[0];
    server.ahead_s = unix_s - now / S;
    wire_pass(HOUR + S);
    CHECK(server.questions[0] > before && told == 0 && !pd_unix_time_is_known());
}

static void test_both_ends_of_what_ntp_can_say(void)
{
    const uint64_t first = (1ull << 32) - (NTP_OF_1970 - (1ull << 31)); /* as the wire has it: 2104 or 1968 */
    use_server("10.0.2.2");
    server.ahead_s = first; /* 1968-01-20 03:14:08 */
    start();
    CHECK(server.questions[0] == 1 && told == 0 && !pd_unix_time_is_known());
    expect_no_time_at((1ull << 32) - 2 * 86400); /* 1969-12-30 */
    expect_no_time_at(1ull << 32);               /* 1970 */
    expect_no_time_at(EARLIEST_S - 2 * HOUR / S);
    server.ahead_s = EARLIEST_S;
    wire_pass(HOUR + S);
    CHECK_EQUAL(told, 1);
    expect_servers_time();
    server.ahead_s = first - 2 * HOUR / S - now / S;
    wire_pass(HOUR + S);
    expect_servers_time();
}

/* What the former life knew. */
static void test_a_restart(void)
{
    word = UNIX_S * S;
    use_server("10.0.2.2");
    server.silent[0] = true;
    start();
    CHECK(pd_unix_time_is_known() && is_near(UNIX_S * S + now));
}

/* Somebody who does not see the question has to guess some of its bits. */
static void test_questions_differ(void)
{
    uint32_t last = 0, same = 0;
    use_server("10.0.2.2");
    server.silent[0] = true;
    start();
    for (unsigned i = 0; i < 10; i++) {
        unsigned before = server.questions[0];
        while (server.questions[0] == before) {
            wire_pass(10 * S);
        }
        uint32_t bits = get32(server.question + 44) & RANDOM_BITS_MASK;
        same += bits == last;
        last = bits;
    }
    CHECK(same <= 1);
}

static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    {"the_clock", test_the_clock},
    {"a_clock_that_was_never_set", test_a_clock_that_was_never_set},
    {"a_server_beside_the_clock", test_a_server_beside_the_clock},
    {"once_an_hour", test_once_an_hour},
    {"servers_of_dhcp", test_servers_of_dhcp},
    {"the_second_of_two", test_the_second_of_two},
    {"nobody", test_nobody},
    {"silence", test_silence},
    {"answers_that_are_none", test_answers_that_are_none},
    {"a_server_without_the_time", test_a_server_without_the_time},
    {"the_next_era", test_the_next_era},
    {"both_ends_of_what_ntp_can_say", test_both_ends_of_what_ntp_can_say},
    {"a_restart", test_a_restart},
    {"questions_differ", test_questions_differ},
};

static const char *name_of(uint64_t n)
{
    return tests[n].name;
}

static void run(uint64_t n)
{
    tests[n].function();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(*tests) - 1, name_of, run);
}

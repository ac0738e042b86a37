/* http_tls_record.c: records against the traces of RFC 8448, against one another, and against all that a client may not
 * send. What may come in is made here with a key of the client's own. */
#include <string.h>

#include "http/tls/record.h"
#include "tests/unit/check.h"
#include "tls/traffic.h"

static uint32_t read_hex(const char *text, uint8_t *to)
{
    uint32_t count = 0;
    for (int high, low; *text; text++) {
        if (*text != ' ') {
            CHECK(sscanf(text, "%1x%1x", (unsigned *)&high, (unsigned *)&low) == 2);
            to[count++] = (uint8_t)(high << 4 | low);
            text++;
        }
    }
    return count;
}

static void check_hex(const uint8_t *is, uint32_t length, const char *text)
{
    uint8_t wanted[512];
    CHECK_EQUAL(length, read_hex(text, wanted));
    CHECK(memcmp(is, wanted, length) == 0);
}

/* -- RFC 8448, 3: Simple 1-RTT Handshake -- */

static const char client_secret[] = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
static const char server_secret[] = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
static const char client_data[] = "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd5"
                                  "4a9a20441e2b62974e1f5a6292a2977014bd1e3deae63a"
                                  "eebb21694915e4";
static const char server_data[] = "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc60"
                                  "2dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540d"
                                  "d032e167c2955d";
static const char client_alert[] = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
static const char server_alert[] = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

static void set(struct record_key *key, uint16_t suite, const char *secret, uint64_t sequence)
{
    struct tls_traffic traffic = {.secret = {0}};
    CHECK_EQUAL(read_hex(secret, traffic.secret), tls_traffic_secret_bytes(suite));
    CHECK(tls_traffic_keys(&traffic, suite));
    CHECK(record_key_set(key, suite, &traffic, sequence));
}

static void fill(uint8_t *to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = (uint8_t)i;
    }
}

/* The server's ticket was its first record. */
static void test_trace(void)
{
    struct record_key client = {0}, server = {0};
    uint8_t text[50], record[RECORD_BYTES_MAX] = {0};
    set(&client, 0x1301, client_secret, 0);
    set(&server, 0x1301, server_secret, 1);
    check_hex(server.iv, CRYPTO_NONCE, "cf782b88dd83549aadf1e984");
    check_hex(client.iv, CRYPTO_NONCE, "5b78923dee08579033e523d9");
    fill(text, sizeof(text));
    check_hex(record, record_seal(&client, RECORD_DATA, text, sizeof(text), record), client_data);
    check_hex(record, record_seal(&server, RECORD_DATA, text, sizeof(text), record), server_data);
    check_hex(record, record_seal_alert(&client, ALERT_CLOSE_NOTIFY, record), client_alert);
    check_hex(record, record_seal_alert(&server, ALERT_CLOSE_NOTIFY, record), server_alert);
}

static void test_trace_is_opened(void)
{
    struct record_reader reader = {.idle = 0};
    uint8_t record[128], text[128], wanted[50];
    set(&reader.key, 0x1301, client_secret, 0);
    fill(wanted, sizeof(wanted));
    struct record_opened opened = record_open(&reader, record, read_hex(client_data, record), text);
    CHECK(opened.event == RECORD_CONTENT && opened.length == 50 && memcmp(text, wanted, 50) == 0);
    opened = record_open(&reader, record, read_hex(client_alert, record), record + RECORD_HEAD);
    CHECK_EQUAL(opened.event, RECORD_CLOSED);
}

/* -- both ends -- */

static const uint16_t suites[] = {0x1301, 0x1302, 0x1303};

static struct record_key sender;
static struct record_reader reader;
static uint8_t record[RECORD_BYTES_MAX + 64], text[RECORD_TEXT_MAX + 512], got[RECORD_TEXT_MAX + 512];

static void begin(uint32_t n)
{
    struct tls_traffic traffic;
    fill(traffic.secret, sizeof(traffic.secret));
    memset(&reader, 0, sizeof(reader));
    CHECK(tls_traffic_keys(&traffic, suites[n]));
    CHECK(record_key_set(&sender, suites[n], &traffic, 0));
    CHECK(record_key_set(&reader.key, suites[n], &traffic, 0));
}

static struct record_opened open_it(uint32_t length)
{
    uint8_t alert = 0;
    CHECK_EQUAL(record_bytes(record, &alert), length);
    return record_open(&reader, record, length, got);
}

static void check_passes(uint32_t length)
{
    uint32_t count = record_seal(&sender, RECORD_DATA, text, length, record);
    CHECK_EQUAL(count, length + RECORD_OVERHEAD);
    struct record_opened opened = open_it(count);
    CHECK(opened.event == RECORD_CONTENT && opened.length == length && memcmp(got, text, length) == 0);
}

static void test_all_lengths(void)
{
    for (uint32_t n = 0; n < 3; n++) {
        begin(n);
        fill(text, sizeof(text));
        for (uint32_t length = 1; length <= RECORD_TEXT_MAX; length += length < 300 ? 1 : 1597) {
            check_passes(length);
        }
        check_passes(RECORD_TEXT_MAX);
        CHECK_EQUAL(record_seal(&sender, RECORD_DATA, text, RECORD_TEXT_MAX + 1, record), 0);
    }
}

/* Each bit of a record counts, also its head's. */
static void test_a_changed_record(void)
{
    for (uint32_t n = 0; n < 3; n++) {
        for (uint32_t bit = 0; bit < 8 * (20 + RECORD_OVERHEAD); bit++) {
            begin(n);
            uint32_t count = record_seal(&sender, RECORD_DATA, text, 20, record);
            record[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct record_opened opened = record_open(&reader, record, count, got);
            CHECK(opened.event == RECORD_REFUSED && opened.alert == ALERT_BAD_RECORD_MAC);
        }
    }
}

/* In order, each once. */
static void test_order(void)
{
    uint8_t first[64];
    begin(0);
    uint32_t count = record_seal(&sender, RECORD_DATA, text, 20, first);
    memcpy(record, first, count);
    CHECK_EQUAL(open_it(count).event, RECORD_CONTENT);
    CHECK_EQUAL(open_it(count).alert, ALERT_BAD_RECORD_MAC);
}

static void test_updates(void)
{
    for (uint32_t n = 0; n < 3; n++) {
        begin(n);
        for (uint32_t i = 0; i < 100; i++) {
            uint8_t before[TLS_SECRET_MAX];
            memcpy(before, sender.secret, sizeof(before));
            uint32_t count = record_seal_update(&sender, record);
            CHECK_EQUAL(count, RECORD_UPDATE);
            struct record_opened opened = open_it(count);
            CHECK(opened.event == RECORD_CONTENT && opened.length == 0);
            uint32_t bytes = tls_traffic_secret_bytes(suites[n]);
            CHECK(sender.sequence == 0 && memcmp(before, sender.secret, bytes) != 0);
            CHECK(memcmp(sender.secret, reader.key.secret, bytes) == 0);
            check_passes(i + 1);
        }
    }
}

/* -- keys without a schedule -- */

#define ENDS (2 * SCHEDULES) /* of so many keys each in two hands */

static struct record_key senders[ENDS];
static struct record_reader readers[ENDS];

static void begin_end(uint32_t i)
{
    struct tls_traffic traffic;
    memset(traffic.secret, (int)(i + 1), sizeof(traffic.secret));
    CHECK(tls_traffic_keys(&traffic, suites[i % 3]));
    record_key_wipe(&senders[i]);
    record_key_wipe(&readers[i].key);
    CHECK(record_key_set(&senders[i], suites[i % 3], &traffic, 0));
    CHECK(record_key_set(&readers[i].key, suites[i % 3], &traffic, 0));
}

static void check_end_passes(uint32_t i, uint32_t length)
{
    uint32_t count = record_seal(&senders[i], RECORD_DATA, text, length, record);
    struct record_opened opened = record_open(&readers[i], record, count, got);
    CHECK(opened.event == RECORD_CONTENT && opened.length == length && memcmp(got, text, length) == 0);
}

/* Many more than there are schedules, in turn and out of turn, some of them new, some updated. */
static void test_more_keys_than_schedules(void)
{
    fill(text, sizeof(text));
    for (uint32_t i = 0; i < ENDS; i++) {
        begin_end(i);
    }
    for (uint32_t n = 0; n < 20 * ENDS; n++) {
        uint32_t i = n < 4 * ENDS ? n % ENDS : n * 2654435761u % ENDS;
        if (n % 7 == 0) {
            begin_end(i);
        } else if (n % 5 == 0) {
            uint32_t count = record_seal_update(&senders[i], record);
            CHECK_EQUAL(record_open(&readers[i], record, count, got).event, RECORD_CONTENT);
        }
        check_end_passes(i, 1 + n % 200);
    }
}

/* As many as there are keep theirs, however long others' have not been used. */
static void test_keys_in_use_keep_their_schedules(void)
{
    const struct crypto_aead *had[SCHEDULES] = {NULL};
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < SCHEDULES; i++) {
            const struct crypto_aead *has = schedules_get(&senders[i].key);
            CHECK(round < 2 || has == had[i]);
            had[i] = has;
        }
    }
}

static bool is_zeros(const void *memory, size_t bytes)
{
    const uint8_t *at = memory;
    while (bytes > 0 && *at == 0) {
        at++;
        bytes--;
    }
    return bytes == 0;
}

static void test_what_is_wiped(void)
{
    for (uint32_t i = 0; i < SCHEDULES; i++) {
        const struct crypto_aead *schedule = schedules_get(&senders[i].key), *next;
        CHECK(!is_zeros(schedule, sizeof(*schedule)));
        if (i % 2) {
            CHECK(record_seal_update(&senders[i], record) > 0);
            CHECK(is_zeros(schedule, sizeof(*schedule)));
            next = schedules_get(&senders[i].key);
            CHECK(!is_zeros(next, sizeof(*next)));
            schedule = next;
        }
        record_key_wipe(&senders[i]);
        CHECK(is_zeros(schedule, sizeof(*schedule)) && is_zeros(&senders[i], sizeof(senders[i])));
        record_key_wipe(&senders[i]);
    }
}

/* application_traffic_secret_1 of the trace's server, computed with Python's hmac. */
static void test_the_next_secret(void)
{
    struct record_key key = {0};
    set(&key, 0x1301, server_secret, 0);
    CHECK(record_seal_update(&key, record) > 0);
    check_hex(key.secret, 32, "51921b8aa3001976eb401d0a4319a8516416a6c56001a357e5d162031e84f916");
    check_hex(key.iv, CRYPTO_NONCE, "628a0a8298ac953baef4255a");
}

/* -- what a client may not send -- */

/* An inner plaintext as it is given, with its type and padding. */
static struct record_opened inner(const void *bytes, uint32_t length)
{
    /* What is sealed ends in one more byte: the type, or the last byte of padding. */
    const uint8_t *at = bytes;
    uint8_t nonce[CRYPTO_NONCE];
    memcpy(nonce, sender.iv, CRYPTO_NONCE);
    for (int i = 0; i < 8; i++) {
        nonce[11 - i] ^= (uint8_t)(sender.sequence >> (8 * i));
    }
    sender.sequence++;
    uint32_t behind = length + CRYPTO_TAG;
    memcpy(record, (uint8_t[]){23, 3, 3, (uint8_t)(behind >> 8), (uint8_t)behind}, 5);
    CHECK(crypto_seal(schedules_get(&sender.key), nonce, record, 5, at, length - 1, at[length - 1], record + 5));
    return record_open(&reader, record, 5 + behind, got);
}

static void check_refused(const void *bytes, uint32_t length, uint8_t alert)
{
    begin(0);
    struct record_opened opened = inner(bytes, length);
    CHECK_EQUAL(opened.event, RECORD_REFUSED);
    CHECK_EQUAL(opened.alert, alert);
}

static void test_refusals(void)
{
    static const struct {
        const char *bytes;
        uint8_t length, alert;
    } cases[] = {
        {"\0", 1, ALERT_UNEXPECTED_MESSAGE},
        {"\0\0\0\0", 4, ALERT_UNEXPECTED_MESSAGE},
        {"a\x14", 2, ALERT_UNEXPECTED_MESSAGE},
        {"\x01\x14", 2, ALERT_UNEXPECTED_MESSAGE},
        {"a\x18", 2, ALERT_UNEXPECTED_MESSAGE},
        {"\x16", 1, ALERT_UNEXPECTED_MESSAGE},
        {"\x15", 1, ALERT_UNEXPECTED_MESSAGE},
        {"\x01\x15", 2, ALERT_DECODE_ERROR},
        {"\x01\0\0\x15", 4, ALERT_DECODE_ERROR},
        {"\x01\0\0\x01\0\x16", 6, ALERT_UNEXPECTED_MESSAGE},
        {"\x18\0\0\2\0\0\x16", 7, ALERT_DECODE_ERROR},
        {"\x18\1\x16", 3, ALERT_DECODE_ERROR},
        {"\x18\0\0\1\2\x16", 6, ALERT_ILLEGAL_PARAMETER},
        {"\x18\0\0\1\0\x18\x16", 7, ALERT_UNEXPECTED_MESSAGE},
        {"\x18\0\0\1\0\0\x16", 7, ALERT_UNEXPECTED_MESSAGE},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_refused(cases[i].bytes, cases[i].length, cases[i].alert);
    }
}

static void test_padding(void)
{
    memset(text, 0, sizeof(text));
    memcpy(text, "hello\x17", 6);
    for (uint32_t padding = 0; padding <= RECORD_TEXT_MAX - 5; padding += 337) {
        begin(0);
        struct record_opened opened = inner(text, 6 + padding);
        CHECK(opened.event == RECORD_CONTENT && opened.length == 5 && memcmp(got, "hello", 5) == 0);
    }
    check_refused(text, RECORD_TEXT_MAX + 2, ALERT_RECORD_OVERFLOW);
}

static void test_alerts_of_a_client(void)
{
    begin(0);
    CHECK_EQUAL(inner("\1\0\x15", 3).event, RECORD_CLOSED);
    begin(0);
    struct record_opened opened = inner("\1\x2a\x15", 3); /* the level says nothing */
    CHECK(opened.event == RECORD_BROKEN && opened.alert == 42);
    begin(0);
    CHECK_EQUAL(inner("\2\x5a\x15", 3).event, RECORD_CONTENT);
}

/* Records that bring nothing, however they are mixed, and KeyUpdates; content makes up for them. */
static void test_patience(void)
{
    for (int round = 0; round < 2; round++) {
        begin(0);
        for (int i = 0; i < 32; i++) {
            CHECK_EQUAL(inner(i % 2 ? "\x17" : "\1\x5a\x15", i % 2 ? 1 : 3).event, RECORD_CONTENT);
        }
        if (round) {
            CHECK_EQUAL(inner("a\x17", 2).length, 1);
            CHECK_EQUAL(inner("\x17", 1).event, RECORD_CONTENT);
        } else {
            CHECK_EQUAL(inner("\x17", 1).alert, ALERT_UNEXPECTED_MESSAGE);
        }
    }
    begin(0);
    for (int i = 0; i < 32; i++) {
        CHECK_EQUAL(open_it(record_seal_update(&sender, record)).event, RECORD_CONTENT);
    }
    CHECK_EQUAL(open_it(record_seal_update(&sender, record)).alert, ALERT_UNEXPECTED_MESSAGE);
}

/* In parts of any length; nothing may stand between them. */
static void test_a_message_in_parts(void)
{
    static const char message[] = "\x18\0\0\1\1";
    for (uint32_t first = 1; first < 5; first++) {
        char part[8];
        begin(0);
        memcpy(part, message, first);
        part[first] = 0x16;
        CHECK_EQUAL(inner(part, first + 1).event, RECORD_CONTENT);
        memcpy(part, message + first, 5 - first);
        part[5 - first] = 0x16;
        CHECK_EQUAL(inner(part, 6 - first).event, RECORD_UPDATE_WANTED);
        begin(0);
        memcpy(part, message, first);
        part[first] = 0x16;
        inner(part, first + 1);
        CHECK_EQUAL(inner("a\x17", 2).alert, ALERT_UNEXPECTED_MESSAGE);
        begin(0);
        inner(part, first + 1);
        CHECK_EQUAL(inner("\1\0\x15", 3).alert, ALERT_UNEXPECTED_MESSAGE);
    }
}

static void test_heads(void)
{
    static const struct {
        uint8_t head[5];
        uint32_t bytes;
        uint8_t alert;
    } cases[] = {
        {{23, 3, 3, 0, 17}, 22, 0},
        {{23, 0, 9, 0, 17}, 22, 0},
        {{23, 3, 3, 0x41, 0}, 16645, 0},
        {{23, 3, 3, 0x41, 1}, 0, ALERT_RECORD_OVERFLOW},
        {{23, 3, 3, 0xff, 0xff}, 0, ALERT_RECORD_OVERFLOW},
        {{23, 3, 3, 0, 16}, 0, ALERT_BAD_RECORD_MAC},
        {{23, 3, 3, 0, 0}, 0, ALERT_BAD_RECORD_MAC},
        {{20, 3, 3, 0, 1}, 0, ALERT_UNEXPECTED_MESSAGE},
        {{21, 3, 3, 0, 2}, 0, ALERT_UNEXPECTED_MESSAGE},
        {{22, 3, 3, 0, 17}, 0, ALERT_UNEXPECTED_MESSAGE},
        {{71, 69, 84, 32, 47}, 0, ALERT_UNEXPECTED_MESSAGE},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t alert = 0;
        CHECK_EQUAL(record_bytes(cases[i].head, &alert), cases[i].bytes);
        CHECK_EQUAL(alert, cases[i].alert);
    }
}

/* -- limits -- */

static void test_limits_of_a_key(void)
{
    begin(0);
    CHECK(!record_wants_update(&sender));
    sender.sequence = RECORD_UPDATE_AT;
    CHECK(record_wants_update(&sender));
    sender.sequence = RECORD_SEALS_MAX - 1;
    CHECK(record_seal(&sender, RECORD_DATA, text, 1, record) > 0);
    CHECK_EQUAL(record_seal(&sender, RECORD_DATA, text, 1, record), 0);
    CHECK_EQUAL(record_seal_update(&sender, record), 0);
    reader.key.sequence = UINT64_MAX;
    CHECK_EQUAL(record_open(&reader, record, 40, got).alert, ALERT_INTERNAL_ERROR);
}

static void test_keys_that_cannot_be(void)
{
    struct tls_traffic traffic = {.secret = {1}}, next;
    CHECK(!record_key_set(&sender, 0x1304, &traffic, 0));
    CHECK(!record_key_set(&sender, 0xc02b, &traffic, 0));
    CHECK(!record_key_set(&sender, 0x1301, &traffic, RECORD_UPDATE_AT));
    CHECK(record_key_set(&sender, 0x1301, &traffic, RECORD_UPDATE_AT - 1));
    CHECK(!tls_traffic_keys(&traffic, 0x1304) && !tls_traffic_next(&next, traffic.secret, 0x1304));
    CHECK_EQUAL(tls_traffic_secret_bytes(0x1304), 0);
}

int main(void)
{
    test_trace();
    test_trace_is_opened();
    test_all_lengths();
    test_a_changed_record();
    test_order();
    test_updates();
    test_more_keys_than_schedules();
    test_keys_in_use_keep_their_schedules();
    test_what_is_wiped();
    test_the_next_secret();
    test_refusals();
    test_padding();
    test_alerts_of_a_client();
    test_patience();
    test_a_message_in_parts();
    test_heads();
    test_limits_of_a_key();
    test_keys_that_cannot_be();
    return 0;
}

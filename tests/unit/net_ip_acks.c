/* net_ip_acks.c: which frames are acknowledgements alone, and which of two contains the other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/ip/acks.h"
#include "tests/unit/check.h"

#define LENGTH 60 /* with Ethernet's padding */

static void put32(uint8_t *at, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(at, &value, sizeof(value));
}

static void make(uint8_t frame[LENGTH], uint32_t acknowledged)
{
    static const uint8_t sample[54] = {
        0x52, 0x54, 1, 0,  0,    0x11, 0x52, 0x55, 10, 0, 2, 2, 0x08, 0x00,                        /* Ethernet */
        0x45, 0,    0, 40, 0x12, 0x34, 0x40, 0,    64, 6, 0, 0, 10,   0,    2,    2, 10, 0, 2, 16, /* IPv4: DF */
        0xc0, 0x01, 0, 80, 0,    0,    0,    1,    0,  0, 0, 0, 0x50, 0x10, 0x20, 0, 0,  0, 0, 0,  /* TCP: ACK */
    };
    memset(frame, 0, LENGTH);
    memcpy(frame, sample, sizeof(sample));
    put32(frame + 42, acknowledged);
}

/* Each byte that makes it something else, changed. */
static void test_alone(void)
{
    static const struct {
        uint8_t at, to;
    } changes[] = {{12, 0x86}, {13, 0x06}, {14, 0x46}, {17, 41},   {16, 1},    {20, 0x20}, {21, 1},    {23, 17},
                   {46, 0x60}, {47, 0x18}, {47, 0x11}, {47, 0x12}, {47, 0x14}, {47, 0x30}, {47, 0x00}, {46, 0x51}};
    uint8_t frame[LENGTH];
    make(frame, 1000);
    CHECK(ip_acks_alone(frame, LENGTH) && ip_acks_alone(frame, 54) && !ip_acks_alone(frame, 53) &&
          !ip_acks_alone(frame, 0));
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        make(frame, 1000);
        frame[changes[i].at] = changes[i].to;
        CHECK(!ip_acks_alone(frame, LENGTH));
    }
    make(frame, 1000);
    frame[20] = 0; /* without DF it is one, too */
    CHECK(ip_acks_alone(frame, LENGTH));
}

static void test_contain(void)
{
    uint8_t earlier[LENGTH], later[LENGTH];
    make(earlier, 1000);
    make(later, 2460);
    CHECK(ip_acks_contain(later, earlier) && !ip_acks_contain(earlier, later));
    make(later, 1000);
    CHECK(!ip_acks_contain(later, earlier)); /* a duplicate: a loss */
    make(earlier, 0xffffff00);
    make(later, 100);
    CHECK(ip_acks_contain(later, earlier) && !ip_acks_contain(earlier, later)); /* numbers wrap */
    for (int i = 26; i < 38; i++) {                                             /* another connection */
        make(earlier, 1000);
        make(later, 2460);
        later[i] ^= 1;
        CHECK(!ip_acks_contain(later, earlier));
    }
}

/* Reads nothing beyond the length it was given. */
static void test_exact(void)
{
    for (uint16_t length = 0; length <= 54; length++) {
        uint8_t sample[LENGTH], *exact = malloc(length ? length : 1);
        make(sample, 1);
        memcpy(exact, sample, length);
        CHECK(ip_acks_alone(exact, length) == (length == 54));
        free(exact);
    }
}

int main(void)
{
    test_alone();
    test_contain();
    test_exact();
    return 0;
}

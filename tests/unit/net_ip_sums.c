/* net_ip_sums.c: kept checksums are right as long as changes are told, and are kept indeed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/ip/checksum.h"
#include "net/ip/ip.h"
#include "net/ip/sums.h"
#include "tests/unit/check.h"

#define SIZE (4 * 65536)

static uint8_t *memory;
static uint8_t table[1024 * IP_SUM_BYTES] __attribute__((aligned(8)));

static void fill(size_t at, size_t size)
{
    for (size_t i = at; i < at + size; i++) {
        memory[i] = (uint8_t)rand();
    }
}

/* An untold change is not seen: so the sum was kept, not computed. */
static bool kept(size_t at, int length)
{
    uint16_t before = ip_sums_checksum(memory + at, length);
    memory[at] ^= 1;
    bool same = ip_sums_checksum(memory + at, length) == before;
    memory[at] ^= 1;
    return same;
}

static void test_kept(void)
{
    CHECK(!kept(0, 1460)); /* never declared */
    ip_memory_changed(memory, 65536);
    CHECK(kept(0, 1460) && kept(1460, 1460) && kept(65535 - 1460, 1460));
    CHECK(!kept(65536 - 1000, 1460)); /* its end lies in a block that was not declared */
    ip_memory_changed(memory + 65536, 10);
    CHECK(kept(65536 - 1000, 1460) && kept(0, 1460));
    CHECK(!kept(3000, 100)); /* too small to be worth it */
    ip_memory_changed(memory + 65536, 10);
    memory[65536] ^= 0xff;
    ip_memory_changed(memory + 65536, 1);
    CHECK(ip_sums_checksum(memory + 65536 - 1000, 1460) == ip_checksum(memory + 65536 - 1000, 1460));
}

static void test_outside(void)
{
    uint8_t other[1460] = {1};
    ip_memory_changed(other, sizeof(other));
    ip_memory_changed(memory + SIZE - 10, 11);
    ip_memory_changed(memory, 0);
    CHECK(ip_sums_checksum(other, sizeof(other)) == ip_checksum(other, sizeof(other)));
    other[0] = 2;
    CHECK(ip_sums_checksum(other, sizeof(other)) == ip_checksum(other, sizeof(other)));
}

/* Random pieces and told changes, against the definition. */
static void test_soak(void)
{
    for (int i = 0; i < 200000; i++) {
        size_t at = (size_t)rand() % (SIZE - 2000);
        at = rand() % 4 ? at / 1460 * 1460 : at;
        int length = rand() % 4 ? 1460 : 1 + rand() % 1999;
        if (rand() % 50 == 0) {
            fill(at, 64);
            ip_memory_changed(memory + at, 64);
        }
        CHECK(ip_sums_checksum(memory + at, length) == ip_checksum(memory + at, length));
    }
}

int main(void)
{
    memory = aligned_alloc(4096, SIZE);
    CHECK(memory);
    srand(1);
    fill(0, SIZE);
    struct region region = {.base = memory, .size = SIZE};
    ip_sums_init(&region);
    ip_memory_changed(memory + 3 * 65536, 65536);
    CHECK(!kept(3 * 65536, 1460)); /* there is no room for it yet */
    ip_keep_sums(table, sizeof(table) / IP_SUM_BYTES);
    test_outside();
    test_kept();
    test_soak();
    free(memory);
    return 0;
}

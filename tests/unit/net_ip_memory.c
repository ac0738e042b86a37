/* net_ip_memory.c: packet memory: what is received, or queued by one, leaves some for answers and for others. */
#include "fake_microkit.h"
#include "lwip/tcp.h"
#include "net/ip/internal.h"

#define SEGMENT 1600
#define FRAME 1514
#define HEAD 400
#define TABLES 5000

static _Alignas(64) uint8_t bytes[0x80000];

uint8_t *ip_pools_init(const struct ip_config *config, uint8_t *at)
{
    return at;
}

uint32_t ip_pools_spare(void)
{
    return 1000;
}

bool ip_pools_are_low(void)
{
    return false;
}

void init(void) {}

/* Blocks of a size until there are none: a list by their first word. */
static uint32_t take_all(size_t size, void **list)
{
    uint32_t count = 0;
    for (void **block; (block = ip_memory_take(size)) != NULL; count++) {
        *block = *list;
        *list = block;
    }
    return count;
}

static uint32_t give_all(void **list)
{
    uint32_t count = 0;
    for (; *list; count++) {
        void **block = *list;
        *list = *block;
        ip_memory_give(block);
    }
    return count;
}

/* As netif.c does with frames, until it may not. */
static uint32_t receive_all(uint32_t length, void **list)
{
    uint32_t count = 0;
    while (ip_memory_for_received(length)) {
        void **block = ip_memory_take(sizeof(struct pbuf) + length);
        CHECK(block);
        *block = *list;
        *list = block;
        count++;
    }
    return count;
}

int main(void)
{
    struct ip_config config = {.large_datagrams = true, .memory = {.base = bytes, .size = sizeof(bytes)}};
    void *received = NULL, *rest = NULL;
    memset(bytes, 1, sizeof(bytes));
    static const uint8_t zeros[TABLES];
    CHECK(ip_memory_init(&config, TABLES) == bytes && memcmp(bytes, zeros, TABLES) == 0);

    uint32_t all = take_all(SEGMENT, &rest);
    CHECK_EQUAL(give_all(&rest), all);
    CHECK(all > 100 && ip_memory_send_share(false) >= 35 && !ip_memory_is_low() && !ip_memory_lacks_full());

    uint32_t kept = receive_all(FRAME, &received);
    CHECK(kept > all / 2);
    CHECK(receive_all(HEAD, &received) > 50); /* short ones have blocks of their own */
    CHECK(!ip_memory_for_received(FRAME) && !ip_memory_for_received(HEAD));
    CHECK_EQUAL(ip_memory_send_share(false), 0);
    CHECK(take_all(SEGMENT, &rest) >= all / 3); /* answers can leave */
    CHECK(receive_all(60, &received) > 100);
    CHECK(take_all(100, &rest) > 100); /* and acknowledgements */
    CHECK(ip_memory_is_low() && ip_memory_lacks_full());

    give_all(&received);
    give_all(&rest);
    CHECK_EQUAL(take_all(SEGMENT, &rest), all);
    CHECK(ip_memory_failures() > 0);
    CHECK(memcmp(bytes, zeros, TABLES) == 0); /* all was taken, and written to: none of it lies in the tables */
    void *large = ip_memory_take(65535);
    CHECK(large && !ip_memory_take(65535) && !ip_memory_take(70000));
    ip_memory_give(large);
    give_all(&rest);

    config.large_datagrams = false;
    ip_memory_init(&config, TABLES);
    CHECK(!ip_memory_take(65535));
    CHECK(take_all(SEGMENT, &rest) > all + 20); /* what it would have taken is there for others */
    return 0;
}

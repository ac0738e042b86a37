/* liar.c: a client of the network service that breaks every rule it can reach. What it must not achieve: a frame with
 * another's address, a stop of the virtualisers, harm to the client beside it (tests/test_net_isolation.py).
 */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"

#include "net/config.h"
#include "serial/client.h"

#define ROUNDS 20000

static uint64_t state = 88172645463325252u;

static uint32_t noise(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* Headers in the slots: ours, the neighbour's, noise. */
static void write_headers(void)
{
    uint8_t *slots = net_client_config.regions[0].base;
    for (uint32_t i = 0; i < 64; i++) {
        uint8_t *frame = slots + i * NET_BUFFER_SIZE;
        memset(frame, 0xff, 6);
        memcpy(frame + 6, net_client_config.mac, 6);
        frame[11] = (uint8_t)(i % 3 == 0 ? frame[11] : i % 3 == 1 ? 0x20 : noise()); /* 0x20: the echo service's */
        memcpy(frame + 12, "\x88\xb5liar", 6);                                       /* IEEE 802 local experimental */
    }
}

static struct net_desc lie(void)
{
    struct net_desc desc = {.offset = noise() % 64 * NET_BUFFER_SIZE, .length = 60, .cookie = noise()};
    switch (noise() % 8) {
    case 0: desc.offset = noise(); break;
    case 1: desc.length = (uint16_t)noise(); break;
    case 2: desc.region = (uint8_t)noise(); break;
    case 3: desc.flags = (uint8_t)noise(); break;
    case 4: desc.offset = (uint32_t)net_client_config.regions[0].size - noise() % 64; break;
    default: break;
    }
    return desc;
}

/* Indices that run ahead, go back, jump; on every ring that we may write, our own side and the other's. */
static void tamper(struct ring_shared *ring)
{
    switch (noise() % 6) {
    case 0: ring->tail = noise(); break;
    case 1: ring->head = noise(); break;
    case 2: ring->tail += noise() % 2000; break;
    case 3: ring->head -= noise() % 2000; break;
    case 4:
        ring->consumer_armed = noise();
        ring->producer_armed = noise();
        break;
    default: ring->producer_generation = ring->consumer_generation = noise(); break;
    }
}

/* As one that has died: its lives, and the virtualisers' that it knows of. Twice: at the first the virtualisers, which are
 * above this program, say their indices anew, that may be lies by now. */
static void start_anew(void)
{
    static uint16_t life;
    const struct net_client_config *net = &net_client_config;
    struct ring_shared *const out[] = {net->tx_filled.shared, net->rx_free.shared};
    struct ring_shared *const in[] = {net->tx_free.shared, net->rx_filled.shared};
    for (int times = 0; times < 2; times++) {
        life++;
        for (int i = 0; i < 2; i++) {
            out[i]->tail = out[i]->head;
            in[i]->head = in[i]->tail;
            out[i]->producer_generation = out[i]->consumer_generation << 16 | life;
            in[i]->consumer_generation = in[i]->producer_generation << 16 | life;
        }
        microkit_notify(net->tx_channel);
        microkit_notify(net->rx_channel);
    }
}

static void put(struct ring_config config, struct net_desc desc)
{
    struct ring_shared *ring = config.shared;
    memcpy(ring->elements + ring->tail % config.capacity * sizeof(desc), &desc, sizeof(desc));
    ring->tail++;
}

void init(void)
{
    const struct net_client_config *net = &net_client_config;
    struct ring_shared *sent = net->tx_filled.shared;
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    write_headers();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        for (uint32_t n = noise() % 40; n > 0; n--) {
            put(net->tx_filled, lie());
            put(net->rx_free, lie());
        }
        /* honest indices at first, so that the descriptors themselves are looked at */
        if (i > ROUNDS / 4 && noise() % 16 == 0) {
            struct ring_shared *rings[] = {net->tx_filled.shared, net->tx_free.shared, net->rx_free.shared,
                                           net->rx_filled.shared};
            tamper(rings[noise() % 4]);
        }
        if (noise() % 64 == 0) {
            start_anew();
        }
        sent->consumer_armed = 0; /* as one does who tells: else nobody looks */
        microkit_notify(noise() % 2 ? net->tx_channel : net->rx_channel);
        microkit_notify(noise() % 64); /* channels that it does not have change nothing */
    }
    log_line("liar: has done its worst");
    pd_flush();
}

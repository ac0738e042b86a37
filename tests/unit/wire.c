/* wire.c: the other end of the cable, for tests that run net/ip and lwIP on the host; see wire.h. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include "net/ip/internal.h"

struct wire_memory memory;
uint64_t now = 1000 * MS;
struct timer_page timer_page = {TIMER_NEVER};
struct ring rx_free, rx_filled, tx_filled, tx_free;
const uint8_t host_mac[6] = {0x52, 0x54, 0, 0, 0, 2};
const uint8_t host_ip[4] = {10, 0, 2, 2}, guest_ip[4] = {10, 0, 2, 15};
static uint64_t random_state;

/* -- randomness -- */

void noise_begin(uint64_t seed)
{
    random_state = seed * 0x9e3779b97f4a7c15;
}

uint32_t noise(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

bool one_in(uint32_t n)
{
    return n > 0 && noise() % n == 0;
}

#ifndef WIRE_WITHOUT_MEMORY /* a test that has net/ip's own */
/* -- memory, in place of net/ip/memory.c -- */

void *ip_memory_init(const struct ip_config *config, size_t tables)
{
    return calloc(1, tables);
}

uint64_t ip_memory_failures(void)
{
    return 0;
}

__attribute__((weak)) uint32_t ip_memory_send_share(bool by_reference)
{
    return 44; /* as if there were plenty; a test may have its own */
}

bool ip_pools_have_segments(uint32_t eighths)
{
    return true;
}

uint32_t ip_memory_receive_room(void)
{
    return 128;
}

uint32_t ip_memory_receive_capacity(void)
{
    return ip_memory_receive_room();
}

bool ip_memory_is_low(void)
{
    return false;
}

bool ip_memory_lacks_full(void)
{
    return false;
}

bool ip_memory_for_received(uint32_t length)
{
    return true;
}

void *ip_memory_take(size_t size)
{
    if (one_in(memory.fails)) {
        return NULL;
    }
    memory.taken++;
    return malloc(size + KNOWN_OVERREAD);
}

void *ip_memory_take_zeroed(size_t count, size_t size)
{
    void *at = ip_memory_take(count * size);
    return at ? memset(at, 0, count * size) : NULL;
}

void ip_memory_give(void *at)
{
    memory.given++;
    free(at);
}
#endif

/* -- the rings -- */

void wire_begin(void)
{
    fake_reset();
    fake_set_now_ns(now);
    ring_attach_consumer(&rx_free, &net_client_config.rx_free, 16);
    ring_attach_producer(&rx_filled, &net_client_config.rx_filled, 16);
    ring_attach_consumer(&tx_filled, &net_client_config.tx_filled, 16);
    ring_attach_producer(&tx_free, &net_client_config.tx_free, 16);
}

/* -- bytes -- */

void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

uint32_t sum16(const uint8_t *data, size_t length, uint32_t sum)
{
    for (size_t i = 0; i + 1 < length; i += 2) {
        sum += get16(data + i);
    }
    sum += length & 1 ? (uint32_t)data[length - 1] << 8 : 0;
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

uint32_t pseudo_sum(const uint8_t *ip, uint32_t length)
{
    return sum16(ip + 12, 8, ip[9] + length);
}

/* -- frames -- */

void put_headers(uint8_t *frame, uint8_t protocol, uint32_t length, uint32_t fragment, uint32_t ident)
{
    uint8_t *ip = frame + 14;
    memcpy(frame, net_client_config.mac, 6);
    memcpy(frame + 6, host_mac, 6);
    put16(frame + 12, 0x0800);
    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 2, 20 + length);
    put16(ip + 4, ident);
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, host_ip, 4);
    memcpy(ip + 16, guest_ip, 4);
    put16(ip + 10, ~sum16(ip, 20, 0));
}

void put_address(uint8_t *frame, uint32_t at, const uint8_t *address)
{
    memcpy(frame + at, address, 4);
    put16(frame + 24, 0);
    put16(frame + 24, ~sum16(frame + 14, 20, 0));
}

uint32_t wire_segment(uint8_t *frame, const struct segment *s)
{
    uint8_t *tcp = frame + 34;
    uint32_t header = 20 + s->option_bytes, size = header + s->length;

    CHECK(34 + size <= NET_FRAME_MAX && s->option_bytes % 4 == 0);
    put_headers(frame, 6, size, 0, 0);
    if (s->from) {
        memcpy(frame + 6, s->from, 4); /* each has a station of its own */
        put_address(frame, 26, s->from);
    }
    if (s->to) {
        put_address(frame, 30, s->to);
    }
    memset(tcp, 0, 20);
    put16(tcp, s->port);
    put16(tcp + 2, s->guest_port);
    put32(tcp + 4, s->number);
    put32(tcp + 8, s->acknowledged);
    tcp[12] = (uint8_t)(header << 2);
    tcp[13] = s->flags;
    put16(tcp + 14, s->window);
    if (s->option_bytes > 0) {
        memcpy(tcp + 20, s->options, s->option_bytes);
    }
    if (s->length > 0) {
        memcpy(tcp + header, s->data, s->length);
    }
    put16(tcp + 16, ~sum16(tcp, size, pseudo_sum(frame + 14, size)));
    return 34 + size;
}

void put_arp_answer(uint8_t *frame)
{
    memcpy(frame, net_client_config.mac, 6);
    memcpy(frame + 6, host_mac, 6);
    memcpy(frame + 12, (uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 10);
    memcpy(frame + 22, host_mac, 6);
    memcpy(frame + 28, host_ip, 4);
    memcpy(frame + 32, net_client_config.mac, 6);
    memcpy(frame + 38, guest_ip, 4);
}

/* tests/fuzz/net_ip.c: lwIP and net/ip between a network that sends anything: DHCP and DNS replies, TCP segments, IP
 * fragments, ARP, frames of any bytes.
 *
 * Checked: what leaves is a well-formed frame of ours; what lies behind a received frame in its buffer is not read.
 *
 * Input: a byte that says whether the station has an address, then steps: a byte that says what, numbers, bytes.
 * Checksums, transaction ids, ports and sequence numbers are right unless the input asks for others.
 */
#include <sanitizer/asan_interface.h>

#include "lwip/dns.h"
#include "lwip/netif.h"
#include "net/ip/ip.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/wire_stack.h"

#define PORT 80
#define PEERS 4
#define PAYLOAD_MAX 1400

WIRE_CARD(48, 16, 64, 256);
const struct ip_config ip_config = {.hostname = "fuzz"};

static struct {
    uint32_t dhcp_id;
    uint16_t dns_id, dns_port;
    struct {
        uint32_t next, theirs; /* what the guest expects of us; its own next */
    } peers[PEERS];
    uint8_t frame[34 + 60 + PAYLOAD_MAX + 8];
} self;

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    if (!p) {
        return tcp_close(pcb);
    }
    tcp_write(pcb, "answer", 6, TCP_WRITE_FLAG_COPY);
    ip_tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    if (pcb) {
        tcp_recv(pcb, on_received);
    }
    return ERR_OK;
}

static void on_found(const char *name, const ip_addr_t *address, void *context) {}

void init(void)
{
    wire_start(false, PORT, 16, on_accept);
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    const uint8_t *ip = frame + 14;

    DEMAND(length >= 14 && memcmp(frame + 6, net_client_config.mac, 6) == 0);
    if (get16(frame + 12) != 0x0800) {
        DEMAND(get16(frame + 12) == 0x0806 && length >= 42);
        return;
    }
    DEMAND(length >= 34 && ip[0] == 0x45 && get16(ip + 2) + 14 <= length && sum16(ip, 20, 0) == 0xffff);
    uint32_t size = get16(ip + 2) - 20;
    if (ip[9] == 17 && size >= 8 && get16(ip + 22) == 67) {
        self.dhcp_id = get32(ip + 32);
    } else if (ip[9] == 17 && size >= 10 && get16(ip + 22) == 53) {
        self.dns_port = (uint16_t)get16(ip + 20);
        self.dns_id = (uint16_t)get16(ip + 28);
    } else if (ip[9] == 6) {
        DEMAND(size >= 20 && sum16(ip + 20, size, pseudo_sum(ip, size)) == 0xffff);
        uint32_t header = (ip[32] >> 4) * 4u, i = get16(ip + 22) % PEERS;
        DEMAND(header >= 20 && header <= size);
        self.peers[i].theirs = get32(ip + 24) + size - header + !!(ip[33] & (SYN | FIN));
        self.peers[i].next = ip[33] & ACK ? get32(ip + 28) : self.peers[i].next;
    }
}

void fuzz_begin(void)
{
    noise_begin(1);
    wire_begin();
    init();
    wire_take();
}

/* Behind the frame the buffer is poisoned; 42 bytes are always readable (net/ip/internal.h). */
static void deliver(const uint8_t *frame, uint32_t length)
{
    struct net_desc desc;
    bool small = length <= NET_SMALL_MAX && ring_get(&rx_small, &desc);

    if (!small && !ring_get(&rx_free, &desc)) {
        return;
    }
    uint8_t *buffer = (uint8_t *)net_client_config.rx_buffers.base + desc.offset;
    size_t size = small ? NET_BUFFER_SMALL : NET_BUFFER_SIZE, readable = (length < 42 ? 42 : length) + KNOWN_OVERREAD;
    ASAN_UNPOISON_MEMORY_REGION(buffer, size);
    memcpy(buffer, frame, length);
    ASAN_POISON_MEMORY_REGION(buffer + readable, size - readable);
    desc.length = (uint16_t)length;
    DEMAND(ring_put(&rx_filled, &desc));
    fake_wake(FAKE_BIT(RX));
    wire_take();
}

/* The transport's bytes lie at frame + 34. `how`: a fragment, a wrong sum. */
static void deliver_ip(struct fuzz_input *in, uint8_t protocol, uint32_t length, bool odd)
{
    uint32_t fragment = odd ? fuzz_16(in) : 0, ident = odd ? fuzz_byte(in) % 4u : 1;

    put_headers(self.frame, protocol, length, fragment, ident);
    if (odd && fuzz_byte(in) & 1) { /* another header, its checksum right again */
        fuzz_fill(in, self.frame + 14 + fuzz_byte(in) % 16u, 2);
        put16(self.frame + 24, 0);
        put16(self.frame + 24, ~sum16(self.frame + 14, 20, 0));
    }
    deliver(self.frame, 34 + length);
}

static uint32_t payload(struct fuzz_input *in, uint8_t *to, uint32_t size)
{
    size_t taken;
    const uint8_t *bytes = fuzz_take(in, size < PAYLOAD_MAX ? size : PAYLOAD_MAX, &taken);

    memcpy(to, bytes, taken);
    return (uint32_t)taken;
}

static void udp(struct fuzz_input *in, uint16_t from, uint16_t to, uint32_t length, bool odd)
{
    put16(self.frame + 34, from);
    put16(self.frame + 36, to);
    put16(self.frame + 38, 8 + length);
    put16(self.frame + 40, 0);
    deliver_ip(in, 17, 8 + length, odd);
}

/* RFC 2131: the fixed part is right, the options are the input's. */
static void dhcp(struct fuzz_input *in, bool odd)
{
    uint8_t *message = self.frame + 42, count = fuzz_byte(in);

    memset(message, 0, 240);
    memcpy(message, (uint8_t[]){2, 1, 6, 0}, 4);
    put32(message + 4, self.dhcp_id);
    memcpy(message + 16, guest_ip, 4);
    memcpy(message + 28, net_client_config.mac, 6);
    memcpy(message + 236, (uint8_t[]){99, 130, 83, 99}, 4);
    uint32_t options = payload(in, message + 240, count);
    udp(in, 67, 68, 240 + options, odd);
}

static void dns(struct fuzz_input *in, bool odd)
{
    uint8_t count = fuzz_byte(in);
    uint32_t length = payload(in, self.frame + 44, count);

    put16(self.frame + 42, self.dns_id);
    udp(in, 53, self.dns_port, 2 + length, odd);
}

static void tcp(struct fuzz_input *in, uint8_t what)
{
    uint8_t i = what >> 5 & 3, flags = fuzz_byte(in), words = fuzz_byte(in) % 11, *segment = self.frame + 34;
    uint8_t pseudo[20] = {[9] = 6};
    uint32_t header = 20 + words * 4u, length = payload(in, segment + 20, words * 4u + fuzz_byte(in));

    length = 20 + length < header ? header : 20 + length;
    put16(segment, 30000u + i - 30000 % PEERS);
    put16(segment + 2, PORT);
    put32(segment + 4, self.peers[i].next + (uint32_t)(int8_t)(what & 0x10 ? fuzz_byte(in) : 0));
    put32(segment + 8, self.peers[i].theirs + (uint32_t)(int8_t)(what & 0x10 ? fuzz_byte(in) : 0));
    segment[12] = (uint8_t)(header / 4 << 4);
    segment[13] = flags;
    put16(segment + 14, what & 0x10 ? fuzz_16(in) : 0xffff);
    put32(segment + 16, 0);
    memcpy(pseudo + 12, host_ip, 4);
    memcpy(pseudo + 16, guest_ip, 4);
    put16(segment + 16, ~sum16(segment, length, pseudo_sum(pseudo, length)));
    deliver_ip(in, 6, length, what & 8 && what & 0x10);
}

static void step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in), count;
    ip_addr_t address;

    switch (what & 7) {
    case 0:
        count = fuzz_byte(in);
        memcpy(self.frame, net_client_config.mac, 6);
        deliver(self.frame, 6 + payload(in, self.frame + 6, count + 8u));
        break;
    case 1:
        count = fuzz_byte(in);
        deliver_ip(in, what & 0x80 ? fuzz_byte(in) : what & 0x40 ? 1 : 17, payload(in, self.frame + 34, count), true);
        break;
    case 2: dhcp(in, what & 0x80); break;
    case 3: dns(in, what & 0x80); break;
    case 4: wire_pass((what & 0x80 ? 1000 : 20) * MS * fuzz_byte(in)); break;
    case 5: /* ARP, then a question to the name server */
        put_arp_answer(self.frame);
        fuzz_fill(in, self.frame + 21, what >> 6);
        deliver(self.frame, ARP_BYTES);
        dns_gethostbyname(what & 0x20 ? "a.example" : "b", &address, on_found, NULL);
        pd_flush();
        wire_take();
        break;
    default: tcp(in, what); break;
    }
}

void fuzz_run(struct fuzz_input *in)
{
    ip4_addr_t address, mask, server;

    ASAN_UNPOISON_MEMORY_REGION(net_client_config.rx_buffers.base, net_client_config.rx_buffers.size);
    IP4_ADDR(&server, 10, 0, 2, 2);
    if (fuzz_byte(in) & 1) {
        IP4_ADDR(&address, 10, 0, 2, 15);
        IP4_ADDR(&mask, 255, 255, 255, 0);
        netif_set_addr(netif_default, &address, &mask, &server);
    }
    dns_setserver(0, &server);
    for (int i = 0; in->left > 0 && i < 100; i++) {
        step(in);
    }
    wire_pass(30 * S);
    DEMAND(fake_lost_deferred() == 0);
}

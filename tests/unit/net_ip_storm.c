/* net_ip_storm.c: the echo service with net/ip and lwIP on the host, under the address sanitizer, in a storm of
 * random segments, datagrams, fragments, junk, lost and late completions, memory that fails. Seeds are fixed: a
 * failure repeats.
 *
 * The test is both virtualisers, the timer driver and the other end of the cable. Packet memory and lwIP's pools are
 * malloc's here, and what lies behind a frame in its buffer is poisoned, so that every byte too far is seen. Checked
 * besides: each frame that leaves is well-formed with right checksums; afterwards all memory and all buffers have
 * come back, and the service still answers.
 */
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "net/ip/ip.h"
#include "net/ip/internal.h"
#include "serial/client.h"
#include "timer/client.h"
#include "in_turn.h"
#include "wire.h"

#define SEEDS 24
#define STEPS 12000
#define PEERS 40
#define BUFFERS 48
#define SMALL 16
#define SLOTS 64
#ifndef SENDS_LARGE
#define SENDS_LARGE 0 /* 1: the program writes from a transmit region */
#endif

static _Alignas(4096) uint8_t pattern[0x10000];
WIRE_CARD(BUFFERS, SMALL, SLOTS, 1024, {.base = pattern, .size = sizeof(pattern)});
const struct ip_config ip_config = {.hostname = "storm"};
const struct serial_client_config serial_client_config;

void serial_client_init(const struct serial_client_config *config) {}

bool serial_client_log_sink(const char *line, size_t length)
{
    return true;
}

uint32_t ip_memory_send_share(bool by_reference)
{
    return 44;
}

/* -- time -- */

static void pass(uint64_t ns)
{
    uint64_t end = now + ns;
    while (timer_page.deadline <= end) {
        now = timer_page.deadline > now ? timer_page.deadline : now;
        timer_page.deadline = ~0ull;
        fake_set_now_ns(now);
        fake_wake(FAKE_BIT(TIMER));
    }
    now = end;
    fake_set_now_ns(now);
}

/* -- the wire: what goes in -- */

static struct ring rx_small;
static uint32_t completed; /* checksums */
static uint32_t cut;       /* segments that the device was asked to cut */
static bool stormy = true; /* frames are damaged */

/* What a device that checks does: a frame that is right, or comes from the host itself, may have anything in that
 * field. */
static bool vouched_for(uint8_t *frame, size_t length)
{
    uint8_t *ip = frame + 14;
    bool tcp = get16(frame + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == 6 && length >= 54 &&
               get16(ip + 2) == length - 14;
    if (!card_device.offloads || !tcp || one_in(2) ||
        sum16(ip + 20, length - 34, pseudo_sum(ip, (uint32_t)length - 34)) != 0xffff) {
        return false;
    }
    put16(ip + 36, noise());
    return true;
}

static void deliver(uint8_t *frame, size_t length)
{
    struct net_desc desc;
    bool small = length <= NET_SMALL_MAX && ring_get(&rx_small, &desc);
    if (!small && !ring_get(&rx_free, &desc)) {
        return; /* all its buffers are in queues: the virtualiser would drop the frame, too */
    }
    CHECK_EQUAL(desc.length, small ? NET_BUFFER_SMALL : NET_BUFFER_SIZE);
    size_t size = desc.length;
    desc.flags = vouched_for(frame, length) ? NET_CHECKED : 0;
    uint8_t *buffer = card_buffers + desc.offset;
    ASAN_UNPOISON_MEMORY_REGION(buffer, size);
    memcpy(buffer, frame, length);
    size_t readable = (length < 42 ? 42 : length) + KNOWN_OVERREAD; /* 42: ip_timers_saw_input looks at so many */
    ASAN_POISON_MEMORY_REGION(buffer + readable, size - readable);
    desc.length = (uint16_t)length;
    CHECK(ring_put(&rx_filled, &desc));
    if (!one_in(4)) {
        fake_wake(FAKE_BIT(RX));
    }
}

/* Ethernet and IPv4 around what lies at frame + 34. */
static void deliver_ip(uint8_t *frame, uint8_t protocol, uint32_t length, uint32_t fragment, uint32_t ident)
{
    put_headers(frame, protocol, length, fragment, ident);
    if (stormy && one_in(50)) {
        frame[noise() % (34 + length)] ^= (uint8_t)noise();
    }
    deliver(frame, 34 + length);
}

static void deliver_udp(uint32_t from, uint32_t to, uint8_t *frame, uint32_t length)
{
    uint8_t *udp = frame + 34;
    put16(udp, from);
    put16(udp + 2, to);
    put16(udp + 4, 8 + length);
    put16(udp + 6, 0);
    deliver_ip(frame, 17, 8 + length, 0, noise());
}

/* -- TCP peers -- */

static struct peer {
    uint16_t port, guest_port;
    uint32_t next;   /* of ours */
    uint32_t theirs; /* the guest's next */
    uint32_t wanted; /* the guest's last acknowledgement: what it expects of us */
} peers[PEERS];

static void fill(uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        at[i] = (uint8_t)noise();
    }
}

static void send_segment(const struct peer *peer, uint32_t sequence, uint32_t acknowledged, uint8_t flags,
                         uint32_t length)
{
    uint8_t frame[1600];
    uint8_t *tcp = frame + 34;
    uint32_t options = (flags & SYN) || one_in(16) ? noise() % 11 * 4 : 0;
    fill(tcp, 20 + options + length);
    if (options >= 4 && one_in(2)) {
        memcpy(tcp + 20, (uint8_t[]){2, 4, 5, 0xb4}, 4); /* a sensible MSS */
    }
    put16(tcp, peer->port);
    put16(tcp + 2, peer->guest_port);
    put32(tcp + 4, sequence);
    put32(tcp + 8, acknowledged);
    tcp[12] = (uint8_t)((20 + options) / 4 << 4);
    tcp[13] = flags;
    put16(tcp + 14, one_in(10) ? 0 : one_in(10) ? noise() : 0xffff);
    put16(tcp + 16, 0);
    put16(tcp + 18, 0);
    uint32_t size = 20 + options + length;
    uint8_t pseudo[20] = {[9] = 6};
    memcpy(pseudo + 12, host_ip, 4);
    memcpy(pseudo + 16, guest_ip, 4);
    put16(tcp + 16, ~sum16(tcp, size, pseudo_sum(pseudo, size)));
    deliver_ip(frame, 6, size, 0, noise());
}

static void tcp_step(void)
{
    static const uint16_t ports[] = {7, 7, 7, 9, 17, 19, 80};
    struct peer *peer = &peers[noise() % PEERS];
    uint32_t length = one_in(3) ? 0 : one_in(2) ? noise() % 1400 : noise() % 20;
    switch (noise() % 16) {
    case 0:
        if (one_in(2)) {
            peer->guest_port = ports[noise() % (sizeof(ports) / sizeof(*ports))];
            peer->port = (uint16_t)(30000 + noise() % 200);
        }
        peer->next = one_in(2) ? noise() : peer->wanted + noise() % 100000;
        send_segment(peer, peer->next++, 0, SYN, one_in(10) ? length : 0);
        break;
    case 1: send_segment(peer, peer->wanted, peer->theirs, FIN | ACK, length); break;
    case 2: send_segment(peer, one_in(2) ? peer->wanted : noise(), peer->theirs, one_in(2) ? RST : RST | ACK, 0); break;
    case 3: /* ahead */ send_segment(peer, peer->wanted + noise() % 4000, peer->theirs, ACK | PSH, length); break;
    case 4: /* behind, overlapping */
        send_segment(peer, peer->wanted - noise() % 2000, peer->theirs, ACK | PSH, length);
        break;
    case 5: /* acknowledges what was not sent, or long ago */
        send_segment(peer, peer->wanted, peer->theirs + noise() % 5000 - 2500, ACK, length);
        break;
    case 6: send_segment(peer, noise(), noise(), (uint8_t)noise(), length); break;
    default: send_segment(peer, peer->wanted, peer->theirs, ACK | PSH, length); break;
    }
}

/* -- everything else -- */

static void other_step(void)
{
    uint8_t frame[1600];
    uint32_t length = noise() % 1400;
    fill(frame, sizeof(frame));
    switch (noise() % 8) {
    case 0: deliver(frame, 14 + length); break;
    case 1:
        memset(frame, 0xff, 6);
        deliver(frame, 14 + length);
        break;
    case 2: /* ARP, request or reply, of ours or of anybody */
        memset(frame, 0xff, 6);
        memcpy(frame + 12, (uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, (uint8_t)(1 + noise() % 2)}, 10);
        memcpy(frame + 22, host_mac, 6);
        memcpy(frame + 28, host_ip, 4);
        frame[31] = one_in(2) ? 2 : (uint8_t)noise();
        memcpy(frame + 38, guest_ip, 4);
        deliver(frame, 42);
        break;
    case 3: deliver_udp(noise() % 3 ? 4000 + noise() % 8 : noise(), one_in(4) ? 68 : 7, frame, length); break;
    case 4: /* fragments of few datagrams */
        put16(frame + 34 + 2, 7);
        deliver_ip(frame, 17, length & ~7u, (one_in(2) ? 0x2000 : 0) | noise() % 600, noise() % 4);
        break;
    case 5: /* ping */
        frame[34] = 8;
        frame[35] = 0;
        put16(frame + 36, 0);
        put16(frame + 36, ~sum16(frame + 34, 8 + length, 0));
        deliver_ip(frame, 1, 8 + length, 0, noise());
        break;
    case 6: deliver_ip(frame, (uint8_t)noise(), length, one_in(4) ? noise() : 0, noise()); break;
    default: /* DHCP, an answer that nobody asked for, or perhaps */
        memcpy(frame + 42, (uint8_t[]){2, 1, 6, 0}, 4);
        memcpy(frame + 42 + 236, (uint8_t[]){99, 130, 83, 99, 53, 1, (uint8_t)(noise() % 9)}, 7);
        deliver_udp(67, 68, frame, 244 + noise() % 300);
        break;
    }
}

/* -- the wire: what comes out -- */

static uint32_t waiting[SLOTS]; /* frames not yet returned: their cookies */
static uint32_t waiting_count;
static uint32_t transaction; /* of the last DHCP message */
static uint8_t dhcp_kind;
static bool asked;       /* the guest wants our hardware address */
static uint64_t answers; /* UDP datagrams that came back to port 5000 */

static void check_tcp(const uint8_t *ip, const uint8_t *tcp, uint32_t length)
{
    CHECK(length >= 20 && length >= (tcp[12] >> 4) * 4u);
    CHECK_EQUAL(sum16(tcp, length, pseudo_sum(ip, length)), 0xffff);
    uint32_t size = length - (tcp[12] >> 4) * 4u + !!(tcp[13] & FIN) + !!(tcp[13] & SYN);
    for (int i = 0; i < PEERS; i++) {
        if (peers[i].guest_port == get16(tcp) && peers[i].port == get16(tcp + 2)) {
            if (tcp[13] & ACK) {
                peers[i].wanted = get32(tcp + 8);
            }
            if (!one_in(10)) { /* else it is lost */
                peers[i].theirs = get32(tcp + 4) + size;
            }
        }
    }
}

static void check_frame(const uint8_t *frame, uint32_t length)
{
    CHECK(length >= 14 && length <= NET_TSO_MAX); /* take_output has looked closer */
    CHECK(memcmp(frame + 6, net_client_config.mac, 6) == 0);
    if (get16(frame + 12) != 0x0800) {
        CHECK(get16(frame + 12) == 0x0806 && length >= 42);
        asked |= frame[21] == 1 && memcmp(frame + 38, host_ip, 4) == 0;
        return;
    }
    const uint8_t *ip = frame + 14;
    uint32_t size = get16(ip + 2), header = (ip[0] & 15) * 4u;
    CHECK(ip[0] >> 4 == 4 && header == 20 && size + 14 <= length && size >= header);
    CHECK_EQUAL(sum16(ip, header, 0), 0xffff);
    bool whole = (get16(ip + 6) & 0x3fff) == 0;
    if (ip[9] == 6) {
        check_tcp(ip, ip + 20, size - 20);
    } else if (ip[9] == 17 && whole && get16(ip + 22) == 67) {
        transaction = get32(ip + 28 + 4);
        dhcp_kind = ip[28 + 242];
    } else if (ip[9] == 17 && whole) {
        CHECK(get16(ip + 26) == 0 || sum16(ip + 20, size - 20, pseudo_sum(ip, size - 20)) == 0xffff);
        answers += get16(ip + 22) == 5000;
    }
}

/* What the device does with a frame that asks for it. The field holds the pseudo-header's sum, and nothing else. */
static void complete_checksum(uint8_t *frame, uint32_t length)
{
    uint8_t *ip = frame + 14, *tcp = frame + NET_CHECKSUM_START;
    uint32_t size = get16(ip + 2) - 20;
    CHECK(card_device.offloads && ip[0] == 0x45 && ip[9] == 6 && (get16(ip + 6) & 0x3fff) == 0 && size == length - 34);
    CHECK_EQUAL(get16(tcp + NET_CHECKSUM_OFFSET), pseudo_sum(ip, size));
    put16(tcp + NET_CHECKSUM_OFFSET, ~sum16(tcp, size, 0));
    completed++;
}

static void take_output(void)
{
    bool asked_for = false;
    struct net_desc piece;
    static uint8_t frame[NET_TSO_MAX];
    uint32_t length = 0, count = 0, segment = 0;
    bool large = false;
    while (ring_get(&tx_filled, &piece)) {
        CHECK(piece.region < 2 && (count > 0 || (piece.region == 0 && piece.length >= 14)));
        const uint8_t *at = region_at(&net_client_config.regions[piece.region], piece.offset, piece.length);
        CHECK(at && piece.length > 0 && length + piece.length <= sizeof(frame) && ++count <= NET_CHAIN_MAX);
        CHECK(piece.region == 0 || (ip_sends_from(at + piece.length - 1, 1) && ip_sends_from(at, 1)));
        asked_for |= (piece.flags & NET_CHECKSUM) != 0;
        if (piece.flags & NET_TSO) {
            CHECK(count == 1 && asked_for && card_device.offloads & NET_TSO && piece.segment >= NET_SEGMENT_MIN &&
                  piece.segment <= 1460);
            large = true;
            segment = piece.segment;
        }
        memcpy(frame + length, at, piece.length);
        length += piece.length;
        if (!(piece.flags & NET_MORE)) {
            CHECK(large ? length > NET_CHECKSUM_HEADERS + segment : length <= NET_FRAME_MAX);
            cut += large;
            large = false;
            if (asked_for) {
                complete_checksum(frame, length);
                asked_for = false;
            }
            check_frame(frame, length);
            CHECK(waiting_count < SLOTS);
            waiting[waiting_count++] = piece.cookie;
            length = count = 0;
        }
    }
    CHECK_EQUAL(count, 0);
}

static void introduce(void)
{
    uint8_t arp[ARP_BYTES];
    put_arp_answer(arp);
    asked = false;
    deliver(arp, sizeof(arp));
    fake_wake(FAKE_BIT(RX));
    take_output();
}

static void return_output(uint32_t keep)
{
    while (waiting_count > keep) {
        struct net_desc done = {.cookie = waiting[--waiting_count], .flags = one_in(100) ? NET_REFUSED : 0};
        CHECK(ring_put(&tx_free, &done));
    }
    if (ring_wake_consumer(&tx_free)) {
        fake_wake(FAKE_BIT(TX));
    }
    if (asked && !one_in(8)) {
        introduce();
    }
}

/* -- the course of a storm -- */

static void answer_dhcp(uint8_t kind)
{
    uint8_t frame[600] = {0};
    uint8_t *dhcp = frame + 42;
    memcpy(dhcp, (uint8_t[]){2, 1, 6, 0}, 4);
    put32(dhcp + 4, transaction);
    memcpy(dhcp + 16, guest_ip, 4);
    memcpy(dhcp + 28, net_client_config.mac, 6);
    memcpy(dhcp + 236, (uint8_t[]){99, 130, 83,  99, 53, 1,   kind, 54,  4, 10, 0, 2,  2, 51, 4, 0,
                                   1,  81,  128, 1,  4,  255, 255,  255, 0, 3,  4, 10, 0, 2,  2, 255},
           32);
    deliver_udp(67, 68, frame, 236 + 40);
    fake_wake(FAKE_BIT(RX));
    take_output();
    return_output(0);
}

static void boot(void)
{
    wire_begin();
    ring_attach_consumer(&rx_small, &net_client_config.rx_small, 16);
    init();
    take_output();
    return_output(0);
    while (!ip_has_address()) {
        answer_dhcp(dhcp_kind == 1 ? 2 : 5);
        pass(100 * MS);
        take_output();
    }
    pass(2000 * MS);
    take_output();
    return_output(0);
}

static void storm(void)
{
    for (uint32_t step = 0; step < STEPS; step++) {
        memory.fails = step % 1000 < 300 ? 20 : 0;
        if (one_in(5)) {
            other_step();
        } else {
            tcp_step();
        }
        if (one_in(3)) {
            pass((uint64_t)(one_in(20) ? noise() % 3000 : noise() % 30) * MS);
        }
        take_output();
        return_output(one_in(3) ? 0 : noise() % SLOTS);
    }
}

/* The wind drops: everything is let through, connections are reset, and ten minutes pass. */
static void calm(void)
{
    memory.fails = 0;
    stormy = false;
    for (int round = 0; round < 2; round++) {
        for (uint16_t port = 30000; port < 30200; port++) {
            static const uint16_t ports[] = {7, 9, 17, 19};
            for (int i = 0; i < 4; i++) {
                peers[0] = (struct peer){.port = port, .guest_port = ports[i]};
                send_segment(&peers[0], 0, 0, ACK, 0); /* its answer says what is expected */
                fake_wake(FAKE_BIT(RX));
                take_output();
                send_segment(&peers[0], peers[0].wanted, 0, RST, 0);
                fake_wake(FAKE_BIT(RX));
                take_output();
                return_output(0);
            }
        }
        for (int second = 0; second < 600; second++) {
            pass(1000 * MS);
            take_output();
            return_output(0);
        }
    }
}

static void test_answers(void)
{
    uint8_t frame[200] = {0};
    uint64_t before = answers;
    introduce(); /* lwIP keeps three datagrams for an address that it does not know */
    for (int i = 0; i < 10; i++) {
        deliver_udp(5000, 7, frame, 100);
    }
    fake_wake(FAKE_BIT(RX));
    take_output();
    return_output(0);
    CHECK_EQUAL(answers, before + 10);
}

static void run(uint64_t seed)
{
    struct ip_counters counters;
    noise_begin(seed);
    /* Of three seeds one has a plain device, one that does TCP's checksums, one that cuts, too. */
    card_device.offloads = seed % 3 == 2 ? NET_CHECKSUM | NET_TSO : seed % 3 ? NET_CHECKSUM : 0;
    boot();
    uint64_t at_rest = memory.taken - memory.given;
    storm();
    calm();
    test_answers();
    pass(60000 * MS);
    take_output();
    return_output(0);
    ip_counters(&counters);
    CHECK(card_device.offloads ? completed > STEPS / 20 : completed == 0);
    CHECK(card_device.offloads & NET_TSO || cut == 0);
    CHECK(!(card_device.offloads & NET_TSO) || !SENDS_LARGE || cut > 0);
    CHECK(counters.frames_in > STEPS / 2 && counters.frames_out > STEPS / 10);
    CHECK(!ip_sends_from(pattern, sizeof(pattern)));
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    CHECK_EQUAL(ring_count(&rx_small), SMALL);
    CHECK_EQUAL(memory.taken - memory.given, at_rest);
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 1, SEEDS, NULL, run);
}

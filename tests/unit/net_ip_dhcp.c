/* net_ip_dhcp.c: leases that end, through net/ip and lwIP on the host, under the address sanitizer. The test is the
 * DHCP server, a client of TCP, and the clock. Seen to: a short lease is renewed at half its time, one that nobody
 * renews is given up at its end and asked for anew at once; old connections are told, new ones work on another address;
 * a long lease wakes nobody.
 */
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "timer/client.h"
#include "wire.h"

#define BUFFERS 64
#define SLOTS 64
#define PORT 80
#define S (1000 * MS)
#define HOUR (3600 * S)
#define DAY (24 * HOUR)

static _Alignas(4096) uint8_t buffers[BUFFERS * NET_BUFFER_SIZE], slots[SLOTS * NET_BUFFER_SIZE];
static struct net_device device;
static _Alignas(64) uint8_t rings[4][RING_BYTES(256, 16)];

#define RING(i) {.shared = rings[i], .capacity = 256}

const struct net_client_config net_client_config = {
    .mac = {0x52, 0x54, 1, 0, 0, 0x20},
    .rx_channel = RX,
    .tx_channel = TX,
    .rx_buffers = {.base = buffers, .size = sizeof buffers},
    .rx_buffer_count = BUFFERS,
    .device = &device,
    .region_count = 1,
    .regions = {{.base = slots, .size = sizeof slots}},
    .rx_free = RING(0),
    .rx_filled = RING(1),
    .tx_filled = RING(2),
    .tx_free = RING(3),
};
const struct ip_config ip_config = {.hostname = "dhcp"};
const struct timer_client_config timer_client_config = {.channel = TIMER};

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACKNOWLEDGED = 5, KINDS = 16 };

static uint32_t lease_s = 20;     /* what the server gives, */
static uint8_t offered[4] = {10, 0, 2, 15};
static bool answers = true;       /* and whether */
static uint64_t seen_at[KINDS];   /* the last message of each kind, */
static uint32_t seen[KINDS];      /* and how many */
static uint32_t resets, accepted, wakes, sequence;

uint32_t memory_send_share(bool stays)
{
    return 44;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    accepted++;
    return ERR_OK;
}

void init(void)
{
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    struct tcp_pcb *pcb = tcp_new();
    CHECK(pcb && tcp_bind(pcb, IP_ADDR_ANY, PORT) == ERR_OK);
    tcp_accept(tcp_listen_with_backlog(pcb, 8), on_accept);
    pd_flush();
}

/* -- the cable -- */

static void deliver(const uint8_t *frame, uint32_t length)
{
    struct net_desc desc;
    CHECK(ring_get(&rx_free, &desc));
    memcpy(buffers + desc.offset, frame, length);
    desc.length = (uint16_t)length;
    CHECK(ring_put(&rx_filled, &desc));
    fake_wake(FAKE_BIT(RX));
}

/* put_headers() gives the guest its first address. */
static void to_address(uint8_t *frame, const uint8_t *address)
{
    memcpy(frame + 30, address, 4);
    put16(frame + 24, 0);
    put16(frame + 24, ~sum16(frame + 14, 20, 0));
}

static void at_server(const uint8_t *request)
{
    uint8_t frame[42 + 300] = {0}, *dhcp = frame + 42, kind = request[42 + 242];
    uint8_t options[] = {99, 130, 83, 99, 53, 1, kind == DISCOVER ? OFFER : ACKNOWLEDGED, 54, 4, 10, 0, 2, 2,
                         51, 4, 0, 0, 0, 0, 1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 255};
    CHECK(kind < KINDS);
    seen_at[kind] = now;
    seen[kind]++;
    if (!answers || (kind != DISCOVER && kind != REQUEST)) {
        return;
    }
    put32(options + 15, lease_s);
    memcpy(dhcp, (uint8_t[]){2, 1, 6, 0}, 4);
    memcpy(dhcp + 4, request + 42 + 4, 4);
    memcpy(dhcp + 16, offered, 4);
    memcpy(dhcp + 28, net_client_config.mac, 6);
    memcpy(dhcp + 236, options, sizeof options);
    put_headers(frame, 17, sizeof frame - 34, 0, 0);
    to_address(frame, offered);
    put16(frame + 34, 67);
    put16(frame + 36, 68);
    put16(frame + 38, sizeof frame - 34);
    deliver(frame, sizeof frame);
}

static void at_peer(const uint8_t *frame)
{
    uint8_t arp[ARP_BYTES];
    if (get16(frame + 12) == 0x0806) {
        if (frame[21] == 1 && memcmp(frame + 38, host_ip, 4) == 0) {
            put_arp_answer(arp);
            deliver(arp, sizeof arp);
        }
    } else if (frame[23] == 17 && get16(frame + 36) == 67) {
        at_server(frame);
    } else if (frame[23] == 6) {
        sequence = get32(frame + 38);
        resets += (frame[47] & RST) != 0;
    }
}

static void take_output(void)
{
    struct net_desc piece;
    while (ring_get(&tx_filled, &piece)) {
        uint8_t frame[NET_FRAME_MAX];
        memcpy(frame, slots + piece.offset, piece.length);
        CHECK(piece.region == 0 && ring_put(&tx_free, &(struct net_desc){.cookie = piece.cookie}));
        at_peer(frame);
    }
}

static void pass(uint64_t ns)
{
    uint64_t end = now + ns;
    while (deadline <= end) {
        now = deadline > now ? deadline : now;
        deadline = ~0ull;
        fake_set_now_ns(now);
        fake_wake(FAKE_BIT(TIMER));
        wakes++;
        take_output();
    }
    now = end;
    fake_set_now_ns(now);
}

static void send_segment(uint16_t port, uint32_t number, uint32_t acknowledged, uint8_t flags)
{
    uint8_t frame[54] = {0}, *tcp = frame + 34;
    put_headers(frame, 6, 20, 0, 0);
    to_address(frame, offered);
    put16(tcp, port);
    put16(tcp + 2, PORT);
    put32(tcp + 4, number);
    put32(tcp + 8, acknowledged);
    tcp[12] = 0x50;
    tcp[13] = flags;
    put16(tcp + 14, 0xffff);
    put16(tcp + 16, ~sum16(tcp, 20, pseudo_sum(frame + 14, 20)));
    deliver(frame, sizeof frame);
    take_output();
}

static void connect(uint16_t port)
{
    uint32_t before = accepted;
    send_segment(port, 1000, 0, SYN);
    send_segment(port, 1001, sequence + 1, ACK);
    CHECK_EQUAL(accepted, before + 1);
}

/* -- the cases -- */

static void check_near(uint64_t at, uint64_t expected)
{
    CHECK(at + S >= expected && at <= expected + S);
}

static uint64_t bind(void)
{
    for (int i = 0; i < 100 && !ip_has_address(); i++) {
        pass(100 * MS);
    }
    CHECK(ip_has_address() && ip_address() != 0);
    return seen_at[REQUEST];
}

static void test_a_short_lease_is_renewed(void)
{
    uint64_t bound = bind();
    for (int i = 1; i < 5; i++) {
        pass(bound + 12 * S - now);
        check_near(seen_at[REQUEST], bound + 10 * S);
        bound = seen_at[REQUEST];
    }
    CHECK_EQUAL(seen[DISCOVER], 1);
}

static void test_one_that_ends_is_asked_for_anew(void)
{
    uint64_t bound = seen_at[REQUEST];
    connect(5000);
    answers = false;
    pass(bound + 18 * S - now);
    CHECK(ip_has_address() && resets == 0 && seen[REQUEST] >= 6);
    pass(bound + 21 * S - now);
    check_near(seen_at[DISCOVER], bound + 20 * S);
    CHECK(!ip_has_address() && resets == 1);
    offered[3] = 77;
    answers = true;
    pass(10 * S);
    CHECK(ip_has_address() && ip_address() == PP_HTONL(0x0a00024d));
    connect(5001);
}

static void test_a_long_one_wakes_nobody(uint32_t seconds)
{
    lease_s = seconds;
    pass(11 * S);
    uint64_t bound = seen_at[REQUEST];
    for (uint16_t port = 5000; port < 5002; port++) {
        send_segment(port, 1001, 0, RST);
    }
    pass(HOUR);
    uint32_t before = wakes, discovers = seen[DISCOVER];
    pass(HOUR);
    CHECK(wakes - before <= 121); /* ARP's table ages by half minutes */
    pass(bound + seconds / 2 * S - now + 2 * S);
    check_near(seen_at[REQUEST], bound + seconds / 2 * S);
    CHECK_EQUAL(seen[DISCOVER], discovers);
    lease_s = 20;
    pass(seconds / 2 * S + 2 * S); /* it is renewed, and so is a short one now */
    CHECK(ip_has_address());
}

int main(void)
{
    wire_begin();
    init();
    take_output();
    test_a_short_lease_is_renewed();
    test_one_that_ends_is_asked_for_anew();
    test_a_long_one_wakes_nobody(DAY / S);
    test_a_long_one_wakes_nobody(30 * (DAY / S));
    lease_s = 0; /* counts as one of 4 s */
    pass(20 * S);
    uint32_t before = seen[REQUEST] + seen[DISCOVER];
    pass(60 * S);
    CHECK(seen[REQUEST] + seen[DISCOVER] - before <= 60);
    return 0;
}

/* net_ip_dhcp.c: leases that end, through net/ip and lwIP on the host, under the address sanitizer. The test is the
 * DHCP server, a client of TCP, and the clock. Seen to: a short lease is renewed at half its time, one that nobody
 * renews is given up at its end and asked for anew at once; old connections are told, new ones work on another address;
 * a long lease wire_alarms nobody; a stack that starts anew goes on with what is left of its lease, and asks nobody.
 */
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/mem.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define PORT 80
#define HOUR (3600 * S)
#define DAY (24 * HOUR)

WIRE_CARD(64, 0, 64, 256);
const struct ip_config ip_config = {.hostname = "dhcp"};

enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, ACKNOWLEDGED = 5, KINDS = 16 };

static uint32_t lease_s = 20; /* what the server gives, */
static uint8_t offered[4] = {10, 0, 2, 15};
static bool answers = true;     /* and whether */
static uint64_t seen_at[KINDS]; /* the last message of each kind, */
static uint32_t seen[KINDS];    /* and how many */
static uint32_t resets, accepted, sequence;

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    accepted++;
    return ERR_OK;
}

void init(void)
{
    wire_start(false, PORT, 8, on_accept);
}

/* -- the server, and a client -- */

static void at_server(const uint8_t *request)
{
    uint8_t frame[42 + 300] = {0}, *dhcp = frame + 42, kind = request[42 + 242];
    uint8_t options[] = {99,  130, 83,  99, 53, 1, kind == DISCOVER ? OFFER : ACKNOWLEDGED,
                         54,  4,   10,  0,  2,  2, 51,
                         4,   0,   0,   0,  0,  1, 4,
                         255, 255, 255, 0,  3,  4, 10,
                         0,   2,   2,   255};
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
    memcpy(dhcp + 236, options, sizeof(options));
    put_headers(frame, 17, sizeof(frame) - 34, 0, 0);
    put_address(frame, 30, offered);
    put16(frame + 34, 67);
    put16(frame + 36, 68);
    put16(frame + 38, sizeof(frame) - 34);
    wire_deliver(frame, sizeof(frame));
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (wire_answers_arp(frame)) {
        return;
    }
    if (frame[23] == 17 && get16(frame + 36) == 67) {
        at_server(frame);
    } else if (frame[23] == 6) {
        sequence = get32(frame + 38);
        resets += (frame[47] & RST) != 0;
    }
}

static void send_segment(uint16_t port, uint32_t number, uint32_t acknowledged, uint8_t flags)
{
    wire_send(&(struct segment){.to = offered,
                                .port = port,
                                .guest_port = PORT,
                                .number = number,
                                .acknowledged = acknowledged,
                                .window = 0xffff,
                                .flags = flags});
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
        wire_pass(100 * MS);
    }
    CHECK(ip_has_address() && ip_address() != 0);
    return seen_at[REQUEST];
}

static void test_a_short_lease_is_renewed(void)
{
    uint64_t bound = bind();
    for (int i = 1; i < 5; i++) {
        wire_pass(bound + 12 * S - now);
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
    wire_pass(bound + 18 * S - now);
    CHECK(ip_has_address() && resets == 0 && seen[REQUEST] >= 6);
    wire_pass(bound + 21 * S - now);
    check_near(seen_at[DISCOVER], bound + 20 * S);
    CHECK(!ip_has_address() && resets == 1);
    offered[3] = 77;
    answers = true;
    wire_pass(10 * S);
    CHECK(ip_has_address() && ip_address() == PP_HTONL(0x0a00024d));
    connect(5001);
}

static void test_a_long_one_wire_alarms_nobody(uint32_t seconds)
{
    lease_s = seconds;
    wire_pass(11 * S);
    uint64_t bound = seen_at[REQUEST];
    for (uint16_t port = 5000; port < 5002; port++) {
        send_segment(port, 1001, 0, RST);
    }
    wire_pass(HOUR);
    uint32_t before = wire_alarms, discovers = seen[DISCOVER];
    wire_pass(HOUR);
    CHECK(wire_alarms - before <= 121); /* ARP's table ages by half minutes */
    wire_pass(bound + seconds / 2 * S - now + 2 * S);
    check_near(seen_at[REQUEST], bound + seconds / 2 * S);
    CHECK_EQUAL(seen[DISCOVER], discovers);
    lease_s = 20;
    wire_pass(seconds / 2 * S + 2 * S); /* it is renewed, and so is a short one now */
    CHECK(ip_has_address());
}

/* As a stack that starts anew: seconds until it renews its lease; 0: it has none. */
static uint32_t renews_after(uint32_t generation)
{
    struct netif *netif = netif_default;
    struct dhcp *former = netif_dhcp_data(netif);
    netif_status_callback_fn callback = netif->status_callback;
    netif->status_callback = NULL;
    netif_set_client_data(netif, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, NULL);
    fake_set_generation(generation);
    bool resumed = ip_lease_resume(netif);
    fake_set_generation(1);
    struct dhcp *dhcp = netif_dhcp_data(netif);
    uint32_t after = 0;
    CHECK_EQUAL(dhcp != NULL, resumed);
    if (dhcp) {
        CHECK(dhcp->state == DHCP_STATE_BOUND && dhcp->lease_used + dhcp->t1_renew_time == 10);
        after = dhcp->t1_renew_time;
        mem_free(dhcp);
    }
    netif_set_client_data(netif, LWIP_NETIF_CLIENT_DATA_INDEX_DHCP, former);
    netif->status_callback = callback;
    return after;
}

static void test_it_outlives_the_program(void)
{
    uint64_t bound = seen_at[REQUEST];
    uint32_t before = seen[DISCOVER] + seen[REQUEST];
    wire_pass(bound + 3 * S - now);
    CHECK_EQUAL(renews_after(1), 0); /* the image's first start: what lies there is nobody's lease */
    uint32_t after = renews_after(2);
    CHECK(after >= 6 && after <= 8);
    wire_pass(bound + 8 * S - now);
    after = renews_after(3);
    CHECK(after >= 1 && after <= 3);
    CHECK_EQUAL(seen[DISCOVER] + seen[REQUEST], before);
    fake_set_now_ns(now + 20 * S); /* it was dead for long */
    CHECK_EQUAL(renews_after(4), 0);
    fake_set_now_ns(now);
}

int main(void)
{
    wire_begin();
    init();
    wire_take();
    test_a_short_lease_is_renewed();
    test_it_outlives_the_program();
    test_one_that_ends_is_asked_for_anew();
    test_a_long_one_wire_alarms_nobody(DAY / S);
    test_a_long_one_wire_alarms_nobody(30 * (DAY / S));
    lease_s = 0; /* counts as one of 4 s */
    wire_pass(20 * S);
    uint32_t before = seen[REQUEST] + seen[DISCOVER];
    wire_pass(60 * S);
    CHECK(seen[REQUEST] + seen[DISCOVER] - before <= 60);
    return 0;
}

/* net_ip_flood.c: handshakes that nobody means to finish, from addresses that were made up, through net/ip and lwIP on
 * the host, under the address sanitizer. Seen to: true clients get in all the while, and at once after a burst; ARP's
 * table keeps those that were in it, and nobody is asked for an address that was made up; all memory comes back. A
 * client whose handshake was evicted has its windows understood as it means them. And of a peer that always has one
 * more frame: events end.
 */
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define BUFFERS 64
#define BACKLOG 128
#define BURST 20000
#define PORT 80
#define ENDLESS_PORT 9
#define NO_SCALE 15

WIRE_CARD(BUFFERS, 0, 64, 256);
const struct ip_config ip_config = {.hostname = "flood", .wait_for_start = true};

static uint32_t accepted, answered, asked; /* connections; handshakes of strangers; questions of ARP */
static uint32_t sequence;                  /* of the guest's last answer to the true client */
static bool host_answered;
static uint8_t scale = NO_SCALE; /* of the window, in the SYN of a true client */

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    CHECK(pcb);
    CHECK_EQUAL(pcb->flags & TF_WND_SCALE ? pcb->snd_scale : NO_SCALE, scale);
    CHECK_EQUAL(pcb->rcv_scale, scale == NO_SCALE ? 0 : TCP_RCV_SCALE);
    accepted++;
    tcp_abort(pcb);
    return ERR_ABRT;
}

void init(void)
{
    wire_start(true, PORT, BACKLOG, on_accept);
}

/* -- a peer that always has one more -- */

static struct endless {
    uint32_t taken; /* by the program, in this event */
    bool more;
} endless;

static void put_datagram(void)
{
    uint8_t frame[60] = {0}, *udp = frame + 34;
    put_headers(frame, 17, 9, 0, 0);
    put16(udp, 7);
    put16(udp + 2, ENDLESS_PORT);
    put16(udp + 4, 9);
    CHECK(wire_put(frame, sizeof(frame)));
}

static void on_datagram(void *context, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    pbuf_free(p);
    CHECK(++endless.taken < 10000);
    if (endless.more) {
        put_datagram();
    }
}

static void ring_timer(void)
{
    timer_page.deadline = ~0ull;
    endless.taken = 0;
    fake_wake(FAKE_BIT(TIMER));
}

/* An event ends all the same; the next is there at once, for as long as there is more. */
static void check_that_events_end(void)
{
    struct udp_pcb *pcb = udp_new();
    CHECK(pcb && udp_bind(pcb, IP_ADDR_ANY, ENDLESS_PORT) == ERR_OK);
    udp_recv(pcb, on_datagram, NULL);
    endless.more = true;
    put_datagram();
    put_datagram();
    CHECK(ring_wake_consumer(&rx_filled));
    fake_wake(FAKE_BIT(RX));
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(endless.taken > 0 && endless.taken <= 256 && timer_page.deadline <= now);
        CHECK(!ring_wake_consumer(&rx_filled)); /* who is to go on needs no word */
        ring_timer();
    }
    endless.more = false;
    ring_timer();
    CHECK(endless.taken == 2 && ring_count(&rx_free) == BUFFERS && ring_wake_consumer(&rx_filled));
    fake_wake(FAKE_BIT(RX)); /* which arms again */
    udp_remove(pcb);
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (wire_answers_arp(frame)) {
        asked += frame[21] == 1 && memcmp(frame + 38, guest_ip, 4) != 0;
    } else if (memcmp(frame + 30, host_ip, 4) == 0) {
        sequence = get32(frame + 38);
        host_answered |= frame[47] == (SYN | ACK);
    } else if (frame[47] == (SYN | ACK)) {
        /* a near stranger's station begins with its address; a far one's is the gateway's */
        CHECK(memcmp(frame, frame[30] == host_ip[0] ? frame + 30 : host_mac, 4) == 0);
        answered++;
    }
}

static void send_segment(const uint8_t *source, uint16_t port, uint32_t number, uint32_t acknowledged, uint8_t flags)
{
    const uint8_t options[] = {2, 4, 1460 >> 8, 1460 & 0xff, 1, 3, 3, scale};
    bool scaled = (flags & SYN) && source == host_ip && scale != NO_SCALE;

    wire_send(&(struct segment){.from = source == host_ip ? NULL : source,
                                .port = port,
                                .guest_port = PORT,
                                .number = number,
                                .acknowledged = acknowledged,
                                .window = 0xffff,
                                .flags = flags,
                                .options = options,
                                .option_bytes = scaled ? sizeof(options) : 0});
}

/* Half of them from this network. */
static void flood(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t near[4] = {10, 0, 2, (uint8_t)(20 + noise() % 200)};
        uint8_t far[4] = {172, 16, (uint8_t)noise(), (uint8_t)noise()};
        send_segment(one_in(2) ? near : far, (uint16_t)noise(), noise(), 0, SYN);
    }
}

/* A true client, whose answer takes a while. */
static void visit(uint16_t port, uint32_t meanwhile)
{
    uint32_t before = accepted;
    host_answered = false;
    send_segment(host_ip, port, 1000, 0, SYN);
    CHECK(host_answered);
    flood(meanwhile);
    send_segment(host_ip, port, 1001, sequence + 1, ACK);
    CHECK_EQUAL(accepted, before + 1);
}

/* As many true clients at once as two backlogs: each answer comes when others' have been asked for. */
static void visit_together(void)
{
    static uint32_t numbers[2 * BACKLOG];
    uint32_t before = accepted;
    for (uint16_t i = 0; i < 2 * BACKLOG; i++) {
        scale = i % (NO_SCALE + 1);
        send_segment(host_ip, (uint16_t)(3000 + i), 1000, 0, SYN);
        numbers[i] = sequence;
    }
    for (uint16_t i = 0; i < 2 * BACKLOG; i++) {
        scale = i % (NO_SCALE + 1);
        send_segment(host_ip, (uint16_t)(3000 + i), 1001, numbers[i] + 1, ACK);
    }
    CHECK_EQUAL(accepted, before + 2 * BACKLOG);
}

/* Another SYN of the same peer, whose options are not the first's: the first one's hold, and it is answered as before. */
static void check_second_syn(void)
{
    uint32_t before = accepted;
    for (uint16_t i = 0; i < 4; i++) {
        for (uint16_t copy = 0; copy < 3; copy++) {
            scale = (i + copy) % 2 ? NO_SCALE : 7;
            host_answered = false;
            send_segment(host_ip, (uint16_t)(5000 + i), 1000, 0, SYN);
            CHECK(host_answered);
        }
        send_segment(host_ip, (uint16_t)(5000 + i), 1001, sequence + 1, ACK);
    }
    scale = NO_SCALE;
    CHECK_EQUAL(accepted, before + 4);
}

/* The end of a handshake that never began, or not with this number, or long ago. */
static void check_forgeries(void)
{
    uint32_t before = accepted;
    for (int i = 0; i < 5000; i++) {
        send_segment(host_ip, (uint16_t)noise(), noise(), noise(), ACK);
    }
    send_segment(host_ip, 4000, 1000, 0, SYN);
    uint32_t number = sequence;
    flood(2 * BACKLOG);
    for (uint32_t skipped = 2; skipped < 5; skipped++) {
        send_segment(host_ip, 4000, 1000 + skipped, number + 1, ACK);
    }
    wire_pass(4 * S);
    flood(2 * BACKLOG);
    send_segment(host_ip, 4000, 1001, number + 1, ACK);
    CHECK_EQUAL(accepted, before);
}

int main(void)
{
    noise_begin(1);
    wire_begin();
    init();
    wire_take();
    uint64_t at_rest = memory.taken - memory.given;
    visit(999, 0);
    uint32_t before = asked;
    for (uint16_t second = 0; second < 60; second++) { /* 50 a second, and round trips of 0.2 s */
        flood(40);
        visit((uint16_t)(1000 + second), second % 4 ? 10 : 500);
        wire_pass(S);
    }
    flood(BURST);
    for (uint16_t i = 0; i < 50; i++) {
        visit((uint16_t)(2000 + i), 0);
    }
    CHECK(answered > BURST / 3);
    visit_together();
    check_second_syn();
    check_forgeries();
    check_that_events_end();
    CHECK(asked <= before + 4); /* for the gateway, now and then */
    wire_pass(60 * S);
    CHECK(!tcp_active_pcbs);
    CHECK_EQUAL(memory.taken - memory.given, at_rest);
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    return 0;
}

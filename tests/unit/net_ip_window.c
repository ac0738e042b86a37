/* net_ip_window.c: more peers that upload than there is receive memory for at full windows, through net/ip and lwIP on
 * the host, under the address sanitizer.
 *
 * The test is the program, which reads so many bytes per millisecond, the timer driver, and the peers, which send what
 * their windows allow and what was lost again after 200 ms, then twice that, and so on, until an acknowledgement of
 * what was sent once (RFC 6298 5.5, 3). Seen to: all of it arrives, in order and in time; windows shrink when memory
 * does, and no right edge moves back; what many may send at once is not lost; one alone has the whole window; a
 * connection that was read to its end closes without a reset; all memory comes back.
 */
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define BUFFERS 160
#define CLIENTS 40
#define CONNECTIONS 128
#define SEGMENTS 1536
#define PACKETS 0xa0000 /* as the web server's */
#define SLOTS 96
#define TABLES (BUFFERS * IP_BUFFER_BYTES + SLOTS * IP_SLOT_BYTES)
#define MEMORY (PACKETS + TABLES + IP_POOLS_BYTES + CONNECTIONS * IP_CONNECTION_BYTES + SEGMENTS * IP_SEGMENT_BYTES)
#define BODY (256u << 10)
#define READ_MAX 8192
#define SCALE 2 /* TCP_RCV_SCALE */
#define PORT 80
#define RTO (200 * MS)

static _Alignas(64) uint8_t bytes[MEMORY];
WIRE_CARD(BUFFERS, 0, SLOTS, 512);
const struct ip_config ip_config = {.hostname = "window",
                                    .wait_for_start = true,
                                    .large_datagrams = true,
                                    .connections = CONNECTIONS,
                                    .segments = SEGMENTS,
                                    .memory = {.base = bytes, .size = sizeof(bytes)}};

static struct client {
    struct tcp_pcb *pcb;
    struct pbuf *unread, *unread_last;
    uint32_t read;                           /* by the program */
    uint32_t sent, acknowledged, edge, next; /* the peer's: its bytes; the guest's next sequence number */
    uint32_t congestion;                     /* its window of it: RFC 5681 */
    uint32_t most, least; /* windows that it was told of when all was acknowledged that it had sent */
    uint32_t again;       /* bytes up to here were sent twice: their acknowledgement tells nothing of the way's time */
    uint64_t due, rto;    /* it sends again */
    bool answered, closed, reset;
} clients[CLIENTS];

/* -- the program: it reads, and checks -- */

static uint8_t byte_at(uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8));
}

static struct pbuf *pbuf_last(struct pbuf *p)
{
    while (p->next) {
        p = p->next;
    }
    return p;
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct client *c = context;
    if (p) {
        *(c->unread ? &c->unread_last->next : &c->unread) = p; /* not pbuf_cat(): a window is longer than it counts */
        c->unread_last = pbuf_last(p);
    }
    return ERR_OK;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct client *c = &clients[pcb->remote_port - 1000];
    c->pcb = pcb;
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_received);
    return ERR_OK;
}

static void read_some(struct client *c)
{
    uint32_t count = 0;
    while (c->unread && count + c->unread->len <= READ_MAX) {
        struct pbuf *p = c->unread;
        c->unread = p->next;
        p->next = NULL;
        for (uint32_t i = 0; i < p->len; i++) {
            CHECK_EQUAL(((uint8_t *)p->payload)[i], byte_at(c->read + i));
        }
        count += p->len;
        c->read += p->len;
        pbuf_free(p);
    }
    if (count > 0) {
        ip_tcp_recved(c->pcb, (u16_t)count);
    }
}

void init(void)
{
    wire_start(true, PORT, CLIENTS, on_accept);
}

/* -- the peers -- */

static uint64_t dropped; /* no buffer for it: the virtualiser's */

static void send_segment(struct client *c, uint32_t from, uint32_t length, uint8_t flags)
{
    uint8_t frame[NET_FRAME_MAX], data[TCP_MSS];

    CHECK(length <= sizeof(data));
    for (uint32_t i = 0; i < length; i++) {
        data[i] = byte_at(from + i);
    }
    dropped += !wire_put(frame, wire_segment(frame, &(struct segment){.port = 1000 + (uint32_t)(c - clients),
                                                                      .guest_port = PORT,
                                                                      .number = flags & SYN ? 0 : 1 + from,
                                                                      .acknowledged = c->next,
                                                                      .flags = flags,
                                                                      .window = 0xffff,
                                                                      .data = data,
                                                                      .length = length,
                                                                      .options = (uint8_t[]){2, 4, 5, 0xb4, 1, 3, 3, 3},
                                                                      .option_bytes = flags & SYN ? 8 : 0}));
}

/* Whole segments, but the last. */
static void send_more(struct client *c)
{
    while (c->sent < BODY && c->answered) {
        uint32_t length = LWIP_MIN(TCP_MSS, BODY - c->sent);
        if (c->sent + length > LWIP_MIN(c->edge, c->acknowledged + c->congestion)) {
            break;
        }
        send_segment(c, c->sent, length, ACK);
        c->due = c->sent == c->acknowledged ? now + c->rto : c->due;
        c->sent += length;
    }
}

static void send_again(struct client *c)
{
    if (c->sent > c->acknowledged && now >= c->due) {
        c->again = LWIP_MAX(c->again, c->sent);
        c->sent = c->acknowledged;
        c->rto *= 2;
        c->congestion = TCP_MSS;
        send_more(c);
    }
}

void at_peer(const uint8_t *frame, uint32_t size)
{
    const uint8_t *tcp = frame + 34;
    if (wire_answers_arp(frame)) {
        return;
    }
    struct client *c = &clients[get16(tcp + 2) - 1000];
    bool syn = tcp[13] & SYN;
    uint32_t acknowledged = get32(tcp + 8) - 1, window = get16(tcp + 14) << (syn ? 0 : SCALE);
    c->reset |= (tcp[13] & RST) != 0;
    c->closed |= (tcp[13] & FIN) != 0;
    c->next = get32(tcp + 4) + (tcp[13] & (SYN | FIN) ? 1 : 0);
    if (tcp[13] & RST) {
        return;
    }
    CHECK(acknowledged + window + (1u << SCALE) > c->edge); /* never back, but for what the scale cuts off */
    c->edge = LWIP_MAX(c->edge, acknowledged + window);
    if (acknowledged > c->acknowledged) {
        c->congestion += LWIP_MIN(acknowledged - c->acknowledged, TCP_MSS);
        c->acknowledged = acknowledged;
        c->sent = LWIP_MAX(c->sent, acknowledged);
        c->rto = acknowledged > c->again ? RTO : c->rto;
        c->due = now + c->rto;
    }
    if (acknowledged == c->sent && window > 0) {
        c->most = LWIP_MAX(c->most, window);
        c->least = LWIP_MIN(c->least, window);
    }
    if (syn) {
        c->answered = true;
        send_segment(c, 0, 0, ACK);
    }
}

/* -- time -- */

/* A millisecond, in which the program reads of so many connections. */
static void step(uint32_t reads)
{
    static uint32_t turn;
    now += MS;
    fake_set_now_ns(now);
    if (now >= timer_page.deadline) {
        timer_page.deadline = ~0ull;
        fake_wake(FAKE_BIT(TIMER));
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        send_more(&clients[i]);
        send_again(&clients[i]);
    }
    fake_wake(FAKE_BIT(RX));
    for (uint32_t i = 0; i < CLIENTS && reads > 0; i++) {
        struct client *c = &clients[turn++ % CLIENTS];
        reads -= c->unread != NULL;
        read_some(c);
    }
    pd_flush();
    wire_take();
}

/* -- the cases -- */

static void open_clients(uint32_t count)
{
    memset(clients, 0, sizeof(clients));
    for (uint32_t i = 0; i < count; i++) {
        clients[i].rto = RTO;
        clients[i].congestion = 10 * TCP_MSS;
        clients[i].least = TCP_WND;
        send_segment(&clients[i], 0, 0, SYN);
    }
    step(0);
}

static bool all_read(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (clients[i].read < BODY) {
            return false;
        }
    }
    return true;
}

static void close_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQUAL(tcp_close(clients[i].pcb), ERR_OK);
    }
    pd_flush();
    for (uint32_t i = 0; i < 10; i++) {
        step(0);
    }
    for (uint32_t i = 0; i < count; i++) {
        CHECK(clients[i].closed && !clients[i].reset);
        send_segment(&clients[i], BODY, 0, FIN | ACK);
    }
    for (uint32_t i = 0; i < 70000; i++) {
        step(0);
    }
}

static uint64_t lost(void)
{
    struct ip_counters counters;
    ip_counters(&counters);
    return counters.dropped_in + dropped;
}

static void run(uint32_t count, uint32_t reads, uint32_t limit)
{
    uint32_t took = 0;
    while (!all_read(count)) {
        step(reads);
        CHECK(++took < limit);
    }
}

/* 10 MiB, of which the program reads 8 KiB per millisecond: 1.3 s when nothing is lost. */
static void test_many(void)
{
    open_clients(CLIENTS);
    run(CLIENTS, 1, 2500);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CHECK(clients[i].least <= 8 * TCP_MSS);
    }
    close_all(CLIENTS);
}

/* The program comes to its peers every 30 ms, and reads all that is there then. After the first second nothing is lost:
 * what all may send at once finds room. */
static void test_in_turns(void)
{
    uint64_t lost_at_first = 0;
    open_clients(CLIENTS);
    for (uint32_t took = 0; !all_read(CLIENTS); took++) {
        step(took % 30 == 0 ? 2 * CLIENTS : 0);
        lost_at_first = took < 1000 ? lost() : lost_at_first;
        CHECK(took < 3000);
    }
    CHECK(lost() - lost_at_first < CLIENTS);
    close_all(CLIENTS);
}

/* Alone, with a program that reads at once. */
static void test_one(void)
{
    uint64_t lost_before = lost();
    open_clients(1);
    run(1, 16, 60);
    CHECK_EQUAL(lost(), lost_before);
    CHECK(clients[0].most >= 60 * TCP_MSS);
    close_all(1);
}

/* The program stands still for ten seconds: what the peers have been told of is all that comes. Then it goes on. */
static void test_nobody_reads(void)
{
    open_clients(CLIENTS);
    for (uint32_t i = 0; i < 10000; i++) {
        step(0);
    }
    run(CLIENTS, 1, 6000);
    close_all(CLIENTS);
}

int main(void)
{
    wire_begin();
    init();
    wire_take();
    uint8_t arp[ARP_BYTES];
    put_arp_answer(arp);
    wire_deliver(arp, sizeof(arp));
    step(0);
    uint32_t at_rest = ip_netif_receive_room();
    test_many();
    test_in_turns();
    test_one();
    test_nobody_reads();
    CHECK_EQUAL(ip_netif_receive_room(), at_rest);
    CHECK_EQUAL(ip_memory_failures(), 0);
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}

/* net_ip_slots.c: more connections than transmit slots, through net/ip and lwIP on the host, under the address
 * sanitizer.
 *
 * The test is the program, the timer driver, a device that reads so many frames per millisecond, and the peers, which
 * acknowledge each segment at once and lose nothing. Seen to: slots are given in turn, nobody is silent for long; what
 * waits for a slot is not taken for lost, however long; each reset arrives, until more wait than there is room for,
 * which is counted; what nobody sends again finds a slot while connections wait; all memory comes back.
 */
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define BUFFERS 256
#define SLOTS 48
#define CLIENTS 20
#define MANY 700 /* connections that are reset at once */
#define KEPT 512 /* turns.c: RESETS_MAX */
#define PORT 80
#define BODY 300000

static _Alignas(4096) uint8_t content[0x10000];
WIRE_CARD(BUFFERS, 0, SLOTS, 512, {.base = content, .size = sizeof(content)});
const struct ip_config ip_config = {.hostname = "slots", .wait_for_start = true};

static struct client {
    struct tcp_pcb *pcb;
    uint32_t written, acknowledged; /* by the program; told to the program */
    uint32_t next;                  /* the guest's next sequence number, as the peer expects it */
    uint32_t got, resets;
    bool open;
    uint64_t moved_at, silent; /* the longest time without a segment */
} clients[MANY];
static uint32_t arp_answers;
static bool stalled; /* the device had frames for so long that they were sent again */

/* -- the program: it sends each client BODY bytes -- */

static void write_more(struct client *c)
{
    uint32_t room;
    while (c->written < BODY && (room = LWIP_MIN(ip_tcp_room(c->pcb, true), BODY - c->written)) > 0) {
        room = LWIP_MIN(room, 0x4000);
        if (ip_tcp_write(c->pcb, content, (uint16_t)room, 0) != ERR_OK) {
            break;
        }
        c->written += room;
    }
    tcp_output(c->pcb);
}

static err_t on_acknowledged(void *context, struct tcp_pcb *pcb, u16_t length)
{
    struct client *c = context;
    c->acknowledged += length;
    write_more(c);
    return ERR_OK;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct client *c = &clients[pcb->remote_port - 1000];
    c->pcb = pcb;
    tcp_arg(pcb, c);
    tcp_sent(pcb, on_acknowledged);
    return ERR_OK;
}

void init(void)
{
    wire_start(true, PORT, 8, on_accept);
}

/* -- the peers -- */

static void send_to_guest(uint32_t number, uint8_t flags)
{
    uint8_t frame[NET_FRAME_MAX];

    wire_deliver(frame, wire_segment(frame, &(struct segment){.port = 1000 + number,
                                                              .guest_port = PORT,
                                                              .number = flags & SYN ? 0 : 1,
                                                              .flags = flags,
                                                              .window = 0xffff,
                                                              .acknowledged = clients[number].next,
                                                              .options = (uint8_t[]){2, 4, 5, 0xb4, 1, 3, 3, 3},
                                                              .option_bytes = flags & SYN ? 8 : 0}));
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (wire_answers_arp(frame)) {
        arp_answers += frame[21] == 2;
        return;
    }
    const uint8_t *tcp = frame + 34;
    uint32_t payload = get16(frame + 16) - 20 - (tcp[12] >> 4) * 4u, number = get16(tcp + 2) - 1000;
    struct client *c = &clients[number];
    CHECK(number < MANY);
    if (tcp[13] & RST) {
        c->resets++;
        return;
    }
    CHECK(stalled || tcp[13] & SYN || get32(tcp + 4) == c->next); /* in order, and nothing twice: nothing was lost */
    c->next = get32(tcp + 4) + payload + !!(tcp[13] & SYN);
    c->open |= (tcp[13] & SYN) != 0;
    c->got += payload;
    c->silent = LWIP_MAX(c->silent, now - c->moved_at);
    c->moved_at = now;
    if (payload > 0 || tcp[13] & SYN) {
        send_to_guest(number, ACK);
    }
}

/* -- the device -- */

static struct net_desc waiting[SLOTS * NET_CHAIN_MAX];
static uint32_t waiting_count;

static void take_output(void)
{
    while (waiting_count < SLOTS * NET_CHAIN_MAX && ring_get(&tx_filled, &waiting[waiting_count])) {
        waiting_count++;
    }
}

/* The oldest frame leaves, its slot is back, and what the peer answers is there at once. */
static void send_one(void)
{
    uint8_t frame[NET_FRAME_MAX];
    uint32_t length = 0, count = 0;
    bool more = true;
    while (more) {
        const struct net_desc *piece = &waiting[count++];
        const uint8_t *at = region_at(&net_client_config.regions[piece->region], piece->offset, piece->length);
        CHECK(at && length + piece->length <= sizeof(frame));
        memcpy(frame + length, at, piece->length);
        length += piece->length;
        more = piece->flags & NET_MORE;
    }
    CHECK(ring_put(&tx_free, &(struct net_desc){.cookie = waiting[count - 1].cookie}));
    waiting_count -= count;
    memmove(waiting, waiting + count, waiting_count * sizeof(*waiting));
    at_peer(frame, length);
    take_output();
}

/* A millisecond, in which the device reads so many frames. */
static void step(uint32_t rate)
{
    now += MS;
    fake_set_now_ns(now);
    if (now >= timer_page.deadline) {
        timer_page.deadline = ~0ull;
        fake_wake(FAKE_BIT(TIMER));
    }
    take_output();
    for (uint32_t i = 0; i < rate && waiting_count > 0; i++) {
        send_one();
    }
    if (ring_wake_consumer(&tx_free)) {
        fake_wake(FAKE_BIT(TX));
    }
    take_output();
}

static void steps(uint32_t count, uint32_t rate)
{
    for (uint32_t i = 0; i < count; i++) {
        step(rate);
    }
}

/* -- the cases -- */

static void open_clients(uint32_t count)
{
    memset(clients, 0, sizeof(clients));
    for (uint32_t i = 0; i < count; i++) {
        send_to_guest(i, SYN);
        while (!clients[i].pcb) {
            step(SLOTS);
        }
    }
    steps(10, SLOTS);
}

static void start_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        clients[i].moved_at = now;
        clients[i].silent = 0;
        write_more(&clients[i]);
    }
    pd_flush();
}

static void check_none_lost(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        CHECK_EQUAL(pcb->nrtx, 0);
        CHECK(pcb->cwnd > pcb->mss); /* what a timeout leaves */
    }
}

static void close_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        send_to_guest(i, RST);
        steps(1, SLOTS);
    }
    CHECK(!tcp_active_pcbs);
    steps(20000, SLOTS);
}

/* 20 clients, 16 frames per millisecond: each has its share, to within a turn of all. */
static void test_turns(void)
{
    uint32_t least, most, at = 0;
    open_clients(CLIENTS);
    start_all(CLIENTS);
    do {
        step(16);
        least = BODY, most = 0;
        for (uint32_t i = 0; i < CLIENTS; i++) {
            least = LWIP_MIN(least, clients[i].got);
            most = LWIP_MAX(most, clients[i].got);
        }
        CHECK(most - least <= 64 * TCP_MSS); /* a window is let in before the queue forms */
        check_none_lost();
        CHECK(++at < 5000);
    } while (least < BODY);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CHECK(clients[i].silent <= 30 * MS && clients[i].acknowledged <= BODY);
    }
    close_all(CLIENTS);
}

/* The device stands still for a minute. What it has and does not read may be taken for lost, once; who has not sent
 * waits, as if no time had passed. */
static void test_a_wait_is_no_loss(void)
{
    uint32_t waited = 0;
    open_clients(CLIENTS);
    start_all(CLIENTS);
    steps(60000, 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        const struct tcp_pcb *pcb = clients[i].pcb;
        CHECK(pcb->nrtx <= 1);
        waited += pcb->nrtx == 0 && pcb->cwnd > pcb->mss;
    }
    CHECK(waited >= CLIENTS - SLOTS / 3); /* the first window is three segments */
    stalled = true;
    close_all(CLIENTS);
    stalled = false;
}

/* What nobody sends again: an answer to ARP, and the resets of all connections. */
static void test_last_words(void)
{
    uint8_t arp[ARP_BYTES];
    struct ip_counters before, after;
    open_clients(MANY);
    start_all(MANY);
    take_output();
    uint32_t out = waiting_count, answers = arp_answers;
    put_arp_answer(arp);
    arp[21] = 1; /* asks */
    wire_deliver(arp, sizeof(arp));
    take_output();
    CHECK(waiting_count > out); /* at once */
    ip_counters(&before);
    for (uint32_t i = 0; i < MANY; i++) {
        tcp_abort(clients[i].pcb);
    }
    pd_flush();
    ip_counters(&after);
    uint64_t lost = after.lost_out - before.lost_out, arrived = 0;
    CHECK(lost > 0 && lost < MANY - KEPT);
    steps(100, SLOTS);
    CHECK_EQUAL(arp_answers, answers + 1);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK(clients[i].resets <= 1);
        arrived += clients[i].resets;
    }
    CHECK_EQUAL(arrived, MANY - lost);
    steps(20000, SLOTS);
}

/* Nothing of the former life is with the device. */
static void virtualiser_starts_anew(void)
{
    waiting_count = 0;
    fake_set_generation(2);
    ring_attach_consumer(&tx_filled, &net_client_config.tx_filled, 16);
    ring_attach_producer(&tx_free, &net_client_config.tx_free, 16);
    fake_set_generation(1);
    fake_wake(FAKE_BIT(TX));
    take_output();
}

static void count(void *context)
{
    ++*(uint32_t *)context;
}

/* The virtualiser is told when somebody waits for what is out, once, and then no more. */
static void test_who_is_in_a_hurry(void)
{
    uint32_t called = 0;
    open_clients(1);
    (void)fake_notified(TX);
    start_all(1);
    (void)fake_notified(TX);
    CHECK(ip_when_sent(count, &called));
    pd_flush();
    CHECK_EQUAL(fake_notified(TX), 0);
    for (int i = 0; i < 2; i++) {
        ip_hurry_sent();
        pd_flush();
        CHECK_EQUAL(fake_notified(TX), i == 0);
    }
    CHECK_EQUAL(called, 0);
    virtualiser_starts_anew();
    steps(10000, 0); /* what was lost is sent again */
    CHECK(called == 1 && ip_sends_from(content, sizeof(content)));
    (void)fake_notified(TX);
    CHECK(ip_when_sent(count, &called));
    ip_hurry_sent();
    pd_flush();
    CHECK_EQUAL(fake_notified(TX), 1); /* the new life does not know yet */
    stalled = true;
    steps(20000, SLOTS);
    CHECK_EQUAL(called, 2);
    stalled = false;
    close_all(1);
    (void)fake_notified(TX);
    ip_hurry_sent(); /* nothing is out */
    pd_flush();
    CHECK_EQUAL(fake_notified(TX), 0);
}

int main(void)
{
    wire_begin();
    init();
    take_output();
    uint8_t arp[ARP_BYTES];
    put_arp_answer(arp);
    wire_deliver(arp, sizeof(arp));
    steps(100, SLOTS);
    uint64_t at_rest = memory.taken - memory.given;
    test_turns();
    test_a_wait_is_no_loss();
    test_last_words();
    test_who_is_in_a_hurry();
    CHECK_EQUAL(memory.taken - memory.given, at_rest);
    CHECK(!ip_sends_from(content, sizeof(content)));
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    CHECK_EQUAL(fake_lost_deferred(), 0);
    return 0;
}

/* net_ip_packets.c: peers that hold as much of a stack's memory as they can, through net/ip with its own memory and
 * pools, and lwIP, on the host: data that the program does not take, segments out of order, answers that nobody reads.
 * Seen to: a new client's handshake, request and answer find memory, also when all is held; all of it comes back; who
 * reads late gets all its bytes.
 */
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "wire_stack.h"

#define BUFFERS 160
#define SMALL 864
#define CONNECTIONS 1216
#define SEGMENTS 1536
#define SLOTS 96
#define TABLES ((BUFFERS + SMALL) * IP_BUFFER_BYTES + SLOTS * IP_SLOT_BYTES)
#define MEMORY (0xa0000 + TABLES + IP_POOLS_BYTES + CONNECTIONS * IP_CONNECTION_BYTES + SEGMENTS * IP_SEGMENT_BYTES)
#define SLOW 900
#define PORT 80      /* the program keeps what it gets, but answers what begins with GET, COPY or FILE; KEEP: asks */
#define TOTAL 100000 /* bytes of COPY's and FILE's answers: copied, by reference */

static _Alignas(4096) uint8_t bytes[MEMORY];
WIRE_CARD(BUFFERS, SMALL, SLOTS, 1024);
const struct ip_config ip_config = {.hostname = "packets",
                                    .wait_for_start = true,
                                    .large_datagrams = true,
                                    .connections = CONNECTIONS,
                                    .segments = SEGMENTS,
                                    .memory = {.base = bytes, .size = sizeof(bytes)}};

static struct held {
    struct pbuf *data;
    uint32_t left; /* of an answer */
    bool copies;
} helds[4096]; /* by the peer's port, from 1000 */
static struct peer {
    uint32_t next, sequence; /* the guest's; ours */
    bool open, answered, reset;
    bool reads;      /* acknowledges what its window has room for */
    uint32_t window; /* what is left of it */
    uint32_t taken;
    bool kept, vanished; /* is asked whether it is there; is not */
    uint32_t probes;
} peers[4096];
static uint8_t content[TOTAL];
static uint32_t errors; /* so often the program was told that a connection has ended */

/* -- the program -- */

static void on_error(void *context, err_t error)
{
    struct held *held = context;
    errors++;
    if (held->data) {
        pbuf_free(held->data);
        held->data = NULL;
    }
}

static err_t on_poll(void *context, struct tcp_pcb *pcb);

/* As http/ does: what there is room for; no memory: again at the next poll, or acknowledgement. */
static void write_on(struct held *held, struct tcp_pcb *pcb)
{
    uint32_t room;
    while ((room = LWIP_MIN(held->left, ip_tcp_room(pcb, !held->copies))) > 0) {
        room = LWIP_MIN(room, 0xffff);
        uint8_t flags = held->copies ? TCP_WRITE_FLAG_COPY : 0;
        if (ip_tcp_write(pcb, content + TOTAL - held->left, (uint16_t)room, flags) != ERR_OK) {
            tcp_poll(pcb, on_poll, 1);
            break;
        }
        held->left -= room;
    }
    tcp_output(pcb);
}

static err_t on_poll(void *context, struct tcp_pcb *pcb)
{
    tcp_poll(pcb, NULL, 0);
    write_on(context, pcb);
    return ERR_OK;
}

static err_t on_acknowledged(void *context, struct tcp_pcb *pcb, u16_t count)
{
    write_on(context, pcb);
    return ERR_OK;
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct held *held = context;
    if (!p) {
        return ERR_OK;
    }
    if (memcmp(p->payload, "KEEP", 4) == 0) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        ip_set_option(pcb, SOF_KEEPALIVE);
        pcb->keep_idle = 60 * 1000;
        pcb->keep_intvl = 15 * 1000;
        pcb->keep_cnt = 4;
    } else if (memcmp(p->payload, "GET", 3) == 0) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        held->copies = true;
        held->left = 2 * TCP_MSS;
        write_on(held, pcb);
    } else if (memcmp(p->payload, "COPY", 4) == 0 || memcmp(p->payload, "FILE", 4) == 0) {
        held->copies = *(char *)p->payload == 'C';
        held->left = TOTAL;
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        write_on(held, pcb);
    } else if (held->data) {
        pbuf_cat(held->data, p);
    } else {
        held->data = p;
    }
    return ERR_OK;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    CHECK(pcb);
    struct held *held = &helds[pcb->remote_port - 1000];
    held->left = 0;
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, held);
    tcp_sent(pcb, on_acknowledged);
    tcp_recv(pcb, on_received);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

void init(void)
{
    wire_start(true, PORT, 128, on_accept);
}

/* -- the peers -- */

static void put_segment(uint32_t number, uint32_t sequence, uint8_t flags, const char *data, uint32_t length)
{
    uint8_t frame[NET_FRAME_MAX];
    const struct peer *peer = &peers[number];

    wire_deliver(frame, wire_segment(frame, &(struct segment){.port = 1000 + number,
                                                              .guest_port = PORT,
                                                              .number = sequence,
                                                              .acknowledged = peer->next,
                                                              .flags = flags,
                                                              .window = peer->reads ? peer->window : 0xffff,
                                                              .data = data,
                                                              .length = length}));
}

/* A reader takes what is next and has room, and acknowledges each segment. */
static void take_data(uint32_t number, uint32_t sequence, uint32_t payload)
{
    struct peer *peer = &peers[number];
    if (sequence == peer->next && payload <= peer->window) {
        peer->next += payload;
        peer->window -= payload;
        peer->taken += payload;
    }
    put_segment(number, peer->sequence, ACK, "", 0);
}

void at_peer(const uint8_t *frame, uint32_t length)
{
    if (wire_answers_arp(frame)) {
        return;
    }
    uint32_t number = get16(frame + 36) - 1000, payload = get16(frame + 16) - 20 - (frame[46] >> 4) * 4u;
    struct peer *peer = &peers[number];
    if (peer->kept && payload == 0 && get32(frame + 38) == peer->next - 1) {
        peer->probes++;
        if (!peer->vanished) {
            put_segment(number, peer->sequence, ACK, "", 0);
        }
        return;
    }
    peer->open |= frame[47] == (SYN | ACK);
    peer->reset |= (frame[47] & RST) != 0;
    peer->answered |= payload > 0;
    if (!peer->reads || frame[47] & SYN) {
        peer->next = get32(frame + 38) + payload + !!(frame[47] & SYN);
    } else if (payload > 0 && !peer->reset) {
        take_data(number, get32(frame + 38), payload);
    }
}

static void send_segment(uint32_t number, uint32_t sequence, uint8_t flags, const char *data, uint32_t length)
{
    put_segment(number, sequence, flags, data, length);
    wire_take();
}

static void open(uint32_t number)
{
    peers[number] = (struct peer){.sequence = 101};
    send_segment(number, 100, SYN, "", 0);
    CHECK(peers[number].open);
    send_segment(number, 101, ACK, "", 0);
}

/* A new client, which sends its request again as TCP does. */
static void visit(uint32_t number)
{
    static const char request[300] = "GET ";
    open(number);
    for (int tries = 0; tries < 3 && !peers[number].answered; tries++) {
        send_segment(number, 101, ACK | PSH, request, sizeof(request));
        wire_pass(S / 4);
    }
    CHECK(peers[number].answered);
    send_segment(number, 101 + sizeof(request), RST, "", 0);
}

static void end(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        send_segment(i, peers[i].sequence, RST, "", 0);
        wire_pass(MS);
    }
    CHECK(!tcp_active_pcbs);
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    CHECK_EQUAL(ring_count(&rx_small), SMALL);
}

/* -- the cases -- */

static uint32_t count_reset(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < SLOW; i++) {
        count += peers[i].reset;
    }
    return count;
}

static void hold(uint32_t count, uint32_t rounds, uint32_t length)
{
    static const char data[1460] = "xxxxxxxx";
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < count; i++) {
            if (!peers[i].reset) {
                send_segment(i, peers[i].sequence, ACK | PSH, data, length);
                struct tcp_pcb *pcb = tcp_active_pcbs;
                while (pcb && pcb->remote_port != 1000 + i) {
                    pcb = pcb->next;
                }
                peers[i].sequence = pcb ? pcb->rcv_nxt : peers[i].sequence;
            }
        }
        wire_pass(S);
    }
}

static void test_data_that_nobody_takes(uint32_t count, uint32_t rounds, uint32_t length)
{
    for (uint32_t i = 0; i < count; i++) {
        open(i);
    }
    hold(count, rounds, length);
    for (uint32_t i = 0; i < 30; i++) {
        visit(3000 + i);
    }
    CHECK(count_reset() <= 60 + 10 * rounds); /* ten a second */
    end(count);
}

static void test_out_of_order(void)
{
    static const char data[1460];
    for (uint32_t i = 0; i < 40; i++) {
        open(i);
    }
    for (uint32_t gap = 0; gap < 64; gap++) {
        for (uint32_t i = 0; i < 40; i++) {
            send_segment(i, 101 + 10 + 1400 * gap, ACK, data, gap % 2 ? 1400 : 1);
        }
    }
    for (uint32_t i = 0; i < 30; i++) {
        visit(3000 + i);
    }
    CHECK_EQUAL(count_reset(), 0);
    end(40);
}

/* Peers with a window that ask for an answer, and read no more than it. */
static void ask(uint32_t first, uint32_t count, const char *request, uint32_t window)
{
    for (uint32_t i = first; i < first + count; i++) {
        open(i);
        peers[i].reads = true;
        peers[i].window = window;
        send_segment(i, 101, ACK | PSH, request, 300);
        peers[i].sequence = 401;
        wire_pass(10 * MS);
    }
}

static void read_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (peers[i].taken < TOTAL && !peers[i].reset) {
            uint32_t before = peers[i].taken;
            peers[i].window = 0xffff;
            send_segment(i, peers[i].sequence, ACK, "", 0);
            for (int tries = 0; tries < 10 && peers[i].taken == before; tries++) {
                wire_pass(S / 4);
            }
            CHECK(peers[i].taken > before);
        }
    }
}

/* Slow ones of both kinds, none of whom is reset. */
static void test_answers_that_nobody_reads(uint32_t copied, uint32_t files)
{
    static const char copy[300] = "COPY", file[300] = "FILE";
    ask(0, copied, copy, 20000);
    ask(copied, files, file, 20000);
    wire_pass(2 * S);
    for (uint32_t i = 0; i < 50; i++) {
        visit(3000 + i);
    }
    read_all(copied + files);
    CHECK_EQUAL(count_reset(), 0);
    end(copied + files);
}

/* Peers that ask, and are never heard of again: what they are sent is held until they are given up. */
static void test_peers_that_vanish(uint32_t count)
{
    static const char copy[300] = "COPY";
    for (uint32_t i = 0; i < count; i++) {
        open(i);
        send_segment(i, 101, ACK | PSH, copy, sizeof(copy));
        peers[i].sequence = 401;
    }
    wire_pass(5 * S);
    for (uint32_t i = 0; i < 50; i++) {
        visit(3000 + i);
    }
    CHECK(count_reset() > 0);
    end(count);
}

/* A connection on which nobody says anything (a WebSocket): as long as the peer's TCP answers it stays, a day or more;
 * one that has vanished without a FIN is gone in two minutes, and the program hears of it. */
static void test_asked_whether_there(void)
{
    static const char keep[30] = "KEEP";
    for (uint32_t i = 0; i < 3; i++) {
        open(i);
        send_segment(i, 101, ACK | PSH, i == 0 ? "" : keep, i == 0 ? 0 : sizeof(keep));
        peers[i].sequence = i == 0 ? 101 : 101 + sizeof(keep);
        wire_pass(S);
        peers[i].kept = true;
    }
    errors = 0;
    wire_pass(24 * 3600 * S);
    CHECK_EQUAL(errors, 0);
    CHECK(peers[1].probes >= 24 * 3600 / 65 - 1 && peers[1].probes <= 24 * 60);
    CHECK_EQUAL(peers[0].probes, 0); /* nobody wanted that */
    peers[0].vanished = peers[1].vanished = true;
    peers[1].probes = 0;
    wire_pass(50 * S); /* four times 15 at least; up to 60 s of silence have passed already */
    CHECK_EQUAL(errors, 0);
    wire_pass(75 * S); /* 60 of silence, four times 15, and the slow timer's 5 */
    CHECK_EQUAL(errors, 1);
    CHECK(peers[1].probes >= 3 && peers[1].probes <= 5);
    wire_pass(24 * 3600 * S);
    CHECK_EQUAL(errors, 1);
    end(3);
}

int main(void)
{
    wire_begin();
    init();
    wire_take();
    visit(3999);
    test_data_that_nobody_takes(20, 40, 1460); /* windows full of it */
    memset(peers, 0, sizeof(peers));
    test_data_that_nobody_takes(SLOW, 2, 23); /* beginnings of requests */
    memset(peers, 0, sizeof(peers));
    test_data_that_nobody_takes(SLOW, 2, 1);
    memset(peers, 0, sizeof(peers));
    test_out_of_order();
    memset(peers, 0, sizeof(peers));
    test_answers_that_nobody_reads(150, 350);
    memset(peers, 0, sizeof(peers));
    test_answers_that_nobody_reads(0, 500);
    memset(peers, 0, sizeof(peers));
    test_peers_that_vanish(600);
    memset(peers, 0, sizeof(peers));
    test_asked_whether_there();
    return 0;
}

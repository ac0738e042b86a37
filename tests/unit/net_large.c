/* net_large.c: streams of bytes through net/ip and lwIP, in segments that the device cuts (net/ip/large.c), to peers that
 * lose, delay, and close their windows. On the host, under the address sanitizer. Seeds are fixed: a failure repeats.
 *
 * The program under test writes as http/ does: heads by copy, bodies by reference from a transmit region, as
 * ip_tcp_room() allows. The test is the timer driver, the device, which cuts and checks what it is given, the wire, and
 * one TCP receiver for each size of segment.
 * Seen to: each byte arrives, once and in order, then the end; no connection is quiet when nothing is lost any more; no
 * segment on the wire is larger than its peer takes, or lies beyond its window; what is made is at most half of a window;
 * a timeout sends one segment; what the device reads is known to be read; all memory comes back.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_microkit.h"
#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "timer/client.h"

#define SEEDS 240
#define STREAMS 4
#define BYTES (600 * 1024) /* of a stream, and up to 64 KB more */
#define ROOM (BYTES + 0x10000)
#define TIMER 1
#define RX 2
#define TX 3
#define BUFFERS 512
#define SLOTS 96
#define PACKETS 4096
#define MS 1000000ull
#define S (1000 * MS)
#define LARGEST 64240 /* of a segment */
#define HEADERS 54
#define PORT 80
#define ISS 1000 /* the peers' */

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static _Alignas(4096) uint8_t buffers[BUFFERS * NET_BUFFER_SIZE];
static _Alignas(4096) uint8_t slots[SLOTS * NET_BUFFER_SIZE];
static _Alignas(4096) uint8_t content[0x40000];
static struct net_device device = {.offloads = NET_CHECKSUM | NET_LARGE};
static _Alignas(64) uint8_t rings[4][RING_BYTES(2048, 16)];

#define RING(i) {.shared = rings[i], .capacity = 2048}

const struct net_client_config net_client_config = {
    .mac = {0x52, 0x54, 1, 0, 0, 0x20},
    .rx_channel = RX,
    .tx_channel = TX,
    .rx_buffers = {.base = buffers, .size = sizeof buffers},
    .rx_buffer_count = BUFFERS,
    .device = &device,
    .region_count = 2,
    .regions = {{.base = slots, .size = sizeof slots}, {.base = content, .size = sizeof content}},
    .rx_free = RING(0),
    .rx_filled = RING(1),
    .tx_filled = RING(2),
    .tx_free = RING(3),
};
const struct ip_config ip_config = {.hostname = "large", .wait_for_start = true};
const struct timer_client_config timer_client_config = {.channel = TIMER};

/* What goes wrong. Ratios are one in so many, 0: never. */
static struct weather {
    uint32_t data_lost, acks_lost, bursts, outages, reordered, addresses_lost;
    bool window_games, memory_fails, short_streams;
} weather;
static const struct weather weathers[] = {
    {0},
    {.data_lost = 60, .reordered = 40},
    {.data_lost = 300, .acks_lost = 5, .bursts = 250},
    {.outages = 300, .acks_lost = 20},
    {.window_games = true, .data_lost = 400},
    {.memory_fails = true, .data_lost = 200, .outages = 600},
    {.data_lost = 150, .acks_lost = 20, .bursts = 600, .outages = 900, .reordered = 30, .addresses_lost = 800,
     .window_games = true, .memory_fails = true},
    {.short_streams = true, .window_games = true, .memory_fails = true},
};
static bool fair; /* the weather, from the first */

struct stream {
    /* the peer */
    uint16_t port, mss;
    uint32_t scale;
    bool open, ended, gone; /* ended: has all and the end; gone: the end is acknowledged both ways */
    uint32_t initial;       /* the guest's sequence number of the first byte; positions are relative to it */
    uint32_t next;          /* position: all before it has arrived */
    uint32_t read, edge;    /* its program has read so much; so far its window was announced */
    uint32_t buffer;        /* bytes that it takes */
    uint32_t end;           /* position of FIN, 0: not seen */
    uint32_t pending;       /* segments that no acknowledgement was sent for */
    uint64_t acknowledge_at, read_at, end_at;
    uint64_t moved_at; /* last time anything new came */
    uint8_t got[ROOM];
    /* the program */
    struct tcp_pcb *pcb; /* NULL: closed */
    const uint8_t *from;
    uint32_t left, written, acknowledged, goal;
    uint32_t crumbs; /* small pieces still to be written, one by one */
    uint8_t flags, head[1400];
    uint8_t bytes[ROOM];
    /* what is watched */
    bool timed_out;  /* nothing has come in since */
    uint32_t limit;  /* the sequence number up to which may be sent then */
};
static struct stream streams[STREAMS];
static const uint16_t sizes[STREAMS] = {1460, 1400, 536, 300};
static uint64_t cuts, timeouts;

/* -- randomness -- */

static uint64_t random_state;

static uint32_t noise(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static bool one_in(uint32_t n)
{
    return n > 0 && noise() % n == 0;
}

static uint32_t between(uint32_t least, uint32_t most)
{
    return least + noise() % (most - least + 1);
}

/* -- memory: malloc, which fails at times -- */

static struct {
    uint64_t taken, given;
    uint32_t fails; /* one in so many */
} memory;

void memory_init(const struct ip_config *config) {}

uint64_t memory_failures(void)
{
    return 0;
}

uint32_t memory_send_share(void)
{
    return memory.fails && one_in(3) ? 2 * TCP_MSS : 44 * TCP_MSS;
}

bool memory_for_received(uint32_t length)
{
    return true;
}

void *ip_memory_take(size_t size)
{
    if (one_in(memory.fails)) {
        return NULL;
    }
    memory.taken++;
    return malloc(size + 1); /* net_ip_storm.c says why one more */
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

/* -- bytes -- */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static uint32_t sum16(const uint8_t *data, size_t length, uint32_t sum)
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

static uint32_t pseudo_sum(const uint8_t *ip, uint32_t length)
{
    return sum16(ip + 12, 8, ip[9] + length);
}

/* -- the program -- */

static struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    struct tcp_seg *last = pcb->unsent;
    while (last && last->next) {
        last = last->next;
    }
    return last;
}

static uint32_t sequence_of(const struct tcp_seg *seg)
{
    return lwip_ntohl(seg->tcphdr->seqno);
}

/* Of what was made since `before` was the last one, of `length` bytes. */
static void check_made(const struct stream *s, const struct tcp_seg *before, uint32_t length)
{
    uint32_t half = LWIP_MIN(s->pcb->cwnd, s->pcb->snd_wnd) / 2;
    bool small = !(device.offloads & NET_LARGE) || s->mss < NET_SEGMENT_MIN || half < s->mss;
    uint32_t most = small ? s->mss : LWIP_MIN(half, LARGEST);
    for (const struct tcp_seg *seg = before ? before : s->pcb->unsent; seg; seg = seg->next) {
        CHECK(seg->len <= most || (seg == before && seg->len <= length));
        CHECK(seg->len <= s->mss || !(s->flags & TCP_WRITE_FLAG_COPY) || seg == before);
    }
}

static err_t write_some(struct stream *s, uint32_t count)
{
    struct tcp_seg *last = last_unsent(s->pcb);
    uint32_t length = last ? last->len : 0;
    err_t result = ip_tcp_write(s->pcb, s->from, (uint16_t)count, s->flags);
    check_made(s, last, length);
    if (result == ERR_OK) {
        memcpy(s->bytes + s->written, s->from, count);
        s->written += count;
        s->from += count;
        s->left -= count;
    }
    return result;
}

static void choose_piece(struct stream *s)
{
    if (s->crumbs == 0 && one_in(3)) {
        s->left = between(20, one_in(2) ? 300 : sizeof s->head);
        s->flags = TCP_WRITE_FLAG_COPY | (one_in(4) ? 0 : TCP_WRITE_FLAG_MORE);
        s->from = s->head;
        for (uint32_t i = 0; i < s->left; i++) {
            s->head[i] = (uint8_t)noise();
        }
        return;
    }
    s->crumbs = s->crumbs > 0 ? s->crumbs - 1 : one_in(40) ? 40 : 0;
    if (s->crumbs > 0) {
        s->left = between(1, 400);
        s->flags = 0;
        s->from = content + noise() % (sizeof content - 0x10000);
        return;
    }
    bool goes_on = one_in(2) && s->from >= content && s->from < content + sizeof content - 0x10000;
    s->left = one_in(5) ? between(1, 20) : one_in(3) ? between(1, 3000) : between(1, 0x10000);
    s->flags = one_in(2) ? TCP_WRITE_FLAG_MORE : 0;
    s->from = goes_on ? s->from : content + noise() % (sizeof content - 0x10000);
}

static err_t on_poll(void *context, struct tcp_pcb *pcb);

static void close_stream(struct stream *s)
{
    struct tcp_pcb *pcb = s->pcb;
    s->pcb = NULL;
    if (tcp_close(pcb) != ERR_OK) {
        s->pcb = pcb;
        tcp_poll(pcb, on_poll, 1);
    } else {
        tcp_poll(pcb, NULL, 0);
    }
}

static err_t go_on(struct stream *s)
{
    while (s->pcb) {
        if (s->left == 0 && s->written >= s->goal) {
            close_stream(s);
            return ERR_OK;
        }
        if (s->left == 0) {
            choose_piece(s);
        }
        bool copies = s->flags & TCP_WRITE_FLAG_COPY;
        uint32_t room = tcp_sndqueuelen(s->pcb) + 8 > TCP_SND_QUEUELEN ? 0 : ip_tcp_room(s->pcb, !copies);
        uint32_t count = LWIP_MIN(LWIP_MIN(room, s->left), UINT16_MAX);
        if (count == 0 || (copies && count < s->left)) {
            break;
        }
        if (write_some(s, count) != ERR_OK) {
            tcp_poll(s->pcb, on_poll, 1);
            break;
        }
    }
    return s->pcb ? tcp_output(s->pcb), ERR_OK : ERR_OK;
}

static err_t on_poll(void *context, struct tcp_pcb *pcb)
{
    tcp_poll(pcb, NULL, 0);
    return go_on(context);
}

static err_t on_acknowledged(void *context, struct tcp_pcb *pcb, u16_t length)
{
    struct stream *s = context;
    s->acknowledged += length;
    CHECK(s->acknowledged <= s->written);
    return go_on(s);
}

static void on_error(void *context, err_t error)
{
    CHECK(!"the connection is kept");
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    CHECK(!p);
    return ERR_OK;
}

static err_t on_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    CHECK(pcb);
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->port == pcb->remote_port) {
            s->pcb = pcb;
            tcp_arg(pcb, s);
        }
    }
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_acknowledged);
    tcp_err(pcb, on_error);
    return go_on(pcb->callback_arg);
}

void init(void)
{
    ip4_addr_t address, mask, gateway;
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    netif_set_addr(netif_default, &address, &mask, &gateway);
    struct tcp_pcb *pcb = tcp_new();
    CHECK(pcb && tcp_bind(pcb, IP_ADDR_ANY, PORT) == ERR_OK);
    pcb = tcp_listen_with_backlog(pcb, 8);
    tcp_accept(pcb, on_accept);
    pd_flush();
}

/* -- the wire -- */

static struct ring rx_free, rx_filled, tx_filled, tx_free;
static const uint8_t host_mac[6] = {0x52, 0x54, 0, 0, 0, 2};
static const uint8_t host_ip[4] = {10, 0, 2, 2}, guest_ip[4] = {10, 0, 2, 15};
static uint64_t now = 1000 * MS, deadline = ~0ull;
static uint64_t dark_until, deaf_until; /* nothing reaches the peers; nothing comes from them */
static uint32_t burst;                  /* segments still to be lost, */
static uint64_t burst_until;
static uint64_t delay;                  /* one way */

static struct packet {
    uint64_t due;
    bool to_guest;
    uint16_t length;
    uint8_t bytes[NET_FRAME_MAX];
} *packets[PACKETS]; /* by `due` */
static uint32_t packet_count;

static void travel(const uint8_t *frame, uint32_t length, bool to_guest, uint64_t time)
{
    struct packet *packet = malloc(sizeof *packet);
    CHECK(packet && packet_count < PACKETS && length <= sizeof packet->bytes);
    *packet = (struct packet){.due = now + time, .to_guest = to_guest, .length = (uint16_t)length};
    memcpy(packet->bytes, frame, length);
    uint32_t at = packet_count++;
    for (; at > 0 && packets[at - 1]->due > packet->due; at--) {
        packets[at] = packets[at - 1];
    }
    packets[at] = packet;
}

static bool lost_to_peer(void)
{
    if (fair) {
        return false;
    }
    if (one_in(weather.outages)) {
        *(one_in(2) ? &dark_until : &deaf_until) = now + between(200, 4000) * MS;
    }
    if (burst > 0 && now < burst_until) {
        burst--;
        return true;
    }
    if (one_in(weather.bursts)) {
        burst = between(1, 40);
        burst_until = now + 100 * MS;
    }
    return now < dark_until || one_in(weather.data_lost);
}

static void to_peer(const uint8_t *frame, uint32_t length)
{
    if (!lost_to_peer()) {
        travel(frame, length, false, delay + (!fair && one_in(weather.reordered) ? noise() % 20 * MS : 0));
    }
}

/* -- a peer -- */

static void send_to_guest(struct stream *s, uint32_t sequence, uint8_t flags)
{
    uint8_t frame[HEADERS + 8] = {0}, *ip = frame + 14, *tcp = frame + 34;
    uint32_t options = flags & SYN ? 8 : 0, edge = s->read + s->buffer;
    s->edge = edge > s->edge ? edge : s->edge;
    memcpy(frame, net_client_config.mac, 6);
    memcpy(frame + 6, host_mac, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, 40 + options);
    ip[8] = 64;
    ip[9] = 6;
    memcpy(ip + 12, host_ip, 4);
    memcpy(ip + 16, guest_ip, 4);
    put16(ip + 10, ~sum16(ip, 20, 0));
    put16(tcp, s->port);
    put16(tcp + 2, PORT);
    put32(tcp + 4, sequence);
    put32(tcp + 8, s->initial + s->next + s->ended);
    tcp[12] = (uint8_t)((20 + options) / 4 << 4);
    tcp[13] = flags;
    uint32_t window = (s->edge - s->next + (1u << s->scale) - 1) >> s->scale;
    put16(tcp + 14, flags & SYN ? LWIP_MIN(s->buffer, 0xffff) : window);
    memcpy(tcp + 20, (uint8_t[]){2, 4, (uint8_t)(s->mss >> 8), (uint8_t)s->mss, 1, 3, 3, (uint8_t)s->scale}, options);
    s->edge = s->next + (window << s->scale);
    s->pending = 0;
    s->acknowledge_at = ~0ull;
    if (flags & SYN || fair || !(now < deaf_until || one_in(weather.acks_lost))) {
        travel(frame, HEADERS + options, true, delay);
    }
}

static void acknowledge(struct stream *s)
{
    send_to_guest(s, ISS + 1 + s->gone, ACK);
}

static void read_some(struct stream *s)
{
    bool plays = weather.window_games && !fair;
    uint32_t here = s->next - s->read, count = plays ? LWIP_MIN(here, between(1, one_in(4) ? 30000 : 4000)) : here;
    s->read += count;
    s->read_at = now + (plays ? between(1, one_in(10) ? 3000 : 100) : 1) * MS;
    if (count > 0 && s->read + s->buffer - s->edge >= (plays ? 1u : s->buffer / 4)) {
        acknowledge(s);
    }
}

static bool take_new(struct stream *s, uint32_t from, uint32_t length)
{
    uint32_t before = s->next;
    memset(s->got + from, 1, length);
    while (s->next < s->written && s->got[s->next]) {
        s->next++;
    }
    bool ends = !s->ended && s->end && s->next == s->end;
    s->ended |= ends;
    if (s->next != before || ends) {
        s->moved_at = now;
    }
    return s->next == from + length && s->next > before && !ends; /* in order, and no hole was filled */
}

static void take_segment(struct stream *s, const uint8_t *tcp, uint32_t length, const uint8_t *data)
{
    uint32_t from = get32(tcp + 4) - s->initial;
    s->gone |= s->ended && get32(tcp + 8) == ISS + 2;
    if (length == 0 && !(tcp[13] & FIN)) {
        return;
    }
    CHECK(length <= s->mss);
    CHECK(from <= s->written && from + length <= s->written && memcmp(s->bytes + from, data, length) == 0);
    CHECK(from + length <= s->edge || (length == 1 && from <= s->edge)); /* a window probe */
    if (tcp[13] & FIN) {
        CHECK(from + length == s->written && s->written >= s->goal && !s->pcb);
        s->end = s->written;
    }
    bool in_part = length > 0 && !fair && weather.window_games && one_in(30); /* as when buffers are short there */
    bool in_order = take_new(s, from, from + length > s->edge ? 0 : in_part ? between(1, length) : length);
    s->pending++;
    if (!in_order || s->pending >= (one_in(4) ? 8 : 2)) {
        acknowledge(s);
    } else if (s->acknowledge_at == ~0ull) {
        s->acknowledge_at = now + 40 * MS;
    }
}

static void at_peer(const uint8_t *frame, uint32_t length)
{
    const uint8_t *ip = frame + 14, *tcp = frame + 34;
    uint32_t size = get16(ip + 2) - 20, header = (tcp[12] >> 4) * 4u;
    CHECK(ip[0] == 0x45 && ip[9] == 6 && size + 34 == length && length <= NET_FRAME_MAX);
    CHECK(header >= 20 && header <= size);
    CHECK_EQUAL(sum16(ip, 20, 0), 0xffff);
    CHECK_EQUAL(sum16(tcp, size, pseudo_sum(ip, size)), 0xffff);
    CHECK(!(tcp[13] & RST));
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->port == get16(tcp + 2) && tcp[13] & SYN) {
            s->initial = get32(tcp + 4) + 1;
            s->open = true;
            acknowledge(s);
        } else if (s->port == get16(tcp + 2)) {
            take_segment(s, tcp, size - header, tcp + header);
        }
    }
}

static void peers_go_on(void)
{
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->open && !s->ended && now >= s->read_at) {
            read_some(s);
        }
        if (s->open && now >= s->acknowledge_at) {
            acknowledge(s);
        }
        if (s->ended && !s->gone && now >= s->end_at) {
            send_to_guest(s, ISS + 1, FIN | ACK);
            s->end_at = now + 300 * MS;
        }
    }
}

/* -- the device -- */

static struct frame {
    uint32_t cookie, count;
    struct {
        const uint8_t *at;
        uint16_t length;
    } pieces[NET_CHAIN_MAX];
} out[SLOTS];
static uint32_t out_count;
static uint64_t address_at = ~0ull; /* when the guest is told our hardware address */

static const struct tcp_pcb *pcb_of(const struct stream *s)
{
    const struct tcp_pcb *pcb = tcp_active_pcbs;
    while (pcb && pcb->remote_port != s->port) {
        pcb = pcb->next;
    }
    return pcb;
}

/* RFC 5681 3.1: after a timeout the window is one segment. */
static void check_timed_out(const uint8_t *tcp, uint32_t payload)
{
    for (struct stream *s = streams; s < streams + STREAMS; s++) {
        if (s->port == get16(tcp + 2) && s->timed_out) {
            CHECK((int32_t)(s->limit - (get32(tcp + 4) + payload)) >= 0);
        }
    }
}

/* `segment`: bytes of payload of each, 0: the frame is one already. */
static void cut(uint8_t *frame, uint32_t length, uint32_t segment)
{
    uint8_t wire[NET_FRAME_MAX], *ip = wire + 14, *tcp = wire + 34;
    uint32_t payload = length - HEADERS, flags = frame[47];
    CHECK(segment >= NET_SEGMENT_MIN && payload > segment && (frame[46] >> 4) == 5 && !(flags & (SYN | RST)));
    for (uint32_t at = 0; at < payload; at += segment) {
        uint32_t count = LWIP_MIN(segment, payload - at), last = at + count == payload;
        CHECK(HEADERS + count <= sizeof wire);
        memcpy(wire, frame, HEADERS);
        memcpy(wire + HEADERS, frame + HEADERS + at, count);
        put16(ip + 2, 40 + count);
        put16(ip + 4, get16(ip + 4) + at / segment);
        put16(ip + 10, 0);
        put16(ip + 10, ~sum16(ip, 20, 0));
        put32(tcp + 4, get32(tcp + 4) + at);
        tcp[13] = (uint8_t)(last ? flags : flags & ~(uint32_t)(PSH | FIN));
        put16(tcp + 16, 0);
        put16(tcp + 16, ~sum16(tcp, 20 + count, pseudo_sum(ip, 20 + count)));
        to_peer(wire, HEADERS + count);
    }
    cuts++;
}

static void at_device(uint8_t *frame, uint32_t length, const struct net_desc *first)
{
    uint8_t *ip = frame + 14, *tcp = frame + 34;
    CHECK(memcmp(frame + 6, net_client_config.mac, 6) == 0);
    if (get16(frame + 12) == 0x0806) {
        address_at = frame[21] == 1 && address_at == ~0ull ? now + (fair ? 1 : between(1, 60)) * MS : address_at;
        return;
    }
    uint32_t size = get16(ip + 2) - 20, header = (tcp[12] >> 4) * 4u;
    CHECK(get16(frame + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == 6 && size == length - 34);
    CHECK(first->flags & NET_CHECKSUM);
    CHECK_EQUAL(sum16(ip, 20, 0), 0xffff);
    CHECK_EQUAL(get16(tcp + NET_CHECKSUM_OFFSET), pseudo_sum(ip, size));
    check_timed_out(tcp, size - header);
    if (first->flags & NET_LARGE) {
        cut(frame, length, first->segment);
        return;
    }
    CHECK(length <= NET_FRAME_MAX);
    put16(tcp + NET_CHECKSUM_OFFSET, ~sum16(tcp, size, 0));
    to_peer(frame, length);
}

static void take_output(void)
{
    static uint8_t frame[NET_LARGE_MAX];
    uint32_t length = 0;
    struct net_desc piece, first = {0};
    struct frame *f = &out[out_count];
    while (ring_get(&tx_filled, &piece)) {
        if (length == 0) {
            CHECK(out_count < SLOTS);
            f = &out[out_count];
            f->count = 0;
            first = piece;
        }
        const uint8_t *at = region_at(&net_client_config.regions[piece.region], piece.offset, piece.length);
        CHECK(at && piece.length > 0 && length + piece.length <= sizeof frame && f->count < NET_CHAIN_MAX);
        f->pieces[f->count].at = at;
        f->pieces[f->count++].length = piece.region == 0 ? 0 : piece.length;
        memcpy(frame + length, at, piece.length);
        length += piece.length;
        if (!(piece.flags & NET_MORE)) {
            f->cookie = piece.cookie;
            out_count++;
            at_device(frame, length, &first);
            length = 0;
        }
    }
    CHECK_EQUAL(length, 0);
}

static void return_output(uint32_t keep)
{
    while (out_count > keep) {
        struct frame *f = &out[--out_count];
        for (uint32_t i = 0; i < f->count; i++) {
            CHECK(f->pieces[i].length == 0 || (ip_sends_from(f->pieces[i].at, 1)
                  && ip_sends_from(f->pieces[i].at + f->pieces[i].length - 1, 1)));
        }
        CHECK(ring_put(&tx_free, &(struct net_desc){.cookie = f->cookie}));
    }
    if (ring_wake_consumer(&tx_free)) {
        fake_wake(FAKE_BIT(TX));
    }
}

/* -- time -- */

static microkit_msginfo on_ppcall(microkit_channel channel, microkit_msginfo info)
{
    CHECK_EQUAL(channel, TIMER);
    deadline = microkit_mr_get(0);
    return microkit_msginfo_new(0, 0);
}

static void put_in(const uint8_t *frame, uint32_t length)
{
    struct net_desc desc;
    if (ring_get(&rx_free, &desc)) {
        memcpy(buffers + desc.offset, frame, length);
        desc.length = (uint16_t)length;
        desc.flags = NET_CHECKED;
        CHECK(ring_put(&rx_filled, &desc));
    }
}

/* RFC 826. */
static void tell_address(void)
{
    uint8_t arp[42];
    memcpy(arp, net_client_config.mac, 6);
    memcpy(arp + 6, host_mac, 6);
    memcpy(arp + 12, (uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 10);
    memcpy(arp + 22, host_mac, 6);
    memcpy(arp + 28, host_ip, 4);
    memcpy(arp + 32, net_client_config.mac, 6);
    memcpy(arp + 38, guest_ip, 4);
    put_in(arp, sizeof arp);
    address_at = ~0ull;
}

static void ring_timer(void)
{
    uint8_t before[STREAMS];
    const struct tcp_pcb *pcb;
    take_output();
    for (int i = 0; i < STREAMS; i++) {
        pcb = pcb_of(&streams[i]);
        before[i] = pcb ? pcb->nrtx : 0xff;
    }
    deadline = ~0ull;
    fake_wake(FAKE_BIT(TIMER));
    for (int i = 0; i < STREAMS; i++) {
        pcb = pcb_of(&streams[i]);
        if (pcb && pcb->nrtx > before[i] && pcb->flags & TF_RTO) {
            streams[i].timed_out = true;
            streams[i].limit = pcb->lastack + pcb->mss;
            timeouts++;
        }
    }
    take_output();
}

static void arrive(void)
{
    bool wakes = false;
    while (packet_count > 0 && packets[0]->due <= now) {
        struct packet *packet = packets[0];
        memmove(packets, packets + 1, --packet_count * sizeof *packets);
        if (!packet->to_guest) {
            at_peer(packet->bytes, packet->length);
        } else {
            put_in(packet->bytes, packet->length);
            wakes = true;
            for (struct stream *s = streams; s < streams + STREAMS; s++) {
                s->timed_out = s->timed_out && get16(packet->bytes + 34) != s->port;
            }
        }
        free(packet);
    }
    if (now >= address_at) {
        tell_address();
        wakes = true;
    }
    if (wakes) {
        fake_wake(FAKE_BIT(RX));
    }
}

static void step(uint64_t ns)
{
    now += ns;
    fake_set_now_ns(now);
    if (now >= deadline) {
        ring_timer();
    }
    arrive();
    peers_go_on();
    if (!fair && one_in(weather.addresses_lost)) {
        etharp_cleanup_netif(netif_default);
    }
    if (weather.memory_fails) {
        uint64_t second = now / S % 12;
        memory.fails = fair || second < 2 ? 0 : second < 5 ? 1 : second < 8 ? 2 : 10;
    }
    take_output();
    return_output(fair || one_in(3) ? 0 : noise() % SLOTS);
}

/* -- the course of a run -- */

static void boot(void)
{
    for (uint32_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)noise();
    }
    fake_reset();
    fake_set_now_ns(now);
    fake_on_ppcall(on_ppcall);
    ring_attach_consumer(&rx_free, &net_client_config.rx_free, 16);
    ring_attach_producer(&rx_filled, &net_client_config.rx_filled, 16);
    ring_attach_consumer(&tx_filled, &net_client_config.tx_filled, 16);
    ring_attach_producer(&tx_free, &net_client_config.tx_free, 16);
    init();
    fair = true;
    for (int i = 0; i < 100; i++) {
        step(10 * MS);
    }
}

static void connect_all(void)
{
    for (int i = 0; i < STREAMS; i++) {
        struct stream *s = &streams[i];
        *s = (struct stream){.port = (uint16_t)(40000 + i), .mss = sizes[i], .acknowledge_at = ~0ull};
        s->goal = weather.short_streams ? between(1, 20000) : BYTES;
        s->scale = one_in(3) ? 0 : 7;
        s->buffer = one_in(4) ? between(3000, 20000) : s->scale ? between(100000, 500000) : 65535;
        if (!weather.window_games) {
            s->buffer = LWIP_MAX(s->buffer, 60000);
        }
        send_to_guest(s, ISS, SYN);
        while (!s->open) {
            step(MS);
        }
    }
}

static bool all_ended(void)
{
    for (int i = 0; i < STREAMS; i++) {
        if (!streams[i].ended) {
            return false;
        }
    }
    return true;
}

/* How long nothing may be seen of a stream, when all that was lost before may need a timeout. */
static uint64_t patience(const struct stream *s, uint64_t since)
{
    const struct tcp_pcb *pcb = pcb_of(s);
    return s->moved_at >= since ? 4 * S : (pcb ? pcb->rto : 2) * 500 * MS + 4 * S;
}

static void end_well(uint64_t longest)
{
    uint64_t since = now;
    uint64_t most[STREAMS];
    fair = true;
    memory.fails = 0;
    for (int i = 0; i < STREAMS; i++) {
        most[i] = longest ? longest : patience(&streams[i], since);
        read_some(&streams[i]);
        acknowledge(&streams[i]); /* its window: the persist timer may wait for a minute */
    }
    while (!all_ended()) {
        step(MS);
        for (int i = 0; i < STREAMS; i++) {
            const struct stream *s = &streams[i];
            uint64_t quiet = now - LWIP_MAX(s->moved_at, since);
            CHECK(s->ended || quiet <= (s->moved_at > since && !longest ? patience(s, since) : most[i]));
        }
    }
}

static void check_rest(uint64_t at_rest)
{
    for (int i = 0; i < 13000; i++) {
        step(10 * MS);
    }
    for (int i = 0; i < STREAMS; i++) {
        CHECK(streams[i].gone && !pcb_of(&streams[i]));
        CHECK_EQUAL(streams[i].next, streams[i].written);
        CHECK_EQUAL(streams[i].acknowledged, streams[i].written);
    }
    CHECK_EQUAL(out_count, 0);
    CHECK(!ip_sends_from(content, sizeof content));
    CHECK_EQUAL(ring_count(&rx_free), BUFFERS);
    CHECK_EQUAL(memory.taken - memory.given, at_rest);
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

static void run(uint64_t seed)
{
    random_state = seed * 0x9e3779b97f4a7c15;
    uint32_t kind = seed % (sizeof weathers / sizeof *weathers);
    weather = weathers[kind];
    device.offloads = one_in(5) ? NET_CHECKSUM : NET_CHECKSUM | NET_LARGE;
    delay = (uint64_t[]){0, 1, 5, 40}[noise() % 4] * MS;
    boot();
    uint64_t at_rest = memory.taken - memory.given;
    connect_all();
    fair = kind == 0;
    for (uint64_t end = now + 60 * S; !fair && now < end && !all_ended();) {
        step(MS);
    }
    end_well(kind == 0 ? 2 * delay + 120 * MS : 0);
    CHECK(weather.short_streams || (device.offloads & NET_LARGE ? cuts > 20 : cuts == 0));
    CHECK((kind != 3 && kind != 5) || timeouts > 0);
    check_rest(at_rest);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, last = argc > 1 ? first : SEEDS;
    for (uint64_t seed = first; seed <= last; seed++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            run(seed);
            exit(0);
        }
        if (waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "seed %llu failed; run this program with it alone\n", (unsigned long long)seed);
            return 1;
        }
    }
    return 0;
}

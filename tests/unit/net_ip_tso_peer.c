/* net_ip_tso_peer.c: the peers of net_ip_tso.c, TCP receivers that look at each segment, and the way to them, where
 * the weather is: segments and acknowledgements take time, are lost one by one or all for a while, overtake each other.
 */
#include "net_ip_tso.h"

#include <string.h>

#include "lwip/tcp.h"

#define PACKETS 4096

uint64_t delay;
static uint64_t dark_until, deaf_until; /* nothing reaches the peers; nothing comes from them */
static uint32_t burst;                  /* segments still to be lost, */
static uint64_t burst_until;

static struct packet {
    uint64_t due;
    bool to_guest;
    uint16_t length;
    uint8_t bytes[NET_FRAME_MAX];
} * packets[PACKETS]; /* by `due` */
static uint32_t packet_count;

static void travel(const uint8_t *frame, uint32_t length, bool to_guest, uint64_t time)
{
    struct packet *packet = malloc(sizeof(*packet));
    CHECK(packet && packet_count < PACKETS && length <= sizeof(packet->bytes));
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

void to_peer(const uint8_t *frame, uint32_t length)
{
    if (!lost_to_peer()) {
        travel(frame, length, false, delay + (!fair && one_in(weather.reordered) ? noise() % 20 * MS : 0));
    }
}

/* -- a peer -- */

void send_to_guest(struct stream *s, uint32_t sequence, uint8_t flags)
{
    uint8_t frame[NET_FRAME_MAX];
    uint8_t options[] = {2, 4, (uint8_t)(s->mss >> 8), (uint8_t)s->mss, 1, 3, 3, (uint8_t)s->scale};
    uint32_t edge = LWIP_MAX(s->read + s->buffer, s->edge);
    uint32_t window = (edge - s->next + (1u << s->scale) - 1) >> s->scale;
    uint32_t length = wire_segment(frame,
                                   &(struct segment){.port = s->port,
                                                     .guest_port = PORT,
                                                     .number = sequence,
                                                     .acknowledged = s->initial + s->next + s->ended,
                                                     .flags = flags,
                                                     .window = flags & SYN ? LWIP_MIN(s->buffer, 0xffff) : window,
                                                     .options = options,
                                                     .option_bytes = flags & SYN ? sizeof(options) : 0});
    s->edge = s->next + (window << s->scale);
    s->pending = 0;
    s->acknowledge_at = ~0ull;
    if (flags & SYN || fair || !(now < deaf_until || one_in(weather.acks_lost))) {
        travel(frame, length, true, delay);
    }
}

void acknowledge(struct stream *s)
{
    send_to_guest(s, ISS + 1 + s->gone, ACK);
}

void read_some(struct stream *s)
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

void peers_go_on(void)
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

/* -- arrival -- */

void arrive(void)
{
    bool wakes = false;
    while (packet_count > 0 && packets[0]->due <= now) {
        struct packet *packet = packets[0];
        memmove(packets, packets + 1, --packet_count * sizeof(*packets));
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
    wakes |= tell_address();
    if (wakes) {
        fake_wake(FAKE_BIT(RX));
    }
}

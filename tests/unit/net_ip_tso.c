/* net_ip_tso.c: streams of bytes through net/ip and lwIP, in segments that the device cuts (net/ip/tso.c), to peers
 * that lose, delay, and close their windows. On the host, under the address sanitizer. Seeds are fixed: a failure
 * repeats.
 *
 * The program under test writes as http/ does: heads by copy, bodies by reference from a transmit region, as
 * ip_tcp_room() allows. The test is the timer driver, the device, which cuts and checks what it is given, the wire,
 * and one TCP receiver for each size of segment. Here: the weathers, and the course of a run with its checks.
 * Seen to: each byte arrives, once and in order, then the end; no connection is quiet when nothing is lost any more;
 * no segment on the wire is larger than its peer takes, or lies beyond its window; what is made is at most half of a
 * window; a timeout sends one segment; what the device reads is known to be read; all memory comes back.
 */
#include "in_turn.h"
#include "net_ip_tso.h"

#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "timer/client.h"

#define SEEDS 240

const struct ip_config ip_config = {.hostname = "large", .wait_for_start = true};

struct weather weather;
static const struct weather weathers[] = {
    {0},
    {.data_lost = 60, .reordered = 40},
    {.data_lost = 300, .acks_lost = 5, .bursts = 250},
    {.outages = 300, .acks_lost = 20},
    {.window_games = true, .data_lost = 400},
    {.memory_fails = true, .data_lost = 200, .outages = 600},
    {.data_lost = 150,
     .acks_lost = 20,
     .bursts = 600,
     .outages = 900,
     .reordered = 30,
     .addresses_lost = 800,
     .window_games = true,
     .memory_fails = true},
    {.short_streams = true, .window_games = true, .memory_fails = true},
};
bool fair;
struct stream streams[STREAMS];
static const uint16_t sizes[STREAMS] = {1460, 1400, 536, 300};
static uint64_t timeouts;

uint32_t between(uint32_t least, uint32_t most)
{
    return least + noise() % (most - least + 1);
}

uint32_t ip_memory_send_share(bool by_reference)
{
    return memory.fails && one_in(3) ? 0 : 44;
}

/* -- time -- */

static const struct tcp_pcb *pcb_of(const struct stream *s)
{
    const struct tcp_pcb *pcb = tcp_active_pcbs;
    while (pcb && pcb->remote_port != s->port) {
        pcb = pcb->next;
    }
    return pcb;
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
    timer_page.deadline = ~0ull;
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

static void step(uint64_t ns)
{
    now += ns;
    fake_set_now_ns(now);
    if (now >= timer_page.deadline) {
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
    for (uint32_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)noise();
    }
    wire_begin();
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
    CHECK(!ip_sends_from(content, sizeof(content)));
    CHECK_EQUAL(ring_count(&rx_free), net_client_config.rx_buffer_count);
    CHECK_EQUAL(memory.taken - memory.given, at_rest);
    CHECK_EQUAL(fake_lost_deferred(), 0);
}

static void run(uint64_t seed)
{
    noise_begin(seed);
    uint32_t kind = seed % (sizeof(weathers) / sizeof(*weathers));
    weather = weathers[kind];
    device->offloads = one_in(5) ? NET_CHECKSUM : NET_CHECKSUM | NET_TSO;
    delay = (uint64_t[]){0, 1, 5, 40}[noise() % 4] * MS;
    boot();
    uint64_t at_rest = memory.taken - memory.given;
    connect_all();
    fair = kind == 0;
    for (uint64_t end = now + 60 * S; !fair && now < end && !all_ended();) {
        step(MS);
    }
    end_well(kind == 0 ? 2 * delay + 120 * MS : 0);
    CHECK(weather.short_streams || (device->offloads & NET_TSO ? cuts > 20 : cuts == 0));
    CHECK((kind != 3 && kind != 5) || timeouts > 0);
    check_rest(at_rest);
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 1, SEEDS, NULL, run);
}

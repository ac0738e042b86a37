/* net_ip_tso_program.c: the program of net_ip_tso.c. It writes as http/ does, and watches what segments lwIP makes
 * of that: pieces of all lengths, some of which go on where the last one ended, crumbs, and heads by copy.
 */
#include "net_ip_tso.h"

#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "net/ip/internal.h"
#include "timer/client.h"

#define LARGEST 64240 /* of a segment */

_Alignas(4096) uint8_t content[0x40000];

static struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    struct tcp_seg *last = pcb->unsent;
    while (last && last->next) {
        last = last->next;
    }
    return last;
}

/* Of what was made since `before` was the last one, of `length` bytes. */
static void check_made(const struct stream *s, const struct tcp_seg *before, uint32_t length)
{
    uint32_t half = LWIP_MIN(s->pcb->cwnd, s->pcb->snd_wnd) / 2;
    bool small = !(device->offloads & NET_TSO) || s->mss < NET_SEGMENT_MIN || half < s->mss;
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
        s->left = between(20, one_in(2) ? 300 : sizeof(s->head));
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
        s->from = content + noise() % (sizeof(content) - 0x10000);
        return;
    }
    bool goes_on = one_in(2) && s->from >= content && s->from < content + sizeof(content) - 0x10000;
    s->left = one_in(5) ? between(1, 20) : one_in(3) ? between(1, 3000) : between(1, 0x10000);
    s->flags = one_in(2) ? TCP_WRITE_FLAG_MORE : 0;
    s->from = goes_on ? s->from : content + noise() % (sizeof(content) - 0x10000);
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
        uint32_t count = LWIP_MIN(copies ? s->left : LWIP_MIN(room, s->left), UINT16_MAX);
        if (count == 0 || (room < count && s->acknowledged < s->written)) {
            break; /* an acknowledgement will come */
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

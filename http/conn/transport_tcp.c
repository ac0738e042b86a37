/* transport_tcp.c: plain TCP under a connection.
 *   consumes  lwIP's callbacks; packets of a client, NOT trusted: they are the connection's
 *   produces  ip_tcp_write; what was written in lwIP's callback leaves at its end, else when this batch of events is
 *             done (output.c)
 *   invariant a block of the cache is pinned until TCP has the acknowledgement of all bytes in it
 *             a callback in which its own connection was aborted returns ERR_ABRT: lwIP's rule. All aborts are in here
 *   when full no memory to write: on_poll tells the connection to try again
 *   serves    a transport that stands on it (http/tls/): its connections have callbacks of their own, so that those of
 *             plain ones ask nobody
 */
#include "http/conn/transport_tcp.h"

#include <string.h>

#include "http/conn/accept.h"
#include "http/conn/connection.h"
#include "http/conn/output.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define QUEUE_SPARE 8      /* pbufs that one write of a head needs at most */
#define WINDOW_MAX 0xffffu /* that lwIP is told of at once */
#define NO_PIN UINT32_MAX
#define OPTIONS_MAX 40 /* of TCP, in a segment's place */
_Static_assert(sizeof(char[TRANSPORT_SEGMENT]) == TCP_MSS, "as lwIP has it");
_Static_assert(sizeof(char[TRANSPORT_BUFFER]) == TCP_SND_BUF, "as lwIP has it");

static struct {
    struct tcp_pcb *inside; /* whose callback this is */
    bool aborted;           /* it was, in there */
    const struct transport_above *above;
} self;

static struct http_conn *conn_of(struct transport *t)
{
    return LIST_ITEM(struct http_conn, transport, t);
}

/* -- pins -- */

/* Where bytes of this block are counted. What lies before it is acknowledged before it, so that one pin does for both.
 * NO_PIN: all are out. */
static uint32_t pin_for(struct transport *t, const struct cache_block *block)
{
    uint32_t last = t->pin_count - 1u;
    if (t->pin_count > 0 && (!block || !t->pin_blocks[last] || t->pin_blocks[last] == block)) {
        return last;
    }
    if (t->pin_count == PINS_MAX) {
        return NO_PIN;
    }
    t->pin_blocks[t->pin_count] = NULL;
    t->pin_bytes[t->pin_count] = 0;
    return t->pin_count++;
}

static void drop_pin(struct transport *t)
{
    struct cache_block *block = t->pin_blocks[0];
    t->pin_count--;
    t->pins_by_reference >>= 1;
    for (uint32_t i = 0; i < t->pin_count; i++) {
        t->pin_blocks[i] = t->pin_blocks[i + 1];
        t->pin_bytes[i] = t->pin_bytes[i + 1];
    }
    if (block) {
        cache_unpin(block);
    }
}

static void acknowledged(struct transport *t, uint32_t count)
{
    t->unacknowledged -= count;
    while (t->pin_count > 0) {
        uint32_t here = count < t->pin_bytes[0] ? count : t->pin_bytes[0];
        t->pin_bytes[0] -= here;
        count -= here;
        if (t->pin_bytes[0] > 0) {
            break;
        }
        drop_pin(t);
    }
}

/* -- what is sent -- */

static uint32_t room(const struct transport *t, bool by_reference)
{
    if (t->no_memory || tcp_sndqueuelen(t->tcp) + QUEUE_SPARE > TCP_SND_QUEUELEN) {
        return 0;
    }
    return ip_tcp_room(t->tcp, by_reference);
}

void transport_tcp_owe(struct transport *t)
{
    if (t->tcp != self.inside) {
        output_owe(t);
    }
}

static bool send(struct transport *t, const void *data, uint32_t length, uint8_t flags)
{
    if (length > TRANSPORT_WRITE_MAX || ip_tcp_write(t->tcp, data, (uint16_t)length, flags) != ERR_OK) {
        transport_tcp_try_again(t);
        return false;
    }
    http_counts.bytes += length;
    transport_tcp_owe(t);
    return true;
}

static bool put(struct transport *t, uint32_t pin, const void *data, uint32_t length, uint8_t flags)
{
    if (!send(t, data, length, flags)) {
        return false;
    }
    t->pin_bytes[pin] += length;
    t->unacknowledged += length;
    return true;
}

static bool write_copy(struct transport *t, const void *data, uint32_t length, bool more)
{
    return put(t, pin_for(t, NULL), data, length, TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0));
}

static bool refer(struct transport *t, struct cache_bytes *bytes, uint32_t count, bool more)
{
    uint32_t pin = pin_for(t, bytes->block);
    if (pin == NO_PIN || !put(t, pin, bytes->at, count, more ? TCP_WRITE_FLAG_MORE : 0)) {
        return false;
    }
    t->pins_by_reference |= (uint8_t)(1u << pin);
    bytes->at += count;
    bytes->length -= count;
    if (bytes->length == 0 && t->pin_blocks[pin]) {
        cache_unpin(bytes->block); /* once is enough */
    } else if (bytes->length == 0) {
        t->pin_blocks[pin] = bytes->block;
    }
    return true;
}

bool transport_tcp_refer(struct transport *t, const void *at, uint32_t count, bool more)
{
    return send(t, at, count, more ? TCP_WRITE_FLAG_MORE : 0);
}

uint32_t transport_tcp_window(const struct transport *t)
{
    return ip_tcp_window(t->tcp);
}

void transport_tcp_acknowledge_full(struct transport *t, uint32_t count)
{
    if (count + OPTIONS_MAX >= t->tcp->mss) {
        tcp_set_flags(t->tcp, TF_ACK_NOW);
    }
}

static void flush(struct transport *t)
{
    tcp_output(t->tcp);
}

static void consumed(struct transport *t, uint32_t count)
{
    for (; count > WINDOW_MAX; count -= WINDOW_MAX) {
        ip_tcp_recved(t->tcp, WINDOW_MAX);
    }
    ip_tcp_recved(t->tcp, (uint16_t)count);
}

static void keep_asking(struct transport *t)
{
    struct tcp_pcb *pcb = t->tcp;
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = HTTP_PROBE_S * 1000;
    pcb->keep_intvl = HTTP_PROBE_AGAIN_S * 1000;
    pcb->keep_cnt = HTTP_PROBES;
}

static void peer(const struct transport *t, struct transport_peer *peer)
{
    *peer = (struct transport_peer){.port = t->tcp->remote_port};
    memcpy(peer->address, &t->tcp->remote_ip, sizeof(peer->address));
}

/* -- the end -- */

/* lwIP has the rest, or there is none. */
static void forget(struct transport *t)
{
    t->tcp = NULL;
    while (t->pin_count > 0) {
        drop_pin(t);
    }
    output_forget(t);
}

static struct tcp_pcb *detach(struct transport *t)
{
    struct tcp_pcb *pcb = t->tcp;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_setprio(pcb, TCP_PRIO_MIN); /* the first that lwIP takes when it needs another */
    forget(t);
    return pcb;
}

static bool shut_down(struct transport *t)
{
    return tcp_shutdown(t->tcp, 0, 1) == ERR_OK;
}

/* Of one that both sides have ended lwIP frees what is left, and does not tell us. An end that found no memory lwIP sends
 * when there is some: tcp_close() might reset in its place. */
static bool close_it(struct transport *t)
{
    if (t->pins_by_reference) {
        return false;
    }
    struct tcp_pcb *pcb = detach(t);
    if (pcb->flags & TF_CLOSEPEND) {
        tcp_shutdown(pcb, 1, 0);
    } else {
        tcp_close(pcb);
    }
    return true;
}

static void abort_it(struct transport *t)
{
    if (t->tcp == self.inside) {
        self.aborted = true;
    }
    tcp_abort(detach(t));
}

/* -- lwIP's callbacks -- */

static void enter(struct tcp_pcb *pcb)
{
    self.inside = pcb;
    self.aborted = false;
}

static err_t leave(void)
{
    self.inside = NULL;
    return self.aborted ? ERR_ABRT : ERR_OK;
}

static err_t on_receive(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    enter(pcb);
    http_conn_received(conn_of(context), data);
    return leave();
}

static err_t on_sent(void *context, struct tcp_pcb *pcb, uint16_t count)
{
    struct transport *t = context;
    enter(pcb);
    t->no_memory = false;
    acknowledged(t, count);
    http_conn_sent(conn_of(t));
    return leave();
}

static err_t on_poll(void *context, struct tcp_pcb *pcb)
{
    struct transport *t = context;
    enter(pcb);
    tcp_poll(pcb, NULL, 0);
    t->no_memory = false;
    http_conn_go_on(conn_of(t));
    return leave();
}

/* The pcb is gone. */
static void on_error(void *context, err_t error)
{
    forget(context);
    http_conn_failed(conn_of(context));
}

const struct transport_ops transport_tcp_ops = {
    .room = room,
    .write = write_copy,
    .refer = refer,
    .flush = flush,
    .consumed = consumed,
    .shut_down = shut_down,
    .close = close_it,
    .abort = abort_it,
    .keep_asking = keep_asking,
    .peer = peer,
};

/* NULL: there is no place, *result is the callback's. */
static struct http_conn *accept_one(struct tcp_pcb *pcb, err_t error, const struct transport_ops *ops, err_t *result)
{
    *result = ERR_VAL;
    if (error != ERR_OK || !pcb) {
        return NULL;
    }
    struct http_conn *c = accept_take();
    if (!c) {
        tcp_abort(pcb);
        *result = ERR_ABRT;
        return NULL;
    }
    http_conn_open(c, &(struct transport){.ops = ops, .tcp = pcb});
    tcp_arg(pcb, &c->transport);
    tcp_nagle_disable(pcb); /* what belongs together is written together */
    trace(http_accepted, c, pcb->remote_port);
    *result = ERR_OK;
    return c;
}

err_t transport_tcp_accept(void *context, struct tcp_pcb *pcb, err_t error)
{
    err_t result;
    if (accept_one(pcb, error, &transport_tcp_ops, &result)) {
        tcp_recv(pcb, on_receive);
        tcp_sent(pcb, on_sent);
        tcp_err(pcb, on_error);
    }
    return result;
}

/* -- for the transport that stands on this one -- */

static err_t on_receive_above(void *context, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    enter(pcb);
    self.above->received(context, data);
    return leave();
}

static err_t on_sent_above(void *context, struct tcp_pcb *pcb, uint16_t count)
{
    struct transport *t = context;
    enter(pcb);
    t->no_memory = false;
    self.above->sent(t, count);
    return leave();
}

static err_t on_poll_above(void *context, struct tcp_pcb *pcb)
{
    struct transport *t = context;
    enter(pcb);
    tcp_poll(pcb, NULL, 0);
    t->no_memory = false;
    self.above->go_on(t);
    return leave();
}

static void on_error_above(void *context, err_t error)
{
    forget(context);
    self.above->failed(context);
}

void transport_tcp_try_again(struct transport *t)
{
    t->no_memory = true;
    tcp_poll(t->tcp, t->ops == &transport_tcp_ops ? on_poll : on_poll_above, 1);
}

err_t transport_tcp_accept_above(void *context, struct tcp_pcb *pcb, err_t error)
{
    err_t result;
    struct http_conn *c = accept_one(pcb, error, self.above->ops, &result);
    if (c) {
        tcp_recv(pcb, on_receive_above);
        tcp_sent(pcb, on_sent_above);
        tcp_err(pcb, on_error_above);
        self.above->opened(&c->transport);
    }
    return result;
}

void transport_tcp_above(const struct transport_above *above)
{
    self.above = above;
}

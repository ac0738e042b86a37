/* transport_tls.c: TLS 1.3 (RFC 8446) under a connection: the handshake by PD tls, then records of our own.
 *   consumes  TCP's events, and packets of a client, NOT trusted: they are the handshake's, then incoming.c's
 *   consumes  secrets of PD tls, which spoils its own connections with wrong ones, and knows no others
 *   produces  the table of operations that the front's connections write by: outgoing.c has what they write
 *   ends      with each of TCP's events, and with flush(): a connection that could not seal something is reset then
 *   when full what is given back goes to those that wait for it, in their order, in the same event (starved.c)
 */
#include "http/tls/transport_tls.h"

#include <string.h>

#include "http/conn/connection.h"
#include "http/conn/transport_tcp.h"
#include "http/tls/incoming.h"
#include "http/tls/outgoing.h"
#include "http/tls/starved.h"
#include "lib/pd.h"

static struct {
    struct list resumed; /* connections that may have something to open */
    bool lacked;         /* somebody had no block to seal in */
    uint64_t look_at;    /* pd_now_ticks(): nobody has stalled for SLOW_NS before */
    void (*opened)(void);
} self;

static const struct transport_ops *const tcp = &transport_tcp_ops;

/* -- the table -- */

static uint32_t room(const struct transport *t, bool by_reference)
{
    return outgoing_room(tls_conn_of(t));
}

static bool put(struct tls_conn *conn, const void *data, uint32_t length, bool more)
{
    bool done = outgoing_write(conn, data, length, more);
    self.lacked |= !done;
    return done;
}

static bool write_copy(struct transport *t, const void *data, uint32_t length, bool more)
{
    return length <= TRANSPORT_WRITE_MAX && put(tls_conn_of(t), data, length, more);
}

/* Sealed they lie elsewhere: nothing stays pinned. */
static bool refer(struct transport *t, struct cache_bytes *bytes, uint32_t count, bool more)
{
    if (!put(tls_conn_of(t), bytes->at, count, more)) {
        return false;
    }
    bytes->at += count;
    bytes->length -= count;
    if (bytes->length == 0) {
        cache_unpin(bytes->block);
    }
    return true;
}

static void flush(struct transport *t)
{
    struct tls_conn *conn = tls_conn_of(t);
    outgoing_settle(conn);
    if (outgoing_is_spent(conn)) {
        tls_conn_reset(conn);
    } else {
        tcp->flush(t);
    }
}

/* Of what was opened: TCP knows. */
static void consumed(struct transport *t, uint32_t count)
{
    struct tls_conn *conn = tls_conn_of(t);
    conn->in.held -= count < conn->in.held ? count : conn->in.held;
    if (conn->in.packets.first && !list_has(&conn->resumed)) {
        list_add_last(&self.resumed, &conn->resumed);
    }
}

static bool shut_down(struct transport *t)
{
    struct tls_conn *conn = tls_conn_of(t);
    if (conn->stage == TLS_CONN_SHAKING) {
        return false; /* there is nothing yet that its end could be sealed with */
    }
    outgoing_settle(conn);
    conn->stage = TLS_CONN_CLOSING;
    return outgoing_close(conn);
}

/* Before a handshake's end there is nothing that it could be sealed with. */
static bool notify_client(struct tls_conn *conn)
{
    return conn->stage == TLS_CONN_SHAKING || conn->out.notified || outgoing_alert(conn, ALERT_CLOSE_NOTIFY);
}

/* What has not been acknowledged lies in blocks that would be another's. */
static bool close_it(struct transport *t)
{
    struct tls_conn *conn = tls_conn_of(t);
    outgoing_settle(conn);
    if (conn->out.first || !notify_client(conn)) {
        return false;
    }
    uint32_t untaken = packets_untaken(&conn->in.packets);
    if (untaken > 0) {
        tcp->consumed(t, untaken);
    }
    tls_conn_release(conn);
    if (!tcp->close(t)) {
        tcp->abort(t);
    }
    return true;
}

static void abort_it(struct transport *t)
{
    tls_conn_release(tls_conn_of(t));
    tcp->abort(t);
}

static void keep_asking(struct transport *t)
{
    tcp->keep_asking(t);
}

static void peer(const struct transport *t, struct transport_peer *peer)
{
    const struct tls_conn *conn = tls_conn_of(t);
    tcp->peer(t, peer);
    peer->secured = true;
    peer->server = (struct http_slice){conn->name, conn->name_length};
}

/* -- the handshake -- */

static void give_packets(struct tls_conn *conn)
{
    struct packets *packets = &conn->in.packets;
    while (packets->first) {
        uint32_t count = handshake_give(&conn->handshake, packets->first->payload, packets->first->len);
        if (count == 0) {
            return;
        }
        packets_skip(packets, count);
    }
}

/* False: TCP takes no more now. */
static bool send_handshake(struct tls_conn *conn)
{
    uint32_t count;
    const uint8_t *bytes;
    while (bytes = handshake_bytes(&conn->handshake, &count), count > 0) {
        uint32_t left = tcp->room(conn->transport, false);
        count = count < left ? count : left;
        if (count == 0 || !tcp->write(conn->transport, bytes, count, false)) {
            return false;
        }
        conn->out.copied += count;
        handshake_sent(&conn->handshake, count);
    }
    return true;
}

/* The keys take the handshake's place. */
static bool set_keys(struct tls_conn *conn, const struct tls_secrets *secrets)
{
    conn->stage = TLS_CONN_OPEN;
    memset(&conn->keys, 0, sizeof(conn->keys));
    conn->name_length = secrets->name_length;
    memcpy(conn->name, secrets->name, secrets->name_length);
    return record_key_set(&conn->keys.in.key, secrets->suite, &secrets->client, secrets->client_sequence) &&
           record_key_set(&conn->keys.out, secrets->suite, &secrets->server, secrets->server_sequence);
}

static void finish_handshake(struct tls_conn *conn)
{
    struct tls_secrets secrets;
    bool good = handshake_secrets(&conn->handshake, &secrets);
    handshake_end(&conn->handshake);
    if (!good || !set_keys(conn, &secrets)) {
        tls_conn_reset(conn);
    }
    crypto_wipe(&secrets, sizeof(secrets));
}

/* False: the connection is gone. */
static bool shake(struct tls_conn *conn)
{
    give_packets(conn);
    incoming_tell_tcp(conn);
    if (!send_handshake(conn)) {
        return true;
    }
    switch (handshake_status(&conn->handshake)) {
    case TLS_WORKS: break;
    case TLS_WANTS:
        if (conn->in.fin && !conn->in.packets.first) {
            tls_conn_close(conn); /* it will never be over */
        }
        break;
    case TLS_DONE: finish_handshake(conn); break;
    case TLS_FAILED: tls_conn_close(conn); break;
    }
    return conn->stage != TLS_CONN_FREE;
}

/* -- events -- */

/* What has come is opened, and what that has written is sealed. */
static void go_on(struct tls_conn *conn)
{
    if (conn->stage == TLS_CONN_SHAKING && !shake(conn)) {
        return;
    }
    if (conn->stage >= TLS_CONN_OPEN && incoming_take(conn)) {
        outgoing_settle(conn);
        if (outgoing_is_spent(conn) || (conn->stage == TLS_CONN_CLOSING && !outgoing_close(conn))) {
            tls_conn_reset(conn);
        }
    }
}

static void on_received(struct transport *t, struct pbuf *data)
{
    struct tls_conn *conn = tls_conn_of(t);
    if (data && conn->in.ended) { /* RFC 8446, 6.1: what comes behind its end is nothing */
        tcp->consumed(t, data->tot_len);
        pbuf_free(data);
        return;
    }
    if (!data && conn->stage == TLS_CONN_SHAKING && !handshake_is_answered(&conn->handshake)) {
        tls_conn_close(conn); /* its Finished cannot be among what has come */
        return;
    }
    if (data) {
        packets_append(&conn->in.packets, data);
    }
    uint32_t count = data ? data->tot_len : 0;
    conn->in.fin |= !data;
    go_on(conn);
    if (count > 0 && conn->stage == TLS_CONN_SHAKING && !handshake_is_answered(&conn->handshake)) {
        /* Its hello may be longer than a segment: a sender with Nagle's algorithm keeps the rest until then, and lwIP would
         * say so a quarter of a second later (RFC 9293 3.7.4; 3.8.6.3). */
        transport_tcp_acknowledge_full(t, count);
    }
}

static void on_sent(struct transport *t, uint32_t count)
{
    struct tls_conn *conn = tls_conn_of(t);
    outgoing_acknowledged(conn, count);
    outgoing_push(conn);
    if (conn->stage >= TLS_CONN_OPEN) {
        http_conn_sent(tls_conn_http(conn));
    }
    if (conn->stage != TLS_CONN_FREE) {
        go_on(conn);
    }
}

static void go_on_with_memory(struct tls_conn *conn)
{
    list_remove(&conn->starved);
    outgoing_push(conn);
    if (conn->stage >= TLS_CONN_OPEN) {
        http_conn_go_on(tls_conn_http(conn));
    }
    if (conn->stage != TLS_CONN_FREE) {
        go_on(conn);
    }
}

static void on_go_on(struct transport *t)
{
    go_on_with_memory(tls_conn_of(t));
}

static void on_failed(struct transport *t)
{
    struct tls_conn *conn = tls_conn_of(t);
    struct http_conn *c = tls_conn_http(conn);
    tls_conn_release(conn);
    http_conn_failed(c);
}

static void on_opened(struct transport *t)
{
    tls_conn_begin(t);
    self.opened();
}

static struct tls_conn *conn_of_handshake(struct handshake *h)
{
    return LIST_ITEM(struct tls_conn, handshake, h);
}

static void on_changed(struct handshake *h)
{
    go_on(conn_of_handshake(h));
}

static void on_lost(struct handshake *h)
{
    tls_conn_reset(conn_of_handshake(h));
}

/* Who has acknowledged nothing for SLOW_NS gives way: others need what it holds. */
static void end_stalled(void)
{
    uint64_t now = pd_now_ticks();
    if (now < self.look_at) {
        return;
    }
    struct tls_conn *stalled = tls_conn_longest_stalled();
    uint64_t due = (stalled ? stalled->out.got_on : now) + pd_ticks_from_ns(SLOW_NS);
    if (now < due) {
        self.look_at = due;
    } else {
        tls_conn_counts.slow++;
        tls_conn_reset(stalled);
    }
}

/* Before the event's end: those whose connection has taken something, and those that had no memory. */
static void run_waiting(void *context)
{
    struct list_link *link;
    while ((link = list_take_first(&self.resumed)) != NULL) {
        go_on(LIST_ITEM(struct tls_conn, resumed, link));
    }
    if (self.lacked) {
        self.lacked = false;
        end_stalled();
    }
    starved_serve();
}

void transport_tls_init(const struct tls_client_config *config, const struct region *sealed,
                        const struct transport_tls_handlers *handlers)
{
    static const struct transport_ops ops = {
        .secure = true,
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
    static const struct transport_above above = {&ops, on_opened, on_received, on_sent, on_go_on, on_failed};
    static struct handshake_handlers shaking = {.changed = on_changed, .lost = on_lost};
    shaking.answered = handlers->answered;
    shaking.restarted = handlers->restarted;
    self.opened = handlers->opened;
    list_init(&self.resumed);
    tls_conn_init();
    incoming_init();
    starved_init(sealed, go_on_with_memory);
    transport_tcp_above(&above);
    handshake_init(config, &shaking);
    pd_before_flush(run_waiting, NULL);
}

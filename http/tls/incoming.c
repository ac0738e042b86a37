/* incoming.c: what a client sends behind its handshake.
 *   consumes  packets of a client, NOT trusted: nothing of a record reaches the connection before it is opened
 *   produces  packets of our own, with content (opened.c)
 *   invariant what is opened nobody else can change between the check and its use: a record is copied first
 *             a window never is smaller than what completes a record: what was copied is told to TCP as taken, at once;
 *             the connection has at most AHEAD_MAX bytes and a record that it has not taken
 *   when full no packet to open in: what comes stays with TCP. A connection that has waited for the rest of its record for
 *             SLOW_NS is ended for it
 */
#include "http/tls/incoming.h"

#include <string.h>

#include "http/conn/connection.h"
#include "http/conn/transport_tcp.h"
#include "http/tls/opened.h"
#include "http/tls/starved.h"
#include "lib/pd.h"

#define AHEAD_MAX 4096 /* bytes that the connection has not taken: then nothing more is opened */

static struct {
    struct list partial; /* connections that wait for the rest of a record, the longest first */
} self;

void incoming_tell_tcp(struct tls_conn *conn)
{
    struct packets *packets = &conn->in.packets;
    if (packets->untold > 0) {
        transport_tcp_ops.consumed(conn->transport, packets->untold);
        packets->untold = 0;
    }
}

/* The one that has waited longest for the rest of its record goes, if that is long. */
static void end_slow(void)
{
    struct list_link *link = list_first(&self.partial);
    struct tls_conn *conn = link ? LIST_ITEM(struct tls_conn, in.partial, link) : NULL;
    if (conn && pd_now_ns() - conn->in.since_ns >= SLOW_NS) {
        tls_conn_counts.slow++;
        tls_conn_reset(conn);
    }
}

/* A packet for a record, with its head in it. False: there is none. */
static bool begin_record(struct tls_conn *conn, uint32_t bytes)
{
    struct pbuf *packet = opened_take(bytes);
    if (!packet) {
        end_slow();
        packet = opened_take(bytes);
    }
    if (!packet) {
        starved_wait(conn, STARVED_FOR_PACKET);
        return false;
    }
    memcpy(packet->payload, conn->in.head, RECORD_HEAD);
    conn->in.record = packet;
    conn->in.record_bytes = RECORD_HEAD;
    return true;
}

/* Since its first byte, whether there was a packet to put it in or not. */
static bool wait_for_rest(struct incoming *in)
{
    if (in->head_bytes > 0 && in->since_ns == 0) {
        in->since_ns = pd_now_ns();
    }
    if (in->record && !list_has(&in->partial)) {
        list_add_last(&self.partial, &in->partial);
    }
    return false;
}

/* To the connection, which may be gone then. */
static void deliver(struct tls_conn *conn, struct pbuf *packet, uint32_t length)
{
    pbuf_remove_header(packet, RECORD_HEAD);
    packet->len = packet->tot_len = (u16_t)length;
    conn->in.held += length;
    http_conn_received(tls_conn_http(conn), packet);
}

static void end_of_client(struct tls_conn *conn)
{
    if (!conn->in.ended) {
        conn->in.ended = true;
        http_conn_received(tls_conn_http(conn), NULL);
    }
}

/* RFC 8446, 6.1: what comes behind its end is nothing. */
static void closed_by_client(struct tls_conn *conn)
{
    struct packets *packets = &conn->in.packets;
    packets->untold = packets_untaken(packets);
    packets_drop(packets);
    end_of_client(conn);
}

/* The record is whole. What it brings may be the connection's end. */
static void open_record(struct tls_conn *conn)
{
    struct incoming *in = &conn->in;
    struct pbuf *packet = in->record;
    uint8_t *at = packet->payload;
    struct record_opened opened = record_open(&conn->keys.in, at, in->record_bytes, at + RECORD_HEAD);
    in->record = NULL;
    in->head_bytes = 0;
    in->since_ns = 0;
    list_remove(&in->partial);
    if (opened.event == RECORD_CONTENT && opened.length > 0) {
        deliver(conn, packet, opened.length);
        return;
    }
    pbuf_free(packet);
    switch (opened.event) {
    case RECORD_CONTENT: return;
    case RECORD_UPDATE_WANTED: conn->out.update_owed = true; return;
    case RECORD_CLOSED: closed_by_client(conn); return;
    case RECORD_BROKEN:
        tls_conn_counts.broken++;
        tls_conn_reset(conn);
        return;
    case RECORD_REFUSED: tls_conn_refuse(conn, (enum record_alert)opened.alert); return;
    }
}

/* Of a record its head, then what is behind it. False: more is waited for, or it may not be. */
static bool take_record(struct tls_conn *conn)
{
    struct incoming *in = &conn->in;
    uint8_t alert = 0;
    in->head_bytes = (uint8_t)(in->head_bytes + packets_copy(&in->packets, in->head + in->head_bytes,
                                                             (uint32_t)RECORD_HEAD - in->head_bytes));
    if (in->head_bytes < RECORD_HEAD) {
        return wait_for_rest(in);
    }
    uint32_t bytes = record_bytes(in->head, &alert);
    if (bytes == 0) {
        tls_conn_refuse(conn, (enum record_alert)alert);
        return false;
    }
    if (!in->record && !begin_record(conn, bytes)) {
        return wait_for_rest(in);
    }
    in->record_bytes += packets_copy(&in->packets, (uint8_t *)in->record->payload + in->record_bytes,
                                     bytes - in->record_bytes);
    if (in->record_bytes < bytes) {
        return wait_for_rest(in);
    }
    open_record(conn);
    return true;
}

static bool may_take(const struct tls_conn *conn)
{
    const struct incoming *in = &conn->in;
    return conn->stage >= TLS_CONN_OPEN && !in->ended && in->held < AHEAD_MAX &&
           (in->packets.first || in->head_bytes == RECORD_HEAD);
}

bool incoming_take(struct tls_conn *conn)
{
    while (may_take(conn) && take_record(conn)) {
    }
    if (conn->stage >= TLS_CONN_OPEN && conn->in.fin && !conn->in.packets.first) {
        end_of_client(conn);
    }
    if (conn->stage >= TLS_CONN_OPEN) {
        incoming_tell_tcp(conn);
    }
    return conn->stage >= TLS_CONN_OPEN;
}

void incoming_init(void)
{
    list_init(&self.partial);
}

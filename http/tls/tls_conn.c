/* tls_conn.c: the table of connections over TLS, and how one ends before its client has ended it.
 *   consumes  transports of TCP, and what incoming.c and the handshake find
 *   produces  alerts; the end of TCP, in order or by a reset; the word to the front's connection that there is none
 *   invariant a place is free or has one transport; nothing of one connection is left for the next, and no key
 *   ends      in order only where nothing is lost by it: a block that TCP would send from on would be another's, and an
 *             alert that cannot be sealed or written must not look like an end that the client may trust
 *   when full there are as many places as connections
 */
#include "http/tls/tls_conn.h"

#include <stddef.h>
#include <string.h>

#include "http/conn/connection.h"
#include "http/conn/transport_tcp.h"
#include "http/tls/outgoing.h"

struct tls_conn_counters tls_conn_counts;

static struct {
    struct tls_conn all[HTTP_CONNECTIONS_MAX];
    struct list free; /* by `resumed` */
} self;

static const struct transport_ops *const tcp = &transport_tcp_ops;

struct tls_conn *tls_conn_begin(struct transport *transport)
{
    struct tls_conn *conn = LIST_ITEM(struct tls_conn, resumed, list_take_first(&self.free));
    memset(conn, 0, offsetof(struct tls_conn, name));
    conn->stage = TLS_CONN_SHAKING;
    conn->transport = transport;
    transport->above = conn;
    handshake_begin(&conn->handshake);
    return conn;
}

static void drop_incoming(struct incoming *in)
{
    packets_drop(&in->packets);
    if (in->record) {
        pbuf_free(in->record);
        in->record = NULL;
    }
    list_remove(&in->partial);
}

static void drop_keys(struct tls_conn_keys *keys)
{
    record_key_wipe(&keys->out);
    record_key_wipe(&keys->in.key);
}

void tls_conn_release(struct tls_conn *conn)
{
    if (conn->stage == TLS_CONN_SHAKING) {
        handshake_end(&conn->handshake);
    } else {
        drop_keys(&conn->keys);
    }
    drop_incoming(&conn->in);
    outgoing_drop(conn);
    list_remove(&conn->resumed);
    list_remove(&conn->starved);
    conn->stage = TLS_CONN_FREE;
    list_add_first(&self.free, &conn->resumed);
}

void tls_conn_reset(struct tls_conn *conn)
{
    struct http_conn *c = tls_conn_http(conn);
    tls_conn_release(conn);
    tcp->abort(&c->transport);
    http_conn_failed(c);
}

struct tls_conn *tls_conn_longest_stalled(void)
{
    struct tls_conn *found = NULL;
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        struct tls_conn *other = &self.all[i];
        if (other->out.first && (!found || other->out.got_on < found->out.got_on)) {
            found = other;
        }
    }
    return found;
}

/* What has not been taken would make TCP's end a reset, which may overtake what is sent. */
void tls_conn_close(struct tls_conn *conn)
{
    struct http_conn *c = tls_conn_http(conn);
    uint32_t untaken = packets_untaken(&conn->in.packets);
    if (conn->out.first) {
        tls_conn_reset(conn);
        return;
    }
    tls_conn_release(conn);
    if (untaken > 0) {
        tcp->consumed(&c->transport, untaken);
    }
    if (!tcp->close(&c->transport)) {
        tcp->abort(&c->transport);
    }
    http_conn_failed(c);
}

/* RFC 8446, 6.2: no more is sent behind it. */
void tls_conn_refuse(struct tls_conn *conn, enum record_alert alert)
{
    tls_conn_counts.refused++;
    if (conn->out.first || !outgoing_alert(conn, alert)) {
        tls_conn_reset(conn);
    } else {
        tls_conn_close(conn);
    }
}

void tls_conn_init(void)
{
    list_init(&self.free);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        list_add_last(&self.free, &self.all[i].resumed);
    }
}

/* http/tls/tls_conn.h: a connection over TLS: what is known of it, the table of all, and its ends. What it sends is
 * outgoing.c's, what comes incoming.c's.
 */
#ifndef HTTP_TLS_TLS_CONN_H
#define HTTP_TLS_TLS_CONN_H

#include "http/conn/conn.h"
#include "http/tls/handshake.h"
#include "http/tls/packets.h"
#include "http/tls/record.h"
#include "http/tls/sealed.h"

enum tls_conn_stage {
    TLS_CONN_FREE,
    TLS_CONN_SHAKING,
    TLS_CONN_OPEN,
    TLS_CONN_CLOSING, /* close_notify is to be sent, or has been */
};

struct outgoing {
    struct sealed *first, *last; /* records that are not acknowledged; */
    struct sealed *next;         /* of these the first that TCP has not taken as a whole */
    uint32_t given;              /* bytes of it that it has taken */
    uint32_t acknowledged;       /* bytes of the first */
    uint32_t copied;             /* bytes before these that TCP has a copy of, and that are not acknowledged */
    uint64_t got_on;             /* since then nothing of `first` was acknowledged: pd_now_ticks() */
    bool update_owed;            /* a KeyUpdate, before anything else is sealed */
    bool notified, shut;         /* TLS_CONN_CLOSING: close_notify is sealed; TCP's end is sent */
};

struct incoming {
    struct packets packets;                /* not looked at */
    uint8_t head[RECORD_HEAD], head_bytes; /* of a record, */
    struct pbuf *record;                   /* the record, when its head is there, */
    uint32_t record_bytes;                 /* and what there is of it */
    uint64_t since_ns;                     /* that it is waited for */
    uint32_t held;                         /* bytes that the connection has not taken */
    bool fin, ended;                       /* TCP's end has come; the connection was told so, or of close_notify */
    struct list_link partial;              /* incoming.c's list */
};

struct tls_conn_keys {
    struct record_key out;
    struct record_reader in;
};

struct tls_conn {
    uint8_t stage; /* enum tls_conn_stage */
    struct transport *transport;
    union {
        struct handshake handshake; /* TLS_CONN_SHAKING; */
        struct tls_conn_keys keys;  /* from then on */
    };
    struct outgoing out;
    struct incoming in;
    struct list_link resumed; /* transport_tls.c's list */
    struct list_link starved; /* starved.c's */
    uint8_t name_length;
    char name[TLS_NAME_MAX]; /* of the server that it wants, */
};

_Static_assert(sizeof(struct tls_conn) <= 680, "of an idle connection, beside TCP's");

struct tls_conn_counters {
    uint64_t refused; /* what the client sent cannot be: it was told by an alert, where that could be sent */
    uint64_t broken;  /* the client has ended it with an alert */
    uint64_t slow; /* for SLOW_NS its record was not whole, or nothing was acknowledged, and others needed its memory */
    uint64_t updates; /* keys of ours that were changed */
};
extern struct tls_conn_counters tls_conn_counts;

static inline struct tls_conn *tls_conn_of(const struct transport *transport)
{
    return transport->above;
}

static inline struct http_conn *tls_conn_http(const struct tls_conn *conn)
{
    return LIST_ITEM(struct http_conn, transport, conn->transport);
}

#define SLOW_NS 5000000000ull /* as for heads (head_buffer.c): else newcomers would push one another out */

void tls_conn_init(void);
struct tls_conn *tls_conn_begin(struct transport *transport);
/* Keys are forgotten with it. The transport is another's then, or nobody's. */
void tls_conn_release(struct tls_conn *conn);

/* Of those whose client has something to acknowledge the one that has got on with nothing for the longest. NULL: there is
 * none. */
struct tls_conn *tls_conn_longest_stalled(void);

/* Ends of both, which the front's connection is told of: */
void tls_conn_reset(struct tls_conn *conn);
void tls_conn_close(struct tls_conn *conn); /* what was sent still arrives, if nothing is sealed; else as above */
/* With an alert, where that can be sent; else as the first. */
void tls_conn_refuse(struct tls_conn *conn, enum record_alert alert);

#endif

/* http/conn/conn.h: one connection, as the files of this folder and what answers know it. */
#ifndef HTTP_CONN_CONN_H
#define HTTP_CONN_CONN_H

#include "http/conn/counters.h"
#include "http/conn/limits.h"
#include "http/conn/transport.h"
#include "http/response/head.h"

#define HTTP_LINGER_S 10        /* for the client to take the last answer and close */
#define LINGER_BYTES (1u << 20) /* of a client that sends on meanwhile; beyond, it is reset */
#define SKIP_MAX 65536          /* bytes of a body that nobody reads, skipped so that the connection can go on */
#define ANSWER_ROOM (4 * TRANSPORT_SEGMENT) /* there is before a request is looked at: for a head, a small page */
#define HTTP_GONE_S 3        /* for the answer to a client that has said it sends no more: mostly it has gone */
#define WAITERS_MAX 512      /* for the file server, */
#define WAITERS_SLOW 192     /* when one has waited for a second; */
#define QUEUE_MAX 384        /* for the application. The other connections are for requests that need not wait */
#define HELD_MAX (96u << 10) /* bytes of packets that all of them hold: bodies, and requests sent ahead */
#define CONTENT_BYTES 72     /* that who answers may keep */

enum state {
    FREE,
    READING,   /* the head of a request, or the wait for one */
    WAITING,   /* for cache or site: the request's head is kept (head_buffer.c) */
    QUEUED,    /* for the application: the same */
    TELLING,   /* what went wrong, as soon as there is memory for it */
    ANSWERING, /* as its content says */
    SKIPPING,  /* a body that nobody reads */
    LINGERING, /* all is said, and we have closed; until the client has, too */
};

/* A connection is in one of these lists, or in none. Those with a limit are ordered by time; the first is due first. */
enum clock {
    CLOCK_NONE,
    CLOCK_HEAD,
    CLOCK_IDLE,
    CLOCK_STALL,
    CLOCK_LINGER,
    CLOCK_WAIT,  /* for the file server, before anything of an answer has gone out */
    CLOCK_PAGE,  /* the same, for a page of the site that says what went wrong */
    CLOCK_REST,  /* behind that */
    CLOCK_QUEUE, /* for a place with the application, in order */
    CLOCK_GONE,  /* either, of a client that has closed its side */
    CLOCK_BODY,  /* of a request: the application waits for it */
    CLOCK_APP,   /* nothing of an answer has come from it yet */
    CLOCKS
};

/* Bytes of a request's head in memory of the front's own (head_buffer.c). */
struct kept {
    uint16_t first, last; /* units, counted from 1; 0: none */
    uint32_t length;
};

struct pbuf;
struct access_record;
struct http_conn;

enum content_outcome {
    CONTENT_WAIT,     /* for more of the request or the answer, or for room */
    CONTENT_DONE,     /* all is with TCP, or the connection has something to tell (http_conn_tell_next()) */
    CONTENT_REDIRECT, /* the answer is to be another one: of who has said what this request gets */
};

/* What a connection knows of who answers on it. */
struct content_ops {
    enum content_outcome (*go_on)(struct http_conn *connection);
    enum clock (*clock)(struct http_conn *connection);        /* while nothing is unacknowledged, but CLOCK_BODY */
    uint64_t (*patience_ns)(struct http_conn *connection);    /* of CLOCK_BODY */
    void (*expire)(struct http_conn *connection, int status); /* it has waited too long */
    void (*closed)(struct http_conn *connection);             /* the client has gone: what is held goes, too */
    enum clock wait;                                          /* while it waits for files */
};

struct http_conn {
    uint8_t state, clock; /* enum state, enum clock */
    bool ends;            /* after this answer */
    bool fin;             /* the client has sent all it will */
    uint32_t held;        /* waits: bytes that are unread */
    struct transport transport;
    struct pbuf *unread, *unread_last; /* linked by `next`; tot_len means nothing here */
    struct kept kept;  /* of the head: its beginning; of one that waits, all; of a body: a line's beginning */
    uint16_t telling;  /* TELLING: the status, */
    struct reply told; /* of this */
    uint16_t status;   /* watched (watch.h): below 600, once an answer's head is written; 0: not yet */
    bool logged;       /* watched: its line in the access log is there already */
    struct access_record *record;      /* the access log's, of this connection; NULL: none yet */
    uint64_t body_bytes;               /* watched: written behind an answer's head, with the framing of chunks */
    uint64_t began;                    /* watched: the request, pd_now_ticks(); 0: not yet */
    uint64_t took_us;                  /* watched: until all of its answer was with the transport */
    uint64_t skip;                     /* of a body that nobody reads; LINGERING: bytes thrown away */
    struct cache_waiter waiter;        /* of cache or site; who answers may wait by it */
    const struct content_ops *content; /* ANSWERING; WAITING, if for what takes its place */
    _Alignas(8) unsigned char own[CONTENT_BYTES]; /* who answers keeps here what it likes; zeros at first */
    uint64_t due_ns, got_on_ns;                   /* got_on_ns: of an answer on its way, in the idle list */
    struct list_link link;                        /* in its clock's list; FREE: in the pool's */
};

#endif

/* http/internal.h: what the files of the front share: server.c (pool, clocks), connection.c (one
 * connection's life), gather.c (its requests' heads), answer.c (what a request gets), file.c (a file's bytes).
 * The application is app_request.h's; what answers' heads are made of, response/'s.
 *
 * lwIP's rule: a callback in which its own connection was aborted returns ERR_ABRT. All aborts go through
 * connection_abort(), which notes it.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/app_proto.h"
#include "http/cache/cache.h"
#include "http/parse/request.h"
#include "http/response/page.h"
#include "http/server.h"
#include "http/site/site.h"
#include "http/site/types.h"

#include "lwip/tcp.h"

#define HTTP_LINGER_S 10          /* for the client to take the last answer and close */
#define LINGER_BYTES (1u << 20)   /* of a client that sends on meanwhile; beyond, it is reset */
#define SKIP_MAX 65536            /* bytes of a body that nobody reads, skipped so that the connection can go on */
#define ANSWER_ROOM (4 * TCP_MSS) /* free in TCP's buffer before a request is looked at: a head and a small page */
#define HTTP_GONE_S 3             /* for the answer to a client that has said it sends no more: mostly it has gone */
#define WAITERS_MAX 512           /* for the file server, */
#define WAITERS_SLOW 192          /* when one has waited for a second; */
#define QUEUE_MAX 384             /* for the application. The other connections are for requests that need not wait */
#define HELD_MAX (96u << 10)      /* bytes of packets that all of them hold: bodies, and requests sent ahead */
#define PINS_MAX 8                /* runs of unacknowledged bytes that lie in different pieces of the cache */
#define HEAD_ROOM (APP_HEAD_MAX + SITE_HEAD_MAX + 512) /* the largest head of an answer, whoever makes it */

enum state {
    FREE,
    READING,   /* the head of a request, or the wait for one */
    WAITING,   /* for cache or site: the request's head is kept (gather.c) */
    QUEUED,    /* for the application: the same */
    TELLING,   /* what went wrong, as soon as there is memory for it */
    SENDING,   /* a file */
    WITH_APP,  /* its request is with the application */
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
    CLOCK_WAIT,  /* for the file server */
    CLOCK_QUEUE, /* for a place with the application, in order */
    CLOCK_GONE,  /* either, of a client that has closed its side */
    CLOCK_BODY,  /* of a request: the application waits for it */
    CLOCK_APP,   /* nothing of an answer has come from it yet */
    CLOCKS
};

/* Bytes of a request's head in memory of the front's own (gather.c). */
struct kept {
    struct unit *first, *last;
    uint32_t length;
};

/* Bytes in TCP's hands; the piece they lie in is unpinned when all are acknowledged. */
struct pin {
    struct cache_block *piece; /* NULL: they were copied */
    uint32_t bytes;
};

struct app_request;

struct connection {
    uint8_t state, clock; /* enum state, enum clock */
    bool ends;            /* after this answer */
    bool fin;             /* the client has sent all it will */
    bool no_memory;       /* TCP had none: on after an acknowledgement or a poll */
    bool owed;            /* in the list of those with output to be sent */
    bool long_head;       /* QUEUED: of those there are fewer with the application at a time */
    uint8_t pin_count;
    struct tcp_pcb *tcp;
    struct pbuf *unread, *unread_last; /* linked by `next`; tot_len means nothing here */
    struct kept kept;        /* of the head: its beginning; of one that waits, all; of a body: a line's beginning */
    uint32_t held;           /* waits: bytes that are unread */
    uint16_t telling;        /* TELLING: the status, */
    struct reply told;       /* of this */
    uint64_t skip;           /* of a body that nobody reads; LINGERING: bytes thrown away */
    uint32_t unacknowledged; /* sum of pins */
    struct pin pins[PINS_MAX];
    struct site_resource *resource; /* WAITING for its bytes, SENDING */
    uint64_t offset, end;           /* SENDING: of the file, not yet asked of the cache */
    const uint8_t *at;              /* SENDING: of the last pin's piece, not yet written */
    uint32_t left;
    struct cache_waiter waiter;
    struct app_request *app;            /* its request with the application */
    uint64_t due_ns, got_on_ns;         /* got_on_ns: of an answer on its way, in the idle list */
    struct connection *next, *previous; /* in the clock's list; next: free */
    struct connection *next_owed;
};

extern struct http_counters http_counts;

/* -- server.c -- */
struct connection *server_take(void); /* NULL: all are in use, and none can give way */
void server_give_back(struct connection *connection);
void server_set_clock(struct connection *connection, enum clock clock);
void server_set_clock_for(struct connection *connection, enum clock clock, uint64_t limit_ns); /* CLOCK_BODY */
uint64_t server_limit_ns(enum clock clock);                                                    /* not of CLOCK_BODY */
struct connection *server_oldest(enum clock clock);
uint64_t server_clock_age_ns(const struct connection *connection); /* not of CLOCK_BODY */
bool server_may_wait(const struct connection *connection);         /* one more, WAITING or QUEUED as it is */
bool server_held(int32_t more); /* bytes of packets that waiting connections hold; false: too many now */
void server_owe(struct connection *connection);
void server_forget_owed(struct connection *connection);
void server_serve_queue_soon(void); /* in an event of its own */
bool server_queue_is_due(void);     /* a place is free, and those that wait have not been served yet */

/* -- gather.c -- */
/* As http_request_parse(), or 503: no place for a beginning. Something is unread or kept. A beginning is copied out. */
int gather_parse(struct connection *connection, struct http_request *request);
/* The head that was parsed is copied out, so that it can wait. False: there is no place. */
bool gather_keep(struct connection *connection, uint32_t head_length, bool for_app);
void kept_drop(struct kept *kept);
/* The next line, with its end, of at most so many bytes. 0: it is whole. HTTP_INCOMPLETE: what there is of it is copied
 * out. Else why not: 400, too long; 503, no place for a beginning. */
int gather_line(struct connection *connection, uint32_t most, struct http_slice *line);
void gather_take_line(struct connection *connection, uint32_t length);

/* -- connection.c -- */
err_t connection_accept(void *context, struct tcp_pcb *pcb, err_t error);
/* Its head is done with. */
void connection_take_request(struct connection *connection, const struct http_request *request);
uint32_t connection_consume(struct connection *connection, uint32_t count); /* of what is unread; how many there were */
uint32_t connection_read(struct connection *connection, void *to, uint32_t size); /* what is unread */
bool connection_unread(const struct connection *connection);
/* Bytes that may be written now; `stays`: by reference, to memory of the cache. */
uint32_t connection_room(const struct connection *connection, bool stays);
/* False: no memory, nothing has been written; connection_go_on() tries again. */
bool connection_write(struct connection *connection, const void *data, uint32_t length, bool more);
/* In the last pin's piece. */
bool connection_refer(struct connection *connection, const void *data, uint32_t length, bool more);
/* Takes over the caller's pin; there is room for it. */
void connection_pin(struct connection *connection, struct cache_block *piece);
void connection_answered(struct connection *connection); /* all is written: on to the next request, or the end */
void connection_go_on(struct connection *connection);    /* what it waited for may be there */
void connection_see_clock(struct connection *connection, bool progress);
bool connection_stalls(struct connection *connection); /* of an idle one: it has CLOCK_STALL then */
void connection_expire(struct connection *connection, enum clock clock);
/* A page that says what went wrong, now or as soon as there is memory for it. The request has been taken. */
void connection_tell(struct connection *connection, int status, const struct reply *reply);
/* A small page that says what happened; field: a further line, or "". False: no memory now. */
bool connection_page(struct connection *connection, const struct reply *reply, int status, const char *field);
/* The same, counted as refused: not what the application has ordered. */
bool connection_refusal(struct connection *connection, const struct reply *reply, int status, const char *field);
void connection_give_way(struct connection *connection);
void connection_abort(struct connection *connection);

/* -- answer.c -- */
/* The request at the front. False: nothing can be done now. */
bool answer_request(struct connection *connection);
bool answer_refuse(struct connection *connection, const struct http_request *request, const struct reply *reply,
                   int status);
void answer_waited(struct connection *connection,
                   int status); /* too long: WAITING or QUEUED, not with the application */
/* In place of its answer the application has ordered the file at `target`. False: later, again. */
bool answer_redirected(struct connection *connection, struct http_slice target, const struct reply *reply);

/* -- file.c -- */
/* connection->resource, or a part of it. False: later, again. */
bool file_answer(struct connection *connection, const struct http_request *request, const struct reply *reply);
bool file_go_on(struct connection *connection); /* true: all is written */
void file_let_go(struct connection *connection);

#endif

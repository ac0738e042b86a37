/* python/incoming.h: requests that the front hands over (http/app_client.h), and their answers, without Python: nothing
 * here waits or allocates from the garbage-collected heap. Messages change a request and wake the worker if it asked
 * for that event.
 *
 * A request is its taker's from arrival until incoming_close(). Events are ENDPOINT_READ and ENDPOINT_WRITE, errors
 * numbers of py/mperrno.h, as in python/endpoint.h.
 */
#ifndef PYTHON_INCOMING_H
#define PYTHON_INCOMING_H

#include <stddef.h>
#include "http/app_client.h"
#include "http/parse/request.h"

/* Where a request's text is read, whose head comes line by line (incoming_text.c). */
struct incoming_text {
    uint16_t line;     /* of the head: 0 is the request line */
    uint16_t field_at; /* in the head: the line's field */
    uint32_t at;       /* in the line */
    uint32_t chunk;    /* bytes of the chunk that are to come */
    uint8_t frame_at, frame_end;
    bool last; /* the last chunk's line is in `frame` */
    char frame[20];
};

/* What an answer's text is at (incoming_reply.c). */
enum incoming_stage {
    REPLY_TEXT, /* its head is gathered in the answer's circle */
    REPLY_BODY,
    REPLY_SIZE, /* of the chunks that the program made: a line, */
    REPLY_CHUNK,
    REPLY_CHUNK_END,
    REPLY_TRAILERS,
    REPLY_WHOLE, /* behind them */
    REPLY_NONSENSE,
};

struct incoming_reply {
    uint8_t stage; /* enum incoming_stage */
    uint8_t line_length;
    uint16_t gathered;
    uint64_t left; /* of the chunk */
    char line[96];
};

struct incoming {
    struct app_slot *slot; /* NULL: the front has started anew, and knows of it no more */
    struct incoming *next; /* in the free list, or in its taker's queue */
    uint8_t own_interest;
    uint8_t *interest;  /* events that the worker wants to be woken for */
    bool waits;         /* for a taker: nobody answers yet */
    bool gone;          /* nobody waits for the answer */
    bool told;          /* the program has been told so */
    bool answered;      /* the answer's head has gone out */
    bool closed;        /* the answer has ended; the front's last word is awaited */
    bool write_blocked; /* a write was short */
    bool head_waits;    /* ... of a head that needs a large circle */
    struct incoming_text text;
    struct incoming_reply reply;
};

/* A request. True: it is taken. False: nobody answers now. In the event loop. */
typedef bool incoming_taker(struct incoming *incoming);

void incoming_init(const struct app_config *config);
bool incoming_available(void);
void incoming_serve(incoming_taker *taker); /* NULL: nobody */
bool incoming_is_served(void);
/* missed() is called in the event loop when the site did not have what somebody asked for; NULL: nobody is told. */
void incoming_when_missed(void (*missed)(void));
/* One that was taken and whose head has not been read: it waits for the next taker, in the order of putting back. */
void incoming_put_back(struct incoming *incoming);
uint32_t incoming_under_way(void); /* requests that somebody has taken and not yet answered */

/* The head, as long as nothing of the body was read. False: it cannot be. */
struct incoming_head {
    struct app_request_head head;
    struct http_slice method, target;
    struct http_slice server; /* the name that the client's handshake has asked for; or empty */
    uint32_t fields_at;       /* where they begin */
};
bool incoming_head(const struct incoming *incoming, struct incoming_head *head);
/* The field at *at, which moves on; *left: of them. False: there is no more. */
bool incoming_field(const struct incoming *incoming, uint32_t *at, struct http_slice *name, struct http_slice *value);
void incoming_accept(struct incoming *incoming); /* the head has been read */

/* Of the body: bytes; 0 at its end; -1 with *error (set then alone): EAGAIN: nothing now, and the front knows that it
 * is waited for. */
intptr_t incoming_read(struct incoming *incoming, void *buffer, size_t size, int *error);
size_t incoming_there(struct incoming *incoming); /* bytes that one read gives now */
/* Up to and with the first line feed; where there is none, some of the bytes that are there. */
size_t incoming_line_length(struct incoming *incoming, size_t limit);

/* The answer's head. 0: it has gone out. EAGAIN: no room now. */
struct incoming_answer {
    uint16_t status, field_count;
    bool chunked;                           /* the program's body comes in chunks */
    struct http_slice reason, path, fields; /* fields: as http/app_proto.h has them */
    uint64_t length;                        /* of the body, or APP_UNKNOWN */
};
int incoming_answer(struct incoming *incoming, const struct incoming_answer *answer);
/* Behind the head its body, before it the answer's text: bytes taken, or -1 with *error: EAGAIN: no room now. */
intptr_t incoming_write(struct incoming *incoming, const void *data, size_t size, int *error);

/* Which of `events` are there (ENDPOINT_HANGUP always); the worker is woken when one of the others comes. */
uint32_t incoming_ready(struct incoming *incoming, uint32_t events);
uint32_t incoming_events(struct incoming *incoming); /* all that are there */
/* failure: 0: the answer is complete; else it is not: the client is told 500 or 503, or cut off. */
void incoming_close(struct incoming *incoming, int failure);

/* incoming_text.c: the request as text of HTTP/1.1. As incoming_read() and incoming_line_length(). */
intptr_t incoming_text_read(struct incoming *incoming, void *buffer, size_t size, int *error);
size_t incoming_text_line_length(struct incoming *incoming, size_t limit);
bool incoming_text_readable(struct incoming *incoming);

/* incoming_reply.c: a part of an answer that is not (yet) plain body: bytes taken; fewer: no room now. */
size_t incoming_reply_take(struct incoming *incoming, const char *data, size_t size);

/* For these two. */
bool incoming_readable(struct incoming *incoming);
void incoming_wait_for_head(struct incoming *incoming);                       /* until a large circle is free */
intptr_t incoming_nothing(struct incoming *incoming, bool waits, int *error); /* there is nothing: why */

#endif

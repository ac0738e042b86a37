/* connection.h: one of the status port's connections: an answer on its way, the time that it may take, the end.
 * What returns err_t may have ended the connection; it is for lwIP, where that called.
 */
#ifndef HTTP_STATUS_CONNECTION_H
#define HTTP_STATUS_CONNECTION_H

#include "http/cache/cache.h"
#include "http/parse/request.h"
#include "http/status/report.h"
#include "lwip/tcp.h"
#include "timer/client.h"

#define STATUS_HEAD_ROOM 512 /* bytes of an answer's head */

enum status_phase {
    STATUS_READS,   /* a request */
    STATUS_ASKS,    /* the cache: c->waiter */
    STATUS_ANSWERS, /* c->parts */
};

struct status_connection {
    struct tcp_pcb *pcb; /* NULL: nobody's */
    enum status_phase phase;
    bool ends, head_only;
    bool drain;                 /* /drain is asked for */
    uint64_t since_ns;          /* of the phase */
    uint32_t length;            /* of what came of a request */
    uint32_t under_way;         /* bytes with TCP */
    struct http_slice parts[2]; /* of the answer, that TCP has not got: head, body */
    struct timer deadline;
    void (*late)(struct status_connection *c); /* STATUS_ASKS: the deadline has passed */
    struct cache_waiter waiter;
    char buffer[STATUS_HEAD_ROOM + STATUS_REPORT_MAX];
};

/* c->pcb is set; c is all the callbacks' argument. The first request is read. */
void status_begin(struct status_connection *c);

void status_ask(struct status_connection *c, uint32_t seconds, void (*late)(struct status_connection *c));
err_t status_send(struct status_connection *c); /* c->parts; then the next request is read, or c ends */

err_t status_reset(struct status_connection *c);
err_t status_end(struct status_connection *c);

#endif

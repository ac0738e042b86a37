/* http/conn/transport.h: what carries a connection's bytes, as a table of operations. Plain TCP is transport_tcp.c;
 * what seals a page on its way brings another table, and its own pins.
 *
 * The connection calls the table. The transport tells the connection by http_conn_received(), http_conn_sent(),
 * http_conn_go_on(), http_conn_failed() (connection.h), and nobody else. What comes is packets of lwIP, from whichever
 * transport.
 */
#ifndef HTTP_CONN_TRANSPORT_H
#define HTTP_CONN_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "http/cache/cache.h"
#include "http/parse/request.h"
#include "lib/list.h"

#define PINS_MAX 8             /* runs of unacknowledged bytes that lie in different blocks of the cache */
#define TRANSPORT_SEGMENT 1460 /* bytes that leave in one frame */
#define TRANSPORT_BUFFER (176 * TRANSPORT_SEGMENT) /* bytes under way, at most */
#define TRANSPORT_WRITE_MAX 0xffffu                /* bytes of one write */

struct transport_peer {
    uint8_t address[4];
    uint16_t port;
    bool secured;             /* it came over TLS, */
    struct http_slice server; /* and has named this server; or empty */
};

struct transport;

/* After close(), abort() and http_conn_failed() there is none any more. */
struct transport_ops {
    bool secure; /* who listens on the way learns nothing */
    /* Bytes that may be written now; by_reference: in blocks of the cache. */
    uint32_t (*room)(const struct transport *transport, bool by_reference);
    /* A copy, of at most TRANSPORT_WRITE_MAX. more: what belongs to it follows at once. False: no memory, nothing has
     * been written; no_memory is set, and the connection goes on when there may be some. */
    bool (*write)(struct transport *transport, const void *data, uint32_t length, bool more);
    /* `count` of the bytes, by reference; they are taken off. The caller's pin is taken over with the last one. False:
     * as above, or there is no place for a pin, until some are acknowledged. */
    bool (*refer)(struct transport *transport, struct cache_bytes *bytes, uint32_t count, bool more);
    void (*flush)(struct transport *transport);                    /* sends what was written: output.c */
    void (*consumed)(struct transport *transport, uint32_t count); /* of what came: the client may send as much again */
    bool (*shut_down)(struct transport *transport);                /* nothing more is written. False: no memory */
    /* What was written still goes out; what comes is of no interest. False: it cannot be left alone, some of it lies in
     * the cache. */
    bool (*close)(struct transport *transport);
    void (*abort)(struct transport *transport);
    /* Nobody has to say anything from now on, for ever: it asks whether the client is there (HTTP_PROBE_S). */
    void (*keep_asking)(struct transport *transport);
    void (*peer)(const struct transport *transport, struct transport_peer *peer);
};

struct tcp_pcb;

struct transport {
    const struct transport_ops *ops;
    uint32_t unacknowledged; /* bytes under way */
    bool no_memory;          /* there was none: on after an acknowledgement, or a while */
    /* Pins: of bytes under way, the first is acknowledged first. The block they lie in is unpinned when all are. */
    uint8_t pin_count, pins_by_reference;     /* a bit for each that has such bytes */
    struct cache_block *pin_blocks[PINS_MAX]; /* NULL: none to unpin: copies, or who answers writes on from it */
    uint32_t pin_bytes[PINS_MAX];
    struct list_link owed; /* output.c's list */
    struct tcp_pcb *tcp;   /* the implementation's */
    void *above;           /* what a transport that stands on TCP keeps of it */
};

#endif

/* http/conn/transport_tcp.h: connections over plain TCP, and what a transport that stands on it needs. */
#ifndef HTTP_CONN_TRANSPORT_TCP_H
#define HTTP_CONN_TRANSPORT_TCP_H

#include "http/conn/transport.h"
#include "lwip/tcp.h"

err_t transport_tcp_accept(void *context, struct tcp_pcb *pcb, err_t error); /* tcp_accept()'s */

/* -- for one that stands on it: it has a table of its own, and hears in the connection's place. Of what it writes by
 * transport_tcp_ops and transport_tcp_refer() it counts itself what is unacknowledged -- */

struct pbuf;
struct transport_above {
    const struct transport_ops *ops;
    void (*opened)(struct transport *transport);
    void (*received)(struct transport *transport, struct pbuf *data); /* NULL: no more will come */
    void (*sent)(struct transport *transport, uint32_t count);        /* so many are acknowledged */
    void (*go_on)(struct transport *transport);                       /* there may be memory */
    void (*failed)(struct transport *transport);                      /* it has ended */
};
void transport_tcp_above(const struct transport_above *above);                     /* once */
err_t transport_tcp_accept_above(void *context, struct tcp_pcb *pcb, err_t error); /* tcp_accept()'s */

extern const struct transport_ops transport_tcp_ops;
/* Bytes of a transmit region, which stay until they are acknowledged. False: no memory, as of write(). */
bool transport_tcp_refer(struct transport *transport, const void *at, uint32_t count, bool more);
uint32_t transport_tcp_window(const struct transport *transport); /* bytes that would leave at once */
/* So much has come: if it fills a segment it is acknowledged when its callback ends. */
void transport_tcp_acknowledge_full(struct transport *transport, uint32_t count);
void transport_tcp_try_again(struct transport *transport); /* go_on() after a while */
void transport_tcp_owe(struct transport *transport);       /* flush() before this event ends */

#endif

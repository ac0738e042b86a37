/* http/tls/packets.h: what has come of a client and was not looked at: lwIP's packets, as a stream of bytes. */
#ifndef HTTP_TLS_PACKETS_H
#define HTTP_TLS_PACKETS_H

#include <stdint.h>
#include "lwip/pbuf.h"

struct packets {
    struct pbuf *first, *last; /* linked by `next` */
    uint32_t untold;           /* bytes that were taken, of which TCP is to be told */
};

void packets_append(struct packets *packets, struct pbuf *data);
uint32_t packets_copy(struct packets *packets, uint8_t *to, uint32_t count); /* takes up to so many: how many */
void packets_skip(struct packets *packets, uint32_t count); /* so many of the first packet's are taken */
uint32_t packets_untaken(const struct packets *packets);    /* all that TCP is to be told of */
void packets_drop(struct packets *packets);

#endif

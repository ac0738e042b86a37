/* packets.c: bytes of a client, from packet to packet.
 *   consumes  lwIP's packets, which lie where the network's virtualiser has put them: nothing is believed here
 *   when full they are TCP's window, which is opened as far as bytes were taken
 */
#include "http/tls/packets.h"

#include <string.h>

void packets_append(struct packets *packets, struct pbuf *data)
{
    if (packets->first) {
        packets->last->next = data;
    } else {
        packets->first = data;
    }
    while (data->next) {
        data = data->next;
    }
    packets->last = data;
}

static void free_first(struct packets *packets)
{
    struct pbuf *first = packets->first;
    packets->first = first->next;
    first->next = NULL;
    pbuf_free(first);
}

void packets_skip(struct packets *packets, uint32_t count)
{
    packets->untold += count;
    if (count < packets->first->len) {
        pbuf_remove_header(packets->first, count);
    } else {
        free_first(packets);
    }
}

uint32_t packets_copy(struct packets *packets, uint8_t *to, uint32_t count)
{
    uint32_t done = 0;
    while (packets->first && done < count) {
        uint32_t part = packets->first->len < count - done ? packets->first->len : count - done;
        memcpy(to + done, packets->first->payload, part);
        packets_skip(packets, part);
        done += part;
    }
    return done;
}

uint32_t packets_untaken(const struct packets *packets)
{
    uint32_t bytes = packets->untold;
    for (const struct pbuf *p = packets->first; p; p = p->next) {
        bytes += p->len;
    }
    return bytes;
}

void packets_drop(struct packets *packets)
{
    while (packets->first) {
        free_first(packets);
    }
}

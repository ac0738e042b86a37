/* http/tls/sealed.h: memory of records that are sent: a transmit region, in which they lie still until they have
 * left. */
#ifndef HTTP_TLS_SEALED_H
#define HTTP_TLS_SEALED_H

#include "http/conn/transport.h"
#include "http/tls/record.h"
#include "lib/region.h"

#define SEALED_SMALL (TRANSPORT_SEGMENT - RECORD_OVERHEAD) /* bytes of content: with its record they fill a segment, */
#define SEALED_LARGE RECORD_TEXT_MAX                       /* or the largest record */
#define SEALED_SMALL_BYTES 1472
#define SEALED_LARGE_BYTES 16448
#define SEALED_LARGE_COUNT 16
#define SEALED_SMALL_COUNT 128
#define SEALED_BYTES \
    (SEALED_LARGE_COUNT * SEALED_LARGE_BYTES + SEALED_SMALL_COUNT * SEALED_SMALL_BYTES) /* compose/http.py */

/* One record. */
struct sealed {
    struct sealed *next;
    uint8_t *at;
    uint16_t room;   /* for so much content */
    uint16_t length; /* bytes that lie there */
};

/* freed: there is one more, after sealed_take() has found none, or sealed_await(). */
void sealed_init(const struct region *region, void (*freed)(void));
struct sealed *sealed_take(bool large); /* of the other kind where there is none; NULL: none at all */
struct sealed *sealed_take_small(void); /* NULL: none of that kind */
void sealed_await(void);
void sealed_give_back(struct sealed *block);
uint32_t sealed_room(void); /* for so much content, if each block but the last is filled */
/* Of that what one connection may have beside what it has: the less the less is left; SEALED_SHARE_SMALL small blocks at
 * most. */
#define SEALED_SHARE 16
#define SEALED_SHARE_SMALL (SEALED_SMALL_COUNT / SEALED_SHARE)
uint32_t sealed_share(void);

#endif

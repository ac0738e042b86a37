/* acks.c: which acknowledgements a later one contains; see acks.h. Frames are as they came, from anybody, NOT trusted:
 * nothing is believed of them but that they may be dropped as a network may drop any frame.
 */
#include "net/ip/acks.h"

#include <string.h>

/* Offsets in the frame: Ethernet II, IPv4 without options (RFC 791 3.1), TCP without options (RFC 9293 3.1). */
enum {
    TYPE = 12,
    VERSION_LENGTH = 14,
    TOTAL_LENGTH = 16,
    FRAGMENT = 20,
    PROTOCOL = 23,
    ADDRESSES = 26, /* both, and the ports behind them */
    ACKNOWLEDGED = 42,
    DATA_OFFSET_FLAGS = 46,
    END = 54,
};
#define CONNECTION_BYTES 12
#define IP_TYPE 0x0800
#define IP_PLAIN_HEADER 0x45
#define IP_MORE_OR_OFFSET 0x3fff
#define IP_TCP 6
#define TCP_PLAIN_ACK 0x5010 /* five words of header; of the flags ACK alone */

static uint16_t word16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof(value));
    return __builtin_bswap16(value);
}

static uint32_t word32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return __builtin_bswap32(value);
}

bool ip_acks_alone(const uint8_t *frame, uint16_t length)
{
    return length >= END && word16(frame + DATA_OFFSET_FLAGS) == TCP_PLAIN_ACK && word16(frame + TYPE) == IP_TYPE &&
           word16(frame + TOTAL_LENGTH) == END - VERSION_LENGTH && frame[VERSION_LENGTH] == IP_PLAIN_HEADER &&
           frame[PROTOCOL] == IP_TCP && (word16(frame + FRAGMENT) & IP_MORE_OR_OFFSET) == 0;
}

bool ip_acks_contain(const uint8_t *later, const uint8_t *earlier)
{
    return memcmp(later + ADDRESSES, earlier + ADDRESSES, CONNECTION_BYTES) == 0 &&
           (int32_t)(word32(later + ACKNOWLEDGED) - word32(earlier + ACKNOWLEDGED)) > 0;
}

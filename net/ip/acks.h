/* net/ip/acks.h: of several acknowledgements of one connection that came together only the last one goes to lwIP.
 *
 * A peer that acknowledges each segment answers a burst of forty with forty frames, which are here when we wake. TCP's
 * acknowledgements are cumulative (RFC 9293 3.4), so one that a later one contains says nothing: it is dropped before
 * the stack has worked on it. Duplicates, which mean a loss (RFC 5681 3.2), are never dropped, nor is anything with
 * data, flags or options.
 */
#ifndef NET_IP_ACKS_H
#define NET_IP_ACKS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the frame is a TCP segment with ACK and nothing else: no options of IP or TCP, no data, no fragment. Reads at
 * most 54 bytes. */
bool ip_acks_alone(const uint8_t *frame, uint16_t length);

/* Of two of which ip_acks_alone() is true: whether the later one is of the same connection and acknowledges more. */
bool ip_acks_contain(const uint8_t *later, const uint8_t *earlier);

#endif

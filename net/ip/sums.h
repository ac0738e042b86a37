/* net/ip/sums.h: checksums of memory that is written once and sent often, computed once.
 *
 * A cached file leaves in the same segments again and again. For the transmit region that it lies in (the client's
 * region 1) the sum of each piece that was sent is kept, until its memory is said to have changed. Memory of which
 * that was never said is summed each time. A forgotten ip_memory_changed() means segments that every receiver drops.
 */
#ifndef NET_IP_SUMS_H
#define NET_IP_SUMS_H

#include "lib/region.h"

/* From ip_netif_up(); without a region nothing is kept. */
void ip_sums_init(const struct region *region);

/* lwIP's LWIP_CHKSUM; as ip_checksum(). */
unsigned short ip_sums_checksum(const void *data, int length);

#endif

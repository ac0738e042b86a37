/* net/ip/checksum.h: the Internet checksum's sum, RFC 1071. */
#ifndef NET_IP_CHECKSUM_H
#define NET_IP_CHECKSUM_H

#include <stdint.h>

/* lwIP's LWIP_CHKSUM: the sum itself, not its complement, of 16-bit words as they lie in memory; an odd last byte is
 * padded with zero. */
unsigned short ip_checksum(const void *data, int length);

/* The one's complement sum of 64-byte blocks as 64-bit words; at least one block. */
uint64_t ip_checksum_blocks(const void *data, uint64_t blocks);

#endif

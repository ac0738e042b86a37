/* net/virtio_net.h: what driver_virtio.c knows of a virtio network device: names and numbers only.
 * Source: "Virtual I/O Device (VIRTIO) Version 1.2" (OASIS); sections are named at each group.
 */
#ifndef NET_VIRTIO_NET_H
#define NET_VIRTIO_NET_H

#include <stdint.h>

#define VIRTIO_ID_NET 1

/* 5.1.3: feature bits */
#define VIRTIO_NET_F_CSUM_BIT 0
#define VIRTIO_NET_F_GUEST_CSUM_BIT 1
#define VIRTIO_NET_F_MAC_BIT 5
#define VIRTIO_NET_F_HOST_TSO4_BIT 11

/* 5.1.2: queues without VIRTIO_NET_F_MQ */
#define VIRTIO_NET_RX 0
#define VIRTIO_NET_TX 1

/* 5.1.6: flags of the header */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1u /* to send: complete the checksum; received: not yet complete, never wrong */
#define VIRTIO_NET_HDR_F_DATA_VALID 2u /* received: the checksum is right */

/* 5.1.6.2: gso_type */
#define VIRTIO_NET_HDR_GSO_TCPV4 1u

/* 5.1.6: the header before each frame, always 12 bytes with VIRTIO_F_VERSION_1 */
struct virtio_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t num_buffers;
};
_Static_assert(sizeof(struct virtio_net_header) == 12, "5.1.6");

#endif

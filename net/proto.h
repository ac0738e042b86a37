/* net/proto.h: frames between a client, the virtualisers and the NIC's driver: rings of 16-byte descriptors, in pairs.
 *
 *   receive   driver.filled -> virt_rx -> copy into the client's own region -> client.filled
 *             driver.free   <- virt_rx                                         client.free
 *                                                                            (empty buffers, from the client)
 *   transmit  client.filled -> virt_tx checks each descriptor, translates it to a bus address -> driver.filled
 *             client.free   <- virt_tx (done: the device has read it)          <- driver.free
 *
 * Between client and virtualiser a place is a region's number, an offset and a length (struct net_desc); between
 * virtualiser and driver it is a bus address (struct net_dma_desc). The two are different types, so a forgotten
 * translation does not compile.
 *
 * A frame to send may be several descriptors (scatter-gather): all but the last carry NET_MORE. At most NET_CHAIN_MAX
 * descriptors make a frame; a chain is put in the ring whole. The first one lies in region 0 and holds at least the
 * Ethernet header, whose source address the virtualiser checks. A frame comes back in the free ring as ONE element,
 * with the cookie of its last descriptor, once the device has read all of it, or at once when it was refused
 * (NET_REFUSED). TCP's checksum may be left to the device where it offers that (struct net_device): in both directions
 * a flag of the frame's first descriptor says so. So may the cutting of a large TCP segment into those that the link
 * carries. Completions may be held back while fewer than NET_LAZY frames are on their way: nobody is woken just to hear
 * that a frame has left. A client needs at least that many slots more than it can do without. Who waits for frames all
 * the same, since they hold memory, arms its free ring and notifies: then they come back as they leave.
 *
 * Restarts (lib/ring.h). A buffer comes back to its owner when no device can reach it, and that is when its owner sees
 * the new life: the driver resets its device before it attaches its rings; the driver lets a new life of net_virt_tx in
 * when all is sent, and net_virt_tx attaches its clients' rings after that; net_virt_tx lets a new life of a client in
 * when nothing of the former one is on its way, and until then that client writes nothing where it sends from. Receive
 * buffers stay with the device, so net_virt_rx and the driver restart together. Who restarts notifies its peers when it
 * has attached to all of their rings, and they act when they see the new life on all of them.
 */
#ifndef NET_PROTO_H
#define NET_PROTO_H

#include <stdint.h>
#include "lib/region.h"

#define NET_CLIENTS_MAX 8
#define NET_REGIONS_MAX 4 /* transmit regions of one client: its slots, and for instance the file share */
#define NET_CHAIN_MAX 16
#define NET_FRAME_MAX 1514 /* without the frame check sequence */
#define NET_TSO_MAX 65549  /* of a frame with NET_TSO: an IPv4 datagram of 65535 bytes and its Ethernet header */
#define NET_SEGMENT_MIN \
    536                      /* what the device may be asked to cut into:
                                the least that every host takes (RFC 9293 3.7.1) */
#define NET_FRAME_MIN 14     /* the Ethernet header (IEEE 802.3 3.2): destination, source, type */
#define NET_BUFFER_SIZE 1536 /* a receive buffer, driver's and client's; a client's transmit slot */
#define NET_SMALL_MAX \
    60                      /* a small frame: an acknowledgement alone (IEEE 802.3 4A.4.2: minFrameSize,
                                without its sum) */
#define NET_BUFFER_SMALL 64 /* a client's receive buffer for one */
#define NET_LAZY 32         /* frames */

enum net_flags {
    NET_MORE = 1 << 0,     /* the frame goes on in the next descriptor */
    NET_REFUSED = 1 << 1,  /* in the client's free ring: this frame was not sent, its descriptors were wrong */
    NET_CHECKSUM = 1 << 2, /* to send, in the first descriptor: TCP over IPv4, neither with options nor a fragment; the
                              device puts the checksum where the sum of the pseudo-header lies (RFC 9293 3.1),
                              uncomplemented */
    NET_TSO = 1 << 4,      /* beside NET_CHECKSUM: the device makes segments of `segment` bytes of payload of it, the
                             last may be shorter */
    NET_CHECKED = 1 << 3,  /* received: the device, or the host behind it, vouches for the TCP or UDP checksum */
};

/* Frames with NET_CHECKSUM hold their headers in the first descriptor: Ethernet 14, IPv4 20, TCP 20. */
#define NET_CHECKSUM_START 34  /* in the frame: where the sum begins */
#define NET_CHECKSUM_OFFSET 16 /* from there: where it goes */
#define NET_CHECKSUM_HEADERS 54

/* One word of the driver's, which its clients read when they start: they start after it. */
struct net_device {
    uint32_t offloads; /* NET_CHECKSUM, NET_TSO: frames to send may have that flag */
};

struct net_desc {
    uint32_t offset;  /* in the region, bytes */
    uint16_t length;  /* bytes */
    uint8_t region;   /* index into the client's transmit regions; 0 on receive */
    uint8_t flags;    /* enum net_flags */
    uint32_t cookie;  /* the owner's; comes back unchanged */
    uint16_t segment; /* with NET_TSO: bytes */
    uint16_t reserved;
};
_Static_assert(sizeof(struct net_desc) == 16, "compose/net.py sizes the rings");

struct net_dma_desc {
    struct bus_address bus;
    uint16_t length; /* bytes; of a free receive buffer: its capacity */
    uint16_t flags;  /* enum net_flags */
    uint16_t cookie;
    uint16_t segment; /* with NET_TSO: bytes */
};
_Static_assert(sizeof(struct net_dma_desc) == 16, "compose/net.py sizes the rings");

#endif

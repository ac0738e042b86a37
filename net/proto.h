/* net/proto.h: frames between a client, the virtualisers and the NIC's driver: rings of 16-byte descriptors, in pairs.
 *
 *   receive   driver.filled -> virt_rx -> copy into the client's own region -> client.filled
 *             driver.free   <- virt_rx                                         client.free (empty buffers, from the client)
 *   transmit  client.filled -> virt_tx checks each descriptor, translates it to a bus address -> driver.filled
 *             client.free   <- virt_tx (done: the device has read it)          <- driver.free
 *
 * Between client and virtualiser a place is a region's number, an offset and a length (struct net_desc); between virtualiser and
 * driver it is a bus address (struct net_dma_desc). The two are different types, so a forgotten translation does not compile.
 *
 * A frame may be several descriptors (scatter-gather): all but the last carry NET_MORE. A chain is put in the ring whole. At
 * most NET_CHAIN_MAX descriptors make a frame.
 */
#ifndef NET_PROTO_H
#define NET_PROTO_H

#include <stdint.h>
#include "lib/region.h"

#define NET_CLIENTS_MAX 8
#define NET_REGIONS_MAX 4    /* transmit regions of one client: its headers' slots, and for instance the file share */
#define NET_CHAIN_MAX 16
#define NET_FRAME_MAX 1514   /* without the frame check sequence */
#define NET_BUFFER_SIZE 2048 /* a receive buffer, driver's and client's */

enum net_flags {
    NET_MORE = 1 << 0, /* the frame goes on in the next descriptor */
};

struct net_desc {
    uint32_t offset; /* in the region, bytes */
    uint16_t length; /* bytes */
    uint8_t region;  /* index into the client's transmit regions; 0 on receive */
    uint8_t flags;   /* enum net_flags */
    uint32_t cookie; /* the owner's; comes back unchanged */
    uint32_t reserved;
};

struct net_dma_desc {
    struct bus_address bus;
    uint16_t length;
    uint16_t flags; /* enum net_flags */
    uint32_t cookie;
};

#endif

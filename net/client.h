/* net/client.h: one client's side of the network service: empty buffers out, frames in; slots out, frames sent.
 *
 * Received frames lie in buffers of the client's own region and stay until given back. A frame to send has one slot of
 * region 0, at least for its Ethernet header; further pieces may lie in the client's other transmit regions and leave
 * from there. The slot comes back when the device has read the frame: until then neither the slot nor the other pieces
 * may change.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/ring.h"
#include "net/config.h"

#define NET_CLIENT_BUFFERS_MAX 1024
#define NET_CLIENT_SLOTS_MAX 256

struct net_client {
    const struct net_client_config *config;
    struct ring rx_free, rx_small, rx_filled, tx_filled, tx_free;
    uint32_t slot_count;
    uint32_t free_count;
    uint16_t free[NET_CLIENT_SLOTS_MAX];
    bool out[NET_CLIENT_SLOTS_MAX];
    uint32_t settling; /* slots below this that are out are ours again as soon as the virtualiser knows us */
    bool unprovided;   /* so are the receive buffers that nobody holds */
    bool owed;         /* frames put since the virtualiser was last woken */
    bool hurried;      /* it knows that somebody waits for what is out */
    uint64_t refused;  /* frames that the virtualiser would not send */
    uint64_t lies;     /* what came from the virtualisers and cannot be */
};

struct net_received {
    uint8_t *data;
    uint16_t length;
    uint16_t capacity; /* of its buffer */
    uint16_t buffer;   /* for net_client_provide; the small ones' numbers are behind the others' */
    bool checked;      /* its TCP or UDP checksum is right */
};

/* What it will have. */
uint32_t net_client_slots(const struct net_client_config *config);

/* Gives all receive buffers to the virtualiser. After a restart that is net_client_lost_buffers()'s to say, and all slots
 * are out: they come back when nothing of the former life is on its way any more. */
void net_client_init(struct net_client *client, const struct net_client_config *config);

bool net_client_receive(struct net_client *client, struct net_received *frame);
void net_client_provide(struct net_client *client, uint16_t buffer);
/* At each word of the receive virtualiser's: true: it has restarted, or we have. Each buffer that is not in the caller's
 * hands is then to be provided anew; nobody writes there meanwhile. */
bool net_client_settle_buffers(struct net_client *client);
static inline bool net_client_lost_buffers(struct net_client *client)
{
    bool small = client->config->rx_small_count > 0 && ring_peer_restarted(&client->rx_small);
    bool settled = !client->unprovided && !small && !ring_any_restarted(&client->rx_free, &client->rx_filled);
    return !settled && net_client_settle_buffers(client);
}
/* Before sleep: wake us for the next frame. False: there is one already. */
bool net_client_arm_receive(struct net_client *client);

/* A free slot and its NET_BUFFER_SIZE bytes, or NULL. net_client_send gives it away, net_client_slot_back undoes it. */
uint8_t *net_client_slot(struct net_client *client, uint16_t *slot);
void net_client_slot_back(struct net_client *client, uint16_t slot);

/* Where [data, data + length) lies in the regions after the first. False: in none of them, or it straddles an end. */
bool net_client_locate(const struct net_client *client, const void *data, uint16_t length, struct net_desc *piece);

/* The pieces, at most NET_CHAIN_MAX; the first lies in the slot. Flags, but the offloads in the first, and cookies are
 * set here. False: no room, the slot is still ours. */
bool net_client_send(struct net_client *client, uint16_t slot, struct net_desc *pieces, uint32_t count);
uint32_t net_client_slot_offset(uint16_t slot);

/* At each word of the transmit virtualiser's, before the next: it may have restarted. */
void net_client_follow(struct net_client *client);
/* The next slot whose frame has left, or was lost with the virtualiser; it is free again. */
bool net_client_sent(struct net_client *client, uint16_t *slot);
/* Before sleep, when somebody waits for frames to leave: wake us when some have. False: some have already. hurry: though
 * they are fewer than NET_LAZY. */
bool net_client_arm_sent(struct net_client *client, bool hurry);

/* Owes the transmit virtualiser one wake-up (pd_notify_later) for all that was put since. */
void net_client_flush(struct net_client *client);

#endif

/* client.c: one client's side of the network service; see client.h.
 *   consumes  rx.filled  frames in our region     from net_virt_rx, trusted for content; its descriptors are bounded
 *   consumes  tx.free    slots whose frame left   from net_virt_tx, as above
 *   produces  rx.free, tx.filled
 *   restart   of net_virt_tx: it lets us see its new life when no device reads our memory any more, and all that was out
 *             is free. Of net_virt_rx: it held buffers only while it wrote in them. Our own: as the virtualisers' heads
 *             say; the virtualisers are told, since at other times they do not look
 *   invariant a slot is free, in its taker's hands, or out
 */
#include "net/client.h"

#include <string.h>

#include "lib/pd.h"

uint32_t net_client_slots(const struct net_client_config *config)
{
    uint64_t slots = config->regions[0].size / NET_BUFFER_SIZE;
    return slots > NET_CLIENT_SLOTS_MAX ? NET_CLIENT_SLOTS_MAX : (uint32_t)slots;
}

static void begin_again(struct net_client *client)
{
    memset(client->out, true, client->slot_count);
    client->settling = client->slot_count;
    client->unprovided = true;
    pd_notify_later(client->config->rx_channel);
    pd_notify_later(client->config->tx_channel);
}

void net_client_init(struct net_client *client, const struct net_client_config *config)
{
    uint32_t buffers = config->rx_buffer_count + config->rx_small_count;
    require(buffers <= NET_CLIENT_BUFFERS_MAX, "net client: rx_buffer_count", buffers);
    require(config->region_count > 0, "net client: region_count", config->region_count);
    *client = (struct net_client){.config = config};
    ring_attach_producer(&client->rx_free, &config->rx_free, sizeof(struct net_desc));
    if (config->rx_small_count > 0) {
        ring_attach_producer(&client->rx_small, &config->rx_small, sizeof(struct net_desc));
    }
    ring_attach_consumer(&client->rx_filled, &config->rx_filled, sizeof(struct net_desc));
    ring_attach_producer(&client->tx_filled, &config->tx_filled, sizeof(struct net_desc));
    ring_attach_consumer(&client->tx_free, &config->tx_free, sizeof(struct net_desc));
    client->slot_count = net_client_slots(config);
    require(client->slot_count > NET_LAZY, "net client: regions[0].size", config->regions[0].size);
    if (pd_generation() > 1) {
        begin_again(client);
        return;
    }
    for (uint32_t i = 0; i < client->slot_count; i++) {
        client->free[i] = (uint16_t)(client->slot_count - 1 - i);
    }
    client->free_count = client->slot_count;
    for (uint32_t i = 0; i < buffers; i++) {
        net_client_provide(client, (uint16_t)i);
    }
}

/* Where the small buffers begin. */
static uint32_t small_start(const struct net_client *client)
{
    return client->config->rx_buffer_count * NET_BUFFER_SIZE;
}

void net_client_provide(struct net_client *client, uint16_t buffer)
{
    bool small = buffer >= client->config->rx_buffer_count;
    struct net_desc desc = {.offset = buffer * (uint32_t)NET_BUFFER_SIZE, .length = NET_BUFFER_SIZE, .cookie = buffer};
    if (small) {
        desc.offset = small_start(client) + (buffer - client->config->rx_buffer_count) * NET_BUFFER_SMALL;
        desc.length = NET_BUFFER_SMALL;
    }
    struct ring *ring = small ? &client->rx_small : &client->rx_free;
    if (!ring_put(ring, &desc)) {
        ring_check(ring);
        client->lies++; /* the ring is as long as there are buffers: its index was tampered with */
    }
}

/* The buffer that a descriptor names. False: none of ours begins there. */
static bool find_buffer(const struct net_client *client, uint32_t offset, struct net_received *frame)
{
    bool small = offset >= small_start(client);
    uint32_t size = small ? NET_BUFFER_SMALL : NET_BUFFER_SIZE, inside = small ? offset - small_start(client) : offset;
    uint32_t buffer = inside / size + (small ? client->config->rx_buffer_count : 0);
    frame->capacity = (uint16_t)size;
    frame->buffer = (uint16_t)buffer;
    frame->data = region_at(&client->config->rx_buffers, offset, size);
    return frame->data && inside % size == 0 &&
           buffer < client->config->rx_buffer_count + client->config->rx_small_count;
}

bool net_client_receive(struct net_client *client, struct net_received *frame)
{
    struct net_desc desc;
    while (ring_get(&client->rx_filled, &desc)) {
        if (find_buffer(client, desc.offset, frame) && desc.length <= frame->capacity) {
            frame->length = desc.length;
            frame->checked = (desc.flags & NET_CHECKED) != 0;
            return true;
        }
        ring_check(&client->rx_filled);
        client->lies++;
    }
    return false;
}

bool net_client_settle_buffers(struct net_client *client)
{
    bool has_small = client->config->rx_small_count > 0;
    bool on_all = !has_small || ring_peer_generation(&client->rx_small) == ring_peer_generation(&client->rx_filled);
    if (on_all && (ring_pair_restarted(&client->rx_free, &client->rx_filled) ||
                   (has_small && ring_pair_restarted(&client->rx_small, &client->rx_filled)))) {
        ring_pair_reset(&client->rx_free, &client->rx_filled);
        if (has_small) {
            ring_reset(&client->rx_small);
        }
        client->unprovided = true;
    }
    if (!client->unprovided || !ring_is_open(&client->rx_filled)) {
        return false;
    }
    client->unprovided = false;
    return true;
}

bool net_client_arm_receive(struct net_client *client)
{
    return ring_arm_consumer(&client->rx_filled);
}

uint8_t *net_client_slot(struct net_client *client, uint16_t *slot)
{
    if (client->free_count == 0) {
        return NULL;
    }
    *slot = client->free[--client->free_count];
    return (uint8_t *)client->config->regions[0].base + net_client_slot_offset(*slot);
}

void net_client_slot_back(struct net_client *client, uint16_t slot)
{
    client->free[client->free_count++] = slot;
}

uint32_t net_client_slot_offset(uint16_t slot)
{
    return slot * (uint32_t)NET_BUFFER_SIZE;
}

bool net_client_locate(const struct net_client *client, const void *data, uint16_t length, struct net_desc *piece)
{
    for (uint32_t i = 1; i < client->config->region_count; i++) {
        const struct region *region = &client->config->regions[i];
        uint64_t offset = (uintptr_t)data - (uintptr_t)region->base; /* huge when data lies before it */
        if (region_holds(region, offset, length)) {
            *piece = (struct net_desc){.offset = (uint32_t)offset, .length = length, .region = (uint8_t)i};
            return true;
        }
    }
    return false;
}

bool net_client_send(struct net_client *client, uint16_t slot, struct net_desc *pieces, uint32_t count)
{
    if (client->settling > 0 || !ring_fits(&client->tx_filled, count)) {
        return false; /* settling: a slot that is out in the new life would be taken for one of the former */
    }
    for (uint32_t i = 0; i < count; i++) {
        pieces[i].flags = (pieces[i].flags & (NET_CHECKSUM | NET_TSO)) | (i + 1 < count ? NET_MORE : 0);
        pieces[i].cookie = slot;
    }
    (void)ring_put_many(&client->tx_filled, pieces, count);
    client->out[slot] = true;
    client->owed = true;
    return true;
}

void net_client_follow(struct net_client *client)
{
    if (ring_pair_follow(&client->tx_filled, &client->tx_free)) {
        client->settling = client->slot_count;
        client->owed = true;
    }
}

static bool take_lost(struct net_client *client, uint16_t *slot)
{
    while (client->settling > 0) {
        *slot = (uint16_t)--client->settling;
        if (client->out[*slot]) {
            client->out[*slot] = client->hurried = false;
            net_client_slot_back(client, *slot);
            return true;
        }
    }
    return false;
}

bool net_client_sent(struct net_client *client, uint16_t *slot)
{
    struct net_desc done;
    if (client->settling > 0 && ring_pair_agrees(&client->tx_filled, &client->tx_free) &&
        ring_is_open(&client->tx_filled) && take_lost(client, slot)) {
        return true;
    }
    while (ring_get(&client->tx_free, &done)) {
        if (done.cookie < client->slot_count && client->out[done.cookie]) {
            *slot = (uint16_t)done.cookie;
            client->out[*slot] = client->hurried = false;
            client->refused += (done.flags & NET_REFUSED) ? 1 : 0;
            net_client_slot_back(client, *slot);
            return true;
        }
        ring_check(&client->tx_free);
        client->lies++;
    }
    return false;
}

bool net_client_arm_sent(struct net_client *client, bool hurry)
{
    bool armed = ring_arm_consumer(&client->tx_free);
    if (armed && hurry && !client->hurried) {
        client->hurried = true;
        pd_notify_later(client->config->tx_channel);
    }
    return armed;
}

void net_client_flush(struct net_client *client)
{
    if (client->owed && ring_wake_consumer(&client->tx_filled)) {
        pd_notify_later(client->config->tx_channel);
    }
    client->owed = false;
}

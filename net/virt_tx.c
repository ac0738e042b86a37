/* virt_tx.c: decide which frames leave, and tell the driver where they lie.
 *   consumes  client.filled  chains of (region, offset, length)  from each client, NOT trusted: every descriptor is
 *                            checked
 *   consumes  driver.free    cookies of frames that have left    from the driver, trusted for liveness only
 *   produces  driver.filled  chains of bus addresses, whole; client.free, one element for each frame taken
 *   invariant a frame slot is free, or on its way in the driver's hands with its client known
 *   restart   of the driver: its device is reset before we see it, so what was on its way counts as sent. Of a client: it is
 *             let in when nothing of its former life is on its way any more. Our own: the driver lets us in when its device
 *             has sent all that was ours, and only then do the clients see the new life: their frames are free then
 *   when full clients wait: their chains stay in their rings until frames come back from the driver, of which FRAMES may
 *             be on their way, with as many pieces as its ring holds
 *   ends      an event ends when no client has a frame, or no more may be out: the driver's word goes on then. Clients run
 *             below this PD (compose/), so meanwhile their rings only empty
 *   refuses   a piece outside the client's regions, a chain or frame too long, a first piece that does not hold an
 *             Ethernet header in region 0 with that client's own source address, an offload that the device does not
 *             offer or that is asked for without the headers
 * Clients take turns, one frame each. Only region 0 of a client is mapped here (for the header), unless caches need
 * cleaning.
 */
#include <string.h>

#include "lib/pd.h"

#include "net/config.h"
#include "net/counters.h"
#include "net/dma.h"

#define FRAMES 256 /* on their way at once, of all clients together */
#define MAC_BYTES 6
#define OFFLOADS (NET_CHECKSUM | NET_TSO)

struct client {
    struct ring filled, free;
    struct net_desc chain[NET_CHAIN_MAX]; /* the frame being taken from the ring */
    uint32_t chain_count;
    bool complete; /* its last descriptor is there */
    bool too_long; /* the rest of it is thrown away */
    bool owed;     /* frames returned since it was last woken */
    bool leaving;  /* it has restarted, and frames of its former life are on their way */
    uint32_t out;  /* frames on their way */
};

static struct {
    struct ring driver_filled, driver_free;
    struct client clients[NET_CLIENTS_MAX];
    struct {
        uint8_t client;
        bool out;
        uint32_t cookie; /* the client's */
    } frames[FRAMES];
    uint16_t free_frames[FRAMES];
    uint32_t free_count;
    bool begun;     /* the driver knows us, and the clients' rings are attached */
    bool unsettled; /* the driver has restarted; what was on its way is not returned yet */
    bool any_leaving;
    bool put;          /* frames, since the driver was last woken */
    bool hurried;      /* the driver knows that somebody waits for what is out */
    uint32_t turn;     /* the client that is asked first; their number: the first one */
    uint32_t offloads; /* enum net_flags: what the device offers */
} self;

/* Takes descriptors until a chain is complete; at most a chain's worth at a time. */
static void gather(struct client *client)
{
    for (uint32_t i = 0; i < NET_CHAIN_MAX && !client->complete; i++) {
        if (client->chain_count == NET_CHAIN_MAX) { /* and its last one is not there */
            client->too_long = true;
            client->chain_count--;
        }
        struct net_desc *desc = &client->chain[client->chain_count];
        if (!ring_get(&client->filled, desc)) {
            return;
        }
        client->chain_count++;
        client->complete = (desc->flags & NET_MORE) == 0;
    }
}

static void return_frame(struct client *client, uint32_t cookie, uint8_t flags)
{
    struct net_desc done = {.cookie = cookie, .flags = flags};
    if (ring_put(&client->free, &done)) {
        client->owed = true;
    } else {
        ring_check(&client->free);
        net_virt_tx_counts()->unheard++; /* the client gave more than it can take back */
    }
}

static bool header_allowed(uint32_t index, const struct net_desc *first)
{
    const uint8_t *mac = net_virt_tx_config.clients[index].mac;
    if (first->region != 0 || first->length < NET_FRAME_MIN) {
        return false;
    }
    const uint8_t *frame = region_at(&net_virt_tx_config.clients[index].regions[0], first->offset, first->length);
    return frame && memcmp(frame + MAC_BYTES, mac, MAC_BYTES) == 0;
}

/* Only what the device offers, with the headers that it is told of in the first piece. */
static bool offloads_allowed(const struct net_desc *first)
{
    uint32_t asked = first->flags & OFFLOADS;
    if (asked & NET_TSO && (!(asked & NET_CHECKSUM) || first->segment < NET_SEGMENT_MIN)) {
        return false;
    }
    return !asked || (!(asked & ~self.offloads) && first->length >= NET_CHECKSUM_HEADERS);
}

static bool translate(uint32_t index, const struct net_desc *desc, uint16_t cookie, struct net_dma_desc *dma)
{
    if (desc->region >= net_virt_tx_config.clients[index].region_count || desc->length == 0) {
        return false;
    }
    const struct region *region = &net_virt_tx_config.clients[index].regions[desc->region];
    if (!dma_to_device(region, desc->offset, desc->length, net_virt_tx_config.coherent, &dma->bus)) {
        return false;
    }
    dma->length = desc->length;
    dma->flags = desc->flags & (NET_MORE | OFFLOADS);
    dma->cookie = cookie;
    dma->segment = desc->segment;
    return true;
}

/* The whole chain, checked and translated, or nothing. Its first piece alone asks the device for something. */
static bool check(uint32_t index, uint16_t cookie, struct net_dma_desc *dma)
{
    const struct client *client = &self.clients[index];
    uint32_t total = 0;
    if (client->too_long || !header_allowed(index, &client->chain[0]) || !offloads_allowed(&client->chain[0])) {
        return false;
    }
    for (uint32_t i = 0; i < client->chain_count; i++) {
        const struct net_desc *desc = &client->chain[i];
        if ((i > 0 && desc->flags & OFFLOADS) || !translate(index, desc, cookie, &dma[i])) {
            return false;
        }
        total += dma[i].length;
    }
    return total <= (client->chain[0].flags & NET_TSO ? NET_TSO_MAX : NET_FRAME_MAX);
}

static void finish_chain(struct client *client)
{
    client->chain_count = 0;
    client->complete = false;
    client->too_long = false;
}

static void provide(uint32_t index)
{
    struct client *client = &self.clients[index];
    struct net_dma_desc dma[NET_CHAIN_MAX];
    uint32_t cookie = client->chain[client->chain_count - 1].cookie;
    uint16_t frame = self.free_frames[self.free_count - 1];
    if (!check(index, frame, dma)) {
        ring_check(&client->filled);
        net_virt_tx_counts()->refused++;
        return_frame(client, cookie, NET_REFUSED);
        return;
    }
    self.free_count--;
    trace(frame_out, frame, net_virt_tx_config.clients[index].channel);
    self.frames[frame].client = (uint8_t)index;
    self.frames[frame].cookie = cookie;
    self.frames[frame].out = true;
    client->out++;
    (void)ring_put_many(&self.driver_filled, dma, client->chain_count);
    self.put = true;
}

static bool driver_takes(uint32_t pieces)
{
    return self.free_count > 0 && !self.unsettled && ring_fits(&self.driver_filled, pieces);
}

/* A bit for each client that may have a frame: not for those who will tell of the next one. */
static uint32_t who_may_have(void)
{
    uint32_t may_have = 0;
    for (uint32_t i = 0; i < net_virt_tx_config.client_count; i++) {
        may_have |= (uint32_t)(self.clients[i].complete || !ring_is_armed(&self.clients[i].filled)) << i;
    }
    return may_have;
}

/* One frame of each client in turn, until none has one or the driver has no room. Who has none is not asked again:
 * clients run below. True: frames are left waiting. */
static bool provide_all(void)
{
    uint32_t may_have = who_may_have();
    while (may_have) {
        uint32_t later = may_have & ~0u << self.turn;
        self.turn = (uint32_t)__builtin_ctz(later ? later : may_have);
        struct client *client = &self.clients[self.turn];
        if (!client->leaving) {
            gather(client);
        }
        if (!client->complete) {
            may_have &= ~(1u << self.turn);
        } else if (!driver_takes(client->chain_count)) {
            return true;
        } else {
            provide(self.turn);
            finish_chain(client);
        }
        self.turn++;
    }
    return false;
}

static void sent(uint16_t frame)
{
    struct client *client = &self.clients[self.frames[frame].client];
    trace(frame_gone, frame, net_virt_tx_config.clients[self.frames[frame].client].channel);
    self.frames[frame].out = self.hurried = false;
    self.free_frames[self.free_count++] = frame;
    client->out--;
    return_frame(client, self.frames[frame].cookie, 0);
}

static void return_sent(void)
{
    struct net_dma_desc done;
    while (ring_get(&self.driver_free, &done)) {
        if (done.cookie >= FRAMES || !self.frames[done.cookie].out) {
            ring_check(&self.driver_free);
            net_virt_tx_counts()->nonsense++;
            continue;
        }
        sent(done.cookie);
    }
}

/* The driver attaches after it has reset the device: no frame is on its way any more. */
static void follow_driver(void)
{
    if (ring_pair_follow(&self.driver_filled, &self.driver_free)) {
        self.unsettled = self.put = true;
    }
    if (!self.unsettled || !ring_pair_agrees(&self.driver_filled, &self.driver_free)) {
        return;
    }
    self.unsettled = false;
    for (uint16_t i = 0; i < FRAMES; i++) {
        if (self.frames[i].out) {
            sent(i);
        }
    }
}

/* What it had begun to put is nobody's any more. */
static void follow_client(microkit_channel channel)
{
    for (uint32_t i = 0; i < net_virt_tx_config.client_count; i++) {
        struct client *client = &self.clients[i];
        if (net_virt_tx_config.clients[i].channel == channel && ring_pair_restarted(&client->filled, &client->free)) {
            client->leaving = self.any_leaving = true;
            finish_chain(client);
        }
    }
}

static void let_clients_in(void)
{
    self.any_leaving = false;
    for (uint32_t i = 0; i < net_virt_tx_config.client_count; i++) {
        struct client *client = &self.clients[i];
        if (client->leaving && client->out == 0) {
            ring_pair_reset(&client->filled, &client->free);
            client->leaving = false;
            client->owed = true;
        }
        self.any_leaving |= client->leaving;
    }
}

/* Nobody can be waiting for a frame's return while its client has fewer than NET_LAZY out, but who restarts, or has
 * armed. */
static bool returns_matter(void)
{
    for (uint32_t i = 0; i < net_virt_tx_config.client_count; i++) {
        const struct client *client = &self.clients[i];
        if (client->out >= NET_LAZY || (client->out > 0 && ring_is_armed(&client->free))) {
            return true;
        }
    }
    return self.any_leaving;
}

/* With so few out the driver may sleep without a thought of them: it is told that somebody waits, once. */
static void hurry_driver(void)
{
    if (!self.hurried && FRAMES - self.free_count < NET_LAZY) {
        self.hurried = true;
        microkit_notify(net_virt_tx_config.driver);
    }
}

/* Arms all that could wake us. False: something is there already. */
static bool sleep(bool blocked)
{
    if (blocked || returns_matter()) {
        if (!ring_arm_consumer(&self.driver_free)) {
            return false;
        }
        hurry_driver();
    }
    for (uint32_t i = 0; !blocked && i < net_virt_tx_config.client_count; i++) {
        struct ring *filled = &self.clients[i].filled;
        if (!ring_is_armed(filled) && !ring_arm_consumer(filled)) {
            return false;
        }
    }
    return true;
}

/* Nobody for nothing: driver and virtualiser would wake each other for as long as the device keeps its frames. */
static void wake_peers(void)
{
    if (self.put && ring_wake_consumer(&self.driver_filled)) {
        microkit_notify(net_virt_tx_config.driver);
    }
    self.put = false;
    for (uint32_t i = 0; i < net_virt_tx_config.client_count; i++) {
        if (self.clients[i].owed && ring_wake_consumer(&self.clients[i].free)) {
            microkit_notify(net_virt_tx_config.clients[i].channel);
        }
        self.clients[i].owed = false;
    }
}

static void run(void)
{
    bool blocked;
    do {
        return_sent();
        if (self.any_leaving) {
            let_clients_in();
        }
        blocked = provide_all();
        net_virt_tx_counts()->waits += blocked;
        wake_peers();
    } while (!sleep(blocked));
}

static void check_config(const struct net_virt_tx_config *config)
{
    require(config->client_count <= NET_CLIENTS_MAX, "net_virt_tx: client_count", config->client_count);
    require(config->driver_free.capacity >= FRAMES, "net_virt_tx: driver_free.capacity", config->driver_free.capacity);
    require(config->driver_filled.capacity >= NET_CHAIN_MAX, "net_virt_tx: driver_filled.capacity",
            config->driver_filled.capacity);
    for (uint32_t i = 0; i < config->client_count; i++) {
        require(config->clients[i].region_count > 0 && config->clients[i].region_count <= NET_REGIONS_MAX,
                "net_virt_tx: clients.region_count", config->clients[i].region_count);
        require(config->clients[i].regions[0].base, "net_virt_tx: clients.regions[0].base of client", i);
    }
}

/* As soon as the driver knows us, which is at once at the first start. */
static void begin(void)
{
    const struct net_virt_tx_config *config = &net_virt_tx_config;
    self.begun = true;
    for (uint32_t i = 0; i < config->client_count; i++) {
        ring_attach_consumer(&self.clients[i].filled, &config->clients[i].filled, sizeof(struct net_desc));
        ring_attach_producer(&self.clients[i].free, &config->clients[i].free, sizeof(struct net_desc));
        self.clients[i].owed = pd_generation() > 1;
    }
    self.offloads = config->device->offloads;
}

void init(void)
{
    const struct net_virt_tx_config *config = &net_virt_tx_config;
    counters_begin();
    check_config(config);
    ring_attach_producer(&self.driver_filled, &config->driver_filled, sizeof(struct net_dma_desc));
    ring_attach_consumer(&self.driver_free, &config->driver_free, sizeof(struct net_dma_desc));
    for (uint16_t i = 0; i < FRAMES; i++) {
        self.free_frames[i] = (uint16_t)(FRAMES - 1 - i);
    }
    self.free_count = FRAMES;
    if (pd_generation() > 1) {
        (void)ring_wake_consumer(&self.driver_filled);
        microkit_notify(config->driver);
    }
    notified(config->driver);
}

/* Every wake-up means the same: look at all rings; and who speaks may be in a new life. */
void notified(microkit_channel channel)
{
    if (channel == net_virt_tx_config.driver) {
        if (self.unsettled || ring_any_restarted(&self.driver_filled, &self.driver_free)) {
            follow_driver();
        }
    } else if (self.begun) {
        follow_client(channel);
    }
    if (!self.begun && ring_is_open(&self.driver_free) && ring_is_open(&self.driver_filled)) {
        begin();
    }
    if (self.begun) {
        run();
    }
}

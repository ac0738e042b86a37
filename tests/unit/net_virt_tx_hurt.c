/* net_virt_tx_hurt.c: net/virt_tx.c after its own memory was written over: where a client's frames make no sense because
 * of that, it ends, so that its next life serves them. A client that gives nonsense does not end it. */
#include "net/virt_tx.c"

#include "net/client.h"

#define SLOTS 64
#define CLIENT_RING 1024
#include "tests/unit/net_virt_tx_rig.h"

static void give_frame(void)
{
    CHECK(ring_put(&filled[0], &(struct net_desc){.offset = net_client_slot_offset(1), .length = 60, .cookie = 3}));
    CHECK(ring_wake_consumer(&filled[0]));
    fake_wake(FAKE_BIT(CLIENT(0)));
}

static void give_nonsense(void)
{
    CHECK(ring_put(&filled[0], &(struct net_desc){.offset = 0xffffffff, .length = 60, .cookie = 4}));
    CHECK(ring_wake_consumer(&filled[0]));
    fake_wake(FAKE_BIT(CLIENT(0)));
}

int main(void)
{
    fake_reset();
    attach_ends();
    init();
    CHECK(!fake_dies(give_frame) && !fake_dies(give_nonsense));
    CHECK(net_virt_tx_counts()->refused == 1 && ring_count(&driver_filled) == 1);
    self.clients[0].filled.size = 8;
    CHECK(fake_dies(give_frame) && strstr(fake_why(), "written over"));
    return 0;
}

/* tests/unit/gmac_model.h: the GMAC as net/driver_dwmac.c sees it: registers, descriptors, MDIO, and memory as the
 * device sees it. A test links it with the driver, and is itself what lies around the device: PHY, glue registers,
 * clocks.
 *
 * What the driver writes reaches the device's view at a fence, no earlier; and a descriptor may not be given away in
 * the same stretch between two fences in which its other words were written, since the device might see the one
 * without the others.
 */
#ifndef GMAC_MODEL_H
#define GMAC_MODEL_H

#include "fake_microkit.h"
#include "net/config.h"
#include "net/dwmac.h"

#define GMAC_PIECES_MAX 4096
#define FOREVER (~0u)

struct gmac_model {
    uint32_t config, filter, gmii_addr, gmii_data, bus_mode, status, operation, enable;
    uint32_t address[2][32];
    uint32_t rx_base, tx_base, rx_at, tx_at;
    uint32_t address_count; /* that it has */
    uint32_t features;
    uint32_t reset_reads; /* until a reset ends; FOREVER */
    uint32_t resets, rx_polls, tx_polls;
    uint32_t tx_budget; /* descriptors that it is willing to send */
    uint32_t tx_flaws;  /* in the status of what it sends */
    bool tx_suspended;
    uint32_t sent_count, piece_count;
    struct {
        uint32_t buffer, length;
        uint32_t checksum; /* CIC, 0 to 3 */
        bool first, last, interrupt;
    } pieces[GMAC_PIECES_MAX];
    int closing;        /* the word of a descriptor that it is still to close; -1: none */
    uint32_t mdio_busy; /* reads until a transaction ends */
    bool mdio_hangs;
    uint64_t now; /* ns */
    uint32_t fences;
    bool breaks_order; /* the driver did: to be asked at the end */
};
extern struct gmac_model gmac;

/* -- the test's -- */

uint16_t phy_read_register(uint32_t phy, uint32_t reg);
void phy_write_register(uint32_t phy, uint32_t reg, uint16_t value);
uint32_t glue_read(volatile void *at);
void glue_write(volatile void *at, uint32_t value);
void gmac_is_reset(void); /* just before: what has to be there first? */

/* -- from here on as the model has it -- */

/* Before init(): everything new, time 1 ns, the rings empty and armed; memory holds a boot loader's descriptors. */
bool gmac_wait_for_frames(void); /* the virtualiser says so. False: some are there */
void gmac_prepare(void);

/* The device goes on sending, as far as its budget allows. */
void gmac_send(void);

/* A frame comes in; `status` is what its last descriptor says beside length. False: no buffer. */
bool gmac_arrive(uint32_t length, uint32_t status);
#define GOOD (RX_FIRST | RX_LAST)

/* The interrupt line is a level: delivered until it is down. */
void gmac_interrupt(void);

/* The deadline that the driver asked for. */
void gmac_timer(void);

/* -- the virtualisers -- */

#define FRAMES_BUS 0x31000000u

void give_buffers(uint32_t count);

/* A frame of `pieces` pieces into the ring, the first with these flags; kick() tells the driver. */
void put_frame_with(uint32_t cookie, uint32_t pieces, uint8_t flags);
void put_frame(uint32_t cookie, uint32_t pieces);
void kick(void);
bool awaits_frames(void); /* the driver wants to hear of more */
bool returned(uint32_t cookie);
bool received(uint32_t cookie, uint32_t length);
bool nothing_received(void);
bool waits_for_frames(void); /* from now on; false: there are some */

/* A test in a process of its own, so that the driver starts with its statics as they are at a start. */
void run_alone(void (*test)(void));

#endif

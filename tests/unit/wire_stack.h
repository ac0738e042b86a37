/* tests/unit/wire_stack.h: net/ip and lwIP as a whole at this end of the cable, and at the far one the test, which is
 * given each frame (at_peer) and builds its own (wire_segment). What lies between them: a card of so many buffers and
 * slots that reads all frames at once and loses none, the timer driver, and time.
 *
 * A test says WIRE_CARD(..) (wire.h), ip_config, at_peer(), and has init() call wire_start(). One with a device of its
 * own (slow, lossy, cutting) reads tx_filled itself, and uses the rest.
 */
#ifndef WIRE_STACK_H
#define WIRE_STACK_H

#include "lwip/tcp.h"
#include "timer/client.h"
#include "wire.h"

#define S (1000 * MS)
#define HEADERS 54 /* Ethernet, IPv4, TCP */

extern struct ring rx_small; /* after wire_start() */

/* For init(): the stack, guest_ip as its address unless DHCP is to give one, and a listener. */
void wire_start(bool has_address, uint16_t port, uint8_t backlog, tcp_accept_fn on_accept);

/* The test's: a frame has come out. */
void at_peer(const uint8_t *frame, uint32_t length);

/* To the guest: put() tells whether the card had a buffer, and wakes nobody. deliver() needs one, and wakes. */
bool wire_put(const uint8_t *frame, uint32_t length);
void wire_deliver(const uint8_t *frame, uint32_t length);

/* All that the guest has sent goes to at_peer(), and what it sends for that. */
void wire_take(void);

/* Time passes; the timer rings, and what is sent then is taken. */
void wire_pass(uint64_t ns);
extern uint32_t wire_alarms;

/* Builds and delivers it, and takes what comes of it. */
void wire_send(const struct segment *segment);

/* Whether the frame is ARP; a question for the host's address is answered. */
bool wire_answers_arp(const uint8_t *frame);

#endif

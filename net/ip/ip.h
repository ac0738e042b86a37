/* net/ip/ip.h: one TCP/IP stack (lwIP 2.2.1, unpatched, NO_SYS) for the PD that links it, on net/client.
 *
 * The program uses lwIP's raw API (lwip/tcp.h, lwip/udp.h, lwip/dns.h) directly, from the event loop or from its worker (lib/fiber.h):
 * there is one thread of control, so no locks. What makes it an event-driven stack is here: frames come in on the
 * channel's event, lwIP's timers run from the timer service only while they have something to do, and frames that a batch of work
 * produced leave with one wake-up.
 *
 * Callbacks of lwIP run inside ip's handlers. After work begun elsewhere (a worker that wrote to a connection), the
 * program's return to the event loop ends in pd_flush(), which sends what is owed; ip registers itself for that.
 */
#ifndef NET_IP_IP_H
#define NET_IP_IP_H

#include <stdbool.h>
#include <stdint.h>
#include "net/config.h"

struct ip_config {
    char hostname[32];
    bool wait_for_start; /* true: ip_init() brings everything up but asks DHCP only at ip_start() */
};
extern const struct ip_config ip_config;

/* lwIP, the interface `e0`, ARP, DHCP. Needs timer_client_init() before it. Prints
 * `DHCP request finished, IP address for netif e0 is: ADDRESS` through lib/log when the address is there. */
void ip_init(const struct ip_config *config, const struct net_client_config *net);
void ip_start(void);

/* Called once each time the interface has got an address (or a new one). */
void ip_on_address(void (*handler)(void *context), void *context);
bool ip_has_address(void);
uint32_t ip_address(void); /* network byte order, 0: none */

/* A transmit region of the client config (net_client_config.regions[n]) from which tcp_write without copy may send: payload pointers
 * inside it leave by scatter-gather; pointers elsewhere are copied into slots of region 0. */

/* Random numbers that lwIP, RPC ids and Python share; seeded per board (docs/LIMITS.md says with what). */
uint32_t ip_random(void);

#endif

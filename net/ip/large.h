/* net/ip/large.h: TCP segments larger than a frame, which the device cuts (NET_LARGE, net/proto.h). */
#ifndef NET_IP_LARGE_H
#define NET_IP_LARGE_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_pcb;
struct net_client;

/* Before the first connection. From then on ip_tcp_write() makes large segments of what lies in a transmit region of the client. */
void large_init(const struct net_client *client);

/* For lwIP's hook at each segment that it sends: whose it is, or NULL (a reset for what has no connection). */
void large_goes_out(const struct tcp_pcb *pcb);
/* The payload that the segment going out is to be cut into, bytes. */
uint16_t large_segment(void);

/* Cuts up what can no longer leave whole, because the window has become smaller than it. After each turn of TCP's timers. */
void large_unblock(void);

#endif

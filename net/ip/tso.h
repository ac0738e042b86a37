/* net/ip/tso.h: TCP segments larger than a frame, which the device cuts (NET_TSO, net/proto.h). */
#ifndef NET_IP_TSO_H
#define NET_IP_TSO_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_hdr;
struct tcp_pcb;
struct net_client;

/* Before the first connection. From then on ip_tcp_write() makes large segments of what lies in a transmit region of
 * the client. */
void ip_tso_init(const struct net_client *client);

/* For lwIP's hook at each segment that it sends: whose it is, or NULL (a reset for what has no connection). Notes in
 * the field of the checksum, which the device computes, into how many bytes of payload the segment is to be cut: it
 * may wait for the peer's hardware address while others are sent. */
void ip_tso_goes_out(const struct tcp_pcb *pcb, struct tcp_hdr *header);
/* What was noted. 0: the segment is not to be cut. */
uint16_t ip_tso_segment(const struct tcp_hdr *header);

/* Whether lwIP may split the first segment that waits, for a window smaller than it: that copies all but the window's
 * bytes, and leaves the end of the stream in front, too, unless it is a segment of its own; it is made one here. */
bool ip_tso_may_split(struct tcp_pcb *pcb);

/* Cuts up what can no longer leave whole, because the window has become smaller than it. After each turn of TCP's
 * timers. */
void ip_tso_unblock(void);

#endif

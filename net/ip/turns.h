/* net/ip/turns.h: who waits for a slot to send from, in the order of their turns. */
#ifndef NET_IP_TURNS_H
#define NET_IP_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct pbuf;
struct tcp_pcb;

/* At the queue's end, unless it waits already. */
void ip_turns_wait(struct tcp_pcb *pcb);
bool ip_turns_waits(const struct tcp_pcb *pcb);
/* Takes out the connection that has waited longest. NULL: none waits. */
struct tcp_pcb *ip_turns_next(void);

/* Keeps a frame of one pbuf until ip_turns_kept(), which gives it to the caller to free. When RESETS_MAX are kept the
 * oldest is dropped: false. */
bool ip_turns_keep(struct pbuf *p);
struct pbuf *ip_turns_kept(void);

bool ip_turns_connections(void); /* whether any waits */
bool ip_turns_any(void);         /* or a frame is kept */

#endif

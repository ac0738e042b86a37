/* net/ip/tcp_hooks.h: included by lwIP (LWIP_HOOK_FILENAME). */
#ifndef NET_IP_TCP_HOOKS_H
#define NET_IP_TCP_HOOKS_H

#include "lwip/ip_addr.h"
#include "lwip/tcp.h"
#include "net/ip/tso.h"

struct tcp_hdr;

err_t ip_tcp_hooks_packet(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t options, const u8_t *more_options,
                          struct pbuf *p);
u32_t ip_tcp_hooks_initial_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                                    u16_t remote_port);

/* The next packet is an acknowledgement that stands for itself and `count` earlier ones (acks.h); 0: it stands for
 * itself. */
void ip_tcp_hooks_contained(u32_t count);

/* Before the first frame. `spares_buffers`: half of the receive buffers are not out. */
void ip_tcp_hooks_init(bool (*spares_buffers)(void));

/* The next frame: `scarce`: only a connection that holds nothing may keep it. */
void ip_tcp_hooks_frame(bool scarce);
/* Segments that were refused for that. */
uint64_t ip_tcp_hooks_dropped(void);

/* How many packets a connection may have that came out of order. */
u16_t ip_tcp_hooks_out_of_order(void);

/* Outside of lwIP's own handlers, when memory is low: frees what came out of order, of all connections, since it comes
 * again (RFC 9293 3.10.7.4). Resets the one that was silent longest of those that hold data (`resets`), or an answer
 * that their peer does not take (by what memory.c lacks). At most ten times a second. */
void ip_tcp_hooks_release(bool resets);

/* window.c. At each segment that lwIP sends: whose it is, or NULL (a reset for what has no connection). */
void ip_tcp_hooks_goes_out(struct tcp_pcb *pcb, struct tcp_hdr *header);
/* The window of a connection that the program has read all of, which takes the place of lwIP's. */
u32_t ip_tcp_hooks_window(const struct tcp_pcb *pcb);
#undef TCP_WND_MAX
#define TCP_WND_MAX(pcb) ((tcpwnd_size_t)ip_tcp_hooks_window(pcb))

/* Outside of lwIP's own handlers, now and then. */
void ip_tcp_hooks_trim_time_wait(void);

#endif

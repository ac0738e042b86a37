/* net/ip/ip.h: one TCP/IP stack (lwIP 2.2.1, unpatched, NO_SYS) for the PD that links it, on net/client.
 *
 * The program uses lwIP's raw API (lwip/tcp.h, lwip/udp.h, lwip/dns.h) directly, from the event loop or from its worker
 * (lib/fiber.h): there is one thread of control, so no locks. What makes it an event-driven stack is here: frames come
 * in on the channel's event, lwIP's timers run from the timer service only while they have something to do, and frames
 * that a batch of work produced leave with one wake-up.
 *
 * Callbacks of lwIP run inside ip's handlers. After work begun elsewhere (a worker that wrote to a connection), the
 * program's return to the event loop ends in pd_flush(), which sends what is owed; ip registers itself for that. A
 * program's init() ends with pd_flush(). Random numbers (lib/random.h) are seeded by ip_init().
 *
 * What a program should know of the raw API:
 *   - tcp_listen_with_backlog: a connection is accepted at once when its handshake ends, and its data comes at once, so
 *     set tcp_recv in the accept callback. The backlog bounds handshakes, not connections. The callback may get a NULL
 *     pcb: out of memory.
 *   - ip_tcp_recved() opens the window again; a pbuf that is kept holds one of the receive buffers.
 *   - tcp_write without TCP_WRITE_FLAG_COPY: payload inside a transmit region (net_client_config.regions[1..]) leaves
 *     by scatter-gather; elsewhere it is copied into a slot when it is sent. Either way it must not change until it is
 *     acknowledged. Memory in a transmit region may be read once more even after that (a retransmission under way):
 *     before it is used anew, see ip_sends_from() and ip_when_sent(). After a restart that is so of all such memory.
 *   - tcp_output() sends; the wake-up follows at the flush.
 */
#ifndef NET_IP_IP_H
#define NET_IP_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "entropy/config.h"
#include "lib/region.h"
#include "lwip/ip4.h"
#include "net/config.h"

#undef ip_init /* lwIP's, which is empty */

struct ip_config {
    char hostname[32];
    bool wait_for_start;          /* true: ip_init() brings everything up but asks DHCP only at ip_start() */
    bool large_datagrams;         /* the program may send some that do not fit in a frame */
    uint32_t connections;         /* of TCP, at most MEMP_NUM_TCP_PCB (lwipopts.h) */
    uint32_t segments;            /* TCP segments to be sent or acknowledged, of all connections */
    struct region memory;         /* for all these, the tables, and at least IP_MEMORY_MIN bytes of packets */
    volatile const uint32_t *rtc; /* a clock to seed random numbers with; NULL: none */
    const struct entropy_client_config *entropy; /* NULL: no service */
};
extern const struct ip_config ip_config;

#define IP_MEMORY_MIN 0x17e00
#define IP_DATAGRAM_BYTES 0x10200 /* of packets, more with large_datagrams */
#define IP_POOLS_BYTES 0x1800     /* of the pools that are as large for every program */
#define IP_CONNECTION_BYTES 280
#define IP_SEGMENT_BYTES 56
#define IP_BUFFER_BYTES 40 /* of the tables: for each receive buffer, */
#define IP_SLOT_BYTES 72   /* and for each slot to send from */

/* lwIP, the interface `e0`, ARP, DHCP. Needs timer_client_init() before it. Prints
 * `DHCP request finished, IP address for netif e0 is: ADDRESS` through lib/log when the address is there. After a restart
 * that is at once, where the lease has not ended meanwhile (`netif e0 keeps its IP address: ADDRESS`). */
void ip_init(const struct ip_config *config, const struct net_client_config *net);
void ip_start(void);

/* Called each time the interface has got an address (or a new one), and at once if it has one. At most 4 handlers. */
void ip_on_address(void (*handler)(void *context), void *context);
bool ip_has_address(void);
uint32_t ip_address(void); /* network byte order, 0: none */

/* Whether a descriptor that is out now may still have some of this memory, of a transmit region, read by the device. */
bool ip_sends_from(const void *memory, size_t size);

/* Calls handler once, when no descriptor that is out now names memory of a transmit region any more; at once if none
 * does. False: too many are waiting (8); try later. */
bool ip_when_sent(void (*handler)(void *context), void *context);
/* Somebody waits for that: descriptors that are out come back as the device has read them. Else few of them come back
 * with the next frame only. */
void ip_hurry_sent(void);

/* Memory of the client's transmit region 1 was written and will stay until this is called again: checksums of what is
 * sent from it by reference are computed once (net/ip/sums.h). Call it each time such memory is written. */
void ip_memory_changed(const void *at, uint64_t size);

/* Where they are kept: so many, a power of two, of IP_SUM_BYTES each. Without it none are. As many as there are KiB
 * in that memory are enough for all of it. */
#define IP_SUM_BYTES 12
void ip_keep_sums(void *table, uint32_t count);

/* lwIP's tcp_write(), with the same arguments and results. Of memory of a transmit region that is not copied it makes
 * segments as large as the device cuts (net/ip/tso.c). A connection that uses this once uses it always. */
struct tcp_pcb;
signed char ip_tcp_write(struct tcp_pcb *pcb, const void *data, uint16_t length, uint8_t flags);

/* lwIP's tcp_recved(), with the same arguments: of a connection that a peer opened. Makes its window larger, or smaller,
 * as receive memory allows, which all share (net/ip/window.c). */
void ip_tcp_recved(struct tcp_pcb *pcb, uint16_t length);

/* Bytes that the connection may write now. While packet memory is plenty it may have 64 KB queued, sent or not, and
 * more of what is written `by_reference` where the device cuts segments; less the less is left. When it is short, as
 * much as the peer takes at once, and two segments at most; with nothing queued never 0. Who asks before it writes
 * leaves room for others, however many connections have peers that do not read. Less than one wants is to be waited for
 * only while something is queued: its acknowledgement makes room. */
uint32_t ip_tcp_room(const struct tcp_pcb *pcb, bool by_reference);

/* Of what is written now so many bytes would leave at once, beside all that is queued: the peer's window and the
 * network's (RFC 5681 3.1) let no more out. */
uint32_t ip_tcp_window(const struct tcp_pcb *pcb);

/* Who waits for this connection's peer asks whether it is there: what it has not acknowledged is sent again, or a probe,
 * and its station is asked for, whatever the back-off of TCP and ARP says. Not more often than some times a second. */
void ip_tcp_ask_again(struct tcp_pcb *pcb);

/* Counters, for tests and for a person. */
struct ip_counters {
    uint64_t frames_in, frames_out;
    uint64_t copied_in;      /* frames copied because receive buffers were short */
    uint64_t dropped_in;     /* frames for which there was no memory */
    uint64_t acks_contained; /* acknowledgements that a later one of the same batch contained */
    uint64_t no_slot;        /* frames not sent at once because all slots were out, or others waited for one */
    uint64_t lost_out;       /* of these: that nobody sends again, and that could not be kept */
    uint64_t refused;        /* frames that the virtualiser would not send */
    uint64_t memory_short;
};
void ip_counters(struct ip_counters *counters);

#endif

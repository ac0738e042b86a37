/* net/ip/internal.h: what the files of net/ip share. */
#ifndef NET_IP_INTERNAL_H
#define NET_IP_INTERNAL_H

#include "lwip/netif.h"
#include "net/ip/ip.h"

/* memory.c */
#define MEMORY_SMALL 128 /* bytes of its smallest blocks */
/* The region's first bytes are for tables: so many, zeros, which it returns. */
void *ip_memory_init(const struct ip_config *config, size_t tables);
uint64_t ip_memory_failures(void);
/* Segments that one connection may have queued just now beyond what its peer takes at once; 0 when memory is short. */
uint32_t ip_memory_send_share(bool by_reference);
/* What connections have queued leaves little for new ones: of what each segment takes; of blocks for copied data. */
bool ip_memory_is_low(void);
bool ip_memory_lacks_full(void);
/* Whether a received frame of this length may be kept in it: what answers need is left. */
bool ip_memory_for_received(uint32_t length);
uint32_t ip_memory_receive_room(void);     /* segments that may be kept in it now, */
uint32_t ip_memory_receive_capacity(void); /* and when it is empty */

/* pools.c: cuts the pools off memory that begins at `at`; where they end. */
uint8_t *ip_pools_init(const struct ip_config *config, uint8_t *at);
/* Whether so many in eight of all segments are free. */
bool ip_pools_have_segments(uint32_t eighths);
/* Segments with a reference each that are left beyond half of all; and less than an eighth is left of either. */
uint32_t ip_pools_spare(void);
bool ip_pools_are_low(void);

/* random.c */
void ip_random_seed(const struct ip_config *config, const uint8_t mac[6]);
uint64_t ip_random_keyed_hash(uint64_t a, uint64_t b);

/* netif.c */
size_t ip_netif_table_bytes(const struct net_client_config *config);
struct netif *ip_netif_up(const struct net_client_config *config, void *tables);
void ip_netif_counters(struct ip_counters *counters);
uint32_t ip_netif_receive_room(void); /* full segments that can be kept now, in receive buffers and packet memory, */
uint32_t ip_netif_receive_capacity(void); /* and when nothing else is */

/* lease.c */
/* A server has given or renewed it; or it has ended, and nothing is kept. */
void ip_lease_keep(const struct netif *netif);
/* After a restart: the interface has the address of the former life again. False: that has none, or it has ended. */
bool ip_lease_resume(struct netif *netif);
/* LWIP_DHCP_MAX_NTP_SERVERS of them, as DHCP's option 42 has them; 0: none. */
const ip4_addr_t *ip_lease_ntp_servers(void);

/* timers.c */
void ip_timers_init(struct netif *netif);
/* Looks at each frame's start for what lwIP will have to be reminded of. At least 42 bytes are readable. */
#define TIMERS_HEAD_BYTES 42 /* of a frame are looked at */
void ip_timers_saw_output(const uint8_t *frame);
void ip_timers_saw_input(const uint8_t *frame);

#endif

/* net/ip/lwipopts.h: the one configuration of lwIP 2.2.1 (lwip/opt.h explains each name). Only what differs from its
 * defaults. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

/* One thread of control, the raw API only. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_STATS 0

/* net/ip/timers.c is in place of core/timeouts.c, which is not built. */
#define LWIP_TIMERS 1
#define LWIP_TIMERS_CUSTOM 1

/* Protocols */
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_ICMP 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_DHCP 1
#define LWIP_DNS 1
#define LWIP_IGMP 0
#define LWIP_RAW 0
#define LWIP_ACD 0                 /* nobody asks for conflict detection: */
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* its probe costs seconds at boot; the server has checked already */
#define DHCP_COARSE_TIMER_SECS 1   /* its clock stands still between deeds (timers.c) */
#define DHCP_TIMEOUT_SIZE_T u32_t
#define DHCP_DEFINE_CUSTOM_TIMEOUTS 1 /* to the second; a lease that is shorter counts as one of 4 s */
#define DHCP_SECONDS(offered, least) ((offered) < (least) ? (least) : (offered))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T0_LEASE(result, dhcp) ((result) = DHCP_SECONDS((dhcp)->offered_t0_lease, 4))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T1_RENEW(result, dhcp) ((result) = DHCP_SECONDS((dhcp)->offered_t1_renew, 2))
#define DHCP_SET_TIMEOUT_FROM_OFFERED_T2_REBIND(result, dhcp) ((result) = DHCP_SECONDS((dhcp)->offered_t2_rebind, 3))
#define DHCP_NEXT_TIMEOUT_THRESHOLD 2 /* a renewal that had no answer is tried again at half of what is left */
#define DHCP_REQUEST_BACKOFF_SEQUENCE(tries) ((u16_t)(((tries) < 6 ? 1 << (tries) : 60) * 1000))
#define LWIP_DHCP_GET_NTP_SRV 1 /* option 42: lease.c keeps what it says */
#define LWIP_DHCP_MAX_NTP_SERVERS 2
#define ARP_TABLE_SIZE 64       /* peers on this network that are talked to at a time */
#define LWIP_NETIF_HWADDRHINT 1 /* each connection remembers its place in it */
#define ARP_QUEUEING 1          /* more than one packet may wait for an address */
#define ETHARP_TABLE_MATCH_NETIF 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_SINGLE_NETIF 1

/* Memory: packets from net/ip/memory.c, control blocks from net/ip/pools.c. Of connections, segments and references a
 * program's configuration says how many there are; here is the most. */
#define MEM_ALIGNMENT 8
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC ip_memory_take
#define MEM_CUSTOM_CALLOC ip_memory_take_zeroed
#define MEM_CUSTOM_FREE ip_memory_give
#define MEMP_NUM_TCP_PCB 1536
#define MEMP_NUM_TCP_PCB_LISTEN 16
#define MEMP_NUM_UDP_PCB 16
#define MEMP_NUM_TCP_SEG 4096
#define MEMP_NUM_PBUF 4096 /* for data that is referenced, not copied */
#define MEMP_NUM_REASSDATA 8
#define MEMP_NUM_ARP_QUEUE 64
#define IP_REASS_MAX_PBUFS 96            /* two datagrams of the largest size */
#define PBUF_POOL_SIZE 1                 /* not used: received frames are custom pbufs, */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* so that the window need not fit in this pool */
#define LWIP_SUPPORT_CUSTOM_PBUF 1

/* TCP. A window that scales (RFC 7323), sized so that one connection fills a link of 10 ms at 100 Mbit/s. */
#define TCP_MSS 1460
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_WND (88 * TCP_MSS)      /* the largest: window.c */
#define TCP_SND_BUF (176 * TCP_MSS) /* of which ip_tcp_room() gives a part */
#define TCP_SND_QUEUELEN 176
#define TCP_SNDLOWAT (16 * TCP_MSS)
#define TCP_OVERSIZE TCP_MSS
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_PBUFS 64
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) ip_tcp_hooks_out_of_order() /* that, or none when memory is short */
/* Of connections whose handshake is under way; established ones are the program's at once. */
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 128
#define TCP_MSL 30000          /* ms; TIME_WAIT lasts 60 s, as on Linux */
#define LWIP_TCP_RTO_TIME 1000 /* ms, RFC 6298 2.1 */
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 2 /* net/ip/turns.c's link; what window.c withholds */
#define SO_REUSE 1
#define SO_REUSE_RXTOALL 1

/* What a device checks and computes, netif.c leaves to it. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

/* SNTP (RFC 4330), for who links net/ip/time_of_day.c. An answer has to come from who was asked, and to repeat the
 * question's time, of which some bits are random. */
#define SNTP_GET_SERVERS_FROM_DHCP 0
#define SNTP_MAX_SERVERS LWIP_DHCP_MAX_NTP_SERVERS
#define SNTP_SERVER_DNS 1
#define SNTP_STARTUP_DELAY 0
#define SNTP_CHECK_RESPONSE 2
#define SNTP_COMP_ROUNDTRIP 1
#define SNTP_PORT ip_time_port()
#define SNTP_GET_SYSTEM_TIME_NTP(seconds, fraction) ip_time_stamp(&(seconds), &(fraction))
#define SNTP_SET_SYSTEM_TIME_NTP(seconds, fraction) ip_time_told((seconds), (fraction))
#include "net/ip/time_of_day.h"

/* Of data. */
#define MEMCPY(to, from, size) copy_long(to, from, size)
#include "lib/copy.h"

/* net/ip/sums.c */
#define LWIP_CHKSUM ip_sums_checksum
#include "net/ip/sums.h"

/* net/ip/tcp_hooks.c */
#define LWIP_HOOK_FILENAME "net/ip/tcp_hooks.h"
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, options, first_options, more_options, p) \
    ip_tcp_hooks_packet(pcb, header, options, more_options, p)
#define LWIP_HOOK_TCP_ISN ip_tcp_hooks_initial_sequence

/* net/ip/window.c; no options are added. */
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, header, pcb, options) \
    (ip_tcp_hooks_goes_out((struct tcp_pcb *)(uintptr_t)(pcb), header), options)

#endif

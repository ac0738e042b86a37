/* again.c: a connection's peer is asked whether it is there, at the word of who waits for it.
 *   produces  segments that are sent already, a probe, an ARP request
 *   invariant lwIP's own clocks and counts stay as they are: this is beside them
 *   when full what finds no memory or slot is left out: the next word comes soon
 */
#include "lwip/etharp.h"
#include "lwip/priv/tcp_priv.h"
#include "net/ip/ip.h"

/* A peer that came back as another station, or that ARP has given up, is found by its answer. */
static void ask_station(const ip4_addr_t *peer)
{
    struct netif *netif = netif_default;
    bool here = ip4_addr_net_eq(peer, netif_ip4_addr(netif), netif_ip4_netmask(netif));

    etharp_request(netif, here ? peer : netif_ip4_gw(netif));
}

void ip_tcp_ask_again(struct tcp_pcb *pcb)
{
    if (!pcb->unacked) {
        if (pcb->state == ESTABLISHED) {
            tcp_keepalive(pcb);
        }
        return;
    }
    uint8_t count = pcb->nrtx;
    if (tcp_rexmit_rto_prepare(pcb) == ERR_OK) { /* else it waits for ARP, or for the device */
        tcp_rexmit_rto_commit(pcb);
        pcb->nrtx = count;
    }
    ask_station(&pcb->remote_ip);
}

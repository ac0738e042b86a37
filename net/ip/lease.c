/* lease.c: the address outlives the program: a stack that starts anew goes on with the lease of its former life.
 *   consumes  what lwIP knows of its lease, each time a server has given or renewed it
 *   consumes  the same, kept over a restart: believed when its sum is right and the lease has not ended meanwhile
 *   produces  an interface with an address, and a lease that is renewed and ends when it would have
 *   invariant what is kept is the lease that the interface has, or nothing
 * The sum is there for a program that died while it wrote nonsense about: it then asks DHCP, as at its first start.
 */
#include "lib/pd.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/prot/dhcp.h"
#include "net/ip/internal.h"

#define S 1000000000ull

struct kept {
    uint64_t sum; /* of what follows */
    uint64_t begun_ns;
    struct dhcp dhcp; /* as it was then */
    ip4_addr_t mask;
    ip_addr_t dns[DNS_MAX_SERVERS];
    ip4_addr_t ntp[LWIP_DHCP_MAX_NTP_SERVERS];
};
PD_KEPT static struct kept kept;

static struct {
    ip4_addr_t ntp[LWIP_DHCP_MAX_NTP_SERVERS]; /* as the last answer has them; 0: none */
} self;

/* lwIP's name, called with each answer of a server. */
void dhcp_set_ntp_servers(u8_t count, const ip4_addr_t *servers)
{
    memset(self.ntp, 0, sizeof(self.ntp));
    for (u8_t i = 0; i < count && i < LWIP_DHCP_MAX_NTP_SERVERS; i++) {
        self.ntp[i] = servers[i];
    }
}

const ip4_addr_t *ip_lease_ntp_servers(void)
{
    return self.ntp;
}

/* FNV-1a: a constant for each byte, so that no zeros are a sum. */
static uint64_t sum(void)
{
    const uint8_t *bytes = (const uint8_t *)&kept + sizeof(kept.sum);
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < sizeof(kept) - sizeof(kept.sum); i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    }
    return hash;
}

void ip_lease_keep(const struct netif *netif)
{
    const struct dhcp *dhcp = netif_dhcp_data(netif);
    memset(&kept, 0, sizeof(kept));
    if (dhcp && dhcp->state == DHCP_STATE_BOUND) {
        kept.begun_ns = pd_now_ns();
        kept.dhcp = *dhcp;
        kept.mask = *netif_ip4_netmask(netif);
        for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++) {
            kept.dns[i] = *dns_getserver(i);
        }
        memcpy(kept.ntp, self.ntp, sizeof(kept.ntp));
        kept.sum = sum();
    }
}

/* What is left of a time; one that has come meanwhile comes at once. 0: there is none. */
static uint32_t left(uint32_t time, uint64_t age)
{
    return time == 0 ? 0 : time > age ? (uint32_t)(time - age) : 1;
}

/* lwIP asks no server while the link is down; all the rest of its start it does. */
static bool start_silently(struct netif *netif)
{
    netif->flags &= (uint8_t)~NETIF_FLAG_LINK_UP;
    err_t error = dhcp_start(netif);
    netif->flags |= NETIF_FLAG_LINK_UP;
    return error == ERR_OK;
}

bool ip_lease_resume(struct netif *netif)
{
    uint64_t age = (pd_now_ns() - kept.begun_ns) / S;
    if (pd_generation() < 2 || kept.sum != sum() || kept.dhcp.state != DHCP_STATE_BOUND ||
        (kept.dhcp.t0_timeout && age + 1 >= kept.dhcp.t0_timeout) || !start_silently(netif)) {
        return false;
    }
    struct dhcp *dhcp = netif_dhcp_data(netif);
    *dhcp = kept.dhcp;
    dhcp->lease_used = (uint32_t)age;
    dhcp->t1_renew_time = left(dhcp->t1_renew_time, age);
    dhcp->t2_rebind_time = left(dhcp->t2_rebind_time, age);
    for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        dns_setserver(i, &kept.dns[i]);
    }
    memcpy(self.ntp, kept.ntp, sizeof(self.ntp));
    netif_set_addr(netif, &dhcp->offered_ip_addr, &kept.mask, &dhcp->offered_gw_addr);
    return true;
}

/* ip.c: brings lwIP up on one interface and keeps its address.
 *   consumes  answers of DHCP, by lwIP: from whoever sends them, NOT trusted for more than this stack's address
 *   produces  one line on the console for each change of the address; a call of each handler that waits for one
 *   restart   the address of the former life holds on, and nobody is asked (lease.c)
 *   when full no more than HANDLERS_MAX handlers: refused in init()
 */
#include "net/ip/ip.h"

#include "lib/log.h"
#include "lib/pd.h"

#include "lwip/dhcp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "net/ip/internal.h"

#define HANDLERS_MAX 4

static struct {
    const struct ip_config *config;
    struct netif *netif;
    bool started;
    bool resumes;
    uint32_t address; /* as last told */
    struct {
        void (*function)(void *);
        void *context;
    } handlers[HANDLERS_MAX];
    uint32_t handler_count;
} self;

_Noreturn void ip_assertion_failed(const char *what)
{
    pd_die(what);
}

uint32_t ip_address(void)
{
    return self.netif ? ip4_addr_get_u32(netif_ip4_addr(self.netif)) : 0;
}

bool ip_has_address(void)
{
    return ip_address() != 0;
}

void ip_on_address(void (*handler)(void *context), void *context)
{
    require(self.handler_count < HANDLERS_MAX, "ip: handlers of ip_on_address", self.handler_count);
    self.handlers[self.handler_count].function = handler;
    self.handlers[self.handler_count].context = context;
    self.handler_count++;
    if (ip_has_address()) {
        handler(context);
    }
}

/* lwIP calls this at each change of address or state. */
static void on_status(struct netif *netif)
{
    uint32_t address = ip4_addr_get_u32(netif_ip4_addr(netif));
    if (address == self.address) {
        return;
    }
    self.address = address;
    if (address == 0) {
        ip_lease_keep(netif);
        log_line("netif %c%c has lost its address", netif->name[0], netif->name[1]);
        return;
    }
    const char *said = self.resumes ? "netif %c%c keeps its IP address: %s"
                                    : "DHCP request finished, IP address for netif %c%c is: %s";
    log_line(said, netif->name[0], netif->name[1], ip4addr_ntoa(netif_ip4_addr(netif)));
    for (uint32_t i = 0; i < self.handler_count; i++) {
        self.handlers[i].function(self.handlers[i].context);
    }
}

void ip_start(void)
{
    if (self.started) {
        return;
    }
    self.started = true;
    err_t error = dhcp_start(self.netif);
    if (error != ERR_OK) {
        log_line("DHCP does not start: lwIP error %d", error);
    }
}

void ip_init(const struct ip_config *config, const struct net_client_config *net)
{
    self.config = config;
    void *tables = ip_memory_init(config, ip_netif_table_bytes(net));
    ip_random_seed(config, net->mac);
    lwip_init();
    self.netif = ip_netif_up(net, tables);
    ip_timers_init(
        self.netif); /* after ip_netif_up: its before_flush runs first, so that what a handler sends is flushed */
    netif_set_status_callback(self.netif, on_status);
    if (config->hostname[0]) {
        netif_set_hostname(self.netif, config->hostname);
    }
    self.resumes = true;
    self.started = ip_lease_resume(self.netif);
    self.resumes = false;
    if (!config->wait_for_start) {
        ip_start();
    }
}

void ip_counters(struct ip_counters *counters)
{
    ip_netif_counters(counters);
    counters->memory_short = ip_memory_failures();
}

/* time_of_day.c: the time of day, once for a system; see the header.
 *   consumes  the board's clock, read once; one that was never set, or whose battery is empty, is none
 *   consumes  answers to SNTP, by lwIP: from whoever sends them, NOT trusted for more than the time. Seconds before
 *             PD_EARLIEST_S are no time: what a server says that does not know it itself
 *   produces  the word that other PDs read; a call of the handler for each source
 *   restart   the word lives on: time is known at once
 *   when full no more than TIMEOUTS timers, which are all that lwIP's client has
 */
#include "net/ip/time_of_day.h"

#include <string.h>
#include "lib/log.h"
#include "lib/pd.h"
#include "lib/random.h"
#include "lwip/apps/sntp.h"
#include "lwip/timeouts.h"
#include "net/ip/internal.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)
#define TIMEOUTS 4
#define NTP_OF_UNIX (-2085978496ll)   /* seconds of lwIP's era, from 2036-02-07 06:28:16, in 1970 */
#define FRACTION_RANDOM_MASK 0xfffffu /* of a question's time: a quarter of a millisecond */

static struct {
    const struct ip_time_config *config;
    void (*told)(const char *from);
    bool clock_is_set;
    char from[16 + IP_TIME_SERVER_MAX]; /* the last source that was told */
    struct {
        struct timer timer;
        sys_timeout_handler handler; /* NULL: a free one */
        void *argument;
    } timeouts[TIMEOUTS];
} self;

/* -- lwIP's timeouts, in place of core/timeouts.c -- */

static void on_timeout(void *context)
{
    uint32_t i = (uint32_t)(uintptr_t)context;
    sys_timeout_handler handler = self.timeouts[i].handler;
    self.timeouts[i].handler = NULL;
    handler(self.timeouts[i].argument);
}

void sys_timeout(u32_t msecs, sys_timeout_handler handler, void *argument)
{
    for (uint32_t i = 0; i < TIMEOUTS; i++) {
        if (!self.timeouts[i].handler) {
            self.timeouts[i].handler = handler;
            self.timeouts[i].argument = argument;
            timer_start(&self.timeouts[i].timer, pd_now_ns() + msecs * MS, on_timeout, (void *)(uintptr_t)i);
            return;
        }
    }
    pd_die("ip time: more timeouts than lwIP's client has");
}

void sys_untimeout(sys_timeout_handler handler, void *argument)
{
    for (uint32_t i = 0; i < TIMEOUTS; i++) {
        if (self.timeouts[i].handler == handler && self.timeouts[i].argument == argument) {
            timer_stop(&self.timeouts[i].timer);
            self.timeouts[i].handler = NULL;
        }
    }
}

/* -- what it asks of us, and tells -- */

uint16_t ip_time_port(void)
{
    return self.config->port;
}

void ip_time_stamp(int32_t *seconds, uint32_t *fraction)
{
    uint64_t ns = pd_unix_time_ns();
    *seconds = (int32_t)((int64_t)(ns / S) + NTP_OF_UNIX);
    *fraction = (uint32_t)(((ns % S) << 32) / S);
    *fraction = (*fraction & ~FRACTION_RANDOM_MASK) | (random_word() & FRACTION_RANDOM_MASK);
}

static void tell(const char *from)
{
    if (strcmp(self.from, from) != 0) {
        log_format(self.from, sizeof(self.from), "%s", from);
        self.told(self.from);
    }
}

void ip_time_told(int32_t seconds, uint32_t fraction)
{
    char from[sizeof(self.from)];
    int64_t unix_s = (int64_t)seconds - NTP_OF_UNIX; /* from 1968 on */
    if (unix_s < PD_EARLIEST_S) {
        return;
    }
    pd_set_unix_time_ns((uint64_t)unix_s * S + ((uint64_t)fraction * S >> 32));
    log_format(from, sizeof(from), "NTP server %s", self.config->server);
    tell(self.config->server[0] ? from : "an NTP server that DHCP has named");
}

/* -- whom it asks -- */

static bool choose_servers(void)
{
    const ip4_addr_t *servers = ip_lease_ntp_servers();
    bool any = self.config->server[0] != '\0';
    if (any) {
        sntp_setservername(0, self.config->server);
        return true;
    }
    for (uint8_t i = 0; i < LWIP_DHCP_MAX_NTP_SERVERS; i++) {
        ip_addr_t server = servers[i];
        sntp_setserver(i, &server);
        any = any || !ip_addr_isany(&server);
    }
    return any;
}

/* Each time that the address is a new one: with it servers may be. */
static void on_address(void *context)
{
    if (self.clock_is_set && !self.config->server[0]) {
        return;
    }
    sntp_stop();
    if (choose_servers()) {
        sntp_init();
    } else if (!pd_unix_time_is_known()) {
        self.told(NULL);
    }
}

void ip_time_init(const struct ip_time_config *config, void (*told)(const char *from))
{
    self.config = config;
    self.told = told;
    pd_share_unix_time(config->word);
    uint64_t clock_s = pd_clock_s(config->clock);
    self.clock_is_set = clock_s != 0;
    if (self.clock_is_set && (!config->server[0] || !pd_unix_time_is_known())) {
        pd_set_unix_time_ns(clock_s * S);
        tell("the board's clock");
    }
    ip_on_address(on_address, NULL);
}

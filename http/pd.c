/* pd.c: the native front as a protection domain of its own: a site's files, and what an application answers.
 *   consumes  frames, through net/ip      from the network, NOT trusted
 *   consumes  files, through http/cache   from the file service, trusted for content only
 *   consumes  the time of day, through net/ip/time_of_day.c, for the whole system   from a clock or an NTP server
 *   consumes  answers and the site, through http/app_front.c   from the application, where there is one, NOT trusted
 *   produces  answers; what neither file nor application answers is 404, a method that files do not have 405
 *   produces  lines on the console: where each site is served, what is wrong with its folder, what time it is
 *   restart   the cache begins empty, connections of the former life are reset when their clients send next, and the
 *             application says the site again. Where the former life's frames are sent from nothing is written until
 *             they have left
 *   runs      in event handlers alone (lib/pd/dispatch.c): nothing waits, nothing computes at length
 *   when full http/conn/accept.c, http/cache/pages.c
 */
#include "lib/pd.h"

#include <string.h>
#include "fs/client.h"
#include "fs/mount.h"
#include "http/access/access.h"
#include "http/front/server.h"
#include "http/front/start.h"
#include "http/parse/date.h"
#include "http/secured.h"
#include "http/site/site.h"
#include "http/status.h"
#include "lib/log.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "timer/client.h"

#include "lwip/ip4_addr.h"

#define S 1000000000ull
#define HTTP_PORT 80 /* an address without a port means this one */

static struct {
    struct cache_waiter waiter; /* for the folder of sites[looked_at] */
    uint32_t looked_at;
    bool away; /* the files could not be reached when they were last looked for */
} self;

/* -- folders: what is wrong with one is said once, to who waits for pages in vain -- */

static void look_at_folders(void);

static void say(const struct http_site_config *site, enum cache_kind kind)
{
    switch (kind) {
    case CACHE_DIRECTORY: break;
    case CACHE_ABSENT: log_line("%s: there is no such folder among the files", site->folder); break;
    case CACHE_FILE:
    case CACHE_FORBIDDEN: log_line("%s: this is no folder that may be read", site->folder); break;
    case CACHE_UNREACHABLE: break;
    }
}

static void say_away(void)
{
    if (!self.away) {
        self.away = true;
        log_line("the files cannot be reached yet; until they can, requests are answered 503");
    }
}

static void on_folder(struct cache_waiter *waiter)
{
    look_at_folders();
}

static void look_at_folders(void)
{
    while (self.looked_at < http_config.site_count) {
        const struct http_site_config *site = &http_config.sites[self.looked_at];
        struct cache_entry *entry = cache_get(site->folder, (uint32_t)strlen(site->folder), &self.waiter);
        if (!entry) {
            return;
        }
        bool away = entry->kind == CACHE_UNREACHABLE;
        say(site, entry->kind);
        cache_release(entry);
        if (away) {
            say_away();
            return;
        }
        self.looked_at++;
    }
}

/* Each outcome. That files could not be reached may be known of some paths, and would be for as long as any answer: all
 * are asked for anew. */
static void on_mount(void *context)
{
    if (!fs_mount_stands()) {
        say_away();
        return;
    }
    if (self.away) {
        self.away = false;
        http_files_changed();
    }
    if (!self.waiter.link) {
        look_at_folders();
    }
}

/* Nothing of a former life is sent from transmit regions any more: they may be written. At the first start that is at
 * once. */
static void begin_to_write(void *context)
{
    fs_mount_init();
    secured_start();
}

/* -- the address -- */

static void on_address(void *context)
{
    const struct http_config *config = &http_config;
    ip4_addr_t address = {ip_address()};
    char port[8] = "";
    if (config->port != HTTP_PORT) {
        log_format(port, sizeof(port), ":%u", config->port);
    }
    for (uint32_t i = 0; i < config->site_count; i++) {
        const struct http_site_config *site = &config->sites[i];
        const char *prefix = strchr(site->name, '/'); /* compose has seen that there is one */
        if (prefix == site->name) {
            log_line("serving http://%s%s%s from %s", ip4addr_ntoa(&address), port, prefix, site->folder);
        } else {
            log_line("serving http://%.*s%s%s from %s", (int)(prefix - site->name), site->name, port, prefix,
                     site->folder);
        }
    }
}

/* -- the time of day -- */

static void say_time(const char *from)
{
    char date[HTTP_DATE_LENGTH + 1] = "";
    if (!from) {
        log_line("time of day: not known; NTP_SERVER, or option 42 of DHCP, names who could be asked");
        return;
    }
    http_date_format((int64_t)(pd_unix_time_ns() / S), date);
    log_line("time of day: %s, from %s", date, from);
    secured_time();
}

static void find_out_the_time(void)
{
    uint64_t clock_s = pd_clock_s(ip_config.rtc);
    if (http_config.time) {
        ip_time_init(http_config.time, say_time);
    } else if (clock_s > 0) {
        pd_set_unix_time_ns(clock_s * S);
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    find_out_the_time();
    fs_client_init(http_config.files);
    http_start(&http_config);
    if (http_config.access) {
        access_init(http_config.access);
        if (http_config.access->file[0]) {
            site_hide_log(http_config.access->file);
        }
    }
    status_start();
    self.waiter.ready = on_folder;
    fs_mount_on_outcome(on_mount, NULL);
    ip_on_address(on_address, NULL);
    ip_when_sent(begin_to_write, NULL);
    pd_flush();
}

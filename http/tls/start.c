/* start.c: HTTPS beside the front's plain port; see http/secured.h.
 *   consumes  the description's configuration
 *   produces  the counters of TLS, for the application
 *   produces  a listening port, when there are random numbers that are fit for keys; else one line that says why not
 */
#include "fs/mount.h"
#include "http/app_proto.h"
#include "http/front/app_site.h"
#include "http/front/dispatch.h"
#include "http/front/listeners.h"
#include "http/response/head.h"
#include "http/secured.h"
#include "http/site/site.h"
#include "http/tls/chains.h"
#include "http/tls/handshake.h"
#include "http/tls/tls_conn.h"
#include "http/tls/tls_control.h"
#include "http/tls/transport_tls.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lib/random.h"
#include "net/ip/ip.h"

#include "lwip/ip4_addr.h"

#define HTTPS_PORT 443 /* an address without a port means this one */

static struct {
    bool started, refused;
} self;

static void on_mount(void *context)
{
    chains_look();
}

static void on_address(void *context)
{
    ip4_addr_t address = {ip_address()};
    uint16_t port = http_secured_config.port;
    char text[8] = "";
    if (port != HTTPS_PORT) {
        log_format(text, sizeof(text), ":%u", port);
    }
    log_line("serving https://%s%s/", ip4addr_ntoa(&address), text);
}

#define COUNT_HANDSHAKES(name) counters->tls_##name = handshake_counts.name;
#define COUNT_RECORDS(name) counters->tls_##name = tls_conn_counts.name;

static void count(struct app_counters *counters)
{
    counters->has_tls = true;
    APP_COUNTERS_HANDSHAKES(COUNT_HANDSHAKES)
    APP_COUNTERS_RECORDS(COUNT_RECORDS)
}

static void start(void)
{
    const struct http_secured_config *config = &http_secured_config;
    self.started = true;
    chains_init(config);
    if (config->redirect) {
        dispatch_redirect_to_tls(config->told_port);
    }
    if (config->hsts_s > 0) {
        response_stay_secured(config->hsts_s);
    }
    transport_tls_init(config->tls, &config->sealed,
                       &(struct transport_tls_handlers){chains_answered, chains_restart, chains_look});
    require(http_listen_secured(config->port), "http: secured port", config->port);
    fs_mount_on_outcome(on_mount, NULL);
    chains_look();
    ip_on_address(on_address, NULL);
}

void secured_time(void)
{
    if (self.started) {
        tls_control_see_time();
    }
}

/* There may be some after all, later. */
static void on_random(void *context)
{
    if (random_is_sound() && !self.started) {
        start();
    } else if (!self.started && !self.refused) {
        self.refused = true;
        log_line("HTTPS does not start: there is no source of random numbers that is fit for keys");
    }
}

/* Chains are no secret, but a key may lie beside one. */
static void keep_secret(const struct http_secured_config *config)
{
    for (uint32_t i = 0; i < config->chain_count; i++) {
        if (config->chains[i].path) {
            site_keep_secret(config->chains[i].path);
        }
    }
}

void secured_start(void)
{
    app_site_count_also(count);
    keep_secret(&http_secured_config);
    random_on_outcome(on_random, NULL);
}

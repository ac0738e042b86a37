/* http/start.c: the front's start; see start.h.
 *   consumes  the description's configuration
 *   produces  mounts, a listening port, the network's start
 *   refuses   (require) a configuration that compose would not write
 */
#include "http/start.h"

#include <string.h>
#include "fs/mount.h"
#include "http/cache/cache.h"
#include "http/front/routes.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

static struct {
    const struct http_config *config;
} self;

static void copy_text(const char *from, char to[SITE_TEXT_MAX])
{
    size_t length = strlen(from);
    require(length < SITE_TEXT_MAX, "http: bytes of a site's policy", length);
    memcpy(to, from, length + 1);
}

static void mount_as_described(void)
{
    for (uint32_t i = 0; i < self.config->site_count; i++) {
        const struct http_site_config *site = &self.config->sites[i];
        struct site_policy policy = {.precompressed = site->precompressed};
        copy_text(site->pages, policy.pages);
        copy_text(site->others, policy.others);
        copy_text(site->fields, policy.fields);
        require(site_mount(site->prefix, site->folder, &policy), "http: site", i);
    }
}

void http_site_as_described(void)
{
    site_unmount_all();
    mount_as_described();
}

uint32_t http_described(void)
{
    return self.config->site_count;
}

bool http_is_described(const char *prefix)
{
    for (uint32_t i = 0; i < self.config->site_count; i++) {
        if (strcmp(self.config->sites[i].prefix, prefix) == 0) {
            return true;
        }
    }
    return false;
}

static void on_mount(void *context)
{
    ip_start();
}

void http_start(const struct http_config *config)
{
    self.config = config;
    cache_init(config->fresh_ms, 0, &config->files->index);
    http_init(config->app);
    mount_as_described();
    routes_take_the_rest(config->app != NULL);
    require(config->port == 0 || http_listen(config->port), "http: port", config->port);
    fs_mount_on_outcome(on_mount, NULL);
}

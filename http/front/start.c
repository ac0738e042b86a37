/* http/front/start.c: the front's start; see start.h.
 *   consumes  the description's configuration
 *   produces  the site (described.c), a listening port, the network's start
 *   refuses   (require) a configuration that compose would not write
 */
#include "http/front/start.h"

#include "fs/mount.h"
#include "http/cache/cache.h"
#include "http/content/error_page.h"
#include "http/front/described.h"
#include "http/front/routes.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

/* Each time: what lies there may be another by now. */
static void on_mount(void *context)
{
    ip_start();
    error_page_keep();
}

/* Of what compose has put beside the files: the site's part, and all the rest for the cache. */
static void divide(const struct region *index, struct region *site, struct region *cache)
{
    require(index->size > SITE_MEMORY_BYTES, "http: the index's size", index->size);
    *site = (struct region){.base = index->base, .size = SITE_MEMORY_BYTES};
    *cache = (struct region){
        .base = (uint8_t *)index->base + SITE_MEMORY_BYTES,
        .size = index->size - SITE_MEMORY_BYTES,
    };
}

void http_start(const struct http_config *config)
{
    uint32_t log_blocks = config->access && config->access->file[0] ? 1 : 0;
    struct region site, cache;

    divide(&config->files->index, &site, &cache);
    cache_init(config->fresh_ms, config->stale_s, log_blocks, &cache);
    site_init(&site);
    http_init(config->app, config->wait_s);
    described_init(config);
    routes_take_the_rest(config->app != NULL);
    require(config->port == 0 || http_listen(config->port), "http: port", config->port);
    fs_mount_on_outcome(on_mount, NULL);
}

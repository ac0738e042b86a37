/* http_front_start.c: the front's start, with all that it starts made up: what the description says is enough, an
 * application's site begins with that. */
#include <string.h>

#include "fake_microkit.h"
#include "http/front/described.h"
#include "http/front/routes.h"
#include "http/front/start.h"
#include "tests/unit/check.h"

static struct {
    uint32_t fresh_ms, reserve;
    const uint8_t *site, *index;
    uint64_t site_size, index_size;
    const struct app_config *app;
    uint32_t mounts, addresses_asked, kept;
    char prefixes[SITE_MOUNTS_MAX][SITE_TEXT_MAX], folders[SITE_MOUNTS_MAX][SITE_TEXT_MAX];
    struct site_policy policies[SITE_MOUNTS_MAX];
    uint16_t port;
    bool rest_is_the_apps;
    void (*on_outcome)(void *context);
} seen;

void cache_init(uint32_t revalidate_ms, uint32_t stale_s, uint32_t reserve, const struct region *index)
{
    seen.fresh_ms = revalidate_ms;
    seen.reserve = reserve;
    seen.index = index->base;
    seen.index_size = index->size;
}

void site_init(const struct region *memory)
{
    CHECK_EQUAL(seen.mounts, 0); /* it comes before what is mounted */
    seen.site = memory->base;
    seen.site_size = memory->size;
}

void http_init(const struct app_config *app, uint32_t wait_s)
{
    CHECK(seen.index); /* the cache comes first */
    seen.app = app;
}

bool site_mount(const char *prefix, const char *folder, const struct site_policy *policy)
{
    CHECK(seen.mounts < SITE_MOUNTS_MAX);
    strcpy(seen.prefixes[seen.mounts], prefix);
    strcpy(seen.folders[seen.mounts], folder);
    seen.policies[seen.mounts++] = *policy;
    return true;
}

void site_unmount_all(void)
{
    seen.mounts = 0;
}

void routes_take_the_rest(bool yes)
{
    seen.rest_is_the_apps = yes;
}

bool http_listen(uint16_t port)
{
    CHECK(seen.mounts > 0); /* who comes first finds the site */
    seen.port = port;
    return true;
}

void error_page_keep(void)
{
    seen.kept++;
}

void ip_start(void)
{
    seen.addresses_asked++;
}

void fs_mount_on_outcome(void (*handler)(void *context), void *context)
{
    seen.on_outcome = handler;
}

static uint8_t index_bytes[SITE_MEMORY_BYTES + 4096];
static const struct fs_client_config files = {.index = {.base = index_bytes, .size = sizeof(index_bytes)}};
static const struct app_config app;

static void start(const struct http_config *config)
{
    memset(&seen, 0, sizeof(seen));
    http_start(config);
}

static void check_described(void)
{
    CHECK_EQUAL(seen.mounts, 2);
    CHECK(!strcmp(seen.prefixes[0], "/") && !strcmp(seen.folders[0], "/www"));
    CHECK(!strcmp(seen.prefixes[1], "/docs/") && !strcmp(seen.folders[1], "/m"));
    CHECK(!strcmp(seen.policies[0].rules, "r") && !strcmp(seen.policies[1].rules, ""));
    CHECK(!strcmp(seen.policies[0].fields, "A: b\r\n") && seen.policies[0].precompressed);
    CHECK(!seen.policies[1].precompressed && !seen.policies[0].internal && !seen.policies[1].internal);
}

int main(void)
{
    static const struct http_config described = {
        .files = &files,
        .port = 80,
        .fresh_ms = 7,
        .site_count = 2,
        .sites = {{"/", "/www", "A: b\r\n", "r", true}, {"/docs/", "/m", "", "", false}},
    };
    static const struct http_config bare = {.files = &files, .app = &app, .fresh_ms = 7};
    struct http_config served = described;

    start(&described);
    CHECK(seen.fresh_ms == 7 && seen.reserve == 0 && seen.port == 80 && !seen.app);
    CHECK(seen.site == index_bytes && seen.site_size == SITE_MEMORY_BYTES); /* each has its part, and all is had */
    CHECK(seen.index == seen.site + seen.site_size && seen.index_size == 4096);
    CHECK(!seen.rest_is_the_apps); /* 404 at once */
    check_described();

    CHECK_EQUAL(seen.addresses_asked, 0); /* the file server's own comes first */
    seen.on_outcome(NULL);
    CHECK_EQUAL(seen.addresses_asked, 1);
    CHECK_EQUAL(seen.kept, 1);

    served.app = &app;
    start(&served);
    CHECK(seen.app == &app && seen.rest_is_the_apps);
    check_described();
    CHECK(described_count() == 2 && described_has("/docs/") && !described_has("/docs"));
    CHECK(site_mount("/mine/", "/x", &seen.policies[1]));
    described_mount_alone(); /* the application's next site */
    check_described();

    start(&bare);
    CHECK(seen.mounts == 0 && seen.port == 0 && described_count() == 0);
    return 0;
}

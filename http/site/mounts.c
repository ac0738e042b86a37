/* http/site/mounts.c: which file answers a path: see site.h.
 *   serves    the front; paths are clients', cleaned, but NOT trusted to exist
 *   produces  resources, held by connections
 *   when full of mounts: site_mount() says so; of what is remembered: resolutions.c
 */
#include "http/site/site.h"

#include <string.h>
#include "http/parse/text.h"
#include "http/site/try_files.h"
#include "lib/pd.h"

static struct {
    bool ready;
    struct mount mounts[SITE_MOUNTS_MAX];
    uint32_t mount_count;
    uint8_t codings; /* that any mount has use for */
} self;

/* -- mounts -- */

static bool ends_in(const char *text, uint32_t length, const char *end)
{
    uint32_t count = (uint32_t)strlen(end);
    return length >= count && memcmp(text + length - count, end, count) == 0;
}

static bool is_folder(const char *text, uint32_t length)
{
    return length > 0 && length < SITE_TEXT_MAX && text[0] == '/' && !strstr(text, "//") && !strstr(text, "/../") &&
           !strstr(text, "/./") && !ends_in(text, length, "/..") && !ends_in(text, length, "/.");
}

static struct mount *mount_at(const char *prefix, uint32_t length)
{
    for (uint32_t i = 0; i < self.mount_count; i++) {
        if (self.mounts[i].prefix_length == length && memcmp(self.mounts[i].prefix, prefix, length) == 0) {
            return &self.mounts[i];
        }
    }
    return NULL;
}

bool site_may_mount(const char *prefix, const char *folder)
{
    uint32_t length = (uint32_t)strlen(prefix);
    return is_folder(prefix, length) && prefix[length - 1] == '/' && is_folder(folder, (uint32_t)strlen(folder));
}

bool site_mount(const char *prefix, const char *folder, const struct site_policy *policy)
{
    uint32_t prefix_length = (uint32_t)strlen(prefix), folder_length = (uint32_t)strlen(folder);

    if (!site_may_mount(prefix, folder) || !site_head_takes(policy)) {
        return false;
    }
    struct mount *mount = mount_at(prefix, prefix_length);
    if (!mount && self.mount_count == SITE_MOUNTS_MAX) {
        return false;
    }
    if (!self.ready) {
        site_resolutions_init();
        self.ready = true;
    }
    site_resolutions_forget();
    mount = mount ? mount : &self.mounts[self.mount_count++];
    memcpy(mount->prefix, prefix, prefix_length);
    memcpy(mount->folder, folder, folder_length);
    mount->prefix_length = prefix_length;
    mount->folder_length = folder_length - (folder[folder_length - 1] == '/');
    mount->policy = *policy;
    self.codings |= policy->precompressed ? HTTP_CODING_GZIP | HTTP_CODING_BROTLI : 0;
    return true;
}

void site_unmount_all(void)
{
    site_resolutions_forget();
    self.mount_count = 0;
    self.codings = 0;
}

static const struct mount *mount_of(const char *path, uint32_t length)
{
    const struct mount *longest = NULL;

    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        if (mount->prefix_length <= length && memcmp(mount->prefix, path, mount->prefix_length) == 0 &&
            (!longest || longest->prefix_length < mount->prefix_length)) {
            longest = mount;
        }
    }
    return longest;
}

/* The prefix of a mount without its '/'. */
static bool lacks_slash(const char *path, uint32_t length, bool internal)
{
    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        if (mount->prefix_length == length + 1 && memcmp(mount->prefix, path, length) == 0 &&
            (internal || !mount->policy.internal)) {
            return true;
        }
    }
    return false;
}

/* -- what others ask -- */

static bool is_fresh(const struct resolution *resolution)
{
    /* A file that turned out to be another one while it was read has no freshness left: cache.h. */
    return pd_now_ns() < resolution->fresh_until_ns && resolution->changes == site_resolutions_changes() &&
           !(resolution->prepared && resolution->prepared->resource.file->fresh_until_ns == 0);
}

static enum site_outcome give(struct resolution *resolution, struct site_resource **resource)
{
    site_resolution_use(resolution);
    if (resolution->outcome == SITE_FOUND) {
        resolution->prepared->holders++;
        *resource = &resolution->prepared->resource;
    }
    return resolution->outcome;
}

static enum site_outcome ask(struct resolution *resolution, struct site_resource **resource,
                             struct cache_waiter *waiter)
{
    if (!resolution->trying) {
        site_try_files(resolution);
    }
    if (resolution->trying) {
        waiters_add(&resolution->waiters, waiter);
        return SITE_WAIT;
    }
    return give(resolution, resource);
}

enum site_outcome site_find(const char *path, uint32_t length, uint8_t codings, bool internal,
                            struct site_resource **resource, struct cache_waiter *waiter)
{
    uint8_t key = (codings & self.codings) | (internal ? SITE_KEY_INTERNAL : 0);
    struct resolution *resolution = site_resolution_find(path, length, key);

    if (resolution) {
        return is_fresh(resolution) ? give(resolution, resource) : ask(resolution, resource, waiter);
    }
    if (lacks_slash(path, length, internal)) {
        return SITE_REDIRECT;
    }
    const struct mount *mount = mount_of(path, length);
    if (!mount) {
        return SITE_NONE;
    }
    if (mount->policy.internal && !internal) {
        return SITE_NOT_FOUND; /* nor what lies there for another mount */
    }
    resolution = site_resolution_new(path, length, key);
    if (!resolution) {
        site_room_wait(waiter);
        return SITE_WAIT;
    }
    resolution->mount = mount;
    return ask(resolution, resource, waiter);
}

void site_release(struct site_resource *resource)
{
    site_prepared_let_go((struct prepared *)resource);
}

/* -- in the place of what is not there -- */

/* The one with the longest prefix that is shorter than `below`, of those that clients know. */
static const struct mount *public_mount_of(const char *path, uint32_t length, uint32_t below)
{
    const struct mount *longest = NULL;

    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        bool fits = mount->prefix_length < below && mount->prefix_length <= length &&
                    memcmp(mount->prefix, path, mount->prefix_length) == 0;
        if (fits && !mount->policy.internal && (!longest || longest->prefix_length < mount->prefix_length)) {
            longest = mount;
        }
    }
    return longest;
}

uint8_t site_mount_number(const char *path, uint32_t length)
{
    const struct mount *mount = public_mount_of(path, length, UINT32_MAX);
    return mount ? (uint8_t)(mount - self.mounts + 1) : 0;
}

/* The file of this name in the mount's folder. */
static enum site_outcome find_in(const struct mount *mount, struct http_slice name, uint8_t codings, bool internal,
                                 struct site_resource **resource, struct cache_waiter *waiter)
{
    char path[2 * SITE_TEXT_MAX]; /* of which a rule's name has less than half */
    uint32_t length = mount->prefix_length + name.length;
    memcpy(path, mount->prefix, mount->prefix_length);
    memcpy(path + mount->prefix_length, name.at, name.length);
    enum site_outcome outcome = site_find(path, length, codings, internal, resource, waiter);
    return outcome == SITE_FOUND || outcome == SITE_WAIT ? outcome : SITE_NOT_FOUND;
}

enum site_outcome site_find_page(uint8_t number, int status, struct site_resource **resource,
                                 struct cache_waiter *waiter)
{
    char name[HTTP_DECIMAL_MAX + sizeof(".html")];
    uint32_t digits = http_put_decimal(name, (uint64_t)status);
    memcpy(name + digits, ".html", 5);
    const struct mount *mount = number > 0 && number <= self.mount_count ? &self.mounts[number - 1] : NULL;
    enum site_outcome outcome = SITE_NOT_FOUND;
    while (mount && outcome == SITE_NOT_FOUND) {
        outcome = find_in(mount, (struct http_slice){name, digits + 5}, 0, true, resource, waiter);
        mount = public_mount_of(mount->prefix, mount->prefix_length, mount->prefix_length);
    }
    return outcome;
}

enum site_outcome site_find_fallback(const char *path, uint32_t length, uint8_t codings,
                                     struct site_resource **resource, struct cache_waiter *waiter)
{
    static const struct http_slice any = {"", 0};
    const struct mount *mount = public_mount_of(path, length, UINT32_MAX);
    struct http_slice name = mount ? site_rule(mount->policy.rules, RULE_FALLBACK, any) : any;
    return name.length > 0 ? find_in(mount, name, codings, false, resource, waiter) : SITE_NOT_FOUND;
}

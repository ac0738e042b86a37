/* http/site/find.c: which file answers a path: see site.h.
 *   serves    the front; paths are clients', cleaned, but NOT trusted to exist; so are names of hosts
 *   produces  resources, held by connections
 *   when full of what is remembered: resolutions.c
 */
#include "http/site/hidden.h"
#include "http/site/mounts.h"
#include "http/site/try_files.h"

#include <string.h>
#include "http/parse/text.h"
#include "lib/pd.h"

/* -- resolutions -- */

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

static enum site_outcome look(const char *path, uint32_t length, uint8_t key, enum site_access access,
                              struct site_resource **resource, struct cache_waiter *waiter)
{
    struct resolution *resolution = site_resolution_find(path, length, key);
    uint8_t host = key >> SITE_KEY_HOST_BIT;

    if (resolution && (access != SITE_PUBLIC || !resolution->mount->locked)) {
        return is_fresh(resolution) ? give(resolution, resource) : ask(resolution, resource, waiter);
    }
    if (site_lacks_slash(path, length, host, access == SITE_ORDERED)) {
        return SITE_REDIRECT;
    }
    const struct mount *mount = site_mount_of(path, length, host);
    if (!mount) {
        return SITE_NONE;
    }
    if (mount->policy.internal && access != SITE_ORDERED) {
        return SITE_NOT_FOUND; /* nor what lies there for another mount */
    }
    if (mount->locked && access == SITE_PUBLIC) {
        return SITE_LOCKED;
    }
    resolution = site_resolution_new(path, length, key);
    if (!resolution) {
        site_room_wait(waiter);
        return SITE_WAIT;
    }
    resolution->mount = mount;
    return ask(resolution, resource, waiter);
}

static uint8_t key_of(uint8_t codings, enum site_access access, uint8_t host)
{
    return (uint8_t)((codings & site_useful_codings()) | (access == SITE_ORDERED ? SITE_KEY_ORDERED : 0) |
                     host << SITE_KEY_HOST_BIT);
}

enum site_outcome site_find(const char *path, uint32_t length, uint8_t codings, enum site_access access,
                            struct http_slice host, struct site_resource **resource, struct cache_waiter *waiter)
{
    return look(path, length, key_of(codings, access, site_host_number(host)), access, resource, waiter);
}

void site_hold(struct site_resource *resource)
{
    ((struct prepared *)resource)->holders++;
}

void site_release(struct site_resource *resource)
{
    site_prepared_let_go((struct prepared *)resource);
}

/* -- in the place of what is not there -- */

uint8_t site_mount_number(const char *path, uint32_t length, struct http_slice host)
{
    return site_number_of(site_public_mount_of(path, length, site_host_number(host), UINT32_MAX));
}

static const struct mount *locked_mount_of(const char *path, uint32_t length, uint8_t host)
{
    const struct mount *mount = site_public_mount_of(path, length, host, UINT32_MAX);
    return mount && mount->locked ? mount : NULL;
}

uint8_t site_lock_number(const char *path, uint32_t length, struct http_slice host)
{
    const struct mount *own = locked_mount_of(path, length, site_host_number(host));
    const struct mount *any = locked_mount_of(path, length, 0);
    return site_number_of(own && (!any || own->prefix_length >= any->prefix_length) ? own : any);
}

/* The file of this name in the mount's folder. */
static enum site_outcome find_in(const struct mount *mount, struct http_slice name, uint8_t codings,
                                 enum site_access access, struct site_resource **resource, struct cache_waiter *waiter)
{
    char path[2 * SITE_TEXT_MAX]; /* of which a rule's name has less than half */
    uint32_t length = mount->prefix_length + name.length;
    memcpy(path, mount->prefix, mount->prefix_length);
    memcpy(path + mount->prefix_length, name.at, name.length);
    enum site_outcome outcome = look(path, length, key_of(codings, access, mount->host), access, resource, waiter);
    return outcome == SITE_FOUND || outcome == SITE_WAIT ? outcome : SITE_NOT_FOUND;
}

enum site_outcome site_find_page(uint8_t number, int status, struct site_resource **resource,
                                 struct cache_waiter *waiter)
{
    char name[HTTP_DECIMAL_MAX + sizeof(".html")];
    uint32_t digits = http_put_decimal(name, (uint64_t)status);
    memcpy(name + digits, ".html", 5);
    const struct mount *mount = site_mount_with_number(number);
    enum site_outcome outcome = SITE_NOT_FOUND;
    while (mount && outcome == SITE_NOT_FOUND) {
        outcome = find_in(mount, (struct http_slice){name, digits + 5}, 0, SITE_ORDERED, resource, waiter);
        mount = site_public_mount_of(mount->prefix, mount->prefix_length, mount->host, mount->prefix_length);
    }
    return outcome;
}

enum site_outcome site_find_fallback(uint8_t number, uint8_t codings, struct site_resource **resource,
                                     struct cache_waiter *waiter)
{
    static const struct http_slice any = {"", 0};
    const struct mount *mount = site_mount_with_number(number);
    struct http_slice name = mount ? site_says(&mount->policy, RULE_FALLBACK, any) : any;
    return name.length > 0 ? find_in(mount, name, codings, SITE_UNLOCKED, resource, waiter) : SITE_NOT_FOUND;
}

/* -- folders -- */

bool site_find_folder(const char *path, uint32_t length, struct http_slice host, struct site_folder *folder)
{
    static const struct http_slice any = {"", 0};
    const struct mount *mount = site_mount_of(path, length, site_host_number(host));
    if (!mount || mount->policy.internal || path[length - 1] != '/' ||
        !site_says(&mount->policy, RULE_LISTING, any).at) {
        return false;
    }
    uint32_t rest = length - (mount->prefix_length - 1);
    folder->mount = site_number_of(mount);
    folder->length = mount->folder_length + rest;
    if (folder->length > sizeof(folder->name)) {
        return false;
    }
    memcpy(folder->name, mount->folder, mount->folder_length);
    memcpy(folder->name + mount->folder_length, path + length - rest, rest);
    return site_is_listed(folder->mount, folder->name, folder->length);
}

bool site_is_listed(uint8_t number, const char *name, uint32_t length)
{
    const struct mount *mount = site_mount_with_number(number);
    return mount && !site_is_hidden(mount, name, length) && !site_is_secret(name, length);
}

const char *site_fields(uint8_t number)
{
    const struct mount *mount = site_mount_with_number(number);
    return mount ? mount->policy.fields : "";
}

/* http/site/mounts.c: what is mounted where: see site.h.
 *   consumes  names of hosts and paths, from clients, NOT trusted: any bytes
 *   when full of mounts: site_mount() says so
 */
#include "http/site/mounts.h"

#include <strings.h>
#include "http/parse/text.h"

static struct {
    struct mount mounts[SITE_MOUNTS_MAX];
    uint32_t mount_count;
    struct http_slice hosts[SITE_MOUNTS_MAX]; /* that mounts name, each once; they lie in their names */
    uint32_t host_count;
    uint8_t codings;
} self;

/* -- what may be mounted -- */

static bool is_folder(const char *text, uint32_t length)
{
    struct http_slice whole = {text, length};
    return length > 0 && length < SITE_TEXT_MAX && text[0] == '/' && !strstr(text, "//") && !strstr(text, "/../") &&
           !strstr(text, "/./") && !http_ends_in(whole, "/..") && !http_ends_in(whole, "/.");
}

/* As it is compared: in small letters, without a port. */
static bool is_host(const char *text, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')) {
            return false;
        }
    }
    return length == 0 || (text[0] != '.' && text[length - 1] != '.');
}

/* Where the prefix begins in it. */
static uint32_t host_length(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash ? (uint32_t)(slash - name) : (uint32_t)strlen(name);
}

bool site_may_mount(const char *name, const char *folder)
{
    uint32_t host = host_length(name), length = (uint32_t)strlen(name);
    return length < SITE_TEXT_MAX && is_host(name, host) && is_folder(name + host, length - host) &&
           name[length - 1] == '/' && is_folder(folder, (uint32_t)strlen(folder));
}

/* -- mounts -- */

static struct mount *mount_named(const char *name)
{
    for (uint32_t i = 0; i < self.mount_count; i++) {
        if (strcmp(self.mounts[i].name, name) == 0) {
            return &self.mounts[i];
        }
    }
    return NULL;
}

static bool is_the_host(struct http_slice host, struct http_slice known)
{
    return host.length == known.length && strncasecmp(host.at, known.at, known.length) == 0;
}

static uint8_t known_host(struct http_slice host)
{
    for (uint32_t i = 0; i < self.host_count; i++) {
        if (is_the_host(host, self.hosts[i])) {
            return (uint8_t)(i + 1);
        }
    }
    return 0;
}

static uint8_t take_host(struct http_slice host)
{
    uint8_t number = known_host(host);
    if (number == 0 && host.length > 0) {
        self.hosts[self.host_count++] = host;
        number = (uint8_t)self.host_count;
    }
    return number;
}

static void fill(struct mount *mount, const char *name, const char *folder, const struct site_policy *policy)
{
    uint32_t host = host_length(name), length = (uint32_t)strlen(folder);
    strcpy(mount->name, name);
    strcpy(mount->folder, folder);
    mount->host = take_host((struct http_slice){mount->name, host});
    mount->prefix = mount->name + host;
    mount->prefix_length = (uint32_t)strlen(mount->prefix);
    mount->folder_length = length - (folder[length - 1] == '/');
    mount->policy = *policy;
    mount->policy.rule_kinds = site_rules_kinds(policy->rules);
    mount->locked = mount->policy.rule_kinds & 1u << RULE_USER;
}

bool site_mount(const char *name, const char *folder, const struct site_policy *policy)
{
    if (!site_may_mount(name, folder) || !site_head_takes(policy)) {
        return false;
    }
    struct mount *mount = mount_named(name);
    if (!mount && self.mount_count == SITE_MOUNTS_MAX) {
        return false;
    }
    site_resolutions_forget();
    fill(mount ? mount : &self.mounts[self.mount_count++], name, folder, policy);
    self.codings |= policy->precompressed ? HTTP_CODING_GZIP | HTTP_CODING_BROTLI : 0;
    return true;
}

void site_unmount_all(void)
{
    site_resolutions_forget();
    self.mount_count = self.host_count = 0;
    self.codings = 0;
}

/* -- which mount has a path -- */

/* Without a port, and the dot that ends a name in the DNS. */
static struct http_slice plain_host(struct http_slice host)
{
    host = http_without_port(host);
    host.length -= host.length > 0 && host.at[host.length - 1] == '.';
    return host;
}

uint8_t site_host_number(struct http_slice host)
{
    return self.host_count > 0 ? known_host(plain_host(host)) : 0;
}

static bool has(const struct mount *mount, const char *path, uint32_t length, uint8_t host)
{
    return mount->host == host && mount->prefix_length <= length &&
           memcmp(mount->prefix, path, mount->prefix_length) == 0;
}

const struct mount *site_mount_of(const char *path, uint32_t length, uint8_t host)
{
    const struct mount *longest = NULL;

    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        if (has(mount, path, length, host) && (!longest || longest->prefix_length < mount->prefix_length)) {
            longest = mount;
        }
    }
    return longest;
}

const struct mount *site_public_mount_of(const char *path, uint32_t length, uint8_t host, uint32_t below)
{
    const struct mount *longest = NULL;

    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        bool counts = has(mount, path, length, host) && mount->prefix_length < below && !mount->policy.internal;
        if (counts && (!longest || longest->prefix_length < mount->prefix_length)) {
            longest = mount;
        }
    }
    return longest;
}

bool site_lacks_slash(const char *path, uint32_t length, uint8_t host, bool ordered)
{
    for (const struct mount *mount = self.mounts; mount < self.mounts + self.mount_count; mount++) {
        if (mount->host == host && mount->prefix_length == length + 1 && memcmp(mount->prefix, path, length) == 0 &&
            (ordered || !mount->policy.internal)) {
            return true;
        }
    }
    return false;
}

uint8_t site_number_of(const struct mount *mount)
{
    return mount ? (uint8_t)(mount - self.mounts + 1) : 0;
}

const struct mount *site_mount_with_number(uint8_t number)
{
    return number > 0 && number <= self.mount_count ? &self.mounts[number - 1] : NULL;
}

bool site_has_locks(void)
{
    bool any = false;
    for (uint32_t i = 0; i < self.mount_count; i++) {
        any |= self.mounts[i].locked;
    }
    return any;
}

uint8_t site_useful_codings(void)
{
    return self.codings;
}

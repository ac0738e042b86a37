/* described.c: the site as the description has it.
 *   consumes  the description's configuration
 *   produces  mounts
 *   refuses   (require) a configuration that compose would not write
 */
#include "http/front/described.h"

#include <string.h>

#include "lib/pd.h"

static struct {
    const struct http_config *config;
} self;

static void copy_text(const char *from, char *to, size_t room)
{
    size_t length = strlen(from);
    require(length < room, "http: bytes of a site's policy", length);
    memcpy(to, from, length + 1);
}

static void mount_as_described(void)
{
    for (uint32_t i = 0; i < self.config->site_count; i++) {
        const struct http_site_config *site = &self.config->sites[i];
        struct site_policy policy = {.precompressed = site->precompressed};
        copy_text(site->fields, policy.fields, sizeof(policy.fields));
        copy_text(site->rules, policy.rules, sizeof(policy.rules));
        require(site_mount(site->name, site->folder, &policy), "http: site", i);
    }
}

void described_mount_alone(void)
{
    site_unmount_all();
    mount_as_described();
}

uint32_t described_count(void)
{
    return self.config->site_count;
}

bool described_has(const char *name)
{
    for (uint32_t i = 0; i < self.config->site_count; i++) {
        if (strcmp(self.config->sites[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void described_init(const struct http_config *config)
{
    self.config = config;
    mount_as_described();
}

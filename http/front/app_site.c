/* app_site.c: what the application says of the site, in records (http/app_proto.h).
 *   consumes  records, copied    from the application, NOT trusted: a site is checked as a whole before any of it holds
 *   produces  mounts (over those that the description has), routes, a listening port; APP_DONE with what is wrong
 *   invariant a site that is refused changes nothing
 *   ends      one call takes what the control circle holds: one site or question, and however many folders have changed,
 *             the cache is looked through once, before this returns
 */
#include "http/front/app_site.h"

#include <string.h>
#include "http/app_front.h"
#include "http/cache/cache.h"
#include "http/conn/counters.h"
#include "http/content/app_request.h"
#include "http/content/error_page.h"
#include "http/front/described.h"
#include "http/front/listeners.h"
#include "http/front/routes.h"
#include "http/site/head.h"

#define MOUNTS_SAID_MAX (4 * SITE_MOUNTS_MAX) /* those of the same prefix take one place */

struct cursor {
    const uint8_t *at, *end;
};

/* What a record says of a mount. */
struct mount_said {
    char prefix[SITE_TEXT_MAX], folder[SITE_TEXT_MAX];
    struct site_policy policy;
};

static struct {
    struct mount_said mount;
    char prefixes[SITE_MOUNTS_MAX][SITE_TEXT_MAX]; /* of a site that is being checked: those that are not described */
    uint32_t prefix_count;
    uint8_t record[APP_RECORD_MAX];
    void (*add_counters)(struct app_counters *counters); /* or NULL */
} self;

static const uint8_t *take(struct cursor *cursor, size_t count)
{
    const uint8_t *at = cursor->at;
    if ((size_t)(cursor->end - at) < count) {
        return NULL;
    }
    cursor->at += count;
    return at;
}

static bool take_to(struct cursor *cursor, void *to, size_t count)
{
    const uint8_t *at = take(cursor, count);
    if (at) {
        memcpy(to, at, count);
    }
    return at != NULL;
}

/* `wrong`: what a NUL in it is. */
static enum app_site_status take_text(struct cursor *cursor, uint32_t length, char *to, size_t room,
                                      enum app_site_status wrong)
{
    const uint8_t *at = take(cursor, length);
    if (!at) {
        return APP_SITE_NONSENSE;
    }
    if (length >= room) {
        return APP_SITE_TOO_LONG;
    }
    memcpy(to, at, length);
    to[length] = '\0';
    return strlen(to) == length ? APP_SITE_OK : wrong;
}

/* -- a mount -- */

/* The next mount, in self.mount. */
static enum app_site_status read_mount(struct cursor *cursor)
{
    struct mount_said *said = &self.mount;
    struct app_mount mount;
    if (!take_to(cursor, &mount, sizeof(mount))) {
        return APP_SITE_NONSENSE;
    }
    const struct {
        char *to;
        size_t room;
        enum app_site_status wrong;
    } texts[APP_MOUNT_TEXTS] = {
        [APP_PREFIX] = {said->prefix, sizeof(said->prefix), APP_SITE_NO_FOLDER},
        [APP_FOLDER] = {said->folder, sizeof(said->folder), APP_SITE_NO_FOLDER},
        [APP_FIELDS] = {said->policy.fields, sizeof(said->policy.fields), APP_SITE_FIELDS},
        [APP_RULES] = {said->policy.rules, sizeof(said->policy.rules), APP_SITE_FIELDS},
    };
    enum app_site_status status = APP_SITE_OK;
    for (uint32_t i = 0; i < APP_MOUNT_TEXTS && status == APP_SITE_OK; i++) {
        status = take_text(cursor, mount.lengths[i], texts[i].to, texts[i].room, texts[i].wrong);
    }
    said->policy.precompressed = mount.flags & APP_PRECOMPRESSED;
    said->policy.internal = mount.flags & APP_INTERNAL;
    return status;
}

/* One that takes the place of another needs no place of its own. */
static bool has_place(const char *prefix)
{
    bool known = described_has(prefix);
    for (uint32_t i = 0; i < self.prefix_count; i++) {
        known |= strcmp(self.prefixes[i], prefix) == 0;
    }
    if (!known && described_count() + self.prefix_count == SITE_MOUNTS_MAX) {
        return false;
    }
    if (!known) {
        strcpy(self.prefixes[self.prefix_count++], prefix);
    }
    return true;
}

static enum app_site_status check_mount(struct cursor *cursor)
{
    enum app_site_status status = read_mount(cursor);
    if (status != APP_SITE_OK) {
        return status;
    }
    if (!site_may_mount(self.mount.prefix, self.mount.folder)) {
        return APP_SITE_NO_FOLDER;
    }
    if (!site_head_takes(&self.mount.policy)) {
        return APP_SITE_FIELDS;
    }
    return has_place(self.mount.prefix) ? APP_SITE_OK : APP_SITE_TOO_MANY;
}

/* -- a route -- */

static enum app_site_status read_route(struct cursor *cursor, struct app_route *route, const char **text)
{
    if (!take_to(cursor, route, sizeof(*route))) {
        return APP_SITE_NONSENSE;
    }
    *text = (const char *)take(cursor, route->text_length);
    if (!*text) {
        return APP_SITE_NONSENSE;
    }
    return route->text_length > ROUTE_PREFIX_MAX ? APP_SITE_TOO_LONG : APP_SITE_OK;
}

/* -- the site -- */

/* *which: of its mounts, or of its routes behind them. */
static enum app_site_status check(struct cursor cursor, const struct app_site *site, uint32_t *which)
{
    enum app_site_status status = APP_SITE_OK;
    struct app_route route;
    const char *text;
    self.prefix_count = 0;
    for (*which = 0; *which < site->mounts; ++*which) {
        status = *which == MOUNTS_SAID_MAX ? APP_SITE_TOO_MANY : check_mount(&cursor);
        if (status != APP_SITE_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < site->routes; i++, ++*which) {
        status = i == ROUTES_MAX ? APP_SITE_TOO_MANY : read_route(&cursor, &route, &text);
        if (status != APP_SITE_OK) {
            return status;
        }
    }
    if (cursor.at != cursor.end) {
        return APP_SITE_NONSENSE;
    }
    return site->port == 0 || http_listen(site->port) ? APP_SITE_OK : APP_SITE_PORT;
}

/* It has been checked. */
static void apply(struct cursor cursor, const struct app_site *site)
{
    struct app_route route = {0}; /* read_route() sets both */
    const char *text = NULL;
    described_mount_alone();
    for (uint32_t i = 0; i < site->mounts; i++) {
        read_mount(&cursor);
        site_mount(self.mount.prefix, self.mount.folder, &self.mount.policy);
    }
    routes_clear();
    for (uint32_t i = 0; i < site->routes; i++) {
        read_route(&cursor, &route, &text);
        routes_add(text, route.text_length, route.exact, route.others & 1, route.others & 2);
    }
    routes_take_the_rest(site->not_found);
    error_page_keep();
}

static bool take_site(uint32_t length)
{
    struct cursor cursor = {self.record, self.record + length};
    struct app_site site;
    uint32_t which = 0;
    enum app_site_status status = APP_SITE_NONSENSE;
    if (take_to(&cursor, &site, sizeof(site))) {
        status = check(cursor, &site, &which);
    }
    if (status == APP_SITE_OK) {
        apply(cursor, &site);
    } else {
        app_request_count_nonsense();
    }
    app_front_done(status, which);
    return status == APP_SITE_OK;
}

/* -- the others -- */

#define TELL(name) counters.name = http_counts.name;
#define TELL_CACHE(name) counters.cache_##name = cache.name;

static void tell_counters(void)
{
    struct cache_counters cache;
    cache_counters(&cache);
    struct app_counters counters = {.nonsense = app_request_nonsense()};
    APP_COUNTERS_FRONT(TELL)
    APP_COUNTERS_CACHE(TELL_CACHE)
    if (self.add_counters) {
        self.add_counters(&counters);
    }
    app_front_counters(&counters);
    app_front_done(APP_SITE_OK, 0);
}

void app_site_count_also(void (*add)(struct app_counters *counters))
{
    self.add_counters = add;
}

/* Of those that are answered one is under way at a time: it costs more than the others. True: the site is another one
 * now. */
static bool take_question(const struct app_record *record)
{
    if (!app_front_may_ask()) {
        app_request_count_nonsense();
        return false;
    }
    if (record->type == APP_SITE) {
        return take_site(record->length);
    }
    tell_counters();
    return false;
}

bool app_site_go_on(void)
{
    struct app_record record;
    bool changed = false;
    while (app_front_record(&record, self.record)) {
        switch (record.type) {
        case APP_SITE:
        case APP_COUNT: changed |= take_question(&record); break;
        case APP_CHANGED: site_path_changed((const char *)self.record, record.length); break;
        case APP_CHANGED_BELOW: site_folder_changed((const char *)self.record, record.length); break;
        default: app_request_count_nonsense(); break;
        }
    }
    site_changes_end();
    return changed;
}

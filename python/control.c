/* control.c: what the program tells the front beside answers.
 *   consumes  APP_DONE, and that the front has started anew: then it is told the site again
 *   produces  records: APP_SITE and APP_COUNT, one at a time, and APP_CHANGED
 *   invariant `site` holds all mounts before all routes, as the record does
 *   when full the circle of records: site and counters wait for room; paths that have changed become "all below /"
 */
#include "lib/pd.h"

#include <string.h>
#include "lib/log.h"
#include "python/config.h"
#include "python/control.h"
#include "python/port.h"

static struct {
    union {
        struct app_site head;
        uint8_t bytes[APP_RECORD_MAX];
    } site;
    uint32_t routes_at, count; /* bytes: where the routes begin, and of all */
    bool taken;                /* the program that runs has said what the site is */
    bool ever;                 /* some program has: a front that has started anew is told */
    bool unsent;
    bool count_wanted;
    bool everything_changed;
    bool waits;                              /* the worker, for the front's word of the site */
    enum { NOTHING, A_SITE, A_COUNT } asked; /* under way */
    uint32_t wanted, sent, done;             /* sites, counted, modulo 2^32 */
    uint32_t counts;                         /* APP_COUNT answered */
    int status;
    uint32_t which;
} self;

/* -- what is owed -- */

static void send_site(void)
{
    if (self.unsent && app_client_record(APP_SITE, self.site.bytes, self.count)) {
        self.unsent = false;
        self.sent = self.wanted;
        self.asked = A_SITE;
    }
}

static void send_count(void)
{
    if (self.count_wanted && app_client_record(APP_COUNT, "", 0)) {
        self.count_wanted = false;
        self.asked = A_COUNT;
    }
}

void control_tell(void)
{
    if (self.everything_changed) {
        self.everything_changed = !app_client_record(APP_CHANGED_BELOW, "/", 1);
    }
    if (self.asked == NOTHING) {
        send_site();
    }
    if (self.asked == NOTHING) {
        send_count();
    }
}

static void tell(void *context)
{
    control_tell();
}

void control_init(void)
{
    pd_before_flush(tell, NULL);
}

static void change(void)
{
    self.unsent = self.ever = true;
    self.wanted++;
}

/* -- the front's words -- */

/* The routes were refused, and nothing else. */
static bool refused_routes(int status, uint32_t which)
{
    return (status == APP_SITE_TOO_MANY || status == APP_SITE_TOO_LONG) && which >= self.site.head.mounts &&
           self.site.head.routes > 1;
}

void control_done(int status, uint32_t which)
{
    if (self.asked == A_COUNT) {
        self.counts++;
    } else if (self.asked == A_SITE && !self.unsent && refused_routes(status, which)) {
        control_no_routes();
        control_route((struct control_text){"/", 1}, false, true);
        self.wanted = self.sent; /* who waits for it waits on */
    } else if (self.asked == A_SITE) {
        self.status = status;
        self.which = which;
        self.done = self.sent;
        if (status != APP_SITE_OK && !self.waits) {
            log_line("python: the front has refused the site: %d, mount or route %u", status, which);
        }
    }
    self.asked = NOTHING;
    control_tell();
    port_wake();
}

void control_restarted(void)
{
    self.unsent = self.ever;
    self.count_wanted |= self.asked == A_COUNT;
    self.asked = NOTHING;
}

/* -- the site -- */

void control_program_begins(void)
{
    self.taken = false;
}

uint16_t control_port(void)
{
    return self.taken && self.site.head.port ? self.site.head.port : python_config.site_port;
}

struct control_site control_site(void)
{
    return (struct control_site){self.site.bytes, self.count, self.taken, self.unsent};
}

static uint32_t mount_bytes(const struct app_mount *mount)
{
    uint32_t bytes = (uint32_t)sizeof(*mount);
    for (uint32_t i = 0; i < APP_MOUNT_TEXTS; i++) {
        bytes += mount->lengths[i];
    }
    return bytes;
}

/* Behind the mounts; at `until` of them or at one of this prefix it stops. */
static uint32_t walk(uint32_t until, const struct control_text *prefix)
{
    struct app_mount mount;
    uint32_t at = (uint32_t)sizeof(self.site.head);
    for (uint32_t i = 0; i < until; i++, at += mount_bytes(&mount)) {
        memcpy(&mount, self.site.bytes + at, sizeof(mount));
        if (prefix && mount.lengths[APP_PREFIX] == prefix->length &&
            memcmp(self.site.bytes + at + sizeof(mount), prefix->at, prefix->length) == 0) {
            break;
        }
    }
    return at;
}

void control_put_back(const struct control_site *site, const void *bytes)
{
    memcpy(self.site.bytes, bytes, site->count);
    self.count = site->count;
    self.taken = site->taken;
    self.unsent = site->unsent;
    self.ever = site->count > 0;
    self.routes_at = walk(self.site.head.mounts, NULL);
}

void control_take_site(void)
{
    if (!self.taken) {
        self.taken = true;
        self.site.head = (struct app_site){.port = python_config.site_port};
        self.count = self.routes_at = (uint32_t)sizeof(self.site.head);
        change();
    }
}

static void remove_bytes(uint32_t at, uint32_t count)
{
    memmove(self.site.bytes + at, self.site.bytes + at + count, self.count - at - count);
    self.count -= count;
}

static bool insert_bytes(uint32_t at, uint32_t count)
{
    if (count > APP_RECORD_MAX - self.count) {
        return false;
    }
    memmove(self.site.bytes + at + count, self.site.bytes + at, self.count - at);
    self.count += count;
    return true;
}

static void forget_mount(const struct control_text *prefix)
{
    struct app_mount mount;
    uint32_t at = walk(self.site.head.mounts, prefix);
    if (at < self.routes_at) {
        memcpy(&mount, self.site.bytes + at, sizeof(mount));
        remove_bytes(at, mount_bytes(&mount));
        self.routes_at -= mount_bytes(&mount);
        self.site.head.mounts--;
    }
}

bool control_mount(const struct control_text texts[APP_MOUNT_TEXTS], uint16_t flags)
{
    struct app_mount mount = {.flags = flags};
    for (uint32_t i = 0; i < APP_MOUNT_TEXTS; i++) {
        mount.lengths[i] = (uint16_t)texts[i].length;
    }
    if (!insert_bytes(self.routes_at, mount_bytes(&mount))) {
        return false;
    }
    uint8_t *at = self.site.bytes + self.routes_at;
    memcpy(at, &mount, sizeof(mount));
    at += sizeof(mount);
    for (uint32_t i = 0; i < APP_MOUNT_TEXTS; i++) {
        memcpy(at, texts[i].at, texts[i].length);
        at += texts[i].length;
    }
    forget_mount(&texts[APP_PREFIX]); /* the new one is not counted yet */
    self.routes_at += mount_bytes(&mount);
    self.site.head.mounts++;
    change();
    return true;
}

void control_no_routes(void)
{
    self.count = self.routes_at;
    self.site.head.routes = 0;
    change();
}

bool control_route(struct control_text text, bool exact, bool gets)
{
    struct app_route route = {.text_length = (uint16_t)text.length, .exact = exact, .others = gets ? 3 : 2};
    uint32_t at = self.count;
    if (!insert_bytes(at, (uint32_t)(sizeof(route) + text.length))) {
        return false;
    }
    memcpy(self.site.bytes + at, &route, sizeof(route));
    memcpy(self.site.bytes + at + sizeof(route), text.at, text.length);
    self.site.head.routes++;
    change();
    return true;
}

void control_all_routes(void)
{
    control_no_routes();
    control_route((struct control_text){"/", 1}, false, true);
    control_route((struct control_text){"*", 1}, true, true);
    control_set_not_found(true);
}

void control_set_not_found(bool flag)
{
    if (self.site.head.not_found != flag) {
        self.site.head.not_found = flag;
        change();
    }
}

void control_set_port(uint16_t port)
{
    if (self.site.head.port != port) {
        self.site.head.port = port;
        change();
    }
}

/* -- from the worker -- */

int control_commit(uint32_t *which)
{
    uint32_t wanted = self.wanted;
    self.waits = true;
    control_tell();
    while (self.done != wanted) {
        port_wait(PORT_FOREVER);
    }
    self.waits = false;
    *which = self.which;
    return self.status;
}

const struct app_counters *control_counters(void)
{
    uint32_t before = self.counts;
    self.count_wanted = true;
    control_tell();
    while (self.counts == before) {
        port_wait(PORT_FOREVER);
    }
    return app_client_counters();
}

/* -- paths -- */

void control_path_changed(const char *path, uint32_t length, bool below)
{
    if (!self.everything_changed) {
        self.everything_changed = !app_client_record(below ? APP_CHANGED_BELOW : APP_CHANGED, path, length);
    }
}

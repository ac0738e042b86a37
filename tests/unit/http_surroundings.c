/* tests/unit/http_surroundings.c: see http_front.h. */
#include "http_front.h"

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/front/described.h"
#include "http/front/routes.h"
#include "http/front/server.h"
#include "http/cache/names.h"
#include "http/site/site.h"
#include "http/parse/text.h"
#include "http/cache/waiters.h"
#include "timer/client.h"

#define S 1000000000ull
#define NO_VERSION UINT64_MAX
#define UNIX_S 1790000000 /* when the tests begin */

/* -- time -- */

static uint64_t now = 1000 * S;
uint32_t site_gets, site_gets_most;
static struct timer *timers;

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer_stop(timer);
    *timer = (struct timer){timers, deadline_ns, handler, context, true};
    timers = timer;
}

void timer_stop(struct timer *timer)
{
    for (struct timer **at = &timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->armed = false;
}

static struct timer *first_timer(void)
{
    struct timer *first = timers;
    for (struct timer *timer = timers; timer; timer = timer->next) {
        first = timer->deadline_ns < first->deadline_ns ? timer : first;
    }
    return first;
}

void pass_s(uint32_t seconds)
{
    uint64_t end = now + seconds * S;
    struct timer *timer;
    while ((timer = first_timer()) != NULL && timer->deadline_ns <= end) {
        now = timer->deadline_ns > now ? timer->deadline_ns : now;
        fake_set_now_ns(now);
        timer_stop(timer);
        site_gets = 0;
        timer->handler(timer->context);
    }
    now = end;
    fake_set_now_ns(now);
    app_exchange();
}

/* -- the site and its cache -- */

struct cache_block {
    uint32_t pins;
    uint8_t bytes[];
};

static struct cache_waiter *waiters, *granted;
bool site_late, site_slow, site_away, site_known_away, site_rest_away, site_in_parts;
uint32_t site_waiting, site_held, cache_pinned, site_version;

static struct {
    const char *path;
    enum site_outcome outcome;
} const places[] = {{"/dir", SITE_REDIRECT},
                    {"/no", SITE_NOT_FOUND},
                    {"/forbidden", SITE_FORBIDDEN},
                    {"/away", SITE_UNREACHABLE},
                    {"/none", SITE_NONE}};

uint8_t site_byte(uint64_t size, uint64_t offset)
{
    return (uint8_t)(offset * 7 + (offset >> 8) * 13 + size);
}

static bool is_late(struct cache_waiter *waiter)
{
    if (!site_late || granted == waiter || lwip_noise() % 3) {
        return false;
    }
    CHECK(!waiter->link);
    waiters_add(&waiters, waiter);
    site_waiting++;
    return true;
}

static void names_come(void);
static uint32_t calls;

void site_call(void)
{
    struct cache_waiter *ready;
    if (site_away || site_rest_away) {
        return;
    }
    calls++;
    names_come();
    waiters_move(&waiters, &ready);
    while (ready) {
        granted = ready;
        waiters_remove(ready);
        site_waiting--;
        granted->ready(granted);
        granted = NULL;
    }
}

void cache_cancel(struct cache_waiter *waiter)
{
    site_waiting -= waiter->link != NULL;
    waiters_remove(waiter);
}

uint64_t site_version_size(uint64_t size, uint32_t version)
{
    return size + version * 101ull;
}

static uint32_t *holders_of(struct site_resource *resource)
{
    return (uint32_t *)(resource + 1);
}

static struct site_resource *make_resource(uint64_t size, enum cache_kind kind, bool late, bool versioned)
{
    struct site_resource *resource = calloc(1, sizeof(*resource) + sizeof(uint32_t) + 300);
    *holders_of(resource) = 1;
    resource->file = calloc(1, sizeof(*resource->file));
    resource->file->kind = kind; /* of how it breaks, here */
    resource->file->size = size;
    resource->file->fresh_until_ns = UINT64_MAX;
    resource->file->mtime_ns = versioned ? site_version : NO_VERSION;
    uint64_t modified_s = late ? UNIX_S + 3600 : 1700000000 + (versioned ? site_version : 0);
    http_validators_set(&resource->validators, size, modified_s * S, UNIX_S, "");
    resource->later = late;
    char *at = (char *)(holders_of(resource) + 1);
    resource->whole = at;
    at += sprintf(at, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n", (unsigned long long)size);
    resource->fields_at = (uint32_t)(at - resource->whole);
    at += sprintf(at, "Server: Serval\r\nContent-Type: text/plain\r\nETag: %.*s\r\nCache-Control: max-age=60\r\n",
                  (int)resource->validators.etag_length, resource->validators.etag);
    resource->whole_length = (uint32_t)(at - resource->whole);
    site_held++;
    return resource;
}

enum site_outcome site_find(const char *path, uint32_t length, uint8_t codings, enum site_access access,
                            struct http_slice host, struct site_resource **resource, struct cache_waiter *waiter)
{
    char text[HTTP_PATH_MAX + 1];
    bool internal = access == SITE_ORDERED;
    if (is_late(waiter)) {
        return SITE_WAIT;
    }
    memcpy(text, path, length);
    text[length] = '\0';
    if (site_away && strncmp(text, "/w/", 3) == 0) {
        waiters_add(&waiters, waiter);
        site_waiting++;
        return SITE_WAIT;
    }
    if (strncmp(text, "/l/i/", 5) == 0 && access != SITE_ORDERED) {
        return SITE_NOT_FOUND; /* internal, within the locked one */
    }
    if (strncmp(text, "/l/", 3) == 0 && access == SITE_PUBLIC) {
        return SITE_LOCKED;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(text, places[i].path) == 0) {
            return places[i].outcome;
        }
    }
    bool bad = strncmp(text, "/bad", 4) == 0, broken = strncmp(text, "/broken", 7) == 0;
    enum cache_kind kind = bad ? CACHE_ABSENT : broken ? CACHE_FORBIDDEN : CACHE_FILE;
    bool late = strncmp(text, "/late/", 6) == 0;
    bool versioned = strncmp(text, "/v/", 3) == 0, ordered = internal && strncmp(text, "/i/", 3) == 0;
    if (kind == CACHE_FILE && !ordered && strncmp(text, "/f/", 3) != 0 && strncmp(text, "/l/", 3) != 0 &&
        strncmp(text, "/w/", 3) != 0 && !late && !versioned) {
        return SITE_NOT_FOUND;
    }
    *resource = make_resource(strtoull(strrchr(text, '/') + 1, NULL, 10), kind, late, versioned);
    return SITE_FOUND;
}

/* -- what goes in the place of what is not there -- */

uint64_t site_pages, site_fallback;
bool site_page_fails, site_pages_slow, site_locks;
uint64_t site_mtime_ns = 1600000000 * S;

uint8_t site_mount_number(const char *path, uint32_t length, struct http_slice host)
{
    CHECK(length > 0 && path[0] == '/');
    bool locked = (length > 3 && memcmp(path, "/l/", 3) == 0) || (length > 7 && memcmp(path, "/app/l/", 7) == 0);
    return locked ? 2 : 1;
}

uint8_t site_lock_number(const char *path, uint32_t length, struct http_slice host)
{
    CHECK(length > 0 && path[0] == '/');
    return length > 7 && memcmp(path, "/app/k/", 7) == 0 ? 3 : site_mount_number(path, length, host) == 2 ? 2 : 0;
}

bool site_unlocks(uint8_t mount, struct http_slice authorization)
{
    return mount <= 1 || (authorization.length == 4 && memcmp(authorization.at, "open", 4) == 0);
}

bool site_has_locks(void)
{
    return site_locks;
}

void site_put_realm(uint8_t mount, char realm[SITE_REALM_MAX])
{
    sprintf(realm, "%u", mount);
}

static enum site_outcome find_instead(uint64_t size, enum cache_kind kind, struct site_resource **resource,
                                      struct cache_waiter *waiter)
{
    if (size == 0) {
        return SITE_NOT_FOUND;
    }
    if (is_late(waiter)) {
        return SITE_WAIT;
    }
    *resource = make_resource(size, kind, false, false);
    return SITE_FOUND;
}

enum site_outcome site_find_page(uint8_t mount, int status, struct site_resource **resource,
                                 struct cache_waiter *waiter)
{
    CHECK(mount >= 1 && mount <= SITE_MOUNTS_MAX);
    if (site_pages && ((site_away && status != 503) || site_pages_slow)) {
        waiters_add(&waiters, waiter);
        site_waiting++;
        return SITE_WAIT;
    }
    uint64_t size = site_pages ? site_pages + (uint64_t)status : 0;
    return mount <= 2 ? find_instead(size, site_page_fails ? CACHE_ABSENT : CACHE_FILE, resource, waiter)
                      : SITE_NOT_FOUND;
}

enum site_outcome site_find_fallback(uint8_t mount, uint8_t codings, struct site_resource **resource,
                                     struct cache_waiter *waiter)
{
    return find_instead(site_fallback, CACHE_FILE, resource, waiter);
}

/* -- folders -- */

bool site_lists;
enum cache_names_state site_names_state = CACHE_NAMES_HERE;
bool site_names_more;
uint32_t site_names_held;
static const char *names[CACHE_NAMES_MAX];
static uint32_t name_count;
static struct cache_names listed[2];
static char texts[2][CACHE_NAMES_MAX * 32];

void site_name(const char *name)
{
    names[name_count++] = name;
}

/* "/list/.." is listed. */
bool site_find_folder(const char *path, uint32_t length, struct http_slice host, struct site_folder *folder)
{
    CHECK(length > 0 && length <= sizeof(folder->name));
    if (!site_lists || path[length - 1] != '/') {
        return false;
    }
    folder->mount = 1;
    folder->length = length;
    memcpy(folder->name, path, length);
    return true;
}

bool site_is_listed(uint8_t mount, const char *name, uint32_t length)
{
    return memchr(name, '!', length) == NULL; /* such are hidden */
}

const char *site_fields(uint8_t mount)
{
    return "X-Mount: yes\r\n";
}

static void fill(struct cache_names *to, char *text)
{
    uint32_t at = 0;
    *to = (struct cache_names){.state = site_names_state, .used = true, .text = text, .more = site_names_more};
    for (uint32_t i = 0; i < name_count; i++) {
        uint32_t length = (uint32_t)strlen(names[i]);
        memcpy(text + at, names[i], length);
        to->names[to->count++] = (struct cache_name){.at = (uint16_t)at, .length = (uint8_t)length};
        at += length;
    }
}

struct cache_names *cache_names_read(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    for (int i = 0; i < 2; i++) {
        if (!listed[i].used) {
            fill(&listed[i], texts[i]);
            if (site_names_state == CACHE_NAMES_COMING || is_late(waiter)) {
                listed[i].state = CACHE_NAMES_COMING;
                if (!waiter->link) {
                    waiters_add(&waiters, waiter);
                    site_waiting++;
                }
            }
            site_names_held++;
            return &listed[i];
        }
    }
    return NULL;
}

static void names_come(void)
{
    for (int i = 0; i < 2; i++) {
        listed[i].state = listed[i].used && listed[i].state == CACHE_NAMES_COMING ? CACHE_NAMES_HERE : listed[i].state;
    }
}

void cache_names_release(struct cache_names *held)
{
    CHECK(held->used);
    held->used = false;
    site_names_held--;
}

static struct {
    char path[64];
    uint32_t call;
} asked[CACHE_NAMES_MAX];
static uint32_t asked_count;

/* Its answer is under way until the next site_call(). */
static bool is_slow(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    uint32_t i = 0;
    while (i < asked_count && (strlen(asked[i].path) != length || memcmp(asked[i].path, path, length) != 0)) {
        i++;
    }
    if (!site_slow || (i < asked_count && asked[i].call < calls)) {
        return false;
    }
    if (i == asked_count) {
        CHECK(i < CACHE_NAMES_MAX && length < sizeof(asked[0].path));
        memcpy(asked[i].path, path, length);
        asked[asked_count++].call = calls;
    }
    waiters_add(&waiters, waiter);
    site_waiting++;
    return true;
}

/* A name ends in '@' for a folder, '?' for what is not there, '-' for what cannot be looked at; else it is a file. */
struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    struct cache_entry *entry;
    char last = path[length - 1];
    site_gets_most = ++site_gets > site_gets_most ? site_gets : site_gets_most;
    if (is_late(waiter) || is_slow(path, length, waiter)) {
        return NULL;
    }
    entry = calloc(1, sizeof(*entry));
    entry->kind = last == '@'   ? CACHE_DIRECTORY
                  : last == '?' ? CACHE_ABSENT
                  : last == '-' ? CACHE_UNREACHABLE
                                : CACHE_FILE;
    entry->size = length * 1000;
    entry->mtime_ns = site_mtime_ns;
    return entry;
}

void cache_release(struct cache_entry *entry)
{
    free(entry);
}

bool cache_is_away(void)
{
    return site_known_away;
}

char site_changed[200];
uint32_t site_walks;
static bool walk_due;

void site_path_changed(const char *path, uint32_t length)
{
    snprintf(site_changed, sizeof(site_changed), "%.*s", (int)length, path);
}

void site_folder_changed(const char *path, uint32_t length)
{
    snprintf(site_changed, sizeof(site_changed), "%.*s below", (int)length, path);
    walk_due = true;
}

void site_changes_end(void)
{
    site_walks += walk_due;
    walk_due = false;
}

/* What an application mounts. */
char site_mounts[1000];

void site_unmount_all(void)
{
    site_mounts[0] = '\0';
}

bool site_may_mount(const char *prefix, const char *folder)
{
    return prefix[0] == '/' && folder[0] == '/';
}

bool site_head_takes(const struct site_policy *policy)
{
    return !strchr(policy->fields, '!');
}

bool site_mount(const char *prefix, const char *folder, const struct site_policy *policy)
{
    size_t there = strlen(site_mounts), room = sizeof(site_mounts) - there;
    int count = snprintf(site_mounts + there, room, "%s=%s[%s|%s%s%s];", prefix, folder, policy->fields, policy->rules,
                         policy->precompressed ? "|pre" : "", policy->internal ? "|int" : "");
    return count > 0 && (size_t)count < room;
}

void described_mount_alone(void)
{
    sprintf(site_mounts, "/=described;");
}

uint32_t described_count(void)
{
    return 1;
}

bool described_has(const char *prefix)
{
    return strcmp(prefix, "/") == 0;
}

void cache_counters(struct cache_counters *counters)
{
    *counters = (struct cache_counters){.entries = 3, .stale = 9};
}

void site_release(struct site_resource *resource)
{
    site_held--;
    if (--*holders_of(resource) == 0) {
        free(resource->file);
        free(resource);
    }
}

void site_hold(struct site_resource *resource)
{
    site_held++;
    ++*holders_of(resource);
}

enum cache_outcome cache_read(struct cache_entry *entry, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    CHECK(offset < entry->size);
    CHECK(ahead <= (entry->size - 1) / CACHE_BLOCK_SIZE - offset / CACHE_BLOCK_SIZE);
    CHECK(entry->fresh_until_ns > 0 || offset >= CACHE_BLOCK_SIZE ||
          site_in_parts); /* else it should have been found anew */
    if (site_rest_away && offset >= CACHE_BLOCK_SIZE) {
        waiters_add(&waiters, waiter);
        site_waiting++;
        return CACHE_WAIT;
    }
    if (is_late(waiter)) {
        if (lwip_noise() % 4 == 0) {
            entry->fresh_until_ns = 0; /* another file by the time it comes */
        }
        return CACHE_WAIT;
    }
    if (entry->kind == CACHE_ABSENT || (entry->kind == CACHE_FORBIDDEN && offset >= CACHE_BLOCK_SIZE)) {
        return CACHE_FAILED;
    }
    bool versioned = entry->mtime_ns != NO_VERSION;
    if (versioned && entry->mtime_ns != site_version) {
        entry->fresh_until_ns = 0;
        return CACHE_FAILED;
    }
    uint64_t size = versioned ? site_version_size(entry->size, site_version) : entry->size;
    uint64_t left = entry->size - offset, rest = CACHE_BLOCK_SIZE - offset % CACHE_BLOCK_SIZE;
    bytes->length = (uint32_t)(left < rest ? left : rest);
    bytes->block = malloc(sizeof(*bytes->block) + bytes->length);
    bytes->block->pins = 1;
    for (uint32_t i = 0; i < bytes->length; i++) {
        bytes->block->bytes[i] = site_byte(size, offset + i);
    }
    bytes->at = bytes->block->bytes;
    cache_pinned++;
    return CACHE_READY;
}

void cache_unpin(struct cache_block *block)
{
    cache_pinned--;
    free(block);
}

/* -- the front -- */

void app_start_front(void)
{
    pd_set_unix_time_ns(UNIX_S * S);
    http_init(&played_front, 0);
    CHECK(http_listen(80) && http_owns(80) && !http_owns(81));
    CHECK(routes_add("/app/", 5, false, true, true));
}

void app_start(void)
{
    app_start_front();
    app_begin();
}

/* -- the client -- */

bool body_of_site(const struct response *response, uint64_t size, uint64_t offset, uint64_t length)
{
    if (response->body != length) {
        return false;
    }
    for (uint64_t i = 0; i < length; i++) {
        if ((uint8_t)response->data[i] != site_byte(size, offset + i)) {
            return false;
        }
    }
    return true;
}

bool has_field(const struct response *response, const char *line)
{
    char text[300];
    sprintf(text, "\r\n%s\r\n", line);
    const char *found = strstr(response->text, text);
    return found && found < response->text + response->head;
}

static bool read_chunks(const char *at, uint32_t length, struct response *response)
{
    uint32_t done = 0;
    for (;;) {
        char *end;
        if (!memchr(at + done, '\n', length - done)) {
            return false;
        }
        uint32_t size = (uint32_t)strtoul(at + done, &end, 16);
        CHECK(end > at + done && end[0] == '\r' && end[1] == '\n');
        done = (uint32_t)(end + 2 - at);
        if (length - done < size + 2) {
            return false;
        }
        memcpy(response->data + response->body, at + done, size);
        response->body += size;
        done += size;
        CHECK(at[done] == '\r' && at[done + 1] == '\n');
        done += 2;
        if (size == 0) {
            response->whole = response->head + done;
            return true;
        }
    }
}

bool parse_response(struct client *client, bool head_only, bool to_end, struct response *response)
{
    static char text[12000];
    uint32_t length;
    const char *at = client_bytes(client, &length);
    const char *end = length ? memmem(at, length, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return false;
    }
    response->head = (uint32_t)(end + 4 - at);
    CHECK(response->head < sizeof(text));
    memcpy(text, at, response->head);
    text[response->head] = '\0';
    response->text = text;
    response->body = 0;
    CHECK(memcmp(text, "HTTP/1.1 ", 9) == 0);
    response->status = atoi(text + 9);
    const char *field = strstr(text, "\r\nContent-Length: ");
    response->has_length = field != NULL;
    response->chunked = has_field(response, "Transfer-Encoding: chunked");
    response->closes = has_field(response, "Connection: close");
    CHECK(response->status < 200 || strstr(text, "\r\nDate: "));
    CHECK(!(response->has_length && response->chunked));
    uint32_t size = 0;
    if (head_only || response->status < 200 || response->status == 204 || response->status == 304) {
        size = 0;
    } else if (response->chunked) {
        return read_chunks(at + response->head, length - response->head, response);
    } else if (field) {
        size = (uint32_t)strtoul(field + 18, NULL, 10);
    } else {
        CHECK(response->closes);
        if (!to_end) {
            return false;
        }
        size = length - response->head;
    }
    CHECK(size <= sizeof(response->data));
    response->whole = response->head + size;
    if (length < response->whole) {
        return false;
    }
    memcpy(response->data, at + response->head, size);
    response->body = size;
    return true;
}

void step(void)
{
    site_call();
    app_run();
    pass_s(0);
}

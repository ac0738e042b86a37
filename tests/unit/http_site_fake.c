/* http_site_fake.c: the cache that the site's test plays: what lies where, when it answers, and in which order. It
 * keeps an account of what is held.
 */
#include "http_site.h"

#include "http/cache/waiters.h"
#include "timer/client.h"

#define BUCKETS 4096

/* -- the cache, and the files in it -- */

static struct fake_file files[FILES_MAX];
static uint32_t file_count;
uint32_t looks, held;
static struct fake_file *files_by_name[BUCKETS];
static struct fake_entry *entries, *entries_by_name[BUCKETS];
bool slow, away, too_old;
uint64_t now = 1000 * S;

static uint32_t bucket_of(const char *path)
{
    uint32_t hash = 0;

    while (*path) {
        hash = 31 * hash + (uint8_t)*path++;
    }
    return hash % BUCKETS;
}

static struct fake_file *file_at(const char *path)
{
    struct fake_file *file = files_by_name[bucket_of(path)];

    while (file && strcmp(file->path, path) != 0) {
        file = file->next;
    }
    return file;
}

void remove_files(void)
{
    memset(files_by_name, 0, sizeof(files_by_name));
    file_count = 0;
}

struct fake_file *put(const char *path, enum cache_kind kind, uint64_t size)
{
    struct fake_file *file = file_at(path);

    if (!file) {
        CHECK(file_count < FILES_MAX);
        file = &files[file_count++];
        snprintf(file->path, sizeof(file->path), "%s", path);
        file->next = files_by_name[bucket_of(path)];
        files_by_name[bucket_of(path)] = file;
    }
    file->kind = kind;
    file->size = size;
    file->mtime_ns = MTIME_NS;
    return file;
}

struct fake_entry *entry_at(const char *path)
{
    struct fake_entry *entry = entries_by_name[bucket_of(path)];

    while (entry && (!entry->current || strcmp(entry->path, path) != 0)) {
        entry = entry->next_of_name;
    }
    return entry;
}

static struct fake_entry *new_entry(const char *path)
{
    struct fake_entry *entry = calloc(1, sizeof(*entry));

    snprintf(entry->path, sizeof(entry->path), "%s", path);
    entry->current = true;
    entry->next = entries;
    entries = entry;
    entry->next_of_name = entries_by_name[bucket_of(path)];
    entries_by_name[bucket_of(path)] = entry;
    return entry;
}

static struct cache_entry seen_now(const char *path)
{
    const struct fake_file *file = file_at(path);
    struct cache_entry seen = {.kind = away   ? CACHE_UNREACHABLE
                                       : file ? file->kind
                                              : CACHE_ABSENT,
                               .fresh_until_ns = now + FRESH_NS};

    if (!away && file) {
        seen.size = file->size;
        seen.mtime_ns = file->mtime_ns;
    }
    return seen;
}

/* What is known of a path is now what is there: a held entry of another file stays as it was and another takes its
 * place. */
static struct fake_entry *learn(struct fake_entry *entry)
{
    struct cache_entry seen = seen_now(entry->path);
    bool same = entry->seen.kind == seen.kind && entry->seen.size == seen.size && entry->seen.mtime_ns == seen.mtime_ns;

    if (away && entry->seen.fresh_until_ns > 0 && entry->seen.kind != CACHE_UNREACHABLE) {
        return entry; /* old, but something */
    }
    if (!same && entry->holders > 0) {
        struct fake_entry *next = new_entry(entry->path);
        entry->current = false;
        entry->seen.fresh_until_ns = 0;
        waiters_move(&entry->waiters, &next->waiters);
        next->asked = entry->asked; /* who waits is answered there */
        entry->asked = false;
        entry = next;
    }
    entry->seen = seen;
    return entry;
}

static struct cache_entry *give(struct fake_entry *entry)
{
    entry->holders++;
    held++;
    return &entry->seen;
}

struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    char text[1100];

    CHECK(length <= 1024 && path[0] == '/' && memchr(path, 0, length) == NULL);
    snprintf(text, sizeof(text), "%.*s", (int)length, path);
    struct fake_entry *entry = entry_at(text);
    if (entry && now < entry->seen.fresh_until_ns) {
        return give(entry);
    }
    entry = entry ? entry : new_entry(text);
    looks += !entry->asked;
    if (!slow) {
        return give(learn(entry));
    }
    entry->asked = true;
    CHECK(waiter->link == NULL && waiter->ready);
    waiters_add(&entry->waiters, waiter);
    return NULL;
}

void cache_cancel(struct cache_waiter *waiter)
{
    waiters_remove(waiter);
}

bool cache_is_away(void)
{
    return away;
}

bool cache_is_too_old(const struct cache_entry *entry)
{
    return too_old;
}

static void forget(const char *path, uint32_t length, bool below)
{
    for (struct fake_entry *entry = entries; entry; entry = entry->next) {
        bool itself = strlen(entry->path) == length;
        if (strncmp(entry->path, path, length) == 0 && (itself || (below && entry->path[length] == '/'))) {
            entry->seen.fresh_until_ns = 0;
        }
    }
}

void cache_path_changed(const char *path, uint32_t length)
{
    forget(path, length, false);
}

char walks[3000];

/* A walk is the folders in it, with a blank behind each, and a line's end. */
void cache_folders_changed(const struct cache_folder *folders, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        forget(folders[i].path, folders[i].length, true);
        size_t at = strlen(walks);
        snprintf(walks + at, sizeof(walks) - at, "%.*s/ ", (int)folders[i].length, folders[i].path);
    }
    strcat(walks, "\n");
}

struct cache_entry *cache_hold(struct cache_entry *entry)
{
    return give((struct fake_entry *)entry);
}

void cache_release(struct cache_entry *entry)
{
    CHECK(((struct fake_entry *)entry)->holders > 0);
    ((struct fake_entry *)entry)->holders--;
    held--;
}

/* Some entry that is asked about. False: none is. */
bool answer_one(uint32_t skip)
{
    struct fake_entry *entry = entries;

    for (; entry; entry = entry->next) {
        if (entry->asked && skip-- == 0) {
            break;
        }
    }
    if (!entry) {
        return false;
    }
    entry->asked = false;
    entry = learn(entry);
    waiters_wake(&entry->waiters);
    return true;
}

void answer_all(void)
{
    while (answer_one(0)) {
    }
}

/* -- time -- */

static struct timer *timers;

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer_stop(timer);
    *timer = (struct timer){
        .next = timers, .deadline_ns = deadline_ns, .handler = handler, .context = context, .armed = true};
    timers = timer;
}

void timer_stop(struct timer *timer)
{
    struct timer **at = &timers;

    while (*at && *at != timer) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = timer->next;
    }
    timer->armed = false;
}

void pass(uint64_t ns)
{
    now += ns;
    fake_set_now_ns(now);
    while (timers && timers->deadline_ns <= now) {
        struct timer *timer = timers;
        timer_stop(timer);
        timer->handler(timer->context);
    }
}

/* -- clients -- */

const struct http_slice no_host;
struct client clients[CLIENTS];

static void ready(struct cache_waiter *waiter)
{
    CHECK(waiter->link == NULL);
    ((struct client *)waiter)->called++;
}

enum site_outcome ask(struct client *client, const char *path, uint8_t codings)
{
    size_t length = strlen(path);
    char *copy = malloc(length);

    memcpy(copy, path, length);
    client->resource = NULL;
    client->waiter.ready = ready;
    enum site_outcome outcome = site_find(copy, (uint32_t)length, codings, SITE_PUBLIC, no_host, &client->resource,
                                          &client->waiter);
    free(copy);
    CHECK((outcome == SITE_FOUND) == (client->resource != NULL) &&
          (outcome == SITE_WAIT) == (client->waiter.link != NULL));
    return outcome;
}

void let_go(struct client *client)
{
    site_release(client->resource);
    client->resource = NULL;
}

/* One question, at once; the resource stays valid till the next (the site remembers it). */
enum site_outcome outcome_of(const char *path, uint8_t codings, struct site_resource **resource)
{
    enum site_outcome outcome = ask(&clients[0], path, codings);

    if (resource) {
        *resource = clients[0].resource;
    }
    if (outcome == SITE_FOUND) {
        let_go(&clients[0]);
    }
    return outcome;
}

static const char *found(const char *path, uint8_t codings)
{
    struct site_resource *resource;

    CHECK_EQUAL(outcome_of(path, codings, &resource), SITE_FOUND);
    return ((struct fake_entry *)resource->file)->path;
}

void check_found(const char *path, uint8_t codings, const char *expected)
{
    const char *name = found(path, codings);

    if (strcmp(name, expected) != 0) {
        FAIL("%s finds %s, not %s", path, name, expected);
    }
}

const struct site_policy plain = {.rules = "pages\tmax-age=60\nothers\tmax-age=86400\n"};
const struct site_policy compressed = {.precompressed = true, .fields = "X-Frame-Options: DENY\r\nA: b\r\n"};

void begin(const struct site_policy *policy)
{
    site_unmount_all();
    pass(1);
    CHECK(held == 0);
    looks = 0;
    remove_files();
    memset(entries_by_name, 0, sizeof(entries_by_name));
    while (entries) {
        struct fake_entry *next = entries->next;
        CHECK(entries->holders == 0 && entries->waiters == NULL);
        free(entries);
        entries = next;
    }
    slow = away = false;
    memset(clients, 0, sizeof(clients));
    CHECK(site_mount("/", "/www", policy));
}

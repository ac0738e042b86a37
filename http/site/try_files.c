/* http/site/try_files.c: which of the names that a path may mean there is: the cache is asked for one after the other.
 *   consumes  entries of the cache
 *   ends      whether or not somebody still waits; it serves all who ask for the same path meanwhile
 *   when full no place for a resource: it waits for one
 */
#include "http/site/try_files.h"

#include <string.h>
#include "fs/proto.h"
#include "http/site/hidden.h"
#include "lib/pd.h"

#define VARIANT_EARLIER_NS 2000000000ull
#define FRESH_MIN_NS 50000000ull /* so that who has waited for it gets it, however old it is by now */

static struct {
    char name[FS_PATH_MAX];
} self;

static const struct site_coding codings[] = {{HTTP_CODING_BROTLI, ".br", "Content-Encoding: br\r\n", "-br"},
                                             {HTTP_CODING_GZIP, ".gz", "Content-Encoding: gzip\r\n", "-gz"}};
#define CODINGS (sizeof(codings) / sizeof(codings[0]))

static const char *const of_folder[] = {"index.html", "index.htm", "index.xhtml", "index", NULL};
static const char *const of_name[] = {"", ".html", ".htm", ".xhtml", NULL};
static const char *const of_page[] = {"", NULL};

/* What was found before, in place of what cannot be found out; not when it is known to be another by now. */
static bool may_stay(const struct resolution *resolution)
{
    const struct cache_entry *file = resolution->prepared ? resolution->prepared->resource.file : NULL;

    return file && file->fresh_until_ns != 0 && !cache_is_too_old(file);
}

/* The file service's name of the path with these endings in self.name; 0: there can be none so long. */
static uint32_t name_of(const struct resolution *resolution, const char *ending, const char *second_ending)
{
    const struct mount *mount = resolution->mount;
    uint32_t skipped = mount->prefix_length - 1, rest = resolution->path_length - skipped,
             length = mount->folder_length;
    uint32_t size = (uint32_t)strlen(ending), second_size = (uint32_t)strlen(second_ending);

    if (length + rest + size + second_size > FS_PATH_MAX) {
        return 0;
    }
    memcpy(self.name, mount->folder, length);
    memcpy(self.name + length, resolution->path + skipped, rest);
    memcpy(self.name + length + rest, ending, size);
    memcpy(self.name + length + rest + size, second_ending, second_size);
    return length + rest + size + second_size;
}

/* Nobody can say what is there now. False: it has to be waited for. A variant need not be, nor what may be given as it
 * was; that is looked for again soon. */
static bool does_without(struct resolution *resolution, enum cache_kind *kind)
{
    struct try_files *try = &resolution->try;

    if (!cache_is_away() || !(try->found || may_stay(resolution))) {
        return false;
    }
    cache_cancel(&try->waiter);
    try->fresh_until_ns = 0;
    *kind = CACHE_UNREACHABLE;
    return true;
}

/* What self.name names is not for who asks. */
static bool is_kept_back(const struct resolution *resolution, uint32_t length)
{
    return site_is_secret(self.name, length) ||
           (!(resolution->key & SITE_KEY_ORDERED) && site_is_hidden(resolution->mount, self.name, length));
}

/* False: it waits. Else what is there, with the entry held for a file, NULL else. */
static bool look(struct resolution *resolution, const char *ending, const char *second_ending, enum cache_kind *kind,
                 struct cache_entry **file)
{
    struct try_files *try = &resolution->try;
    uint32_t length = name_of(resolution, ending, second_ending);

    *file = NULL;
    *kind = CACHE_ABSENT;
    if (length == 0 || is_kept_back(resolution, length)) {
        return true;
    }
    struct cache_entry *entry = cache_get(self.name, length, &try->waiter);
    if (!entry) {
        return does_without(resolution, kind);
    }
    *kind = entry->kind;
    try->fresh_until_ns = entry->fresh_until_ns < try->fresh_until_ns ? entry->fresh_until_ns : try->fresh_until_ns;
    if (entry->kind == CACHE_FILE) {
        *file = entry;
    } else {
        cache_release(entry);
    }
    return true;
}

/* Does this end the search? Then try->outcome is set. */
static bool decides(struct try_files *try, enum cache_kind kind)
{
    switch (kind) {
    case CACHE_FILE: try->outcome = SITE_FOUND; return true;
    case CACHE_DIRECTORY:
        try->folder |= try->candidates[0][0] == '\0'; /* else it only has the name of a page */
        return false;
    case CACHE_ABSENT: return false;
    case CACHE_FORBIDDEN: try->outcome = SITE_FORBIDDEN; return true;
    case CACHE_UNREACHABLE: try->outcome = SITE_UNREACHABLE; return true;
    }
    return false;
}

static bool find_file(struct resolution *resolution)
{
    struct try_files *try = &resolution->try;
    enum cache_kind kind;

    for (; *try->candidates; try->candidates++) {
        if (!look(resolution, *try->candidates, "", &kind, &try->file)) {
            return false;
        }
        if (decides(try, kind)) {
            return true;
        }
    }
    try->outcome = try->folder ? SITE_REDIRECT : SITE_NOT_FOUND;
    return true;
}

/* Of what was found, without a variant's ending, from the mount's folder on. */
static struct http_slice path_found(const struct resolution *resolution)
{
    uint32_t skipped = resolution->mount->folder_length + 1;
    uint32_t length = name_of(resolution, *resolution->try.candidates, "");

    return (struct http_slice){self.name + skipped, length - skipped};
}

static bool is_compressible(const struct resolution *resolution)
{
    const struct site_policy *policy = &resolution->mount->policy;

    return policy->precompressed && site_type_of(policy, path_found(resolution)).flags & TYPE_COMPRESSIBLE;
}

/* An older one is of what the file was before. Who writes both does not always write the variant last. */
static bool is_of_this_text(const struct cache_entry *variant, const struct cache_entry *file)
{
    return variant->mtime_ns >= file->mtime_ns || file->mtime_ns - variant->mtime_ns <= VARIANT_EARLIER_NS;
}

/* What keeps us from a variant leaves the file as it is. */
static bool find_variant(struct resolution *resolution)
{
    struct try_files *try = &resolution->try;
    struct cache_entry *file;
    enum cache_kind kind;

    if (!(resolution->key & (HTTP_CODING_GZIP | HTTP_CODING_BROTLI)) || !is_compressible(resolution)) {
        try->variant = CODINGS;
    }
    for (; try->variant < CODINGS; try->variant++) {
        if (!(resolution->key & codings[try->variant].bit)) {
            continue;
        }
        if (!look(resolution, *try->candidates, codings[try->variant].ending, &kind, &file)) {
            return false;
        }
        if (file && is_of_this_text(file, try->file)) {
            cache_release(try->file);
            try->file = file;
            return true;
        }
        if (file) {
            cache_release(file);
        }
    }
    return true;
}

/* A resource of try->file: the one that is there if it is still that. False: all are held. */
static bool prepare(struct resolution *resolution)
{
    struct try_files *try = &resolution->try;
    const struct site_coding *coding = try->variant < CODINGS ? &codings[try->variant] : NULL;
    char head[SITE_HEAD_MAX];
    struct site_resource resource = {.file = try->file, .whole = head};

    if (resolution->prepared && resolution->prepared->resource.file == try->file) {
        cache_release(try->file);
        return true;
    }
    site_head_prepare(head, &resource, &resolution->mount->policy, path_found(resolution), coding);
    struct prepared *prepared = site_prepared_new(&resource);
    if (!prepared) {
        return false;
    }
    if (resolution->prepared) {
        site_prepared_let_go(resolution->prepared);
    }
    resolution->prepared = prepared;
    return true;
}

/* It is known. What was found before stays when nobody can say what is there now. Callers touch the resolution no
 * more. */
static void finish(struct resolution *resolution)
{
    struct try_files *try = &resolution->try;
    struct cache_waiter *waiters = NULL;
    uint64_t least = pd_now_ns() + FRESH_MIN_NS;

    waiters_move(&resolution->waiters, &waiters);
    if (resolution->linked) {
        resolution->fresh_until_ns = try->fresh_until_ns > least ? try->fresh_until_ns : least;
        bool stays = try->outcome == SITE_UNREACHABLE && may_stay(resolution);
        site_resolution_settle(resolution, stays ? SITE_FOUND : try->outcome);
        resolution->trying = false;
    } else { /* forgotten meanwhile */
        if (try->file) {
            cache_release(try->file);
        }
        site_resolution_drop(resolution);
    }
    site_room_again();
    waiters_wake(&waiters);
}

static void go_on(struct resolution *resolution)
{
    struct try_files *try = &resolution->try;

    if (resolution->linked && !try->found) {
        if (!find_file(resolution)) {
            return;
        }
        try->found = true;
    }
    if (resolution->linked && try->outcome == SITE_FOUND) {
        if (!find_variant(resolution)) {
            return;
        }
        if (!prepare(resolution)) {
            site_room_wait(&try->waiter);
            return;
        }
    }
    finish(resolution);
}

static void ready(struct cache_waiter *waiter)
{
    go_on((struct resolution *)((char *)waiter - offsetof(struct resolution, try.waiter)));
}

static const char *const *candidates_of(const struct resolution *resolution)
{
    if (resolution->path[resolution->path_length - 1] == '/') {
        return of_folder;
    }
    for (const char *const *page = of_name + 1; *page; page++) {
        if (http_ends_in((struct http_slice){resolution->path, resolution->path_length}, *page)) {
            return of_page;
        }
    }
    return of_name;
}

void site_try_files(struct resolution *resolution)
{
    resolution->trying = true;
    resolution->changes = site_resolutions_changes();
    resolution->try = (struct try_files){
        .waiter.ready = ready,
        .candidates = candidates_of(resolution),
        .fresh_until_ns = UINT64_MAX,
        .outcome = SITE_WAIT,
    };
    go_on(resolution);
}

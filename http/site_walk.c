/* http/site_walk.c: the way to an answer: the cache is asked for one name after the other.
 *
 * A walk goes on whether or not somebody still waits for it, and serves all who ask for the same path meanwhile.
 */
#include <string.h>
#include "fs/proto.h"
#include "http/site_internal.h"
#include "lib/pd.h"

#define FRESH_MIN_NS 50000000ull /* so that who has waited for an answer gets it, however old it is by now */

static struct {
    char name[FS_PATH_MAX];
} self;

static const struct site_coding codings[] = {{HTTP_CODING_BROTLI, ".br", "Content-Encoding: br\r\n", "-br"},
                                             {HTTP_CODING_GZIP, ".gz", "Content-Encoding: gzip\r\n", "-gz"}};
#define CODINGS (sizeof(codings) / sizeof(codings[0]))

static const char *const of_folder[] = {"index.html", "index.htm", "index.xhtml", "index", NULL};
static const char *const of_name[] = {"", ".html", ".htm", ".xhtml", NULL};
static const char *const of_page[] = {"", NULL};

/* The file service's name of the path with these endings in self.name; 0: there can be none so long. */
static uint32_t name_of(const struct answer *answer, const char *ending, const char *second_ending)
{
    const struct mount *mount = answer->mount;
    uint32_t skipped = mount->prefix_length - 1, rest = answer->path_length - skipped, length = mount->folder_length;
    uint32_t size = (uint32_t)strlen(ending), second_size = (uint32_t)strlen(second_ending);

    if (length + rest + size + second_size > FS_PATH_MAX) {
        return 0;
    }
    memcpy(self.name, mount->folder, length);
    memcpy(self.name + length, answer->path + skipped, rest);
    memcpy(self.name + length + rest, ending, size);
    memcpy(self.name + length + rest + size, second_ending, second_size);
    return length + rest + size + second_size;
}

/* False: it waits. Else what is there, with the entry held for a file, NULL else. */
static bool look(struct answer *answer, const char *ending, const char *second_ending, enum cache_kind *kind,
                 struct cache_entry **file)
{
    struct walk *walk = &answer->walk;
    uint32_t length = name_of(answer, ending, second_ending);

    *file = NULL;
    *kind = CACHE_ABSENT;
    if (length == 0) {
        return true;
    }
    struct cache_entry *entry = cache_get(self.name, length, &walk->waiter);
    if (!entry) {
        return false;
    }
    *kind = entry->kind;
    walk->fresh_until_ns = entry->fresh_until_ns < walk->fresh_until_ns ? entry->fresh_until_ns : walk->fresh_until_ns;
    if (entry->kind == CACHE_FILE) {
        *file = entry;
    } else {
        cache_release(entry);
    }
    return true;
}

/* Does this end the search? Then walk->outcome is set. */
static bool decides(struct walk *walk, enum cache_kind kind)
{
    switch (kind) {
    case CACHE_FILE: walk->outcome = SITE_FOUND; return true;
    case CACHE_DIRECTORY:
        walk->folder |= walk->candidates[0][0] == '\0'; /* else it only has the name of a page */
        return false;
    case CACHE_ABSENT: return false;
    case CACHE_FORBIDDEN: walk->outcome = SITE_FORBIDDEN; return true;
    case CACHE_UNREACHABLE: walk->outcome = SITE_UNREACHABLE; return true;
    }
    return false;
}

static bool find_file(struct answer *answer)
{
    struct walk *walk = &answer->walk;
    enum cache_kind kind;

    for (; *walk->candidates; walk->candidates++) {
        if (!look(answer, *walk->candidates, "", &kind, &walk->file)) {
            return false;
        }
        if (decides(walk, kind)) {
            return true;
        }
    }
    walk->outcome = walk->folder ? SITE_REDIRECT : SITE_NOT_FOUND;
    return true;
}

static const struct http_type *type_of(const struct answer *answer)
{
    const char *ending = *answer->walk.candidates;

    return ending[0] ? http_type_lookup(ending, (uint32_t)strlen(ending))
                     : http_type_lookup(answer->path, answer->path_length);
}

/* What keeps us from a neighbour leaves the file itself. */
static bool find_neighbour(struct answer *answer)
{
    struct walk *walk = &answer->walk;
    struct cache_entry *file;
    enum cache_kind kind;

    if (!answer->mount->policy.precompressed || !(type_of(answer)->flags & TYPE_COMPRESSIBLE)) {
        walk->neighbour = CODINGS;
    }
    for (; walk->neighbour < CODINGS; walk->neighbour++) {
        if (!(answer->codings & codings[walk->neighbour].bit)) {
            continue;
        }
        if (!look(answer, *walk->candidates, codings[walk->neighbour].ending, &kind, &file)) {
            return false;
        }
        if (file) {
            cache_release(walk->file);
            walk->file = file;
            return true;
        }
    }
    return true;
}

/* A resource of walk->file: the one that is there if it is still that. False: all are held. */
static bool prepare(struct answer *answer)
{
    struct walk *walk = &answer->walk;
    const struct site_coding *coding = walk->neighbour < CODINGS ? &codings[walk->neighbour] : NULL;
    char head[SITE_HEAD_MAX];
    struct site_resource resource = {.file = walk->file, .whole = head};

    if (answer->prepared && answer->prepared->resource.file == walk->file) {
        cache_release(walk->file);
        return true;
    }
    site_head_prepare(head, &resource, &answer->mount->policy, type_of(answer), coding);
    struct prepared *prepared = site_prepared_new(&resource);
    if (!prepared) {
        return false;
    }
    if (answer->prepared) {
        site_prepared_let_go(answer->prepared);
    }
    answer->prepared = prepared;
    return true;
}

/* The walk is over. What was found before stays when nobody can say what is there now. Callers touch the answer no
 * more. */
static void finish(struct answer *answer)
{
    struct walk *walk = &answer->walk;
    struct cache_waiter *waiters = NULL;
    uint64_t least = pd_now_ns() + FRESH_MIN_NS;

    waiters_move(&answer->waiters, &waiters);
    if (answer->linked) {
        answer->fresh_until_ns = walk->fresh_until_ns > least ? walk->fresh_until_ns : least;
        site_answer_settle(answer, walk->outcome == SITE_UNREACHABLE && answer->prepared ? SITE_FOUND : walk->outcome);
        answer->walking = false;
    } else { /* forgotten meanwhile */
        if (walk->file) {
            cache_release(walk->file);
        }
        site_answer_drop(answer);
    }
    site_room_again();
    waiters_wake(&waiters);
}

static void go_on(struct answer *answer)
{
    struct walk *walk = &answer->walk;

    if (answer->linked && !walk->found) {
        if (!find_file(answer)) {
            return;
        }
        walk->found = true;
    }
    if (answer->linked && walk->outcome == SITE_FOUND) {
        if (!find_neighbour(answer)) {
            return;
        }
        if (!prepare(answer)) {
            site_room_wait(&walk->waiter);
            return;
        }
    }
    finish(answer);
}

static void ready(struct cache_waiter *waiter)
{
    go_on((struct answer *)((char *)waiter - offsetof(struct answer, walk.waiter)));
}

static bool ends_with(const struct answer *answer, const char *ending)
{
    size_t length = strlen(ending);

    return answer->path_length >= length && memcmp(answer->path + answer->path_length - length, ending, length) == 0;
}

static const char *const *candidates_of(const struct answer *answer)
{
    if (answer->path[answer->path_length - 1] == '/') {
        return of_folder;
    }
    for (const char *const *page = of_name + 1; *page; page++) {
        if (ends_with(answer, *page)) {
            return of_page;
        }
    }
    return of_name;
}

void site_walk(struct answer *answer)
{
    answer->walking = true;
    answer->changes = site_changes();
    answer->walk = (struct walk){
        .waiter.ready = ready,
        .candidates = candidates_of(answer),
        .fresh_until_ns = UINT64_MAX,
        .outcome = SITE_WAIT,
    };
    go_on(answer);
}

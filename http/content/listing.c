/* listing.c: a folder as a page: its names are read, each is looked at and put in its place, and they go out row by row.
 *   consumes  names from the cache (names.h)   the file server's, NOT trusted: each is copied before it is read
 *   consumes  what the cache knows of each     size, time, whether it is a folder
 *   produces  an answer of told length: rows are made twice, once to be counted
 *   waits     for the folder and each of its names, ASKED at a time, in all HTTP_WAIT_S: then 503
 *   bounds    TURN names, or rows, at a time: then it is the turn of others
 *   when full as many listings as have a place are under way: the caller says 503
 *   leaves out what is not for clients (site_is_listed()), and what can be neither file nor folder
 */
#include "http/content/listing.h"

#include <string.h>
#include <strings.h>

#include "fs/proto.h"
#include "http/cache/names.h"
#include "http/cache/waiters.h"
#include "http/conn/connection.h"
#include "http/content/content.h"
#include "http/content/listing_page.h"
#include "http/response/lines.h"
#include "lib/pd.h"
#include "timer/client.h"

#define S 1000000000ull
#define PLACES 3
#define ASKED 32 /* names that the cache asks for at a time */
#define TURN 32

enum phase { LOOKING, HEAD, ROWS };

struct listing {
    struct http_conn *connection; /* NULL: free */
    struct cache_names *names;
    enum phase phase;
    uint32_t asked;                  /* names that the cache has been asked for */
    uint32_t at;                     /* names that have been looked at; rows that have gone out, the top among them */
    uint32_t shown;                  /* of `order`: */
    uint16_t order[CACHE_NAMES_MAX]; /* names, as they are shown */
    uint64_t left;                   /* bytes that were promised */
    struct site_folder folder;
    char path[HTTP_PATH_MAX];
    uint32_t path_length;
};

static struct {
    struct listing places[PLACES];
    struct cache_waiter *waiters; /* those whose turn comes again */
    struct timer turn;
    char text[LISTING_TOP_MAX];
} self;

/* -- its life -- */

static void end(struct http_conn *c)
{
    struct listing *listing = content_of(c)->listing;
    cache_cancel(&c->waiter);
    cache_names_release(listing->names);
    listing->connection = NULL;
    content_of(c)->listing = NULL;
}

static enum content_outcome tell(struct http_conn *c, int status)
{
    end(c);
    http_conn_tell_next(c, status, &c->told);
    return CONTENT_DONE;
}

/* -- its names -- */

/* A copy: the file server could change it between two looks. */
static struct http_slice copy_name(const struct listing *listing, uint32_t i, char copy[FS_NAME_MAX])
{
    const struct cache_name *name = &listing->names->names[i];
    memcpy(copy, listing->names->text + name->at, name->length);
    return (struct http_slice){copy, name->length};
}

/* Its length; 0: that is not for clients. */
static uint32_t path_of(const struct listing *listing, uint32_t i, char path[FS_PATH_MAX + 1 + FS_NAME_MAX])
{
    const struct site_folder *folder = &listing->folder;
    struct http_slice name = copy_name(listing, i, path + folder->length);
    uint32_t length = folder->length + (uint32_t)name.length;
    memcpy(path, folder->name, folder->length);
    return length <= FS_PATH_MAX && site_is_listed(folder->mount, path, length) ? length : 0;
}

/* -- its rows -- */

/* Folders first, then by name; small letters and capitals beside each other. */
static bool is_before(const struct listing *listing, uint32_t a, uint32_t b)
{
    const struct cache_name *names = listing->names->names;
    char first[FS_NAME_MAX + 1], second[FS_NAME_MAX + 1];
    if (names[a].is_folder != names[b].is_folder) {
        return names[a].is_folder;
    }
    struct http_slice x = copy_name(listing, a, first), y = copy_name(listing, b, second);
    first[x.length] = second[y.length] = '\0';
    int order = strcasecmp(first, second);
    order = order ? order : strcmp(first, second);
    return order ? order < 0 : a < b;
}

static struct writer make_row_of(const struct listing *listing, uint32_t i)
{
    struct writer text = writer_in(self.text, sizeof(self.text));
    char copy[FS_NAME_MAX];
    const struct cache_name *name = &listing->names->names[i];
    listing_put_row(&text, &(struct listing_row){.name = copy_name(listing, i, copy),
                                                 .is_folder = name->is_folder,
                                                 .is_known = name->is_known,
                                                 .size = name->size,
                                                 .mtime_s = name->mtime_s});
    return text;
}

/* The top, a row for each name, the bottom. */
static struct writer make_row(const struct listing *listing, uint32_t row)
{
    if (row > 0 && row <= listing->shown) {
        return make_row_of(listing, listing->order[row - 1]);
    }
    struct writer text = writer_in(self.text, sizeof(self.text));
    if (row == 0) {
        listing_put_top(&text, listing->path, listing->path_length);
    } else {
        listing_put_bottom(&text, listing->shown, listing->names->more);
    }
    return text;
}

/* Where it stands among those that are known. */
static void insert(struct listing *listing, uint32_t i)
{
    uint32_t from = 0, to = listing->shown;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (is_before(listing, listing->order[middle], i)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    memmove(&listing->order[from + 1], &listing->order[from], (listing->shown - from) * sizeof(listing->order[0]));
    listing->order[from] = (uint16_t)i;
    listing->shown++;
}

/* What was promised is counted as it becomes known. */
static void add_row(struct listing *listing, uint32_t i)
{
    struct writer text = make_row_of(listing, i);
    insert(listing, i);
    listing->left += writer_length(&text);
}

static void prepare(struct listing *listing)
{
    struct writer top = make_row(listing, 0);
    listing->left += writer_length(&top);
    struct writer bottom = make_row(listing, listing->shown + 1);
    listing->left += writer_length(&bottom);
    listing->phase = HEAD;
    listing->at = 0;
}

/* -- what is known of each -- */

/* Nobody waits for these answers yet: they come all the same. */
static void ask_ahead(struct listing *listing)
{
    struct cache_waiter nobody = {0};
    char path[FS_PATH_MAX + 1 + FS_NAME_MAX];
    for (; listing->asked < listing->names->count && listing->asked < listing->at + ASKED; listing->asked++) {
        uint32_t length = path_of(listing, listing->asked, path);
        struct cache_entry *entry = length > 0 ? cache_get(path, length, &nobody) : NULL;
        cache_cancel(&nobody);
        if (entry) {
            cache_release(entry);
        }
    }
}

/* 0: none that a row could show: in the first second of 1970, after 2106, or before 1970. */
static uint32_t seconds(uint64_t mtime_ns)
{
    uint64_t mtime_s = mtime_ns / S;
    return mtime_s <= UINT32_MAX ? (uint32_t)mtime_s : 0;
}

/* False: it waits. */
static bool look_at(struct http_conn *c, struct listing *listing, uint32_t i)
{
    struct cache_name *name = &listing->names->names[i];
    char path[FS_PATH_MAX + 1 + FS_NAME_MAX];
    uint32_t length = path_of(listing, i, path);
    if (length == 0) {
        return true;
    }
    struct cache_entry *entry = cache_get(path, length, &c->waiter);
    if (!entry && !cache_is_away()) {
        return false;
    }
    cache_cancel(&c->waiter);
    enum cache_kind kind = entry ? entry->kind : CACHE_UNREACHABLE;
    if (kind == CACHE_FILE || kind == CACHE_DIRECTORY) {
        name->is_known = true;
        name->is_folder = kind == CACHE_DIRECTORY;
        name->size = entry->size;
        name->mtime_s = seconds(entry->mtime_ns);
    }
    if (kind != CACHE_ABSENT && kind != CACHE_FORBIDDEN) {
        add_row(listing, i);
    }
    if (entry) {
        cache_release(entry);
    }
    return true;
}

/* -- as an answer -- */

static bool write_head(struct http_conn *c, const struct listing *listing)
{
    struct writer head = writer_in(self.text, sizeof(self.text));
    c->ends |= c->told.ends;
    c->told.ends = c->ends;
    response_status_line(&head, 200);
    response_server(&head);
    writer_put(&head, "Content-Type: text/html; charset=utf-8\r\n");
    response_content_length(&head, listing->left);
    writer_put(&head, "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n");
    writer_put(&head, site_fields(listing->folder.mount));
    response_end(&head, &c->told, true);
    return http_conn_write_head(c, self.text, writer_length(&head), !c->told.head_only, 200);
}

/* False: no room, no memory; or what the file server has written there is longer now: then the connection has ended. */
static bool write_row(struct http_conn *c, struct listing *listing)
{
    struct writer text = make_row(listing, listing->at);
    uint32_t length = writer_length(&text);
    bool last = listing->at == listing->shown + 1;
    if (length > listing->left || (last && length != listing->left)) {
        http_conn_abort(c);
        return false;
    }
    if ((http_conn_room(c, false) < length && c->transport.unacknowledged > 0) ||
        !http_conn_write(c, self.text, length, !last)) {
        return false;
    }
    listing->left -= length;
    listing->at++;
    return true;
}

/* -- as a content -- */

static enum content_outcome wait(struct http_conn *c)
{
    c->state = WAITING;
    return CONTENT_WAIT;
}

static void on_turn(void *context)
{
    waiters_wake(&self.waiters);
}

static enum content_outcome let_others(struct http_conn *c)
{
    waiters_add(&self.waiters, &c->waiter);
    timer_start(&self.turn, pd_now_ns(), on_turn, NULL);
    return wait(c);
}

/* False: *outcome says why it does not go on. */
static bool find_out(struct http_conn *c, struct listing *listing, enum content_outcome *outcome)
{
    switch (listing->names->state) {
    case CACHE_NAMES_COMING: *outcome = wait(c); return false;
    case CACHE_NAMES_ABSENT: *outcome = tell(c, 404); return false;
    case CACHE_NAMES_FORBIDDEN: *outcome = tell(c, 403); return false;
    case CACHE_NAMES_FAILED: *outcome = tell(c, 503); return false;
    case CACHE_NAMES_HERE: break;
    }
    for (uint32_t end = listing->at + TURN; listing->at < listing->names->count; listing->at++) {
        if (listing->at == end) {
            *outcome = let_others(c);
            return false;
        }
        ask_ahead(listing);
        if (!look_at(c, listing, listing->at)) {
            *outcome = wait(c);
            return false;
        }
    }
    prepare(listing);
    return true;
}

static enum content_outcome go_on(struct http_conn *c)
{
    struct listing *listing = content_of(c)->listing;
    enum content_outcome outcome;
    if (listing->phase == LOOKING && !find_out(c, listing, &outcome)) {
        return outcome;
    }
    if (c->transport.no_memory) {
        return CONTENT_WAIT;
    }
    if (listing->phase == HEAD) {
        if (!write_head(c, listing)) {
            return CONTENT_WAIT;
        }
        listing->phase = ROWS;
        http_counts.files++;
    }
    for (uint32_t end = listing->at + TURN; !c->told.head_only && listing->at <= listing->shown + 1;) {
        bool others = listing->at >= end && c->transport.unacknowledged > 0; /* else nothing would get it on */
        if (others || !write_row(c, listing)) {
            return CONTENT_WAIT;
        }
    }
    end(c);
    return CONTENT_DONE;
}

static enum clock clock_of(struct http_conn *c)
{
    return CLOCK_STALL; /* there is no memory */
}

static uint64_t patience_ns(struct http_conn *c)
{
    return 0; /* its request has been taken */
}

static void expire(struct http_conn *c, int status)
{
    tell(c, 503);
    http_conn_go_on(c);
}

static void closed(struct http_conn *c)
{
    end(c);
}

bool listing_begin(struct http_conn *c, const struct site_folder *folder, const char *path, uint32_t length)
{
    static const struct content_ops content = {go_on, clock_of, patience_ns, expire, closed, CLOCK_WAIT};
    struct listing *listing = self.places;
    while (listing < self.places + PLACES && listing->connection) {
        listing++;
    }
    if (listing == self.places + PLACES) {
        return false;
    }
    struct cache_names *names = cache_names_read(folder->name, folder->length, &c->waiter);
    if (!names) {
        return false;
    }
    *listing = (struct listing){.connection = c, .names = names, .folder = *folder, .path_length = length};
    memcpy(listing->path, path, length);
    content_of(c)->listing = listing;
    c->state = ANSWERING;
    c->content = &content;
    return true;
}

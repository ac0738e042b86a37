/* error_page.c: a page of the site that says what went wrong.
 *   consumes  a status and whose page it is (content.h: `mount`); the site's files
 *   produces  the file as the answer's body, with the status, without what makes caches keep it (file.c)
 *   keeps     503.html of each mount, in the cache, for the time when the file service is away, or has to be asked
 *   waits     for the page for HTTP_PAGE_S at most; not while the files are known to be away; 503 and 504 never
 *   when full no more may wait, the page cannot be had, or is none: the small page says it. So there is no loop: of a page
 *             that fails none is looked for
 */
#include "http/content/error_page.h"

#include <stddef.h>

#include "http/conn/connection.h"
#include "http/conn/waiting.h"
#include "http/content/content.h"
#include "http/content/file.h"
#include "lib/pd.h"

#define STATUS_AWAY 503

static struct {
    struct kept_page {
        struct cache_waiter waiter;
        struct site_resource *resource; /* held */
        struct cache_bytes bytes;       /* pinned, if there are any */
    } kept[SITE_MOUNTS_MAX];
    char field[SITE_REALM_MAX + 64];
} self;

bool error_page_may_be(int status)
{
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 500:
    case 502:
    case 503:
    case 504: return true;
    default: return false;
    }
}

/* A further line of the answer. */
static const char *field_of(struct http_conn *c)
{
    char realm[SITE_REALM_MAX];
    if (c->telling != 401) {
        return response_retry(c->telling);
    }
    struct writer line = writer_in(self.field, sizeof(self.field) - 1);
    site_put_realm(content_of(c)->mount, realm);
    writer_put(&line, "WWW-Authenticate: Basic realm=\"");
    writer_put(&line, realm);
    writer_put(&line, "\", charset=\"UTF-8\"\r\n"); /* RFC 7617 2.1 */
    self.field[writer_length(&line)] = '\0';
    return self.field;
}

/* -- an answer -- */

static bool may_wait(const struct http_conn *c)
{
    return c->telling != 503 && c->telling != 504 && !cache_is_away() && waiting_may_more(c);
}

static enum content_outcome count(struct http_conn *c)
{
    http_counts.refused += !content_of(c)->ordered;
    content_of(c)->ordered = false;
    return CONTENT_DONE;
}

/* It is not to be had: the small page. */
static enum content_outcome do_without(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    state->plain = true;
    content_drop_file(c);
    c->state = ANSWERING;
    if (!http_conn_page(c, &c->told, c->telling, field_of(c))) {
        return CONTENT_WAIT;
    }
    return count(c);
}

/* Its waiter is noted. */
static enum content_outcome wait(struct http_conn *c)
{
    if (!may_wait(c)) {
        return do_without(c);
    }
    c->state = WAITING;
    return CONTENT_WAIT;
}

static enum content_outcome send(struct http_conn *c)
{
    switch (file_answer_page(c, c->telling, field_of(c), &c->told)) {
    case FILE_SENT: return count(c);
    case FILE_WAITS: return wait(c);
    case FILE_NO_MEMORY: return CONTENT_WAIT;
    case FILE_FAILED: break;
    }
    return do_without(c);
}

/* The page as it was last, while it is asked whether it is the same still. */
static bool take_kept(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    struct site_resource *kept = state->mount > 0 ? self.kept[state->mount - 1].resource : NULL;
    if (c->telling != STATUS_AWAY || !kept || kept->file->fresh_until_ns == 0) {
        return false;
    }
    cache_cancel(&c->waiter);
    site_hold(kept);
    state->resource = kept;
    return true;
}

static enum content_outcome go_on(struct http_conn *c)
{
    struct content_state *state = content_of(c);
    c->ends |= c->told.ends;
    c->told.ends = c->ends;
    if (c->transport.no_memory) {
        return CONTENT_WAIT;
    }
    content_drop_changed_file(c);
    if (state->plain || state->resource) {
        return state->plain ? do_without(c) : send(c);
    }
    switch (site_find_page(state->mount, c->telling, &state->resource, &c->waiter)) {
    case SITE_FOUND: return send(c);
    case SITE_WAIT: return take_kept(c) ? send(c) : wait(c);
    default: return do_without(c);
    }
}

/* While nothing is unacknowledged: there is no memory. */
static enum clock clock_of(struct http_conn *c)
{
    return CLOCK_STALL;
}

static uint64_t patience_ns(struct http_conn *c)
{
    return 0; /* its request has been taken */
}

static void expire(struct http_conn *c, int status)
{
    content_of(c)->plain = true;
    content_drop_file(c);
    c->state = ANSWERING;
    http_conn_go_on(c);
}

static void closed(struct http_conn *c) {} /* the resource is forgotten with the request */

void error_page_begin(struct http_conn *c)
{
    static const struct content_ops content = {go_on, clock_of, patience_ns, expire, closed, CLOCK_PAGE};
    content_of(c)->plain = false;
    c->state = ANSWERING;
    c->content = &content;
}

/* -- what is kept -- */

static void let_go(struct kept_page *page)
{
    cache_cancel(&page->waiter);
    if (page->bytes.length > 0) {
        cache_unpin(page->bytes.block);
    }
    if (page->resource) {
        site_release(page->resource);
    }
    page->bytes.length = 0;
    page->resource = NULL;
}

static void keep(struct kept_page *page)
{
    uint8_t mount = (uint8_t)(page - self.kept + 1);
    if (!page->resource && site_find_page(mount, STATUS_AWAY, &page->resource, &page->waiter) != SITE_FOUND) {
        page->resource = NULL;
        return;
    }
    uint64_t size = page->resource->validators.size;
    if (page->bytes.length == 0 && size > 0 && size <= CACHE_BLOCK_SIZE &&
        cache_read(page->resource->file, 0, 0, &page->bytes, &page->waiter) != CACHE_READY) {
        page->bytes.length = 0;
    }
}

static void on_ready(struct cache_waiter *waiter)
{
    keep((struct kept_page *)((char *)waiter - offsetof(struct kept_page, waiter)));
}

void error_page_keep(void)
{
    for (uint32_t i = 0; i < SITE_MOUNTS_MAX; i++) {
        struct kept_page *page = &self.kept[i];
        let_go(page);
        page->waiter.ready = on_ready;
        keep(page);
    }
}

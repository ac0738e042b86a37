/* dispatch.c: what a request gets: the application, a file of the site, or a small page that says why not.
 *   consumes  requests of clients, as http_request_parse() lets them through, NOT trusted beyond that; paths that the
 *             application orders (X-Accel-Redirect), NOT trusted either
 *   produces  a content for the connection, or a whole answer; who gives the rest of a content is its own file
 *   keeps     of a request that waits the head alone (http/conn/head_buffer.c): it is parsed again when that goes on
 *   when full too many wait already, or there is no place for one more head: 503 with Retry-After, at once
 */
#include "http/front/dispatch.h"

#include <string.h>

#include "http/app_front.h"
#include "http/conn/waiting.h"
#include "http/content/app_answer.h"
#include "http/content/app_request.h"
#include "http/content/content.h"
#include "http/content/error_page.h"
#include "http/content/file.h"
#include "http/content/listing.h"
#include "http/front/routes.h"
#include "http/parse/text.h"
#include "lib/pd.h"

static struct {
    struct http_request request;
    char path[HTTP_PATH_MAX];
    struct site_folder folder;
    char text[RESPONSE_MOVED_MAX]; /* of an answer without file and application */
    uint16_t tls_port;             /* where what comes without TLS is sent */
    bool drains;                   /* each answer is the last of its connection */
} self;

static int parse(struct http_conn *c)
{
    int status = head_buffer_parse(c, &self.request);
    if (self.drains) {
        self.request.keep_alive = false;
    }
    return status;
}

/* Of a request whose body, if it has one, nobody will read. */
static struct reply reply_to(const struct http_conn *c, const struct http_request *request)
{
    bool skippable = !request->chunked && request->content_length <= SKIP_MAX &&
                     !(request->expect_continue && request->content_length > 0);
    return (struct reply){
        .head_only = request->method == HTTP_HEAD,
        .ends = !request->keep_alive || !skippable,
        .minor = request->minor,
        .secured = c->transport.ops->secure,
    };
}

/* -- endings: true when the answer is written and the request is done with -- */

/* A body that would be skipped is not, where the connection ends. */
static inline void take(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    c->ends = reply->ends;
    http_conn_take_request(c, request);
    if (c->ends) {
        c->skip = 0;
    }
}

static bool done(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    take(c, request, reply);
    if (!c->content) {
        http_conn_answered(c);
    }
    return true;
}

/* Whose self.path is, and who says what went wrong with it; of length 0: there can be no such path. */
static uint8_t mount_of(const struct http_request *request, uint32_t length)
{
    return length > 0 ? site_mount_number(self.path, length, request->host) : site_mount_number("/", 1, request->host);
}

static bool tell(struct http_conn *c, const struct http_request *request, const struct reply *reply, int status,
                 uint8_t mount)
{
    content_of(c)->mount = mount;
    take(c, request, reply);
    http_conn_tell_next(c, status, reply);
    return true;
}

static bool refuse(struct http_conn *c, const struct http_request *request, const struct reply *reply, int status)
{
    if (error_page_may_be(status)) {
        return tell(c, request, reply, status, mount_of(request, http_path_clean(request->path, self.path)));
    }
    const char *field = status == 405 ? "Allow: GET, HEAD, OPTIONS\r\n" : "";
    return http_conn_refusal(c, reply, status, field) && done(c, request, reply);
}

/* One that the parser has, or that is read from what the application was handed. */
static struct http_slice field_of(const struct http_request *request, const struct http_slice *read, const char *name)
{
    return request->fields.at ? http_field(request->fields, name) : *read;
}

static bool may_see(const struct http_request *request, uint8_t mount)
{
    return site_unlocks(mount, field_of(request, &request->authorization, "authorization"));
}

/* Where the next request would begin is not known. */
static bool refuse_nonsense(struct http_conn *c, int status)
{
    static const struct reply reply = {.ends = true, .minor = 1};
    if (!http_conn_refusal(c, &reply, status, response_retry(status))) {
        return false;
    }
    c->ends = true;
    http_conn_answered(c);
    return true;
}

/* self.path is its path, of this length. A mount's lock is before what the application has there, too. */
static bool application(struct http_conn *c, const struct http_request *request, const struct reply *reply,
                        uint32_t length)
{
    if (length == 0 && site_has_locks()) {
        return refuse(c, request, reply, 404); /* nobody knows what it means to the application */
    }
    uint8_t lock = length > 0 ? site_lock_number(self.path, length, request->host) : 0;
    if (!may_see(request, lock)) {
        return tell(c, request, reply, 401, lock);
    }
    content_of(c)->mount = mount_of(request, length);
    return app_request_begin(c, request, reply);
}

static bool file(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    switch (file_answer(c, request, reply)) {
    case FILE_SENT: return done(c, request, reply);
    case FILE_WAITS:
    case FILE_NO_MEMORY: return false;
    case FILE_FAILED: break;
    }
    return refuse(c, request, reply, 503);
}

/* To self.path with a '/' behind it. */
static bool moved(struct http_conn *c, const struct reply *reply, uint32_t length, struct http_slice query)
{
    struct writer answer = writer_in(self.text, sizeof(self.text));
    response_moved(&answer, reply, self.path, length, query);
    return http_conn_write_head(c, self.text, writer_length(&answer), false, 301);
}

/* -- the site -- */

static bool wants_a_page(const struct http_request *request, uint32_t length)
{
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    return reads && length > 0 &&
           http_accepts_html(request->fields.at ? http_field(request->fields, "accept") : request->accept);
}

/* What goes in the place of a page that is not there, if the site has something. */
static enum site_outcome find_instead(struct http_conn *c, const struct http_request *request, uint32_t length)
{
    return wants_a_page(request, length)
               ? site_find_fallback(mount_of(request, length), http_codings(request->accept_encoding),
                                    &content_of(c)->resource, &c->waiter)
               : SITE_NOT_FOUND;
}

/* Its folder is then in self.folder. */
static bool lists(const struct http_request *request, uint32_t length)
{
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    return reads && length > 0 && site_find_folder(self.path, length, request->host, &self.folder);
}

static bool list(struct http_conn *c, const struct http_request *request, const struct reply *reply, uint32_t length)
{
    if (!listing_begin(c, &self.folder, self.path, length)) {
        return refuse(c, request, reply, 503);
    }
    c->told = *reply;
    content_of(c)->mount = self.folder.mount;
    return done(c, request, reply);
}

/* Whose the path is may not be whose file was looked for: an internal mount within a locked one has no lock. */
static bool may_see_instead(const struct http_request *request, uint32_t length)
{
    return length == 0 || may_see(request, mount_of(request, length));
}

static bool nothing_here(struct http_conn *c, const struct http_request *request, const struct reply *reply,
                         uint32_t length)
{
    if (!may_see_instead(request, length)) {
        return refuse(c, request, reply, 401);
    }
    app_front_missed();
    switch (find_instead(c, request, length)) {
    case SITE_FOUND: return file(c, request, reply);
    case SITE_WAIT: c->state = WAITING; return false;
    default: break;
    }
    if (lists(request, length)) {
        return list(c, request, reply, length);
    }
    return routes_have_the_rest() ? application(c, request, reply, length) : refuse(c, request, reply, 404);
}

static bool find(struct http_conn *c, const struct http_request *request, const struct reply *reply, uint32_t length,
                 enum site_access access)
{
    switch (site_find(self.path, length, http_codings(request->accept_encoding), access, request->host,
                      &content_of(c)->resource, &c->waiter)) {
    case SITE_FOUND:
        if (request->method == HTTP_OTHER) {
            content_drop_file(c);
            app_front_missed();
            return refuse(c, request, reply, 405);
        }
        return file(c, request, reply);
    case SITE_WAIT: c->state = WAITING; return false;
    case SITE_REDIRECT: return moved(c, reply, length, request->query) && done(c, request, reply);
    case SITE_NOT_FOUND:
    case SITE_NONE: return nothing_here(c, request, reply, length);
    case SITE_FORBIDDEN: return refuse(c, request, reply, 403);
    case SITE_UNREACHABLE: return refuse(c, request, reply, 503);
    case SITE_LOCKED:
        return may_see(request, mount_of(request, length)) ? find(c, request, reply, length, SITE_UNLOCKED)
                                                           : refuse(c, request, reply, 401);
    }
    return false;
}

static bool options(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    struct writer answer = writer_in(self.text, sizeof(self.text));
    response_options(&answer, reply);
    return http_conn_write_head(c, self.text, writer_length(&answer), false, 204) && done(c, request, reply);
}

static bool route(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    uint32_t length = http_path_clean(request->path, self.path);
    if (routes_match(request, self.path, length)) {
        return application(c, request, reply, length);
    }
    if (request->method == HTTP_OPTIONS) {
        return options(c, request, reply);
    }
    if (request->method == HTTP_OTHER && !routes_have_the_rest()) {
        app_front_missed();
        return refuse(c, request, reply, 405);
    }
    return length > 0 ? find(c, request, reply, length, SITE_PUBLIC) : nothing_here(c, request, reply, length);
}

/* False: the request waits. True: it was refused, since there is no place for one more that waits. */
static bool wait(struct http_conn *c, const struct http_request *request, const struct reply *reply)
{
    if (waiting_may_more(c) && head_buffer_keep(c, request->head_length, c->state == QUEUED)) {
        return false;
    }
    content_drop_file(c);
    c->state = READING;
    return refuse(c, request, reply, 503);
}

static bool request(struct http_conn *c)
{
    int status = parse(c);
    if (status == HTTP_INCOMPLETE) {
        return false;
    }
    if (status != 0) {
        return refuse_nonsense(c, status);
    }
    trace(http_request, c, self.request.method);
    trace_text(http_target, self.request.path.at, self.request.path.length);
    watch_begun(c, &self.request);
    struct reply reply = reply_to(c, &self.request);
    content_drop_changed_file(c);
    bool answered = content_of(c)->resource ? file(c, &self.request, &reply) : route(c, &self.request, &reply);
    return c->state == WAITING || c->state == QUEUED ? wait(c, &self.request, &reply) : answered;
}

static void waited(struct http_conn *c, int status)
{
    parse(c);
    struct reply reply = reply_to(c, &self.request);
    content_drop_file(c);
    content_of(c)->mount = mount_of(&self.request, http_path_clean(self.request.path, self.path));
    http_conn_take_request(c, &self.request);
    c->skip = reply.ends ? 0 : c->skip;
    http_conn_tell(c, status, &reply);
}

/* -- X-Accel-Redirect -- */

static struct http_slice without_query(struct http_slice target)
{
    const char *query = memchr(target.at, '?', target.length);
    return (struct http_slice){target.at, query ? (uint32_t)(query - target.at) : target.length};
}

/* The connection tells it when the application's request is over. */
static bool tell_ordered(struct http_conn *c, const struct reply *reply, int status)
{
    content_of(c)->ordered = true;
    http_conn_tell_next(c, status, reply);
    return true;
}

static bool file_ordered(struct http_conn *c, const struct reply *reply)
{
    switch (file_answer(c, &self.request, reply)) {
    case FILE_SENT: return true;
    case FILE_WAITS:
    case FILE_NO_MEMORY: return false;
    case FILE_FAILED: break;
    }
    return tell_ordered(c, reply, 503);
}

static bool nothing_ordered(struct http_conn *c, const struct reply *reply, uint32_t length)
{
    if (app_answer_is_for_client() && !may_see_instead(&self.request, length)) {
        content_of(c)->mount = mount_of(&self.request, length);
        return tell_ordered(c, reply, 401);
    }
    switch (app_answer_is_for_client() ? find_instead(c, &self.request, length) : SITE_NOT_FOUND) {
    case SITE_FOUND: return file_ordered(c, reply);
    case SITE_WAIT: c->state = WAITING; return false;
    default: break;
    }
    if (!app_answer_is_for_client() || !lists(&self.request, length)) {
        return tell_ordered(c, reply, 404);
    }
    c->told = *reply;
    return listing_begin(c, &self.folder, self.path, length) || tell_ordered(c, reply, 503);
}

static bool find_ordered(struct http_conn *c, const struct reply *reply, uint32_t length, enum site_access access)
{
    struct http_request *request = &self.request;
    switch (site_find(self.path, length, http_codings(request->accept_encoding), access, request->host,
                      &content_of(c)->resource, &c->waiter)) {
    case SITE_FOUND: return file_ordered(c, reply);
    case SITE_WAIT: c->state = WAITING; return false;
    case SITE_REDIRECT: return moved(c, reply, length, request->query);
    case SITE_NOT_FOUND:
    case SITE_NONE: return nothing_ordered(c, reply, length);
    case SITE_FORBIDDEN: return tell_ordered(c, reply, 403);
    case SITE_UNREACHABLE: return tell_ordered(c, reply, 503);
    case SITE_LOCKED:
        content_of(c)->mount = mount_of(request, length);
        return may_see(request, content_of(c)->mount) ? find_ordered(c, reply, length, SITE_UNLOCKED)
                                                      : tell_ordered(c, reply, 401);
    }
    return false;
}

/* What the client asked for, and how, is in the request; a method other than GET and HEAD has no conditions and no
 * part, nor has a status other than 200, which stays. */
static bool redirected(struct http_conn *c, struct http_slice target, const struct reply *reply)
{
    app_request_read(content_of(c)->app, &self.request);
    if (self.request.method == HTTP_OTHER || app_answer_status() != 200) {
        static const struct http_slice none;
        struct http_request *request = &self.request;
        request->range = request->if_range = request->if_match = request->if_none_match = none;
        request->if_modified_since = request->if_unmodified_since = none;
    }
    content_drop_changed_file(c);
    if (content_of(c)->resource) {
        return file_ordered(c, reply);
    }
    uint32_t length = http_path_clean(without_query(target), self.path);
    if (length == 0) {
        return tell_ordered(c, reply, 404);
    }
    return find_ordered(c, reply, length, app_answer_is_for_client() ? SITE_PUBLIC : SITE_ORDERED);
}

static bool redirect(struct http_conn *c)
{
    struct app_request *app = content_of(c)->app;
    struct reply reply;
    struct http_slice target = app_request_redirection(app, &reply);
    if (!redirected(c, target, &reply)) {
        return false;
    }
    app_request_redirected(app);
    return true;
}

/* -- what went wrong -- */

static bool tell_by_page(struct http_conn *c)
{
    bool may_be = error_page_may_be(c->telling);
    if (may_be) {
        error_page_begin(c);
    }
    return may_be;
}

/* -- to TLS -- */

static bool is_challenge(const struct http_request *request)
{
    static const char prefix[] = "/.well-known/acme-challenge/";
    uint32_t length = http_path_clean(request->path, self.path);
    return length >= sizeof(prefix) - 1 && memcmp(self.path, prefix, sizeof(prefix) - 1) == 0;
}

static bool send_to_tls(struct http_conn *c, const struct http_request *request)
{
    struct reply reply = reply_to(c, request);
    struct http_slice host = http_without_port(request->host);
    if (host.length == 0 || request->path.length == 0 || request->path.at[0] != '/') {
        return refuse(c, request, &reply, 400);
    }
    struct writer answer = writer_in(self.text, sizeof(self.text));
    int status = response_moved_to_tls(&answer, &reply, request, host, self.tls_port);
    watch_begun(c, request);
    return http_conn_write_head(c, self.text, writer_length(&answer), false, status) && done(c, request, &reply);
}

/* What is not sent there is parsed again: it is rare. */
static bool request_or_redirect(struct http_conn *c)
{
    if (c->transport.ops->secure) {
        return request(c);
    }
    int status = parse(c);
    if (status == HTTP_INCOMPLETE) {
        return false;
    }
    if (status != 0) {
        return refuse_nonsense(c, status);
    }
    return is_challenge(&self.request) ? request(c) : send_to_tls(c, &self.request);
}

void dispatch_drain(bool begin)
{
    self.drains = begin;
}

bool dispatch_drains(void)
{
    return self.drains;
}

void dispatch_redirect_to_tls(uint16_t port)
{
    static const struct http_conn_handlers handlers = {request_or_redirect, waited, content_drop_file, redirect,
                                                       tell_by_page};
    self.tls_port = port;
    http_conn_init(&handlers);
}

void dispatch_init(void)
{
    static const struct http_conn_handlers handlers = {request, waited, content_drop_file, redirect, tell_by_page};
    http_conn_init(&handlers);
}

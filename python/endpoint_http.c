/* endpoint_http.c: what module socket sees of the native front (http/server.h). On a port that the front owns a
 * listening socket gets exchanges, a request and its answer each, as if they were connections that it accepts.
 *   consumes  struct http_app's calls, in the event loop   from the front, trusted; the bytes are the network's, NOT
 *             trusted
 *   produces  http_exchange_write(), from the worker
 *   invariant an exchange that was begun is closed once, by endpoint_close(), also when its client has gone
 *   when full no endpoint left, or nobody listens: begin() refuses, and the client is told 503
 */
#include "lib/pd.h"

#include <string.h>
#include "http/start.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "py/mperrno.h"

#define AHEAD_MAX 1024 /* bytes of a request that are read before they are asked for, to find where a line ends */

static const char away[] = "HTTP/1.0 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";

struct read_ahead {
    struct read_ahead *next; /* in the free list */
    uint32_t at, end;
    char bytes[AHEAD_MAX];
};

static struct {
    struct endpoint *listener; /* NULL: nobody listens */
    bool site_is_ours;         /* the program that runs has said what the site is */
    struct read_ahead aheads[HTTP_EXCHANGES_MAX];
    struct read_ahead *free;
} self;

/* -- the front's calls -- */

static bool begin(struct http_exchange *exchange)
{
    struct endpoint *endpoint = self.listener && self.free ? endpoint_take(&endpoint_http, EXCHANGE) : NULL;
    if (!endpoint) {
        return false;
    }
    endpoint->exchange = exchange;
    endpoint->ahead = self.free;
    self.free = self.free->next;
    endpoint->ahead->at = endpoint->ahead->end = 0;
    exchange->app = endpoint;
    endpoint_queue(self.listener, endpoint);
    return true;
}

static void readable(struct http_exchange *exchange)
{
    endpoint_notify(exchange->app, ENDPOINT_READ);
}

static void writable(struct http_exchange *exchange)
{
    struct endpoint *endpoint = exchange->app;
    endpoint->starved = false;
    endpoint_notify(endpoint, ENDPOINT_WRITE);
}

static void broken(struct http_exchange *exchange)
{
    struct endpoint *endpoint = exchange->app;
    endpoint->broken = true;
    endpoint->error = MP_ECONNRESET;
    endpoint_notify(endpoint, ENDPOINT_READ | ENDPOINT_WRITE);
}

const struct http_app endpoint_http_app = {begin, readable, writable, broken};

/* -- what endpoint.c calls -- */

void endpoint_http_init(void)
{
    for (size_t i = HTTP_EXCHANGES_MAX; i-- > 0;) {
        self.aheads[i].next = self.free;
        self.free = &self.aheads[i];
    }
}

void endpoint_http_bind(struct endpoint *endpoint, const struct endpoint_address *address)
{
    endpoint->family = &endpoint_http;
    endpoint->kind = HTTP_BOUND;
    endpoint->exchange = NULL;
    endpoint->to = *address;
}

void endpoint_http_program_begins(void)
{
    self.site_is_ours = false;
}

void endpoint_http_take_site(void)
{
    if (!self.site_is_ours) {
        self.site_is_ours = true;
        http_start_application();
    }
}

static int start_listening(struct endpoint *endpoint, int backlog)
{
    if (endpoint->kind == EXCHANGE) {
        return MP_EOPNOTSUPP;
    }
    if (self.listener && self.listener != endpoint) {
        return MP_EADDRINUSE;
    }
    if (!self.site_is_ours) { /* it knows of no front: all requests of the port are its own */
        endpoint_http_take_site();
        http_claim("/", false, true, true);
        http_claim("*", true, true, true);
        http_not_found_is_the_apps(true);
    }
    endpoint->kind = HTTP_LISTENING;
    self.listener = endpoint;
    return 0;
}

static int bind_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return MP_EINVAL; /* it has its address */
}

static void accepted(struct endpoint *endpoint)
{
    trace(python_accepted, endpoint->exchange, 0);
}

static int connect_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint->kind == EXCHANGE ? MP_EISCONN : MP_EINVAL;
}

static void close_one(struct endpoint *endpoint)
{
    if (endpoint == self.listener) {
        self.listener = NULL;
    }
    if (endpoint->kind != EXCHANGE) {
        return;
    }
    if (endpoint->waiting && !endpoint->broken) {
        http_exchange_write(endpoint->exchange, away, sizeof(away) - 1);
    }
    trace(python_closed, endpoint->exchange, endpoint->failed);
    endpoint->ahead->next = self.free;
    self.free = endpoint->ahead;
    if (endpoint->failed && !endpoint->waiting) {
        http_exchange_fail(endpoint->exchange);
    } else {
        http_exchange_close(endpoint->exchange);
    }
}

static int shut_down(struct endpoint *endpoint, bool read, bool write)
{
    if (endpoint->kind != EXCHANGE || endpoint->broken) {
        return MP_ENOTCONN;
    }
    endpoint->ended |= read;
    endpoint->shut |= write; /* the front is told by close: only then the answer's length is known to it */
    return 0;
}

static bool peer(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind != EXCHANGE || endpoint->broken) {
        return false;
    }
    http_exchange_peer(endpoint->exchange, &address->ip, &address->port);
    return true;
}

static uint32_t take_ahead(struct read_ahead *ahead, void *buffer, size_t size)
{
    uint32_t there = ahead->end - ahead->at;
    uint32_t count = size < there ? (uint32_t)size : there;
    memcpy(buffer, ahead->bytes + ahead->at, count);
    ahead->at += count;
    return count;
}

/* There is nothing now: why. */
static intptr_t nothing(struct endpoint *endpoint, bool waits, int *error)
{
    *error = endpoint_take_error(endpoint);
    if (*error) {
        endpoint->ended = true;
        return -1;
    }
    if (endpoint->ended || !waits) {
        return 0;
    }
    *error = MP_EAGAIN;
    return -1;
}

static intptr_t receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (endpoint->kind != EXCHANGE) {
        *error = MP_ENOTCONN;
        return -1;
    }
    if (from) {
        peer(endpoint, from);
    }
    if (endpoint->ahead->at < endpoint->ahead->end) {
        return take_ahead(endpoint->ahead, buffer, size);
    }
    if (endpoint->ended || endpoint->broken || size == 0) {
        return nothing(endpoint, size > 0, error);
    }
    int32_t count = http_exchange_read(endpoint->exchange, buffer, size < INT32_MAX ? (uint32_t)size : INT32_MAX);
    return count > 0 ? count : nothing(endpoint, count == 0, error);
}

/* Reads ahead where no whole line is there yet. */
static size_t line_length(struct endpoint *endpoint, size_t limit)
{
    struct read_ahead *ahead = endpoint->ahead;
    if (endpoint->kind != EXCHANGE) {
        return 0;
    }
    if (ahead->at == ahead->end && !endpoint->ended && !endpoint->broken) {
        int32_t count = http_exchange_read(endpoint->exchange, ahead->bytes, AHEAD_MAX);
        ahead->at = 0;
        ahead->end = count > 0 ? (uint32_t)count : 0;
    }
    uint32_t there = ahead->end - ahead->at;
    const char *start = ahead->bytes + ahead->at;
    const char *end = memchr(start, '\n', there < limit ? there : limit);
    size_t length = end ? (size_t)(end - start) + 1 : there;
    return length < limit ? length : limit;
}

static intptr_t send_bytes(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    int32_t count = -1;
    if (endpoint->kind == EXCHANGE && !endpoint->broken && !endpoint->shut) {
        count = http_exchange_write(endpoint->exchange, data, size < INT32_MAX ? (uint32_t)size : INT32_MAX);
    }
    if (count < 0) {
        *error = endpoint_take_error(endpoint);
        *error = *error ? *error : MP_EPIPE;
        return -1;
    }
    endpoint->starved = (size_t)count < size;
    if (count == 0 && size > 0) {
        *error = MP_EAGAIN;
        return -1;
    }
    return count;
}

/* Writable until a write was short: only then the front tells when there is room again. */
static uint32_t ready(const struct endpoint *endpoint)
{
    if (endpoint->kind == HTTP_BOUND) {
        return ENDPOINT_HANGUP;
    }
    if (endpoint->kind == HTTP_LISTENING) {
        return endpoint->queue ? ENDPOINT_READ : 0;
    }
    if (endpoint->broken) {
        return ENDPOINT_READ | ENDPOINT_WRITE | (endpoint->error ? ENDPOINT_ERROR : 0) | ENDPOINT_HANGUP;
    }
    const struct read_ahead *ahead = endpoint->ahead;
    bool bytes = ahead->at < ahead->end || endpoint->ended || http_exchange_readable(endpoint->exchange);
    return (bytes ? ENDPOINT_READ : 0) | (endpoint->starved ? 0 : ENDPOINT_WRITE);
}

static bool local(const struct endpoint *endpoint, struct endpoint_address *address)
{
    const struct endpoint *listener = endpoint->kind == EXCHANGE ? self.listener : endpoint;
    if (listener) {
        *address = listener->to;
    }
    return listener != NULL;
}

const struct endpoint_family endpoint_http = {
    .close = close_one,
    .bind = bind_to,
    .listen = start_listening,
    .accepted = accepted,
    .connect = connect_to,
    .shutdown = shut_down,
    .receive = receive,
    .send = send_bytes,
    .line_length = line_length,
    .ready = ready,
    .local = local,
    .peer = peer,
};

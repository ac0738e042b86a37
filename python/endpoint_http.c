/* endpoint_http.c: what module socket sees of the site's front: on the site's port a listening socket gets requests,
 * each as if it were a connection that it accepts, on which the client speaks HTTP/1.1 and the answer ends with the
 * connection.
 *   consumes  requests (python/incoming.h)   in the event loop
 *   produces  answers, from the worker
 *   invariant a request that was taken is closed once, by endpoint_close(), also when its client has gone
 *   when full no endpoint left: the client is told 503
 */
#include "lib/pd.h"

#include "python/control.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"

#include "py/mperrno.h"

static struct {
    struct endpoint *listener; /* NULL: nobody listens */
} self;

/* -- requests -- */

static void set_peer(struct endpoint *endpoint)
{
    struct incoming_head head;
    if (incoming_head(endpoint->incoming, &head)) {
        const uint8_t *peer = head.head.peer;
        IP4_ADDR(&endpoint->to.ip, peer[0], peer[1], peer[2], peer[3]);
        endpoint->to.port = head.head.peer_port;
    }
}

static bool take_request(struct incoming *incoming)
{
    struct endpoint *endpoint = endpoint_take(&endpoint_http, HTTP_REQUEST);
    if (!endpoint) {
        return false;
    }
    endpoint->incoming = incoming;
    incoming->interest = &endpoint->interest;
    set_peer(endpoint);
    endpoint_queue(self.listener, endpoint);
    return true;
}

/* -- what endpoint.c calls -- */

bool endpoint_http_owns(uint16_t port)
{
    return incoming_available() && port != 0 && port == control_port();
}

struct endpoint *endpoint_http_new(void)
{
    return endpoint_take(&endpoint_http, HTTP_NEW);
}

void endpoint_http_bind(struct endpoint *endpoint, const struct endpoint_address *address)
{
    endpoint->family = &endpoint_http;
    endpoint->kind = HTTP_BOUND;
    endpoint->incoming = NULL;
    endpoint->to = *address;
}

static int start_listening(struct endpoint *endpoint, int backlog)
{
    if (endpoint->kind == HTTP_REQUEST) {
        return MP_EOPNOTSUPP;
    }
    if (endpoint->kind == HTTP_NEW) {
        return MP_EINVAL;
    }
    if (self.listener != endpoint && incoming_is_served()) {
        return MP_EADDRINUSE;
    }
    if (!control_site().taken) { /* it knows of no site: all requests of the port are its own */
        control_take_site();
        control_all_routes();
    }
    endpoint->kind = HTTP_LISTENING;
    self.listener = endpoint;
    incoming_serve(take_request);
    return 0;
}

static int bind_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint->kind == HTTP_NEW ? MP_ENODEV : MP_EINVAL; /* it has its address */
}

static void accepted(struct endpoint *endpoint)
{
    trace(python_accepted, endpoint->incoming->slot ? endpoint->incoming->slot->serial : 0, 0);
}

static int connect_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint->kind == HTTP_REQUEST ? MP_EISCONN : endpoint->kind == HTTP_NEW ? MP_ENODEV : MP_EINVAL;
}

static void close_one(struct endpoint *endpoint)
{
    if (endpoint == self.listener) {
        self.listener = NULL;
        incoming_serve(NULL);
    }
    if (endpoint->kind == HTTP_REQUEST) {
        incoming_close(endpoint->incoming, endpoint->waiting ? 503 : endpoint->failed ? 500 : 0);
    }
}

static int shut_down(struct endpoint *endpoint, bool read, bool write)
{
    if (endpoint->kind != HTTP_REQUEST || endpoint->incoming->gone) {
        return MP_ENOTCONN;
    }
    endpoint->ended |= read;
    endpoint->shut |= write; /* the front is told by close: only then is it known whether the answer is whole */
    return 0;
}

static bool peer(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind != HTTP_REQUEST || endpoint->incoming->gone) {
        return false;
    }
    *address = endpoint->to;
    return true;
}

static intptr_t receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (endpoint->kind != HTTP_REQUEST) {
        *error = MP_ENOTCONN;
        return -1;
    }
    if (from) {
        peer(endpoint, from);
    }
    return endpoint->ended ? 0 : incoming_text_read(endpoint->incoming, buffer, size, error);
}

static size_t line_length(struct endpoint *endpoint, size_t limit)
{
    bool reads = endpoint->kind == HTTP_REQUEST && !endpoint->ended;
    return reads ? incoming_text_line_length(endpoint->incoming, limit) : 0;
}

static intptr_t send_bytes(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    if (endpoint->kind != HTTP_REQUEST || endpoint->shut) {
        *error = MP_EPIPE;
        return -1;
    }
    return incoming_write(endpoint->incoming, data, size, error);
}

static uint32_t ready(const struct endpoint *endpoint)
{
    struct incoming *incoming = endpoint->incoming;
    if (endpoint->kind == HTTP_NEW || endpoint->kind == HTTP_BOUND) {
        return ENDPOINT_HANGUP;
    }
    if (endpoint->kind == HTTP_LISTENING) {
        return endpoint->queue ? ENDPOINT_READ : 0;
    }
    if (incoming->gone) {
        return ENDPOINT_READ | ENDPOINT_WRITE | (incoming->told ? 0 : ENDPOINT_ERROR) | ENDPOINT_HANGUP;
    }
    bool readable = endpoint->ended || incoming_text_readable(incoming);
    return (readable ? ENDPOINT_READ : 0) | (incoming->write_blocked ? 0 : ENDPOINT_WRITE);
}

static bool local(const struct endpoint *endpoint, struct endpoint_address *address)
{
    const struct endpoint *listener = endpoint->kind == HTTP_REQUEST ? self.listener : endpoint;
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

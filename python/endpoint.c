/* endpoint.c: endpoints for module socket: their pool, and what their families (endpoint_tcp.c, endpoint_udp.c,
 * endpoint_http.c) share.
 *   when full endpoint_take() refuses
 */
#include "lib/pd.h"

#include "net/ip/ip.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "py/mperrno.h"

#define ENDPOINTS_MAX 272 /* 128 connections, 128 requests of the site, 8 UDP, listeners */

static struct {
    struct endpoint endpoints[ENDPOINTS_MAX];
    struct endpoint *free;
    bool available, network;
} self;

int endpoint_errno_of(err_t error)
{
    switch ((err_enum_t)error) {
    case ERR_OK: return 0;
    case ERR_MEM: return MP_ENOMEM;
    case ERR_BUF: return MP_ENOBUFS;
    case ERR_TIMEOUT: return MP_ETIMEDOUT;
    case ERR_RTE: return MP_EHOSTUNREACH;
    case ERR_INPROGRESS: return MP_EINPROGRESS;
    case ERR_VAL: return MP_EINVAL;
    case ERR_WOULDBLOCK: return MP_EAGAIN;
    case ERR_USE: return MP_EADDRINUSE;
    case ERR_ALREADY: return MP_EALREADY;
    case ERR_ISCONN: return MP_EISCONN;
    case ERR_CONN: return MP_ENOTCONN;
    case ERR_IF: return MP_EHOSTUNREACH;
    case ERR_ABRT: return MP_ECONNABORTED;
    case ERR_RST: return MP_ECONNRESET;
    case ERR_CLSD: return MP_ENOTCONN;
    case ERR_ARG: return MP_EINVAL;
    }
    return MP_EIO;
}

void endpoint_notify(struct endpoint *endpoint, uint32_t events)
{
    if (endpoint->interest & events) {
        endpoint->interest = 0;
        port_wake();
    }
}

/* -- the pool -- */

struct endpoint *endpoint_take(const struct endpoint_family *family, enum kind kind)
{
    struct endpoint *endpoint = self.free;
    if (endpoint) {
        self.free = endpoint->next;
        *endpoint = (struct endpoint){.family = family, .kind = kind};
        endpoint->queue_end = &endpoint->queue;
    }
    return endpoint;
}

void endpoint_give_back(struct endpoint *endpoint)
{
    endpoint->kind = FREE;
    endpoint->next = self.free;
    self.free = endpoint;
}

/* -- accept queues -- */

void endpoint_queue(struct endpoint *listener, struct endpoint *connection)
{
    connection->waiting = true;
    *listener->queue_end = connection;
    listener->queue_end = &connection->next;
    endpoint_notify(listener, ENDPOINT_READ);
}

static struct endpoint *unqueue(struct endpoint *listener)
{
    struct endpoint *first = listener->queue;
    if (first) {
        listener->queue = first->next;
        listener->queue_end = listener->queue ? listener->queue_end : &listener->queue;
    }
    return first;
}

/* -- what module socket calls -- */

void endpoint_init(bool network)
{
    self.available = true;
    self.network = network;
    for (size_t i = ENDPOINTS_MAX; i-- > 0;) {
        endpoint_give_back(&self.endpoints[i]);
    }
    endpoint_tcp_init();
}

bool endpoint_available(void)
{
    return self.available;
}

bool endpoint_has_network(void)
{
    return self.network;
}

struct endpoint *endpoint_new(bool udp)
{
    if (!self.network) {
        return udp ? NULL : endpoint_http_new();
    }
    return udp ? endpoint_udp_new() : endpoint_tcp_new();
}

bool endpoint_is_udp(const struct endpoint *endpoint)
{
    return endpoint->kind == UDP;
}

void endpoint_close(struct endpoint *endpoint)
{
    for (struct endpoint *waiting; (waiting = unqueue(endpoint)) != NULL;) {
        endpoint_close(waiting);
    }
    endpoint->family->close(endpoint);
    endpoint_give_back(endpoint);
}

void endpoint_fail(struct endpoint *endpoint)
{
    endpoint->failed = true;
}

int endpoint_bind(struct endpoint *endpoint, const struct endpoint_address *address)
{
    if ((endpoint->kind == TCP_NEW || endpoint->kind == HTTP_NEW) && endpoint_http_owns(address->port)) {
        endpoint->family->close(endpoint);
        endpoint_http_bind(endpoint, address);
        return 0;
    }
    return endpoint->family->bind(endpoint, address);
}

int endpoint_listen(struct endpoint *endpoint, int backlog)
{
    return endpoint->family->listen(endpoint, backlog);
}

bool endpoint_listens(const struct endpoint *endpoint)
{
    return endpoint->kind == TCP_LISTENING || endpoint->kind == HTTP_LISTENING;
}

bool endpoint_waits(struct endpoint *listener, struct endpoint_address *peer)
{
    while (listener->queue && !endpoint_peer_address(listener->queue, peer)) {
        endpoint_refuse(listener); /* its peer has gone while it waited */
    }
    return listener->queue != NULL;
}

struct endpoint *endpoint_accept(struct endpoint *listener)
{
    struct endpoint *first = unqueue(listener);
    first->waiting = false;
    first->family->accepted(first);
    return first;
}

void endpoint_refuse(struct endpoint *listener)
{
    endpoint_close(unqueue(listener));
}

int endpoint_connect(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint->family->connect(endpoint, address);
}

int endpoint_take_error(struct endpoint *endpoint)
{
    int error = endpoint->error;
    endpoint->error = 0;
    return error;
}

int endpoint_shutdown(struct endpoint *endpoint, bool read, bool write)
{
    return endpoint->family->shutdown(endpoint, read, write);
}

intptr_t endpoint_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from,
                          int *error)
{
    return endpoint->family->receive(endpoint, buffer, size, from, error);
}

intptr_t endpoint_send(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    return endpoint->family->send(endpoint, data, size, error);
}

size_t endpoint_line_length(struct endpoint *endpoint, size_t limit)
{
    return endpoint->family->line_length(endpoint, limit);
}

uint32_t endpoint_ready(struct endpoint *endpoint, uint32_t events)
{
    uint32_t ready = endpoint->family->ready(endpoint) & (events | ENDPOINT_ERROR | ENDPOINT_HANGUP);
    endpoint->interest = ready ? 0 : (uint8_t)events;
    return ready;
}

bool endpoint_local_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    return endpoint->family->local(endpoint, address);
}

bool endpoint_peer_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    return endpoint->family->peer(endpoint, address);
}

void endpoint_set_keepalive(struct endpoint *endpoint, bool on)
{
    if (endpoint->family == &endpoint_tcp && endpoint->tcp) {
        if (on) {
            ip_set_option(endpoint->tcp, SOF_KEEPALIVE);
        } else {
            ip_reset_option(endpoint->tcp, SOF_KEEPALIVE);
        }
    }
}

void endpoint_set_broadcast(struct endpoint *endpoint, bool on)
{
    if (endpoint->kind == UDP) {
        if (on) {
            ip_set_option(endpoint->udp, SOF_BROADCAST);
        } else {
            ip_reset_option(endpoint->udp, SOF_BROADCAST);
        }
    }
}

/* endpoint.c: endpoints for module socket: their pool, and what does not depend on their kind (endpoint_tcp.c, endpoint_udp.c).
 *   when full endpoint_take() refuses
 */
#include "lib/pd.h"

#include "net/ip/ip.h"
#include "python/config.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "py/mperrno.h"

#define ENDPOINTS_MAX 320

#pragma weak net_client_config

static struct {
    struct endpoint endpoints[ENDPOINTS_MAX];
    struct endpoint *free;
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

/* The pool */

struct endpoint *endpoint_take(enum kind kind)
{
    struct endpoint *endpoint = self.free;
    if (endpoint) {
        self.free = endpoint->next;
        *endpoint = (struct endpoint){.kind = kind};
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

/* Accept queues */

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

/* What module socket calls */

void endpoint_init(void)
{
    for (size_t i = ENDPOINTS_MAX; i-- > 0;) {
        endpoint_give_back(&self.endpoints[i]);
    }
    endpoint_tcp_init();
}

bool endpoint_available(void)
{
    return &net_client_config != NULL;
}

struct endpoint *endpoint_new(bool udp)
{
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
    if (endpoint->kind == UDP) {
        endpoint_udp_close(endpoint);
    } else {
        endpoint_tcp_close(endpoint);
    }
    endpoint_give_back(endpoint);
}

int endpoint_bind(struct endpoint *endpoint, const struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        return endpoint_errno_of(udp_bind(endpoint->udp, &address->ip, address->port));
    }
    return endpoint_tcp_bind(endpoint, address);
}

int endpoint_listen(struct endpoint *endpoint, int backlog)
{
    return endpoint->kind == UDP ? MP_EOPNOTSUPP : endpoint_tcp_listen(endpoint, backlog);
}

struct endpoint *endpoint_accept(struct endpoint *endpoint, struct endpoint_address *peer)
{
    for (struct endpoint *first; (first = unqueue(endpoint)) != NULL;) {
        if (endpoint_peer_address(first, peer)) {
            first->waiting = false;
            endpoint_tcp_accepted(first);
            return first;
        }
        endpoint_close(first); /* reset by its peer while it waited */
    }
    return NULL;
}

int endpoint_connect(struct endpoint *endpoint, const struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        endpoint->to = *address;
        endpoint->to_set = true;
        return 0;
    }
    return endpoint_tcp_connect(endpoint, address);
}

int endpoint_take_error(struct endpoint *endpoint)
{
    int error = endpoint->error;
    endpoint->error = 0;
    return error;
}

int endpoint_shutdown(struct endpoint *endpoint, bool read, bool write)
{
    return endpoint->kind == UDP ? MP_ENOTCONN : endpoint_tcp_shutdown(endpoint, read, write);
}

intptr_t endpoint_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (endpoint->kind == UDP) {
        return endpoint_udp_receive(endpoint, buffer, size, from, error);
    }
    return endpoint_tcp_receive(endpoint, buffer, size, from, error);
}

intptr_t endpoint_send(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    if (endpoint->kind == UDP) {
        return endpoint_udp_send(endpoint, data, size, error);
    }
    return endpoint_tcp_send(endpoint, data, size, error);
}

size_t endpoint_line_length(struct endpoint *endpoint, size_t limit)
{
    return endpoint->kind == UDP ? 0 : endpoint_tcp_line_length(endpoint, limit);
}

uint32_t endpoint_ready(struct endpoint *endpoint, uint32_t events)
{
    uint32_t there = endpoint->kind == UDP ? endpoint_udp_ready(endpoint) : endpoint_tcp_ready(endpoint);
    uint32_t ready = there & (events | ENDPOINT_ERROR | ENDPOINT_HANGUP);
    endpoint->interest = ready ? 0 : (uint8_t)events;
    return ready;
}

bool endpoint_local_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        *address = (struct endpoint_address){endpoint->udp->local_ip, endpoint->udp->local_port};
    } else if (endpoint->tcp) {
        *address = (struct endpoint_address){endpoint->tcp->local_ip, endpoint->tcp->local_port};
    } else {
        return false;
    }
    return true;
}

bool endpoint_peer_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        *address = endpoint->to;
        return endpoint->to_set;
    }
    return endpoint_tcp_peer(endpoint, address);
}

void endpoint_set_keepalive(struct endpoint *endpoint, bool on)
{
    if (endpoint->kind != UDP && endpoint->tcp) {
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

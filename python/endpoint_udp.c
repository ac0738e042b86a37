/* endpoint_udp.c: UDP endpoints, and names, for module socket, over lwIP's raw API.
 *   consumes  lwIP's callbacks, in the event loop      from the network, NOT trusted
 *   produces  udp_sendto, DNS questions, from the worker
 *   when full a datagram that finds its endpoint's queue full is dropped, as UDP may
 */
#include "lib/pd.h"

#include <string.h>
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "lwip/dns.h"
#include "py/mperrno.h"

#define UDP_MAX 8 /* endpoints */
#define DATAGRAMS_MAX 16

struct datagram {
    struct pbuf *data;
    struct endpoint_address from;
};

static struct {
    struct datagram datagrams[UDP_MAX][DATAGRAMS_MAX];
    uint8_t used; /* a bit for each */
} self;

static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *ip, uint16_t port)
{
    struct endpoint *endpoint = argument;
    bool from_peer = !endpoint->to_set || (ip_addr_eq(ip, &endpoint->to.ip) && port == endpoint->to.port);
    if (!from_peer || endpoint->tail - endpoint->head == DATAGRAMS_MAX) {
        pbuf_free(data);
        return;
    }
    endpoint->datagrams[endpoint->tail++ % DATAGRAMS_MAX] = (struct datagram){data, {*ip, port}};
    endpoint_notify(endpoint, ENDPOINT_READ);
}

static bool give_datagrams(struct endpoint *endpoint)
{
    for (size_t i = 0; i < UDP_MAX; i++) {
        if (!(self.used & (1u << i))) {
            self.used |= 1u << i;
            endpoint->datagrams = self.datagrams[i];
            return true;
        }
    }
    return false;
}

static void take_datagrams(struct endpoint *endpoint)
{
    while (endpoint->head != endpoint->tail) {
        pbuf_free(endpoint->datagrams[endpoint->head++ % DATAGRAMS_MAX].data);
    }
    self.used &= ~(1u << (endpoint->datagrams - self.datagrams[0]) / DATAGRAMS_MAX);
}

struct endpoint *endpoint_udp_new(void)
{
    struct endpoint *endpoint = endpoint_take(&endpoint_udp, UDP);
    if (!endpoint) {
        return NULL;
    }
    endpoint->udp = give_datagrams(endpoint) ? udp_new() : NULL;
    if (!endpoint->udp) {
        if (endpoint->datagrams) {
            take_datagrams(endpoint);
        }
        endpoint_give_back(endpoint);
        return NULL;
    }
    udp_recv(endpoint->udp, on_datagram, endpoint);
    return endpoint;
}

static void close_one(struct endpoint *endpoint)
{
    udp_remove(endpoint->udp);
    take_datagrams(endpoint);
}

static intptr_t receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (endpoint->head == endpoint->tail) {
        *error = MP_EAGAIN;
        return -1;
    }
    struct datagram *datagram = &endpoint->datagrams[endpoint->head++ % DATAGRAMS_MAX];
    uint16_t count = pbuf_copy_partial(datagram->data, buffer, size > 0xffff ? 0xffff : (uint16_t)size, 0);
    if (from) {
        *from = datagram->from;
    }
    pbuf_free(datagram->data);
    return count;
}

static uint32_t ready(const struct endpoint *endpoint)
{
    return ENDPOINT_WRITE | (endpoint->head != endpoint->tail ? ENDPOINT_READ : 0);
}

static intptr_t send_bytes(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    if (!endpoint->to_set) {
        *error = MP_ENOTCONN;
        return -1;
    }
    return endpoint_send_to(endpoint, data, size, &endpoint->to, error);
}

intptr_t endpoint_send_to(struct endpoint *endpoint, const void *data, size_t size, const struct endpoint_address *to,
                          int *error)
{
    struct pbuf *datagram = size <= 0xffff ? pbuf_alloc(PBUF_TRANSPORT, (uint16_t)size, PBUF_RAM) : NULL;
    if (!datagram) {
        *error = size <= 0xffff ? MP_ENOMEM : MP_EINVAL;
        return -1;
    }
    memcpy(datagram->payload, data, size);
    err_t result = udp_sendto(endpoint->udp, datagram, &to->ip, to->port);
    pbuf_free(datagram);
    *error = endpoint_errno_of(result);
    return result == ERR_OK ? (intptr_t)size : -1;
}

static int bind_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint_errno_of(udp_bind(endpoint->udp, &address->ip, address->port));
}

static int start_listening(struct endpoint *endpoint, int backlog)
{
    return MP_EOPNOTSUPP;
}

static void accepted(struct endpoint *endpoint) {}

static int connect_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    endpoint->to = *address;
    endpoint->to_set = true;
    return 0;
}

static int shut_down(struct endpoint *endpoint, bool read, bool write)
{
    return MP_ENOTCONN;
}

static size_t line_length(struct endpoint *endpoint, size_t limit)
{
    return 0;
}

static bool local(const struct endpoint *endpoint, struct endpoint_address *address)
{
    *address = (struct endpoint_address){endpoint->udp->local_ip, endpoint->udp->local_port};
    return true;
}

static bool peer(const struct endpoint *endpoint, struct endpoint_address *address)
{
    *address = endpoint->to;
    return endpoint->to_set;
}

const struct endpoint_family endpoint_udp = {
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

/* -- names -- */

static void on_name(const char *name, const ip_addr_t *ip, void *argument)
{
    struct endpoint_lookup *lookup = argument;
    if (ip) {
        lookup->ip = *ip;
    }
    lookup->done = ip ? 1 : -1;
    port_wake();
}

int endpoint_look_up(const char *name, struct endpoint_lookup *lookup)
{
    lookup->done = 0;
    err_t error = dns_gethostbyname(name, &lookup->ip, on_name, lookup);
    if (error == ERR_OK) {
        lookup->done = 1;
    }
    return endpoint_errno_of(error);
}

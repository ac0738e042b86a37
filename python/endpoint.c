/* endpoint.c: endpoints for module socket, over lwIP's raw API: their pool, and TCP (endpoint_udp.c is UDP).
 *   consumes  lwIP's callbacks, in the event loop      from the network, NOT trusted
 *   produces  tcp_write, from the worker; what it wrote leaves together when it next waits
 *   invariant a connection is ours from the moment its handshake is done: data that comes before accept is kept
 *   when full no endpoint left: the new connection is reset; accept queue full: lwIP drops the SYN, which comes again;
 *             too much unread data: lwIP keeps it and closes the window
 */
#include "lib/pd.h"

#include <string.h>
#include "net/ip/ip.h"
#include "python/config.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "py/mperrno.h"

#define ENDPOINTS_MAX 320
#define WRITE_MAX 0xffff /* bytes that tcp_write takes at once */

#pragma weak net_client_config

static struct {
    struct endpoint endpoints[ENDPOINTS_MAX];
    struct endpoint *free;
    struct endpoint *owed;
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

/* Output leaves when the worker waits: a header and a body written one after the other share a segment. */

static void owe(struct endpoint *endpoint)
{
    if (!endpoint->owed) {
        endpoint->owed = true;
        endpoint->previous_owed = self.owed;
        self.owed = endpoint;
    }
}

static void send_owed(void *context)
{
    struct endpoint *endpoint = self.owed;
    self.owed = NULL;
    while (endpoint) {
        struct endpoint *before = endpoint->previous_owed;
        endpoint->owed = false;
        if (endpoint->kind == TCP_CONNECTED && endpoint->tcp) {
            tcp_output(endpoint->tcp);
        }
        endpoint = before;
    }
}

static void forget_owed(struct endpoint *endpoint)
{
    for (struct endpoint **at = &self.owed; endpoint->owed && *at; at = &(*at)->previous_owed) {
        if (*at == endpoint) {
            *at = endpoint->previous_owed;
            endpoint->owed = false;
            break;
        }
    }
}

/* lwIP's callbacks */

/* Bytes that may be written now: what is left of TCP's buffer, and of this connection's share of the memory. */
static size_t room_to_send(const struct endpoint *endpoint)
{
    size_t left = tcp_sndbuf(endpoint->tcp);
    size_t queued = TCP_SND_BUF - left, share = ip_send_share();
    size_t allowed = share > queued ? share - queued : 0;
    return left < allowed ? left : allowed;
}

static bool writable(const struct endpoint *endpoint)
{
    return endpoint->tcp && !endpoint->starved && tcp_sndbuf(endpoint->tcp) > TCP_SNDLOWAT &&
           tcp_sndqueuelen(endpoint->tcp) < TCP_SNDQUEUELOWAT && room_to_send(endpoint) >= TCP_MSS;
}

static bool keep_unread(struct endpoint *endpoint, struct pbuf *data)
{
    size_t last = 0;
    while (last + 1 < CHAINS_MAX && endpoint->unread[last + 1]) {
        last++;
    }
    if (!endpoint->unread[last]) {
        endpoint->unread[last] = data;
    } else if ((uint32_t)endpoint->unread[last]->tot_len + data->tot_len <= CHAIN_MAX) {
        pbuf_cat(endpoint->unread[last], data);
    } else if (last + 1 < CHAINS_MAX) {
        endpoint->unread[last + 1] = data;
    } else {
        return false;
    }
    return true;
}

static void take_unread(struct endpoint *endpoint, uint16_t count)
{
    endpoint->unread[0] = pbuf_free_header(endpoint->unread[0], count);
    if (!endpoint->unread[0]) {
        memmove(&endpoint->unread[0], &endpoint->unread[1], sizeof(endpoint->unread) - sizeof(endpoint->unread[0]));
        endpoint->unread[CHAINS_MAX - 1] = NULL;
    }
}

static void detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

/* Both sides have sent all they will. From here on lwIP may free the pcb, out of TIME_WAIT or after the last acknowledgement,
 * without a word. */
static void let_go(struct endpoint *endpoint)
{
    forget_owed(endpoint);
    detach(endpoint->tcp);
    endpoint->tcp = NULL;
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct endpoint *endpoint = argument;
    if (!data) {
        endpoint->ended = endpoint->fin = true;
        if (endpoint->shut) {
            let_go(endpoint);
        }
    } else if (!keep_unread(endpoint, data)) {
        return ERR_MEM; /* lwIP keeps it and offers it again */
    }
    endpoint_notify(endpoint, ENDPOINT_READ);
    return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, uint16_t length)
{
    struct endpoint *endpoint = argument;
    endpoint->starved = false;
    if (writable(endpoint)) {
        endpoint_notify(endpoint, ENDPOINT_WRITE);
    }
    return ERR_OK;
}

/* Only while a write found no memory: nothing of this connection's may be under way that would be acknowledged. */
static err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
    tcp_poll(pcb, NULL, 0);
    return on_sent(argument, pcb, 0);
}

/* The pcb is gone. */
static void on_error(void *argument, err_t error)
{
    struct endpoint *endpoint = argument;
    endpoint->error = endpoint->kind == TCP_CONNECTING ? (error == ERR_RST ? MP_ECONNREFUSED : MP_ETIMEDOUT) : endpoint_errno_of(error);
    endpoint->kind = TCP_BROKEN;
    endpoint->tcp = NULL;
    forget_owed(endpoint);
    port_wake();
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct endpoint *endpoint = argument;
    endpoint->kind = TCP_CONNECTED;
    endpoint_notify(endpoint, ENDPOINT_WRITE);
    return ERR_OK;
}

static void attach(struct endpoint *endpoint, struct tcp_pcb *pcb)
{
    endpoint->tcp = pcb;
    tcp_arg(pcb, endpoint);
    tcp_recv(pcb, on_receive);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb); /* writes are gathered here */
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct endpoint *listener = argument;
    if (error != ERR_OK || !pcb) {
        return ERR_VAL;
    }
    struct endpoint *endpoint = endpoint_take(TCP_CONNECTED);
    if (!endpoint) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    attach(endpoint, pcb);
    tcp_backlog_delayed(pcb);
    endpoint->waiting = true;
    *listener->queue_end = endpoint;
    listener->queue_end = &endpoint->next;
    endpoint_notify(listener, ENDPOINT_READ);
    return ERR_OK;
}

/* What module socket calls */

void endpoint_init(void)
{
    for (size_t i = ENDPOINTS_MAX; i-- > 0;) {
        endpoint_give_back(&self.endpoints[i]);
    }
    pd_before_flush(send_owed, NULL);
}

bool endpoint_available(void)
{
    return &net_client_config != NULL;
}

static struct endpoint *new_tcp(void)
{
    struct endpoint *endpoint = endpoint_take(TCP_NEW);
    struct tcp_pcb *pcb = endpoint ? tcp_new() : NULL;
    if (endpoint && !pcb) {
        endpoint_give_back(endpoint);
        return NULL;
    }
    if (endpoint) {
        attach(endpoint, pcb);
        ip_set_option(pcb, SOF_REUSEADDR);
    }
    return endpoint;
}

struct endpoint *endpoint_new(bool udp)
{
    return udp ? endpoint_udp_new() : new_tcp();
}

bool endpoint_is_udp(const struct endpoint *endpoint)
{
    return endpoint->kind == UDP;
}

static void close_connection(struct endpoint *endpoint)
{
    struct tcp_pcb *pcb = endpoint->tcp;
    if (!pcb) {
        return;
    }
    for (size_t i = 0; i < CHAINS_MAX && endpoint->unread[i]; i++) {
        tcp_recved(pcb, endpoint->unread[i]->tot_len); /* else lwIP resets, and what was written may be lost on its way */
    }
    detach(pcb);
    if (endpoint->waiting) {
        tcp_backlog_accepted(pcb);
    }
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
    }
}

static void close_listener(struct endpoint *endpoint)
{
    while (endpoint->queue) {
        struct endpoint *waiting = endpoint->queue;
        endpoint->queue = waiting->next;
        endpoint_close(waiting);
    }
    tcp_arg(endpoint->tcp, NULL);
    tcp_accept(endpoint->tcp, NULL);
    tcp_close(endpoint->tcp);
}

void endpoint_close(struct endpoint *endpoint)
{
    forget_owed(endpoint);
    switch ((enum kind)endpoint->kind) {
    case FREE:
        return;
    case TCP_LISTENING:
        close_listener(endpoint);
        break;
    case TCP_NEW:
    case TCP_CONNECTING:
    case TCP_CONNECTED:
        close_connection(endpoint);
        break;
    case TCP_BROKEN:
        break;
    case UDP:
        endpoint_udp_close(endpoint);
        break;
    }
    while (endpoint->unread[0]) {
        take_unread(endpoint, endpoint->unread[0]->tot_len);
    }
    endpoint_give_back(endpoint);
}

int endpoint_bind(struct endpoint *endpoint, const struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        return endpoint_errno_of(udp_bind(endpoint->udp, &address->ip, address->port));
    }
    return endpoint->kind == TCP_NEW ? endpoint_errno_of(tcp_bind(endpoint->tcp, &address->ip, address->port)) : MP_EINVAL;
}

int endpoint_listen(struct endpoint *endpoint, int backlog)
{
    if (endpoint->kind == TCP_LISTENING) {
        return 0;
    }
    if (endpoint->kind != TCP_NEW) {
        return MP_EOPNOTSUPP;
    }
    int most = backlog > ENDPOINT_BACKLOG ? (backlog > 0xff ? 0xff : backlog) : ENDPOINT_BACKLOG;
    err_t error;
    struct tcp_pcb *listener = tcp_listen_with_backlog_and_err(endpoint->tcp, (uint8_t)most, &error);
    if (!listener) {
        return endpoint_errno_of(error);
    }
    endpoint->kind = TCP_LISTENING;
    endpoint->tcp = listener;
    tcp_arg(listener, endpoint);
    tcp_accept(listener, on_accept);
    return 0;
}

struct endpoint *endpoint_accept(struct endpoint *endpoint, struct endpoint_address *peer)
{
    while (endpoint->kind == TCP_LISTENING && endpoint->queue) {
        struct endpoint *first = endpoint->queue;
        endpoint->queue = first->next;
        if (!endpoint->queue) {
            endpoint->queue_end = &endpoint->queue;
        }
        first->waiting = false;
        if (first->kind == TCP_CONNECTED) {
            tcp_backlog_accepted(first->tcp);
            endpoint_peer_address(first, peer);
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
    if (endpoint->kind == TCP_CONNECTED) {
        return MP_EISCONN;
    }
    if (endpoint->kind == TCP_CONNECTING) {
        return MP_EALREADY;
    }
    if (endpoint->kind != TCP_NEW) {
        return MP_EINVAL;
    }
    endpoint->kind = TCP_CONNECTING;
    err_t error = tcp_connect(endpoint->tcp, &address->ip, address->port, on_connected);
    if (error != ERR_OK) {
        endpoint->kind = TCP_NEW;
    }
    return error == ERR_OK ? MP_EINPROGRESS : endpoint_errno_of(error);
}

int endpoint_shutdown(struct endpoint *endpoint, bool read, bool write)
{
    if (endpoint->kind != TCP_CONNECTED) {
        return MP_ENOTCONN;
    }
    endpoint->ended |= read;
    if (!write || endpoint->shut) {
        return 0;
    }
    err_t error = tcp_shutdown(endpoint->tcp, 0, 1);
    endpoint->shut = error == ERR_OK;
    if (endpoint->shut && endpoint->fin) {
        let_go(endpoint);
    }
    return endpoint_errno_of(error);
}

static intptr_t nothing(struct endpoint *endpoint, int *error)
{
    *error = endpoint_take_error(endpoint);
    if (*error) {
        endpoint->ended = true;
        return -1;
    }
    if (endpoint->ended) {
        return 0;
    }
    bool waits = endpoint->kind == TCP_CONNECTED || endpoint->kind == TCP_CONNECTING;
    *error = waits ? MP_EAGAIN : MP_ENOTCONN;
    return -1;
}

intptr_t endpoint_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (endpoint->kind == UDP) {
        return endpoint_udp_receive(endpoint, buffer, size, from, error);
    }
    if (!endpoint->unread[0]) {
        return nothing(endpoint, error);
    }
    uint16_t count = pbuf_copy_partial(endpoint->unread[0], buffer, size > CHAIN_MAX ? CHAIN_MAX : (uint16_t)size, 0);
    take_unread(endpoint, count);
    if (endpoint->tcp) {
        tcp_recved(endpoint->tcp, count);
    }
    if (from) {
        endpoint_peer_address(endpoint, from);
    }
    return count;
}

size_t endpoint_line_length(const struct endpoint *endpoint, size_t limit)
{
    size_t before = 0;
    for (const struct pbuf *part = endpoint->unread[0]; part && before < limit; part = part->next) {
        const char *end = memchr(part->payload, '\n', part->len);
        if (end) {
            before += (size_t)(end - (const char *)part->payload) + 1;
            break;
        }
        before += part->len;
    }
    return before < limit ? before : limit;
}

/* As much as TCP takes now: bytes, or 0. */
static size_t write_some(struct endpoint *endpoint, const void *data, size_t size)
{
    size_t room = room_to_send(endpoint);
    size_t count = size < room ? size : room;
    count = count < WRITE_MAX ? count : WRITE_MAX;
    while (count > 0 && tcp_write(endpoint->tcp, data, (uint16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        count = count > TCP_MSS ? count / 2 : 0;
    }
    return count;
}

int endpoint_take_error(struct endpoint *endpoint)
{
    int error = endpoint->error;
    endpoint->error = 0;
    return error;
}

intptr_t endpoint_send(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    if (endpoint->kind == UDP) {
        return endpoint_udp_send(endpoint, data, size, error);
    }
    if (endpoint->kind != TCP_CONNECTED || endpoint->shut) {
        *error = endpoint->kind == TCP_CONNECTING ? MP_EAGAIN : endpoint_take_error(endpoint);
        *error = *error ? *error : MP_EPIPE;
        return -1;
    }
    size_t count = write_some(endpoint, data, size);
    owe(endpoint);
    if (count == 0 && size > 0) {
        endpoint->starved = true;
        tcp_poll(endpoint->tcp, on_poll, 1);
        *error = MP_EAGAIN;
        return -1;
    }
    return (intptr_t)count;
}

uint32_t endpoint_ready(struct endpoint *endpoint, uint32_t events)
{
    uint32_t ready = 0;
    switch ((enum kind)endpoint->kind) {
    case FREE:
    case TCP_NEW:
        ready = ENDPOINT_HANGUP;
        break;
    case TCP_BROKEN:
        ready = ENDPOINT_READ | ENDPOINT_WRITE | (endpoint->error ? ENDPOINT_ERROR : 0) | ENDPOINT_HANGUP;
        break;
    case TCP_LISTENING:
        ready = endpoint->queue ? ENDPOINT_READ : 0;
        break;
    case TCP_CONNECTING:
        break;
    case TCP_CONNECTED:
        ready = (endpoint->unread[0] || endpoint->ended ? ENDPOINT_READ : 0) | (writable(endpoint) ? ENDPOINT_WRITE : 0);
        break;
    case UDP:
        ready = ENDPOINT_WRITE | (endpoint->head != endpoint->tail ? ENDPOINT_READ : 0);
        break;
    }
    ready &= events | ENDPOINT_ERROR | ENDPOINT_HANGUP;
    endpoint->interest = ready ? 0 : (uint8_t)events;
    return ready;
}

bool endpoint_local_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind == UDP) {
        *address = (struct endpoint_address){endpoint->udp->local_ip, endpoint->udp->local_port};
    } else if (endpoint->kind != FREE && endpoint->tcp) {
        *address = (struct endpoint_address){endpoint->tcp->local_ip, endpoint->tcp->local_port};
    } else {
        return false;
    }
    return true;
}

bool endpoint_peer_address(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind == UDP && endpoint->to_set) {
        *address = endpoint->to;
    } else if (endpoint->kind == TCP_CONNECTED && endpoint->tcp) {
        *address = (struct endpoint_address){endpoint->tcp->remote_ip, endpoint->tcp->remote_port};
    } else {
        return false;
    }
    return true;
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

/* endpoint_tcp.c: TCP endpoints for module socket, over lwIP's raw API.
 *   consumes  lwIP's callbacks, in the event loop      from the network, NOT trusted
 *   produces  tcp_write, from the worker; what it wrote leaves together when it next waits
 *   invariant a connection is ours from the moment its handshake is done: data that comes before accept is kept
 *   when full no endpoint left: the new connection is reset; accept queue full: lwIP drops the SYN, which comes again;
 *             too much unread data: lwIP keeps it and closes the window
 */
#include "lib/pd.h"

#include <string.h>
#include "net/ip/ip.h"
#include "python/endpoint.h"
#include "python/endpoint_internal.h"
#include "python/port.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "py/mperrno.h"

#define WRITE_MAX 0xffff /* bytes that tcp_write takes at once */

static struct {
    struct endpoint *owed;
} self;

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

/* -- lwIP's callbacks -- */

/* With nothing queued no acknowledgement will come that makes more room. */
static bool writable(const struct endpoint *endpoint)
{
    return endpoint->tcp && !endpoint->write_blocked && tcp_sndbuf(endpoint->tcp) > TCP_SNDLOWAT &&
           tcp_sndqueuelen(endpoint->tcp) < TCP_SNDQUEUELOWAT &&
           (ip_tcp_room(endpoint->tcp, false) >= TCP_MSS || tcp_sndqueuelen(endpoint->tcp) == 0);
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

/* Both sides have sent all they will. From here on lwIP may free the pcb, out of TIME_WAIT or after the last
 * acknowledgement, without a word. */
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
    endpoint->write_blocked = false;
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
    endpoint->error = endpoint->kind == TCP_CONNECTING ? (error == ERR_RST ? MP_ECONNREFUSED : MP_ETIMEDOUT)
                                                       : endpoint_errno_of(error);
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
    struct endpoint *endpoint = endpoint_take(&endpoint_tcp, TCP_CONNECTED);
    if (!endpoint) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    attach(endpoint, pcb);
    tcp_backlog_delayed(pcb);
    endpoint_queue(listener, endpoint);
    return ERR_OK;
}

/* -- what endpoint.c calls -- */

void endpoint_tcp_init(void)
{
    pd_before_flush(send_owed, NULL);
}

struct endpoint *endpoint_tcp_new(void)
{
    struct endpoint *endpoint = endpoint_take(&endpoint_tcp, TCP_NEW);
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

static void close_connection(struct endpoint *endpoint)
{
    struct tcp_pcb *pcb = endpoint->tcp;
    if (!pcb) {
        return;
    }
    for (size_t i = 0; i < CHAINS_MAX && endpoint->unread[i]; i++) {
        /* else lwIP resets, and what was written may be lost on its way */
        ip_tcp_recved(pcb, endpoint->unread[i]->tot_len);
    }
    detach(pcb);
    if (endpoint->waiting) {
        tcp_backlog_accepted(pcb);
    }
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
    }
}

static void close_one(struct endpoint *endpoint)
{
    forget_owed(endpoint);
    if (endpoint->kind == TCP_LISTENING) {
        tcp_arg(endpoint->tcp, NULL);
        tcp_accept(endpoint->tcp, NULL);
        tcp_close(endpoint->tcp);
    } else if (endpoint->kind != TCP_BROKEN) {
        close_connection(endpoint);
    }
    while (endpoint->unread[0]) {
        take_unread(endpoint, endpoint->unread[0]->tot_len);
    }
}

static int bind_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
    return endpoint->kind == TCP_NEW ? endpoint_errno_of(tcp_bind(endpoint->tcp, &address->ip, address->port))
                                     : MP_EINVAL;
}

static int start_listening(struct endpoint *endpoint, int backlog)
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

static void accepted(struct endpoint *endpoint)
{
    tcp_backlog_accepted(endpoint->tcp);
}

static int connect_to(struct endpoint *endpoint, const struct endpoint_address *address)
{
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

static int shut_down(struct endpoint *endpoint, bool read, bool write)
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

static bool peer(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->kind != TCP_CONNECTED || !endpoint->tcp) {
        return false;
    }
    *address = (struct endpoint_address){endpoint->tcp->remote_ip, endpoint->tcp->remote_port};
    return true;
}

static intptr_t receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    if (!endpoint->unread[0]) {
        return nothing(endpoint, error);
    }
    uint16_t count = pbuf_copy_partial(endpoint->unread[0], buffer, size > CHAIN_MAX ? CHAIN_MAX : (uint16_t)size, 0);
    take_unread(endpoint, count);
    if (endpoint->tcp) {
        ip_tcp_recved(endpoint->tcp, count);
    }
    if (from) {
        peer(endpoint, from);
    }
    return count;
}

static size_t line_length(struct endpoint *endpoint, size_t limit)
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
    size_t room = ip_tcp_room(endpoint->tcp, false);
    size_t count = size < room ? size : room;
    count = count < WRITE_MAX ? count : WRITE_MAX;
    while (count > 0 && tcp_write(endpoint->tcp, data, (uint16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        count = count > TCP_MSS ? count / 2 : 0;
    }
    return count;
}

static intptr_t send_bytes(struct endpoint *endpoint, const void *data, size_t size, int *error)
{
    if (endpoint->kind != TCP_CONNECTED || endpoint->shut) {
        *error = endpoint->kind == TCP_CONNECTING ? MP_EAGAIN : endpoint_take_error(endpoint);
        *error = *error ? *error : MP_EPIPE;
        return -1;
    }
    size_t count = write_some(endpoint, data, size);
    owe(endpoint);
    if (count == 0 && size > 0) {
        endpoint->write_blocked = true;
        tcp_poll(endpoint->tcp, on_poll, 1);
        *error = MP_EAGAIN;
        return -1;
    }
    return (intptr_t)count;
}

static uint32_t ready(const struct endpoint *endpoint)
{
    switch ((enum kind)endpoint->kind) {
    case TCP_BROKEN: return ENDPOINT_READ | ENDPOINT_WRITE | (endpoint->error ? ENDPOINT_ERROR : 0) | ENDPOINT_HANGUP;
    case TCP_LISTENING: return endpoint->queue ? ENDPOINT_READ : 0;
    case TCP_CONNECTING: return 0;
    case TCP_CONNECTED:
        return (endpoint->unread[0] || endpoint->ended ? ENDPOINT_READ : 0) | (writable(endpoint) ? ENDPOINT_WRITE : 0);
    case FREE:
    case TCP_NEW:
    case UDP:
    case HTTP_NEW:
    case HTTP_BOUND:
    case HTTP_LISTENING:
    case HTTP_REQUEST: break;
    }
    return ENDPOINT_HANGUP;
}

static bool local(const struct endpoint *endpoint, struct endpoint_address *address)
{
    if (endpoint->tcp) {
        *address = (struct endpoint_address){endpoint->tcp->local_ip, endpoint->tcp->local_port};
    }
    return endpoint->tcp != NULL;
}

const struct endpoint_family endpoint_tcp = {
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

/* tests/unit/http_lwip.c: see the header. */
#include "http_lwip.h"

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/front/server.h"
#include "lwip/tcp.h"
#include "net/ip/ip.h"

#define WINDOW TCP_WND

struct written {
    struct written *next;
    const uint8_t *at;
    uint8_t *copy; /* or NULL: by reference */
    uint32_t length;
};

struct client {
    struct tcp_pcb pcb; /* first */
    bool alive;         /* the pcb */
    bool fin_received, fin_sent, fin_acknowledged, reset;
    bool inside, aborted_inside;
    struct written *first, **last;
    uint8_t *bytes;
    uint32_t length, unacknowledged;
    uint32_t window;
};

uint32_t lwip_pbufs, lwip_pcbs, lwip_fail_one_in, lwip_share = 44 * TCP_MSS, lwip_window = UINT32_MAX,
                                                  lwip_address = CLIENT_ADDRESS;
const ip_addr_t ip_addr_any;

static struct {
    struct tcp_pcb_listen *listeners[8];
    uint32_t random;
} self = {.random = 1};

uint32_t lwip_noise(void)
{
    self.random = self.random * 1664525 + 1013904223;
    return self.random >> 8;
}

uint32_t ip_tcp_room(const struct tcp_pcb *pcb, bool stays)
{
    uint32_t left = pcb->snd_buf, queued = TCP_SND_BUF - left, allowed = lwip_share > queued ? lwip_share - queued : 0;
    return left < allowed ? left : allowed;
}

uint32_t ip_tcp_window(const struct tcp_pcb *pcb)
{
    uint32_t queued = TCP_SND_BUF - pcb->snd_buf;
    return lwip_window > queued ? lwip_window - queued : 0;
}

signed char ip_tcp_write(struct tcp_pcb *pcb, const void *data, uint16_t length, uint8_t flags)
{
    return tcp_write(pcb, data, length, flags);
}

/* -- pbufs -- */

static struct pbuf *new_pbuf(const void *data, uint32_t length)
{
    struct pbuf *p = calloc(1, sizeof(*p) + length);
    p->payload = p + 1;
    p->len = p->tot_len = (uint16_t)length;
    p->ref = 1;
    memcpy(p->payload, data, length);
    lwip_pbufs++;
    return p;
}

u8_t pbuf_free(struct pbuf *p)
{
    u8_t count = 0;
    while (p) {
        struct pbuf *next = p->next;
        CHECK_EQUAL(p->ref, 1);
        if (p->flags & PBUF_FLAG_IS_CUSTOM) {
            ((struct pbuf_custom *)p)->custom_free_function(p);
        } else {
            free(p);
        }
        lwip_pbufs--;
        count++;
        p = next;
    }
    return count;
}

struct pbuf *pbuf_alloced_custom(pbuf_layer layer, u16_t length, pbuf_type type, struct pbuf_custom *p, void *memory,
                                 u16_t size)
{
    CHECK(layer == PBUF_RAW && length <= size);
    p->pbuf = (struct pbuf){
        .payload = memory, .len = length, .tot_len = length, .ref = 1, .flags = PBUF_FLAG_IS_CUSTOM};
    lwip_pbufs++;
    return &p->pbuf;
}

u8_t pbuf_remove_header(struct pbuf *p, size_t size)
{
    CHECK(size <= p->len);
    p->payload = (char *)p->payload + size;
    p->len = (uint16_t)(p->len - size);
    return 0;
}

/* -- the front's side -- */

static struct client *client_of(struct tcp_pcb *pcb)
{
    struct client *client = (struct client *)pcb;
    CHECK(client->alive);
    return client;
}

struct tcp_pcb *tcp_new(void)
{
    struct client *client = calloc(1, sizeof(*client));
    CHECK(client);
    lwip_pcbs++;
    return &client->pcb;
}

err_t tcp_bind(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port)
{
    for (int i = 0; i < 8; i++) {
        if (self.listeners[i] && self.listeners[i]->local_port == port) {
            return ERR_USE;
        }
    }
    pcb->local_port = port;
    return ERR_OK;
}

struct tcp_pcb *tcp_listen_with_backlog(struct tcp_pcb *pcb, u8_t backlog)
{
    for (int i = 0; i < 8; i++) {
        if (!self.listeners[i]) {
            struct tcp_pcb_listen *listener = calloc(1, sizeof(*listener));
            listener->local_port = pcb->local_port;
            listener->state = LISTEN;
            free(pcb);
            self.listeners[i] = listener;
            return (struct tcp_pcb *)listener;
        }
    }
    return NULL;
}

void tcp_accept(struct tcp_pcb *pcb, tcp_accept_fn accept)
{
    ((struct tcp_pcb_listen *)pcb)->accept = accept;
}

void tcp_arg(struct tcp_pcb *pcb, void *argument)
{
    pcb->callback_arg = argument;
}

void tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn recv)
{
    pcb->recv = recv;
}

void tcp_sent(struct tcp_pcb *pcb, tcp_sent_fn sent)
{
    pcb->sent = sent;
}

void tcp_err(struct tcp_pcb *pcb, tcp_err_fn err)
{
    pcb->errf = err;
}

void tcp_poll(struct tcp_pcb *pcb, tcp_poll_fn poll, u8_t interval)
{
    pcb->poll = poll;
}

void tcp_setprio(struct tcp_pcb *pcb, u8_t priority) {}

err_t tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags)
{
    struct client *client = client_of(pcb);
    CHECK(!client->fin_sent && data && length > 0);
    if (length > pcb->snd_buf || (lwip_fail_one_in && lwip_noise() % lwip_fail_one_in == 0)) {
        return ERR_MEM;
    }
    struct written *written = calloc(1, sizeof(*written));
    *written = (struct written){.at = data, .length = length};
    if (flags & TCP_WRITE_FLAG_COPY) {
        written->copy = malloc(length);
        memcpy(written->copy, data, length);
    }
    *client->last = written;
    client->last = &written->next;
    client->unacknowledged += length;
    pcb->snd_buf -= length;
    return ERR_OK;
}

err_t tcp_output(struct tcp_pcb *pcb)
{
    client_of(pcb);
    return ERR_OK;
}

void ip_tcp_recved(struct tcp_pcb *pcb, u16_t length)
{
    struct client *client = client_of(pcb);
    client->window += length;
    CHECK(client->window <= WINDOW);
}

err_t tcp_shutdown(struct tcp_pcb *pcb, int read, int write)
{
    struct client *client = client_of(pcb);
    CHECK(!read && write && !client->fin_sent);
    client->fin_sent = true;
    return ERR_OK;
}

/* The front lets go: the pcb lives on as long as lwIP needs it. */
err_t tcp_close(struct tcp_pcb *pcb)
{
    struct client *client = client_of(pcb);
    CHECK(!pcb->recv && !pcb->sent && !pcb->errf && !pcb->callback_arg);
    if (!client->fin_sent && client->window != WINDOW) {
        client->reset = true;
    }
    client->fin_sent = true;
    return ERR_OK;
}

static void bury(struct client *client)
{
    client->alive = false;
    while (client->first) {
        struct written *written = client->first;
        client->first = written->next;
        free(written->copy);
        free(written);
    }
    client->last = &client->first;
}

void tcp_abort(struct tcp_pcb *pcb)
{
    struct client *client = client_of(pcb);
    tcp_err_fn errf = pcb->errf;
    void *argument = pcb->callback_arg;
    client->aborted_inside = client->inside;
    client->reset = true;
    bury(client);
    if (errf) {
        errf(argument, ERR_ABRT);
    }
}

/* -- the client's side -- */

static void check_return(struct client *client, err_t error)
{
    CHECK_EQUAL(error == ERR_ABRT, client->aborted_inside);
    client->inside = client->aborted_inside = false;
}

struct client *client_connect(uint16_t port)
{
    for (int i = 0; i < 8; i++) {
        struct tcp_pcb_listen *listener = self.listeners[i];
        if (listener && listener->local_port == port) {
            struct client *client = calloc(1, sizeof(*client));
            client->alive = true;
            client->last = &client->first;
            client->window = WINDOW;
            client->pcb.mss = TCP_MSS;
            client->pcb.snd_buf = TCP_SND_BUF;
            client->pcb.state = ESTABLISHED;
            client->pcb.remote_ip.addr = lwip_address;
            client->pcb.remote_port = CLIENT_PORT;
            client->inside = true;
            lwip_pcbs++;
            err_t error = listener->accept(listener->callback_arg, &client->pcb, ERR_OK);
            check_return(client, error);
            return client;
        }
    }
    return NULL;
}

void client_send(struct client *client, const void *data, uint32_t length, uint32_t segment)
{
    while (length > 0 && client->alive) {
        uint32_t count = length < segment ? length : segment;
        CHECK(count <= client->window && !client->fin_received);
        client->window -= count;
        struct pbuf *p = new_pbuf(data, count);
        if (!client->pcb.recv) {
            pbuf_free(p);
            client->reset = true; /* lwIP: data for a closed connection */
            bury(client);
            return;
        }
        client->inside = true;
        check_return(client, client->pcb.recv(client->pcb.callback_arg, &client->pcb, p, ERR_OK));
        data = (const char *)data + count;
        length -= count;
    }
}

static void receive(struct client *client, const uint8_t *at, uint32_t length)
{
    client->bytes = realloc(client->bytes, client->length + length + 1);
    memcpy(client->bytes + client->length, at, length);
    client->length += length;
}

uint32_t client_take(struct client *client, uint32_t most)
{
    uint32_t done = 0;
    while (client->first && done < most && done < 0xffff) {
        struct written *written = client->first;
        uint32_t count = most - done < written->length ? most - done : written->length;
        count = count < 0xffff - done ? count : 0xffff - done;
        receive(client, written->copy ? written->copy : written->at, count);
        done += count;
        written->length -= count;
        if (written->copy) {
            memmove(written->copy, written->copy + count, written->length);
        } else {
            written->at += count;
        }
        if (written->length == 0) {
            client->first = written->next;
            if (!client->first) {
                client->last = &client->first;
            }
            free(written->copy);
            free(written);
        }
    }
    client->unacknowledged -= done;
    client->pcb.snd_buf += done;
    if (done > 0 && client->pcb.sent) {
        client->inside = true;
        check_return(client, client->pcb.sent(client->pcb.callback_arg, &client->pcb, (uint16_t)done));
    }
    return done;
}

void client_end(struct client *client)
{
    if (!client->alive || client->fin_received) {
        return;
    }
    client->fin_received = true;
    if (client->pcb.recv) {
        client->inside = true;
        check_return(client, client->pcb.recv(client->pcb.callback_arg, &client->pcb, NULL, ERR_OK));
    }
}

void client_reset(struct client *client)
{
    if (client->alive) {
        tcp_err_fn errf = client->pcb.errf;
        void *argument = client->pcb.callback_arg;
        client->reset = true;
        bury(client);
        if (errf) {
            errf(argument, ERR_RST);
        }
    }
}

bool client_is_acknowledged(const struct client *client)
{
    return client->pcb.flags & TF_ACK_NOW;
}

void client_poll(struct client *client)
{
    if (client->alive && client->pcb.poll) {
        client->inside = true;
        check_return(client, client->pcb.poll(client->pcb.callback_arg, &client->pcb));
    }
}

void client_free(struct client *client)
{
    if (client->alive) {
        CHECK(!client->pcb.callback_arg);
        bury(client);
    }
    lwip_pcbs--;
    free(client->bytes);
    free(client);
}

const char *client_bytes(const struct client *client, uint32_t *length)
{
    *length = client->length;
    return (const char *)client->bytes;
}

void client_forget(struct client *client, uint32_t count)
{
    client->length -= count;
    memmove(client->bytes, client->bytes + count, client->length);
}

bool client_at_end(const struct client *client)
{
    return client->fin_sent && !client->first && !client->reset;
}

bool client_was_reset(const struct client *client)
{
    return client->reset;
}

bool client_gone(const struct client *client)
{
    return !client->alive || !client->pcb.callback_arg;
}

uint32_t client_window(const struct client *client)
{
    return client->window;
}

bool client_is_probed(const struct client *client)
{
    const struct tcp_pcb *pcb = &client->pcb;
    return ip_get_option(pcb, SOF_KEEPALIVE) && pcb->keep_idle == HTTP_PROBE_S * 1000 &&
           pcb->keep_intvl == HTTP_PROBE_AGAIN_S * 1000 && pcb->keep_cnt == HTTP_PROBES;
}

uint32_t client_waiting(const struct client *client)
{
    return client->unacknowledged;
}

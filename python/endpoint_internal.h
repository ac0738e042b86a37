/* python/endpoint_internal.h: what endpoint.c (the pool, and what all kinds share), endpoint_tcp.c and endpoint_udp.c share. */
#ifndef PYTHON_ENDPOINT_INTERNAL_H
#define PYTHON_ENDPOINT_INTERNAL_H

#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "python/endpoint.h"

#define CHAIN_MAX 0xffff /* bytes: the length of a pbuf chain is 16 bits */
#define CHAINS_MAX (TCP_WND / (CHAIN_MAX - TCP_MSS) + 2)

enum kind { FREE, TCP_NEW, TCP_LISTENING, TCP_CONNECTING, TCP_CONNECTED, TCP_BROKEN, UDP };

struct datagram;

struct endpoint {
    uint8_t kind; /* enum kind */
    bool ended;   /* nothing more will be received */
    bool fin;     /* because the peer has sent all it will */
    bool shut;    /* we have sent all we will */
    bool starved; /* lwIP had no memory for a write: not writable until something was acknowledged */
    bool owed;    /* in the list of those with output that has not been sent */
    bool waiting; /* in a listener's queue */
    uint8_t interest; /* events that the worker wants to be woken for */
    int error;        /* told once */
    union {
        struct tcp_pcb *tcp; /* NULL also while TCP_CONNECTED: both sides have sent all they will, the rest is lwIP's */
        struct udp_pcb *udp;
    };
    struct pbuf *unread[CHAINS_MAX]; /* TCP: [0] is read next; a slot after the last is NULL */
    struct endpoint *next, *previous_owed; /* free list or accept queue; list of owed */
    struct endpoint *queue, **queue_end;   /* listener: connections that wait for accept */
    struct endpoint_address to;            /* UDP: connected to */
    bool to_set;
    struct datagram *datagrams; /* UDP: a ring of DATAGRAMS_MAX */
    uint32_t head, tail;
};

/* NULL: none left. */
struct endpoint *endpoint_take(enum kind kind);
void endpoint_give_back(struct endpoint *endpoint);

/* A connection that waits for accept. */
void endpoint_queue(struct endpoint *listener, struct endpoint *connection);

/* These events are there now. */
void endpoint_notify(struct endpoint *endpoint, uint32_t events);
int endpoint_errno_of(err_t error);

void endpoint_tcp_init(void);
struct endpoint *endpoint_tcp_new(void);
void endpoint_tcp_close(struct endpoint *endpoint);
int endpoint_tcp_bind(struct endpoint *endpoint, const struct endpoint_address *address);
int endpoint_tcp_listen(struct endpoint *endpoint, int backlog);
void endpoint_tcp_accepted(struct endpoint *endpoint);
int endpoint_tcp_connect(struct endpoint *endpoint, const struct endpoint_address *address);
int endpoint_tcp_shutdown(struct endpoint *endpoint, bool read, bool write);
intptr_t endpoint_tcp_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from, int *error);
intptr_t endpoint_tcp_send(struct endpoint *endpoint, const void *data, size_t size, int *error);
size_t endpoint_tcp_line_length(const struct endpoint *endpoint, size_t limit);
uint32_t endpoint_tcp_ready(const struct endpoint *endpoint); /* all that is there */
bool endpoint_tcp_peer(const struct endpoint *endpoint, struct endpoint_address *address);

struct endpoint *endpoint_udp_new(void);
void endpoint_udp_close(struct endpoint *endpoint);
intptr_t endpoint_udp_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from,
    int *error);
intptr_t endpoint_udp_send(struct endpoint *endpoint, const void *data, size_t size, int *error);
uint32_t endpoint_udp_ready(const struct endpoint *endpoint);

#endif

/* python/endpoint_internal.h: what endpoint.c (the pool, and what all kinds share) and the kinds' files share. */
#ifndef PYTHON_ENDPOINT_INTERNAL_H
#define PYTHON_ENDPOINT_INTERNAL_H

#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "python/endpoint.h"
#include "python/incoming.h"

#define CHAIN_MAX 0xffff /* bytes: the length of a pbuf chain is 16 bits */
#define CHAINS_MAX (TCP_WND / (CHAIN_MAX - TCP_MSS) + 2)

enum kind {
    FREE,
    TCP_NEW,
    TCP_LISTENING,
    TCP_CONNECTING,
    TCP_CONNECTED,
    TCP_BROKEN,
    UDP,
    HTTP_NEW, /* where there is no network of its own */
    HTTP_BOUND,
    HTTP_LISTENING,
    HTTP_REQUEST,
};

struct datagram;
struct endpoint_family;

struct endpoint {
    const struct endpoint_family *family;
    uint8_t kind;       /* enum kind */
    bool ended;         /* nothing more will be received */
    bool fin;           /* because the peer has sent all it will */
    bool shut;          /* we have sent all we will */
    bool write_blocked; /* a write found no memory, or not enough room: not writable until there is some again */
    bool owed;          /* in the list of those with output that has not been sent */
    bool waiting;       /* in a listener's queue */
    bool failed;        /* HTTP_REQUEST: the answer will not be complete */
    uint8_t interest;   /* events that the worker wants to be woken for */
    int error;          /* told once */
    union {
        struct tcp_pcb *tcp; /* NULL also while TCP_CONNECTED: both sides have sent all they will, the rest is lwIP's */
        struct udp_pcb *udp;
        struct incoming *incoming;
    };
    struct pbuf *unread[CHAINS_MAX];       /* TCP: [0] is read next; a slot after the last is NULL */
    struct endpoint *next, *previous_owed; /* free list or accept queue; list of owed */
    struct endpoint *queue, **queue_end;   /* listener: connections that wait for accept */
    struct endpoint_address to;            /* UDP, HTTP_REQUEST: the peer's; HTTP_BOUND, HTTP_LISTENING: its own */
    bool to_set;
    struct datagram *datagrams; /* UDP: a ring of DATAGRAMS_MAX */
    uint32_t head, tail;
};

/* What an endpoint can do, as told in python/endpoint.h. Called where it was made for that: endpoint.c sees to it. */
struct endpoint_family {
    void (*close)(struct endpoint *endpoint); /* it is given back by the caller */
    int (*bind)(struct endpoint *endpoint, const struct endpoint_address *address);
    int (*listen)(struct endpoint *endpoint, int backlog);
    void (*accepted)(struct endpoint *endpoint);
    int (*connect)(struct endpoint *endpoint, const struct endpoint_address *address);
    int (*shutdown)(struct endpoint *endpoint, bool read, bool write);
    intptr_t (*receive)(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from,
                        int *error);
    intptr_t (*send)(struct endpoint *endpoint, const void *data, size_t size, int *error);
    size_t (*line_length)(struct endpoint *endpoint, size_t limit);
    uint32_t (*ready)(const struct endpoint *endpoint); /* all that is there */
    bool (*local)(const struct endpoint *endpoint, struct endpoint_address *address);
    bool (*peer)(const struct endpoint *endpoint, struct endpoint_address *address);
};
extern const struct endpoint_family endpoint_tcp, endpoint_udp, endpoint_http;

/* NULL: none left. */
struct endpoint *endpoint_take(const struct endpoint_family *family, enum kind kind);
void endpoint_give_back(struct endpoint *endpoint);

/* A connection that waits for accept. */
void endpoint_queue(struct endpoint *listener, struct endpoint *connection);

/* These events are there now. */
void endpoint_notify(struct endpoint *endpoint, uint32_t events);
int endpoint_errno_of(err_t error);

void endpoint_tcp_init(void);
struct endpoint *endpoint_tcp_new(void);
struct endpoint *endpoint_udp_new(void);
bool endpoint_http_owns(uint16_t port);
struct endpoint *endpoint_http_new(void);
void endpoint_http_bind(struct endpoint *endpoint, const struct endpoint_address *address);

#endif

/* python/endpoint.h: TCP and UDP endpoints over lwIP's raw API (net/ip/ip.h), and requests of the site in their
 * clothes, without Python: nothing here waits or allocates from the garbage-collected heap. Events change an endpoint
 * and wake the worker if it asked for them.
 *
 * Errors are numbers of py/mperrno.h, 0: none. "Ready" is a mask of ENDPOINT_READ, _WRITE, _ERROR, _HANGUP
 * (MicroPython's MP_STREAM_POLL_ values).
 */
#ifndef PYTHON_ENDPOINT_H
#define PYTHON_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lwip/ip_addr.h"

#define ENDPOINT_READ 0x01
#define ENDPOINT_WRITE 0x04
#define ENDPOINT_ERROR 0x08
#define ENDPOINT_HANGUP 0x10

#define ENDPOINT_BACKLOG 128 /* connections that wait for accept, at least; a SYN beyond is dropped, and comes again */

struct endpoint;

struct endpoint_address {
    ip_addr_t ip;
    uint16_t port;
};

/* Without a network of its own (endpoint_init(false)) a program's sockets have the site's port, or none. */
void endpoint_init(bool network);
bool endpoint_available(void);
bool endpoint_has_network(void);

/* NULL: all are in use. */
struct endpoint *endpoint_new(bool udp);
void endpoint_close(struct endpoint *endpoint); /* what was written still goes out, and is all there was to say */
/* What was written is not all: of an answer to the site's client the close then tells it so. */
void endpoint_fail(struct endpoint *endpoint);
bool endpoint_is_udp(const struct endpoint *endpoint);

int endpoint_bind(struct endpoint *endpoint, const struct endpoint_address *address);
int endpoint_listen(struct endpoint *endpoint, int backlog);
bool endpoint_listens(const struct endpoint *endpoint);
/* Whether a connection waits for accept, and whose. It is then taken, or refused: a request of the site is told 503,
 * another connection is closed. */
bool endpoint_waits(struct endpoint *listener, struct endpoint_address *peer);
struct endpoint *endpoint_accept(struct endpoint *listener);
void endpoint_refuse(struct endpoint *listener);
/* EINPROGRESS: wait for write */
int endpoint_connect(struct endpoint *endpoint, const struct endpoint_address *address);
/* why a connection was not made, or broke; told once; 0: it stands */
int endpoint_take_error(struct endpoint *endpoint);
int endpoint_shutdown(struct endpoint *endpoint, bool read, bool write);

/* Bytes, or -1 with *error: EAGAIN when there is nothing (no room) now.
 * 0 from receive: the peer has sent all it will. */
intptr_t endpoint_receive(struct endpoint *endpoint, void *buffer, size_t size, struct endpoint_address *from,
                          int *error);
intptr_t endpoint_send(struct endpoint *endpoint, const void *data, size_t size, int *error);
intptr_t endpoint_send_to(struct endpoint *endpoint, const void *data, size_t size, const struct endpoint_address *to,
                          int *error);

/* Bytes up to and with the first line feed among those received, at most `limit`; when there is none, some of them:
 * call again after they were received. */
size_t endpoint_line_length(struct endpoint *endpoint, size_t limit);

/* Which of `events` (and errors, always) are there; the worker is woken when one of the others comes. */
uint32_t endpoint_ready(struct endpoint *endpoint, uint32_t events);

bool endpoint_local_address(const struct endpoint *endpoint, struct endpoint_address *address);
bool endpoint_peer_address(const struct endpoint *endpoint, struct endpoint_address *address);
void endpoint_set_keepalive(struct endpoint *endpoint, bool on);
void endpoint_set_broadcast(struct endpoint *endpoint, bool on);

/* Name to address. EINPROGRESS: *done becomes 1 (found) or -1 (not) later, with a wake; the lookup's memory is the
 * caller's until then: static, since a name server may answer late. */
struct endpoint_lookup {
    ip_addr_t ip;
    volatile int done;
};
int endpoint_look_up(const char *name, struct endpoint_lookup *lookup);

#endif

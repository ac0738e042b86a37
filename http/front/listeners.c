/* listeners.c: the ports that the front listens on: the description's, and one that the application asks for.
 *   consumes  a port that the application asks for, NOT trusted: any number
 *   produces  new connections (http/conn/transport_tcp.c)
 *   when full a port more than LISTENERS_MAX cannot be had
 */
#include "http/front/listeners.h"

#include "http/conn/transport_tcp.h"

#define LISTENERS_MAX 4
#define BACKLOG 128

static struct {
    struct tcp_pcb *listeners[LISTENERS_MAX];
    uint32_t listener_count;
} self;

bool http_owns(uint16_t port)
{
    for (uint32_t i = 0; i < self.listener_count; i++) {
        if (self.listeners[i]->local_port == port) {
            return true;
        }
    }
    return false;
}

static bool listen(uint16_t port, tcp_accept_fn accept)
{
    struct tcp_pcb *pcb = self.listener_count < LISTENERS_MAX ? tcp_new() : NULL;
    if (!pcb) {
        return false;
    }
    ip_set_option(pcb, SOF_REUSEADDR);
    bool bound = tcp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK;
    struct tcp_pcb *listener = bound ? tcp_listen_with_backlog(pcb, BACKLOG) : NULL;
    if (!listener) {
        tcp_close(pcb);
        return false;
    }
    tcp_accept(listener, accept);
    self.listeners[self.listener_count++] = listener;
    return true;
}

bool http_listen(uint16_t port)
{
    return http_owns(port) || listen(port, transport_tcp_accept);
}

bool http_listen_secured(uint16_t port)
{
    return !http_owns(port) && listen(port, transport_tcp_accept_above);
}

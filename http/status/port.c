/* port.c: the status port: a listener of its own, beside the site's.
 *   consumes  requests, of anybody who reaches the port, NOT trusted; paths.c answers them
 *   holds     CONNECTIONS connections (connection.h)
 *   when full a new client takes the place of the one that has been without a whole request for longest; if all have one it is
 *             reset
 */
#include "http/status.h"

#include "http/status/config.h"
#include "http/status/connection.h"
#include "http/status/measures.h"
#include "http/status/paths.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define CONNECTIONS 6
#define BACKLOG 4

static struct {
    struct status_connection connections[CONNECTIONS];
} self;

static err_t read_request(struct status_connection *c)
{
    struct http_request request;
    int status = http_request_parse(c->buffer, c->length, &request);
    if (status == HTTP_INCOMPLETE) {
        return ERR_OK;
    }
    return status == 0 ? status_serve(c, &request) : status_refuse(c, status);
}

/* A client that sends more before it has its answer is reset: there is one buffer. */
static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct status_connection *c = argument;
    if (!p && c->phase == STATUS_READS) {
        return status_end(c);
    }
    if (!p) {
        c->ends = true;
        return ERR_OK;
    }
    uint32_t count = p->tot_len;
    bool fits = c->phase == STATUS_READS && count <= HTTP_HEAD_MAX - c->length;
    if (fits) {
        pbuf_copy_partial(p, c->buffer + c->length, (uint16_t)count, 0);
        c->length += count;
        ip_tcp_recved(pcb, (uint16_t)count);
    }
    pbuf_free(p);
    return fits ? read_request(c) : status_reset(c);
}

static struct status_connection *take_place(void)
{
    struct status_connection *idle = NULL;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct status_connection *c = &self.connections[i];
        if (!c->pcb) {
            return c;
        }
        if (c->phase == STATUS_READS && (!idle || c->since_ns < idle->since_ns)) {
            idle = c;
        }
    }
    if (idle) {
        status_reset(idle);
    }
    return idle;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    if (error != ERR_OK || !pcb) {
        return ERR_VAL;
    }
    struct status_connection *c = take_place();
    if (!c) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    c->pcb = pcb;
    tcp_recv(pcb, on_received);
    status_begin(c);
    return ERR_OK;
}

static void on_address(void *context)
{
    log_line("status at http://%s:%u/", ip4addr_ntoa(&(const ip4_addr_t){.addr = ip_address()}), status_config.port);
}

void status_start(void)
{
    struct tcp_pcb *pcb = tcp_new();
    require(status_config.part_count <= STATUS_PARTS_MAX, "status: part_count", status_config.part_count);
    require(pcb && tcp_bind(pcb, IP_ADDR_ANY, status_config.port) == ERR_OK, "status: port", status_config.port);
    pcb = tcp_listen_with_backlog(pcb, BACKLOG);
    require(pcb, "status: no memory to listen on port", status_config.port);
    tcp_accept(pcb, on_accept);
    measures_begin();
    ip_on_address(on_address, NULL);
}

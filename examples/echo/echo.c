/* echo.c: what comes back from the network: echo (RFC 862), discard (RFC 863), character generator (RFC 864),
 * quote (RFC 865).
 *   consumes  TCP and UDP port 7, TCP ports 9, 17 and 19   from anybody, NOT trusted
 *   invariant a connection's received pbufs are queued once and freed once; its window opens by what has left the queue
 *   when full a connection whose peer does not read is not read either; a datagram that finds no memory is dropped
 */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"

#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "timer/client.h"

#define ECHO_PORT 7
#define DISCARD_PORT 9
#define QUOTE_PORT 17
#define CHARGEN_PORT 19
#define BACKLOG 128
#define PATTERN_LINE 74                    /* RFC 864: 72 printing characters, CR, LF */
#define PATTERN_PERIOD (95 * PATTERN_LINE) /* each line starts one character later */
#define CHUNK 16384                        /* bytes per write of the generator */

struct connection {
    struct pbuf *waiting; /* received, not yet written; of its first pbuf `written` bytes are */
    u16_t written;
    bool peer_done; /* it has sent FIN: when the queue is empty, so do we */
    u32_t position; /* of the generator, in the pattern */
};

static struct {
    const uint8_t *pattern;
    u32_t pattern_size; /* whole periods */
    struct connection connections[MEMP_NUM_TCP_PCB];
    struct connection *free[MEMP_NUM_TCP_PCB];
    u32_t free_count;
} self;

/* -- connections -- */

static void give_up(struct connection *connection)
{
    if (connection->waiting) {
        pbuf_free(connection->waiting);
    }
    self.free[self.free_count++] = connection;
}

/* lwIP's last word about a connection: its pcb is gone already. */
static void on_error(void *argument, err_t error)
{
    give_up(argument);
}

/* Closes; the pcb is lwIP's from here on. */
static err_t finish(struct tcp_pcb *pcb, struct connection *connection)
{
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    give_up(connection);
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb); /* no memory for a FIN */
        return ERR_ABRT;
    }
    return ERR_OK;
}

static struct connection *take_up(struct tcp_pcb *pcb)
{
    struct connection *connection = self.free[--self.free_count]; /* as many as there are pcbs */
    *connection = (struct connection){0};
    tcp_arg(pcb, connection);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
    return connection;
}

static void listen_on(u16_t port, tcp_accept_fn on_accept)
{
    struct tcp_pcb *pcb = tcp_new();
    require(pcb && tcp_bind(pcb, IP_ADDR_ANY, port) == ERR_OK, "echo: TCP port", port);
    pcb = tcp_listen_with_backlog(pcb, BACKLOG);
    require(pcb, "echo: no memory to listen on TCP port", port);
    tcp_accept(pcb, on_accept);
}

/* -- echo -- */

/* `length` bytes of the queue's first pbuf are written: its room in the window is free again. */
static void consume(struct tcp_pcb *pcb, struct connection *connection, u16_t length)
{
    struct pbuf *first = connection->waiting;
    connection->written = (u16_t)(connection->written + length);
    ip_tcp_recved(pcb, length);
    if (connection->written == first->len) {
        connection->waiting = first->next;
        if (first->next) {
            pbuf_ref(first->next);
        }
        pbuf_free(first);
        connection->written = 0;
    }
}

/* False: TCP takes no more at present. */
static bool write_first(struct tcp_pcb *pcb, struct connection *connection)
{
    struct pbuf *first = connection->waiting;
    u32_t left = (u32_t)first->len - connection->written;
    u16_t length = (u16_t)LWIP_MIN(left, tcp_sndbuf(pcb));
    if (left > 0) {
        const uint8_t *from = (const uint8_t *)first->payload + connection->written;
        u8_t flags = TCP_WRITE_FLAG_COPY | (first->next ? TCP_WRITE_FLAG_MORE : 0);
        if (length == 0 || ip_tcp_write(pcb, from, length, flags) != ERR_OK) {
            return false;
        }
    }
    consume(pcb, connection, length);
    return true;
}

static err_t echo(struct tcp_pcb *pcb, struct connection *connection);

/* Memory was short when nothing was left to be acknowledged, so no event would come: lwIP asks each half second. */
static err_t on_echo_poll(void *argument, struct tcp_pcb *pcb)
{
    return echo(pcb, argument);
}

static err_t echo(struct tcp_pcb *pcb, struct connection *connection)
{
    while (connection->waiting && write_first(pcb, connection)) {
    }
    if (!connection->waiting && connection->peer_done) {
        return finish(pcb, connection);
    }
    tcp_poll(pcb, connection->waiting ? on_echo_poll : NULL, 1);
    return tcp_output(pcb) == ERR_ABRT ? ERR_ABRT : ERR_OK;
}

static err_t on_echo_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct connection *connection = argument;
    if (!p) {
        connection->peer_done = true;
    } else if (connection->waiting) {
        pbuf_cat(connection->waiting, p);
    } else {
        connection->waiting = p;
    }
    return echo(pcb, connection);
}

static err_t on_echo_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct connection *connection = argument;
    return connection->waiting ? echo(pcb, connection) : ERR_OK;
}

static err_t on_echo_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    if (!pcb) {
        return ERR_OK; /* lwIP had none left: the peer will ask again */
    }
    take_up(pcb);
    tcp_recv(pcb, on_echo_received);
    tcp_sent(pcb, on_echo_sent);
    return ERR_OK;
}

static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
    (void)udp_sendto(pcb, p, from, port);
    pbuf_free(p);
}

/* -- discard -- */

static err_t on_discard_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    if (!p) {
        return finish(pcb, argument);
    }
    ip_tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t on_discard_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    if (pcb) {
        take_up(pcb);
        tcp_recv(pcb, on_discard_received);
    }
    return ERR_OK;
}

/* -- quote: one line, then we close first, so that the port pair is in TIME_WAIT here -- */

static err_t on_quote_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    static const char line[] = "Memory is what is left when the pointer is gone.\r\n";
    if (!pcb) {
        return ERR_OK;
    }
    struct connection *connection = take_up(pcb);
    (void)ip_tcp_write(pcb, line, sizeof(line) - 1, TCP_WRITE_FLAG_COPY);
    return finish(pcb, connection);
}

/* -- character generator: from a region that the NIC reads, until the peer has enough -- */

static void make_pattern(void)
{
    uint8_t *pattern = net_client_config.regions[1].base;
    self.pattern_size = (u32_t)(net_client_config.regions[1].size / PATTERN_PERIOD * PATTERN_PERIOD);
    for (u32_t i = 0; i < self.pattern_size; i++) {
        u32_t line = i / PATTERN_LINE, column = i % PATTERN_LINE;
        pattern[i] = column == 72 ? '\r' : column == 73 ? '\n' : (uint8_t)(' ' + (line + column) % 95);
    }
    self.pattern = pattern;
}

static err_t generate(struct tcp_pcb *pcb, struct connection *connection)
{
    u32_t room;
    while ((room = ip_tcp_room(pcb, true)) > 0) {
        u32_t length = LWIP_MIN(LWIP_MIN(CHUNK, room), self.pattern_size - connection->position);
        if (ip_tcp_write(pcb, self.pattern + connection->position, (u16_t)length, TCP_WRITE_FLAG_MORE) != ERR_OK) {
            break;
        }
        connection->position = (connection->position + length) % self.pattern_size;
    }
    return tcp_output(pcb) == ERR_ABRT ? ERR_ABRT : ERR_OK;
}

static err_t on_chargen_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    return generate(pcb, argument);
}

static err_t on_chargen_poll(void *argument, struct tcp_pcb *pcb)
{
    return generate(pcb, argument);
}

static err_t on_chargen_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    if (!pcb) {
        return ERR_OK;
    }
    struct connection *connection = take_up(pcb);
    tcp_recv(pcb, on_discard_received);
    tcp_sent(pcb, on_chargen_sent);
    tcp_poll(pcb, on_chargen_poll, 1);
    return generate(pcb, connection);
}

static void serve(void *context)
{
    log_line("echo: TCP and UDP port %d; TCP: discard %d, quote %d, character generator %d", ECHO_PORT, DISCARD_PORT,
             QUOTE_PORT, CHARGEN_PORT);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    for (u32_t i = 0; i < MEMP_NUM_TCP_PCB; i++) {
        self.free[self.free_count++] = &self.connections[i];
    }
    make_pattern();
    ip_init(&ip_config, &net_client_config);
    struct udp_pcb *udp = udp_new();
    require(udp && udp_bind(udp, IP_ADDR_ANY, ECHO_PORT) == ERR_OK, "echo: UDP port", ECHO_PORT);
    udp_recv(udp, on_datagram, NULL);
    listen_on(ECHO_PORT, on_echo_accept);
    listen_on(DISCARD_PORT, on_discard_accept);
    listen_on(QUOTE_PORT, on_quote_accept);
    listen_on(CHARGEN_PORT, on_chargen_accept);
    ip_on_address(serve, NULL);
    pd_flush();
}

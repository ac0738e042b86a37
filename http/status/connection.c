/* connection.c: an answer on its way, the time that it may take, the end.
 *   consumes  acknowledgements of a client, NOT trusted to send them
 *   holds     a buffer for the request, then for the answer; two segments of that are with TCP at a time, so that a client
 *             which does not read takes no memory of the site's
 *   ends      who sends nothing within 30 s; by reset, who has not sent all of a request by then, or not taken the
 *             answer within 10 s, or for whose answer there is no memory
 *   when full TCP has no room and nothing of the answer is under way: the connection is reset
 */
#include "http/status/connection.h"

#include "lib/pd.h"
#include "net/ip/ip.h"

#define S 1000000000ull
#define PIECE (2 * TCP_MSS)
#define HEAD_S 30   /* also between two requests */
#define ANSWER_S 10 /* for the client to take it */

/* -- the end -- */

static void forget(struct status_connection *c)
{
    timer_stop(&c->deadline);
    cache_cancel(&c->waiter);
    c->pcb = NULL;
}

/* lwIP's last word about a connection: its pcb is gone already. */
static void on_error(void *argument, err_t error)
{
    forget(argument);
}

static struct tcp_pcb *detach(struct status_connection *c)
{
    struct tcp_pcb *pcb = c->pcb;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    forget(c);
    return pcb;
}

err_t status_reset(struct status_connection *c)
{
    tcp_abort(detach(c));
    return ERR_ABRT;
}

err_t status_end(struct status_connection *c)
{
    struct tcp_pcb *pcb = detach(c);
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    return ERR_OK;
}

/* -- time -- */

static void on_deadline(void *context)
{
    struct status_connection *c = context;
    if (c->phase == STATUS_ASKS) {
        cache_cancel(&c->waiter);
        c->late(c);
    } else if (c->phase == STATUS_READS && c->length == 0) {
        status_end(c);
    } else {
        status_reset(c);
    }
}

static void wait(struct status_connection *c, enum status_phase phase, uint32_t seconds)
{
    c->phase = phase;
    c->since_ns = pd_now_ns();
    timer_start(&c->deadline, c->since_ns + seconds * S, on_deadline, c);
}

static void read_next(struct status_connection *c)
{
    c->length = 0;
    wait(c, STATUS_READS, HEAD_S);
}

/* -- answers -- */

static struct http_slice *rest(struct status_connection *c)
{
    return c->parts[0].length > 0 ? &c->parts[0] : &c->parts[1];
}

/* As much as may be with TCP. */
static err_t go_on(struct status_connection *c)
{
    for (struct http_slice *part = rest(c); part->length > 0 && c->under_way < PIECE; part = rest(c)) {
        uint32_t room = ip_tcp_room(c->pcb, false), most = PIECE - c->under_way;
        most = room < most ? room : most;
        uint32_t count = part->length < most ? part->length : most;
        if (count == 0 && c->under_way > 0) {
            break; /* an acknowledgement will come */
        }
        if (count == 0 || ip_tcp_write(c->pcb, part->at, (uint16_t)count, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            return status_reset(c);
        }
        part->at += count;
        part->length -= count;
        c->under_way += count;
    }
    tcp_output(c->pcb);
    return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, uint16_t count)
{
    struct status_connection *c = argument;
    c->under_way -= count;
    if (rest(c)->length > 0) {
        return go_on(c);
    }
    if (c->under_way > 0) {
        return ERR_OK;
    }
    if (c->ends) {
        return status_end(c);
    }
    read_next(c);
    return ERR_OK;
}

void status_ask(struct status_connection *c, uint32_t seconds, void (*late)(struct status_connection *c))
{
    c->late = late;
    wait(c, STATUS_ASKS, seconds);
}

err_t status_send(struct status_connection *c)
{
    wait(c, STATUS_ANSWERS, ANSWER_S);
    return go_on(c);
}

void status_begin(struct status_connection *c)
{
    c->under_way = 0;
    c->parts[0] = c->parts[1] = (struct http_slice){0};
    c->waiter = (struct cache_waiter){0};
    tcp_arg(c->pcb, c);
    tcp_err(c->pcb, on_error);
    tcp_sent(c->pcb, on_sent);
    tcp_nagle_disable(c->pcb);
    read_next(c);
}

/* server.c: the front as a whole: its ports, its pool of connections and their clocks.
 *   when full a new connection takes the place of an old one: of the one that has lingered longest; else of a client
 *             that has closed its side and waits for an answer; else of the one that has been idle longest; else of
 *             the one that has been at its head longest, which is told 408, if that is a second; else of the client
 *             that has taken nothing of its answer for longest, which is reset, if that is SILENT_NS; else of any at
 *             its head. If there is none the new one is reset. Connections that wait for files or the application are
 *             always fewer than the pool (server_may_wait)
 * One timer of lib serves all clocks: a list per limit, each ordered by time.
 */
#include "http/app_request.h"

#include <string.h>

#include "lib/pd.h"
#include "timer/client.h"

#define LISTENERS_MAX 4
#define BACKLOG 128
#define S 1000000000ull
#define FOREVER UINT64_MAX
#define LOOKS_MAX 32      /* at connections in the idle list, for one newcomer */
#define SILENT_NS (4 * S) /* of a client that takes nothing; less may be a segment lost */

struct list {
    struct connection *first, *last;
    uint32_t count;
};

static struct {
    struct connection connections[HTTP_CONNECTIONS_MAX];
    struct connection *free, *owed;
    bool queue_due;
    struct timer queue_timer;
    struct list lists[CLOCKS];
    struct timer timer;
    uint64_t timer_at_ns;
    uint32_t held; /* bytes of packets, by connections that wait */
    struct tcp_pcb *listeners[LISTENERS_MAX];
    uint32_t listener_count;
} self;

struct http_counters http_counts;

static const uint64_t limits_ns[CLOCKS] = {
    [CLOCK_HEAD] = HTTP_HEAD_S * S,     [CLOCK_IDLE] = HTTP_IDLE_S * S, [CLOCK_STALL] = HTTP_STALL_S * S,
    [CLOCK_LINGER] = HTTP_LINGER_S * S, [CLOCK_WAIT] = HTTP_WAIT_S * S, [CLOCK_QUEUE] = HTTP_APP_S * S,
    [CLOCK_GONE] = HTTP_GONE_S * S,     [CLOCK_APP] = HTTP_APP_S * S,
};

/* -- clocks -- */

static void take_out(struct list *list, struct connection *c)
{
    *(c->previous ? &c->previous->next : &list->first) = c->next;
    *(c->next ? &c->next->previous : &list->last) = c->previous;
    list->count--;
}

/* In the order of time; with one limit for all that is last. */
static void put_in(struct list *list, struct connection *c)
{
    struct connection *before = list->last, *after = NULL;
    while (before && before->due_ns > c->due_ns) {
        after = before;
        before = before->previous;
    }
    c->previous = before;
    c->next = after;
    *(before ? &before->next : &list->first) = c;
    *(after ? &after->previous : &list->last) = c;
    list->count++;
}

static void on_timer(void *context);

static void see_timer(uint64_t due_ns)
{
    if (due_ns < self.timer_at_ns) {
        self.timer_at_ns = due_ns;
        timer_start(&self.timer, due_ns, on_timer, NULL);
    }
}

void server_set_clock_for(struct connection *c, enum clock clock, uint64_t limit_ns)
{
    if (c->clock != CLOCK_NONE) {
        take_out(&self.lists[c->clock], c);
    }
    c->clock = clock;
    if (clock != CLOCK_NONE) {
        c->due_ns = pd_now_ns() + limit_ns;
        put_in(&self.lists[clock], c);
        see_timer(c->due_ns);
    }
}

void server_set_clock(struct connection *c, enum clock clock)
{
    server_set_clock_for(c, clock, limits_ns[clock]);
}

uint64_t server_limit_ns(enum clock clock)
{
    return limits_ns[clock];
}

uint64_t server_clock_age_ns(const struct connection *c)
{
    return pd_now_ns() + limits_ns[c->clock] - c->due_ns;
}

struct connection *server_oldest(enum clock clock)
{
    return self.lists[clock].first;
}

/* A connection that expires leaves its list, or is put at the list's end with a new limit. */
static void on_timer(void *context)
{
    uint64_t now = pd_now_ns(), next = FOREVER;
    self.timer_at_ns = 0; /* armed below, once */
    for (enum clock clock = CLOCK_HEAD; clock < CLOCKS; clock++) {
        struct connection *c;
        while ((c = self.lists[clock].first) != NULL && c->due_ns <= now) {
            connection_expire(c, clock);
        }
    }
    for (enum clock clock = CLOCK_HEAD; clock < CLOCKS; clock++) {
        const struct connection *c = self.lists[clock].first;
        next = c && c->due_ns < next ? c->due_ns : next;
    }
    self.timer_at_ns = FOREVER;
    if (next != FOREVER) {
        see_timer(next);
    }
}

/* -- how many may wait -- */

bool server_may_wait(const struct connection *c)
{
    const struct list *files = &self.lists[CLOCK_WAIT];
    if (c->clock >= CLOCK_WAIT) {
        return true; /* it does already */
    }
    if (c->state == QUEUED) {
        return self.lists[CLOCK_QUEUE].count < QUEUE_MAX;
    }
    bool slow = files->first && server_clock_age_ns(files->first) >= S;
    return files->count + self.lists[CLOCK_GONE].count < (slow ? WAITERS_SLOW : WAITERS_MAX);
}

bool server_held(int32_t more)
{
    self.held += (uint32_t)more;
    return self.held <= HELD_MAX;
}

/* -- the pool -- */

/* Those of the first ones whose answer is on its way go to their own list, each once for an answer. NULL: none is idle,
 * or a newcomer may not look at more of them. */
static struct connection *oldest_idle(void)
{
    for (uint32_t left = LOOKS_MAX; left > 0; left--) {
        struct connection *c = self.lists[CLOCK_IDLE].first;
        if (!c || !connection_stalls(c)) {
            return c;
        }
    }
    return NULL;
}

static struct connection *oldest_from(enum clock clock, uint64_t age_ns)
{
    struct connection *c = self.lists[clock].first;
    return c && server_clock_age_ns(c) >= age_ns ? c : NULL;
}

static void make_way(void)
{
    struct connection *c = self.lists[CLOCK_LINGER].first;
    c = c ? c : self.lists[CLOCK_GONE].first;
    c = c ? c : oldest_idle();
    c = c ? c : oldest_from(CLOCK_HEAD, S);
    c = c ? c : oldest_from(CLOCK_STALL, SILENT_NS);
    c = c ? c : self.lists[CLOCK_HEAD].first;
    if (c) {
        connection_give_way(c);
    }
}

struct connection *server_take(void)
{
    if (!self.free) {
        make_way();
    }
    struct connection *c = self.free;
    if (c) {
        self.free = c->next;
        http_counts.connections++;
    }
    return c;
}

void server_give_back(struct connection *c)
{
    c->next = self.free;
    self.free = c;
    http_counts.connections--;
}

/* -- output that lwIP does not send by itself at the end of a callback -- */

void server_owe(struct connection *c)
{
    if (!c->owed) {
        c->owed = true;
        c->next_owed = self.owed;
        self.owed = c;
    }
}

void server_forget_owed(struct connection *c)
{
    for (struct connection **at = &self.owed; c->owed && *at; at = &(*at)->next_owed) {
        if (*at == c) {
            *at = c->next_owed;
            c->owed = false;
            break;
        }
    }
}

static void send_owed(void *context)
{
    while (self.owed) {
        struct connection *c = self.owed;
        self.owed = c->next_owed;
        c->owed = false;
        tcp_output(c->tcp);
    }
}

/* -- who waits for a place with the application -- */

static void serve_queue(void *context)
{
    self.queue_due = false;
    app_request_serve_queue();
}

void server_serve_queue_soon(void)
{
    bool any_waits = self.lists[CLOCK_QUEUE].first || self.lists[CLOCK_GONE].first;
    if (any_waits && !self.queue_due) {
        self.queue_due = true;
        timer_start(&self.queue_timer, pd_now_ns(), serve_queue, NULL);
    }
}

bool server_queue_is_due(void)
{
    return self.queue_due;
}

/* -- changes -- */

void http_path_changed(const char *path, uint32_t length, bool below)
{
    site_path_changed(path, length, below);
}

/* -- ports -- */

bool http_owns(uint16_t port)
{
    for (uint32_t i = 0; i < self.listener_count; i++) {
        if (self.listeners[i]->local_port == port) {
            return true;
        }
    }
    return false;
}

bool http_listen(uint16_t port)
{
    if (http_owns(port)) {
        return true;
    }
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
    tcp_accept(listener, connection_accept);
    self.listeners[self.listener_count++] = listener;
    return true;
}

void http_counters(struct http_counters *counters)
{
    *counters = http_counts;
}

void http_init(const struct app_config *app)
{
    for (uint32_t i = HTTP_CONNECTIONS_MAX; i-- > 0;) {
        self.connections[i].next = self.free;
        self.free = &self.connections[i];
    }
    self.timer_at_ns = FOREVER;
    pd_before_flush(send_owed, NULL);
    if (app) {
        app_request_init(app);
    }
}

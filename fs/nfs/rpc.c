/* fs/nfs/rpc.c: see the header.
 *   consumes  readiness of the socket, asked for at the end of every event of this PD (pd_before_flush)
 *   produces  calls to libnfs, which reads and writes the socket and calls back
 *   invariant libnfs' context is destroyed only from pump(), never below one of its own callbacks; a call has a ticket,
 *             or is in `lost`, or is its owner's; a ticket is `live` while somebody waits for its reply
 *   time      a connection that owes replies and is silent for NFS_RPC_SILENCE_NS is given up, until then its peer is
 *             asked each NFS_RPC_ASK_NS, so that one that is back is heard at once; a reply that has
 *             not come NFS_RPC_REPLY_NS after one to a later call, or as much later as its owner says, is lost, and
 *             so is only its call. Both by one timer, armed only while something is owed
 *   when full what the socket does not take waits in libnfs' queue, in its heap; no memory there: LOST_MEMORY. An event
 *             ends after ROUNDS_MAX turns, whatever is ready: the rest follows at the next, BREATH_NS later at most.
 *             More than ORPHANS_MAX replies owed that nobody waits for: the connection is made anew, which frees them
 * libnfs' own reconnection and timeouts stay off: the first resumes in the middle of a reply, the second loses track of
 * its queue. So a call cannot be taken back from libnfs: its ticket is left there, without a call, as an orphan. An
 * answer that comes late after all finds it, and ends there.
 */
#include "lib/pd.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <poll.h>
#include "fs/nfs/config.h"
#include "fs/nfs/counters.h"
#include "fs/nfs/rpc.h"
#include "fs/nfs/socket.h"
#include "fs/server.h"
#include "lib/list.h"
#include "lib/random.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define ROUNDS_MAX 64
#define BREATH_NS (1000ull * 1000)
#define MEMORY_NS (100ull * 1000 * 1000)
#define ORPHANS_MAX 8
#define TICKETS_MAX (FS_JOBS_MAX + 1 + ORPHANS_MAX + FS_JOBS_MAX) /* the last: forgotten all at once */

struct nfs_rpc_ticket {
    struct list_link live;       /* in the order in which calls were made */
    struct nfs_rpc_ticket *next; /* free */
    struct nfs_rpc_call *call;   /* NULL: an orphan */
    uint64_t overtaken_ns;       /* since when a later call has its reply; 0: none has */
};

static struct {
    void (*up)(void);
    void (*down)(bool silent);
    struct rpc_context *rpc;
    bool connected, closing, broken, silent, pumping;
    char next_address[16]; /* a connection to make once the old one is gone; "": none */
    uint16_t next_port;
    uint64_t heard_ns;
    struct timer watch, breath;
    struct nfs_rpc_ticket tickets[TICKETS_MAX], *free;
    struct list live;                /* tickets, without orphans */
    struct list_link *not_overtaken; /* the first in `live`; NULL: none */
    uint32_t orphans;
    struct nfs_rpc_call *lost;
    char why[128];
} self;

const char *nfs_rpc_why(void)
{
    return self.why;
}

struct rpc_context *nfs_rpc_context(void)
{
    return self.rpc;
}

/* The first reason is the cause. libnfs begins with where in libnfs it was. */
static void note_why(const char *why)
{
    static const char where[] = "socket error ";
    const char *what = why ? strstr(why, where) : NULL;

    if (!self.why[0]) {
        snprintf(self.why, sizeof(self.why), "%s", what ? what + sizeof(where) - 1 : why ? why : "unknown");
    }
}

static void break_off(const char *why)
{
    note_why(why);
    self.closing = self.broken = true;
}

bool nfs_rpc_break(const char *why)
{
    if (self.rpc && !self.closing) {
        self.why[0] = '\0';
        break_off(why);
    }
    return self.broken;
}

/* -- tickets -- */

static bool owed(void)
{
    return !list_is_empty(&self.live);
}

static void ticket_free(struct nfs_rpc_ticket *ticket)
{
    ticket->next = self.free;
    self.free = ticket;
}

static void unlink_live(struct nfs_rpc_ticket *ticket)
{
    if (self.not_overtaken == &ticket->live) {
        self.not_overtaken = list_next(&self.live, &ticket->live);
    }
    list_remove(&ticket->live);
    nfs_counts()->calls_under_way--;
}

/* A reply has come to this one: those made before it are overtaken. Each is passed here once. */
static void overtake(const struct nfs_rpc_ticket *ticket)
{
    if (ticket->overtaken_ns) {
        return;
    }
    while (self.not_overtaken != &ticket->live) {
        LIST_ITEM(struct nfs_rpc_ticket, live, self.not_overtaken)->overtaken_ns = self.heard_ns;
        self.not_overtaken = list_next(&self.live, self.not_overtaken);
    }
}

static void lose(struct nfs_rpc_call *call, enum nfs_rpc_loss how)
{
    call->how = how;
    call->next = self.lost;
    self.lost = call;
}

/* libnfs keeps the ticket; nobody waits for its reply. */
static void orphan(struct nfs_rpc_ticket *ticket)
{
    unlink_live(ticket);
    ticket->call->ticket = NULL;
    ticket->call = NULL;
    if (++self.orphans > ORPHANS_MAX && !self.closing) {
        self.why[0] = '\0';
        break_off("answers are lost");
    }
}

void nfs_rpc_forget(struct nfs_rpc_call *call)
{
    struct nfs_rpc_call **link = &self.lost;

    if (call->ticket) {
        orphan(call->ticket);
        return;
    }
    while (*link && *link != call) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = call->next;
    }
}

/* -- what is not heard -- */

static bool waiting(void)
{
    return self.rpc && !self.closing && (owed() || !self.connected);
}

/* UINT64_MAX: nothing was answered that was asked after it. */
static uint64_t lost_at(const struct nfs_rpc_ticket *ticket)
{
    uint64_t wait_ns = ticket->call->reply_ns;

    if (!ticket->overtaken_ns) {
        return UINT64_MAX;
    }
    return ticket->overtaken_ns + (wait_ns > NFS_RPC_REPLY_NS ? wait_ns : NFS_RPC_REPLY_NS);
}

static void on_watch(void *context)
{
    uint64_t now = pd_now_ns(), limit = self.heard_ns + (self.connected ? NFS_RPC_SILENCE_NS : NFS_RPC_CONNECT_NS);
    uint64_t earliest = now + NFS_RPC_ASK_NS;

    if (!waiting()) {
        return;
    }
    if (now >= limit) {
        break_off("no answer"); /* pump() sees it at the end of this event */
        self.silent = true;
        return;
    }
    if (now >= self.heard_ns + NFS_RPC_ASK_NS) {
        socket_ask_again(rpc_get_fd(self.rpc));
    }
    for (struct list_link *link = list_first(&self.live), *next; link; link = next) {
        struct nfs_rpc_ticket *ticket = LIST_ITEM(struct nfs_rpc_ticket, live, link);
        uint64_t due = lost_at(ticket);
        next = list_next(&self.live, link);
        if (now >= due) {
            lose(ticket->call, LOST_REPLY);
            orphan(ticket);
        } else if (due < earliest) {
            earliest = due;
        }
    }
    timer_start(&self.watch, earliest < limit ? earliest : limit, on_watch, NULL);
}

/* What is owed from now on is due NFS_RPC_SILENCE_NS from now, unless something else is already owed. */
static void expect_reply(void)
{
    if (!owed() || !self.watch.armed) {
        self.heard_ns = pd_now_ns();
    }
    if (!self.watch.armed) {
        timer_start(&self.watch, self.heard_ns + NFS_RPC_ASK_NS, on_watch, NULL);
    }
}

/* -- calls -- */

void *nfs_rpc_ticket(struct nfs_rpc_call *call)
{
    struct nfs_rpc_ticket *ticket = self.free;

    assert(ticket && !call->ticket); /* one call of each job and one of the mount's, and orphans are bounded */
    self.free = ticket->next;
    *ticket = (struct nfs_rpc_ticket){.call = call};
    call->ticket = ticket;
    return ticket;
}

void nfs_rpc_made(struct nfs_rpc_call *call, int result)
{
    struct nfs_rpc_ticket *ticket = call->ticket;

    if (result != 0) { /* no memory: libnfs has checked nothing else */
        call->ticket = NULL;
        ticket_free(ticket);
        lose(call, LOST_MEMORY);
        if (self.orphans && !self.closing) { /* there is what orphans hold */
            self.why[0] = '\0';
            break_off("answers are lost, and there is no memory beside them");
        }
        return;
    }
    trace(nfs_called, ticket, 0);
    expect_reply();
    list_add_last(&self.live, &ticket->live);
    nfs_counts()->calls_under_way++;
    if (!self.not_overtaken) {
        self.not_overtaken = &ticket->live;
    }
}

void nfs_rpc_callback(struct rpc_context *rpc, int status, void *data, void *context)
{
    struct nfs_rpc_ticket *ticket = context;
    struct nfs_rpc_call *call = ticket->call;

    trace(nfs_replied, ticket, status);
    self.heard_ns = pd_now_ns();
    if (!call) {
        self.orphans--;
        ticket_free(ticket);
        return;
    }
    if (status == RPC_STATUS_SUCCESS) {
        overtake(ticket);
    }
    unlink_live(ticket);
    ticket_free(ticket);
    call->ticket = NULL;
    if (status == RPC_STATUS_SUCCESS) {
        call->reply(call, data);
        return;
    }
    if (status == RPC_STATUS_ERROR && !self.closing) {
        self.why[0] = '\0';
        note_why(data);
    }
    lose(call, LOST_REFUSED);
}

static void count_lost(enum nfs_rpc_loss how)
{
    struct nfs_counters *counts = nfs_counts();

    switch (how) {
    case LOST_CONNECTION: counts->lost_connection++; break;
    case LOST_REPLY: counts->lost_reply++; break;
    case LOST_MEMORY: counts->lost_memory++; break;
    case LOST_REFUSED: counts->lost_refused++; break;
    }
}

/* The list is taken out first: the owner of a lost call may make another one, which may be lost at once. With the
 * connection all are lost, whatever happened to them before. */
static bool settle_lost(bool connection)
{
    struct nfs_rpc_call *call = self.lost;
    bool any = call != NULL;

    self.lost = NULL;
    while (call) {
        struct nfs_rpc_call *next = call->next;
        enum nfs_rpc_loss how = connection ? LOST_CONNECTION : call->how;
        count_lost(how);
        call->lost(call, how);
        call = next;
    }
    return any;
}

/* -- the connection -- */

static void on_connect(struct rpc_context *rpc, int status, void *data, void *context)
{
    if (status == RPC_STATUS_SUCCESS) {
        self.connected = true;
        nfs_counts()->connections++;
        self.heard_ns = pd_now_ns();
        self.up();
    } else if (!self.closing) {
        note_why(data);
    }
}

static void start(void)
{
    char address[sizeof(self.next_address)];

    memcpy(address, self.next_address, sizeof(address));
    self.next_address[0] = '\0';
    self.why[0] = '\0';
    self.connected = false;
    self.rpc = rpc_init_context();
    if (!self.rpc) {
        break_off("out of memory");
        return;
    }
    rpc_set_next_xid(self.rpc, random_word());
    if (rpc_connect_async(self.rpc, address, self.next_port, on_connect, NULL) != 0) {
        break_off(rpc_get_error(self.rpc));
        return;
    }
    expect_reply();
}

static void finish_closing(void)
{
    bool was_broken = self.broken, was_silent = self.silent;

    nfs_counts()->silences += was_silent;
    self.connected = false;
    if (self.rpc) {
        rpc_destroy_context(self.rpc); /* every call still with it comes back, lost, and every orphan */
        self.rpc = NULL;
    }
    self.closing = self.broken = self.silent = false;
    timer_stop(&self.watch);
    settle_lost(true);
    if (was_broken) {
        self.down(was_silent);
    }
    if (self.next_address[0]) {
        self.closing = self.broken = false;
        start();
    }
}

/* One turn of the pump; false: nothing is left to do at this event. */
static bool turn(void)
{
    if (self.closing) {
        finish_closing();
        return true;
    }
    if (settle_lost(false)) {
        return true;
    }
    if (!self.rpc) {
        return false;
    }
    int events = socket_events(rpc_get_fd(self.rpc), rpc_which_events(self.rpc));
    if (!events) {
        return false;
    }
    if (events & POLLIN) {
        self.heard_ns = pd_now_ns(); /* also a part of a reply: a slow network is not silence */
    }
    if (rpc_service(self.rpc, events) < 0) {
        break_off(rpc_get_error(self.rpc));
    }
    return true;
}

static void on_breath(void *context)
{
    /* The end of this event is what it is for: pump(). */
}

/* Until nothing is ready: a connection that closes here may be followed by the next, which begins here, too. That ends
 * by itself, since what is ready is what this event has brought and what memory there is; should it not, others have
 * the processor before it goes on. */
static void pump(void *context)
{
    uint32_t rounds = 0;

    if (self.pumping) {
        return;
    }
    self.pumping = true;
    while (rounds < ROUNDS_MAX && turn()) {
        rounds++;
    }
    bool flushed = !self.rpc || socket_flush(rpc_get_fd(self.rpc));
    if (rounds == ROUNDS_MAX) {
        timer_start(&self.breath, pd_now_ns() + BREATH_NS, on_breath, NULL);
    } else if (!flushed && !self.breath.armed) {
        timer_start(&self.breath, pd_now_ns() + MEMORY_NS, on_breath, NULL);
    }
    self.pumping = false;
}

void nfs_rpc_open(const char *address, uint16_t port)
{
    snprintf(self.next_address, sizeof(self.next_address), "%s", address);
    self.next_port = port;
    self.closing = true; /* also where there is nothing to close: pump() starts what comes next */
    self.broken = false;
}

void nfs_rpc_close(void)
{
    self.next_address[0] = '\0';
    self.closing = self.rpc != NULL;
    self.broken = false;
}

void nfs_rpc_init(void (*up)(void), void (*down)(bool silent))
{
    self.up = up;
    self.down = down;
    list_init(&self.live);
    for (uint32_t i = 0; i < TICKETS_MAX; i++) {
        ticket_free(&self.tickets[i]);
    }
    pd_before_flush(pump, NULL);
}

/* fs/nfs/connection.c: see the header.
 *   consumes  readiness of the socket, asked for at the end of every event of this PD (pd_before_flush)
 *   produces  calls to libnfs, which reads and writes the socket and calls back
 *   invariant libnfs' context is destroyed only from pump(), never below one of its own callbacks; a call is in libnfs'
 *             hands, or in `lost`, or its owner's
 *   time      a connection that owes answers and is silent for SILENCE_NS is given up: the only timer here, and armed
 *             only while something is owed
 * libnfs' own reconnection and timeouts stay off: the first resumes in the middle of a reply, the second loses track of
 * its queue.
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>
#include <poll.h>
#include "fs/nfs/config.h"
#include "fs/nfs/connection.h"
#include "fs/nfs/socket.h"
#include "net/ip/ip.h"
#include "timer/client.h"

#define SILENCE_NS (10ull * 1000 * 1000 * 1000)

static struct {
    void (*up)(void);
    void (*down)(void);
    struct rpc_context *rpc;
    bool connected, closing, broken, pumping;
    char next_address[16]; /* a connection to make once the old one is gone; "": none */
    uint16_t next_port;
    uint32_t owed; /* answers */
    uint64_t heard_ns;
    struct timer silence;
    struct connection_call *lost;
    char why[128];
} self;

const char *connection_why(void)
{
    return self.why;
}

struct rpc_context *connection_rpc(void)
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

/* Silence. */

static bool waiting(void)
{
    return self.rpc && !self.closing && (self.owed > 0 || !self.connected);
}

static void on_silence(void *context)
{
    uint64_t limit = self.heard_ns + SILENCE_NS;

    if (!waiting()) {
        return;
    }
    if (pd_now_ns() < limit) {
        timer_start(&self.silence, limit, on_silence, NULL);
        return;
    }
    break_off("no answer"); /* pump() sees it at the end of this event */
}

/* What is owed from now on is due SILENCE_NS from now, unless something else is already owed. */
static void expect_answer(void)
{
    if (!self.silence.armed) {
        self.heard_ns = pd_now_ns();
        timer_start(&self.silence, self.heard_ns + SILENCE_NS, on_silence, NULL);
    } else if (self.owed == 0) {
        self.heard_ns = pd_now_ns();
    }
}

/* Calls. */

static void lose(struct connection_call *call)
{
    call->next = self.lost;
    self.lost = call;
}

void connection_made(struct connection_call *call, int result)
{
    expect_answer();
    if (result == 0) {
        self.owed++;
    } else {
        lose(call);
    }
}

void connection_callback(struct rpc_context *rpc, int status, void *data, void *context)
{
    struct connection_call *call = context;

    self.owed--;
    self.heard_ns = pd_now_ns();
    if (status == RPC_STATUS_SUCCESS) {
        call->reply(call, data);
        return;
    }
    if (status == RPC_STATUS_ERROR && !self.closing) {
        self.why[0] = '\0';
        note_why(data);
    }
    lose(call);
}

/* The list is taken first: who loses a call may make another, which may be lost at once. */
static void settle_lost(bool connection)
{
    struct connection_call *call = self.lost;

    self.lost = NULL;
    while (call) {
        struct connection_call *next = call->next;
        call->lost(call, connection);
        call = next;
    }
}

/* The connection. */

static void on_connect(struct rpc_context *rpc, int status, void *data, void *context)
{
    if (status == RPC_STATUS_SUCCESS) {
        self.connected = true;
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
    self.owed = 0;
    self.rpc = rpc_init_context();
    if (!self.rpc) {
        break_off("out of memory");
        return;
    }
    rpc_set_next_xid(self.rpc, ip_random());
    if (rpc_connect_async(self.rpc, address, self.next_port, on_connect, NULL) != 0) {
        break_off(rpc_get_error(self.rpc));
        return;
    }
    expect_answer();
}

static void finish_closing(void)
{
    bool was_broken = self.broken;

    self.connected = false;
    if (self.rpc) {
        rpc_destroy_context(self.rpc); /* every call still with it comes back, lost */
        self.rpc = NULL;
    }
    self.closing = self.broken = false;
    timer_stop(&self.silence);
    settle_lost(true);
    if (was_broken) {
        self.down();
    }
    if (self.next_address[0]) {
        self.closing = self.broken = false;
        start();
    }
}

/* Until nothing is ready: a connection that closes here may be followed by the next, which begins here, too. */
static void pump(void *context)
{
    if (self.pumping) {
        return;
    }
    self.pumping = true;
    for (;;) {
        if (self.closing) {
            finish_closing();
            if (self.closing) {
                continue;
            }
        }
        settle_lost(false);
        if (self.closing) {
            continue;
        }
        if (!self.rpc) {
            break;
        }
        int events = socket_events(rpc_get_fd(self.rpc)) & (rpc_which_events(self.rpc) | POLLERR | POLLHUP);
        if (!events) {
            socket_flush(rpc_get_fd(self.rpc));
            break;
        }
        if (events & POLLIN) {
            self.heard_ns = pd_now_ns(); /* also a part of an answer: a slow network is not silence */
        }
        if (rpc_service(self.rpc, events) < 0) {
            break_off(rpc_get_error(self.rpc));
        }
    }
    self.pumping = false;
}

void connection_open(const char *address, uint16_t port)
{
    snprintf(self.next_address, sizeof(self.next_address), "%s", address);
    self.next_port = port;
    self.closing = true; /* also where there is nothing to close: pump() starts what comes next */
    self.broken = false;
}

void connection_close(void)
{
    self.next_address[0] = '\0';
    self.closing = self.rpc != NULL;
    self.broken = false;
}

void connection_init(void (*up)(void), void (*down)(void))
{
    self.up = up;
    self.down = down;
    pd_before_flush(pump, NULL);
}

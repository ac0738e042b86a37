/* tests/unit/fs_nfs_rpc.c: the NFS connection over a libnfs and a socket that the test plays: replies that do
 * not come, that come late, and readiness that does not end.
 */
#include <poll.h>
#include <string.h>

#include "fs/nfs/counters.h"
#include "fs/nfs/rpc.h"
#include "fs/nfs/socket.h"
#include "fs/server.h"
#include "tests/unit/fake_microkit.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)
#define TIMER 5
#define QUEUE_MAX 256

static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};

/* libnfs: a queue of private data. */
static struct {
    int context;
    bool there, connecting;
    rpc_cb connect_cb;
    void *queue[QUEUE_MAX];
    uint32_t count, services, made;
    int error;
    bool memory, no_context, no_socket, refuses, nests;
    char address[16];
    int port;
} rpc = {.memory = true};
static int events;
static bool flushed = true;

struct rpc_context *rpc_init_context(void)
{
    CHECK(!rpc.there);
    if (rpc.no_context) {
        return NULL;
    }
    rpc.there = true;
    rpc.made++;
    return (struct rpc_context *)(void *)&rpc.context;
}

void rpc_destroy_context(struct rpc_context *context)
{
    rpc.there = false;
    while (rpc.count) {
        nfs_rpc_callback(context, RPC_STATUS_CANCEL, NULL, rpc.queue[--rpc.count]);
    }
}

int rpc_connect_async(struct rpc_context *context, const char *server, int port, rpc_cb cb, void *data)
{
    snprintf(rpc.address, sizeof(rpc.address), "%s", server);
    rpc.port = port;
    rpc.connect_cb = cb;
    rpc.connecting = !rpc.no_socket;
    return rpc.no_socket ? -1 : 0;
}

void rpc_set_next_xid(struct rpc_context *context, uint32_t xid) {}

int rpc_get_fd(struct rpc_context *context)
{
    return 3;
}

char *rpc_get_error(struct rpc_context *context)
{
    return "an error";
}

int rpc_which_events(struct rpc_context *context)
{
    return POLLIN | POLLOUT;
}

int rpc_service(struct rpc_context *context, int revents)
{
    rpc.services++;
    CHECK(rpc.services < 10000); /* the pump does not end */
    if (rpc.nests) {
        pd_flush();
    }
    if (rpc.refuses) {
        rpc.connecting = false;
        rpc.connect_cb(context, RPC_STATUS_ERROR, "rpc_service: socket error Connection refused(111)", NULL);
        return -1;
    }
    if (rpc.connecting) {
        rpc.connecting = false;
        events = 0;
        rpc.connect_cb(context, RPC_STATUS_SUCCESS, NULL, NULL);
    }
    return rpc.error;
}

int socket_events(int fd, int wanted)
{
    return events & (wanted | POLLERR);
}

bool socket_flush(int fd)
{
    bool was = flushed;

    flushed = true;
    return was;
}

static uint32_t asked_again;

void socket_ask_again(int fd)
{
    CHECK_EQUAL(fd, 3);
    asked_again++;
}

uint32_t random_word(void)
{
    return 4;
}

/* -- the owner of calls -- */

static struct asked {
    struct nfs_rpc_call call; /* first */
    uint32_t replies, losses;
    enum nfs_rpc_loss how;
} asked[FS_JOBS_MAX + 1];
static uint32_t ups, downs, silences;

static void on_reply(struct nfs_rpc_call *call, void *result)
{
    ((struct asked *)(void *)call)->replies++;
}

static void on_lost(struct nfs_rpc_call *call, enum nfs_rpc_loss how)
{
    struct asked *a = (struct asked *)(void *)call;

    a->losses++;
    a->how = how;
}

static int queue(void *ticket)
{
    if (!rpc.memory) {
        return -1;
    }
    CHECK(rpc.count < QUEUE_MAX);
    rpc.queue[rpc.count++] = ticket;
    return 0;
}

static void ask(struct asked *a)
{
    *a = (struct asked){.call = {.reply = on_reply, .lost = on_lost}};
    nfs_rpc_made(&a->call, queue(nfs_rpc_ticket(&a->call)));
}

static void reply(void *ticket)
{
    for (uint32_t i = 0; i < rpc.count; i++) {
        if (rpc.queue[i] == ticket) {
            memmove(&rpc.queue[i], &rpc.queue[i + 1], (--rpc.count - i) * sizeof(rpc.queue[0]));
            nfs_rpc_callback(nfs_rpc_context(), RPC_STATUS_SUCCESS, "a reply", ticket);
            return;
        }
    }
    CHECK(!"asked");
}

static void at(uint64_t ns)
{
    fake_set_now_ns(ns);
    fake_wake(FAKE_BIT(TIMER));
}

static void on_up(void)
{
    ups++;
}

static void on_down(bool silent)
{
    downs++;
    silences += silent;
}

static void connect(void)
{
    uint32_t before = ups;

    nfs_rpc_open("10.0.0.1", 2049);
    events = POLLOUT;
    pd_flush();
    CHECK_EQUAL(ups, before + 1);
}

/* One reply is lost while others come: its call alone is, two seconds after it was overtaken; the late reply ends in
 * nothing. */
static void test_a_lost_reply(void)
{
    at(100 * S);
    ask(&asked[0]);
    void *first = rpc.queue[0];
    at(101 * S);
    ask(&asked[1]);
    reply(rpc.queue[1]);
    for (uint64_t t = 102; t < 103; t++) {
        at(t * S);
        ask(&asked[2]);
        reply(rpc.queue[1]);
        CHECK(asked[2].replies == 1 && asked[0].losses == 0);
    }
    at(103 * S);
    CHECK(asked[0].losses == 1 && asked[0].how == LOST_REPLY && asked[0].replies == 0 && downs == 0);
    CHECK(nfs_counts()->lost_reply == 1 && nfs_counts()->lost_connection == 0 && nfs_counts()->calls_under_way == 0);
    ask(&asked[0]);
    reply(first); /* the late one: not for the call that was made again */
    CHECK(asked[0].replies == 0);
    reply(rpc.queue[0]);
    CHECK(asked[0].replies == 1 && rpc.count == 0);
    at(140 * S);
    CHECK(downs == 0 && asked[0].losses == 0);
}

/* Its owner may give it more time. */
static void test_more_time(void)
{
    at(150 * S);
    ask(&asked[0]);
    asked[0].call.reply_ns = 12 * S;
    ask(&asked[1]);
    ask(&asked[2]);
    reply(rpc.queue[2]);
    for (uint64_t t = 151; t < 162; t++) {
        at(t * S);
        ask(&asked[3]);
        reply(rpc.queue[rpc.count - 1]);
        CHECK(asked[0].losses == 0 && asked[1].losses == (t >= 152));
    }
    at(162 * S);
    CHECK(asked[0].losses == 1 && asked[0].how == LOST_REPLY && downs == 0);
    CHECK_EQUAL(rpc.count, 2);
    reply(rpc.queue[0]);
    reply(rpc.queue[0]);
    CHECK(rpc.count == 0 && downs == 0);
}

/* Replies that come late, but in order, are not lost; nor does a reply to an earlier call say anything. */
static void test_a_slow_server(void)
{
    at(200 * S);
    for (uint32_t i = 0; i < 20; i++) {
        ask(&asked[i]);
    }
    for (uint32_t i = 0; i < 20; i++) {
        at(200 * S + (i + 1) * 9 * S);
        reply(rpc.queue[0]);
        CHECK(asked[i].replies == 1);
    }
    CHECK(downs == 0);
}

static void test_silence(void)
{
    at(400 * S);
    ask(&asked[0]);
    ask(&asked[1]);
    asked_again = 0;
    at(400 * S + 499 * MS);
    CHECK_EQUAL(asked_again, 0);
    for (uint64_t half = 1; half < 20; half++) { /* its peer may be back at any time */
        at(400 * S + half * 500 * MS);
        CHECK_EQUAL(asked_again, half);
    }
    CHECK(downs == 0);
    at(410 * S);
    CHECK_EQUAL(asked_again, 19);
    CHECK(downs == 1 && silences == 1 && !rpc.there);
    CHECK(asked[0].losses == 1 && asked[0].how == LOST_CONNECTION && asked[1].losses == 1);
    CHECK(nfs_counts()->silences == 1 && nfs_counts()->lost_connection == 2 && nfs_counts()->connections == 1);
    CHECK(strcmp(nfs_rpc_why(), "no answer") == 0);
    connect();
    downs = silences = 0;
}

/* A call that its owner has forgotten comes back nowhere: not by a reply, not with the connection. */
static void test_forgotten(void)
{
    ask(&asked[0]);
    ask(&asked[1]);
    nfs_rpc_forget(&asked[0].call);
    nfs_rpc_forget(&asked[1].call);
    reply(rpc.queue[0]);
    rpc.memory = false;
    ask(&asked[2]); /* lost, but not told yet */
    nfs_rpc_forget(&asked[2].call);
    rpc.memory = true;
    pd_flush();
    CHECK(asked[0].replies + asked[0].losses + asked[1].losses + asked[2].losses == 0);
    CHECK(downs == 1 && strstr(nfs_rpc_why(), "memory")); /* there was an orphan */
    connect();
    downs = 0;
}

static void test_no_memory(void)
{
    rpc.memory = false;
    ask(&asked[0]);
    CHECK_EQUAL(asked[0].losses, 0); /* not inside the function that makes the call */
    pd_flush();
    CHECK(asked[0].losses == 1 && asked[0].how == LOST_MEMORY && downs == 0);
    rpc.memory = true;
}

/* A server that loses replies: a few are borne, then the connection is made anew, and what it owed is forgotten. */
static void test_too_many_orphans(void)
{
    uint32_t count = 0;

    at(500 * S);
    for (; downs == 0; count++) {
        ask(&asked[0]);
        nfs_rpc_forget(&asked[0].call);
        pd_flush();
        CHECK(count < 20);
    }
    CHECK(rpc.count == 0 && !rpc.there);
    connect();
    downs = 0;
    for (uint32_t round = 0; round < 30; round++) { /* all jobs at once, again and again: tickets come back */
        for (uint32_t i = 0; i < FS_JOBS_MAX + 1; i++) {
            ask(&asked[i]);
        }
        for (uint32_t i = 0; i < FS_JOBS_MAX; i++) {
            nfs_rpc_forget(&asked[i].call);
        }
        pd_flush();
        CHECK(downs == 1 && asked[FS_JOBS_MAX].losses == 1);
        connect();
        downs = 0;
    }
}

/* Readiness that never ends does not keep the event loop: the rest comes with a timer. */
static void test_the_pump_ends(void)
{
    rpc.services = 0;
    events = POLLOUT;
    at(600 * S);
    CHECK(rpc.services > 0 && rpc.services < 200);
    events = 0;
    rpc.services = 0;
    at(600 * S + MS);
    CHECK_EQUAL(rpc.services, 0);
    events = POLLOUT;
    at(600 * S + 2 * MS);
    uint32_t once = rpc.services;
    at(600 * S + 3 * MS);
    CHECK_EQUAL(rpc.services, 2 * once);
    events = 0;
    at(600 * S + 4 * MS);
}

/* Want of memory in the socket has no event that ends it: it is asked again all the same. */
static void test_the_socket_is_asked_again(void)
{
    at(700 * S);
    flushed = false;
    pd_flush();
    rpc.services = 0;
    events = POLLOUT;
    fake_set_now_ns(700 * S + 200 * MS);
    fake_wake(FAKE_BIT(TIMER));
    CHECK(rpc.services > 0);
    events = 0;
}

/* The server, or the network, ends it: its calls are lost with it, and it is told why. */
static void test_it_breaks(void)
{
    at(800 * S);
    ask(&asked[0]);
    ask(&asked[1]);
    downs = silences = 0;
    rpc.error = -1;
    events = POLLIN;
    pd_flush();
    rpc.error = events = 0;
    CHECK(downs == 1 && silences == 0 && !rpc.there && !nfs_rpc_context());
    CHECK(asked[0].how == LOST_CONNECTION && asked[0].losses == 1 && asked[1].losses == 1);
    CHECK_TEXT(nfs_rpc_why(), "an error");
    at(900 * S);
    CHECK(downs == 1 && asked[0].losses == 1 && !rpc.there); /* nobody has asked for another */
    connect();
}

/* Each way in which it cannot be made. */
static void test_it_cannot_be_made(void)
{
    nfs_rpc_close();
    pd_flush();
    downs = silences = 0;
    rpc.no_context = true;
    nfs_rpc_open("10.0.0.2", 111);
    pd_flush();
    CHECK(downs == 1 && silences == 0);
    CHECK_TEXT(nfs_rpc_why(), "out of memory");
    rpc.no_context = false;
    rpc.no_socket = true;
    nfs_rpc_open("10.0.0.2", 111);
    pd_flush();
    CHECK(downs == 2 && !rpc.there && rpc.port == 111);
    CHECK_TEXT(rpc.address, "10.0.0.2");
    CHECK_TEXT(nfs_rpc_why(), "an error");
    rpc.no_socket = false;
    rpc.refuses = true;
    nfs_rpc_open("10.0.0.2", 111);
    events = POLLERR;
    pd_flush();
    CHECK(downs == 3 && silences == 0 && !rpc.there);
    CHECK_TEXT(nfs_rpc_why(), "Connection refused(111)"); /* the first reason, without where it was seen */
    rpc.refuses = false;
    at(1000 * S);
    nfs_rpc_open("10.0.0.2", 111);
    events = 0;
    pd_flush();
    asked_again = 0;
    at(1001 * S);
    at(1002 * S);
    CHECK(downs == 3 && rpc.there && asked_again == 2);
    at(1003 * S);
    CHECK(downs == 4 && silences == 1 && !rpc.there);
    CHECK_TEXT(nfs_rpc_why(), "no answer");
    connect();
}

static void test_it_is_broken_from_here(void)
{
    downs = 0;
    ask(&asked[0]);
    CHECK(nfs_rpc_break("our reason"));
    CHECK(nfs_rpc_break("another") && downs == 0 && asked[0].losses == 0); /* at the end of the event, once */
    pd_flush();
    CHECK(downs == 1 && asked[0].losses == 1 && asked[0].how == LOST_CONNECTION);
    CHECK_TEXT(nfs_rpc_why(), "our reason");
    CHECK(!nfs_rpc_break("there is none"));
    pd_flush();
    CHECK_EQUAL(downs, 1);
    connect();
}

/* Closed from here, or for another one: its calls are lost, and nobody is told that it is down. */
static void test_it_is_closed(void)
{
    downs = 0;
    ask(&asked[0]);
    nfs_rpc_close();
    CHECK(rpc.there); /* not inside of what may be libnfs' own call */
    pd_flush();
    CHECK(!rpc.there && downs == 0 && asked[0].losses == 1 && asked[0].how == LOST_CONNECTION);
    nfs_rpc_close();
    pd_flush();
    connect();
    ask(&asked[0]);
    connect();
    CHECK(downs == 0 && asked[0].losses == 1 && rpc.there);
    nfs_rpc_open("10.0.0.3", 2049);
    nfs_rpc_close(); /* nor is what was asked for before */
    pd_flush();
    CHECK(!rpc.there && downs == 0);
    connect();
}

/* A call that the server refuses, or whose reply cannot be read, is lost alone. */
static void test_a_refused_call(void)
{
    downs = 0;
    ask(&asked[0]);
    ask(&asked[1]);
    void *ticket = rpc.queue[0];
    rpc.queue[0] = rpc.queue[--rpc.count];
    nfs_rpc_callback(nfs_rpc_context(), RPC_STATUS_ERROR, "RPC error: not accepted", ticket);
    CHECK_EQUAL(asked[0].losses, 0);
    pd_flush();
    CHECK(asked[0].losses == 1 && asked[0].how == LOST_REFUSED && asked[1].losses == 0 && downs == 0);
    CHECK_TEXT(nfs_rpc_why(), "RPC error: not accepted");
    CHECK(nfs_counts()->lost_refused == 1 && nfs_counts()->calls_under_way == 1);
    ask(&asked[0]);
    ticket = rpc.queue[1];
    rpc.count = 1;
    nfs_rpc_callback(nfs_rpc_context(), RPC_STATUS_ERROR, NULL, ticket);
    pd_flush();
    CHECK_TEXT(nfs_rpc_why(), "unknown");
    reply(rpc.queue[0]);
    CHECK_EQUAL(asked[1].replies, 1);
}

/* A reply that comes in parts is no silence; one that was overtaken already says nothing of others. */
static void test_parts_and_order(void)
{
    uint64_t now = 2000;

    at(now * S);
    downs = 0;
    for (uint32_t i = 0; i < 3; i++) {
        ask(&asked[i]);
    }
    for (; now < 2040; now += 4) {
        events = POLLIN;
        at(now * S);
        events = 0;
    }
    CHECK(downs == 0 && asked[0].losses == 0);
    reply(rpc.queue[2]);
    reply(rpc.queue[0]);
    CHECK(asked[2].replies == 1 && asked[0].replies == 1);
    at((now - 3) * S);
    ask(&asked[3]);
    reply(rpc.queue[1]); /* which was overtaken once stays so since then */
    CHECK_EQUAL(asked[1].losses, 0);
    at((now - 2) * S);
    CHECK(asked[1].losses == 1 && asked[1].how == LOST_REPLY);
    reply(rpc.queue[0]);
}

/* One of several that are lost and not told yet is forgotten. */
static void test_one_of_the_lost_is_forgotten(void)
{
    rpc.memory = false;
    for (uint32_t i = 0; i < 3; i++) {
        ask(&asked[i]);
    }
    nfs_rpc_forget(&asked[1].call);
    rpc.memory = true;
    nfs_rpc_forget(&asked[3].call); /* of no interest */
    pd_flush();
    CHECK(asked[0].losses == 1 && asked[1].losses == 0 && asked[2].losses == 1);
}

/* An event may end within what libnfs does: the pump does not begin a second time. */
static void test_the_pump_does_not_nest(void)
{
    rpc.services = 0;
    rpc.nests = true;
    events = POLLOUT;
    pd_flush();
    CHECK(rpc.services > 0 && rpc.services < 200);
    rpc.nests = false;
    events = 0;
}

int main(void)
{
    counters_begin();
    timer_client_init(&timer_client_config);
    nfs_rpc_init(on_up, on_down);
    connect();
    test_a_lost_reply();
    test_more_time();
    test_a_slow_server();
    test_silence();
    test_no_memory();
    test_forgotten();
    test_too_many_orphans();
    test_the_pump_ends();
    test_the_socket_is_asked_again();
    test_it_breaks();
    test_it_cannot_be_made();
    test_it_is_broken_from_here();
    test_it_is_closed();
    test_a_refused_call();
    test_parts_and_order();
    test_one_of_the_lost_is_forgotten();
    test_the_pump_does_not_nest();
    return 0;
}

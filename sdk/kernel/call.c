/* call.c: protected procedure calls and notifications.
 *
 * A call is delivered at once when the server waits, and otherwise queued with the server by the caller's priority. A
 * server without a scheduling context (a passive one) runs on the caller's, which goes back with the answer. Words are
 * copied at the moment of delivery, straight from one IPC buffer to the other: the sender is blocked by then.
 *
 * Serves syscall.c, whose arguments have been decoded. Of a PD's own memory only its IPC buffer is read, message registers
 * below the length that was checked: what lies there is passed on, and never looked at.
 */
#include "sdk/kernel/call.h"

#include <stddef.h>

#include "sdk/kernel/fault.h"
#include "sdk/kernel/kassert.h"
#include "sdk/kernel/message.h"
#include "sdk/kernel/sched.h"

static void enqueue(struct pd *server, struct pd *caller)
{
    struct pd **place = &server->queue;

    while (*place != NULL && (*place)->priority >= caller->priority) {
        place = &(*place)->queue_next;
    }
    caller->queue_next = *place;
    *place = caller;
    caller->state = PD_QUEUED;
}

static struct pd *dequeue(struct pd *server)
{
    struct pd *caller = server->queue;

    server->queue = caller->queue_next;
    return caller;
}

static void deliver(struct pd *server, struct pd *caller)
{
    if (caller->event & ABI_EVENT_FAULT) {
        fault_message(caller, server->message);
    } else {
        message_copy(server->message, caller->message, caller->info);
    }
    caller->state = PD_CALLED;
    server->caller = caller;
    server->context.x[0] = caller->event;
    server->context.x[1] = caller->info;
    if (server->sc == NULL) {
        pd_lend_sc(caller, server);
    }
}

static void deliver_notified(struct pd *pd)
{
    pd->context.x[0] = pd->notified;
    pd->context.x[1] = 0;
    pd->notified = 0;
    if (pd->sc == NULL) {
        pd_take_home_sc(pd);
    }
}

static void wake(struct pd *pd)
{
    pd->state = PD_RUNNABLE;
    sched_wake(pd);
}

/* Only a parent can restart it. */
static bool is_dead(const struct pd *pd)
{
    return pd->state == PD_STOPPED && pd->abi->parent == ABI_NONE;
}

static void set_no_reply(struct pd *caller)
{
    caller->context.x[0] = ABI_ERROR_NO_REPLY;
    caller->context.x[1] = 0;
}

void call_begin(struct pd *caller, struct pd *server, uint64_t event, uint64_t info)
{
    bool waits = server->state == PD_WAITING;

    if (!waits && is_dead(server)) {
        set_no_reply(caller);
        return;
    }
    caller->event = event;
    caller->info = info;
    caller->server = server;
    if (waits) {
        deliver(server, caller);
        sched_block();
        wake(server);
    } else {
        enqueue(server, caller);
        sched_block();
    }
}

/* The caller gets back what it lent. It may have lent nothing: then the server runs on its own and keeps it. */
static void return_sc(struct pd *server, struct pd *caller)
{
    if (caller->sc == NULL && server->sc != NULL && server->sc != &server->own) {
        pd_lend_sc(server, caller);
    }
    if (caller->sc == NULL) {
        pd_take_home_sc(caller);
    }
}

void call_reply(struct pd *server, uint64_t info)
{
    struct pd *caller = server->caller;

    if (caller == NULL) {
        return;
    }
    server->caller = NULL;
    caller->server = NULL;
    return_sc(server, caller);
    if (!(caller->event & ABI_EVENT_FAULT)) {
        message_copy(caller->message, server->message, info);
        caller->context.x[0] = ABI_OK;
        caller->context.x[1] = info;
        wake(caller);
    } else if (fault_reply(caller, server->message, info)) {
        wake(caller);
    } else {
        caller->state = PD_STOPPED;
    }
}

static void give_no_reply(struct pd *caller)
{
    caller->server = NULL;
    if (caller->event & ABI_EVENT_FAULT) {
        caller->state = PD_STOPPED;
        return;
    }
    set_no_reply(caller);
    wake(caller);
}

void call_abandon(struct pd *pd)
{
    struct pd *caller = pd->caller;

    if (caller == NULL) {
        return;
    }
    pd->caller = NULL;
    return_sc(pd, caller);
    give_no_reply(caller);
}

void call_abandon_all(struct pd *pd)
{
    call_abandon(pd);
    while (pd->queue != NULL) {
        give_no_reply(dequeue(pd));
    }
}

void call_cancel(struct pd *pd)
{
    struct pd *server = pd->server;

    if (server == NULL) {
        return;
    }
    pd->server = NULL;
    if (pd->state == PD_CALLED) {
        server->caller = NULL;
        return;
    }
    struct pd **place = &server->queue;
    while (*place != pd) {
        kassert(*place != NULL);
        place = &(*place)->queue_next;
    }
    *place = pd->queue_next;
}

/* A passive PD gives its scheduling context up before it looks for an event, which then brings one. */
static void receive_passive(struct pd *pd)
{
    sched_block();
    pd_release_sc(pd);
    if (pd->notified != 0) {
        deliver_notified(pd);
        wake(pd);
    } else if (pd->queue != NULL) {
        deliver(pd, dequeue(pd));
        wake(pd);
    } else {
        pd->state = PD_WAITING;
    }
}

void call_receive(struct pd *pd)
{
    pd->looks = 0;
    call_abandon(pd);
    if (pd_is_passive(pd)) {
        receive_passive(pd);
    } else if (pd->notified != 0) {
        deliver_notified(pd);
    } else if (pd->queue != NULL) {
        deliver(pd, dequeue(pd));
    } else {
        pd->state = PD_WAITING;
        sched_block();
    }
}

void call_notify(struct pd *pd, uint64_t channel)
{
    pd->notified |= 1ul << channel;
    if (pd->state == PD_WAITING) {
        deliver_notified(pd);
        wake(pd);
    }
}

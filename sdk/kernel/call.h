/* call.h: protected procedure calls: call, receive, answer; and notifications, which RECV also waits for. */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include "sdk/kernel/pd.h"

/* All of these commit: their arguments have been decoded, and none of them can fail. */

/* The running PD calls (or, where `event` is a fault's, its fault does): it blocks until `server` answers. One that is
 * dead, stopped without a parent who could restart it, does not: the call returns ABI_ERROR_NO_REPLY. */
void call_begin(struct pd *caller, struct pd *server, uint64_t event, uint64_t info);

/* The running PD answers whom it owes an answer, if anybody. */
void call_reply(struct pd *server, uint64_t info);

/* The running PD waits for its next event, or gets it at once. Whom it still owes an answer learns that none comes. */
void call_receive(struct pd *pd);

/* `pd` gets a notification on its channel. */
void call_notify(struct pd *pd, uint64_t channel);

/* `pd` ceases to wait for whom it called. */
void call_cancel(struct pd *pd);

/* Whom `pd` owes an answer learns that none comes: a call returns ABI_ERROR_NO_REPLY, a fault stays unhandled. */
void call_abandon(struct pd *pd);

/* The same for all who wait for `pd`, which is dead. */
void call_abandon_all(struct pd *pd);

#endif

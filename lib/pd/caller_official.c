/* lib/pd/caller_official.c: on seL4 somebody may wait for an answer of this PD's former life: it gets PD_NO_REPLY.
 *   consumes  the kernel's reply object, which still holds that caller; where it holds nobody nothing happens
 *   produces  one deferred call, which the SDK's library makes with its first wait, as any other
 *   invariant it is made before the wait takes the object for the next caller: the one that it held would then never run
 *             again
 *   when full (a deferred call in init()) this one is replaced; nothing in this tree defers there
 */
#include "lib/pd.h"
#include "lib/pd/caller.h"

/* Where libmicrokit has that object, seen in 1.4.1, 2.0.1 and 2.3.0; no header says so. */
#define REPLY_CAP 4

void pd_answer_caller(void)
{
    microkit_have_signal = 1;
    microkit_signal_cap = REPLY_CAP;
    microkit_signal_msg = microkit_msginfo_new(PD_NO_REPLY, 0);
}

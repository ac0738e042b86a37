/* keeper.c: stops its child, looks at it, and lets it go on: in the middle of its work, and while it waits. */
#include "check.h"
#include "keeper.h"

static unsigned stops;

static void resume(microkit_child child)
{
#if defined(BASE_USER_CAPS) || defined(MICROKIT_NO_REPLY) /* 2.3, and ours */
    microkit_pd_resume(child);
#else
    check(seL4_TCB_Resume(BASE_TCB_CAP + child) == seL4_NoError, "resumed");
#endif
}

static seL4_Word mark_of(microkit_child child)
{
    seL4_UserContext registers = {0};
    seL4_Error error = seL4_TCB_ReadRegisters(BASE_TCB_CAP + child, seL4_False, 0,
                                              sizeof(registers) / sizeof(seL4_Word), &registers);

    check(error == seL4_NoError && registers.pc >= PROGRAM_ENTRY, "its registers");
    return registers.x20;
}

void init(void)
{
    microkit_deferred_notify(KEEPER_KEPT);
}

/* The first time from the middle of its work, then when it is done: it is waiting then. On an official SDK that wait,
 * resumed, is made anew with what was deferred to it. */
void notified(microkit_channel channel)
{
    (void)channel;
    if (++stops > 2) {
        say("notified again");
        return;
    }
    microkit_pd_stop(CHILD_ID);
    if (stops == 1) {
        check(mark_of(CHILD_ID) == KEPT_MARK, "what it had in a register");
        say("lets it go on");
        resume(CHILD_ID);
    } else {
        microkit_notify(KEEPER_KEPT);
        say("lets it wait");
        resume(CHILD_ID);
    }
}

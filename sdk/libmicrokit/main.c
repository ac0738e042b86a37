/* main.c: what a protection domain does from its beginning (start.S) on: its event loop.
 *   consumes  events   from the kernel, trusted; what comes with them is a peer's, for the program to judge
 *   produces  calls of init(), then of notified(), protected() and fault(), one at a time
 *   invariant an answer and the one deferred call leave with the next wait, in one entry into the kernel
 */
#include <microkit.h>

char microkit_name[MICROKIT_PD_NAME_LENGTH];
extern seL4_Bool microkit_passive; /* not in the header, nor in the official one: for the image tool (sdk/abi/pd.h) */
seL4_Bool microkit_passive;
seL4_Word microkit_irqs;
seL4_Word microkit_notifications;
seL4_Word microkit_pps;

seL4_Bool microkit_have_signal;
seL4_CPtr microkit_signal_cap;
seL4_MessageInfo_t microkit_signal_msg;

extern void (*const __init_array_start[])(void) __attribute__((weak));
extern void (*const __init_array_end[])(void) __attribute__((weak));

_Noreturn void microkit_main(void); /* called by start.S */

static void missing(const char *what)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" is missing the '");
    microkit_dbg_puts(what);
    microkit_dbg_puts("' entry point\n");
    microkit_internal_crash(seL4_NoError);
}

__attribute__((weak)) microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    missing("protected");
    return microkit_msginfo_new(0, 0);
}

__attribute__((weak)) seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    missing("fault");
    return seL4_False;
}

struct event {
    seL4_Word what; /* ABI_EVENT_* */
    microkit_msginfo info;
};

/* Answers, makes the deferred call, and waits: one entry into the kernel. */
static struct event receive(seL4_Bool have_reply, microkit_msginfo reply)
{
    seL4_Word flags = have_reply ? ABI_RECV_REPLY : 0, channel = 0;

    if (microkit_have_signal) {
        microkit_have_signal = seL4_False;
        flags |= microkit_signal_msg.words[0]; /* the kernel looks at its own bits */
        channel = seL4_MessageInfo_get_label(microkit_signal_msg);
    }
    register seL4_Word x8 __asm__("x8") = ABI_SYSCALL_RECV;
    register seL4_Word x0 __asm__("x0") = flags;
    register seL4_Word x1 __asm__("x1") = reply.words[0];
    register seL4_Word x2 __asm__("x2") = channel;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x2), "r"(x8) : "memory");
    return (struct event){.what = x0, .info = {{x1}}};
}

static void dispatch_notified(seL4_Word channels)
{
    for (; channels != 0; channels &= channels - 1) {
        notified((microkit_channel)__builtin_ctzl(channels));
    }
}

_Noreturn void microkit_main(void)
{
    seL4_Bool have_reply = seL4_False;
    microkit_msginfo reply = microkit_msginfo_new(0, 0);

    microkit_have_signal = seL4_False;
    for (void (*const *f)(void) = __init_array_start; f < __init_array_end; f++) {
        (*f)();
    }
    init();
    for (;;) {
        struct event event = receive(have_reply, reply);
        if (event.what & ABI_EVENT_CALL) {
            reply = protected((microkit_channel)(event.what & ABI_EVENT_NUMBER_MASK), event.info);
            have_reply = seL4_True;
        } else if (event.what & ABI_EVENT_FAULT) {
            have_reply = fault((microkit_child)(event.what & ABI_EVENT_NUMBER_MASK), event.info, &reply);
        } else {
            dispatch_notified(event.what);
            have_reply = seL4_False;
        }
    }
}

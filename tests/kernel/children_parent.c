/* children_parent.c: handles each fault of each child in its own way. */
#include "say.h"

#define FAULTY 1
#define ENDLESS 2
#define SERVER 61
#define LEFT 4
#define ENTRY 0x200000 /* _start: microkit.ld puts it first */

static struct {
    unsigned faults_of_faulty;
    unsigned faults_of_server;
} self;

void init(void)
{
    microkit_dbg_puts("parent: init\n");
}

void notified(microkit_channel channel)
{
    if (channel == 2) {
        microkit_pd_stop(ENDLESS);
        microkit_dbg_puts("parent: endless stopped\n");
        return;
    }
    say("parent: client asks on ", channel);
    microkit_pd_restart(ENDLESS, ENTRY);
}

static void show(const char *who, microkit_msginfo message)
{
    microkit_dbg_puts(who);
    say(" label ", (unsigned)microkit_msginfo_get_label(message));
    microkit_dbg_puts(who);
    say(" words ", (unsigned)microkit_msginfo_get_count(message));
}

static seL4_Bool fault_of_faulty(microkit_msginfo message, microkit_msginfo *reply)
{
    unsigned n = self.faults_of_faulty++;

    show("parent: faulty", message);
    if (n == 0) { /* an undefined instruction: goes on behind it */
        microkit_mr_set(0, microkit_mr_get(seL4_UserException_FaultIP) + 4);
        *reply = microkit_msginfo_new(0, 1);
        return seL4_True;
    }
    if (n == 1) { /* a system call that does not exist: its answer is made up here */
        say("parent: number ", (unsigned)microkit_mr_get(seL4_UnknownSyscall_Syscall));
        microkit_mr_set(seL4_UnknownSyscall_X0, 4711);
        microkit_mr_set(seL4_UnknownSyscall_FaultIP, microkit_mr_get(seL4_UnknownSyscall_FaultIP) + 4);
        *reply = microkit_msginfo_new(0, seL4_UnknownSyscall_FaultIP + 1);
        return seL4_True;
    }
    say("parent: address ", (unsigned)microkit_mr_get(seL4_VMFault_Addr));
    say("parent: is fetch ", (unsigned)microkit_mr_get(seL4_VMFault_PrefetchFault));
    if (n == 2) {
        microkit_pd_restart(FAULTY, ENTRY);
    }
    return seL4_False;
}

static seL4_Bool fault_of_server(microkit_msginfo message, microkit_msginfo *reply)
{
    show("parent: server", message);
    if (self.faults_of_server++ == 0) {
        microkit_pd_restart(SERVER, ENTRY);
    }
    return seL4_False;
}

seL4_Bool fault(microkit_child child, microkit_msginfo message, microkit_msginfo *reply)
{
    if (child == FAULTY) {
        return fault_of_faulty(message, reply);
    }
    if (child == SERVER) {
        return fault_of_server(message, reply);
    }
    say("parent: left alone ", child);
    return seL4_False;
}

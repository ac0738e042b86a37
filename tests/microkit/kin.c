/* kin.c: parents and children, as many and as deep as can be. A leaf faults in its init(), at an address that its
 * name's number gives; a node does so when a child of its own has; the root says who it was.
 */
#include "check.h"

static void fail_at_number(void)
{
    *(volatile uint64_t
          *)(8ul * number_in_name()) = 1; /* NOLINT(clang-analyzer-core.NullDereference): its fault is the test */
}

static void say_number(unsigned n)
{
    char text[] = {(char)('0' + n / 10 % 10), (char)('0' + n % 10), '\0'};
    say(text);
}

void init(void)
{
    if (microkit_name[0] == 'l') {
        fail_at_number();
    }
}

void notified(microkit_channel channel) {}

seL4_Bool fault(microkit_child child, microkit_msginfo message, microkit_msginfo *reply)
{
    seL4_Word address = microkit_mr_get(seL4_VMFault_Addr);
    if (microkit_msginfo_get_label(message) != seL4_Fault_VMFault || address != 8ul * child) {
        check(0, "the child's fault");
    }
    if (microkit_name[0] == 'r') {
        say_number(child);
    } else {
        fail_at_number();
    }
    return seL4_False;
}

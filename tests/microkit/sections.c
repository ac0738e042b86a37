/* sections.c: code and data in sections whose names go on without a dot, as libco has them, say other than they are, or
 * are no linker script's. */
#include "check.h"

#define IN(name) __attribute__((section(name), used))

/* mov w0, #42; ret */
IN(".text#") static const uint32_t forty_two[] = {0x52800540, 0xd65f03c0};
IN(".rodata#") static const volatile uint64_t constant = 43;
IN(".data#") static volatile uint64_t variable = 44;
IN(".bss#") static volatile uint64_t zero;
IN(".rodata_not") static volatile uint64_t named_rodata = 46; /* its flags say otherwise */
IN(".settings") static volatile uint64_t of_no_list = 47;

void init(void)
{
    check(((unsigned (*)(void))forty_two)() == 42, "code");
    check(constant == 43, "a constant");
    check(variable == 44 && ++variable == 45, "data");
    check(zero == 0 && ++zero == 1, "zeros");
    check(named_rodata == 46 && ++named_rodata == 47, "what is called a constant");
    check(of_no_list == 47 && ++of_no_list == 48, "a section that no script names");
    say("done");
}

void notified(microkit_channel channel) {}

/* kernel_fake.h: stands in for sdk/kernel/arch.h where the kernel's C is built for this machine (included before all).
 * System registers are variables; waiting for an interrupt and the memory of programs are the test's. */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <stdint.h>

extern uint64_t fake_cntvct_el0, fake_cntfrq_el0, fake_cntv_ctl_el0, fake_cntv_cval_el0, fake_cntkctl_el1;
extern uint64_t fake_tpidr_el0, fake_ttbr0_el1, fake_cpacr_el1;
void fake_wait_for_interrupt(void);
uint64_t fake_translate(uint64_t address);
uint64_t fake_load(uint64_t address);

#define KERNEL_FIRMWARE_H
void smc_call(uint64_t *words);

/* Time passes in the kernel, too: so many ticks with each register that is read. */
extern uint64_t fake_read_ticks;

#define SYSREG_READ(name) (fake_cntvct_el0 += fake_read_ticks, fake_##name)
#define SYSREG_WRITE(name, value) ((void)(fake_##name = (value)))
#define WAIT_FOR_INTERRUPT() fake_wait_for_interrupt()
#define TRANSLATE_AS_EL0(address) fake_translate(address)
#define LOAD_AS_EL0(address) fake_load(address)

#define PAR_FAULT (1ul << 0)
#define PAR_ADDRESS_MASK 0x0000fffffffff000ul

#define CNTKCTL_EL0PCTEN (1ul << 0)
#define CNTKCTL_EL0PTEN (1ul << 9)
#define CPACR_FPEN_KERNEL (1ul << 20)
#define CPACR_FPEN_ALL (3ul << 20)
#define SPSR_EL0 0ul
#define SPSR_USER_FLAGS 0xf0000000ul

#define ESR_CLASS(esr) (((esr) >> 26) & 0x3f)
#define ESR_CLASS_UNKNOWN 0x00
#define ESR_CLASS_WF 0x01
#define ESR_CLASS_FP_ACCESS 0x07
#define ESR_CLASS_ILLEGAL_STATE 0x0e
#define ESR_CLASS_SYSREG 0x18
#define ESR_CLASS_INSTRUCTION_ABORT 0x20
#define ESR_CLASS_PC_ALIGNMENT 0x22
#define ESR_CLASS_DATA_ABORT 0x24
#define ESR_CLASS_SP_ALIGNMENT 0x26
#define ESR_CLASS_FLOAT 0x2c
#define ESR_CLASS_SERROR 0x2f
#define ESR_CLASS_BRK 0x3c
#define ESR_DATA_WRITE (1ul << 6)
#define ESR_ABORT_STATUS 0x3ful
#define ESR_ABORT_EXTERNAL 0x10ul

#endif

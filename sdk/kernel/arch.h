/* arch.h: system registers and instructions (Arm ARM, DDI 0487). */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include <stdint.h>

#define SYSREG_READ(name)                                  \
    ({                                                     \
        uint64_t value_;                                   \
        __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
        value_;                                            \
    })
#define SYSREG_WRITE(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)))

/* Waits for an interrupt, which stays pending: the kernel runs with interrupts masked. */
#define WAIT_FOR_INTERRUPT() __asm__ volatile("dsb sy; wfi" : : : "memory")

/* PAR_EL1 of `address`, read at EL0 by the tables that are loaded: where it lies, or PAR_FAULT. */
#define TRANSLATE_AS_EL0(address)                                                                           \
    ({                                                                                                      \
        uint64_t par_;                                                                                      \
        __asm__ volatile("isb; at s1e0r, %1; isb; mrs %0, par_el1" : "=r"(par_) : "r"(address) : "memory"); \
        par_;                                                                                               \
    })
#define PAR_FAULT (1ul << 0)
#define PAR_ADDRESS_MASK 0x0000fffffffff000ul

/* The word at `address`, with the rights of EL0. */
#define LOAD_AS_EL0(address)                                                       \
    ({                                                                             \
        uint64_t word_;                                                            \
        __asm__ volatile("ldtr %0, [%1]" : "=r"(word_) : "r"(address) : "memory"); \
        word_;                                                                     \
    })

/* SCTLR_EL1 (D17.2.118). */
#define SCTLR_DZE (1ul << 14)  /* EL0 may use DC ZVA */
#define SCTLR_UCT (1ul << 15)  /* EL0 may read CTR_EL0 */
#define SCTLR_NTWI (1ul << 16) /* EL0 may use WFI; else it traps where it would wait */
#define SCTLR_NTWE (1ul << 18) /* and WFE */
#define SCTLR_WXN (1ul << 19)  /* what is writable is not executable, whatever the tables say */
#define SCTLR_UCI (1ul << 26)  /* EL0 may do cache maintenance by address */

/* CNTKCTL_EL1 (D17.10.14): what EL0 may use of the generic timer. */
#define CNTKCTL_EL0PCTEN (1ul << 0)
#define CNTKCTL_EL0PTEN (1ul << 9)

/* CPACR_EL1 (D17.2.30): FP/SIMD is trapped at EL0, or nowhere. */
#define CPACR_FPEN_KERNEL (1ul << 20)
#define CPACR_FPEN_ALL (3ul << 20)

#define SPSR_EL0 (1ul << 6)          /* AArch64, EL0, IRQs open; FIQs masked, as on seL4: nobody raises one */
#define SPSR_USER_FLAGS 0xf0000000ul /* N, Z, C, V: all that may be set from outside */

/* ESR_EL1: exception classes (D17.2.37). */
#define ESR_CLASS(esr) (((esr) >> 26) & 0x3f)
#define ESR_ISS(esr) ((esr)&0x1fffffful)
#define ESR_CLASS_UNKNOWN 0x00
#define ESR_CLASS_WF 0x01
#define ESR_CLASS_FP_ACCESS 0x07
#define ESR_CLASS_ILLEGAL_STATE 0x0e
#define ESR_CLASS_SVC 0x15
#define ESR_CLASS_SYSREG 0x18
#define ESR_CLASS_INSTRUCTION_ABORT 0x20
#define ESR_CLASS_PC_ALIGNMENT 0x22
#define ESR_CLASS_DATA_ABORT 0x24
#define ESR_CLASS_SP_ALIGNMENT 0x26
#define ESR_CLASS_FLOAT 0x2c
#define ESR_CLASS_SERROR 0x2f
#define ESR_CLASS_BRK 0x3c
#define ESR_DATA_WRITE (1ul << 6) /* WnR of a data abort */
#define ESR_ABORT_STATUS 0x3ful
#define ESR_ABORT_EXTERNAL 0x10ul

#endif

/* supervisor/fault.c: a fault's message, in numbers and in words.
 *   consumes  the message registers, as seL4 with MCS fills them; behind them what our kernel adds (docs/kernel.md)
 *   trusts    the kernel; registers that it has not written are 0, because fault_forget() has cleared them
 */
#include "supervisor/fault.h"

#include "lib/log.h"

/* Labels, and the words of each (docs/microkit.md). */
enum {
    UNKNOWN_SYSCALL = 2,
    USER_EXCEPTION = 3,
    DEBUG = 4, /* of seL4 where debugging is configured: 2.3 in `debug` */
    TIMEOUT = 5,
    VM = 6,
};
enum {
    VM_PC = 0,
    VM_ADDRESS = 1,
    VM_SYNDROME = 3,
    SYSCALL_PC = 8,
    EXCEPTION_PC = 0,
    DEBUG_PC = 0,
};

/* What our kernel adds; tests/test_restart.py sees them arrive. */
enum {
    MORE_BUILD = 16,
    MORE_PC = 17,
    MORE_ESR = 18,
    MORE_ADDRESS = 19,
    MORE_CALLERS = 20,
};

/* Of the syndrome (Arm ARM, ESR_EL1). */
#define CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_SYSREG 0x18
#define CLASS_INSTRUCTION_ABORT 0x20
#define CLASS_DATA_ABORT 0x24
#define CLASS_BRK 0x3c
#define WRITE (1u << 6)

void fault_forget(void)
{
    microkit_mr_set(MORE_BUILD, 0);
}

static void read_words(struct supervisor_record *record)
{
    switch (record->label) {
    case VM:
        record->pc = microkit_mr_get(VM_PC);
        record->address = microkit_mr_get(VM_ADDRESS);
        record->esr = (uint32_t)microkit_mr_get(VM_SYNDROME);
        break;
    case DEBUG: record->pc = microkit_mr_get(DEBUG_PC); break;
    case TIMEOUT: break; /* the words say whose it is */
    case UNKNOWN_SYSCALL: record->pc = microkit_mr_get(SYSCALL_PC); break;
    case USER_EXCEPTION: record->pc = microkit_mr_get(EXCEPTION_PC); break;
    default: record->esr = (uint32_t)microkit_mr_get(0);
    }
}

uint64_t fault_read(microkit_msginfo info, struct supervisor_record *record)
{
    uint64_t build = microkit_mr_get(MORE_BUILD);

    record->label = microkit_msginfo_get_label(info);
    read_words(record);
    if (build == 0) {
        return 0;
    }
    record->pc = microkit_mr_get(MORE_PC);
    record->esr = (uint32_t)microkit_mr_get(MORE_ESR);
    record->address = record->label == VM ? microkit_mr_get(MORE_ADDRESS) : 0;
    for (; record->caller_count < microkit_mr_get(MORE_CALLERS); record->caller_count++) {
        if (record->caller_count == SUPERVISOR_CALLERS) {
            break;
        }
        record->callers[record->caller_count] = microkit_mr_get((uint8_t)(MORE_CALLERS + 1 + record->caller_count));
    }
    fault_forget();
    return build;
}

static const char *exception_name(uint32_t class)
{
    switch (class) {
    case 0: return "undefined instruction";
    case CLASS_BRK: return "brk";
    case CLASS_SYSREG: return "system register or instruction not allowed";
    default: return "exception";
    }
}

void fault_cause(const struct supervisor_record *record, char cause[FAULT_CAUSE_MAX])
{
    const char *access = record->esr & WRITE ? "data abort, write to" : "data abort, read from";

    if (record->label == VM) {
        log_format(cause, FAULT_CAUSE_MAX, "%s 0x%016lx",
                   CLASS(record->esr) == CLASS_DATA_ABORT ? access : "instruction abort, fetch from",
                   (unsigned long)record->address);
    } else if (record->label == UNKNOWN_SYSCALL) {
        log_format(cause, FAULT_CAUSE_MAX, "unknown system call");
    } else if (record->label == DEBUG) {
        log_format(cause, FAULT_CAUSE_MAX, "brk");
    } else if (record->label == TIMEOUT) {
        log_format(cause, FAULT_CAUSE_MAX, "took no event for too long");
    } else {
        log_format(cause, FAULT_CAUSE_MAX, "%s", exception_name(CLASS(record->esr)));
    }
}

/* utilisation_reader.c: counts for a second who uses the CPU, and prints it on the UART, which the kernel leaves alone
 * in benchmark. With the names of seL4's benchmark interface, which official SDKs have, too. */
#include "say.h"

#include <sel4/benchmark_utilisation_types.h>

#define TIMER 1
#define SPINNER_CHANNEL 2
#define QUIET_CHANNEL 3
#define SPINNER (BASE_TCB_CAP + 1)
#define QUIET (BASE_TCB_CAP + 2)
#define REGISTERS_TICKS 99 /* ABI_REGISTERS_TICKS; official kernels write nothing there */
#define STEPS 10
#define STEP_MS 100

static unsigned steps;

static void print(const char *text)
{
    volatile uint32_t *uart = (volatile uint32_t *)0x5000000ul;

    for (; *text != '\0'; text++) {
        while (uart[0x18 / 4] & (1u << 5)) {
        }
        uart[0] = (uint8_t)*text;
    }
}

static void print_number(const char *what, uint64_t value)
{
    char digits[24];
    unsigned first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(what);
    print(" ");
    print(&digits[first]);
    print("\n");
}

static void print_domain(const char *name, seL4_CPtr tcb)
{
    seL4_BenchmarkGetThreadUtilisation(tcb);
    print(name);
    print_number(": time", seL4_GetMR(BENCHMARK_TCB_UTILISATION));
    print(name);
    print_number(": schedules", seL4_GetMR(BENCHMARK_TCB_NUMBER_SCHEDULES));
    print(name);
    print_number(": kernel", seL4_GetMR(BENCHMARK_TCB_KERNEL_UTILISATION));
    print(name);
    print_number(": entries", seL4_GetMR(BENCHMARK_TCB_NUMBER_KERNEL_ENTRIES));
}

/* What every configuration of ours counts. */
static void print_ticks(const char *name, seL4_CPtr tcb)
{
    seL4_UserContext registers;

    seL4_TCB_ReadRegisters(tcb, 0, 0, 1, &registers);
    print(name);
    print_number(": ticks", seL4_GetMR(REGISTERS_TICKS));
}

static void finish(void)
{
    seL4_BenchmarkFinalizeLog();
    print_domain("reader", TCB_CAP);
    print_domain("spinner", SPINNER);
    print_domain("quiet", QUIET);
    print_ticks("spinner", SPINNER);
    print_ticks("quiet", QUIET);
    seL4_BenchmarkGetThreadUtilisation(TCB_CAP);
    print_number("idle: time", seL4_GetMR(BENCHMARK_IDLE_LOCALCPU_UTILISATION));
    print_number("idle: schedules", seL4_GetMR(BENCHMARK_IDLE_NUMBER_SCHEDULES));
    print_number("idle: kernel", seL4_GetMR(BENCHMARK_IDLE_KERNEL_UTILISATION));
    print_number("idle: entries", seL4_GetMR(BENCHMARK_IDLE_NUMBER_KERNEL_ENTRIES));
    print_number("total: time", seL4_GetMR(BENCHMARK_TOTAL_UTILISATION));
    print_number("total: schedules", seL4_GetMR(BENCHMARK_TOTAL_NUMBER_SCHEDULES));
    print_number("total: kernel", seL4_GetMR(BENCHMARK_TOTAL_KERNEL_UTILISATION));
    print_number("total: entries", seL4_GetMR(BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES));
    print("reader: done\n");
}

static void arm(void)
{
    uint64_t due = now() + ticks_of_ms(STEP_MS);

    __asm__ volatile("msr cntp_cval_el0, %0; msr cntp_ctl_el0, %1" : : "r"(due), "r"(1ul));
}

void init(void)
{
    seL4_BenchmarkResetThreadUtilisation(TCB_CAP);
    seL4_BenchmarkResetThreadUtilisation(SPINNER);
    seL4_BenchmarkResetThreadUtilisation(QUIET);
    seL4_BenchmarkResetLog();
    microkit_notify(SPINNER_CHANNEL);
    arm();
}

void notified(microkit_channel channel)
{
    if (++steps == STEPS) {
        __asm__ volatile("msr cntp_ctl_el0, xzr");
        finish();
        return;
    }
    microkit_notify(QUIET_CHANNEL);
    arm();
    microkit_irq_ack(channel);
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply)
{
    print("FAILED: a child has a fault\n");
    return seL4_False;
}

/* hostile.c: tries one thing that a protection domain may not do, when the conductor says so.
 *   consumes  a notification from the conductor
 *   produces  a fault; or, where the kernel is to refuse and go on, a count in `done`
 */
#include "lib/pd.h"
#include "sdk/abi/syscall.h"
#include "tests/isolation/config.h"

#define RETURN_INSTRUCTION 0xd65f03c0u /* ret */
#define UNKNOWN_SYSCALL 0x5e77a1
#define FUZZ_CALLS 1000000
#define STRANGE_NUMBERS 300
#define EVERY_BIT_SET 0xfffffffffffffffful

static struct self {
    uint32_t code[4];
    uint64_t random;
    double noise;
} self = {.code = {RETURN_INSTRUCTION}, .random = 0x2545f4914f6cdd1dul};

static const uint64_t constant = 7;

/* The raw call, as abi/syscall.h has it; libmicrokit would not make most of these. */
static uint64_t syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x8), "r"(x2) : "memory");
    return x0;
}

/* -- what ends in a fault -- */

static void write_word(uint64_t address)
{
    *(volatile uint64_t *)address = 1;
}

static void read_word(uint64_t address)
{
    (void)*(volatile uint64_t *)address;
}

static void jump(uint64_t address)
{
    /* or the compiler, who knows the configuration, leaves out a jump that cannot be meant */
    __asm__ volatile("" : "+r"(address));
    ((void (*)(void))address)();
}

static void execute_stack(void)
{
    uint32_t code[4] = {RETURN_INSTRUCTION};
    __asm__ volatile("" : "+m"(code)); /* or the compiler takes it from among its constants */
    jump((uint64_t)code);
    __asm__ volatile("" : "+m"(code));
}

static uint64_t overflow_stack(uint64_t depth)
{
    volatile uint64_t frame[16] = {depth};
    return overflow_stack(depth + 1) + frame[0]; /* not a tail call */
}

/* With a budget of its own it uses that up, and the rest of the system has what is left. */
static _Noreturn void spin(void)
{
    for (;;) {
        __asm__ volatile("");
    }
}

/* -- what the kernel refuses and forgets -- */

static void strange_channels(void)
{
    for (uint64_t n = 0; n < STRANGE_NUMBERS; n++) {
        if (n == hostile_config.conductor || n == hostile_config.bystander) {
            continue;
        }
        uint64_t channel = n == STRANGE_NUMBERS - 1 ? EVERY_BIT_SET : n;
        *hostile_config.done += syscall(ABI_SYSCALL_NOTIFY, channel, 0, 0) == ABI_ERROR_CHANNEL;
        *hostile_config.done += syscall(ABI_SYSCALL_CALL, channel, 0x7f, 0) == ABI_ERROR_CHANNEL;
        *hostile_config.done += syscall(ABI_SYSCALL_IRQ_ACK, channel, 0, 0) == ABI_ERROR_CHANNEL;
    }
    /* These channels it has, but not for this. */
    *hostile_config.done += syscall(ABI_SYSCALL_CALL, hostile_config.bystander, 0, 0) == ABI_ERROR_CHANNEL;
    *hostile_config.done += syscall(ABI_SYSCALL_IRQ_ACK, hostile_config.bystander, 0, 0) == ABI_ERROR_CHANNEL;
}

static void strange_children(void)
{
    for (uint64_t n = 0; n < STRANGE_NUMBERS; n++) {
        uint64_t child = n == STRANGE_NUMBERS - 1 ? EVERY_BIT_SET : n;
        *hostile_config.done += syscall(ABI_SYSCALL_PD_STOP, child, 0, 0) == ABI_ERROR_CHILD;
        *hostile_config.done += syscall(ABI_SYSCALL_PD_RESTART, child, PD_ENTRY, 0) == ABI_ERROR_CHILD;
        *hostile_config.done += syscall(ABI_SYSCALL_PD_RESUME, child, 0, 0) == ABI_ERROR_CHILD;
        *hostile_config.done += syscall(ABI_SYSCALL_PD_REGISTERS, child, 0, 0) == ABI_ERROR_CHILD;
    }
}

/* xorshift64: the same million calls in every run. */
static uint64_t next_random(void)
{
    self.random ^= self.random << 13;
    self.random ^= self.random >> 7;
    self.random ^= self.random << 17;
    return self.random;
}

/* A value near a boundary more often than not. */
static uint64_t next_argument(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     61,
                                     62,
                                     63,
                                     64,
                                     255,
                                     256,
                                     0x7fffffff,
                                     0x80000000,
                                     EVERY_BIT_SET,
                                     0x8000000000000000,
                                     0xffffff8000000000,
                                     0x3fe000};
    uint64_t random = next_random();
    uint64_t edge = edges[(random >> 8) % (sizeof(edges) / sizeof(edges[0]))];
    return random % 4 == 0 ? next_random() : random % 4 == 1 ? edge + (random >> 32) % 3 - 1 : edge;
}

static void fuzz(void)
{
    for (uint64_t n = 0; n < FUZZ_CALLS; n++) {
        uint64_t number = next_random() % ABI_SYSCALL_DBG_PUTC; /* that one would only fill the console */
        if (number == ABI_SYSCALL_RECV) {
            microkit_notify(hostile_config.bystander); /* it answers: this wait has an end */
        }
        syscall(number, next_argument(), next_argument(), next_argument());
        self.noise = self.noise * 0.999 + (double)n; /* in FP/SIMD registers, which the worker has, too */
        *hostile_config.done += 1;
    }
}

static void try(uint64_t target)
{
    switch (hostile_config.act) {
    case HOSTILE_WRITES: return write_word(target);
    case HOSTILE_READS: return read_word(target);
    case HOSTILE_JUMPS: return jump(target);
    case HOSTILE_WRITES_CODE: return write_word(PD_ENTRY);
    case HOSTILE_WRITES_CONSTANT: return write_word((uint64_t)&constant);
    case HOSTILE_EXECUTES_DATA: return jump((uint64_t)self.code);
    case HOSTILE_EXECUTES_STACK: return execute_stack();
    case HOSTILE_OVERFLOWS_STACK: *hostile_config.done = overflow_stack(0); return;
    case HOSTILE_WRITES_SYSTEM_REGISTER: __asm__ volatile("msr vbar_el1, xzr"); return;
    case HOSTILE_MASKS_INTERRUPTS: __asm__ volatile("msr daifset, #15"); return;
    case HOSTILE_TAKES_TIMER: __asm__ volatile("msr cntp_ctl_el0, xzr"); return;
    case HOSTILE_CALLS_HYPERVISOR: __asm__ volatile("hvc #0"); return;
    case HOSTILE_CALLS_FIRMWARE:
        __asm__ volatile(".inst 0xd4000003"); /* smc #0 */
        return;
    case HOSTILE_INVALIDATES_CACHE: __asm__ volatile("dc ivac, %0" ::"r"(target) : "memory"); return;
    case HOSTILE_UNKNOWN_SYSCALL: syscall(UNKNOWN_SYSCALL, 0, 0, 0); return;
    case HOSTILE_SPINS: spin();
    case HOSTILE_STRANGE_CHANNELS: return strange_channels();
    case HOSTILE_STRANGE_CHILDREN: return strange_children();
    case HOSTILE_FUZZES: return fuzz();
    }
}

void init(void) {}

void notified(microkit_channel channel)
{
    if (channel == hostile_config.conductor) {
        try(hostile_config.target);
    }
}

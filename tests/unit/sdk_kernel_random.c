/* sdk_kernel_random.c: the kernel's own C, with programs that do anything: random system calls with random numbers,
 * faults, interrupts, time passing, in random systems with budgets, passive servers, children. After each entry into
 * the kernel its invariants hold; a kassert ends the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/child.h"
#include "sdk/kernel/clock.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/gicv2.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/kassert.h"
#include "sdk/kernel/pd.h"
#include "sdk/kernel/syscall.h"
#include "sdk/kernel/uart.h"

/* As part of this file: the invariants are about what it keeps to itself. */
#define self sched
#include "sdk/kernel/sched.c"
#include "tests/unit/check.h"
#undef self

#define PDS 9
#define IRQS 3
#define FIRST_INTID 40
#define NO_INTID 1023
#define STEPS 20000
#define SYSTEMS 300

uint64_t fake_read_ticks;
uint64_t fake_cntvct_el0, fake_cntfrq_el0 = 1000000, fake_cntv_ctl_el0, fake_cntv_cval_el0, fake_cntkctl_el1;
uint64_t fake_tpidr_el0, fake_ttbr0_el1, fake_cpacr_el1;

static struct {
    struct abi_system *system;
    struct abi_message messages[PDS];
    bool unmasked[GICV2_INTIDS];
    unsigned pending;
    unsigned revived;
    const struct context *fp; /* whose FP/SIMD registers the machine has */
    unsigned delivered;       /* calls and notifications: the programs must have got somewhere */
} self = {.pending = NO_INTID};

/* -- the machine -- */

unsigned gicv2_intids(void)
{
    return 288;
}

void gicv2_init(void) {}

void gicv2_configure(unsigned intid, bool edge) {}

void gicv2_mask(unsigned intid)
{
    self.unmasked[intid] = false;
}

void gicv2_unmask(unsigned intid)
{
    self.unmasked[intid] = true;
}

unsigned gicv2_acknowledge(void)
{
    return self.pending;
}

void gicv2_end(unsigned intid)
{
    CHECK(intid == self.pending);
    self.pending = NO_INTID;
}

void uart_putc(char c) {}

_Noreturn void kassert_failed(const char *file, int line, const char *what)
{
    check_failed(file, line, "kassert", "not so: %s", what);
}

/* A function that the firmware does not have. */
void smc_call(uint64_t *words)
{
    words[0] = UINT64_MAX;
}

void context_switch_fp(struct context *from, const struct context *to)
{
    CHECK(from != to && (self.fp == NULL || from == self.fp));
    self.fp = to;
}

static bool timer_armed(void)
{
    return fake_cntv_ctl_el0 == 1;
}

/* One of the interrupts that may come now, or none. */
static unsigned interrupt(void)
{
    unsigned intid = FIRST_INTID + (unsigned)rand() % IRQS;

    return self.unmasked[intid] ? intid : NO_INTID;
}

/* The programs have no stacks. */
uint64_t fake_translate(uint64_t address)
{
    return PAR_FAULT;
}

uint64_t fake_load(uint64_t address)
{
    FAIL("the kernel reads at %#lx", address);
}

/* Nobody is ready. Programs at random end up stopped or waiting for each other; somebody out there restarts one. */
void fake_wait_for_interrupt(void)
{
    if (timer_armed() && rand() % 4) {
        fake_cntvct_el0 = fake_cntvct_el0 < fake_cntv_cval_el0 ? fake_cntv_cval_el0 : fake_cntvct_el0;
        self.pending = ABI_INTID_KERNEL_TIMER;
        return;
    }
    self.pending = interrupt();
    if (rand() % 4 == 0) {
        self.revived++;
        child_restart(pd_get((unsigned)rand() % PDS), 0);
    }
}

/* -- a random system -- */

static int chance(int percent)
{
    return rand() % 100 < percent;
}

static void make_channel(unsigned number, bool any_priority)
{
    unsigned a = (unsigned)rand() % PDS;
    unsigned b = (unsigned)rand() % PDS;

    if (a == b) {
        return;
    }
    struct abi_pd *pds = self.system->pds;
    uint8_t call_a = chance(60) && (any_priority || pds[a].priority < pds[b].priority) ? ABI_CHANNEL_PPCALL : 0;
    uint8_t call_b = chance(60) && (any_priority || pds[b].priority < pds[a].priority) ? ABI_CHANNEL_PPCALL : 0;
    pds[a].channels[number] = (struct abi_channel){ABI_CHANNEL_NOTIFY | call_a, (uint8_t)b, (uint8_t)number, 0};
    pds[b].channels[number] = (struct abi_channel){ABI_CHANNEL_NOTIFY | call_b, (uint8_t)a, (uint8_t)number, 0};
}

static void make_pd(unsigned index)
{
    struct abi_pd *pd = &self.system->pds[index];

    snprintf(pd->name, sizeof(pd->name), "pd%u", index);
    pd->priority = (uint8_t)(rand() % 5 * 50);
    pd->flags = (chance(30) ? ABI_PD_PASSIVE : 0) | (chance(30) ? ABI_PD_SMC : 0);
    pd->budget_us = 10 + (uint64_t)rand() % 500;
    pd->period_us = chance(40) ? pd->budget_us * (2 + (uint64_t)rand() % 9) : pd->budget_us;
    pd->watchdog_us = chance(30) ? 1 + (uint64_t)rand() % 500000 : 0;
    pd->parent = ABI_NONE;
    memset(pd->children, ABI_NONE, sizeof(pd->children));
    if (index > 0 && chance(80)) {
        unsigned parent = (unsigned)rand() % index;
        pd->parent = (uint8_t)parent;
        pd->child_id = (uint8_t)index;
        self.system->pds[parent].children[index] = (uint8_t)index;
    }
}

static void make_system(void)
{
    size_t size = sizeof(struct abi_system) + PDS * sizeof(struct abi_pd);
    bool any_priority = chance(20);

    self.system = calloc(1, size);
    self.system->magic = ABI_SYSTEM_MAGIC;
    self.system->size = (uint32_t)size;
    self.system->pd_count = PDS;
    self.system->irq_count = IRQS;
    for (unsigned index = 0; index < PDS; index++) {
        make_pd(index);
    }
    for (unsigned number = 0; number < 30; number++) {
        make_channel(number, any_priority);
    }
    for (unsigned n = 0; n < IRQS; n++) {
        unsigned pd = (unsigned)rand() % PDS;
        self.system->irqs[n] = (struct abi_irq){FIRST_INTID + n, ABI_IRQ_LEVEL, (uint8_t)pd, (uint8_t)(40 + n), 0};
        self.system->pds[pd].channels[40 + n] = (struct abi_channel){ABI_CHANNEL_IRQ, 0, 0, (uint8_t)n};
    }
    CHECK(decode_system_valid(self.system, 288));
}

/* -- invariants -- */

static void check_contexts(const struct pd *pd)
{
    if (pd->sc != NULL) {
        CHECK(pd->sc->holder == pd);
    }
    if (pd->own.holder != NULL) {
        CHECK(pd->own.holder->sc == &pd->own);
    }
    CHECK(pd->own.home == pd);
    if (pd->state == PD_RUNNABLE) {
        CHECK(pd->sc != NULL);
    }
    if (pd->sc == NULL && !pd_is_passive(pd)) {
        CHECK(pd->state == PD_CALLED || pd->state == PD_STOPPED);
    }
}

static void check_queue(const struct pd *server)
{
    unsigned length = 0;

    for (const struct pd *caller = server->queue; caller != NULL; caller = caller->queue_next) {
        CHECK(caller->state == PD_QUEUED && caller->server == server);
        CHECK(caller->queue_next == NULL || caller->queue_next->priority <= caller->priority);
        CHECK(++length < PDS);
    }
    unsigned queued = 0;
    for (unsigned index = 0; index < PDS; index++) {
        queued += pd_get(index)->state == PD_QUEUED && pd_get(index)->server == server;
    }
    CHECK(queued == length);
}

static bool is_queued_ready(const struct pd *pd)
{
    const struct ready *ready = &sched.ready;

    if (!(ready->priorities[pd->priority / 64] >> (pd->priority % 64) & 1)) {
        return false;
    }
    for (uint8_t id = ready->first[pd->priority]; id != READY_NONE; id = ready->next[id]) {
        if (id == pd->index) {
            return true;
        }
    }
    return false;
}

/* Who can run is in exactly one place, who cannot is in none. */
static void check_place(const struct pd *pd)
{
    bool spent = pd->sc != NULL && pd->sc->holder == pd && sched.spent & bit(pd->sc);

    CHECK((sched.current == pd) + is_queued_ready(pd) + spent == (pd->state == PD_RUNNABLE));
}

static void check_calls(const struct pd *pd)
{
    if (pd->caller != NULL) {
        CHECK(pd->caller->server == pd && pd->caller->state == PD_CALLED);
    }
    if (pd->state == PD_CALLED) {
        CHECK(pd->server != NULL && pd->server->caller == pd);
    } else if (pd->state != PD_QUEUED) {
        CHECK(pd->server == NULL);
    }
    if (pd->server != NULL) {
        CHECK(pd->server->state != PD_STOPPED || pd->server->abi->parent != ABI_NONE); /* else: for ever */
    }
    if (pd->state == PD_WAITING) {
        CHECK(pd->notified == 0 && pd->queue == NULL && pd->caller == NULL);
    }
    check_queue(pd);
}

static void check(void)
{
    const struct pd *current = sched_current();

    CHECK(current != NULL && current->state == PD_RUNNABLE && current->sc != NULL && pd_loaded == current);
    CHECK(fake_cpacr_el1 == current->cpacr && (current->cpacr != CPACR_FPEN_ALL || self.fp == &current->context));
    CHECK(self.pending == NO_INTID && sched.candidate == NULL);
    for (unsigned index = 0; index < PDS; index++) {
        const struct pd *pd = pd_get(index);
        check_contexts(pd);
        check_calls(pd);
        check_place(pd);
        if (pd->state == PD_RUNNABLE && pd->priority > current->priority) {
            CHECK(pd->sc->limited && timer_armed());
        }
    }
    CHECK(!current->sc->limited || timer_armed());
    CHECK(watchdog_due() == CLOCK_NEVER || (timer_armed() && fake_cntv_cval_el0 <= watchdog_due()));
}

/* -- programs -- */

static uint64_t number(void)
{
    return chance(90) ? (uint64_t)(rand() % 70) : (uint64_t)rand() << 32 ^ (uint64_t)rand();
}

static void make_call(struct context *context)
{
    static const uint64_t calls[] = {
        ABI_SYSCALL_RECV,       ABI_SYSCALL_RECV,       ABI_SYSCALL_RECV,         ABI_SYSCALL_NOTIFY,
        ABI_SYSCALL_CALL,       ABI_SYSCALL_CALL,       ABI_SYSCALL_IRQ_ACK,      ABI_SYSCALL_PD_STOP,
        ABI_SYSCALL_PD_RESTART, ABI_SYSCALL_PD_RESTART, ABI_SYSCALL_DBG_PUTC,     ABI_SYSCALL_SMC,
        ABI_SYSCALL_PD_RESUME,  ABI_SYSCALL_PD_RESUME,  ABI_SYSCALL_PD_REGISTERS, ABI_SYSCALL_UTILISATION};

    context->x[8] = chance(99) ? calls[(unsigned)rand() % (15 + CONFIG_UTILISATION)] : number();
    bool few = context->x[8] == ABI_SYSCALL_RECV || context->x[8] == ABI_SYSCALL_UTILISATION;
    context->x[0] = few && chance(80) ? (uint64_t)(rand() % 8) : number();
    context->x[1] = number();
    context->x[2] = number();
    syscall_handle(context);
}

static void make_fault(void)
{
    static const uint64_t classes[] = {ESR_CLASS_DATA_ABORT, ESR_CLASS_INSTRUCTION_ABORT,
                                       ESR_CLASS_BRK,        ESR_CLASS_UNKNOWN,
                                       ESR_CLASS_WF,         ESR_CLASS_FP_ACCESS};
    unsigned which = (unsigned)rand() % (sched_current()->cpacr == CPACR_FPEN_ALL ? 5 : 6);

    exception_handle(classes[which] << 26, number());
}

static void step(void)
{
    fake_cntvct_el0 += (uint64_t)(rand() % (chance(1) ? 100000 : chance(10) ? 300 : 5));
    self.pending = timer_armed() && fake_cntvct_el0 >= fake_cntv_cval_el0 ? ABI_INTID_KERNEL_TIMER
                   : chance(10)                                           ? interrupt()
                                                                          : NO_INTID;
    if (self.pending != NO_INTID) {
        interrupt_handle();
    } else if (chance(97)) {
        make_call(&sched_current()->context);
    } else {
        make_fault();
    }
}

static int run(unsigned seed)
{
    srand(seed);
    make_system();
    clock_init();
    self.fp = NULL;
    fake_cpacr_el1 = CPACR_FPEN_KERNEL; /* boot.c */
    pd_init(self.system);
    for (unsigned index = 0; index < PDS; index++) {
        pd_get(index)->message = &self.messages[index];
    }
    sched_init();
    irq_init(self.system);
    sched_exit();
    for (unsigned n = 0; n < STEPS; n++) {
        check();
        self.delivered += sched_current()->caller != NULL;
        step();
    }
    return self.delivered < STEPS / 100 || self.revived > STEPS / 2;
}

/* The kernel's state is made once, so each system has a process of its own. */
int main(void)
{
    unsigned idle = 0;

    for (unsigned seed = 1; seed <= SYSTEMS; seed++) {
        pid_t child = fork();
        if (child == 0) {
            exit(run(seed));
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child);
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
            FAIL("system %u", seed);
        }
        idle += WEXITSTATUS(status) == 1;
    }
    printf("sdk_kernel_random: in %u of %d systems little happened\n", idle, SYSTEMS);
    return idle > SYSTEMS / 2;
}

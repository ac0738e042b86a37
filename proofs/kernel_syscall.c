/* proofs/kernel_syscall.c: every system call with any registers, on any valid tables: what it commits is what the PD's
 * tables allow, and a refusal commits nothing and changes nothing but x0.
 *
 * What commits (call.c, child.c, irq.c, fault.c, sched.c) is recorded here instead.
 *
 *   bound   two PDs, tables of 5 channels and 2 interrupts
 */
#include "proofs/cbmc.h"

#define KERNEL_FIRMWARE_H /* not the instruction */
static void smc_call(uint64_t *words);

#include "sdk/kernel/decode.c"
#include "sdk/kernel/syscall.c"

#define PDS 2 /* the caller is number 0: which one it is does not matter, and no PD is its own peer or child */

/* clang-format off */
enum deed { NOTHING, NOTIFY, CALL, REPLY, RECEIVE, ACK, STOP, RESTART, RESUME, REGISTERS,
           FAULT, COUNT_BEGIN, COUNT_END, COUNT_RESET, COUNT_READ, SMC };
/* clang-format on */

static struct {
    struct abi_pd tables;
    uint32_t irq_count;
    struct pd pds[PDS];
    struct abi_message message; /* the caller's */
    struct pd *caller;
    unsigned count; /* deeds, RECEIVE not counted */
    bool received;
    enum deed deed; /* the last of them */
    uint64_t whom;  /* index of the PD, or of the interrupt */
    uint64_t with;  /* channel or event, pc */
    uint64_t info;
} self;

static void record(enum deed deed, uint64_t whom, uint64_t with, uint64_t info)
{
    self.deed = deed;
    self.whom = whom;
    self.with = with;
    self.info = info;
    self.count++;
}

struct pd *pd_get(unsigned index)
{
    PROVE(index < PDS);
    return &self.pds[index];
}

void call_notify(struct pd *pd, uint64_t channel)
{
    record(NOTIFY, pd->index, channel, 0);
}

void call_begin(struct pd *caller, struct pd *server, uint64_t event, uint64_t info)
{
    PROVE(caller == self.caller);
    record(CALL, server->index, event, info);
}

void call_reply(struct pd *server, uint64_t info)
{
    PROVE(server == self.caller);
    PROVE((info & ABI_MESSAGE_COUNT_MASK) <= ABI_MESSAGE_WORDS);
    record(REPLY, server->index, 0, info);
}

void call_receive(struct pd *pd)
{
    PROVE(pd == self.caller);
    self.received = true;
}

void irq_ack(unsigned number)
{
    PROVE(number < self.irq_count);
    record(ACK, number, 0, 0);
}

void irq_handle(void) {}

void child_stop(struct pd *child)
{
    record(STOP, child->index, 0, 0);
}

void child_restart(struct pd *child, uint64_t pc)
{
    record(RESTART, child->index, pc, 0);
}

void child_resume(struct pd *child)
{
    record(RESUME, child->index, 0, 0);
}

void child_registers(const struct pd *child, struct abi_message *message)
{
    PROVE(message == self.caller->message);
    record(REGISTERS, child->index, 0, 0);
}

void fault_unknown_syscall(void)
{
    record(FAULT, 0, 0, 0);
}

void fault_exception(uint64_t esr, uint64_t address) {}

static void smc_call(uint64_t *words)
{
    PROVE(words == self.caller->message->words);
    record(SMC, 0, 0, 0);
}

void utilisation_count_entry(void) {}

void utilisation_count_exit(unsigned next)
{
    PROVE(next == self.caller->index);
}

void utilisation_begin(void)
{
    record(COUNT_BEGIN, 0, 0, 0);
}

void utilisation_end(void)
{
    record(COUNT_END, 0, 0, 0);
}

void utilisation_reset(unsigned of)
{
    record(COUNT_RESET, of, 0, 0);
}

void utilisation_read(unsigned of, struct abi_message *message)
{
    PROVE(message == self.caller->message);
    record(COUNT_READ, of, 0, 0);
}

struct pd *sched_exit(void)
{
    return self.caller;
}

void print(const char *text) {}

void print_char(char c) {}

void print_decimal(uint64_t value) {}

static const struct abi_channel *entry(uint64_t number)
{
    return number < ABI_CHANNELS_MAX ? &self.caller->abi->channels[number] : NULL;
}

static bool allowed(uint64_t number, uint8_t right)
{
    return entry(number) != NULL && (entry(number)->flags & right);
}

/* What kernel_decode.c proves of valid tables is all that is assumed of the caller's. */
static void begin(uint64_t number)
{
    ANYTHING(&self);
    for (unsigned n = 0; n < ABI_CHANNELS_MAX; n++) {
        const struct abi_channel *channel = &self.tables.channels[n];
        ASSUME(!(channel->flags & ABI_CHANNEL_IRQ) ||
               (channel->flags == ABI_CHANNEL_IRQ && channel->irq < self.irq_count));
        ASSUME(channel->flags == 0 || channel->flags == ABI_CHANNEL_IRQ ||
               (channel->peer == 1 && channel->peer_channel < ABI_CHANNELS_MAX));
        ASSUME(self.tables.children[n] == 1 || self.tables.children[n] == ABI_NONE);
    }
    self.caller = &self.pds[0];
    self.caller->abi = &self.tables;
    self.caller->index = 0;
    self.caller->message = &self.message;
    self.pds[1].index = 1;
    self.caller->context.x[8] = number;
    self.count = 0;
    self.received = false;
}

/* Runs the call. What no deed has touched is as it was, in the caller (x0 apart) and in the other PD. */
static void run(void)
{
    struct pd *other = &self.pds[1];
    unsigned n = nondet_u32();
    ASSUME(n >= 1 && n < 31);
    struct {
        uint64_t x, pc, sp, spsr;
    } own = {self.caller->context.x[n], self.caller->context.pc, self.caller->context.sp, self.caller->context.spsr};
    struct {
        uint64_t x, x0, pc;
    } others = {other->context.x[n], other->context.x[0], other->context.pc};

    PROVE(syscall_handle(&self.caller->context) == &self.caller->context);

    PROVE(self.caller->context.x[n] == own.x && self.caller->context.pc == own.pc);
    PROVE(self.caller->context.sp == own.sp && self.caller->context.spsr == own.spsr);
    PROVE(other->context.x[n] == others.x && other->context.x[0] == others.x0 && other->context.pc == others.pc);
}

void notify_reaches_the_peer_alone(void)
{
    begin(ABI_SYSCALL_NOTIFY);
    uint64_t number = self.caller->context.x[0];
    run();
    if (allowed(number, ABI_CHANNEL_NOTIFY)) {
        PROVE(self.count == 1 && self.deed == NOTIFY);
        PROVE(self.whom == entry(number)->peer && self.with == entry(number)->peer_channel);
        PROVE(self.caller->context.x[0] == ABI_OK);
        POSSIBLE(1);
    } else {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CHANNEL);
        POSSIBLE(2);
    }
}

void call_reaches_the_peer_alone(void)
{
    begin(ABI_SYSCALL_CALL);
    uint64_t number = self.caller->context.x[0], info = self.caller->context.x[1];
    run();
    if (allowed(number, ABI_CHANNEL_PPCALL)) {
        PROVE(self.count == 1 && self.deed == CALL);
        PROVE(self.whom == entry(number)->peer && self.with == (ABI_EVENT_CALL | entry(number)->peer_channel));
        PROVE(self.info == decode_info(info));
        POSSIBLE(1);
    } else {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CHANNEL);
        POSSIBLE(2);
    }
}

void ack_reaches_the_own_interrupt_alone(void)
{
    begin(ABI_SYSCALL_IRQ_ACK);
    uint64_t number = self.caller->context.x[0];
    run();
    if (allowed(number, ABI_CHANNEL_IRQ)) {
        PROVE(self.count == 1 && self.deed == ACK && self.whom == entry(number)->irq);
        POSSIBLE(1);
    } else {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CHANNEL);
        POSSIBLE(2);
    }
}

/* All flags at once, or any of them: the answer, at most one notify or acknowledgement each, and always the wait. */
void receive_always_waits(void)
{
    begin(ABI_SYSCALL_RECV);
    uint64_t flags = self.caller->context.x[0], number = self.caller->context.x[2];
    run();
    PROVE(self.received);
    PROVE(self.count == ((flags & ABI_RECV_REPLY) != 0) +
                            ((flags & ABI_RECV_NOTIFY) && allowed(number, ABI_CHANNEL_NOTIFY)) +
                            ((flags & ABI_RECV_IRQ_ACK) && allowed(number, ABI_CHANNEL_IRQ)));
    PROVE(self.count == 0 || self.deed != NOTIFY || self.whom == entry(number)->peer);
    PROVE(self.count == 0 || self.deed != ACK || self.whom == entry(number)->irq);
    POSSIBLE(1);
}

void children_are_the_own(void)
{
    static const struct {
        uint64_t call;
        enum deed deed;
    } calls[] = {{ABI_SYSCALL_PD_STOP, STOP},
                 {ABI_SYSCALL_PD_RESTART, RESTART},
                 {ABI_SYSCALL_PD_RESUME, RESUME},
                 {ABI_SYSCALL_PD_REGISTERS, REGISTERS}};
    unsigned which = nondet_u32();

    ASSUME(which < sizeof(calls) / sizeof(calls[0]));
    begin(calls[which].call);
    uint64_t number = self.caller->context.x[0], pc = self.caller->context.x[1];
    bool is_child = number < ABI_CHANNELS_MAX && self.caller->abi->children[number] != ABI_NONE;
    run();
    if (is_child) {
        PROVE(self.count == 1 && self.deed == calls[which].deed);
        PROVE(self.whom == self.caller->abi->children[number] && (self.deed != RESTART || self.with == pc));
        POSSIBLE(1);
    } else {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CHILD);
        POSSIBLE(2);
    }
}

/* In the benchmark configuration. */
void utilisation_is_the_own_or_a_childs(void)
{
    begin(ABI_SYSCALL_UTILISATION);
    uint64_t what = self.caller->context.x[0], number = self.caller->context.x[1];
    bool own = number == ABI_UTILISATION_SELF;
    bool is_child = number < ABI_CHANNELS_MAX && self.caller->abi->children[number] != ABI_NONE;
    run();
    if (what == ABI_UTILISATION_BEGIN || what == ABI_UTILISATION_END) {
        PROVE(self.count == 1 && self.deed == (what == ABI_UTILISATION_BEGIN ? COUNT_BEGIN : COUNT_END));
    } else if (what > ABI_UTILISATION_RESET) {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CONFIG);
        POSSIBLE(1);
    } else if (own || is_child) {
        PROVE(self.count == 1 && self.deed == (what == ABI_UTILISATION_READ ? COUNT_READ : COUNT_RESET));
        PROVE(self.whom == (own ? self.caller->index : self.caller->abi->children[number]));
        POSSIBLE(2);
    } else {
        PROVE(self.count == 0 && self.caller->context.x[0] == ABI_ERROR_CHILD);
        POSSIBLE(3);
    }
}

void firmware_is_for_who_may(void)
{
    begin(ABI_SYSCALL_SMC);
    run();
    bool may = self.caller->abi->flags & ABI_PD_SMC;
    PROVE(self.count == (may ? 1 : 0) && (!may || self.deed == SMC));
    PROVE(self.caller->context.x[0] == (may ? ABI_OK : ABI_ERROR_SMC));
    POSSIBLE(1 + may);
}

void another_number_is_a_fault(void)
{
    uint64_t number = nondet_u64();

    ASSUME(number >= ABI_SYSCALL_COUNT);
    begin(number);
    run();
    PROVE(self.count == 1 && self.deed == FAULT);
    POSSIBLE(1);
}

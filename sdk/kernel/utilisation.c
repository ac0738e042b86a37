/* utilisation.c: an account for each PD and one for idling; the running one's is brought up to date at the next's turn.
 *   serves    any PD, in the benchmark configuration alone: it begins and ends the counting of all (docs/LIMITS.md)
 *   when full 64 bits of ticks do not run over
 */
#include "sdk/kernel/utilisation.h"

#include "sdk/kernel/clock.h"

struct account {
    uint64_t ticks;        /* scheduled, the kernel's time for it included */
    uint64_t schedules;    /* how often its turn came */
    uint64_t kernel_ticks; /* of `ticks`, those in the kernel */
    uint64_t entries;      /* into the kernel, from it */
};

static struct {
    bool counting;
    struct account accounts[ABI_PDS_MAX + 1];
    struct account kernel; /* totals of the last three columns */
    struct account *running;
    uint64_t entered; /* when this entry began */
    uint64_t since;   /* what came before is in running->ticks */
    uint64_t begun;
    uint64_t ended;
} self = {.running = &self.accounts[UTILISATION_IDLE]};

static void bring_up_to_date(void)
{
    self.running->ticks += self.entered - self.since;
    self.since = self.entered;
}

static void give_turn(struct account *next)
{
    if (next != self.running) {
        bring_up_to_date();
        next->schedules++;
        self.kernel.schedules++;
    }
}

void utilisation_count_entry(void)
{
    self.entered = clock_now();
}

void utilisation_count_exit(unsigned next)
{
    struct account *account = &self.accounts[next];

    if (self.counting) {
        uint64_t ticks = clock_now() - self.entered;
        self.running->entries++;
        self.kernel.entries++;
        give_turn(account);
        account->kernel_ticks += ticks;
        self.kernel.kernel_ticks += ticks;
    }
    self.running = account;
}

void utilisation_begin(void)
{
    self.counting = true;
    self.begun = self.since = self.entered;
    self.kernel = (struct account){.schedules = 1};
    self.accounts[UTILISATION_IDLE] = (struct account){0};
    self.running->schedules++;
}

void utilisation_end(void)
{
    if (self.counting) {
        bring_up_to_date();
        self.ended = self.entered;
        self.counting = false;
    }
}

void utilisation_reset(unsigned of)
{
    self.accounts[of] = (struct account){0};
    if (&self.accounts[of] == self.running) {
        self.since = self.entered;
    }
}

void utilisation_read(unsigned of, struct abi_message *message)
{
    const struct account *account = &self.accounts[of];
    const struct account *idle = &self.accounts[UTILISATION_IDLE];

    if (self.counting) {
        bring_up_to_date();
        self.ended = self.entered;
    }
    message->words[ABI_UTILISATION_TICKS] = account->ticks;
    message->words[ABI_UTILISATION_SCHEDULES] = account->schedules;
    message->words[ABI_UTILISATION_KERNEL_TICKS] = account->kernel_ticks;
    message->words[ABI_UTILISATION_ENTRIES] = account->entries;
    message->words[ABI_UTILISATION_IDLE_TICKS] = idle->ticks;
    message->words[ABI_UTILISATION_IDLE_TICKS_THERE] = idle->ticks;
    message->words[ABI_UTILISATION_IDLE_SCHEDULES] = idle->schedules;
    message->words[ABI_UTILISATION_IDLE_KERNEL_TICKS] = idle->kernel_ticks;
    message->words[ABI_UTILISATION_IDLE_ENTRIES] = idle->entries;
    message->words[ABI_UTILISATION_TOTAL_TICKS] = self.ended - self.begun;
    message->words[ABI_UTILISATION_TOTAL_SCHEDULES] = self.kernel.schedules;
    message->words[ABI_UTILISATION_TOTAL_KERNEL_TICKS] = self.kernel.kernel_ticks;
    message->words[ABI_UTILISATION_TOTAL_ENTRIES] = self.kernel.entries;
}

/* lib/pd/time.c: time without a call, from the physical counter (Arm ARM D11.1, CNTPCT_EL0 and CNTFRQ_EL0), which
 * both SDKs open to EL0. The counter's frequency is read once, at the start (lib/pd/clock.h).
 *   serves    every library and program of this PD
 *   distrusts the word of the time of day that another PD writes: any value, it moves that time alone
 */
#include "lib/pd.h"
#include "lib/pd/clock.h"

#define NS_PER_S 1000000000ull
#define US_PER_S 1000000ull

static struct {
    uint64_t frequency;
    uint64_t ns_per_tick_32, us_per_tick_32; /* fixed point, 32 bits of fraction */
    uint64_t own_ns;                         /* time of day at reset; 0: not known */
    uint64_t *set_ns;                        /* whom it is told to; NULL: nobody */
    const uint64_t *unix_ns;                 /* where it is read */
} self = {.unix_ns = &self.own_ns};

uint64_t pd_now_ticks(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks)); /* isb: not read ahead of what was waited for */
    return ticks;
}

void pd_clock_begin(void)
{
    __asm__("mrs %0, cntfrq_el0" : "=r"(self.frequency));
    self.ns_per_tick_32 = (NS_PER_S << 32) / self.frequency;
    self.us_per_tick_32 = (US_PER_S << 32) / self.frequency;
}

uint64_t pd_ticks_per_second(void)
{
    return self.frequency;
}

uint64_t pd_ns_from_ticks(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * self.ns_per_tick_32) >> 32);
}

uint64_t pd_us_from_ticks(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * self.us_per_tick_32) >> 32);
}

uint64_t pd_now_ns(void)
{
    return pd_ns_from_ticks(pd_now_ticks());
}

uint64_t pd_ticks_from_ns(uint64_t ns)
{
    uint64_t frequency = pd_ticks_per_second();
    uint64_t whole = ns / NS_PER_S, rest = ns % NS_PER_S;

    return whole * frequency + (rest * frequency + NS_PER_S - 1) / NS_PER_S;
}

void pd_set_unix_time_ns(uint64_t ns)
{
    self.own_ns = ns - pd_now_ns();
    if (self.set_ns) {
        __atomic_store_n(self.set_ns, self.own_ns, __ATOMIC_RELAXED);
    }
}

uint64_t pd_unix_time_ns(void)
{
    return __atomic_load_n(self.unix_ns, __ATOMIC_RELAXED) + pd_now_ns();
}

bool pd_unix_time_is_known(void)
{
    return __atomic_load_n(self.unix_ns, __ATOMIC_RELAXED) != 0;
}

void pd_share_unix_time(uint64_t *word)
{
    self.set_ns = word;
    self.own_ns = *word; /* of a former life */
}

void pd_follow_unix_time(const uint64_t *word)
{
    self.unix_ns = word;
}

/* tests/unit/fake_microkit.c: see the header. */
#include "tests/unit/fake_microkit.h"

#include <string.h>

#include "lib/counters.h"
#include "lib/log.h"

#define CHANNELS 62

char microkit_name[64] = "fake";
seL4_Bool microkit_have_signal;

/* With lib/trace these names lead to it; here is what it calls. */
#undef microkit_notify
#undef microkit_deferred_notify
#undef microkit_ppcall

static struct {
    unsigned notified[CHANNELS], acked[CHANNELS];
    bool deferred_is_ack;
    microkit_channel deferred;
    unsigned lost_deferred;
    fake_ppcall *answer;
    seL4_Word mr[64];
    uint64_t now_ns, unix_offset_ns;
    uint64_t *unix_word;
    uint32_t generation;
    char console[65536];
    size_t console_length;
    jmp_buf *death;
    char why[LOG_LINE_MAX];
} self = {.generation = 1};

/* As a status port's reader would see it. */
static uint64_t counters_page[COUNTERS_BYTES / sizeof(uint64_t)];
const struct counters_config counters_config = {.page = counters_page};

void fake_reset(void)
{
    memset(&self, 0, sizeof(self));
    memset(counters_page, 0xee, sizeof(counters_page)); /* what a former life left */
    self.generation = 1;
    microkit_have_signal = 0;
}

static void check_channel(microkit_channel channel)
{
    CHECK(channel < CHANNELS);
}

void microkit_notify(microkit_channel channel)
{
    check_channel(channel);
    self.notified[channel]++;
}

void microkit_irq_ack(microkit_channel channel)
{
    check_channel(channel);
    self.acked[channel]++;
}

static void defer(microkit_channel channel, bool is_ack)
{
    check_channel(channel);
    self.lost_deferred += microkit_have_signal;
    microkit_have_signal = 1;
    self.deferred = channel;
    self.deferred_is_ack = is_ack;
}

void microkit_deferred_notify(microkit_channel channel)
{
    defer(channel, false);
}

void microkit_deferred_irq_ack(microkit_channel channel)
{
    defer(channel, true);
}

void fake_wake(uint64_t channel_bits)
{
    for (microkit_channel channel = 0; channel < CHANNELS; channel++) {
        if (channel_bits >> channel & 1) {
            notified(channel);
        }
    }
    if (microkit_have_signal) {
        microkit_have_signal = 0;
        (self.deferred_is_ack ? microkit_irq_ack : microkit_notify)(self.deferred);
    }
}

unsigned fake_notified(microkit_channel channel)
{
    unsigned count = self.notified[channel];

    self.notified[channel] = 0;
    return count;
}

unsigned fake_acked(microkit_channel channel)
{
    unsigned count = self.acked[channel];

    self.acked[channel] = 0;
    return count;
}

uint64_t fake_notified_bits(void)
{
    uint64_t bits = 0;

    for (microkit_channel channel = 0; channel < CHANNELS; channel++) {
        bits |= self.notified[channel] ? FAKE_BIT(channel) : 0;
    }
    return bits;
}

unsigned fake_lost_deferred(void)
{
    return self.lost_deferred;
}

void fake_on_ppcall(fake_ppcall *answer)
{
    self.answer = answer;
}

microkit_msginfo microkit_ppcall(microkit_channel channel, microkit_msginfo info)
{
    check_channel(channel);
    return self.answer ? self.answer(channel, info) : microkit_msginfo_new(0, 0);
}

void microkit_mr_set(uint8_t index, seL4_Word value)
{
    CHECK(index < 64);
    self.mr[index] = value;
}

seL4_Word microkit_mr_get(uint8_t index)
{
    CHECK(index < 64);
    return self.mr[index];
}

microkit_msginfo microkit_msginfo_new(seL4_Word label, uint16_t count)
{
    return label << 12 | count;
}

seL4_Word microkit_msginfo_get_label(microkit_msginfo info)
{
    return info >> 12;
}

seL4_Word microkit_msginfo_get_count(microkit_msginfo info)
{
    return info & 0x7f;
}

void microkit_dbg_putc(int byte)
{
    if (self.console_length + 1 < sizeof(self.console)) {
        self.console[self.console_length++] = (char)byte;
        self.console[self.console_length] = '\0';
    }
}

void microkit_dbg_puts(const char *text)
{
    while (*text) {
        microkit_dbg_putc(*text++);
    }
}

const char *fake_console(void)
{
    return self.console;
}

void fake_set_now_ns(uint64_t ns)
{
    self.now_ns = ns;
}

uint64_t pd_now_ns(void)
{
    return self.now_ns;
}

uint64_t pd_now_ticks(void)
{
    return self.now_ns;
}

uint64_t pd_ticks_per_second(void)
{
    return 1000000000;
}

uint64_t pd_ticks_from_ns(uint64_t ns)
{
    return ns;
}

uint64_t pd_ns_from_ticks(uint64_t ticks)
{
    return ticks;
}

uint64_t pd_us_from_ticks(uint64_t ticks)
{
    return ticks / 1000;
}

void pd_set_unix_time_ns(uint64_t ns)
{
    self.unix_offset_ns = ns - self.now_ns;
    if (self.unix_word) {
        *self.unix_word = self.unix_offset_ns;
    }
}

uint64_t pd_unix_time_ns(void)
{
    return self.unix_offset_ns + self.now_ns;
}

bool pd_unix_time_is_known(void)
{
    return self.unix_offset_ns != 0;
}

void pd_share_unix_time(uint64_t *word)
{
    self.unix_word = word;
    self.unix_offset_ns = *word;
}

void fake_set_generation(uint32_t generation)
{
    self.generation = generation;
}

uint32_t pd_generation(void)
{
    return self.generation;
}

_Noreturn void pd_die(const char *why)
{
    snprintf(self.why, sizeof(self.why), "%s", why);
    if (self.death) {
        longjmp(*self.death, 1);
    }
    FAIL("the protection domain dies: %s", why);
}

_Noreturn void pd_refuse(const char *what, uint64_t value)
{
    char text[LOG_LINE_MAX];

    snprintf(text, sizeof(text), "refused: %s %llu", what, (unsigned long long)value);
    pd_die(text);
}

bool fake_dies(void (*call)(void))
{
    jmp_buf here;

    self.death = &here;
    if (setjmp(here) == 0) {
        call();
        self.death = NULL;
        return false;
    }
    self.death = NULL;
    return true;
}

void fake_dies_of(uint32_t *word, uint32_t value, void (*call)(void))
{
    uint32_t before = *word;

    CHECK(!fake_dies(call));
    *word = value;
    CHECK(fake_dies(call));
    *word = before;
}

const char *fake_why(void)
{
    return self.why;
}

/* Most services under test have no protected() or notified() of their own. */
__attribute__((weak)) microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    (void)channel;
    (void)info;
    return microkit_msginfo_new(0, 0);
}

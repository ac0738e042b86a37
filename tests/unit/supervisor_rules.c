/* tests/unit/supervisor_rules.c: who is restarted, when, with whom, and what is noted of it. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serial/client.h"
#include "supervisor/config.h"
#include "supervisor/load.h"
#include "tests/unit/fake_microkit.h"

enum { KILLER = 2, STRANGER = 3, CONSOLE = 4, WATCHER = 5, CHILDREN = 6 };
enum { ALONE, VIRT, DRIVER, HASTY, LAST, TIME };
enum { USER_EXCEPTION = 3, DEBUG = 4, VM = 6, MS = 1000000 };

static struct supervisor_notes notes;
static _Alignas(RING_LINE) uint8_t console[RING_BYTES(4096, 1)];

const struct supervisor_config supervisor_config = {
    .notes = &notes,
    .pause_child = TIME,
    .has_killer = true,
    .killer = KILLER,
    .has_watcher = true,
    .watcher = WATCHER,
    .child_count = CHILDREN,
    .children = {{"alone", 1 << ALONE, 100, 10, 50, 0},
                 {"virt", 1 << VIRT | 1 << DRIVER, 100, 10, 50, 0},
                 {"driver", 1 << DRIVER, 100, 10, 50, 0},
                 {"hasty", 1 << HASTY, 1000, 1, 3600000, 0},
                 {"last", 1 << LAST, 1000, 1, 3600000, .reset_after = 40},
                 {"time", 1 << TIME, 1000, 0, 0, 0}},
};
const struct serial_client_config serial_client_config = {.tx_channel = CONSOLE, .tx = {console, 4096}};

static struct {
    unsigned restarts[CHILDREN], stops[CHILDREN];
    seL4_Word entry[CHILDREN];
    bool runs[CHILDREN];
    unsigned resets;
    bool counts_nothing;
} self;

void microkit_pd_restart(microkit_child child, seL4_Word entry)
{
    CHECK(child < CHILDREN);
    self.restarts[child]++;
    self.entry[child] = entry;
    self.runs[child] = true;
}

void microkit_pd_stop(microkit_child child)
{
    CHECK(child < CHILDREN);
    self.stops[child]++;
    self.runs[child] = false;
}

bool load_is_known(void)
{
    return !self.counts_nothing;
}

uint64_t load_ticks(uint8_t child)
{
    for (uint8_t i = 0; i < 64; i++) {
        microkit_mr_set(i, ~0ul);
    }
    return 1000ul + child;
}

void reset_machine(void)
{
    self.resets++;
}

static const char *said(void)
{
    static char text[4096];
    struct ring_shared *shared = (void *)console;
    static struct ring ring;

    if (!ring.shared) {
        ring_resume_consumer(&ring, &serial_client_config.tx, 1);
    }
    text[ring_get_many(&ring, text, sizeof(text) - 1)] = '\0';
    (void)shared;
    return text;
}

/* As seL4 tells it. */
static void dies(microkit_child child)
{
    microkit_msginfo reply;

    microkit_mr_set(0, 0x200010);
    microkit_mr_set(1, 0x8);
    microkit_mr_set(2, 0);
    microkit_mr_set(3, 0x92000046);
    CHECK_EQUAL(fault(child, microkit_msginfo_new(VM, 4), &reply), 0);
}

/* As the pause PD says so. */
static void time_has_come(void)
{
    microkit_msginfo reply;

    microkit_mr_set(0, 0x200010);
    CHECK_EQUAL(fault(TIME, microkit_msginfo_new(USER_EXCEPTION, 4), &reply), 0);
}

static void passes(uint64_t ms)
{
    fake_set_now_ns(pd_now_ns() + ms * MS);
    if (pd_now_ns() >= notes.until_ns) {
        time_has_come();
    } else {
        fake_wake(FAKE_BIT(STRANGER));
    }
}

static const struct supervisor_record *last(void)
{
    return &notes.records[(notes.count - 1) % SUPERVISOR_RECORDS];
}

static void forget(void)
{
    memset(&self, 0, sizeof(self));
    for (unsigned i = 0; i < CHILDREN; i++) {
        self.runs[i] = true;
    }
}

static microkit_msginfo ask(microkit_channel channel, seL4_Word label, uint16_t count, seL4_Word child)
{
    microkit_mr_set(0, child);
    return protected(channel, microkit_msginfo_new(label, count));
}

/* The PD that has to tell the time does not, whatever became of it: the next time that is to be told has a new life of
 * it, and whoever wakes the supervisor before has it look at its clock. */
static void test_the_time_is_not_told(void)
{
    passes(1000);
    forget();
    dies(HASTY);
    dies(HASTY);
    CHECK(!self.runs[HASTY] && self.restarts[TIME] == 1);
    fake_set_now_ns(pd_now_ns() + 5000ull * MS);
    dies(ALONE);
    CHECK(self.runs[ALONE] && self.runs[HASTY] && self.restarts[TIME] == 1);
    dies(HASTY);
    CHECK(!self.runs[HASTY] && self.restarts[TIME] == 2);
    fake_set_now_ns(pd_now_ns() + 5000ull * MS);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, ALONE)), 0);
    CHECK(self.runs[HASTY]);
    dies(HASTY);
    CHECK(!self.runs[HASTY]);
    fake_set_now_ns(pd_now_ns() + 5000ull * MS);
    fake_wake(FAKE_BIT(CONSOLE));
    CHECK(self.runs[HASTY]);
    said();
}

static void test_at_once_when_it_had_settled(void)
{
    passes(100);
    forget();
    dies(ALONE);
    CHECK(self.restarts[ALONE] == 1 && self.entry[ALONE] == PD_ENTRY && self.runs[ALONE]);
    CHECK(self.restarts[VIRT] + self.restarts[DRIVER] + self.restarts[HASTY] == 0);
    CHECK_EQUAL(self.restarts[TIME], 0);
    CHECK_TEXT(said(), "fault: PD 'alone' data abort, write to 0x0000000000000008, pc 0x0000000000200010, "
                       "esr 0x92000046; death 1, restarted in 0 ms\n");
    CHECK(last()->child == ALONE && last()->deaths == 1 && last()->label == VM && last()->pc == 0x200010);
    CHECK(last()->address == 8 && last()->esr == 0x92000046 && last()->time_ns == 100 * MS);
    CHECK_EQUAL(last()->caller_count, 0);
}

/* 10, 20, 40, 50, 50 ms; not a moment earlier, whoever wakes the supervisor; and at once again after 100 ms of life. */
static void test_growing_pauses(void)
{
    static const uint32_t pauses[] = {10, 20, 40, 50, 50};

    for (unsigned i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        forget();
        dies(ALONE);
        CHECK_EQUAL(last()->pause_ms, pauses[i]);
        CHECK(!self.runs[ALONE] && self.restarts[ALONE] == 0);
        CHECK(self.restarts[TIME] == 1 && self.entry[TIME] == PD_ENTRY);
        CHECK_EQUAL(notes.until_ns, pd_now_ns() + pauses[i] * (uint64_t)MS);
        passes(pauses[i] - 1);
        CHECK(!self.runs[ALONE]);
        passes(1);
        CHECK(self.runs[ALONE] && self.restarts[ALONE] == 1);
    }
    passes(99);
    forget();
    dies(ALONE);
    CHECK(!self.runs[ALONE]);
    passes(50);
    passes(100);
    forget();
    dies(ALONE);
    CHECK(self.runs[ALONE]);
    said();
}

static void test_groups(void)
{
    passes(1000);
    forget();
    dies(DRIVER);
    CHECK(self.restarts[DRIVER] == 1 && self.restarts[VIRT] == 0);
    dies(VIRT);
    CHECK(self.restarts[DRIVER] == 2 && self.restarts[VIRT] == 1 && self.stops[DRIVER] == 2);
    /* While one waits, all of its group stand. */
    dies(VIRT);
    CHECK(!self.runs[VIRT] && !self.runs[DRIVER] && self.runs[ALONE] && self.runs[HASTY]);
    passes(10);
    CHECK(self.runs[VIRT] && self.runs[DRIVER]);
    said();
}

/* Pauses for ever, none longer than allowed, no overflow. */
static void test_never_gives_up(void)
{
    uint32_t before = 0;

    for (unsigned i = 0; i < 100; i++) {
        forget();
        dies(HASTY);
        CHECK(last()->pause_ms >= before && last()->pause_ms <= 3600000);
        before = last()->pause_ms;
        passes(before);
        CHECK(self.runs[HASTY]);
        said();
    }
    CHECK_EQUAL(before, 3600000);
    CHECK_EQUAL(last()->deaths, 100);
}

/* What it keeps may be what it dies of. */
static void test_forgets_what_it_has_kept(void)
{
    passes(3600000);
    for (unsigned i = 1; i < 20; i++) {
        forget();
        dies(HASTY);
        passes(last()->pause_ms);
        CHECK_EQUAL(self.entry[HASTY], i < 8 ? PD_ENTRY : PD_ENTRY_COLD);
        said();
    }
    passes(3600000);
    dies(HASTY);
    CHECK_EQUAL(self.entry[HASTY], PD_ENTRY);
    said();
}

/* The PD that tells the time lives for a quarter of a second at most, and that it ends is no death; but when it ends too
 * early, or is killed. */
static void test_the_time_is_told_in_pieces(void)
{
    passes(3600000);
    for (unsigned i = 0; i < 10; i++) {
        dies(HASTY);
        passes(0);
    }
    said();
    uint64_t due = pd_now_ns() + last()->pause_ms * (uint64_t)MS, count = notes.count;

    CHECK(last()->pause_ms > 250);
    while (!self.runs[HASTY]) {
        forget();
        self.runs[HASTY] = false;
        CHECK(notes.until_ns <= pd_now_ns() + 250 * MS && notes.until_ns <= due);
        fake_set_now_ns(notes.until_ns);
        time_has_come();
        CHECK(self.runs[HASTY] || self.restarts[TIME] == 1);
    }
    CHECK(pd_now_ns() == due && notes.count == count);
    CHECK_TEXT(said(), "");
    forget();
    microkit_msginfo reply;
    microkit_mr_set(0, SUPERVISOR_KILL_PC);
    CHECK_EQUAL(fault(TIME, microkit_msginfo_new(VM, 4), &reply), 0);
    CHECK(notes.count == count + 1 && self.restarts[TIME] == 0); /* nobody waits */
    dies(HASTY);
    forget();
    time_has_come();
    CHECK(notes.count == count + 3 && self.restarts[TIME] >= 1);
    said();
}

static void test_nonsense_restarts_nothing(void)
{
    passes(1000);
    forget();
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, CHILDREN)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, ~0ul)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, 1ul << 32)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 0, ALONE)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, 77, 1, ALONE)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(STRANGER, SUPERVISOR_KILL, 1, ALONE)), SUPERVISOR_REFUSED);
    uint64_t count = notes.count;
    dies(CHILDREN);
    dies(61);
    fake_wake(FAKE_BIT(STRANGER) | FAKE_BIT(KILLER));
    CHECK(notes.count == count && self.resets == 0);
    for (unsigned i = 0; i < CHILDREN; i++) {
        CHECK(self.restarts[i] == 0 && self.stops[i] == 0 && self.runs[i]);
    }
}

static void test_tells_how_busy_they_are(void)
{
    microkit_msginfo answer = ask(WATCHER, SUPERVISOR_TELL, 0, 0);

    CHECK(microkit_msginfo_get_label(answer) == 0 && microkit_msginfo_get_count(answer) == CHILDREN);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        CHECK_EQUAL(microkit_mr_get((uint8_t)i), 1000u + i);
    }
    self.counts_nothing = true;
    CHECK_EQUAL(microkit_msginfo_get_count(ask(WATCHER, SUPERVISOR_TELL, 0, 0)), 0);
    self.counts_nothing = false;
    forget();
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_TELL, 1, 0)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(STRANGER, SUPERVISOR_TELL, 1, 0)), SUPERVISOR_REFUSED);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(WATCHER, SUPERVISOR_KILL, 1, ALONE)), SUPERVISOR_REFUSED);
    CHECK(self.restarts[ALONE] == 0 && self.runs[ALONE]);
}

static void test_kill(void)
{
    forget();
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, DRIVER)), 0);
    CHECK(self.restarts[DRIVER] == 1 && self.entry[DRIVER] == SUPERVISOR_KILL_PC);
    dies(DRIVER);
    dies(DRIVER);
    CHECK(!self.runs[DRIVER]);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, DRIVER)), SUPERVISOR_REFUSED);
    passes(50);
    dies(VIRT);
    dies(VIRT);
    CHECK_EQUAL(microkit_msginfo_get_label(ask(KILLER, SUPERVISOR_KILL, 1, DRIVER)), SUPERVISOR_REFUSED);
    passes(50);
    said();
}

/* What our kernel adds; told once. */
static void test_callers(void)
{
    passes(1000);
    microkit_mr_set(16, 1ul << 32 | 0x5d1c0e2f);
    microkit_mr_set(17, 0x200010);
    microkit_mr_set(18, 0x92000006);
    microkit_mr_set(19, 0x18);
    microkit_mr_set(20, 1000);
    for (uint8_t i = 0; i < 9; i++) {
        microkit_mr_set((uint8_t)(21 + i), 0x200100 + i);
    }
    dies(ALONE);
    CHECK_TEXT(said(),
               "fault: PD 'alone' data abort, read from 0x0000000000000018, pc 0x0000000000200010, esr 0x92000006, "
               "build 0x5d1c0e2f; death 9, restarted in 0 ms\n"
               "  called from 0x0000000000200100 0x0000000000200101 0x0000000000200102 0x0000000000200103 "
               "0x0000000000200104 0x0000000000200105 0x0000000000200106 0x0000000000200107\n");
    CHECK(last()->caller_count == SUPERVISOR_CALLERS && last()->callers[7] == 0x200107);
    passes(1000);
    dies(ALONE);
    CHECK_EQUAL(last()->caller_count, 0);
    said();
}

/* A fault of its own where seL4 has debugging configured. */
static void test_breakpoint(void)
{
    microkit_msginfo reply;

    passes(1000);
    microkit_mr_set(0, 0x2002b4);
    microkit_mr_set(1, 3);
    CHECK_EQUAL(fault(ALONE, microkit_msginfo_new(DEBUG, 2), &reply), 0);
    CHECK(strstr(said(), "fault: PD 'alone' brk, pc 0x00000000002002b4, esr 0x00000000; "));
    CHECK(last()->pc == 0x2002b4 && last()->esr == 0 && self.runs[ALONE]);
}

static void test_oldest_record_goes(void)
{
    for (unsigned i = 0; i < 3 * SUPERVISOR_RECORDS; i++) {
        passes(1000);
        dies(ALONE);
        said();
    }
    for (uint64_t n = notes.count - SUPERVISOR_RECORDS; n + 1 < notes.count; n++) {
        const struct supervisor_record *record = &notes.records[n % SUPERVISOR_RECORDS];
        CHECK_EQUAL(notes.records[(n + 1) % SUPERVISOR_RECORDS].deaths, record->deaths + 1);
    }
}

/* It dies itself while somebody waits: that one is not forgotten, nor is what was noted. In a process of its own: a
 * restart forgets all but what is kept, and init() is called once. */
static void test_its_own_restart(void)
{
    fake_reset();
    fake_set_now_ns(MS);
    dies(HASTY);
    dies(HASTY);
    CHECK(!self.runs[HASTY] && self.restarts[HASTY] == 1);
    fake_set_generation(2);
    init();
    CHECK(self.runs[HASTY] && self.restarts[HASTY] == 2 && self.restarts[ALONE] == 0 && notes.count == 2);
    passes(1000);
    CHECK_EQUAL(self.restarts[HASTY], 2);
}

/* Not one death too early, and not before the console has had time to say so. */
static void test_last_resort(void)
{
    fake_reset();
    init();
    forget();
    for (unsigned i = 1; i <= 40; i++) {
        CHECK_EQUAL(self.resets, 0);
        said();
        dies(LAST);
    }
    CHECK(strstr(said(), "PD 'last' died 40 times in a row: the machine is reset\n"));
    passes(199);
    CHECK_EQUAL(self.resets, 0);
    CHECK(notes.until_ns == pd_now_ns() + MS);
    passes(1);
    CHECK_EQUAL(self.resets, 1);
    passes(10); /* the firmware has refused: it is asked again at the next death, not for ever */
    CHECK_EQUAL(self.resets, 1);
}

static void alone(void (*test)(void))
{
    int status = 1;

    if (fork() == 0) {
        test();
        exit(0);
    }
    CHECK(wait(&status) > 0 && status == 0);
}

int main(void)
{
    alone(test_its_own_restart);
    alone(test_last_resort);
    fake_reset();
    init();
    test_at_once_when_it_had_settled();
    test_growing_pauses();
    test_groups();
    test_never_gives_up();
    test_forgets_what_it_has_kept();
    test_the_time_is_told_in_pieces();
    test_nonsense_restarts_nothing();
    test_tells_how_busy_they_are();
    test_kill();
    test_callers();
    test_breakpoint();
    test_oldest_record_goes();
    test_the_time_is_not_told();
    return 0;
}

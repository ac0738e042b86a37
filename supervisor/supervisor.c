/* supervisor.c: every other PD's parent: notes what it died of, says it, and restarts it, with those that belong to it.
 *   consumes  faults    of the children; what a message says of the child is noted and shown, and decides nothing
 *   consumes  the end of the pause PD, believed to be a time that has come only when the clock says so, too; whoever else
 *             wakes the supervisor has it look at the clock as well
 *   answers   SUPERVISOR_KILL, SUPERVISOR_TELL   each from the one PD that the description names, NOT trusted with
 *             anything else
 *   produces  restarts; records (proto.h); lines for the console, trusted for liveness only: it is a child as well
 *   produces  a reset of the machine, where a rule wants that as the last resort (reset.h)
 *   invariant a child runs, or a restart of its group is due; while one is due the pause PD waits for the earliest
 *   when full a record takes the oldest one's place; a line that finds no room is lost, and the next one says so
 *   restart   who was dead when the supervisor died is restarted at once; records stay
 *
 * It waits for nobody, allocates nothing, and calls nobody: whoever it might wait for is one that it has to restart. So
 * it takes no deadline of the timer driver; time comes from a PD that spins within a small budget (pause.c). That one may
 * be broken, too: it never waits, so it ends, or the kernel's watchdog ends it (on our own kernel), a while after LIFE_MS.
 */
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"
#include "supervisor/config.h"
#include "supervisor/fault.h"
#include "supervisor/load.h"
#include "supervisor/reset.h"

#define MS 1000000ull
#define DOUBLINGS_MAX 31
#define LIFE_MS 250              /* of the pause PD, at most; half of its watchdog's limit (compose/supervisor.py) */
#define COLD_DEATHS 8            /* in a row: what it has kept may be what it dies of */
#define LAST_WORDS_NS (200 * MS) /* for the console, before the machine is reset */
#define CALLERS_IN_A_LINE SUPERVISOR_CALLERS

static struct {
    struct {
        uint64_t started_ns;
        uint64_t due_ns; /* when its group is restarted; 0: nothing is due */
        uint32_t deaths;
        uint32_t in_a_row; /* deaths, each before it had settled */
    } children[SUPERVISOR_CHILDREN_MAX];
    uint64_t reset_ns; /* the machine is reset then; 0: it is not */
} self;

/* What a supervisor that starts anew must know: bit n: child n has died and is not restarted yet. */
PD_KEPT static uint64_t kept_dead;

static const struct supervisor_config *const config = &supervisor_config;

static bool is_dead(uint32_t child)
{
    return kept_dead >> child & 1;
}

/* Dead, or stopped with one that is. */
static bool stands_still(uint32_t child)
{
    for (uint32_t i = 0; i < config->child_count; i++) {
        if (is_dead(i) && config->children[i].group >> child & 1) {
            return true;
        }
    }
    return false;
}

static void restart_group(uint32_t child)
{
    uint64_t now = pd_now_ns();

    self.children[child].due_ns = 0;
    for (uint32_t i = 0; i < config->child_count; i++) {
        if (config->children[child].group >> i & 1) {
            bool cold = i == child && self.children[i].in_a_row >= COLD_DEATHS;

            self.children[i].started_ns = now;
            microkit_pd_restart(i, cold ? PD_ENTRY_COLD : PD_ENTRY);
        }
    }
    kept_dead &= ~(1ull << child);
}

/* Its peers must not go on with half a protocol meanwhile. */
static void stop_group(uint32_t child)
{
    for (uint32_t i = 0; i < config->child_count; i++) {
        if (config->children[child].group >> i & 1) {
            microkit_pd_stop(i);
        }
    }
}

/* The first death in a row costs no pause. */
static uint32_t pause_ms(uint32_t child, uint64_t now)
{
    bool settled = now - self.children[child].started_ns >= config->children[child].settled_ms * MS;
    uint32_t before = settled ? 0 : self.children[child].in_a_row;
    uint64_t pause = config->children[child].pause_ms;

    self.children[child].in_a_row = before + 1;
    if (before == 0) {
        return 0;
    }
    pause <<= before - 1 < DOUBLINGS_MAX ? before - 1 : DOUBLINGS_MAX;
    return pause < config->children[child].pause_max_ms ? (uint32_t)pause : config->children[child].pause_max_ms;
}

static void note(const struct supervisor_record *record)
{
    struct supervisor_notes *notes = config->notes;

    notes->records[notes->count % SUPERVISOR_RECORDS] = *record;
    __atomic_store_n(&notes->count, notes->count + 1, __ATOMIC_RELEASE);
}

static void say_callers(const struct supervisor_record *record)
{
    char line[CALLERS_IN_A_LINE * 20 + 1] = "";
    size_t length = 0;

    for (uint64_t i = 0; i < record->caller_count; i++) {
        length += log_format(line + length, sizeof(line) - length, " 0x%016lx", (unsigned long)record->callers[i]);
    }
    if (length > 0) {
        log_line("  called from%s", line);
    }
}

/* The words before the semicolon are those of the kernel: `make explain` reads them. */
static void say(const struct supervisor_record *record, uint64_t build)
{
    char cause[FAULT_CAUSE_MAX], image[24] = "";

    fault_cause(record, cause);
    if (build) {
        log_format(image, sizeof(image), ", build 0x%08x", (unsigned)build);
    }
    log_line("fault: PD '%s' %s, pc 0x%016lx, esr 0x%08x%s; death %u, restarted in %u ms",
             config->children[record->child].name, cause, (unsigned long)record->pc, (unsigned)record->esr, image,
             (unsigned)record->deaths, (unsigned)record->pause_ms);
    say_callers(record);
}

/* The last resort. It waits until the console has had time to say so. */
static void reset_if_it_is_time(uint32_t child, uint64_t now)
{
    uint32_t limit = config->children[child].reset_after;

    if (limit > 0 && self.children[child].in_a_row >= limit && !self.reset_ns) {
        log_line("PD '%s' died %u times in a row: the machine is reset", config->children[child].name, (unsigned)limit);
        self.reset_ns = now + LAST_WORDS_NS;
    }
}

/* Restarts who is due, and has the pause PD tell when the next is: in a new life, since nobody would notice that the
 * last one does not. */
static void look_at_the_clock(void)
{
    uint64_t now = pd_now_ns(), next = UINT64_MAX;

    if (self.reset_ns && self.reset_ns <= now) {
        self.reset_ns = 0; /* where it is refused, the next death asks again */
        reset_machine();
    } else if (self.reset_ns) {
        next = self.reset_ns;
    }
    for (uint32_t i = 0; i < config->child_count; i++) {
        uint64_t due = self.children[i].due_ns;

        if (due && due <= now) {
            restart_group(i);
        } else if (due && due < next) {
            next = due;
        }
    }
    if (next != UINT64_MAX) {
        next = next < now + LIFE_MS * MS ? next : now + LIFE_MS * MS;
        __atomic_store_n(&config->notes->until_ns, next, __ATOMIC_RELAXED);
        microkit_pd_restart(config->pause_child, PD_ENTRY);
    }
}

void init(void)
{
    uint64_t now = pd_now_ns();

    require(config->child_count <= SUPERVISOR_CHILDREN_MAX, "supervisor: child_count", config->child_count);
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    fault_forget();
    for (uint32_t i = 0; i < config->child_count; i++) {
        self.children[i].started_ns = now;
        self.children[i].due_ns = is_dead(i) ? now : 0;
    }
    look_at_the_clock();
    pd_flush();
}

void notified(microkit_channel channel)
{
    (void)pd_dispatch(channel);
    look_at_the_clock();
    pd_flush_deferred();
}

/* It ends by a trap of its own when the time has come; who has it killed wants to see it die. */
static bool is_its_time(const struct supervisor_record *record)
{
    return record->child == config->pause_child && record->pc != SUPERVISOR_KILL_PC &&
           record->time_ns >= config->notes->until_ns;
}

/* Who tells the time lives while somebody waits, and is restarted for that alone: a start costs it much of its budget. */
static void take_note(struct supervisor_record *record, uint64_t build)
{
    uint32_t child = record->child;

    record->deaths = ++self.children[child].deaths;
    if (child != config->pause_child) {
        kept_dead |= 1ull << child;
        record->pause_ms = pause_ms(child, record->time_ns);
        stop_group(child);
        self.children[child].due_ns = record->time_ns + record->pause_ms * MS;
    }
    note(record);
    say(record, build);
    reset_if_it_is_time(child, record->time_ns);
}

/* No answer: the child stays where it is until it is restarted. */
pd_bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    struct supervisor_record record = {.time_ns = pd_now_ns(), .child = child};
    uint64_t build = fault_read(info, &record);

    if (child >= config->child_count) {
        return 0;
    }
    if (!is_its_time(&record)) {
        take_note(&record, build);
    }
    look_at_the_clock();
    pd_flush();
    return 0;
}

/* load_ticks() may write message registers: all are known before the answer is written there. */
static microkit_msginfo tell(void)
{
    uint64_t ticks[SUPERVISOR_CHILDREN_MAX];
    uint8_t count = load_is_known() ? config->child_count : 0;

    for (uint8_t i = 0; i < count; i++) {
        ticks[i] = load_ticks(i);
    }
    for (uint8_t i = 0; i < count; i++) {
        microkit_mr_set(i, ticks[i]);
    }
    return microkit_msginfo_new(0, count);
}

static bool asks(microkit_channel channel, microkit_msginfo info, uint64_t label, bool there, uint8_t of)
{
    return there && channel == of && microkit_msginfo_get_label(info) == label;
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    bool kills = asks(channel, info, SUPERVISOR_KILL, config->has_killer, config->killer) &&
                 microkit_msginfo_get_count(info) >= 1;
    uint64_t child = kills ? microkit_mr_get(0) : SUPERVISOR_CHILDREN_MAX;

    look_at_the_clock();
    if (asks(channel, info, SUPERVISOR_TELL, config->has_watcher, config->watcher)) {
        return tell();
    }
    if (child >= config->child_count || stands_still((uint32_t)child)) {
        return microkit_msginfo_new(SUPERVISOR_REFUSED, 0);
    }
    microkit_pd_restart((microkit_child)child, SUPERVISOR_KILL_PC);
    return microkit_msginfo_new(0, 0);
}

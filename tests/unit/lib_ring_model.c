/* tests/unit/lib_ring_model.c: every interleaving of a consumer and a producer that sleep and wake by the ring's rules.
 *
 * The model has the steps of lib/ring/ring.c, one shared access each, and store buffers: a store becomes visible to
 * the other side at any later moment, at a fence at the latest. That is the weakening that matters to the argument
 * (store, then load of another word), on x86 and Arm alike. A state in which both sides can do nothing more, though
 * elements are left, is a lost wake-up. The rules must have none; each weakened set of rules must have one, or the
 * model could not fail.
 */
#include <string.h>

#include "tests/unit/fake_microkit.h"

#define ELEMENTS 3 /* to put in all */
#define CAPACITY 1 /* so that both directions have to wait */

enum weakness { SOUND, NO_SECOND_LOOK, NO_FENCE_ARM, NO_FENCE_WAKE, LOOK_BEFORE_ARM, CLEAR_AFTER_NOTIFY, WEAKNESSES };

enum step { WORK, ASK_FENCE, ASK_READ, ASK_NOTIFY, ARM, ARM_FENCE, LOOK, DISARM, SLEEP, END };

enum word { INDEX, ARMED_SELF, ARMED_PEER, BUFFERED_WORDS };

/* One side; the peer's view of it is `seen`. All fields are small, so that a state is a key. */
struct side {
    uint8_t step;
    uint8_t own;      /* elements put or taken */
    uint8_t buffered; /* bit per word whose store is not visible yet */
    uint8_t value[BUFFERED_WORDS];
    uint8_t pending; /* a notification, in the kernel's word */
};

struct state {
    struct side side[2]; /* 0: producer, 1: consumer */
    uint8_t index[2];    /* visible: tail, head */
    uint8_t armed[2];    /* visible: producer_armed, consumer_armed */
};

#define STATES_MAX (1u << 20)

static struct {
    struct state *states;
    uint32_t *table; /* hash -> state + 1 */
    uint32_t count;
    enum weakness weakness;
} self;

static uint32_t hash(const struct state *state)
{
    const uint8_t *bytes = (const uint8_t *)state;
    uint32_t value = 2166136261u;

    for (size_t i = 0; i < sizeof(*state); i++) {
        value = (value ^ bytes[i]) * 16777619u;
    }
    return value;
}

static void reach(const struct state *state)
{
    uint32_t slot = hash(state) % (2 * STATES_MAX);

    while (self.table[slot]) {
        if (memcmp(&self.states[self.table[slot] - 1], state, sizeof(*state)) == 0) {
            return;
        }
        slot = (slot + 1) % (2 * STATES_MAX);
    }
    CHECK(self.count < STATES_MAX);
    self.states[self.count++] = *state;
    self.table[slot] = self.count;
}

static void make_visible(struct state *state, unsigned who, enum word word)
{
    struct side *side = &state->side[who];

    if (!(side->buffered >> word & 1)) {
        return;
    }
    side->buffered &= (uint8_t) ~(1u << word);
    if (word == INDEX) {
        state->index[who] = side->value[word];
    } else {
        state->armed[word == ARMED_SELF ? who : 1 - who] = side->value[word];
    }
    side->value[word] = 0;
}

static void store(struct state *state, unsigned who, enum word word, uint8_t value)
{
    state->side[who].buffered |= (uint8_t)(1u << word);
    state->side[who].value[word] = value;
}

static void fence(struct state *state, unsigned who)
{
    for (enum word word = INDEX; word < BUFFERED_WORDS; word++) {
        make_visible(state, who, word);
    }
}

/* A side sees its own stores at once. */
static uint8_t read_armed_peer(const struct state *state, unsigned who)
{
    const struct side *side = &state->side[who];

    return side->buffered >> ARMED_PEER & 1 ? side->value[ARMED_PEER] : state->armed[1 - who];
}

static bool can_work(const struct state *state, unsigned who)
{
    uint8_t own = state->side[who].own, peer = state->index[1 - who];

    return who == 0 ? own - peer < CAPACITY : peer != own;
}

/* One step of one side; false: it can do nothing now. */
static bool advance(struct state *state, unsigned who)
{
    struct side *side = &state->side[who];
    enum weakness weakness = self.weakness;

    switch ((enum step)side->step) {
    case WORK:
        if (side->own == ELEMENTS) {
            side->step = END;
        } else if (can_work(state, who)) {
            side->own++;
            store(state, who, INDEX, side->own);
            side->step = weakness == NO_FENCE_WAKE ? ASK_READ : ASK_FENCE;
        } else {
            side->step = ARM;
        }
        return true;
    case ASK_FENCE:
        fence(state, who);
        side->step = ASK_READ;
        return true;
    case ASK_READ:
        side->step = read_armed_peer(state, who) ? ASK_NOTIFY : WORK;
        if (side->step == ASK_NOTIFY && weakness != CLEAR_AFTER_NOTIFY) {
            store(state, who, ARMED_PEER, 0);
        }
        return true;
    case ASK_NOTIFY: /* a system call: what was stored before is visible to whom it wakes */
        fence(state, who);
        state->side[1 - who].pending = 1;
        if (weakness == CLEAR_AFTER_NOTIFY) {
            store(state, who, ARMED_PEER, 0);
        }
        side->step = WORK;
        return true;
    case ARM:
        if (weakness == LOOK_BEFORE_ARM && can_work(state, who)) {
            side->step = WORK;
            return true;
        }
        store(state, who, ARMED_SELF, 1);
        side->step = weakness == NO_FENCE_ARM ? LOOK : ARM_FENCE;
        return true;
    case ARM_FENCE:
        fence(state, who);
        side->step = LOOK;
        return true;
    case LOOK:
        if (weakness == NO_SECOND_LOOK || weakness == LOOK_BEFORE_ARM) {
            side->step = SLEEP;
        } else {
            side->step = can_work(state, who) ? DISARM : SLEEP;
        }
        return true;
    case DISARM:
        store(state, who, ARMED_SELF, 0);
        side->step = WORK;
        return true;
    case SLEEP: /* waiting is a system call, too */
        fence(state, who);
        if (!side->pending) {
            return false;
        }
        side->pending = 0;
        side->step = WORK;
        return true;
    case END: return false;
    }
    return false;
}

/* Every state that can be reached; true: none of them is stuck. */
static bool explore(enum weakness weakness)
{
    struct state first;
    bool sound = true;

    memset(self.table, 0, 2 * STATES_MAX * sizeof(*self.table));
    memset(&first, 0, sizeof(first));
    self.count = 0;
    self.weakness = weakness;
    reach(&first);
    for (uint32_t at = 0; at < self.count && sound; at++) {
        bool moved = false;

        for (unsigned who = 0; who < 2; who++) {
            struct state next = self.states[at];

            if (advance(&next, who)) {
                moved = true;
                reach(&next);
            }
            for (enum word word = INDEX; word < BUFFERED_WORDS; word++) {
                next = self.states[at];
                if (next.side[who].buffered >> word & 1) {
                    make_visible(&next, who, word);
                    moved = true;
                    reach(&next);
                }
            }
        }
        sound = moved || (self.states[at].side[0].step == END && self.states[at].side[1].step == END);
    }
    return sound;
}

int main(void)
{
    self.states = calloc(STATES_MAX, sizeof(*self.states));
    self.table = calloc(2 * STATES_MAX, sizeof(*self.table));
    CHECK(self.states && self.table);
    CHECK(explore(SOUND));
    CHECK(self.count > 500);
    for (enum weakness weakness = SOUND + 1; weakness < WEAKNESSES; weakness++) {
        if (explore(weakness)) {
            FAIL("weakness %d does no harm in %u states", (int)weakness, self.count);
        }
    }
    free(self.states);
    free(self.table);
    return 0;
}

/* proofs/ring_restart.pml: a pair of rings (lib/ring/ring.c) whose two sides restart at any step, for SPIN.
 *
 * The owner of a few buffers (net_virt_rx, or a client of net_virt_tx) gives them to a holder (the driver, or net_virt_tx)
 * through one ring, and gets them back through the other. The holder has a device that may write into what it has, until it is reset.
 * Either side is stopped between any two accesses to shared memory, forgets all that is private, and begins anew: what it had in
 * its hands, or half way through an operation, it does not know any more. Notifications that are pending stay, as in the kernel.
 *
 * What is shown: no buffer is taken by one side while the other has it, or the device; no side waits for good while
 * there is something to do; and when nobody dies any more every buffer goes round (so none is lost, and no wake-up):
 * both sides end only when each buffer has come back since the last restart. As a property of its own (ltl progress, for one restart):
 * they do.
 *
 * Sequentially consistent: the orders that a weaker machine needs are those of one index, its elements and the armed flag, which
 * ring_wakeup.pml and ring.c's argument have. What is new here, the generations, lies in the index's own word.
 *
 * Bounds: one buffer, two restarts, of either side, at any two steps. What it found while this was written: asking one ring for
 * both; two sides that take over each other's index at the same time; a restart between the other side's two resets.
 *
 * Each -D below breaks one rule, and SPIN must then find what goes wrong (catalogue.py).
 */
#ifndef BUFFERS
#define BUFFERS 1
#endif
#ifndef RESTARTS
#define RESTARTS 2
#endif
#define CAPACITY BUFFERS
#define INDICES (2 * CAPACITY + 1) /* an index counts modulo this: what is impossible can be told */
#define DISTANCE(a, b) (((a) + INDICES - (b)) % INDICES)

#define OWNER 0
#define HOLDER 1
#define GIVE 0              /* the owner produces */
#define BACK 1              /* the holder produces */
#define END(ring, side) ((ring) * 2 + (side))
#define MINE(ring) END(ring, me)
#define PEERS(ring) END(ring, 1 - me)
#define PRODUCES(ring) ((ring) == me)

/* Shared: one word of each end of each ring, read and written as one. */
typedef word { byte index; byte generation; byte knows };
word words[4];
byte elements[2 * CAPACITY];           /* of each ring */
bool armed[4];              /* by the end that sleeps */

/* Private to an end. */
typedef handle { byte own; byte peer; byte expected; bool fresh };
handle handles[4];

byte generation[2];         /* kept, as pd_generation() is */
bool pending[2];            /* the kernel's word */
bool dies[2];               /* stopped before its next step */
bool ended[2];
bool quiet;                 /* nobody dies any more */

bool hand[BUFFERS];         /* what the owner believes to have */
bool device[BUFFERS];       /* what the device may write into */
bool round[BUFFERS];        /* it has come back since the last restart */

#define ALL_ROUND (round[0] && round[BUFFERS - 1])

/* Both rest then, until somebody dies, or nobody does any more: buffers that go round and round show nothing new. */
#define RESTS ALL_ROUND

inline notify_peer() { pending[1 - me] = true }

/* -- the ring -- */

/* A producer takes the consumer's index over when it sees the ring open; a consumer's counts on. */
inline take_over(ring)
{
    d_step {
        handles[MINE(ring)].expected = words[PEERS(ring)].generation;
        if
        :: PRODUCES(ring) ->
            handles[MINE(ring)].own = words[PEERS(ring)].index;
            handles[MINE(ring)].fresh = true
        :: else ->
#ifdef CONSUMER_TAKES_OVER
            handles[MINE(ring)].own = words[PEERS(ring)].index;
#endif
            handles[MINE(ring)].peer = handles[MINE(ring)].own
        fi
    }
}

/* The consumer's own index of its last life, which is in its word. */
inline attach(ring)
{
    handles[MINE(ring)].own = words[MINE(ring)].index;
    take_over(ring);
    publish(ring)
}

inline publish(ring)
{
    d_step {
        words[MINE(ring)].index = handles[MINE(ring)].own;
        words[MINE(ring)].generation = generation[me];
        words[MINE(ring)].knows = handles[MINE(ring)].expected
    }
}

#define RESTARTED(ring) (words[PEERS(ring)].generation != handles[MINE(ring)].expected)

#ifdef NO_KNOWING
#define KNOWN(ring) true
#else
#define KNOWN(ring) (words[PEERS(ring)].knows == generation[me])
#endif
#define OPEN(ring) (!RESTARTED(ring) && KNOWN(ring))

/* On both rings: where they differ the peer is about to attach to the other one, and will say so. */
#ifdef ASKS_ONE_RING
#define PEER_RESTARTED RESTARTED(BACK)
#else
#define PEER_RESTARTED ((RESTARTED(GIVE) || RESTARTED(BACK)) && \
                        words[PEERS(GIVE)].generation == words[PEERS(BACK)].generation)
#endif

/* Between the two resets the peer may have died once more. */
#ifdef SETTLES_ON_HALF
#define AGREES true
#else
#define AGREES (handles[MINE(GIVE)].expected == handles[MINE(BACK)].expected)
#endif

inline reset(ring)
{
    if
    :: RESTARTED(ring) -> take_over(ring); publish(ring)
    :: else
    fi
}

/* As look_at_tail() and look_at_head() have it. */
#define POSSIBLE(ring) (PRODUCES(ring) -> \
    DISTANCE(handles[MINE(ring)].own, words[PEERS(ring)].index) <= DISTANCE(handles[MINE(ring)].own, handles[MINE(ring)].peer) : \
    DISTANCE(words[PEERS(ring)].index, handles[MINE(ring)].own) <= CAPACITY)

inline look(ring)
{
    d_step {
        if
        :: OPEN(ring) && handles[MINE(ring)].fresh ->
            handles[MINE(ring)].fresh = false;
            handles[MINE(ring)].peer = words[PEERS(ring)].index;
            handles[MINE(ring)].own = words[PEERS(ring)].index;
            words[MINE(ring)].index = handles[MINE(ring)].own
        :: OPEN(ring) && !handles[MINE(ring)].fresh && POSSIBLE(ring) ->
            handles[MINE(ring)].peer = words[PEERS(ring)].index
        :: else
        fi
    }
}

#define ROOM(ring) (!handles[MINE(ring)].fresh && DISTANCE(handles[MINE(ring)].own, handles[MINE(ring)].peer) < CAPACITY)
#define ANY(ring) (handles[MINE(ring)].own != handles[MINE(ring)].peer)
#define PLACE(ring) ((ring) * CAPACITY + handles[MINE(ring)].own % CAPACITY)

inline step_on(ring)
{
    d_step {
        handles[MINE(ring)].own = (handles[MINE(ring)].own + 1) % INDICES;
        words[MINE(ring)].index = handles[MINE(ring)].own
    }
}

/* -- the owner -- */

inline follow_holder()
{
    if
    :: PEER_RESTARTED ->
        d_step { settled = false; hand[0] = false; hand[BUFFERS - 1] = false };
        reset(GIVE);
        reset(BACK);
#ifndef NO_WORD_AFTER_RESET
        notify_peer()
#endif
    :: else
    fi;
    if
    :: d_step { !settled && AGREES && OPEN(BACK) ->
            settled = true;
            b = 0;
            do
            :: b < BUFFERS ->
                assert(!device[b]);
                hand[b] = true;
                b++
            :: else -> break
            od;
            b = 0
        }
    :: else
    fi
}

inline give_all()
{
    b = 0;
    do
    :: b < BUFFERS && hand[b] ->
        if
        :: !ROOM(GIVE) -> look(GIVE)
        :: else
        fi;
        if
        :: ROOM(GIVE) ->
            d_step { elements[PLACE(GIVE)] = b; hand[b] = false };
            step_on(GIVE);
            b++
        :: else -> break    /* closed: all are settled anew */
        fi
    :: b < BUFFERS && !hand[b] -> b++
    :: b == BUFFERS -> break
    od;
    b = 0
}

inline take_back()
{
    do
    :: ANY(BACK) ->
        d_step {
            b = elements[PLACE(BACK)];
            assert(!hand[b] && !device[b]);
            hand[b] = true;
            round[b] = true;
            b = 0
        };
        step_on(BACK);
        give_all()
    :: else ->
        look(BACK);
        if
        :: ANY(BACK)
        :: else -> break
        fi
    od
}

inline wake_holder()
{
    if
    :: armed[PEERS(GIVE)] -> armed[PEERS(GIVE)] = false; notify_peer()
    :: else
    fi
}

proctype owner()
{
    byte b;
    bool settled;
    byte me = OWNER;

life:
    {
        do
        :: generation[me] > 0 && !settled ->
            attach(GIVE);
            attach(BACK);
#ifndef NO_WORD_AFTER_ATTACH
            notify_peer();
#endif
            break
        :: else -> break
        od;
        do
        :: quiet && ALL_ROUND -> break
        :: !RESTS ->
            follow_holder();
            if
            :: settled -> give_all(); take_back(); wake_holder()
            :: else
            fi;
            armed[MINE(BACK)] = true;
            look(BACK);
            if
            :: ANY(BACK) -> armed[MINE(BACK)] = false
            :: else ->
                if
                :: d_step { pending[me] -> pending[me] = false }
                :: RESTS
                fi
            fi
        od;
        ended[me] = true;
end_of_work:
        false   /* until it dies, or for ever */
    } unless {
        d_step {
            dies[me] ->
            dies[me] = false;
            generation[me]++;
            ended[me] = false;
            settled = false;
            b = 0;
            hand[0] = false;
            hand[BUFFERS - 1] = false;
            round[0] = false;
            round[BUFFERS - 1] = false
        }
    };
    goto life
}

/* -- the holder -- */

inline reset_device()
{
    d_step { device[0] = false; device[BUFFERS - 1] = false }
}

inline follow_owner()
{
    if
    :: PEER_RESTARTED ->
#ifndef LETS_IN_TOO_EARLY
        reset_device();     /* it restarts with the owner, or waits until the device has nothing more */
#endif
        reset(GIVE);
        reset(BACK);
#ifndef NO_WORD_AFTER_RESET
        notify_peer()
#endif
    :: else
    fi
}

inline take_all()
{
    do
    :: ANY(GIVE) ->
        d_step {
            b = elements[PLACE(GIVE)];
            assert(!hand[b] && !device[b]);
            device[b] = true;
            b = 0
        };
        step_on(GIVE)
    :: else ->
        look(GIVE);
        if
        :: ANY(GIVE)
        :: else -> break
        fi
    od
}

/* The device is through with any one. Where the ring is closed that one stays with the device. */
inline give_back()
{
    do
    :: device[0] -> b = 0; break
    :: device[BUFFERS - 1] -> b = BUFFERS - 1; break
    od;
    if
    :: !ROOM(BACK) -> look(BACK)
    :: else
    fi;
    if
    :: ROOM(BACK) ->
        d_step { device[b] = false; elements[PLACE(BACK)] = b; b = 0 };
        step_on(BACK);
        if
        :: armed[PEERS(BACK)] -> armed[PEERS(BACK)] = false; notify_peer()
        :: else
        fi
    :: else -> b = 0
    fi
}

#define HAS_ANY (device[0] || device[BUFFERS - 1])

proctype holder()
{
    byte b;
    bool begun;
    byte me = HOLDER;

life:
    {
        if
        :: generation[me] > 0 && !begun ->
#ifndef ATTACHES_FIRST
            reset_device();
#endif
            attach(GIVE);
            attach(BACK);
#ifdef ATTACHES_FIRST
            reset_device();
#endif
#ifndef NO_WORD_AFTER_ATTACH
            notify_peer()
#endif
        :: else
        fi;
        begun = true;
        do
        :: quiet && ALL_ROUND -> break
        :: !RESTS ->
            follow_owner();
            take_all();
            if
            :: HAS_ANY && OPEN(BACK) && AGREES -> give_back()
            :: else ->
                armed[MINE(GIVE)] = true;
                look(GIVE);
                if
                :: ANY(GIVE) -> armed[MINE(GIVE)] = false
                :: else ->
                    if
                    :: d_step { pending[me] -> pending[me] = false }
                    :: RESTS
                    fi
                fi
            fi
        od;
        ended[me] = true;
end_of_work:
        false
    } unless {
        d_step {
            dies[me] ->
            dies[me] = false;
            generation[me]++;
            ended[me] = false;
            begun = false;
            b = 0;
            round[0] = false;
            round[BUFFERS - 1] = false
        }
    };
    goto life
}

/* One after the other, each at any moment; or fewer. */
proctype death()
{
    byte left = RESTARTS;

    do
    :: left > 0 && !dies[OWNER] -> dies[OWNER] = true; left--
    :: left > 0 && !dies[HOLDER] -> dies[HOLDER] = true; left--
    :: break
    od;
    !dies[OWNER] && !dies[HOLDER] -> quiet = true
}

init
{
    atomic { run owner(); run holder(); run death() }
}

ltl progress { <> (ended[OWNER] && ended[HOLDER]) }

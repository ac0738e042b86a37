/* proofs/ring_wakeup.pml: the ring's armed wake-up (lib/ring/ring.c) on a machine with store buffers, for SPIN.
 *
 * Two sides, the producer (0) and the consumer (1), each a loop of its PD: work while there is something to do, for each
 * piece ask whether the peer is armed; else arm, look again, sleep. A store goes into a buffer of its writer's, one slot for
 * each word, and becomes visible to the other side at any later moment, in any order among words, at a fence or a system
 * call at the latest: weaker than x86 and, for these words, as weak as Arm. Both sides write `armed`: each has its own slot for it.
 *
 * What is shown: the machine stops only when all elements went through (no invalid end state), and whoever sleeps for
 * good has nothing to do. Beyond tests/unit/lib_ring_model.c: batches of several elements before one question, a peer that wakes up
 * for other reasons, notifications that stay pending, and as a property of its own (ltl progress) that the last element
 * arrives under weak fairness, so that no livelock hides behind "no deadlock".
 *
 * Each -D below breaks one line, and SPIN must then find the lost wake-up (catalogue.py).
 */
#ifndef ELEMENTS
#define ELEMENTS 3
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif

#define INDEX 0     /* my index: tail or head */
#define MINE 1      /* my armed flag */
#define THEIRS 2    /* the peer's armed flag */
#define WORDS 3

typedef side {
    byte own;               /* elements put or taken */
    bool buffered[WORDS];
    byte value[WORDS];
    bool pending;           /* notified, and not yet delivered: the kernel's word */
    bool done;
};

side sides[2];
byte index[2];              /* what the peer sees */
byte armed[2];              /* of the producer, of the consumer */

#define PEER (1 - me)

inline write(word, v)
{
    atomic { sides[me].value[word] = v; sides[me].buffered[word] = true }
}

/* One buffered word becomes visible. */
inline drain(who, word)
{
    if
    :: sides[who].buffered[word] ->
        if
        :: word == INDEX -> index[who] = sides[who].value[word]
        :: word == MINE -> armed[who] = sides[who].value[word]
        :: word == THEIRS -> armed[1 - who] = sides[who].value[word]
        fi;
        sides[who].buffered[word] = false;
        sides[who].value[word] = 0
    :: else
    fi
}

inline fence()
{
    atomic { drain(me, INDEX); drain(me, MINE); drain(me, THEIRS) }
}

/* A side sees its own store at once. Both ask only for the peer's flag. */
#define PEER_ARMED (sides[me].buffered[THEIRS] -> sides[me].value[THEIRS] : armed[PEER])

#define CAN_WORK (me == 0 -> sides[0].own - index[1] < CAPACITY : index[0] != sides[1].own)

inline notify_peer()
{
    atomic { fence(); sides[PEER].pending = true }
}

inline ask()
{
#ifndef NO_FENCE_WAKE
    fence();
#endif
    if
    :: PEER_ARMED ->
#ifdef CLEAR_AFTER_NOTIFY
        notify_peer();
        write(THEIRS, 0)
#else
        write(THEIRS, 0);
        notify_peer()
#endif
    :: else
    fi
}

proctype loop(bit me)
{
    do
    :: sides[me].own == ELEMENTS -> break
    :: sides[me].own < ELEMENTS && CAN_WORK ->
        /* A batch: one element, and perhaps more before the question. */
        do
        :: sides[me].own < ELEMENTS && CAN_WORK ->
            sides[me].own++;
            write(INDEX, sides[me].own);
            if
            :: true -> break
            :: true -> skip
            fi
        :: else -> break
        od;
#ifndef NO_QUESTION
        ask()
#endif
    :: else ->
#ifdef LOOK_BEFORE_ARM
        if
        :: CAN_WORK -> goto again
        :: else
        fi;
#endif
        write(MINE, 1);
#ifndef NO_FENCE_ARM
        fence();
#endif
#if !defined(NO_SECOND_LOOK) && !defined(LOOK_BEFORE_ARM)
        if
        :: CAN_WORK -> write(MINE, 0); goto again
        :: else
        fi;
#endif
        fence();
sleep:  atomic { sides[me].pending -> sides[me].pending = false }
again:  skip
    od;
    fence();
    sides[me].done = true
}

/* The memory system: at any moment any one store becomes visible. */
proctype memory()
{
end:
    do
    :: atomic { sides[0].buffered[INDEX] -> drain(0, INDEX) }
    :: atomic { sides[0].buffered[MINE] -> drain(0, MINE) }
    :: atomic { sides[0].buffered[THEIRS] -> drain(0, THEIRS) }
    :: atomic { sides[1].buffered[INDEX] -> drain(1, INDEX) }
    :: atomic { sides[1].buffered[MINE] -> drain(1, MINE) }
    :: atomic { sides[1].buffered[THEIRS] -> drain(1, THEIRS) }
    od
}

/* A PD is also woken for a reason that has nothing to do with this ring, at any one moment of either side, or never. */
proctype others()
{
    if
    :: sides[0].pending = true
    :: sides[1].pending = true
    :: true
    fi
}

init
{
    atomic { run loop(0); run loop(1); run memory(); run others() }
}

ltl progress { <> (sides[0].done && sides[1].done) }

"""The proofs: each a function of a harness, what bounds it, and how the code is broken to see it fail."""

from dataclasses import dataclass, field


@dataclass
class Proof:
    harness: str
    function: str
    unwind: int                                     # iterations of any loop; one more would be reported
    mutations: list = field(default_factory=list)   # (file, text, what stands there instead);
                                                    # the first is the quick one
    scaled: list = field(default_factory=list)      # the same, for the proof itself: constants made small
    include: list = field(default_factory=list)
    defines: list = field(default_factory=list)


@dataclass
class Model:
    file: str
    mutations: list = field(default_factory=list)   # names for the preprocessor, each of which breaks one rule
    progress: str = None                            # where its ltl property is checked with something made smaller


DECODE = "sdk/kernel/decode.c"
SYSCALL = "sdk/kernel/syscall.c"
READY = "sdk/kernel/ready.c"
BUDGET = "sdk/kernel/budget.c"
RING = "lib/ring/ring.c"
REGION = "lib/region/region.c"
RECORD = "http/tls/record.c"
SCHEDULES = "http/tls/schedules.c"

# Tables of 5 channels and 4 interrupts: a loop over 62 shows nothing more than one over 5.
SMALL_TABLES = [
    ("sdk/abi/system.h", "#define ABI_CHANNELS_MAX 62", "#define ABI_CHANNELS_MAX 5"),
    ("sdk/abi/system.h", "#define ABI_IRQS_MAX 256", "#define ABI_IRQS_MAX 2"),
    ("sdk/abi/system.h", "#define ABI_PD_NAME_MAX 64", "#define ABI_PD_NAME_MAX 8"),
]
# Two words of priorities, so that the border between two is in it.
SMALL_READY = [
    ("sdk/kernel/ready.h", "#define READY_PRIORITIES 256", "#define READY_PRIORITIES 128"),
    ("sdk/kernel/ready.h", "#define READY_IDS 64", "#define READY_IDS 5"),
]

def syscall_proofs():
    def proof(function, *mutations, config="release"):
        return Proof("kernel_syscall.c", function, 10, list(mutations), scaled=SMALL_TABLES,
                     include=[f"sdk/kernel/config/{config}"])
    return [
        proof("notify_reaches_the_peer_alone", (SYSCALL, "call_notify(pd_get(channel->peer), channel->peer_channel);",
                                                "call_notify(pd_get(channel->peer), number);"),
              (SYSCALL, "number, ABI_CHANNEL_NOTIFY);", "number, ABI_CHANNEL_NOTIFY | ABI_CHANNEL_PPCALL);")),
        proof("call_reaches_the_peer_alone",
              (SYSCALL, "channel->peer_channel, decode_info(info)", "channel->peer_channel, info"),
              (SYSCALL, "number, ABI_CHANNEL_PPCALL);", "number, ABI_CHANNEL_NOTIFY);")),
        proof("ack_reaches_the_own_interrupt_alone", (SYSCALL, "irq_ack(channel->irq);", "irq_ack(channel->peer);")),
        proof("receive_always_waits", (SYSCALL, "call_reply(pd, decode_info(info));", "call_reply(pd, info);"),
              (SYSCALL, "    call_receive(pd);\n", "")),
        proof("children_are_the_own",
              (SYSCALL, "child_restart(pd_get(child), pc);", "child_restart(pd_get((unsigned)number), pc);"),
              (SYSCALL, "child_stop(pd_get(child));", "child_stop(pd);"),
              (SYSCALL, "child_resume(pd_get(child));", "child_resume(pd);"),
              (SYSCALL, "child_registers(pd_get(child), pd->message);", "child_registers(pd, pd->message);")),
        proof("firmware_is_for_who_may", (SYSCALL, "!(pd->abi->flags & ABI_PD_SMC)", "(pd->abi->flags & ABI_PD_PASSIVE)")),
        proof("utilisation_is_the_own_or_a_childs",
              (SYSCALL, "utilisation_read(whose, pd->message);", "utilisation_read((unsigned)number, pd->message);"),
              (SYSCALL, "        utilisation_reset(whose);", "        utilisation_reset(pd->index);"),
              (SYSCALL, 'return refuse(pd, "asks for the utilisation of child", number, ABI_ERROR_CHILD);',
               "whose = 0;"),
              config="benchmark"),
        proof("another_number_is_a_fault",
              (SYSCALL, "    default: return handle_unknown(pd);", "    default: return context;")),
    ]


def budget_proofs(count):
    """Room for two refills: the queue is partly full and full, and wraps."""
    def proof(function, *mutations):
        return Proof("kernel_budget.c", function, 6, [m for m, at in mutations if count in at],
                     defines=[f"COUNT={count}"],
                     scaled=[("sdk/kernel/budget.h", "#define BUDGET_REFILLS 8", "#define BUDGET_REFILLS 2")])
    return [
        proof("begins_in_order", ((BUDGET, ".count = 1};", ".count = 2};"), (1,))),
        proof("waking_gives_nothing",
              ((BUDGET, "if (refill(budget, 0)->at > now)", "if (refill(budget, 0)->at < now)"), (1,)),
              ((BUDGET, "refill(budget, 0)->amount += first.amount;",
                "refill(budget, 0)->amount += 2 * first.amount;"), (2,)),
              ((BUDGET, "refill(budget, 0)->at = first.at;", "refill(budget, 0)->at = first.at - 1;"), (2,))),
        proof("using_stays_within_the_window",
              ((BUDGET, "give_back(budget, first->at + budget->period, used);",
                "give_back(budget, first->at + budget->period - 1, used);"), (1,)),
              ((BUDGET, "give_back(budget, whole.at + budget->period, whole.amount);",
                "give_back(budget, whole.at, whole.amount);"), (1, 2)),
              ((BUDGET, "first->amount -= used;", ""), (1,)),
              ((BUDGET, "last->at = at > last->at ? at : last->at;", ""), (2,)),
              ((BUDGET, "last->amount += amount;", ""), (2,)),
              ((BUDGET, "refill(budget, 1)->amount += refill(budget, 0)->amount;",
                "refill(budget, 1)->at = refill(budget, 0)->at;"), (1,))),
        proof("an_overrun_keeps_the_amounts",
              ((BUDGET, "refill(budget, n)->at += ticks;", "refill(budget, n)->at -= ticks;"), (1, 2)),
              ((BUDGET, "n > 0 && used >=", "used >="), (1,))),
    ]


def ring_proofs(size, capacity):
    """For elements of one byte and of several; for a ring that is always empty or full, too."""
    def proof(function, *mutations):
        return Proof("lib_ring.c", function, 10, list(mutations), include=["tests/unit"],
                     defines=[f"SIZE={size}", f"CAPACITY={capacity}"])
    believe_tail = (RING, "claimed > capacity(consumer) || claimed < elements_known(consumer)",
                    "claimed < elements_known(consumer)")
    begins_elsewhere = (RING, "ring->peer = ring->own - capacity(ring);", "ring->peer = 0;")
    believe_head = (RING, "claimed > producer->own - producer->peer", "false")
    return [
        proof("put_is_whole_and_within", believe_head,
              (RING, "(index & ring->mask) * ring->size", "(index % 3) * ring->size")),
        proof("get_is_whole_and_within", believe_tail),
        proof("get_bounded_ends", believe_tail, (RING, "            (*left)--;\n", ""),
              (RING, "    } while (!ring_arm_consumer(ring));\n    return false;", "    } while (false);\n    return false;")),
        proof("put_many_is_honest", (RING, "count = min(count, room_known(ring));", ""), believe_head, *[
            (RING,
             "min(count, capacity(ring) - (ring->own & ring->mask));\n"
             "    size_t first_bytes = (size_t)first * ring->size;\n\n    memcpy(element_at",
             "count;\n"
             "    size_t first_bytes = (size_t)first * ring->size;\n\n    memcpy(element_at"),
        ][:capacity > 1]),     # a ring of one element has no second piece
        proof("get_many_is_honest", (RING, "count = min(count, elements_known(ring));", ""), believe_tail),
        proof("looking_is_bounded", believe_tail, believe_head,
              (RING, "claimed > capacity(consumer) || claimed < elements_known(consumer)",
               "claimed > capacity(consumer)")),
        proof("sleeping_is_armed",
              (RING, "if (ring_count(ring) == 0) {\n        return true;",
               "if (ring_count(ring) == 0) {\n        return false;")),
        proof("waking_disarms", (RING, "    store(armed, 0);\n    ring->owes", "    ring->owes"),
              (RING, "    ring->owes = false;\n    return true;", "    return true;")),
        proof("attaching_begins_in_order", (RING, "ring->own = tail - head <= capacity(ring) ? head : tail;",
                                            "ring->own = head;"),
              (RING, "ring->own = tail - head <= capacity(ring) ? tail : head;", "ring->own = tail;"),
              begins_elsewhere),
        proof("beginning_anew_is_within",
              (RING, "    producer->own = head;\n    publish(producer);", "    publish(producer);"),
              (RING, "    producer->fresh = false;\n", "")),
        proof("resetting_ends_in_order",
              begins_elsewhere),
    ]


def record_proofs():
    def proof(function, *mutations):
        return Proof("tls_record.c", function, 50, list(mutations),
                     scaled=[("http/tls/schedules.h", "#define SCHEDULES 144", "#define SCHEDULES 2"),
                             ("http/tls/crypto.h", "#define CRYPTO_AEAD_BYTES 592", "#define CRYPTO_AEAD_BYTES 8")])
    stands_still = (RECORD, "uint64_t sequence = key->sequence++;", "uint64_t sequence = key->sequence;")
    same_secret = (RECORD, "    memcpy(key->secret, traffic->secret, sizeof(key->secret));\n", "")
    same_number = (SCHEDULES, "key->number = ++self.numbers;", "key->number = self.numbers;")
    anybodys = (SCHEDULES, "self.places[key->place].number != key->number &&", "self.places[key->place].number == 0 &&")
    return [
        proof("sealing_uses_a_nonce_once", stands_still,
              (RECORD, "(uint8_t)(sequence >> (8 * i))", "(uint8_t)sequence"),
              (RECORD, "length > RECORD_TEXT_MAX || key->sequence >= RECORD_SEALS_MAX", "length > RECORD_TEXT_MAX"),
              (RECORD, "key->sequence = UINT64_MAX; /* nothing", "/* nothing"), anybodys,
              (SCHEDULES, "place->number = key->number;", "place->number = self.numbers + 1;")),
        proof("updating_makes_another_key", same_secret,
              same_number, (RECORD, "    schedules_begin(&key->key, cipher);\n", ""),
              (RECORD, "    key->sequence = good ? 0 : UINT64_MAX;", "    key->sequence = 0;")),
        proof("a_clients_update_makes_another_key", same_secret, same_number),
        proof("opening_counts_on", stands_still, (RECORD, "i < sizeof(sequence)", "i < sizeof(sequence) / 2"),
              (RECORD, "if (reader->key.sequence == UINT64_MAX)", "if (false)"), anybodys),
        proof("a_set_key_is_new", (RECORD, "sequence >= RECORD_UPDATE_AT || ", "")),
    ]


PROOFS = [
    Proof("kernel_decode.c", "channel_is_the_tables_own", 2, [
        (DECODE, "number >= ABI_CHANNELS_MAX || !", "number > ABI_CHANNELS_MAX || !"),
        (DECODE, "number >= ABI_CHANNELS_MAX || !(pd->channels[number].flags & right)", "number >= ABI_CHANNELS_MAX"),
        (DECODE, "return &pd->channels[number];", "return &pd->channels[number / 2];"),
    ]),
    Proof("kernel_decode.c", "child_is_the_tables_own", 2, [
        (DECODE, "return number < ABI_CHANNELS_MAX ?", "return (uint32_t)number < ABI_CHANNELS_MAX ?"),
    ]),
    Proof("kernel_decode.c", "info_is_bounded", 2, [
        (DECODE, "count < ABI_MESSAGE_WORDS ? count : ABI_MESSAGE_WORDS", "count"),
        (DECODE, "info >> ABI_MESSAGE_LABEL_SHIFT << ABI_MESSAGE_LABEL_SHIFT", "info & ~ABI_MESSAGE_COUNT_MASK"),
    ]),
    Proof("kernel_decode.c", "valid_tables_stay_in_range", 10, [
        (DECODE, "channel->peer < system->pd_count", "channel->peer <= system->pd_count"),
        (DECODE, "channel->peer != index", "true"),
        (DECODE, "channel->peer_channel < ABI_CHANNELS_MAX", "true"),
        (DECODE, "channel->irq < system->irq_count", "true"),
        (DECODE, "channel->flags == ABI_CHANNEL_IRQ &&", ""),
        (DECODE, "pd->parent >= system->pd_count ||", ""),
        (DECODE, "(child >= system->pd_count || child == index)", "(child == index)"),
        (DECODE, "irq->intid < intids &&", ""),
        (DECODE, "irq->pd < system->pd_count &&", ""),
        (DECODE, "system->pd_count > ABI_PDS_MAX ||", ""),
    ], scaled=SMALL_TABLES),
    *syscall_proofs(),
    Proof("kernel_ready.c", "empty_at_first", 7, [(READY, "ready->top = -1;", "ready->top = 0;")], scaled=SMALL_READY),
    Proof("kernel_ready.c", "push_back_is_last_of_its_equals", 7, [
        (READY, "    ready->last[priority] = id;\n}\n\nvoid ready_push_front", "}\n\nvoid ready_push_front"),
        (READY, "if (priority > ready->top)", "if (priority < ready->top)"),
        (READY, "ready->next[before] = id;", ""),
    ], scaled=SMALL_READY),
    Proof("kernel_ready.c", "push_front_is_first_of_its_equals", 7, [
        (READY, "ready->previous[after] = id;", ""),
        (READY, "    ready->first[priority] = id;\n}\n\nvoid ready_remove", "}\n\nvoid ready_remove"),
    ], scaled=SMALL_READY),
    Proof("kernel_ready.c", "remove_removes_it_alone", 7, [
        (READY, "ready->top = highest(ready);", "ready->top = -1;"),
        (READY, "ready->next[before] = after;", ""),
        (READY, "ready->last[priority] = before;", ""),
        (READY, "int word = READY_PRIORITIES / 64 - 1;", "int word = READY_PRIORITIES / 64 - 2;"),
    ], scaled=SMALL_READY),
    Proof("kernel_ready.c", "first_is_the_highest_and_longest_waiting", 7,
          [("sdk/kernel/ready.h", "return ready->first[ready->top];", "return ready->last[ready->top];")],
          scaled=SMALL_READY),
    *[proof for count in (1, 2) for proof in budget_proofs(count)],
    *[proof for size, capacity in ((1, 4), (3, 2), (2, 1)) for proof in ring_proofs(size, capacity)],
    Proof("lib_region.c", "holds_is_exact", 1,
          [(REGION, "length <= region->size - offset", "offset + length <= region->size")]),
    Proof("lib_region.c", "pointer_is_the_offsets", 1,
          [(REGION, "(uint8_t *)region->base + offset", "(uint8_t *)region->base + length")]),
    Proof("lib_region.c", "bus_address_comes_back", 1,
          [(REGION, "bus->value = region->bus + offset;", "bus->value = region->bus;")]),
    Proof("lib_region.c", "bus_address_is_within", 1, [
        (REGION, "bus.value < region->bus || !region_holds", "!region_holds"),
        (REGION, "region->bus == 0 || bus.value < region->bus || !region_holds(region, from_start, length)",
         "region->bus == 0 || bus.value < region->bus"),
    ]),
    *record_proofs(),
]

MODELS = [
    Model("ring_wakeup.pml", ["NO_SECOND_LOOK", "NO_FENCE_ARM", "NO_FENCE_WAKE",
                              "LOOK_BEFORE_ARM", "CLEAR_AFTER_NOTIFY", "NO_QUESTION"]),
    Model("ring_restart.pml", ["ATTACHES_FIRST", "LETS_IN_TOO_EARLY", "NO_KNOWING", "ASKS_ONE_RING", "SETTLES_ON_HALF",
                               "CONSUMER_TAKES_OVER", "NO_WORD_AFTER_ATTACH", "NO_WORD_AFTER_RESET"], progress="RESTARTS=1"),
]

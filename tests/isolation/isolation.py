"""tests/isolation: hostile protection domains that each try one thing, a bystander, and a conductor that lets them try
one after the other and has the bystander say after each that it is well.

Priorities: the bystander answers calls, so it stands above its caller, and above the hostile ones, so that it answers
their notifications at once; the conductor is last, so that each line it prints comes after what it reports. The one
that spins stands above the conductor, too: its budget is what lets the conductor go on. The worker stands above the
hostile ones, on a budget.
"""

from compose import Expr, Ptr, System

VICTIM = 0x3000_0000    # the bystander's memory: nothing is mapped there in the hostile ones
SHARED = 0x3100_0000    # mapped in the hostile ones, written by nobody but them
CONSTANT = 0x3200_0000  # mapped read-only in those that try to write it
IPC_BUFFER_END = 0x3f_f000   # in the page table of the program, with the stack
KERNEL = 0xffff_ff80_0000_0000
PAGE = 0x1000

# name, act, target
TRIES = [
    ("writes_other", "WRITES", VICTIM),
    ("reads_other", "READS", VICTIM),
    ("writes_kernel", "WRITES", KERNEL),
    ("reads_kernel", "READS", KERNEL),
    ("jumps_to_kernel", "JUMPS", KERNEL),
    ("reads_tables", "READS", KERNEL + 0x1000_0000),
    ("reads_messages", "READS", KERNEL + 0x2000_0000),
    ("writes_gic", "WRITES", KERNEL + 0x3000_1000),
    ("reads_hole", "READS", 0x00ff_0000_0000_0000),
    ("writes_own_code", "WRITES_CODE", 0),
    ("writes_constant", "WRITES_CONSTANT", 0),
    ("writes_read_only", "WRITES", CONSTANT),
    ("reads_past_end", "READS", SHARED + PAGE),
    ("reads_past_ipc", "READS", IPC_BUFFER_END),
    ("writes_page_0", "WRITES", 0),
    ("reads_page_0", "READS", 0xff8),
    ("jumps_to_0", "JUMPS", 0),
    ("executes_region", "JUMPS", SHARED),
    ("executes_data", "EXECUTES_DATA", 0),
    ("executes_stack", "EXECUTES_STACK", 0),
    ("jumps_misaligned", "JUMPS", 0x20_0002),
    ("overflows_stack", "OVERFLOWS_STACK", 0),
    ("writes_register", "WRITES_SYSTEM_REGISTER", 0),
    ("masks_interrupts", "MASKS_INTERRUPTS", 0),
    ("takes_timer", "TAKES_TIMER", 0),
    ("calls_hypervisor", "CALLS_HYPERVISOR", 0),
    ("calls_firmware", "CALLS_FIRMWARE", 0),
    ("invalidates", "INVALIDATES_CACHE", SHARED),
    ("unknown_syscall", "UNKNOWN_SYSCALL", 0),
    ("strange_channels", "STRANGE_CHANNELS", 0),
    ("strange_children", "STRANGE_CHILDREN", 0),
    ("fuzzes", "FUZZES", 0),
    ("spins", "SPINS", 0),
]

# What these would do on another kernel than ours is not to be foreseen: they make its system calls by number.
OWN_CALLS = ("UNKNOWN_SYSCALL", "STRANGE_CHANNELS", "STRANGE_CHILDREN", "FUZZES")

system = System.from_args()
tries = [t for t in TRIES if t[1] not in OWN_CALLS] if system.var("MICROKIT_SDK", default="") else TRIES
bystander = system.pd("bystander", "isolation_bystander", priority=200)
conductor = system.pd("conductor", "isolation_conductor", priority=10)
worker = system.pd("worker", "isolation_worker", priority=150, budget_us=1000, period_us=20_000)

victim = system.region("victim", 4 * PAGE)
constant = system.region("constant", PAGE)
bystander_channel, asked = system.channel(conductor, bystander, pp="a")
bystander.config("tests/isolation/config.h", "struct bystander_config", "bystander_config", {
    "memory": Ptr(bystander.map(victim, "rw", vaddr=VICTIM)),
    "words": victim.size // 8,
    "conductor": asked,
})

hostiles = []
for name, act, target in tries:
    limit = {"budget_us": 1000, "period_us": 100_000} if act == "SPINS" else {}
    pd = system.pd(name, "isolation_hostile", priority=100, **limit)
    done = system.region(f"{name}_done", PAGE)
    pd.map(done, "rw", vaddr=SHARED)
    pd.map(constant, "r", vaddr=CONSTANT)
    at = conductor.map(done, "r")
    channel, told = system.channel(conductor, pd)
    other, _ = system.channel(pd, bystander)
    pd.config("tests/isolation/config.h", "struct hostile_config", "hostile_config", {
        "act": Expr(f"HOSTILE_{act}"),
        "target": target,
        "done": Ptr(SHARED),
        "conductor": told,
        "bystander": other,
    })
    hostiles.append({"name": name, "channel": channel, "done": Ptr(at), "takes_long": act == "FUZZES"})

work = system.region("work", PAGE)
asked_by_worker, _ = system.channel(worker, bystander, pp="a")
worker_channel, _ = system.channel(conductor, worker)
worker.config("tests/isolation/config.h", "struct worker_config", "worker_config", {
    "work": Ptr(worker.map(work, "rw")),
    "bystander": asked_by_worker,
})

conductor.config("tests/isolation/config.h", "struct conductor_config", "conductor_config", {
    "uart": Ptr(conductor.device("uart")),
    "bystander": bystander_channel,
    "worker": worker_channel,
    "work": Ptr(conductor.map(work, "r")),
    "count": len(hostiles),
    "hostiles": hostiles,
})
system.write()

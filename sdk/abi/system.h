/* abi/system.h: the kernel's tables, written by the image tool, read by the kernel, changed by nobody.
 *
 * Little endian, LP64 on both sides, so the tool fills in these very structs and writes them out as they are.
 * All that a PD may name is in its struct abi_pd: the kernel looks up `channels[n]` and `children[n]` and has no
 * other way from a number to an object.
 */
#ifndef ABI_SYSTEM_H
#define ABI_SYSTEM_H

#include <stdint.h>

#define ABI_SYSTEM_MAGIC 0x6c61767265735331ul /* "1Sserval" */
#define ABI_PDS_MAX 63
#define ABI_CHANNELS_MAX 62
#define ABI_PD_NAME_MAX 64 /* with its NUL: of a name of 64 bytes the first 63 are told */
#define ABI_IRQS_MAX 256
#define ABI_PRIORITY_MAX 254
#define ABI_NONE 0xff

/* Private interrupts with a fixed meaning (Arm Base System Architecture, PPI assignments). */
#define ABI_INTID_KERNEL_TIMER 27 /* EL1 virtual timer: the kernel's own, no PD may have it */
#define ABI_INTID_PHYS_TIMER 30   /* EL1 physical timer: its owner gets ABI_PD_PHYS_TIMER */

enum abi_channel_flags {
    ABI_CHANNEL_NOTIFY = 1 << 0, /* this end may notify the peer */
    ABI_CHANNEL_PPCALL = 1 << 1, /* this end may make a protected call to the peer */
    ABI_CHANNEL_IRQ = 1 << 2,    /* the channel is an interrupt; `irq` is an index into abi_system's irqs */
};

struct abi_channel {
    uint8_t flags;        /* enum abi_channel_flags; 0: the PD has no such channel */
    uint8_t peer;         /* index of the PD at the other end */
    uint8_t peer_channel; /* the number by which the peer knows this channel: the bit set on a notify */
    uint8_t irq;
};

enum abi_pd_flags {
    ABI_PD_PASSIVE = 1 << 0,    /* after init() it runs on its callers' or a bound scheduling context only */
    ABI_PD_PHYS_TIMER = 1 << 1, /* owns PPI 30: CNTP_* are open to EL0 while it runs */
    ABI_PD_SMC = 1 << 2,        /* its calls of the firmware are passed on */
};

struct abi_pd {
    char name[ABI_PD_NAME_MAX];
    uint64_t ttbr0;        /* physical address of the first table, ASID in bits 63:48 */
    uint64_t entry;        /* initial pc */
    uint64_t stack_top;    /* initial sp, 16-byte aligned */
    uint64_t stack_bottom; /* lowest byte of the stack; the page below it is unmapped */
    uint64_t budget_us;    /* budget == period: no limit, round robin with its equals */
    uint64_t period_us;
    uint64_t watchdog_us; /* it faults when it has run about so long without taking an event; 0: never */
    uint8_t priority;     /* 0..ABI_PRIORITY_MAX */
    uint8_t flags;        /* enum abi_pd_flags */
    uint8_t parent;       /* index of the PD that receives its faults, ABI_NONE: the kernel prints them */
    uint8_t child_id;     /* the parent's number for it */
    uint8_t children[ABI_CHANNELS_MAX + 2]; /* by child id: index of the PD, ABI_NONE where there is no such child */
    struct abi_channel channels[ABI_CHANNELS_MAX + 2];
};

/* In the kernel: an array of what it keeps of each PD, ABI_PDS_MAX elements of zeros, in a segment of its own. The image
 * tool leaves out the pages behind those that pd_count of them take. */
#define ABI_SYSTEM_SYMBOL_PDS "kernel_pds"

enum abi_irq_trigger { ABI_IRQ_LEVEL, ABI_IRQ_EDGE };

struct abi_irq {
    uint32_t intid;  /* GIC interrupt number: 16-31 private, 32.. shared */
    uint8_t trigger; /* enum abi_irq_trigger */
    uint8_t pd;      /* who gets it */
    uint8_t channel; /* and as which channel */
    uint8_t reserved;
};

struct abi_system {
    uint64_t magic;
    uint32_t size; /* of this struct with all that follows, bytes */
    uint32_t pd_count;
    uint32_t irq_count;
    uint32_t build;       /* CRC-32C of the stored image, this field and the loader's checksum taken as 0 */
    uint64_t empty_ttbr0; /* physical address of a table of zeros, ASID 0: loaded while no PD runs */
    uint64_t is_small;    /* 1: the lower half has MMU_VA_BITS_SMALL; 0: MMU_VA_BITS */
    uint64_t ram_pa;      /* all of RAM: reading there has no effect and always succeeds */
    uint64_t ram_size;
    struct abi_irq irqs[ABI_IRQS_MAX];
    struct abi_pd pds[]; /* pd_count of them */
};

#endif

/* gicv2.c: the interrupt controller, Arm GIC architecture 2 (IHI 0048), one CPU, all interrupts of one priority.
 *
 * Entered in the non-secure state (GIC-400 behind firmware) or on a GIC without security extensions (QEMU): in both the
 * same bit 0 of either CTLR enables what reaches us, and the group registers are left alone.
 */
#include "sdk/kernel/gicv2.h"

#include <stdint.h>

#include "sdk/abi/mmu.h"

#define GICD(offset) (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x1000 + (offset)))
#define GICC(offset) (*(volatile uint32_t *)(KERNEL_VA_DEVICE + 0x2000 + (offset)))

/* 4.3, distributor: one bit per interrupt, except priority and target (8 bits) and configuration (2 bits). */
#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_ISENABLER(intid) (0x100 + (intid) / 32 * 4)
#define GICD_ICENABLER(intid) (0x180 + (intid) / 32 * 4)
#define GICD_ICPENDR(intid) (0x280 + (intid) / 32 * 4)
#define GICD_ICACTIVER(intid) (0x380 + (intid) / 32 * 4)
#define GICD_IPRIORITYR(intid) (0x400 + (intid) / 4 * 4)
#define GICD_ITARGETSR(intid) (0x800 + (intid) / 4 * 4)
#define GICD_ICFGR(intid) (0xc00 + (intid) / 16 * 4)

/* 4.4, CPU interface. */
#define GICC_CTLR 0x000
#define GICC_PMR 0x004
#define GICC_BPR 0x008
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010

#define PRIORITY 0xa0a0a0a0u
#define PRIORITY_MASK_LOWEST 0xf0u
#define TARGET_CPU0 0x01010101u

static struct {
    unsigned intids;
} self;

unsigned gicv2_intids(void)
{
    return self.intids;
}

void gicv2_init(void)
{
    GICD(GICD_CTLR) = 0;
    self.intids = 32 * ((GICD(GICD_TYPER) & 0x1f) + 1);
    if (self.intids > GICV2_INTIDS) {
        self.intids = GICV2_INTIDS;
    }
    for (unsigned intid = 0; intid < self.intids; intid += 32) {
        GICD(GICD_ICENABLER(intid)) = 0xffffffff;
        GICD(GICD_ICPENDR(intid)) = 0xffffffff;
        GICD(GICD_ICACTIVER(intid)) = 0xffffffff;
    }
    for (unsigned intid = 0; intid < self.intids; intid += 4) {
        GICD(GICD_IPRIORITYR(intid)) = PRIORITY;
        if (intid >= 32) {
            GICD(GICD_ITARGETSR(intid)) = TARGET_CPU0;
        }
    }
    GICD(GICD_CTLR) = 1;
    GICC(GICC_PMR) = PRIORITY_MASK_LOWEST;
    GICC(GICC_BPR) = 7;
    GICC(GICC_CTLR) = 1;
}

void gicv2_configure(unsigned intid, bool edge)
{
    uint32_t bit = 2u << (2 * (intid % 16));

    if (edge) {
        GICD(GICD_ICFGR(intid)) |= bit;
    } else {
        GICD(GICD_ICFGR(intid)) &= ~bit;
    }
}

void gicv2_mask(unsigned intid)
{
    GICD(GICD_ICENABLER(intid)) = 1u << (intid % 32);
}

void gicv2_unmask(unsigned intid)
{
    GICD(GICD_ISENABLER(intid)) = 1u << (intid % 32);
}

unsigned gicv2_acknowledge(void)
{
    return GICC(GICC_IAR) & 0x3ff;
}

void gicv2_end(unsigned intid)
{
    GICC(GICC_EOIR) = intid;
}

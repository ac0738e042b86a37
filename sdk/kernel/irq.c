/* irq.c: interrupts, each a channel of one PD.
 *   consumes  numbers from the controller: one that nobody has, or none at all, is no error
 *   produces  a notification to the interrupt's PD; to the scheduler, when it is the kernel's timer, and a fault of the
 *             PD that has run for too long
 *   invariant an interrupt of a PD is masked from its delivery to the PD's acknowledgement: a level that stays high
 *             comes once
 */
#include "sdk/kernel/irq.h"

#include <stddef.h>

#include "sdk/kernel/call.h"
#include "sdk/kernel/fault.h"
#include "sdk/kernel/gicv2.h"
#include "sdk/kernel/sched.h"

static struct {
    const struct abi_system *system;
    const struct abi_irq *of_intid[GICV2_INTIDS]; /* NULL: nobody's */
} self;

void irq_init(const struct abi_system *system)
{
    self.system = system;
    for (unsigned number = 0; number < system->irq_count; number++) {
        const struct abi_irq *irq = &system->irqs[number];
        self.of_intid[irq->intid] = irq;
        gicv2_configure(irq->intid, irq->trigger == ABI_IRQ_EDGE);
        gicv2_unmask(irq->intid);
    }
    gicv2_unmask(ABI_INTID_KERNEL_TIMER);
}

void irq_handle(void)
{
    unsigned intid = gicv2_acknowledge();

    if (intid >= GICV2_INTIDS) {
        return; /* spurious: it went away before it was looked at */
    }
    const struct abi_irq *irq = self.of_intid[intid];
    if (intid == ABI_INTID_KERNEL_TIMER) {
        if (sched_timer()) {
            fault_timeout();
        }
    } else {
        gicv2_mask(intid);
        if (irq != NULL) {
            call_notify(pd_get(irq->pd), irq->channel);
        }
    }
    gicv2_end(intid);
}

void irq_ack(unsigned number)
{
    gicv2_unmask(self.system->irqs[number].intid);
}

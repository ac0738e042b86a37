/* utilisation.h: who uses the CPU, in ticks of the system counter, and how often; in `benchmark` only. Elsewhere the
 * two inline functions are nothing and utilisation.c is not linked.
 *
 * Time runs from one entry into the kernel to the next: it belongs to whoever runs then, so that the sum is the whole.
 * The kernel's part at its beginning is counted apart, too. The system counter, unlike the PMU's, goes on in WFI and at
 * any exception level, and no PD can change it.
 */
#ifndef KERNEL_UTILISATION_H
#define KERNEL_UTILISATION_H

#include "config.h"
#include "sdk/kernel/pd.h"

#define UTILISATION_IDLE ABI_PDS_MAX

void utilisation_count_entry(void);
void utilisation_count_exit(unsigned next);

/* First in each entry, and when the CPU wakes from idling. */
static inline void utilisation_entered(void)
{
    if (CONFIG_UTILISATION) {
        utilisation_count_entry();
    }
}

/* Last before `next` runs: a PD's index, or UTILISATION_IDLE. */
static inline void utilisation_left(unsigned next)
{
    if (CONFIG_UTILISATION) {
        utilisation_count_exit(next);
    }
}

/* The system call's operations (abi/syscall.h), all within an entry. */
void utilisation_begin(void);
void utilisation_end(void);
void utilisation_reset(unsigned of);
void utilisation_read(unsigned of, struct abi_message *message);

#endif

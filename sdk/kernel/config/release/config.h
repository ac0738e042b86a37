/* config.h (release): what a product runs: quiet but for faults. */
#ifndef KERNEL_CONFIG_H
#define KERNEL_CONFIG_H

#define CONFIG_NAME "release"
#define CONFIG_DEBUG 0       /* dbg_putc prints; a call on a channel that a PD does not have is named once */
#define CONFIG_USER_PMU 0    /* EL0 may read the cycle counter */
#define CONFIG_UTILISATION 0 /* counts who uses the CPU (utilisation.h) */

#endif

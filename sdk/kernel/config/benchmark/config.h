/* config.h (benchmark): as release, and PDs may read the cycle counter, and who uses the CPU. */
#ifndef KERNEL_CONFIG_H
#define KERNEL_CONFIG_H

#define CONFIG_NAME "benchmark"
#define CONFIG_DEBUG 0       /* dbg_putc prints; a call on a channel that a PD does not have is named once */
#define CONFIG_USER_PMU 1    /* EL0 may read the cycle counter */
#define CONFIG_UTILISATION 1 /* counts who uses the CPU (utilisation.h) */

#endif

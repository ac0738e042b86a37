/* kernel/gen_config.h: what programs and makefiles for the official SDK look up about its kernel, as far as it holds
 * for this one. Two blanks before a value, as there: makefiles cut at them. Not here, since it is not so: hypervisor
 * support. The physical timer is open to the one PD that has its interrupt.
 */
#ifndef KERNEL_GEN_CONFIG_H
#define KERNEL_GEN_CONFIG_H

#include <kernel/build.h>
#include <kernel/plat.h>

/* clang-format off */
#define CONFIG_ARCH_AARCH64  1
#define CONFIG_SEL4_ARCH  aarch64
#define CONFIG_ARCH_ARM  1
#define CONFIG_ARCH  arm
#define CONFIG_WORD_SIZE  64
#define CONFIG_KERNEL_MCS  1
#define CONFIG_AARCH64_USER_CACHE_ENABLE  1
#define CONFIG_L1_CACHE_LINE_SIZE_BITS  6
#define CONFIG_HAVE_FPU  1
#define CONFIG_NUM_DOMAINS  1
#define CONFIG_NUM_PRIORITIES  256
#define CONFIG_MAX_NUM_NODES  1
#define CONFIG_EXPORT_PCNT_USER  1
#define CONFIG_EXPORT_PTMR_USER  1
/* clang-format on */

#endif

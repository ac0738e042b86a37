/* supervisor/load.h: how busy a child is, where the kernel counts: supervisor/load_kernel.c, load_none.c. */
#ifndef SUPERVISOR_LOAD_H
#define SUPERVISOR_LOAD_H

#include <stdbool.h>
#include <stdint.h>

bool load_is_known(void);
/* Ticks of the system counter for which it has had the CPU; message registers may be others then. */
uint64_t load_ticks(uint8_t child);

#endif

/* child.h: what a parent may do with its children. */
#ifndef KERNEL_CHILD_H
#define KERNEL_CHILD_H

#include "sdk/kernel/pd.h"

void child_stop(struct pd *child);

/* From `pc` on, with its other registers, its memory and its pending notifications as they are. */
void child_restart(struct pd *child, uint64_t pc);

#endif

/* lib/fiber/switch.h: the machine's part of a fiber: AArch64 in switch.S and frame.c; the unit test has its host's. */
#ifndef LIB_FIBER_SWITCH_H
#define LIB_FIBER_SWITCH_H

struct fiber;

/* Saves what a function must preserve and sp to *save_sp, then goes on where load_sp was saved. */
void fiber_switch(void **save_sp, void *load_sp);

/* Prepares a stack, 16-byte aligned top: switching to what this returns calls fiber_run(fiber). */
void *fiber_prepare(void *top, struct fiber *fiber);

void fiber_run(struct fiber *fiber);

#endif

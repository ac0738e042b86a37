/* supervisor/reset.h: the last resort. */
#ifndef SUPERVISOR_RESET_H
#define SUPERVISOR_RESET_H

/* The machine begins anew. Returns only where it does not. */
void reset_machine(void);

#endif

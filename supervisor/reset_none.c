/* supervisor/reset_none.c: for an SDK whose programs may not call the firmware: compose takes no rule that wants it. */
#include "supervisor/reset.h"

void reset_machine(void) {}

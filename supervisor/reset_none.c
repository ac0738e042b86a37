/* supervisor/reset_none.c: for an SDK whose programs may not call the firmware (official ones before 2.1): compose takes
 * no rule that wants it. */
#include "supervisor/reset.h"

void reset_machine(void) {}

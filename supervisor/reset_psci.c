/* supervisor/reset_psci.c: the machine is reset by its firmware: PSCI's SYSTEM_RESET (Arm DEN 0022, 5.11).
 *   serves    supervisor.c
 *   trusts    the firmware, which runs above the kernel; one that refuses is named on the console, and all go on
 */
#include "lib/log.h"
#include "lib/pd.h"
#include "supervisor/reset.h"

#define PSCI_SYSTEM_RESET 0x84000009u

void reset_machine(void)
{
    seL4_ARM_SMCContext call = {.x0 = PSCI_SYSTEM_RESET}, answer;

    microkit_arm_smc_call(&call, &answer);
    log_line("the firmware does not reset the machine: %ld", (long)answer.x0);
}

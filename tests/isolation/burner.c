/* burner.c: burns what time it is given, in notified(), or in the protected() of a passive server that it calls.
 *   consumes  a notification that begins it; *stop, which ends it
 *   produces  nothing
 */
#include "lib/pd.h"
#include "tests/isolation/shares.h"

#define ROUNDS_OF_A_CALL 1000

void init(void) {}

void notified(microkit_channel channel)
{
    while (*burner_config.stop == 0) {
        if (burner_config.calls) {
            microkit_ppcall(burner_config.server, microkit_msginfo_new(0, 0));
        }
    }
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    for (unsigned n = 0; n < ROUNDS_OF_A_CALL && *burner_config.stop == 0; n++) {
    }
    return microkit_msginfo_new(0, 0);
}

/* lib/fiber/frame.c: the first frame of a worker, as lib/fiber/switch.S will load it: x29, x30, x19.., d8.. */
#include <stdint.h>
#include <string.h>

#include "lib/fiber/switch.h"

enum { FRAME_X30 = 1, FRAME_X19 = 2, FRAME_WORDS = 20 };

void fiber_first(void); /* switch.S */

void *fiber_prepare(void *top, struct fiber *fiber)
{
    uint64_t *frame = (uint64_t *)top - FRAME_WORDS;

    memset(frame, 0, FRAME_WORDS * sizeof(*frame));
    frame[FRAME_X30] = (uintptr_t)fiber_first;
    frame[FRAME_X19] = (uintptr_t)fiber;
    return frame;
}

/* mphalport.h: included by MicroPython's py/mphal.h. */
#include <stddef.h>
#include "py/mpconfig.h"
#include "shared/runtime/interrupt_char.h"

/* For shared/readline: its own take the C library's printf. */
#define MICROPY_HAL_HAS_VT100 (0)
void mp_hal_move_cursor_back(unsigned count);
void mp_hal_erase_line_from_cursor(unsigned count);

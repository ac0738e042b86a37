/* mphalport.h: included by MicroPython's py/mphal.h. */
#include <stddef.h>
#include "py/mpconfig.h"
#include "shared/runtime/interrupt_char.h"

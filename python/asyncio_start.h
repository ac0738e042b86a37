/* python/asyncio_start.h: a coroutine becomes a task of asyncio's and takes its first step at once, inside the task
 * that runs: what never has to wait costs no turn of the loop.
 */
#ifndef PYTHON_ASYNCIO_START_H
#define PYTHON_ASYNCIO_START_H

#include "py/obj.h"

/* As if by asyncio's loop: an Exception that ends the task stays in it, others pass. Raises MemoryError before anything
 * has run. */
void asyncio_start(mp_obj_t coroutine);

#endif

/* python/asyncio_wait.h: how an awaitable written in C waits: it hands a stream to asyncio's poller and returns None.
 */
#ifndef PYTHON_ASYNCIO_WAIT_H
#define PYTHON_ASYNCIO_WAIT_H

#include "py/obj.h"
#include "py/qstr.h"

/* Suspend the task that runs until the stream is ready. method: MP_QSTR_queue_read or MP_QSTR_queue_write. What it
 * raises, e.g. MemoryError, leaves nothing behind in asyncio's tables. */
void asyncio_wait(mp_obj_t stream, qstr method);

mp_obj_t asyncio_core(void); /* module asyncio.core; RuntimeError where it has not been imported */

#endif

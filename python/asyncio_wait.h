/* python/asyncio_wait.h: how an awaitable written in C waits: it hands a stream to asyncio's poller and returns None.
 */
#ifndef PYTHON_ASYNCIO_WAIT_H
#define PYTHON_ASYNCIO_WAIT_H

#include "py/obj.h"
#include "py/qstr.h"
#include "py/runtime.h"

/* Suspend the task that runs until the stream is ready. method: MP_QSTR_queue_read or MP_QSTR_queue_write. */
static inline void asyncio_wait(mp_obj_t stream, qstr method)
{
    mp_map_elem_t *core = mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map,
        MP_OBJ_NEW_QSTR(MP_QSTR_asyncio_dot_core), MP_MAP_LOOKUP);
    if (!core) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("no running event loop"));
    }
    mp_obj_t call[3];
    mp_load_method(mp_load_attr(core->value, MP_QSTR__io_queue), method, call);
    call[2] = stream;
    mp_call_method_n_kw(1, 0, call);
}

#endif

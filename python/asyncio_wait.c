/* asyncio_wait.c: see the header.
 *   consumes  asyncio's own tables, as upstream's asyncio/core.py has them: they are Python's, and a program may change
 *             them
 *   invariant whatever is raised on the way, no task stays in a table that nobody will wake
 */
#include "lib/pd.h"

#include "python/asyncio_wait.h"

#include "py/runtime.h"

/* What a queueing that failed in its middle has left in asyncio's tables: the task would never be woken, and the stream
 * never queued again. None of this allocates. */
static void forget(mp_obj_t core, mp_obj_t queue)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t call[3];
        mp_load_method(queue, MP_QSTR_remove, call);
        call[2] = mp_load_attr(core, MP_QSTR_cur_task);
        mp_call_method_n_kw(1, 0, call);
        nlr_pop();
    }
}

mp_obj_t asyncio_core(void)
{
    mp_map_elem_t *core = mp_map_lookup(&MP_STATE_VM(mp_loaded_modules_dict).map,
                                        MP_OBJ_NEW_QSTR(MP_QSTR_asyncio_dot_core), MP_MAP_LOOKUP);
    if (!core) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("no running event loop"));
    }
    return core->value;
}

void asyncio_wait(mp_obj_t stream, qstr method)
{
    mp_obj_t core = asyncio_core();
    mp_obj_t queue = mp_load_attr(core, MP_QSTR__io_queue);
    mp_obj_t call[3];
    mp_load_method(queue, method, call);
    call[2] = stream;
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_call_method_n_kw(1, 0, call);
        nlr_pop();
    } else {
        forget(core, queue);
        nlr_jump(nlr.ret_val);
    }
}

/* asyncio_start.c: see the header.
 *   consumes  asyncio's own tables, as upstream's asyncio/core.py has them
 *   invariant who runs is again asyncio's cur_task when this returns or raises
 */
#include "lib/pd.h"

#include "python/asyncio_start.h"
#include "python/asyncio_wait.h"

#include "py/runtime.h"

static void set_current(mp_obj_t core, mp_obj_t task)
{
    mp_store_attr(core, MP_QSTR_cur_task, task);
}

/* Its first step. What it raises passes, with who ran before back in his place. */
static mp_vm_return_kind_t step(mp_obj_t core, mp_obj_t coroutine, mp_obj_t before, mp_obj_t *result)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_vm_return_kind_t kind = mp_resume(coroutine, mp_const_none, MP_OBJ_NULL, result);
        nlr_pop();
        set_current(core, before);
        return kind;
    }
    set_current(core, before);
    nlr_jump(nlr.ret_val);
}

static bool stays_in_its_task(mp_obj_t core, mp_obj_t exception)
{
    mp_obj_t type = MP_OBJ_FROM_PTR(mp_obj_get_type(exception));
    return mp_obj_is_subclass_fast(type, MP_OBJ_FROM_PTR(&mp_type_Exception)) ||
           mp_obj_is_subclass_fast(type, mp_load_attr(core, MP_QSTR_CancelledError));
}

void asyncio_start(mp_obj_t coroutine)
{
    mp_obj_t core = asyncio_core(), result = MP_OBJ_NULL;
    mp_obj_t args[2] = {coroutine, MP_OBJ_FROM_PTR(mp_obj_module_get_globals(core))};
    mp_obj_t task = mp_call_function_n_kw(mp_load_attr(core, MP_QSTR_Task), 2, 0, args);
    mp_obj_t before = mp_load_attr(core, MP_QSTR_cur_task);
    set_current(core, task);
    mp_vm_return_kind_t kind = step(core, coroutine, before, &result);
    if (kind == MP_VM_RETURN_YIELD) {
        return; /* it waits: who made it wait has queued it */
    }
    mp_store_attr(task, MP_QSTR_state, mp_const_false); /* done: nobody can have waited for it yet */
    if (kind == MP_VM_RETURN_EXCEPTION && !stays_in_its_task(core, result)) {
        nlr_raise(result);
    }
}

/* modos_impl.h: the port's part of module os, included by extmod/modos.c. */
#include "lib/random.h"
#include "py/objstr.h"

static mp_obj_t mp_os_urandom(mp_obj_t count_in)
{
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(count_in));
    random_bytes(bytes.buf, (uint32_t)bytes.len);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);

/* modos_impl.h: the port's part of module os, included by extmod/modos.c. */
#include "net/ip/ip.h"
#include "py/objstr.h"

static mp_obj_t mp_os_urandom(mp_obj_t count_in)
{
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(count_in));
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.buf[i] = (char)(ip_random() >> 24);
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);

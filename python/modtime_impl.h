/* modtime_impl.h: the port's part of module time, included by extmod/modtime.c. */
#include "py/mphal.h"
#include "py/obj.h"
#include "shared/timeutils/timeutils.h"

static mp_obj_t mp_time_localtime_get(void)
{
    timeutils_struct_time_t now;
    timeutils_seconds_since_epoch_to_struct_time(mp_hal_time_ns() / 1000000000, &now);
    mp_obj_t fields[8] = {
        MP_OBJ_NEW_SMALL_INT(now.tm_year), MP_OBJ_NEW_SMALL_INT(now.tm_mon),  MP_OBJ_NEW_SMALL_INT(now.tm_mday),
        MP_OBJ_NEW_SMALL_INT(now.tm_hour), MP_OBJ_NEW_SMALL_INT(now.tm_min),  MP_OBJ_NEW_SMALL_INT(now.tm_sec),
        MP_OBJ_NEW_SMALL_INT(now.tm_wday), MP_OBJ_NEW_SMALL_INT(now.tm_yday),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(fields), fields);
}

static mp_obj_t mp_time_time_get(void)
{
    return mp_obj_new_int_from_ull(mp_hal_time_ns() / 1000000000);
}

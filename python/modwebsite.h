/* python/modwebsite.h: what the files of module `_website` share. */
#ifndef PYTHON_MODWEBSITE_H
#define PYTHON_MODWEBSITE_H

#include "py/obj.h"

extern const mp_obj_type_t website_connection_type;

#endif

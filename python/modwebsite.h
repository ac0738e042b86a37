/* python/modwebsite.h: what the files of module `_website` share. */
#ifndef PYTHON_MODWEBSITE_H
#define PYTHON_MODWEBSITE_H

#include "py/obj.h"

extern const mp_obj_type_t website_connection_type;

/* The endpoint of a Connection's socket. Raises OSError(EBADF) where that is closed. */
struct endpoint *connection_endpoint(mp_obj_t connection);

/* connection_head.c */
mp_obj_t connection_head(size_t n_args, const mp_obj_t *args);
/* An answer's head as bytes; *together: its body is behind it already. */
mp_obj_t connection_answer_head(mp_obj_t status, mp_obj_t reason, mp_obj_t headers, mp_obj_t body, bool *together);

#endif

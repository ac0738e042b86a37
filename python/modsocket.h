/* python/modsocket.h: module `socket` as other modules of the port see it. */
#ifndef PYTHON_MODSOCKET_H
#define PYTHON_MODSOCKET_H

#include "py/obj.h"
#include "python/endpoint.h"

/* NULL: closed. Raises TypeError where it is no socket. */
struct endpoint *socket_endpoint(mp_obj_t socket);

#endif

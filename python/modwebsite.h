/* python/modwebsite.h: what the files of module `_website` share. */
#ifndef PYTHON_MODWEBSITE_H
#define PYTHON_MODWEBSITE_H

#include "py/obj.h"
#include "python/incoming.h"

/* request.c: a request that was taken is this object's from now on; it is closed once the collector finds it. */
mp_obj_t request_new(void);
void request_give(mp_obj_t request, struct incoming *incoming);
/* NULL: its answer has ended. Raises OSError(EBADF) then. */
struct incoming *request_incoming(mp_obj_t request);

/* request_head.c: head(request, headers, names, limit) */
mp_obj_t request_head(size_t n_args, const mp_obj_t *args);
mp_obj_t request_peer(const struct incoming_head *head); /* ("10.0.2.2", 40000) */
/* The answer's head goes out; args: status, reason, headers, body, content type. 0, or EAGAIN: no room now. */
int request_answer(struct incoming *incoming, const mp_obj_t *args);

/* acceptor.c: who takes requests for module `_website` */
mp_obj_t acceptor_serve(mp_obj_t flag);
mp_obj_t acceptor_accept(void);
void acceptor_end(void);               /* the program has ended */
void acceptor_look_every(uint64_t ns); /* accept() then gives False where this time is over; 0: never */

/* gzip.c: the body compressed; None where the client does not take it, it is not worth it, or there is no memory */
mp_obj_t website_gzip(mp_obj_t body, mp_obj_t accept_encoding);

#endif

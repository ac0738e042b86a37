/* acceptor.c: requests that wait for a program with module `_website`, and the one awaitable that gives them.
 *   consumes  requests (python/incoming.h)   in the event loop
 *   produces  objects of type _website.Request, in order
 *   when full no memory for one: it is told 503, and accept() raises MemoryError
 */
#include "lib/pd.h"

#include "python/asyncio_wait.h"
#include "python/endpoint.h"
#include "python/modwebsite.h"
#include "python/port.h"

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

#define AT_A_TIME 8 /* requests that are given before other tasks have their turn */

static struct {
    struct incoming *first, **last;
    bool serves, polled; /* polled: the worker wants to be woken */
    uint32_t given;      /* since other tasks had their turn */
    uint64_t look_ns;    /* how long what is known of the program's files holds; 0: nobody looks */
    uint64_t look_at;
    bool missed; /* the site did not have something: a program that has changed may */
} self;

static const mp_obj_type_t acceptor_type;
static const mp_obj_base_t acceptor = {&acceptor_type};

/* -- in the event loop -- */

static void wake_polled(void)
{
    if (self.polled) {
        self.polled = false;
        port_wake();
    }
}

static bool take_request(struct incoming *incoming)
{
    *self.last = incoming;
    self.last = &incoming->next;
    wake_polled();
    return true;
}

static void site_missed(void)
{
    self.missed = true;
    wake_polled();
}

/* -- from the worker -- */

static struct incoming *unqueue(void)
{
    struct incoming *incoming = self.first;
    self.first = incoming->next;
    incoming->next = NULL;
    self.last = self.first ? self.last : &self.first;
    return incoming;
}

/* What no program has begun waits for the next one, as what comes meanwhile does. */
void acceptor_end(void)
{
    if (self.serves) {
        incoming_serve(NULL);
    }
    self.serves = self.missed = false;
    self.look_ns = 0;
    incoming_when_missed(NULL);
    while (self.first) {
        incoming_put_back(unqueue());
    }
}

void acceptor_look_every(uint64_t ns)
{
    self.look_ns = ns;
    self.look_at = pd_now_ns() + ns;
    incoming_when_missed(ns > 0 ? site_missed : NULL);
}

mp_obj_t acceptor_serve(mp_obj_t flag)
{
    if (!mp_obj_is_true(flag)) {
        acceptor_end();
        port_wake(); /* who waits in accept() hears of it */
        return mp_const_none;
    }
    if (incoming_is_served()) {
        mp_raise_OSError(MP_EADDRINUSE);
    }
    self.serves = true;
    self.last = &self.first;
    incoming_serve(take_request);
    return mp_const_none;
}

mp_obj_t acceptor_accept(void)
{
    return MP_OBJ_FROM_PTR(&acceptor);
}

static mp_obj_t make(void)
{
    if (!port_has_memory()) {
        m_malloc_fail(sizeof(struct incoming));
    }
    mp_obj_t request = request_new();
    struct incoming *incoming = unqueue();
    trace(python_accepted, incoming->slot ? incoming->slot->serial : 0, 0);
    request_give(request, incoming);
    port_accepted();
    return request;
}

/* Were it left in the queue, it would be tried again at once, and a program that has no memory now may never have
 * any. */
static mp_obj_t take_first(void)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t request = make();
        nlr_pop();
        return request;
    }
    incoming_close(unqueue(), 503);
    port_refused();
    nlr_jump(nlr.ret_val);
}

static bool must_look(void)
{
    bool due = self.first && self.look_ns > 0 && pd_now_ns() >= self.look_at;
    if (!due && !self.missed) {
        return false;
    }
    self.missed = false;
    self.look_at = pd_now_ns() + self.look_ns;
    return true;
}

/* A request; None when nobody is served any more; False: somebody is to look for changes, before the next one. */
static mp_obj_t acceptor_iternext(mp_obj_t self_in)
{
    port_not_busy();
    while (self.first && self.first->gone) {
        incoming_close(unqueue(), 500); /* its client has gone while it waited */
    }
    if (!self.serves) {
        return mp_make_stop_iteration(mp_const_none);
    }
    if (must_look()) {
        return mp_make_stop_iteration(mp_const_false);
    }
    if (self.first && self.given < AT_A_TIME) {
        self.given++;
        return mp_make_stop_iteration(take_first());
    }
    self.given = 0;
    asyncio_wait(MP_OBJ_FROM_PTR(&acceptor), MP_QSTR_queue_read);
    return mp_const_none;
}

static mp_uint_t acceptor_ioctl(mp_obj_t self_in, mp_uint_t operation, uintptr_t argument, int *error)
{
    if (operation != MP_STREAM_POLL) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    bool ready = self.first || self.missed || !self.serves;
    self.polled = !ready;
    return ready ? ENDPOINT_READ & argument : 0;
}

static const mp_stream_p_t acceptor_stream = {.ioctl = acceptor_ioctl};

static MP_DEFINE_CONST_OBJ_TYPE(acceptor_type, MP_QSTR_acceptor, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, acceptor_iternext,
                                protocol, &acceptor_stream);

/* python/port.h: what the parts of the port share.
 *
 * One thread of control, two stacks. The interpreter runs on the worker's stack (lib/fiber.h); events are handled on
 * the PD's own, in the event loop. A handler never touches the interpreter: it changes C state and calls port_wake().
 * Every wait of Python's, whatever it waits for, ends in port_wait(), which returns when something was woken or the
 * deadline has come; who waits looks again.
 */
#ifndef PYTHON_PORT_H
#define PYTHON_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct region;

#define PORT_FOREVER UINT64_MAX

/* Runs the worker, which does not return, until it waits first. After all that asks for pd_before_flush(): what comes
 * last runs first, so that what Python writes is sent by the others'. */
void port_start(const struct region *stack, void (*worker)(void *argument));

/* From a handler: the worker has something to look at. */
void port_wake(void);

/* From the worker: yield to the event loop until a wake or `deadline_ns` (of pd_now_ns()), whichever is first. A
 * wake that came since the last wait ends it at once. */
void port_wait(uint64_t deadline_ns);

/* MicroPython's two wait points (py/scheduler.c): milliseconds, negative for ever. */
void port_wait_ms(intptr_t timeout_ms);

/* From the worker, while it computes: once in PORT_TURN_NS let the events that have come be handled, so that the
 * network and Ctrl-C live while Python does not wait. Cheap when the turn is not over. */
void port_yield(void);

/* busy() is called from the worker, between two steps of it, where the program has not come to one of those two for so
 * long, and each time that has passed again. NULL: nobody is told. */
void port_when_busy(uint64_t ns, void (*busy)(void));
void port_not_busy(void); /* it is in its event loop, which has so much to do that it does not wait */

/* interpreter.c: the worker. Does not return. */
void interpreter_run(void *argument);

/* port_memory.c */
/* Before an interpreter starts. */
void port_memory_begin(void);
/* Where the program that runs is ended, an nlr_buf_t; NULL: the prompt, which is not. */
void port_memory_end_at(void *program);
/* Ends it there, past all its handlers. `ending` says why; NULL: it begins anew at once. False: it is the prompt. */
bool port_end_program(const char *ending);
const char *port_program_ending(void);
/* Memory for one more connection, as accept() asks. What it then says: that one was accepted, or refused. A program
 * that has refused all for some time is ended, and starts again: port_refused() then does not return. */
bool port_has_memory(void);
void port_accepted(void);
void port_refused(void);

/* qstr_cache.c: once before an interpreter starts */
void qstr_cache_clear(void);

/* console.c */
void console_init(bool raw);

#endif

/* lib/fiber.h: one worker stack beside the event loop, so that a program can wait in the middle of a call.
 *
 * Microkit has no blocking receive; an `import` from NFS must wait in the middle of the interpreter. The worker
 * runs on a stack of its own inside init() or notified(); fiber_wait() switches back to the event loop, which
 * returns to the kernel; when a handler has noted an event it calls fiber_resume(), which runs the worker until it
 * waits again or returns. Saved across a switch: x19-x30, sp, d8-d15 (AAPCS64 6.1.1, 6.1.2) - on the worker's
 * stack, where a conservative garbage collector finds them.
 */
#ifndef LIB_FIBER_H
#define LIB_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber {
    void *worker_sp; /* while the worker waits */
    void *loop_sp;   /* while the worker runs */
    void *stack;
    size_t stack_size;
    void (*entry)(void *);
    void *argument;
    bool running;
    bool done;
};

/* The worker starts at the first fiber_resume(). `stack` is 16-byte aligned; have a guard page below it where you
 * can. */
void fiber_create(struct fiber *fiber, void *stack, size_t stack_size, void (*entry)(void *), void *argument);

/* From the event loop: run the worker until it waits. No effect when it runs already or is done. */
void fiber_resume(struct fiber *fiber);

/* From the worker: back to the event loop until the next fiber_resume(). The caller re-checks what it waits for. */
void fiber_wait(struct fiber *fiber);

/* Whether the caller is on the worker's stack. */
bool fiber_inside(const struct fiber *fiber);

#endif

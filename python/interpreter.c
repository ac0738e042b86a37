/* interpreter.c: MicroPython's start, end and start again.
 *   runs      the program that the configuration names, frozen or from a file, or the prompt; on the worker's stack
 *   when the program ends, by an exception or not, it starts again with a fresh heap after a pause
 *   when full (the heap) whatever asks for memory gets MemoryError, and a connection that comes is refused before it is
 *             accepted; a program that has refused REFUSALS_MAX in a row, for REFUSING_NS, is ended as by an exception
 */
#include "lib/pd.h"

#include <string.h>
#include "lib/log.h"
#include "python/config.h"
#include "python/control.h"
#include "python/files.h"
#include "python/modwebsite.h"
#include "python/port.h"
#include "python/vfs_files.h"

#include "extmod/vfs.h"
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/frozenmod.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/interrupt_char.h"
#include "shared/runtime/pyexec.h"

#define STACK_RESERVE 16384 /* bytes that C code may use beyond the depth at which Python raises RuntimeError */
#define RESTART_PAUSE_NS 1000000000ull
#define RESERVE 8192 /* bytes in one piece: what asyncio and Microdot want before a handler begins, a grown table too */
#define REFUSALS_MAX 8
#define REFUSING_NS 10000000000ull

static struct {
    nlr_buf_t *program;   /* where the program that runs is ended; NULL: the prompt */
    bool short_of_memory; /* the last collection left no RESERVE */
    uint32_t refusals;    /* of connections, since one was accepted */
    uint64_t refusing_since_ns;
} self;

/* -- memory -- */

static bool reserve_is_there(void)
{
    bool automatic = MP_STATE_MEM(gc_auto_collect_enabled);
    MP_STATE_MEM(gc_auto_collect_enabled) = false; /* this is asked from within a collection */
    void *block = gc_alloc(RESERVE, 0);
    MP_STATE_MEM(gc_auto_collect_enabled) = automatic;
    gc_free(block);
    return block != NULL;
}

/* An allocation fails only after a collection, so what that has left says how it stands, and costs nobody else time. */
void gc_collect(void)
{
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
    self.short_of_memory = !reserve_is_there();
}

bool port_has_memory(void)
{
    if (self.short_of_memory) {
        gc_collect();
    }
    return !self.short_of_memory;
}

void port_accepted(void)
{
    self.refusals = 0;
}

void port_refused(void)
{
    uint64_t now = pd_now_ns();
    if (self.refusals++ == 0) {
        self.refusing_since_ns = now;
    }
    if (self.program && self.refusals >= REFUSALS_MAX && now - self.refusing_since_ns >= REFUSING_NS) {
        MP_STATE_THREAD(nlr_top) = self.program; /* past every handler: a program may catch what it likes */
        nlr_jump(NULL);
    }
}

/* -- start and end -- */

void nlr_jump_fail(void *value)
{
    log_line("python: an exception left the interpreter");
    __builtin_trap();
}

static void set_sys_path(void)
{
    /* What is frozen into the image comes first:
     * a file on the server cannot take the place of a part of the program. */
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_path), 0);
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen));
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR_));
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__slash_lib));
}

static void set_arguments(void)
{
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_argv), 0);
    mp_obj_list_append(mp_sys_argv, mp_obj_new_str(python_config.app, strlen(python_config.app)));
    for (uint32_t i = 0; i < python_config.argument_count; i++) {
        const char *argument = python_config.arguments[i];
        mp_obj_list_append(mp_sys_argv, mp_obj_new_str(argument, strlen(argument)));
    }
}

static void start_interpreter(void)
{
    const struct region *stack = &python_config.stack, *heap = &python_config.heap;
    mp_cstack_init_with_top((char *)stack->base + stack->size, stack->size - STACK_RESERVE);
    gc_init(heap->base, (char *)heap->base + heap->size);
    qstr_cache_clear();
    self.short_of_memory = false;
    self.refusals = 0;
    mp_init();
    set_sys_path();
    set_arguments();
    if (files_available()) {
        vfs_files_mount();
    }
    control_program_begins();
}

static void stop_interpreter(void)
{
    acceptor_end();
    gc_sweep_all(); /* finalisers: connections and files that the program left open are closed */
    mp_deinit();
}

static void run_prompt(void)
{
    for (;;) {
        int leave = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (leave) {
            break;
        }
    }
    mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
}

/* Frozen, or a file of that name in the mount's root. */
static bool run_app(const char *name)
{
    char file[sizeof(python_config.app) + 4];
    size_t length = strnlen(name, sizeof(python_config.app));
    memcpy(file, name, length);
    memcpy(file + length, ".py", 4);
    int frozen_type;
    void *data;
    if (mp_find_frozen_module(file, &frozen_type, &data) != MP_IMPORT_STAT_NO_EXIST) {
        return pyexec_frozen_module(file, false) == 1;
    }
    return pyexec_file(file) == 1;
}

/* How it ended. */
static const char *run_program(void)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        self.program = &nlr;
        const char *ending = run_app(python_config.app) ? "has ended" : "was ended by an exception";
        self.program = NULL;
        nlr_pop();
        return ending;
    }
    self.program = NULL;
    mp_hal_set_interrupt_char(-1);
    return "has had no memory left for connections";
}

void interpreter_run(void *argument)
{
    require(python_config.stack.size > 2 * STACK_RESERVE, "python stack", python_config.stack.size);
    for (;;) {
        start_interpreter();
        if (python_config.app[0] == 0) {
            run_prompt();
            stop_interpreter();
            continue;
        }
        const char *ending = run_program();
        stop_interpreter();
        log_line("python: %s %s; it starts again", python_config.app, ending);
        uint64_t again = pd_now_ns() + RESTART_PAUSE_NS;
        while (pd_now_ns() < again) {
            port_wait(again);
        }
    }
}

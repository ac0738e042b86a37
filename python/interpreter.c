/* interpreter.c: MicroPython's start, end and start again.
 *   runs      the program that the configuration names, frozen or from a file, or the prompt; on the worker's stack
 *   when the program ends, by an exception or not, it starts again with a fresh heap after a pause; at once where it
 *             has asked for that, and not a moment ago, too
 *   when full (the heap) whatever asks for memory gets MemoryError; a program that has none for connections is ended
 *             as by an exception (port_memory.c)
 */
#include "lib/pd.h"

#include <string.h>
#include "lib/log.h"
#include "python/config.h"
#include "python/control.h"
#include "python/counters.h"
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
#include "shared/runtime/interrupt_char.h"
#include "shared/runtime/pyexec.h"

#define STACK_RESERVE 16384 /* bytes that C code may use beyond the depth at which Python raises RuntimeError */
#define RESTART_PAUSE_NS 1000000000ull
#define LIBRARIES "/lib"        /* on the server: modules that are put there for all programs */
#define EVERYDAY ".frozen/_lib" /* python/_lib */

void nlr_jump_fail(void *value)
{
    log_line("python: an exception left the interpreter");
    __builtin_trap();
}

static void set_sys_path(void)
{
    /* What is frozen into the image comes first: a file on the server cannot take the place of a part of the program.
     * Everyday modules come last: a fuller one of the same name may lie on the server. */
    mp_obj_list_init(MP_OBJ_TO_PTR(mp_sys_path), 0);
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__dot_frozen));
    mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR_));
    mp_obj_list_append(mp_sys_path, mp_obj_new_str(LIBRARIES, sizeof(LIBRARIES) - 1));
    mp_obj_list_append(mp_sys_path, mp_obj_new_str(EVERYDAY, sizeof(EVERYDAY) - 1));
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
    python_counts()->starts++;
    port_memory_begin();
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
    port_when_busy(0, NULL);
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

/* How it ended; NULL: it asks to begin anew. */
static const char *run_program(void)
{
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        port_memory_end_at(&nlr);
        const char *ending = run_app(python_config.app) ? "has ended" : "was ended by an exception";
        port_memory_end_at(NULL);
        nlr_pop();
        return ending;
    }
    port_memory_end_at(NULL);
    mp_hal_set_interrupt_char(-1);
    return port_program_ending();
}

static void wait_before_again(void)
{
    uint64_t again = pd_now_ns() + RESTART_PAUSE_NS;
    while (pd_now_ns() < again) {
        port_wait(again);
    }
}

void interpreter_run(void *argument)
{
    bool was_short = false;
    require(python_config.stack.size > 2 * STACK_RESERVE, "python stack", python_config.stack.size);
    for (;;) {
        uint64_t begun = pd_now_ns();
        start_interpreter();
        if (python_config.app[0] == 0) {
            run_prompt();
            stop_interpreter();
            continue;
        }
        const char *ending = run_program();
        stop_interpreter();
        if (ending) {
            log_line("python: %s %s; it starts again", python_config.app, ending);
        }
        bool is_short = pd_now_ns() - begun < RESTART_PAUSE_NS;
        if (ending || (is_short && was_short)) {
            wait_before_again();
        }
        was_short = is_short;
    }
}

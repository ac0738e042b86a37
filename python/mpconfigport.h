/* mpconfigport.h: what MicroPython 1.25 is built with.
 * The reason stands where a value is not the release's own for this level. */
#include <alloca.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

/* The machine: 64-bit, double floats, one thread. */
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX INTPTR_MAX /* picolibc has no SSIZE_MAX */
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_DOUBLE)
#define MICROPY_EPOCH_IS_1970 (1)
#define MICROPY_USE_INTERNAL_PRINTF (0)
#define MICROPY_USE_INTERNAL_ERRNO (1)
#define MICROPY_STREAMS_POSIX_API (0)
#define MP_STATE_PORT MP_STATE_VM
#define MICROPY_HW_BOARD_NAME "serval"
#define MICROPY_HW_MCU_NAME "aarch64"
#define MICROPY_PY_SYS_PLATFORM "serval"
#define MICROPY_ALLOC_PATH_MAX (1024)

/* The collector's generic code for this processor reads registers in a way that clang may delete; setjmp stores them
 * all. nlr's assembly does not keep d8 to d15; setjmp does. */
#define MICROPY_GCREGS_SETJMP (1)
#define MICROPY_NLR_SETJMP (1)
#define MICROPY_ENABLE_GC (1)
#define MICROPY_BYTES_PER_GC_BLOCK (64) /* a cache line: a 64 KiB buffer is found twice as fast as by blocks of 32 */
#define MICROPY_ENABLE_FINALISER (1)
#define MICROPY_ALLOC_GC_STACK_SIZE (1024) /* the marking stack overflows less: it then scans the heap again */

/* Speed. */
#define MICROPY_OPT_COMPUTED_GOTO (1)
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (1024)
#define MICROPY_OPT_LOAD_ATTR_FAST_PATH (1)
#define MICROPY_OPT_MAP_LOOKUP_CACHE (1)

/* The language and the prompt. */
#define MICROPY_ENABLE_COMPILER (1)
#define MICROPY_ENABLE_SOURCE_LINE (1)
#define MICROPY_ENABLE_SCHEDULER (1)
#define MICROPY_KBD_EXCEPTION (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_REPL_INFO (0)
#define MICROPY_ENABLE_EXTERNAL_IMPORT (1)
#define MICROPY_PERSISTENT_CODE_LOAD (1)        /* .mpy files can be imported */
#define MICROPY_MODULE_OVERRIDE_MAIN_IMPORT (1) /* a file can be run as __main__: webserver.py runs app.py so */
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (256)
#define MICROPY_PY_FUNCTION_ATTRS (1)
#define MICROPY_PY_DELATTR_SETATTR (1)
#define MICROPY_PY_ALL_INPLACE_SPECIAL_METHODS (1)
#define MICROPY_PY_BUILTINS_RANGE_BINOP (1)
#define MICROPY_PY_SYS_EXC_INFO (1)
#define MICROPY_PY_SYS_GETSIZEOF (1)
#define MICROPY_PY_BUILTINS_HELP_MODULES (1)
#define MICROPY_PY_BUILTINS_HELP_TEXT python_help_text
#define MICROPY_MODULE_FROZEN_MPY (1)
#define MICROPY_QSTR_EXTRA_POOL mp_qstr_frozen_const_pool

/* Modules. */
#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "python/modtime_impl.h"
#define MICROPY_PY_OS (1)
#define MICROPY_PY_OS_UNAME (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "python/modos_impl.h"
#define MICROPY_PY_JSON (1)
#define MICROPY_PY_RE (1)
#define MICROPY_PY_RE_MATCH_GROUPS (1)
#define MICROPY_PY_RE_MATCH_SPAN_START_END (1)
#define MICROPY_PY_HASHLIB (1)
#define MICROPY_PY_HASHLIB_SHA256 (1)
#define MICROPY_PY_BINASCII (1)
#define MICROPY_PY_DEFLATE (1)
#define MICROPY_PY_DEFLATE_COMPRESS (1)
#define MICROPY_PY_RANDOM (1)
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC (python_random_seed())
#define MICROPY_PY_MATH_FACTORIAL (1)
#define MICROPY_PY_MATH_ISCLOSE (1)
#define MICROPY_PY_IO_BUFFEREDWRITER (1)
#define MICROPY_PY_MACHINE (0)
#define MICROPY_PY_FRAMEBUF (0) /* there is no display, */
#define MICROPY_PY_UCTYPES (0)  /* and no memory for a program to look at but its own */
#define MICROPY_PY_SSL (0)
#define MICROPY_PY_CRYPTOLIB (0)

/* Numbers as on Linux, those that files and sockets here give. */
#define MP_ENAMETOOLONG (36)
#define MP_ENOTEMPTY (39)
#define MP_ELOOP (40)
#define MP_ESTALE (116)
/* clang-format off */
#define MICROPY_PY_ERRNO_LIST                                                                                        \
    X(EPERM) X(ENOENT) X(EIO) X(EBADF) X(EAGAIN) X(ENOMEM) X(EACCES) X(EFAULT) X(EBUSY) X(EEXIST) X(ENODEV)          \
    X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EFBIG) X(ENOSPC) X(EROFS) X(EPIPE) X(ENAMETOOLONG) X(ENOTEMPTY)       \
    X(ELOOP) X(EOPNOTSUPP) X(EAFNOSUPPORT) X(EADDRINUSE) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(EISCONN)         \
    X(ENOTCONN) X(ETIMEDOUT) X(ECONNREFUSED) X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS) X(ESTALE)
/* clang-format on */

/* Files. */
#define MICROPY_VFS (1)
#define MICROPY_PY_VFS (1)
#define MICROPY_VFS_WRITABLE (1)
#define MICROPY_HAS_FILE_READER (1) /* python/reader.c */

/* Waiting: see python/port.h. */
void port_wait_ms(intptr_t timeout_ms);
void port_yield(void);
#define MICROPY_INTERNAL_WFE(timeout_ms) port_wait_ms(timeout_ms)
#define MICROPY_VM_HOOK_COUNT (256)
#define MICROPY_VM_HOOK_INIT static uint32_t branches_left = MICROPY_VM_HOOK_COUNT;
#define MICROPY_VM_HOOK_POLL                   \
    if (--branches_left == 0) {                \
        branches_left = MICROPY_VM_HOOK_COUNT; \
        port_yield();                          \
    }
#define MICROPY_VM_HOOK_LOOP MICROPY_VM_HOOK_POLL
#define MICROPY_VM_HOOK_RETURN MICROPY_VM_HOOK_POLL

uint32_t python_random_seed(void);
extern const char python_help_text[];

# python/port.mk: MicroPython's own build of its core and of this port, as one archive;
# python/python.mk runs it from the top.
#
#   MPY      the release's sources, unmodified
#   BUILD    where objects, generated headers and libmicropython.a go
#   PD_CC    compiler; PD_AR archiver; PD_CFLAGS what every file is compiled with; FLAGS_FILE changes when they do
#   PORT_CFLAGS  what the files of this port are compiled with besides: all warnings, and with asserts

TOP := $(MPY)
include $(MPY)/py/mkenv.mk
# Of what it says, the compiled files are of interest: they go to descriptor 3, the rest to standard output.
ifneq ($(BUILD_VERBOSE),1)
ECHO := @say() { case "$$1" in CC*) echo "  $$1" >&3;; esac; }; say
endif
CC := $(PD_CC)
CPP := $(PD_CC) -E
AR := rm -f $(BUILD)/libmicropython.a && $(PD_AR)
QSTR_DEFS := python/qstrdefsport.h
MICROPY_ROM_TEXT_COMPRESSION := 0
include $(MPY)/py/py.mk
include $(MPY)/extmod/extmod.mk

# Ours does not lie in the folder where make runs, where py.mk looks for it.
vpath mpconfigport.h python
QSTR_GLOBAL_DEPENDENCIES := $(MPY)/py/mpconfig.h python/mpconfigport.h $(FLAGS_FILE)

INC += -I. -I$(BUILD) -Ipython -I$(MPY)
CFLAGS += $(PD_CFLAGS) $(INC) -DMP_CONFIGFILE='"python/mpconfigport.h"' -DNDEBUG -Wall -Werror -Wno-unused-parameter

PORT_C := $(addprefix python/,port.c port_memory.c interpreter.c console.c time.c builtins.c reader.c files.c \
    changes.c vfs_files.c vfs_file.c fs_operation.c modfs_async.c asyncio_wait.c asyncio_start.c \
    endpoint.c endpoint_tcp.c endpoint_udp.c endpoint_http.c modsocket.c \
    incoming.c incoming_text.c incoming_reply.c control.c \
    modwebsite.c acceptor.c request.c request_head.c hash.c modhashlib.c gzip.c qstr_cache.c)
SHARED_C := $(addprefix shared/,readline/readline.c runtime/pyexec.c runtime/interrupt_char.c \
    runtime/sys_stdio_mphal.c runtime/gchelper_generic.c timeutils/timeutils.c)

# What was collected of a file that is no more, or of a module that is turned off since, would stay in the headers.
collected_from := $(PORT_C) $(shell cksum <python/mpconfigport.h)
ifneq ($(strip $(file <$(BUILD)/sources)),$(collected_from))
$(shell rm -rf $(BUILD)/genhdr && mkdir -p $(BUILD))
$(file >$(BUILD)/sources,$(collected_from))
endif

SRC_QSTR += $(PORT_C) $(SHARED_C)
OBJ = $(PY_O) $(addprefix $(BUILD)/,$(PORT_C:.c=.o) $(SHARED_C:.c=.o))

$(addprefix $(BUILD)/,$(PORT_C:.c=.o)): CFLAGS += $(PORT_CFLAGS)
$(BUILD)/py/objstr.o: CFLAGS += -Dqstr_find_strn=qstr_find_cached # python/qstr_cache.c
$(BUILD)/py/objstr.o: python/port.mk

# What runs when a program is read, or a person types, and not when a request comes.
COLD_O := $(addprefix $(BUILD)/,$(addsuffix .o,$(addprefix py/,builtinhelp builtinimport compile emitbc emitcommon emitglue \
    frozenmod lexer parse persistentcode repl scope) shared/readline/readline shared/runtime/pyexec))
$(COLD_O): CFLAGS += -Os
$(COLD_O): python/port.mk

include $(MPY)/py/mkrules.mk

$(OBJ): $(FLAGS_FILE)

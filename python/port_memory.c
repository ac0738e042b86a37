/* port_memory.c: whether the heap has room for one more connection; and how a program is ended past its handlers.
 *   when full a connection that comes is refused before it is accepted; a program that has refused REFUSALS_MAX in a
 *             row, for REFUSING_NS, is ended as by an exception
 */
#include "lib/pd.h"

#include <string.h>
#include "python/counters.h"
#include "python/port.h"

#include "py/gc.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"

#define RESERVE 8192 /* bytes in one piece: what asyncio and Microdot want before a handler begins, a grown table too */
#define REFUSALS_MAX 8
#define REFUSING_NS 10000000000ull

static struct {
    nlr_buf_t *program;   /* where the program that runs is ended; NULL: the prompt */
    const char *ending;   /* what has become of it then; NULL: it has asked to begin anew */
    bool short_of_memory; /* the last collection left no RESERVE */
    uint32_t refusals;    /* of connections, since one was accepted */
    uint64_t refusing_since_ns;
} self;

static uint32_t blocks_used(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll((bits | bits >> 1) & 0x5555555555555555);
}

/* Two bits for each block of the heap, 0: free (py/gc.c). For who looks: it takes some thousand instructions. */
static void count_memory(void)
{
    if (!counters_config.page) {
        return;
    }
    const uint8_t *table = MP_STATE_MEM(area).gc_alloc_table_start;
    size_t bytes = MP_STATE_MEM(area).gc_alloc_table_byte_len, used = 0, i = 0;
    for (uint64_t bits; bytes - i >= sizeof(bits); i += sizeof(bits)) {
        memcpy(&bits, table + i, sizeof(bits));
        used += blocks_used(bits);
    }
    for (; i < bytes; i++) {
        used += blocks_used(table[i]);
    }
    python_counts()->heap_bytes = bytes * 4 * MICROPY_BYTES_PER_GC_BLOCK;
    python_counts()->heap_used_bytes = used * MICROPY_BYTES_PER_GC_BLOCK;
}

void port_memory_begin(void)
{
    count_memory();
    self.short_of_memory = false;
    self.refusals = 0;
}

void port_memory_end_at(void *program)
{
    self.program = program;
}

const char *port_program_ending(void)
{
    return self.ending;
}

bool port_end_program(const char *ending)
{
    if (!self.program) {
        return false;
    }
    self.ending = ending;
    MP_STATE_THREAD(nlr_top) = self.program; /* past every handler: a program may catch what it likes */
    nlr_jump(NULL);
}

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
    python_counts()->collections++;
    count_memory();
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
    python_counts()->refused++;
    if (self.refusals++ == 0) {
        self.refusing_since_ns = now;
    }
    if (self.refusals >= REFUSALS_MAX && now - self.refusing_since_ns >= REFUSING_NS) {
        port_end_program("has had no memory left for connections");
    }
}

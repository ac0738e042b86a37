/* insncount.c: a QEMU TCG plugin that counts guest instructions by protection domain, or by kernel and user.
 *   serves    bench/count.py and bench/load.c, which read the counters from shared memory at any moment
 *   trusts    the range file, written by count.py from the image tool's report
 *
 * QEMU translates code by physical page, and every PD's text has physical pages of its own: so the owner of a
 * translated instruction is known when it is translated, and counting is one addition for each range that a block
 * touches, without a lock (insncount_inline.c or insncount_call.c, by QEMU's release). The physical address is the host
 * address less the host address of guest RAM, found from the first block ever translated, whose guest physical address
 * is given (`reset=`).
 *
 * Another system's programs have no pages of their own for good: there (kernel=) a block's virtual address says whether
 * it is the kernel's.
 *
 * Arguments: out=FILE (counters), and either ranges=FILE (lines `PA SIZE NAME`, hexadecimal) and reset=PA (where the
 * CPU starts), or kernel=VA (where the kernel's addresses begin: one range, the kernel).
 * Layout of out: uint64_t magic, count, then per range one counter, the last being "elsewhere".
 * For one CPU: the additions are not atomic.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "insncount.h"

#define RANGES_MAX 32768
#define MAGIC 0x544e435353564553ull

static struct {
    uint64_t *counters; /* of range n; [range_count]: elsewhere */
    uint64_t reset_pa;
    uint64_t kernel_va; /* 0: count by range */
    uintptr_t ram_host; /* host address of guest physical address 0, as if RAM began there */
    size_t range_count;
    struct {
        uint64_t pa, size;
    } ranges[RANGES_MAX];
} self;

static uint64_t *counter_of(const void *host)
{
    uint64_t pa = (uintptr_t)host - self.ram_host;
    for (size_t i = 0; i < self.range_count; i++) {
        if (pa - self.ranges[i].pa < self.ranges[i].size) {
            return &self.counters[i];
        }
    }
    return &self.counters[self.range_count];
}

static void translated_by_address(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    uint64_t *counter = &self.counters[qemu_plugin_tb_vaddr(tb) >= self.kernel_va ? 0 : 1];
    insncount_add(tb, counter, qemu_plugin_tb_n_insns(tb));
}

static uint64_t *counter_at(const struct qemu_plugin_tb *tb, size_t index)
{
    return counter_of(qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, index)));
}

/* A block may hold code of several ranges: a range can be one instruction. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    void *host = qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0));
    if (host != NULL && self.ram_host == 0) {
        self.ram_host = (uintptr_t)host - self.reset_pa;
    }
    size_t count = qemu_plugin_tb_n_insns(tb);
    for (size_t first = 0, end; first < count; first = end) {
        uint64_t *counter = counter_at(tb, first);
        for (end = first + 1; end < count && counter_at(tb, end) == counter; end++) {
        }
        insncount_add(tb, counter, end - first);
    }
}

static bool read_ranges(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    self.range_count = 0;
    while (self.range_count < RANGES_MAX &&
           fscanf(file, "%" SCNx64 " %" SCNx64 " %*s", &self.ranges[self.range_count].pa,
                  &self.ranges[self.range_count].size) == 2) {
        self.range_count++;
    }
    fclose(file);
    return true;
}

static uint64_t *map_counters(const char *path)
{
    size_t size = (2 + RANGES_MAX + 1) * sizeof(uint64_t);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        return NULL;
    }
    uint64_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static bool read_argument(const char *argument, const char **out, const char **ranges)
{
    if (strncmp(argument, "out=", 4) == 0) {
        *out = argument + 4;
    } else if (strncmp(argument, "ranges=", 7) == 0) {
        *ranges = argument + 7;
    } else if (strncmp(argument, "reset=", 6) == 0) {
        self.reset_pa = strtoull(argument + 6, NULL, 0);
    } else if (strncmp(argument, "kernel=", 7) == 0) {
        self.kernel_va = strtoull(argument + 7, NULL, 0);
    } else {
        fprintf(stderr, "insncount: unknown argument %s\n", argument);
        return false;
    }
    return true;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    const char *out = NULL;
    const char *ranges = NULL;
    for (int i = 0; i < argc; i++) {
        if (!read_argument(argv[i], &out, &ranges)) {
            return -1;
        }
    }
    bool by_range = ranges != NULL && self.reset_pa != 0;
    if (out == NULL || by_range == (self.kernel_va != 0)) {
        fprintf(stderr, "insncount: needs out=FILE, and ranges=FILE,reset=PA or kernel=VA\n");
        return -1;
    }
    self.range_count = 1; /* the kernel; read_ranges begins anew */
    uint64_t *file = !by_range || read_ranges(ranges) ? map_counters(out) : NULL;
    if (file == NULL) {
        fprintf(stderr, "insncount: cannot read %s or write %s\n", ranges ? ranges : "nothing", out);
        return -1;
    }
    file[0] = MAGIC;
    file[1] = self.range_count;
    self.counters = file + 2;
    qemu_plugin_register_vcpu_tb_trans_cb(id, by_range ? translated : translated_by_address);
    return 0;
}

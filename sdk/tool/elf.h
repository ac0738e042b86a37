/* tool/elf.h: a program as the pages it wants, and its symbols. */
#ifndef TOOL_ELF_H
#define TOOL_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/tool/diag.h"

struct elf_segment {
    uint64_t va;      /* of the first page */
    uint64_t size;    /* whole pages */
    unsigned perms;   /* enum perms */
    uint8_t *bytes;   /* `size` of them: the file's, then zeros */
    uint8_t *patched; /* one per page: must be stored, its content is not final yet */
};

struct elf_symbol {
    const char *name;
    uint64_t va;
    uint64_t size;
};

struct elf {
    const char *path;
    uint64_t entry;
    struct elf_segment *segments; /* by rising address */
    size_t segment_count;
    struct elf_symbol *symbols;
    size_t symbol_count;
};

/* Refuses, at `place`, what is not a static AArch64 program with page-aligned, non-overlapping segments inside
 * [low, high), none of them writable and executable, and its entry in an executable one. */
struct elf *elf_read(struct place place, const char *path, uint64_t low, uint64_t high);

/* NULL: none has that name. `count`: how many have it, since local ones may share it with others. */
const struct elf_symbol *elf_symbol(const struct elf *elf, const char *name, size_t *count);

/* The program's bytes at an address, whose pages count as patched from now on; NULL where [va, va + size) is not inside
 * one segment. */
uint8_t *elf_patch(struct elf *elf, uint64_t va, uint64_t size);

/* Leaves out the pages behind the first `size` bytes of the segment that begins at `va`. False: none does. */
bool elf_cut(struct elf *elf, uint64_t va, uint64_t size);

#endif

/* elf.c: what of an ELF file goes into memory, read through libelf.
 *   consumes  a file, NOT trusted: sizes, offsets, addresses and names are checked before they are used
 *   refuses   another machine, what is not static, segments outside of the file or of their range, or over each other,
 *             and memory that is writable and executable
 */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/description.h"
#include "sdk/tool/elf.h"
#include "sdk/tool/file.h"

/* No board has more memory than this for one program; a wrong size is told before it is allocated. */
#define SEGMENT_MOST (4ul << 30)

struct reader {
    struct place place;
    struct elf *elf;
    Elf *handle;
    const char *bytes; /* the file */
    size_t size;
    uint64_t low;
    uint64_t high;
};

static void check_header(const struct reader *r, const GElf_Ehdr *header)
{
    const char *path = r->elf->path;
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_AARCH64) {
        diag_refuse(r->place, "'%s' is for another machine (e_machine %u); allowed: AArch64, 64 bits", path,
                    header->e_machine);
    }
    if (header->e_ident[EI_DATA] != ELFDATA2LSB) {
        diag_refuse(r->place, "'%s' is big endian; allowed: little endian", path);
    }
    if (header->e_type != ET_EXEC) {
        diag_refuse(r->place, "'%s' is not a static program (e_type %u); allowed: ET_EXEC (%d)", path, header->e_type,
                    ET_EXEC);
    }
}

static void check_segment(const struct reader *r, const GElf_Phdr *h, size_t number)
{
    const char *path = r->elf->path;
    if (h->p_filesz > h->p_memsz || h->p_offset > r->size || h->p_filesz > r->size - h->p_offset) {
        diag_refuse(r->place, "'%s' segment %zu is not inside the file", path, number);
    }
    if (h->p_memsz > SEGMENT_MOST) {
        diag_refuse(r->place, "'%s' segment %zu is too large (0x%lx bytes); allowed: 0x%lx", path, number, h->p_memsz,
                    SEGMENT_MOST);
    }
    if ((h->p_flags & PF_W) != 0 && (h->p_flags & PF_X) != 0) {
        diag_refuse(r->place, "'%s' segment %zu at 0x%lx is writable and executable", path, number, h->p_vaddr);
    }
    if (h->p_vaddr < r->low || h->p_vaddr >= r->high || h->p_memsz > r->high - h->p_vaddr) {
        diag_refuse(r->place, "'%s' segment %zu (0x%lx, 0x%lx bytes) is out of range; allowed: 0x%lx to 0x%lx", path,
                    number, h->p_vaddr, h->p_memsz, r->low, r->high);
    }
}

static void add_segment(struct reader *r, const GElf_Phdr *h, size_t number)
{
    check_segment(r, h, number);
    struct elf_segment *s = PUSH(r->elf->segments, r->elf->segment_count);
    uint64_t lead = h->p_vaddr % MMU_PAGE_SIZE;
    s->va = h->p_vaddr - lead;
    s->size = (lead + h->p_memsz + MMU_PAGE_SIZE - 1) & ~(MMU_PAGE_SIZE - 1);
    s->perms = PERM_R | ((h->p_flags & PF_W) != 0 ? PERM_W : 0) | ((h->p_flags & PF_X) != 0 ? PERM_X : 0);
    s->bytes = diag_alloc(s->size);
    s->patched = diag_alloc(s->size / MMU_PAGE_SIZE);
    memcpy(s->bytes + lead, r->bytes + h->p_offset, h->p_filesz);
}

static int compare_segments(const void *a, const void *b)
{
    const struct elf_segment *x = a;
    const struct elf_segment *y = b;
    return (x->va > y->va) - (x->va < y->va);
}

static void read_segments(struct reader *r)
{
    size_t count;
    if (elf_getphdrnum(r->handle, &count) != 0) {
        diag_refuse(r->place, "'%s' has no program headers (%s)", r->elf->path, elf_errmsg(-1));
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(r->handle, (int)i, &header) == NULL) {
            diag_refuse(r->place, "'%s' program header %zu is unreadable (%s)", r->elf->path, i, elf_errmsg(-1));
        }
        if (header.p_type == PT_INTERP || header.p_type == PT_DYNAMIC) {
            diag_refuse(r->place, "'%s' wants a dynamic linker; allowed: static programs", r->elf->path);
        }
        if (header.p_type == PT_LOAD && header.p_memsz != 0) {
            add_segment(r, &header, i);
        }
    }
    struct elf *elf = r->elf;
    if (elf->segment_count == 0) {
        diag_refuse(r->place, "'%s' has nothing to load", elf->path);
    }
    qsort(elf->segments, elf->segment_count, sizeof(elf->segments[0]), compare_segments);
    for (size_t i = 1; i < elf->segment_count; i++) {
        if (elf->segments[i].va < elf->segments[i - 1].va + elf->segments[i - 1].size) {
            diag_refuse(r->place, "'%s' segments share the page at 0x%lx; each segment needs pages of its own",
                        elf->path, elf->segments[i].va);
        }
    }
}

static void check_entry(const struct reader *r)
{
    const struct elf *elf = r->elf;
    for (size_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *s = &elf->segments[i];
        if (elf->entry >= s->va && elf->entry < s->va + s->size && (s->perms & PERM_X) != 0 && elf->entry % 4 == 0) {
            return;
        }
    }
    diag_refuse(r->place, "'%s' entry is not in an executable segment (0x%lx)", elf->path, elf->entry);
}

static void read_symbols(struct reader *r, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    if (data == NULL || header->sh_entsize == 0) {
        diag_refuse(r->place, "'%s' symbol table is unreadable (%s)", r->elf->path, elf_errmsg(-1));
    }
    for (size_t i = 0; i < data->d_size / header->sh_entsize; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL) {
            diag_refuse(r->place, "'%s' symbol %zu is unreadable (%s)", r->elf->path, i, elf_errmsg(-1));
        }
        const char *name = elf_strptr(r->handle, header->sh_link, symbol.st_name);
        unsigned type = GELF_ST_TYPE(symbol.st_info);
        if (name == NULL || *name == '\0' || symbol.st_shndx == SHN_UNDEF ||
            (type != STT_OBJECT && type != STT_NOTYPE && type != STT_FUNC)) {
            continue;
        }
        *PUSH(r->elf->symbols, r->elf->symbol_count) = (struct elf_symbol){
            .name = diag_printf("%s", name),
            .va = symbol.st_value,
            .size = symbol.st_size,
        };
    }
}

static void read_sections(struct reader *r)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(r->handle, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB) {
            read_symbols(r, section, &header);
        }
    }
}

struct elf *elf_read(struct place place, const char *path, uint64_t low, uint64_t high)
{
    struct reader r = {.place = place, .low = low, .high = high};
    r.elf = diag_alloc(sizeof(*r.elf));
    r.elf->path = path;
    char *bytes = file_read(place, path, &r.size);
    r.bytes = bytes;
    elf_version(EV_CURRENT);
    r.handle = elf_memory(bytes, r.size);
    GElf_Ehdr header;
    if (r.handle == NULL || elf_kind(r.handle) != ELF_K_ELF || gelf_getehdr(r.handle, &header) == NULL) {
        diag_refuse(place, "'%s' is not an ELF file", path);
    }
    check_header(&r, &header);
    r.elf->entry = header.e_entry;
    read_segments(&r);
    check_entry(&r);
    read_sections(&r);
    elf_end(r.handle);
    return r.elf;
}

const struct elf_symbol *elf_symbol(const struct elf *elf, const char *name, size_t *count)
{
    const struct elf_symbol *found = NULL;
    *count = 0;
    for (size_t i = 0; i < elf->symbol_count; i++) {
        if (strcmp(elf->symbols[i].name, name) == 0) {
            found = &elf->symbols[i];
            *count += 1;
        }
    }
    return found;
}

uint8_t *elf_patch(struct elf *elf, uint64_t va, uint64_t size)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        struct elf_segment *s = &elf->segments[i];
        if (va < s->va || va - s->va >= s->size || size > s->size - (va - s->va)) {
            continue;
        }
        uint64_t first = (va - s->va) / MMU_PAGE_SIZE;
        uint64_t last = (va - s->va + size - 1) / MMU_PAGE_SIZE;
        memset(s->patched + first, 1, last - first + 1);
        return s->bytes + (va - s->va);
    }
    return NULL;
}

bool elf_cut(struct elf *elf, uint64_t va, uint64_t size)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        struct elf_segment *s = &elf->segments[i];
        if (s->va == va && size <= s->size) {
            s->size = (size + MMU_PAGE_SIZE - 1) & ~(MMU_PAGE_SIZE - 1);
            return true;
        }
    }
    return false;
}

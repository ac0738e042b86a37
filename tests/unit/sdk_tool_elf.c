/* sdk_tool_elf.c: what elf.c takes of a file and what it refuses, with its exact words: files whose tables end early, lie
 * elsewhere or contradict themselves, which no linker writes; and what it makes of a good one. What a linker can be made
 * to write is in tests/descriptions (program_*.system).
 *
 * A refusal ends the process, so each case runs in a child whose standard error is read.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/tool/description.h"
#include "sdk/tool/elf.h"
#include "tests/unit/check.h"

#define LOW 0x1000ul
#define HIGH 0x800000ul
#define CODE 0x200000ul
#define DATA 0x202000ul
#define SYMBOLS 4

/* All of a file, in the order in which it is written. */
static struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Shdr sections[3]; /* none, symbols, their names */
    Elf64_Sym symbols[SYMBOLS];
    char names[32];
    uint8_t code[16], data[16];
} good;

static void make_good(void)
{
    memset(&good, 0, sizeof(good));
    good.header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                               .e_type = ET_EXEC,
                               .e_machine = EM_AARCH64,
                               .e_version = EV_CURRENT,
                               .e_entry = CODE + 4,
                               .e_ehsize = sizeof(Elf64_Ehdr),
                               .e_phoff = offsetof(struct file, segments),
                               .e_phentsize = sizeof(Elf64_Phdr),
                               .e_phnum = 2,
                               .e_shoff = offsetof(struct file, sections),
                               .e_shentsize = sizeof(Elf64_Shdr),
                               .e_shnum = 3};
    good.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_vaddr = CODE,
                                    .p_offset = offsetof(struct file, code),
                                    .p_filesz = sizeof(good.code),
                                    .p_memsz = sizeof(good.code)};
    good.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_vaddr = DATA + 0xff8,
                                    .p_offset = offsetof(struct file, data),
                                    .p_filesz = sizeof(good.data),
                                    .p_memsz = 0x2000};
    good.sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                    .sh_offset = offsetof(struct file, symbols),
                                    .sh_link = 2,
                                    .sh_size = sizeof(good.symbols),
                                    .sh_entsize = sizeof(Elf64_Sym)};
    good.sections[2] = (Elf64_Shdr){
        .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct file, names), .sh_size = sizeof(good.names)};
    memcpy(good.names, "\0one\0two\0file", 14);
    good.symbols[1] = (Elf64_Sym){.st_name = 1, .st_info = STT_OBJECT, .st_shndx = 5, .st_value = DATA, .st_size = 8};
    good.symbols[2] = (Elf64_Sym){.st_name = 5, .st_info = STT_FUNC, .st_shndx = 5, .st_value = CODE};
    good.symbols[3] = (Elf64_Sym){.st_name = 9, .st_info = STT_FILE, .st_shndx = 5};
    memset(good.code, 0xc0, sizeof(good.code));
    memset(good.data, 0xda, sizeof(good.data));
}

/* -- refusals -- */

static void no_change(void) {}
static void entry_odd(void)
{
    good.header.e_entry = CODE + 2;
}
static void file_more_than_memory(void)
{
    good.segments[0].p_memsz = 8;
}
static void offset_beyond(void)
{
    good.segments[1].p_offset = sizeof(good) + 1;
}
static void offset_overflows(void)
{
    good.segments[1].p_offset = UINT64_MAX - 4;
}
static void size_overflows(void)
{
    good.segments[1].p_filesz = good.segments[1].p_memsz = UINT64_MAX;
}
static void address_overflows(void)
{
    good.segments[1].p_vaddr = UINT64_MAX - 0xff;
}
static void below(void)
{
    good.segments[0].p_vaddr = LOW - 1;
}
static void one_beyond(void)
{
    good.segments[1].p_vaddr = HIGH - 0x1fff;
}
static void ends_at_high(void)
{
    good.segments[1].p_vaddr = HIGH - 0x2000;
}
static void same_page(void)
{
    good.segments[1].p_vaddr = CODE + 0xfff;
}
static void contains(void)
{
    good.segments[1].p_vaddr = CODE - 0x1000;
    good.segments[1].p_memsz = 0x1001;
}
static void next_page(void)
{
    good.segments[1].p_vaddr = CODE + 0x1000;
}
static void empty_segment(void)
{
    good.segments[0].p_filesz = good.segments[0].p_memsz = 0;
}
static void interpreter(void)
{
    good.segments[1].p_type = PT_INTERP;
}
static void no_segments(void)
{
    good.header.e_phnum = 0;
}
static void segments_elsewhere(void)
{
    good.header.e_phoff = sizeof(good) + 4096;
}
static void segments_half(void)
{
    good.header.e_phoff = sizeof(good) - sizeof(Elf64_Phdr);
}
static void symbols_of_no_size(void)
{
    good.sections[1].sh_entsize = 0;
}
static void symbols_beyond(void)
{
    good.sections[1].sh_offset = sizeof(good) + 4096;
}
static void symbols_overflow(void)
{
    good.sections[1].sh_size = UINT64_MAX - 23;
}
static void symbols_larger(void)
{
    good.sections[1].sh_entsize = 1;
}
static void names_beyond(void)
{
    good.symbols[1].st_name = 5000;
}
static void names_nowhere(void)
{
    good.sections[1].sh_link = 77;
}
static void sections_elsewhere(void)
{
    good.header.e_shoff = sizeof(good) + 4096;
}

#define AT "d.system:4:20: error: "
/* says: NULL: it is taken; else the first words of the message, all of it where it ends in a line feed. size: bytes of the
 * file, 0: all. */
static const struct {
    const char *name;
    void (*change)(void);
    const char *says;
    size_t size;
} cases[] = {
    /* clang-format off */
    {"good", no_change, NULL, 0},
    {"ends at the highest address", ends_at_high, NULL, 0},
    {"the next page", next_page, NULL, 0},
    {"nothing", no_change, AT "'p.elf' is not an ELF file\n", 1},
    {"half a header", no_change, AT "'p.elf' is not an ELF file\n", 40},
    {"a header alone", no_change, AT "'p.elf' ", sizeof(Elf64_Ehdr)},
    {"without its last segment's last byte", no_change, AT "'p.elf' segment 1 is not inside the file\n", sizeof(good) - 1},
    {"an entry between instructions", entry_odd, AT "'p.elf' entry is not in an executable segment (0x200002)\n", 0},
    {"more in the file than in memory", file_more_than_memory, AT "'p.elf' segment 0 is not inside the file\n", 0},
    {"an offset beyond the file", offset_beyond, AT "'p.elf' segment 1 is not inside the file\n", 0},
    {"an offset that overflows", offset_overflows, AT "'p.elf' segment 1 is not inside the file\n", 0},
    {"a size that overflows", size_overflows, AT "'p.elf' segment 1 is not inside the file\n", 0},
    {"an address that overflows", address_overflows,
     AT "'p.elf' segment 1 (0xffffffffffffff00, 0x2000 bytes) is out of range; allowed: 0x1000 to 0x800000\n", 0},
    {"below the lowest address", below,
     AT "'p.elf' segment 0 (0xfff, 0x10 bytes) is out of range; allowed: 0x1000 to 0x800000\n", 0},
    {"one byte too high", one_beyond,
     AT "'p.elf' segment 1 (0x7fe001, 0x2000 bytes) is out of range; allowed: 0x1000 to 0x800000\n", 0},
    {"two in a page", same_page,
     AT "'p.elf' segments share the page at 0x200000; each segment needs pages of its own\n", 0},
    {"one in the other", contains,
     AT "'p.elf' segments share the page at 0x200000; each segment needs pages of its own\n", 0},
    {"an empty segment is none", empty_segment, AT "'p.elf' entry is not in an executable segment (0x200004)\n", 0},
    {"an interpreter", interpreter, AT "'p.elf' wants a dynamic linker; allowed: static programs\n", 0},
    {"no segments", no_segments, AT "'p.elf' has nothing to load\n", 0},
    {"segments elsewhere", segments_elsewhere, AT "'p.elf' ", 0},
    {"half of the segments", segments_half, AT "'p.elf' ", 0},
    {"symbols of no size", symbols_of_no_size, AT "'p.elf' symbol table is unreadable (", 0},
    {"symbols beyond the file", symbols_beyond, AT "'p.elf' symbol table is unreadable (", 0},
    {"symbols that overflow", symbols_overflow, AT "'p.elf' symbol table is unreadable (", 0},
    {"more symbols than there are", symbols_larger, AT "'p.elf' symbol ", 0},
    {"a name beyond the names", names_beyond, NULL, 0},
    {"names that are nowhere", names_nowhere, NULL, 0},
    {"sections elsewhere", sections_elsewhere, NULL, 0},
    /* clang-format on */
};

static void write_file(size_t size)
{
    FILE *file = fopen("p.elf", "wb");
    CHECK(file && fwrite(&good, 1, size ? size : sizeof(good), file) == (size ? size : sizeof(good)));
    fclose(file);
}

static struct elf *read_it(void)
{
    return elf_read((struct place){.file = "d.system", .line = 4, .column = 20}, "p.elf", LOW, HIGH);
}

static void check_case(size_t i)
{
    char said[500];
    int ends[2], status;
    make_good();
    cases[i].change();
    write_file(cases[i].size);
    fflush(NULL);
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        read_it();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t part;
    while ((part = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0) {
        length += (size_t)part;
    }
    said[length] = '\0';
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    const char *says = cases[i].says;
    bool whole = says && says[strlen(says) - 1] == '\n';
    if (!WIFEXITED(status) || WEXITSTATUS(status) != (says ? 1 : 0) || (!says && length > 0) ||
        (says && (whole ? strcmp(said, says) : strncmp(said, says, strlen(says))) != 0)) {
        FAIL("%s: status 0x%x, said: %s", cases[i].name, status, said);
    }
}

/* -- a good one -- */

static void test_good(void)
{
    size_t count;
    make_good();
    write_file(0);
    struct elf *elf = read_it();
    CHECK_EQUAL(elf->segment_count, 2);
    const struct elf_segment *code = &elf->segments[0], *data = &elf->segments[1];
    CHECK(elf->entry == CODE + 4 && code->va == CODE && code->size == 0x1000 && code->perms == (PERM_R | PERM_X));
    CHECK(data->va == DATA && data->size == 0x3000 && data->perms == (PERM_R | PERM_W));
    for (uint64_t i = 0; i < data->size; i++) {
        CHECK_EQUAL(data->bytes[i], i >= 0xff8 && i < 0xff8 + sizeof(good.data) ? 0xda : 0);
    }
    CHECK(elf_symbol(elf, "one", &count)->va == DATA && count == 1 && elf_symbol(elf, "two", &count)->size == 0);
    CHECK(!elf_symbol(elf, "file", &count) && count == 0 && !elf_symbol(elf, "", &count));

    CHECK(!elf_patch(elf, DATA - 1, 1) && !elf_patch(elf, DATA + 0x3000, 1) && !elf_patch(elf, DATA + 0x2fff, 2));
    CHECK(!elf_patch(elf, CODE, UINT64_MAX) && !elf_patch(elf, UINT64_MAX, 1));
    CHECK(!data->patched[0] && !data->patched[1] && !data->patched[2]);
    CHECK(elf_patch(elf, DATA + 0x2ff8, 8) == data->bytes + 0x2ff8);
    CHECK(!data->patched[0] && !data->patched[1] && data->patched[2]);
    CHECK(elf_patch(elf, DATA + 0xffc, 8) == data->bytes + 0xffc && data->patched[0] && data->patched[1]);
}

/* Local ones may have the same name; they stand in the order of the file. */
static void test_two_of_a_name(void)
{
    size_t count;
    make_good();
    good.symbols[2].st_name = good.symbols[1].st_name;
    write_file(0);
    CHECK(elf_symbol(read_it(), "one", &count)->va == CODE && count == 2);
}

int main(void)
{
    char folder[] = "/tmp/sdk_tool_elf.XXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_case(i);
    }
    test_good();
    test_two_of_a_name();
    CHECK(unlink("p.elf") == 0 && chdir("/") == 0 && rmdir(folder) == 0);
    return 0;
}

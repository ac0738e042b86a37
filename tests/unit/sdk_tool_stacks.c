/* sdk_tool_stacks.c: where a stack and its IPC buffer go, by the program's end, what is mapped behind it, and whether
 * the program asks for it.
 */
#include <string.h>

#include "sdk/abi/pd.h"
#include "sdk/tool/stacks.h"
#include "tests/unit/check.h"

#define BLOCK 0x200000ul
#define TOP (2 * BLOCK - 3 * MMU_PAGE_SIZE) /* behind it: an unmapped page, the IPC buffer, an unmapped page */

static struct {
    struct region regions[2];
    struct map maps[2];
    struct pd pd;
    struct elf_segment segment;
    struct elf elf, *programs[1];
    struct description description;
    struct layout layout;
    bool asks;
} self;

/* The program's. */
const struct elf_symbol *elf_symbol(const struct elf *elf, const char *name, size_t *count)
{
    static const struct elf_symbol symbol;
    *count = self.asks || strcmp(name, ABI_PD_SYMBOL_IPC_BUFFER) == 0;
    return *count ? &symbol : NULL;
}

static uint64_t place(uint64_t program_end, uint64_t stack_size)
{
    self.segment = (struct elf_segment){.va = BLOCK, .size = program_end - BLOCK};
    self.elf = (struct elf){.segments = &self.segment, .segment_count = 1};
    self.programs[0] = &self.elf;
    self.pd.stack_size = stack_size;
    self.pd.maps = self.maps;
    self.description = (struct description){.pds = &self.pd, .pd_count = 1, .regions = self.regions};
    self.layout = (struct layout){.description = &self.description, .programs = self.programs};
    stacks_place(&self.layout);
    return self.pd.stack_top;
}

static void map(uint64_t va, uint64_t size)
{
    self.regions[self.pd.map_count].size = size;
    self.maps[self.pd.map_count] = (struct map){.region = (int)self.pd.map_count, .va = va};
    self.pd.map_count++;
}

static void test_behind_the_program(void)
{
    CHECK(place(BLOCK + 0x3000, 0x2000) == TOP);
    struct stacks_place at = stacks_place_of(&self.pd);
    CHECK(at.bottom == TOP - 0x2000 && at.low == at.bottom - MMU_PAGE_SIZE);
    CHECK(at.ipc == TOP + MMU_PAGE_SIZE && at.high == 2 * BLOCK);
}

/* Below the stack there has to be as much unmapped memory as it is large. */
static void test_no_room(void)
{
    uint64_t most = 2 * BLOCK - 3 * MMU_PAGE_SIZE - 2 * 0x8000;
    CHECK(place(most, 0x8000) == TOP);
    CHECK(place(most + MMU_PAGE_SIZE, 0x8000) == USER_VA_STACK_TOP);
    CHECK(place(2 * BLOCK, 0x1000) == USER_VA_STACK_TOP);
    CHECK(place(BLOCK + 0x1000, 0x1000000) == USER_VA_STACK_TOP);
}

static void test_a_program_of_several_tables(void)
{
    CHECK(place(4 * BLOCK + 0x1000, 0x2000) == 3 * BLOCK + TOP);
}

static void test_around_regions(void)
{
    map(0x3fa000, 0x1000);
    CHECK(place(BLOCK + 0x3000, 0x2000) == 0x3fa000 - 3 * MMU_PAGE_SIZE);
    map(0x3f5000, 0x1000);
    CHECK(place(BLOCK + 0x3000, 0x2000) == 0x3f5000 - 3 * MMU_PAGE_SIZE);
    self.maps[1].va = 0x3f2000; /* just as far away as it must be */
    CHECK(place(BLOCK + 0x3000, 0x2000) == 0x3fa000 - 3 * MMU_PAGE_SIZE);
    self.maps[1] = (struct map){.region = 1, .va = BLOCK + 0x5000};
    self.regions[1].size = 0x3fa000 - self.maps[1].va;
    CHECK(place(BLOCK + 0x3000, 0x2000) == USER_VA_STACK_TOP);
    self.pd.map_count = 0;
}

static void test_who_does_not_ask(void)
{
    self.asks = false;
    CHECK(place(BLOCK + 0x3000, 0x2000) == USER_VA_STACK_TOP);
    self.asks = true;
}

int main(void)
{
    self.asks = true;
    test_behind_the_program();
    test_no_room();
    test_a_program_of_several_tables();
    test_around_regions();
    test_who_does_not_ask();
    return 0;
}

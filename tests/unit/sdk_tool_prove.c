/* sdk_tool_prove.c: a small system's page tables are proved; then each of them broken in one way is refused.
 *
 * The memory: PAGES pages at LOAD hold tables (built here with paging.c), standing for loader, kernel and tables; the
 * protection domains' pages lie behind. prove() ends the process when it refuses, so each case runs in a child.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/prove.h"
#include "tests/unit/check.h"

#define LOAD 0x70000000ul
#define SYSTEM (LOAD + 0x80000)
#define TEXT (LOAD + 0x90000)
#define IPC (LOAD + 0xa0000)
#define STACKS (LOAD + 0xb0000)
#define REGION (LOAD + 0xc0000)
#define STACK_SIZE 0x2000ul
#define NEAR_TOP 0x3fd000ul /* of one stack that lies behind its program */
#define UART 0x9000000ul

enum pd_index { A, B };
static const unsigned rw = PERM_R | PERM_W;
static const unsigned rx = PERM_R | PERM_X;

struct fixture {
    struct layout layout;
    struct board board;
    struct description description;
    struct pd pds[2];
    struct map maps[3];
    struct region regions[2];
    struct space spaces[2];
    struct image image;
};

static void map_pd(struct fixture *f, int pd, uint64_t va, uint64_t pa, uint64_t size, uint64_t bits)
{
    paging_map(&f->layout.paging, f->spaces[pd].root, va, pa, size, bits);
}

static void map_kernel(struct fixture *f, uint64_t va, uint64_t pa, uint64_t bits)
{
    paging_map(&f->layout.paging, f->layout.kernel_space.root, va, pa, MMU_PAGE_SIZE, bits);
}

static void describe(struct fixture *f)
{
    f->board = (struct board){.load_pa = LOAD, .ram_pa = 0x40000000, .ram_size = 0x80000000};
    f->regions[0] = (struct region){.name = "shared", .size = 0x2000, .pa = REGION};
    f->regions[1] = (struct region){.name = "uart", .size = 0x1000, .pa = UART, .device = true, .fixed = true};
    f->maps[0] = (struct map){.region = 0, .perms = rw};
    f->maps[1] = (struct map){.region = 1, .perms = rw};
    f->maps[2] = (struct map){.region = 0, .perms = PERM_R};
    f->pds[A] = (struct pd){
        .name = "a", .stack_size = STACK_SIZE, .stack_top = NEAR_TOP, .maps = &f->maps[0], .map_count = 2};
    f->pds[B] = (struct pd){
        .name = "b", .stack_size = STACK_SIZE, .stack_top = USER_VA_STACK_TOP, .maps = &f->maps[2], .map_count = 1};
    f->description = (struct description){.pds = f->pds, .pd_count = 2, .regions = f->regions, .region_count = 2};
    f->layout.description = &f->description;
    f->layout.board = &f->board;
    f->layout.spaces = f->spaces;
    f->layout.system_pa = SYSTEM;
    f->layout.system_size = MMU_PAGE_SIZE;
    f->layout.ipc_pa = IPC;
    f->layout.paging.pa = LOAD;
}

static struct fixture *good(void)
{
    struct fixture *f = diag_alloc(sizeof(*f));
    describe(f);
    struct paging *p = &f->layout.paging;
    f->layout.kernel_space.root = paging_root(p);
    f->layout.empty_ttbr0 = paging_root(p);
    map_kernel(f, KERNEL_VA_BASE, SYSTEM - MMU_PAGE_SIZE, paging_kernel_bits(rx, false));
    map_kernel(f, KERNEL_VA_SYSTEM, SYSTEM, paging_kernel_bits(PERM_R, false));
    map_kernel(f, KERNEL_VA_IPC, IPC, paging_kernel_bits(rw, false));
    map_kernel(f, KERNEL_VA_IPC + MMU_PAGE_SIZE, IPC + MMU_PAGE_SIZE, paging_kernel_bits(rw, false));
    map_kernel(f, KERNEL_VA_DEVICE, UART, paging_kernel_bits(rw, true));
    for (unsigned i = 0; i < 2; i++) {
        f->spaces[i].root = paging_root(p);
        map_pd(f, (int)i, 0x200000, TEXT + i * MMU_PAGE_SIZE, MMU_PAGE_SIZE, paging_user_bits(rx, false));
        uint64_t top = f->pds[i].stack_top;
        map_pd(f, (int)i, top - STACK_SIZE, STACKS + i * STACK_SIZE, STACK_SIZE, paging_user_bits(rw, false));
        map_pd(f, (int)i, top + USER_VA_IPC_BEHIND, IPC + i * MMU_PAGE_SIZE, MMU_PAGE_SIZE,
               paging_user_bits(rw, false));
    }
    map_pd(f, A, 0x10000000, REGION, 0x2000, paging_user_bits(rw, false));
    map_pd(f, A, 0x20000000, UART, 0x1000, paging_user_bits(rw, true));
    map_pd(f, B, 0x30000000, REGION, 0x2000, paging_user_bits(PERM_R, false));
    return f;
}

static struct proof *proof_of(struct fixture *f)
{
    f->image.bytes = (uint8_t *)f->layout.paging.tables;
    f->image.size = f->layout.paging.count * MMU_PAGE_SIZE;
    return prove(&f->layout, &f->image);
}

/* -- one break each -- */

static void write_execute(struct fixture *f)
{
    map_pd(f, A, 0x40000000, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(rw, false) & ~PTE_UXN);
}

static void kernel_execute_user(struct fixture *f)
{
    map_pd(f, A, 0x40000000, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false) & ~PTE_PXN);
}

static void not_tagged(struct fixture *f)
{
    map_pd(f, A, 0x40000000, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false) & ~PTE_NG);
}

static void kernel_page_open(struct fixture *f)
{
    map_kernel(f, KERNEL_VA_BASE + 0x5000, LOAD + 0xd0000, paging_kernel_bits(PERM_R, false) | PTE_EL0);
}

static void kernel_page_executable_by_user(struct fixture *f)
{
    map_kernel(f, KERNEL_VA_BASE + 0x5000, LOAD + 0xd0000, paging_kernel_bits(PERM_R, false) & ~PTE_UXN);
}

static void kernel_write_execute(struct fixture *f)
{
    map_kernel(f, KERNEL_VA_BASE + 0x5000, LOAD + 0xd0000, paging_kernel_bits(rx, false) & ~PTE_RO);
}

static void page_zero(struct fixture *f)
{
    map_pd(f, B, 0, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void guard_below_stack(struct fixture *f)
{
    map_pd(f, B, USER_VA_STACK_TOP - STACK_SIZE - MMU_PAGE_SIZE, LOAD + 0xd0000, MMU_PAGE_SIZE,
           paging_user_bits(rw, false));
}

static void guard_above_stack(struct fixture *f)
{
    map_pd(f, B, USER_VA_STACK_TOP, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(rw, false));
}

static void guard_above_messages(struct fixture *f)
{
    map_pd(f, B, USER_VA_STACK_TOP + USER_VA_IPC_BEHIND + MMU_PAGE_SIZE, LOAD + 0xd0000, MMU_PAGE_SIZE,
           paging_user_bits(rw, false));
}

static void guard_below_near_stack(struct fixture *f)
{
    map_pd(f, A, NEAR_TOP - STACK_SIZE - MMU_PAGE_SIZE, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(rw, false));
}

static void guard_above_near_stack(struct fixture *f)
{
    map_pd(f, A, NEAR_TOP, LOAD + 0xd0000, MMU_PAGE_SIZE, paging_user_bits(rw, false));
}

static void reads_page_tables(struct fixture *f)
{
    map_pd(f, A, 0x40000000, LOAD, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void reads_system(struct fixture *f)
{
    map_pd(f, A, 0x40000000, SYSTEM, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void others_messages(struct fixture *f)
{
    map_pd(f, A, 0x40000000, IPC + MMU_PAGE_SIZE, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void others_stack(struct fixture *f)
{
    map_pd(f, A, 0x40000000, STACKS + STACK_SIZE, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void reads_others_text(struct fixture *f)
{
    map_pd(f, A, 0x40000000, TEXT + MMU_PAGE_SIZE, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void writes_others_text(struct fixture *f)
{
    map_pd(f, A, 0x40000000, TEXT + MMU_PAGE_SIZE, MMU_PAGE_SIZE, paging_user_bits(rw, false));
}

static void region_not_named(struct fixture *f)
{
    map_pd(f, B, 0x40000000, UART, MMU_PAGE_SIZE, paging_user_bits(rw, true));
}

static void region_more_rights(struct fixture *f)
{
    map_pd(f, B, 0x40000000, REGION, MMU_PAGE_SIZE, paging_user_bits(rw, false));
}

static void region_executed(struct fixture *f)
{
    map_pd(f, B, 0x40000000, REGION, MMU_PAGE_SIZE, paging_user_bits(rx, false));
}

static void large_page_reaches_further(struct fixture *f)
{
    map_pd(f, A, 0x40000000, LOAD + MMU_LARGE_PAGE_SIZE, MMU_LARGE_PAGE_SIZE, paging_user_bits(rw, false));
    map_pd(f, B, 0x40000000, LOAD + MMU_LARGE_PAGE_SIZE + 0x5000, MMU_PAGE_SIZE, paging_user_bits(PERM_R, false));
}

static void empty_tables_map(struct fixture *f)
{
    paging_map(&f->layout.paging, f->layout.empty_ttbr0, 0x1000, LOAD + 0xd0000, MMU_PAGE_SIZE,
               paging_user_bits(PERM_R, false));
}

static void table_outside_image(struct fixture *f)
{
    f->layout.paging.tables[0][100] = (LOAD + 0x10000000) | PTE_VALID | PTE_TABLE;
}

static const struct {
    const char *name;
    void (*break_it)(struct fixture *f);
    const char *says;
} cases[] = {
    {"write_execute", write_execute, "writable and executable: a"},
    {"kernel_execute_user", kernel_execute_user, "without EL0, PXN or nG: a"},
    {"not_tagged", not_tagged, "without EL0, PXN or nG: a"},
    {"kernel_page_open", kernel_page_open, "kernel page open to EL0"},
    {"kernel_page_executable_by_user", kernel_page_executable_by_user, "kernel page open to EL0"},
    {"kernel_write_execute", kernel_write_execute, "writable and executable: the kernel"},
    {"page_zero", page_zero, "guard page is mapped: b"},
    {"guard_below_stack", guard_below_stack, "guard page is mapped: b"},
    {"guard_above_stack", guard_above_stack, "guard page is mapped: b"},
    {"guard_above_messages", guard_above_messages, "guard page is mapped: b"},
    {"guard_below_near_stack", guard_below_near_stack, "guard page is mapped: a"},
    {"guard_above_near_stack", guard_above_near_stack, "guard page is mapped: a"},
    {"reads_page_tables", reads_page_tables, "page of the loader, the kernel"},
    {"reads_system", reads_system, "page of the loader, the kernel"},
    {"others_messages", others_messages, "page of the kernel's: a"},
    {"others_stack", others_stack, "page shared without a name"},
    {"reads_others_text", reads_others_text, "page shared without a name"},
    {"writes_others_text", writes_others_text, "page shared without a name"},
    {"region_not_named", region_not_named, "page shared without a name"},
    {"region_more_rights", region_more_rights, "more rights than the description gives: b"},
    {"region_executed", region_executed, "more rights than the description gives: b"},
    {"large_page_reaches_further", large_page_reaches_further, "page shared without a name"},
    {"empty_tables_map", empty_tables_map, "kernel page open to EL0"},
    {"table_outside_image", table_outside_image, "is outside the image"},
};

/* What prove() says of a broken system, in a child whose stderr is read. */
static void check_refused(size_t number)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        struct fixture *f = good();
        cases[number].break_it(f);
        proof_of(f);
        exit(0);
    }
    close(ends[1]);
    char text[512] = {0};
    FILE *said = fdopen(ends[0], "r");
    size_t length = fread(text, 1, sizeof(text) - 1, said); /* to its end: stderr comes in pieces */
    fclose(said);
    int status;
    waitpid(child, &status, 0);
    if (length == 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 1 || !strstr(text, cases[number].says)) {
        FAIL("%s: status 0x%x, said: %s", cases[number].name, (unsigned)status, text);
    }
}

static void check_proved(void)
{
    const struct proof *p = proof_of(good());
    CHECK_EQUAL(p->kernel_leaves, 5);
    CHECK_EQUAL(p->user_leaves, 2 * 4 + 2 + 1 + 2);
    CHECK_EQUAL(p->executable_leaves, 3);
    CHECK(p->shared_count == 1 && p->shared[0].region == 0);
    CHECK(p->shared[0].writers == 1 << A && p->shared[0].readers == 1 << B && p->shared[0].executers == 0);
}

static void on_leaf(void *user, const struct paging_leaf *leaf)
{
    CHECK(leaf->va == 0x200000 && leaf->pa == TEXT && leaf->size == MMU_PAGE_SIZE);
    *(int *)user += 1;
}

/* A lower half of 30 bits has a table less. */
static void check_small(void)
{
    struct paging p = {.pa = LOAD, .is_small = true};
    uint64_t root = paging_root(&p);
    int leaves = 0;
    paging_map(&p, root, 0x200000, TEXT, MMU_PAGE_SIZE, paging_user_bits(rx, false));
    CHECK_EQUAL(p.count, 2);
    paging_map(&p, paging_root(&p), KERNEL_VA_BASE, SYSTEM, MMU_PAGE_SIZE, paging_kernel_bits(rx, false));
    CHECK_EQUAL(p.count, 2 + 3);
    paging_walk(&p, (const uint8_t *)p.tables, LOAD, p.count * MMU_PAGE_SIZE, root, 0, on_leaf, &leaves);
    CHECK_EQUAL(leaves, 1);
}

int main(void)
{
    check_proved();
    check_small();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_refused(i);
    }
    return 0;
}

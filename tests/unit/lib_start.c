/* tests/unit/lib_start.c: a program's memory at its first start and at each restart; mk/pd.ld's places are an array. */
#include <string.h>
#include <sys/mman.h>

#include "lib/pd.h"
#include "lib/pd/caller.h"
#include "lib/pd/clock.h"
#include "tests/unit/check.h"

enum { DATA = 48, TEMPLATE = 16, BLOCK = 64, BSS = 80, KEPT = 32, PAGE = 4096 };

/* As the linker script lays them out, with a byte between that must stay as it is. */
__asm__(".data\n.balign 16\n"
        ".globl pd_data_start, pd_data_end, pd_pristine, pd_pristine_too, pd_tls_template, pd_tls_template_end, "
        "pd_tls_block\n"
        ".globl pd_tls_block_end, pd_bss_start, pd_bss_end, pd_noinit_start, pd_noinit_end, microkit_data_copy\n"
        "pd_data_start: .skip 48\npd_data_end: .skip 1\n"
        "pd_pristine: .skip 48\n .skip 1\n"
        "pd_pristine_too: .skip 48\n .skip 1\n"
        "pd_tls_template: .skip 16\npd_tls_template_end: .skip 1\n"
        "pd_tls_block: .skip 64\npd_tls_block_end: .skip 1\n"
        "pd_bss_start: .skip 80\npd_bss_end: .skip 1\n"
        "pd_noinit_start: .skip 32\npd_noinit_end: .skip 1\n"
        "microkit_data_copy: .skip 48\n.previous\n");
extern char pd_data_start[], pd_data_end[], pd_pristine[], pd_pristine_too[], pd_tls_template[], pd_tls_template_end[];
extern char pd_tls_block[], pd_tls_block_end[], pd_bss_start[], pd_bss_end[];
extern char pd_noinit_start[], pd_noinit_end[], microkit_data_copy[];
extern const volatile uint64_t microkit_data_is_copied;

void pd_prepare(bool cold);
extern struct {
    uint64_t stack_top, sums[2];
    uint32_t starts, inverse;
} pd_kept;

static unsigned answered, clocks;

/* Its variables are as new, too. */
void pd_clock_begin(void)
{
    CHECK(pd_data_start[0] == 1);
    clocks++;
}

/* Its variables are the SDK library's, which have just come back. */
void pd_answer_caller(void)
{
    CHECK(pd_data_start[0] == 1);
    answered++;
}

static bool all(const char *bytes, size_t count, char value)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static void check_as_new(void)
{
    CHECK(all(pd_data_start, DATA, 1));
    CHECK(all(pd_bss_start, BSS, 0));
    CHECK(all(pd_tls_block, TEMPLATE, 2));
    CHECK(all(pd_tls_block + TEMPLATE, BLOCK - TEMPLATE, 0));
    CHECK(*pd_data_end == 9 && pd_pristine[DATA] == 9 && pd_pristine_too[DATA] == 9 && *pd_tls_template_end == 9);
    CHECK(*pd_tls_block_end == 9 && *pd_bss_end == 9 && *pd_noinit_end == 9);
}

static void use(void)
{
    memset(pd_data_start, 7, DATA);
    memset(pd_bss_start, 7, BSS);
    memset(pd_tls_block, 7, BLOCK);
}

/* A byte of a copy, or of its sum, in one life: nothing of it is seen in the next, and both copies are right again. */
static void written_over(char *place)
{
    *place ^= 0x40;
    pd_prepare(false);
    check_as_new();
    CHECK(all(pd_pristine, DATA, 1) && all(pd_pristine_too, DATA, 1));
    use();
}

static void keep_new_copies(void)
{
    pd_kept.sums[0] = pd_kept.sums[1] = 0;
    pd_prepare(false);
    use();
}

/* One of the two words: another life than any of those that were, and not the first. */
static void test_generation_written_over(void)
{
    pd_kept.starts = 40;
    pd_kept.inverse = ~40u;
    pd_kept.starts = 0;
    pd_prepare(false);
    CHECK(pd_generation() > 41);
    uint32_t one = pd_generation();
    pd_kept.inverse = 0;
    pd_prepare(false);
    CHECK(pd_generation() > 1 && pd_generation() != one);
    pd_prepare(false);
    CHECK(pd_generation() != one);
    check_as_new();
    use();
}

static void test_cold(void)
{
    memset(pd_noinit_start, 7, KEPT);
    uint32_t before = pd_generation(), begun = clocks;

    pd_prepare(false);
    CHECK(all(pd_noinit_start, KEPT, 7));
    pd_prepare(true);
    CHECK(all(pd_noinit_start, KEPT, 0));
    CHECK_EQUAL(pd_generation(), before + 2);
    CHECK_EQUAL(clocks, begun + 2);
    check_as_new();
    use();
}

/* What the image tool has copied is what is believed: whatever became of all that can be written. */
static void test_copy_of_the_tool(void)
{
    uintptr_t page = (uintptr_t)&microkit_data_is_copied & -(uintptr_t)PAGE;

    CHECK_EQUAL(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE), 0);
    *(volatile uint64_t *)(uintptr_t)&microkit_data_is_copied = 1;
    memset(microkit_data_copy, 1, DATA);
    memset(pd_pristine, 7, DATA);
    memset(pd_pristine_too, 7, DATA);
    memset(&pd_kept, 7, sizeof(pd_kept));
    pd_prepare(false);
    check_as_new();
    use();
    pd_prepare(true);
    check_as_new();
}

int main(void)
{
    memset(pd_data_start, 1, DATA);
    memset(pd_tls_template, 2, TEMPLATE);
    memset(pd_tls_block, 3, BLOCK);
    *pd_data_end = pd_pristine[DATA] = pd_pristine_too
        [DATA] = *pd_tls_template_end = *pd_tls_block_end = *pd_bss_end = *pd_noinit_end = 9;

    /* Stopped in the middle of the first copy: half of it is there, and nothing of it counts. */
    memset(pd_pristine, 5, DATA);
    pd_kept.starts = 1;
    pd_kept.inverse = ~1u;

    for (uint32_t start = 2; start < 6; start++) {
        pd_prepare(false);
        CHECK_EQUAL(pd_generation(), start);
        check_as_new();
        use();
    }
    CHECK_EQUAL(answered, 3); /* at the last three; before it nobody could have called */
    for (size_t at = 0; at < DATA; at++) {
        written_over(pd_pristine + at);
        written_over(pd_pristine_too + at);
    }
    for (uint32_t i = 0; i < 2; i++) {
        written_over((char *)&pd_kept.sums[i]);
    }
    /* Both at once, which no sum can mend: still no memory of the life before. */
    memset(pd_data_start, 7, DATA);
    pd_pristine[3] ^= 4;
    pd_pristine_too[40] ^= 4;
    pd_prepare(false);
    CHECK_EQUAL(pd_data_start[3], 5);
    CHECK(all(pd_data_start + 4, DATA - 4, 1));
    pd_data_start[3] = 1;
    keep_new_copies();
    test_generation_written_over();
    test_cold();
    test_copy_of_the_tool();
    return 0;
}

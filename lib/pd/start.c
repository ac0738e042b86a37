/* lib/pd/start.c: memory as a C program expects it, before the SDK's own start, at the first start and at each restart.
 *
 *   first start  all is as the image tool laid it out
 *   restart      .data, with what the tool patched in it, comes from the copy that our tool makes in read-only memory;
 *                .bss is zeroed, .noinit stays, or is zeroed at a cold start; who waits for an answer is told (caller.h)
 *   other tools  make no copy: at the first start .data is copied aside, twice, and comes back from one whose sum is
 *                right, which mends the other
 *   invariant    until the first copy has its sum nobody has written .data: a restart that comes before (with a group,
 *                by the parent) makes it again
 *
 * The SDK library's own variables (names, masks, a pending deferred call) lie in .data by mk/pd.ld, so they start
 * over, too. Nothing here may use errno or a static that it has not restored yet.
 */
#include <string.h>

#include "lib/pd.h"
#include "lib/pd/caller.h"
#include "lib/pd/clock.h"

/* mk/pd.ld */
extern char pd_data_start[], pd_data_end[], pd_pristine[], pd_pristine_too[];
extern char pd_bss_start[], pd_bss_end[];
extern char pd_noinit_start[], pd_noinit_end[];
extern const char microkit_data_copy[];
extern char pd_tls_template[], pd_tls_template_end[], pd_tls_block[], pd_tls_block_end[];

struct kept {
    uint64_t stack_top; /* first: start.S knows it */
    uint64_t sums[2];   /* of each copy of .data; 0: it is not whole yet */
    uint32_t starts;
    uint32_t inverse; /* of that; both are 0 before the first start */
};
__attribute__((section(".noinit_pd"))) struct kept pd_kept;

/* Our image tool sets it (sdk/abi/pd.h). */
extern const volatile uint64_t microkit_data_is_copied;
const volatile uint64_t microkit_data_is_copied = 0;

void pd_prepare(bool cold);

/* Never 0. A word that was written over changes it. */
static uint64_t sum_of(const char *copy, size_t size)
{
    uint64_t sum = 1, word;

    for (size_t at = 0; at < size; at += sizeof(word)) {
        memcpy(&word, copy + at, sizeof(word));
        sum = (sum << 7 | sum >> 57) ^ word;
    }
    return sum ? sum : 1;
}

static void copy_to(char *copy, const char *from, size_t size, uint64_t *sum)
{
    memcpy(copy, from, size);
    __atomic_store_n(sum, sum_of(copy, size), __ATOMIC_RELEASE);
}

/* Where neither is right the first one is better than what ran before. */
static void restore_data(size_t size)
{
    bool one = pd_kept.sums[0] == sum_of(pd_pristine, size), other = pd_kept.sums[1] == sum_of(pd_pristine_too, size);
    const char *good = one || !other ? pd_pristine : pd_pristine_too;

    memcpy(pd_data_start, good, size);
    if (!one) {
        copy_to(pd_pristine, pd_data_start, size, &pd_kept.sums[0]);
    }
    if (!other) {
        copy_to(pd_pristine_too, pd_data_start, size, &pd_kept.sums[1]);
    }
}

static void keep_copies(size_t size)
{
    copy_to(pd_pristine, pd_data_start, size, &pd_kept.sums[0]);
    copy_to(pd_pristine_too, pd_data_start, size, &pd_kept.sums[1]);
}

/* Where one of the words was written over it is none of the lives that were, and never the first. */
static bool count_start(void)
{
    bool first = (pd_kept.starts | pd_kept.inverse) == 0;

    if (!first && pd_kept.starts != ~pd_kept.inverse) {
        pd_kept.starts = (3 * pd_kept.starts + ~pd_kept.inverse) | 0x100;
    }
    pd_kept.starts++;
    pd_kept.inverse = ~pd_kept.starts;
    return first;
}

static void forget(char *from, const char *end)
{
    memset(from, 0, (size_t)(end - from));
}

void pd_prepare(bool cold)
{
    size_t data_size = (size_t)(pd_data_end - pd_data_start);
    size_t template_size = (size_t)(pd_tls_template_end - pd_tls_template);
    bool first = count_start();

    if (microkit_data_is_copied) {
        memcpy(pd_data_start, microkit_data_copy, data_size);
    } else if (pd_kept.sums[0] || pd_kept.sums[1]) {
        restore_data(data_size);
    } else {
        keep_copies(data_size);
        first = true;
    }
    if (!first) {
        forget(pd_bss_start, pd_bss_end);
        pd_answer_caller();
    }
    if (cold) {
        forget(pd_noinit_start, pd_noinit_end);
    }
    memcpy(pd_tls_block, pd_tls_template, template_size);
    forget(pd_tls_block + template_size, pd_tls_block_end);
    pd_clock_begin();
}

uint32_t pd_generation(void)
{
    return pd_kept.starts;
}

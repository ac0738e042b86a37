/* worker.c: works beside the hostile ones, above them, a twentieth of the time:
 * so it interrupts them wherever they are.
 *   consumes  a notification that begins it; the bystander's answers
 *   produces  in `work` how many rounds it has made, and in how many of them something was not as it has to be
 *   invariant calls return what the bystander computes; registers, FP/SIMD ones too, and memory hold what it put there
 */
#include "lib/pd.h"
#include "tests/isolation/config.h"

#define WORDS 64
#define STEP 0.5 /* sums of it are exact */

static struct self {
    uint64_t words[WORDS];
    double sum;
} self;

static bool call_is_right(uint64_t round)
{
    microkit_mr_set(0, round);
    microkit_msginfo info = microkit_ppcall(worker_config.bystander, microkit_msginfo_new(round & 0xffff, 1));
    return microkit_msginfo_get_label(info) == 0 && microkit_msginfo_get_count(info) == 1 &&
           microkit_mr_get(0) == round + 1;
}

static bool memory_is_right(uint64_t round)
{
    double sum = (double)round * STEP;
    bool right = true;

    for (unsigned n = 0; n < WORDS; n++) {
        right = right && self.words[n] == round * n;
        self.words[n] = (round + 1) * n;
        __asm__ volatile("" : "+w"(sum)); /* it stays in its register for as long as this takes */
    }
    right = right && self.sum == sum;
    self.sum += STEP;
    return right;
}

void init(void) {}

void notified(microkit_channel channel)
{
    for (uint64_t round = 0;; round++) {
        bool right = call_is_right(round) && memory_is_right(round);
        worker_config.work->wrong += !right;
        worker_config.work->rounds++;
    }
}

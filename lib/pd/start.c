/* lib/pd/start.c: memory as a C program expects it, before the SDK's own start, at the first start and at each restart.
 *
 *   first start  all is as the image tool laid it out; .data, with what the tool patched in it, is copied aside
 *   restart      .data comes from that copy, .bss is zeroed, .noinit stays; who waits for an answer is told (caller.h)
 *   invariant    until the copy is whole nobody has written .data: a restart that comes before (with a group, by the
 *                parent) makes it again
 *
 * The SDK library's own variables (names, masks, a pending deferred call) lie in .data by mk/pd.ld, so they start
 * over, too. Nothing here may use errno or a static that it has not restored yet.
 */
#include <string.h>

#include "lib/pd.h"
#include "lib/pd/caller.h"

/* mk/pd.ld */
extern char pd_data_start[], pd_data_end[], pd_pristine[];
extern char pd_bss_start[], pd_bss_end[];
extern char pd_tls_template[], pd_tls_template_end[], pd_tls_block[], pd_tls_block_end[];

struct kept {
    uint64_t stack_top; /* first: start.S knows it */
    uint32_t starts;
    uint32_t copied; /* the copy of .data is whole */
};
PD_KEPT struct kept pd_kept;

void pd_prepare(void);

void pd_prepare(void)
{
    size_t data_size = (size_t)(pd_data_end - pd_data_start);
    size_t template_size = (size_t)(pd_tls_template_end - pd_tls_template);

    pd_kept.starts++;
    if (pd_kept.copied) {
        memcpy(pd_data_start, pd_pristine, data_size);
        memset(pd_bss_start, 0, (size_t)(pd_bss_end - pd_bss_start));
        pd_answer_caller();
    } else {
        memcpy(pd_pristine, pd_data_start, data_size);
        __atomic_store_n(&pd_kept.copied, 1, __ATOMIC_RELEASE);
    }
    memcpy(pd_tls_block, pd_tls_template, template_size);
    memset(pd_tls_block + template_size, 0, (size_t)(pd_tls_block_end - pd_tls_block) - template_size);
}

uint32_t pd_generation(void)
{
    return pd_kept.starts;
}

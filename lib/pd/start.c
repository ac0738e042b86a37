/* lib/pd/start.c: memory as a C program expects it, before the SDK's own start, at the first start and at each restart.
 *
 *   first start  all is as the image tool laid it out; .data, with what the tool patched in it, is copied aside
 *   restart      .data comes from that copy, .bss is zeroed, .noinit stays
 *
 * The SDK library's own variables (names, masks, a pending deferred call) lie in .data by mk/pd.ld, so they start
 * over, too. Nothing here may use errno or a static that it has not restored yet.
 */
#include <string.h>

#include "lib/pd.h"

/* mk/pd.ld */
extern char pd_data_start[], pd_data_end[], pd_pristine[];
extern char pd_bss_start[], pd_bss_end[];
extern char pd_tls_template[], pd_tls_template_end[], pd_tls_block[], pd_tls_block_end[], pd_thread_pointer[];

struct kept {
    uint64_t stack_top; /* first: start.S knows it */
    uint32_t starts;
};
PD_KEPT struct kept pd_kept;

void pd_prepare(void);

void pd_prepare(void)
{
    size_t data_size = (size_t)(pd_data_end - pd_data_start);
    size_t template_size = (size_t)(pd_tls_template_end - pd_tls_template);

    if (pd_kept.starts++ == 0) {
        memcpy(pd_pristine, pd_data_start, data_size);
    } else {
        memcpy(pd_data_start, pd_pristine, data_size);
        memset(pd_bss_start, 0, (size_t)(pd_bss_end - pd_bss_start));
    }
    memcpy(pd_tls_block, pd_tls_template, template_size);
    memset(pd_tls_block + template_size, 0, (size_t)(pd_tls_block_end - pd_tls_block) - template_size);
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(pd_thread_pointer) : "memory");
}

uint32_t pd_generation(void)
{
    return pd_kept.starts;
}

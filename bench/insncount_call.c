/* insncount_call.c: counting by a call from the translated code: from release 9 on (interface of version 2) QEMU adds to memory
 * of its own alone, which nobody else could read. What each call needs is never freed: QEMU does not say when it forgets a
 * block. It is 16 bytes for each translation.
 */
#include <stdio.h>
#include <stdlib.h>

#include "insncount.h"

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void tb_runs(unsigned int vcpu, void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, tb_runs *callback, enum qemu_plugin_cb_flags flags,
                                          void *data);

EXPORT int qemu_plugin_version = 2;

struct addition {
    uint64_t *counter, by;
};

static void add(unsigned int vcpu, void *data)
{
    (void)vcpu;
    const struct addition *addition = data;
    *addition->counter += addition->by;
}

void insncount_add(struct qemu_plugin_tb *tb, uint64_t *counter, uint64_t by)
{
    struct addition *addition = malloc(sizeof(*addition));
    if (addition == NULL) {
        fprintf(stderr, "insncount: out of memory\n");
        abort();
    }
    *addition = (struct addition){counter, by};
    qemu_plugin_register_vcpu_tb_exec_cb(tb, add, QEMU_PLUGIN_CB_NO_REGS, addition);
}

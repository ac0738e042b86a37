/* insncount_inline.c: counting by an addition in the translated code, as QEMU up to release 8 can (interface of version 1). */
#include "insncount.h"

enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *counter,
                                              uint64_t by);

EXPORT int qemu_plugin_version = 1;

void insncount_add(struct qemu_plugin_tb *tb, uint64_t *counter, uint64_t by)
{
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, by);
}

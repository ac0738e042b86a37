/* insncount.h: what insncount.c takes of QEMU's plugin interface, and the one thing in which releases differ. The prototypes
 * are declared here because Debian packages no header; they state the documented interface (docs/devel/tcg-plugins).
 */
#ifndef BENCH_INSNCOUNT_H
#define BENCH_INSNCOUNT_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void tb_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_translated *callback);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/* Each time that the block runs `counter` grows by `by`. */
void insncount_add(struct qemu_plugin_tb *tb, uint64_t *counter, uint64_t by);

#endif

/* abi/pd.h: what the image tool expects in a protection domain's ELF, and what the PD finds when it starts.
 *
 * The tool patches these objects, found by their symbols. The name must be there, as in every release's libmicrokit;
 * each of the others is optional: a program without the symbol is not patched. Nothing below libmicrokit depends on the
 * values (the kernel has its own tables).
 *
 *     microkit_name            char[n]   name of the PD, cut to st_size - 1 bytes, NUL-terminated
 *     microkit_passive         1 byte    1: the description says passive="true"
 *     microkit_irqs            uint64_t  bit n: channel n is an interrupt
 *     microkit_notifications   uint64_t  bit n: this end may notify on channel n
 *     microkit_pps             uint64_t  bit n: this end may make protected calls on channel n
 *     microkit_stack_top       uint64_t  the stack's end
 *     __sel4_ipc_buffer        uint64_t  the IPC buffer's page, USER_VA_IPC_BEHIND (abi/mmu.h) above that
 *     microkit_data_copy       char[]    what is at microkit_data when all is patched, up to microkit_data_copy_end
 *     microkit_data_is_copied  uint64_t  1, where that is done
 *
 * Any other symbol is patched only because the description names it (setvar, setvar_vaddr, ..); it must exist and be
 * 8 bytes long at least. Programs for the official SDK leave such variables uninitialised, so a patched symbol may lie
 * in `.bss`: the tool then stores that page.
 *
 * At its start a PD has: pc = e_entry, sp = stack_top, all other registers 0, EL0, interrupts open. Its IPC buffer
 * holds struct abi_message (abi/syscall.h). In a program without both of the last two symbols the stack ends at
 * USER_VA_STACK_TOP.
 */
#ifndef ABI_PD_H
#define ABI_PD_H

#define ABI_PD_SYMBOL_NAME "microkit_name"
#define ABI_PD_SYMBOL_PASSIVE "microkit_passive"
#define ABI_PD_SYMBOL_IRQS "microkit_irqs"
#define ABI_PD_SYMBOL_NOTIFICATIONS "microkit_notifications"
#define ABI_PD_SYMBOL_PPS "microkit_pps"
#define ABI_PD_SYMBOL_STACK_TOP "microkit_stack_top"
#define ABI_PD_SYMBOL_IPC_BUFFER "__sel4_ipc_buffer"
#define ABI_PD_SYMBOL_DATA "microkit_data"
#define ABI_PD_SYMBOL_COPY "microkit_data_copy"
#define ABI_PD_SYMBOL_COPY_END "microkit_data_copy_end"
#define ABI_PD_SYMBOL_IS_COPIED "microkit_data_is_copied"

#endif

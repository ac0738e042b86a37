/* tool/stacks.h: where in its address space each protection domain's stack and IPC buffer lie. */
#ifndef TOOL_STACKS_H
#define TOOL_STACKS_H

#include "sdk/abi/mmu.h"
#include "sdk/tool/layout.h"

/* Sets stack_top of each; programs are read, the description is checked. */
void stacks_place(struct layout *l);

/* The addresses that are a stack's, its IPC buffer's, and the unmapped pages' around them: [low, high). */
struct stacks_place {
    uint64_t low, bottom, top, ipc, high;
};

static inline struct stacks_place stacks_place_of(const struct pd *pd)
{
    uint64_t bottom = pd->stack_top - pd->stack_size, ipc = pd->stack_top + USER_VA_IPC_BEHIND;
    return (struct stacks_place){bottom - MMU_PAGE_SIZE, bottom, pd->stack_top, ipc, ipc + 2 * MMU_PAGE_SIZE};
}

#endif

/* report.c: every protection domain, mapping, channel, interrupt and physical range, and what prove.c found.
 *   consumes  what the other files have made, trusted: nothing is checked here
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/abi/image.h"
#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/tool/report.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static const char *size_text(uint64_t size)
{
    if (size >= 1ul << 20 && size % (1ul << 20) == 0) {
        return diag_printf("%lu MiB", size >> 20);
    }
    return size % 1024 == 0 ? diag_printf("%lu KiB", size >> 10) : diag_printf("%lu B", size);
}

static void print_mapping(FILE *out, const struct mapping *m)
{
    fprintf(out, "    0x%010lx  0x%010lx  %9s  r%c%c  %s  %s\n", m->va, m->pa, size_text(m->size),
            (m->perms & PERM_W) != 0 ? 'w' : '-', (m->perms & PERM_X) != 0 ? 'x' : '-', m->device ? "device" : "normal",
            m->what);
}

static const char *mapping_head = "    virtual       physical           size  may  memory  what\n";

static const char *rights(const struct abi_channel *c)
{
    bool notify = (c->flags & ABI_CHANNEL_NOTIFY) != 0, call = (c->flags & ABI_CHANNEL_PPCALL) != 0;
    return notify ? (call ? "notify call" : "notify") : call ? "call" : "nothing";
}

static void print_channel(FILE *out, const struct abi_system *s, const struct abi_pd *pd, unsigned id)
{
    const struct abi_channel *c = &pd->channels[id];
    if ((c->flags & ABI_CHANNEL_IRQ) != 0) {
        const struct abi_irq *irq = &s->irqs[c->irq];
        fprintf(out, "    channel %2u  interrupt %u, %s triggered\n", id, irq->intid,
                irq->trigger == ABI_IRQ_EDGE ? "edge" : "level");
        return;
    }
    const struct abi_pd *peer = &s->pds[c->peer];
    const struct abi_channel *back = &peer->channels[c->peer_channel];
    fprintf(out, "    channel %2u  '%s' channel %u: may %s; peer may %s\n", id, peer->name, c->peer_channel, rights(c),
            rights(back));
}

static bool channel_exists(const struct abi_system *s, size_t pd, unsigned id)
{
    const struct abi_channel *c = &s->pds[pd].channels[id];
    if (c->flags != 0) {
        return true;
    }
    /* An end that may nothing still receives: its peer's entry names it. */
    const struct abi_channel *back = &s->pds[c->peer].channels[c->peer_channel];
    return back->flags != 0 && (back->flags & ABI_CHANNEL_IRQ) == 0 && back->peer == pd && back->peer_channel == id;
}

static void print_pd(FILE *out, const struct layout *l, size_t index)
{
    const struct abi_system *s = (const struct abi_system *)l->system_bytes;
    const struct abi_pd *pd = &s->pds[index];
    const struct pd *described = &l->description->pds[index];
    fprintf(out, "\n%zu '%s': priority %u, budget %lu us in %lu us%s%s%s\n", index, pd->name, pd->priority,
            pd->budget_us, pd->period_us, (pd->flags & ABI_PD_PASSIVE) != 0 ? ", passive" : "",
            (pd->flags & ABI_PD_PHYS_TIMER) != 0 ? ", owns the physical timer" : "",
            (pd->flags & ABI_PD_SMC) != 0 ? ", calls the firmware" : "");
    if (pd->parent != ABI_NONE) {
        fprintf(out, "    child %u of '%s', which receives its faults\n", pd->child_id, s->pds[pd->parent].name);
        if (pd->watchdog_us != 0) {
            fprintf(out, "    faults when it takes no event for %lu us\n", pd->watchdog_us);
        }
    }
    fprintf(out, "    program %s, entry 0x%lx, stack 0x%lx to 0x%lx, tables 0x%lx, ASID %lu\n",
            base_name(described->program), pd->entry, pd->stack_bottom, pd->stack_top, pd->ttbr0 & PTE_ADDRESS_MASK,
            pd->ttbr0 >> 48);
    for (unsigned id = 0; id < ABI_CHANNELS_MAX; id++) {
        if (channel_exists(s, index, id)) {
            print_channel(out, s, pd, id);
        }
    }
    fputs(mapping_head, out);
    for (size_t i = 0; i < l->spaces[index].mapping_count; i++) {
        print_mapping(out, &l->spaces[index].mappings[i]);
    }
}

static void print_physical(FILE *out, const struct layout *l)
{
    static const char *kinds[] = {[PLACED_STORED] = "stored", [PLACED_ZEROED] = "zeroed", [PLACED_DEVICE] = "device"};
    fprintf(out, "\nPhysical memory\n\n    from          to                 size  kind    owner\n");
    for (size_t i = 0; i < l->placement_count; i++) {
        const struct placement *p = &l->placements[i];
        fprintf(out, "    0x%010lx  0x%010lx  %9s  %s  %s\n", p->pa, p->pa + p->size, size_text(p->size),
                kinds[p->kind], p->owner);
    }
}

static void print_names(FILE *out, const struct description *d, const char *what, uint64_t pds)
{
    const char *comma = what;
    for (size_t i = 0; i < d->pd_count; i++) {
        if ((pds >> i & 1) != 0) {
            fprintf(out, "%s'%s'", comma, d->pds[i].name);
            comma = ", ";
        }
    }
}

static void print_proof(FILE *out, const struct layout *l, const struct proof *proof)
{
    const struct description *d = l->description;
    fprintf(out, "\nFrom the finished page tables\n\n");
    fprintf(out, "    %zu leaves of the kernel's and %zu of protection domains; %zu writable, %zu executable\n",
            proof->kernel_leaves, proof->user_leaves, proof->writable_leaves, proof->executable_leaves);
    fprintf(out, "    no page is writable and executable in one address space\n");
    fprintf(out, "    no protection domain reaches a page of the kernel's but its own IPC buffer and devices it "
                 "names\n");
    fprintf(out, "    page 0 and the pages on either side of each stack are unmapped\n");
    fprintf(
        out,
        "    no two protection domains share a page that the description does not name; what one of them writes:\n");
    for (size_t i = 0; i < proof->shared_count; i++) {
        const struct prove_shared *s = &proof->shared[i];
        fprintf(out, "        '%s'", d->regions[s->region].name);
        print_names(out, d, ": written by ", s->writers);
        print_names(out, d, ", executed by ", s->executers);
        print_names(out, d, ", read by ", s->readers);
        fputc('\n', out);
    }
}

static void print_totals(FILE *out, const struct layout *l, const struct image *image)
{
    const struct abi_system *s = (const struct abi_system *)l->system_bytes;
    uint64_t zeroed = 0;
    for (size_t i = 0; i < image->zero_count; i++) {
        zeroed += image->zero[i].size;
    }
    fprintf(out, "\nTotals\n\n");
    fprintf(out, "    %u protection domains, %zu memory regions, %zu channels, %u interrupts\n", s->pd_count,
            l->description->region_count, l->description->channel_count, s->irq_count);
    fprintf(out, "    stored %lu bytes, of them %zu page tables of address spaces of %d bits\n", image->size,
            l->paging.count, s->is_small ? MMU_VA_BITS_SMALL : MMU_VA_BITS);
    fprintf(out, "    zeroed %lu bytes in %zu ranges\n", zeroed, image->zero_count);
}

char *report_text(const struct layout *l, const struct image *image, const struct proof *proof, const char *board,
                  const char *config, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL) {
        diag_fail("out of memory (report)");
    }
    fprintf(out, "%s for %s (%s)\n", base_name(l->description->file), board, config);
    fprintf(out, "loaded at 0x%lx, kernel entered at 0x%lx\n", l->board->load_pa, l->kernel->entry);
    fprintf(out, "build 0x%08x, as a fault's line has it\n", image->build);
    fprintf(out, "\nProtection domains\n");
    for (size_t i = 0; i < l->description->pd_count; i++) {
        print_pd(out, l, i);
    }
    fprintf(out, "\nKernel\n\n%s", mapping_head);
    for (size_t i = 0; i < l->kernel_space.mapping_count; i++) {
        print_mapping(out, &l->kernel_space.mappings[i]);
    }
    print_physical(out, l);
    print_totals(out, l, image);
    print_proof(out, l, proof);
    fclose(out);
    return text;
}

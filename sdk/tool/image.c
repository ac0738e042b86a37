/* image.c: what the layout placed becomes bytes: symbols patched, the kernel's tables filled in, the loader told.
 *   consumes  a layout and a description that were checked; programs, NOT trusted: a symbol may lie anywhere, or be too small
 *   produces  the image's bytes; nothing is written yet
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/abi/image.h"
#include "sdk/abi/mmu.h"
#include "sdk/abi/pd.h"
#include "sdk/abi/system.h"
#include "sdk/tool/image.h"
#include "sdk/tool/stacks.h"

/* The arm64 Linux image header (Documentation/arch/arm64/booting.rst), of which the tool fills in two fields. */
#define LINUX_TEXT_OFFSET 8
#define LINUX_IMAGE_SIZE 16

/* -- symbols -- */

static void patch(struct elf *elf, struct place place, const struct elf_symbol *symbol, const void *bytes,
                  uint64_t size)
{
    uint8_t *at = elf_patch(elf, symbol->va, size);
    if (at == NULL) {
        diag_refuse(place, "symbol '%s' of '%s' lies outside its segments (0x%lx)", symbol->name, elf->path,
                    symbol->va);
    }
    memcpy(at, bytes, size);
}

/* As many bytes as the symbol has, little endian; a symbol without a size (from assembly) has 8. */
static void patch_number(struct elf *elf, struct place place, const struct elf_symbol *symbol, uint64_t value)
{
    uint64_t size = symbol->size == 0 || symbol->size > 8 ? 8 : symbol->size;
    if (size < 8 && value >> (8 * size) != 0) {
        diag_refuse(place, "symbol '%s' of '%s' is too small (%lu bytes) for 0x%lx", symbol->name, elf->path, size,
                    value);
    }
    patch(elf, place, symbol, &value, size);
}

/* The one symbol of a name in a program; NULL: none has it. */
static const struct elf_symbol *find_symbol(const struct elf *elf, const struct pd *pd, struct place place,
                                            const char *name)
{
    size_t count;
    const struct elf_symbol *symbol = elf_symbol(elf, name, &count);
    if (count > 1) {
        diag_refuse(place, "symbol '%s' is there %zu times in '%s', the program of protection domain '%s'", name, count,
                    elf->path, pd->name);
    }
    return symbol;
}

static void patch_known(struct elf *elf, const struct pd *pd, const char *name, uint64_t value)
{
    const struct elf_symbol *symbol = find_symbol(elf, pd, pd->program_place, name);
    if (symbol != NULL) {
        patch_number(elf, pd->program_place, symbol, value);
    }
}

/* Every release's library has this symbol, so its absence means that the program lacks the library. */
static void patch_name(struct elf *elf, const struct pd *pd)
{
    const struct elf_symbol *symbol = find_symbol(elf, pd, pd->program_place, ABI_PD_SYMBOL_NAME);
    if (symbol == NULL) {
        diag_refuse(pd->program_place,
                    "no symbol '%s' in '%s', the program of protection domain '%s'; it is stripped, "
                    "or not linked with libmicrokit",
                    ABI_PD_SYMBOL_NAME, elf->path, pd->name);
    }
    if (symbol->size == 0) {
        return;
    }
    uint64_t size = symbol->size < ABI_PD_NAME_MAX ? symbol->size : ABI_PD_NAME_MAX;
    char name[ABI_PD_NAME_MAX] = {0};
    strncpy(name, pd->name, size - 1);
    patch(elf, pd->program_place, symbol, name, size);
}

static bool may_call(const struct description *d, const struct end *from, const struct end *to)
{
    const struct pd *callee = &d->pds[to->pd];
    return from->pp || (callee->pp && d->pds[from->pd].priority < callee->priority);
}

static void patch_masks(struct elf *elf, const struct description *d, size_t index)
{
    const struct pd *pd = &d->pds[index];
    uint64_t irqs = 0, notifications = 0, pps = 0;
    for (size_t i = 0; i < pd->irq_count; i++) {
        irqs |= 1ul << pd->irqs[i].id;
    }
    for (size_t i = 0; i < 2 * d->channel_count; i++) {
        const struct end *end = &d->channels[i / 2].ends[i % 2];
        const struct end *peer = &d->channels[i / 2].ends[1 - i % 2];
        if (end->pd == (int)index) {
            notifications |= end->notify ? 1ul << end->id : 0;
            pps |= may_call(d, end, peer) ? 1ul << end->id : 0;
        }
    }
    patch_known(elf, pd, ABI_PD_SYMBOL_PASSIVE, pd->passive);
    patch_known(elf, pd, ABI_PD_SYMBOL_IRQS, irqs);
    patch_known(elf, pd, ABI_PD_SYMBOL_NOTIFICATIONS, notifications);
    patch_known(elf, pd, ABI_PD_SYMBOL_PPS, pps);
}

/* A program that has only one of them does not ask. */
static void patch_places(struct elf *elf, const struct pd *pd)
{
    struct stacks_place place = stacks_place_of(pd);
    patch_known(elf, pd, ABI_PD_SYMBOL_STACK_TOP, place.top);
    patch_known(elf, pd, ABI_PD_SYMBOL_IPC_BUFFER, place.ipc);
}

/* Where a program that is restarted finds its variables as they were: a copy that it cannot write. It asks for one by four
 * symbols. */
static void copy_data(struct elf *elf, const struct pd *pd)
{
    const struct elf_symbol *from = find_symbol(elf, pd, pd->program_place, ABI_PD_SYMBOL_DATA);
    const struct elf_symbol *to = find_symbol(elf, pd, pd->program_place, ABI_PD_SYMBOL_COPY);
    const struct elf_symbol *end = find_symbol(elf, pd, pd->program_place, ABI_PD_SYMBOL_COPY_END);

    if (from == NULL || to == NULL || end == NULL || end->va <= to->va) {
        return;
    }
    const uint8_t *bytes = elf_patch(elf, from->va, end->va - to->va);
    if (bytes == NULL) {
        diag_refuse(pd->program_place, "symbol '%s' of '%s' lies outside its segments (0x%lx)", from->name, elf->path,
                    from->va);
    }
    patch(elf, pd->program_place, to, bytes, end->va - to->va);
    patch_known(elf, pd, ABI_PD_SYMBOL_IS_COPIED, 1);
}

static uint64_t setvar_value(const struct description *d, const struct setvar *setvar)
{
    switch (setvar->kind) {
    case SETVAR_VALUE: return setvar->value;
    case SETVAR_REGION_PADDR: return d->regions[setvar->region].pa;
    case SETVAR_REGION_SIZE: return d->regions[setvar->region].size;
    case SETVAR_REGION_PREFILL_SIZE: return d->regions[setvar->region].prefill_size;
    }
    diag_broken("setvar of unknown kind");
}

void image_patch_programs(struct layout *l)
{
    const struct description *d = l->description;
    for (size_t i = 0; i < d->pd_count; i++) {
        const struct pd *pd = &d->pds[i];
        struct elf *elf = l->programs[i];
        patch_name(elf, pd);
        patch_masks(elf, d, i);
        patch_places(elf, pd);
        for (size_t k = 0; k < pd->setvar_count; k++) {
            const struct setvar *setvar = &pd->setvars[k];
            const struct elf_symbol *symbol = find_symbol(elf, pd, setvar->place, setvar->symbol);
            if (symbol == NULL) {
                diag_refuse(setvar->place, "no symbol '%s' in '%s', the program of protection domain '%s'",
                            setvar->symbol, elf->path, pd->name);
            }
            patch_number(elf, setvar->place, symbol, setvar_value(d, setvar));
        }
        copy_data(elf, pd);
    }
}

/* -- the kernel's tables -- */

static void fill_pd(struct abi_pd *out, const struct layout *l, size_t index)
{
    const struct description *d = l->description;
    const struct pd *pd = &d->pds[index];
    snprintf(out->name, sizeof(out->name), "%s", pd->name); /* one of the longest loses its last byte */
    out->ttbr0 = l->spaces[index].root | (uint64_t)(index + 1) << 48;
    out->entry = l->programs[index]->entry;
    out->stack_top = pd->stack_top;
    out->stack_bottom = pd->stack_top - pd->stack_size;
    out->budget_us = pd->budget_us;
    out->watchdog_us = pd->watchdog_us;
    out->period_us = pd->period_us;
    out->priority = (uint8_t)pd->priority;
    out->flags = (uint8_t)((pd->passive ? ABI_PD_PASSIVE : 0) | (pd->smc ? ABI_PD_SMC : 0));
    out->parent = pd->parent == DESCRIPTION_NONE ? ABI_NONE : (uint8_t)pd->parent;
    out->child_id = (uint8_t)pd->child_id;
    memset(out->children, ABI_NONE, sizeof(out->children));
    for (size_t i = 0; i < d->pd_count; i++) {
        if (d->pds[i].parent == (int)index) {
            out->children[d->pds[i].child_id] = (uint8_t)i;
        }
    }
}

static void fill_channel(struct abi_system *system, const struct description *d, const struct end *from,
                         const struct end *to)
{
    struct abi_channel *c = &system->pds[from->pd].channels[from->id];
    c->flags = (from->notify ? ABI_CHANNEL_NOTIFY : 0) | (may_call(d, from, to) ? ABI_CHANNEL_PPCALL : 0);
    c->peer = (uint8_t)to->pd;
    c->peer_channel = (uint8_t)to->id;
}

static void fill_irq(struct abi_system *system, size_t pd, const struct irq *irq)
{
    struct abi_channel *c = &system->pds[pd].channels[irq->id];
    c->flags = ABI_CHANNEL_IRQ;
    c->irq = (uint8_t)system->irq_count;
    if (irq->intid == ABI_INTID_PHYS_TIMER) {
        system->pds[pd].flags |= ABI_PD_PHYS_TIMER;
    }
    system->irqs[system->irq_count++] = (struct abi_irq){
        .intid = irq->intid,
        .trigger = irq->edge ? ABI_IRQ_EDGE : ABI_IRQ_LEVEL,
        .pd = (uint8_t)pd,
        .channel = (uint8_t)irq->id,
    };
}

static void fill_system(struct layout *l)
{
    const struct description *d = l->description;
    struct abi_system *system = (struct abi_system *)l->system_bytes;
    system->magic = ABI_SYSTEM_MAGIC;
    system->size = (uint32_t)(sizeof(*system) + d->pd_count * sizeof(system->pds[0]));
    system->pd_count = (uint32_t)d->pd_count;
    system->empty_ttbr0 = l->empty_ttbr0;
    system->is_small = l->paging.is_small;
    system->ram_pa = l->board->ram_pa;
    system->ram_size = l->board->ram_size;
    for (size_t i = 0; i < d->pd_count; i++) {
        fill_pd(&system->pds[i], l, i);
    }
    for (size_t i = 0; i < d->channel_count; i++) {
        const struct end *ends = d->channels[i].ends;
        fill_channel(system, d, &ends[0], &ends[1]);
        fill_channel(system, d, &ends[1], &ends[0]);
    }
    for (size_t i = 0; i < d->pd_count; i++) {
        for (size_t k = 0; k < d->pds[i].irq_count; k++) {
            fill_irq(system, i, &d->pds[i].irqs[k]);
        }
    }
}

/* -- the loader -- */

static void collect_zero(struct image *image, const struct layout *l)
{
    for (size_t i = 0; i < l->placement_count; i++) {
        const struct placement *p = &l->placements[i];
        if (p->kind != PLACED_ZEROED) {
            continue;
        }
        struct image_range *last = image->zero_count == 0 ? NULL : &image->zero[image->zero_count - 1];
        if (last != NULL && last->pa + last->size == p->pa) {
            last->size += p->size;
        } else {
            *PUSH(image->zero, image->zero_count) = (struct image_range){.pa = p->pa, .size = p->size};
        }
    }
    if (image->zero_count > IMAGE_ZERO_MAX) {
        diag_refuse((struct place){.file = l->description->file},
                    "memory regions with phys_addr lie too scattered (%zu ranges); allowed: %d", image->zero_count,
                    IMAGE_ZERO_MAX);
    }
}

/* Where it lies in the loader, with which the image begins. */
static size_t header_offset(const struct layout *l)
{
    size_t count;
    const struct elf_symbol *symbol = elf_symbol(l->loader, "image_header", &count);
    if (symbol == NULL || symbol->size != sizeof(struct image_header)) {
        diag_refuse((struct place){.file = l->loader->path}, "no image_header, or one of another size");
    }
    return symbol->va - l->loader->segments[0].va;
}

static void fill_loader(const struct image *image, const struct layout *l)
{
    struct image_header *header = (struct image_header *)(l->loader_bytes + header_offset(l));
    const struct board *b = l->board;
    *header = (struct image_header){
        .magic = IMAGE_MAGIC,
        .link_pa = b->load_pa,
        .stored_size = image->size,
        .kernel_ttbr1 = l->kernel_space.root,
        .kernel_entry = l->kernel->entry,
        .system_va = KERNEL_VA_SYSTEM,
        .uart_pa = b->uart_pa,
        .ram_pa = b->ram_pa,
        .ram_size = b->ram_size,
        .zero_count = image->zero_count,
    };
    if (image->zero_count != 0) {
        memcpy(header->zero, image->zero, image->zero_count * sizeof(image->zero[0]));
    }
    uint64_t text_offset = b->load_pa - b->ram_pa;
    uint64_t image_size = l->zero_end - b->load_pa;
    memcpy(l->loader_bytes + LINUX_TEXT_OFFSET, &text_offset, sizeof(text_offset));
    memcpy(l->loader_bytes + LINUX_IMAGE_SIZE, &image_size, sizeof(image_size));
}

/* CRC-32C, bit by bit: its polynomial reflected. */
static uint32_t crc32c(const uint8_t *bytes, size_t size)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        }
    }
    return ~crc;
}

/* A fault's line has it, and the report: which image ran. */
static void fill_build(struct image *image, const struct layout *l)
{
    uint32_t build = crc32c(image->bytes, image->size);
    memcpy(image->bytes + (l->system_pa - l->board->load_pa) + offsetof(struct abi_system, build), &build,
           sizeof(build));
    image->build = build;
}

static void fill_checksum(struct image *image, const struct layout *l)
{
    uint64_t checksum = crc32c(image->bytes, image->size);
    memcpy(image->bytes + header_offset(l) + offsetof(struct image_header, checksum), &checksum, sizeof(checksum));
}

struct image *image_build(struct layout *l)
{
    struct image *image = diag_alloc(sizeof(*image));
    image->size = l->stored_end - l->board->load_pa;
    image->bytes = diag_alloc(image->size);
    collect_zero(image, l);
    fill_system(l);
    fill_loader(image, l);
    for (size_t i = 0; i < l->placement_count; i++) {
        const struct placement *p = &l->placements[i];
        if (p->kind == PLACED_STORED) {
            memcpy(image->bytes + (p->pa - l->board->load_pa), p->bytes, p->size);
        }
    }
    fill_build(image, l);
    fill_checksum(image, l);
    return image;
}

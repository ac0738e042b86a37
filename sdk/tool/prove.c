/* prove.c: walk every finished table and hold each leaf against the description.
 *   W^X      no leaf is writable and executable, at any exception level; the kernel's leaves are closed to EL0
 *   private  a page that two protection domains reach, if only to read it, lies in a region that both map by name
 *   rights   a leaf inside a region allows no more than that protection domain's map says
 *   kernel   no protection domain reaches loader, kernel, page tables or a page that the kernel maps, its own IPC
 *            buffer and named devices apart
 *   guards   page 0 and the pages on both sides of each stack, and of each IPC buffer, are unmapped
 */
#include <stdlib.h>

#include "sdk/abi/mmu.h"
#include "sdk/tool/prove.h"
#include "sdk/tool/stacks.h"

#define KERNEL (-1)

struct owned_leaf {
    struct paging_leaf leaf;
    int pd; /* index or KERNEL */
};

struct prover {
    const struct layout *l;
    struct proof *proof;
    struct owned_leaf *leaves;
    size_t count;
    int pd; /* whose tables are being walked */
};

static bool writable(const struct paging_leaf *leaf)
{
    return (leaf->bits & PTE_RO) == 0;
}

static bool executable(const struct paging_leaf *leaf)
{
    return (leaf->bits & (PTE_PXN | PTE_UXN)) != (PTE_PXN | PTE_UXN);
}

static _Noreturn void violated(const struct prover *p, const struct owned_leaf *o, const char *what)
{
    const char *who = o->pd == KERNEL ? "the kernel" : p->l->description->pds[o->pd].name;
    diag_broken("%s: %s, page 0x%lx at physical 0x%lx", what, who, o->leaf.va, o->leaf.pa);
}

static void check_leaf(const struct prover *p, const struct owned_leaf *o)
{
    const struct paging_leaf *leaf = &o->leaf;
    if (writable(leaf) && executable(leaf)) {
        violated(p, o, "writable and executable");
    }
    if (o->pd == KERNEL) {
        if ((leaf->bits & PTE_EL0) != 0 || (leaf->bits & PTE_UXN) == 0) {
            violated(p, o, "kernel page open to EL0");
        }
        return;
    }
    if ((leaf->bits & PTE_EL0) == 0 || (leaf->bits & PTE_PXN) == 0 || (leaf->bits & PTE_NG) == 0) {
        violated(p, o, "page of a protection domain without EL0, PXN or nG");
    }
    if (leaf->pa < p->l->system_pa + p->l->system_size && p->l->board->load_pa < leaf->pa + leaf->size) {
        violated(p, o, "page of the loader, the kernel, the page tables or the kernel's tables");
    }
    struct stacks_place place = stacks_place_of(&p->l->description->pds[o->pd]);
    uint64_t end = leaf->va + leaf->size;
    bool low = leaf->va >= MMU_PAGE_SIZE && end <= USER_VA_MAPS_END && (end <= place.low || leaf->va >= place.high);
    bool stack = leaf->va >= place.bottom && end <= place.top;
    bool ipc = leaf->va == place.ipc && leaf->size == MMU_PAGE_SIZE;
    if (!low && !stack && !ipc) {
        violated(p, o, "guard page is mapped");
    }
}

static void on_leaf(void *user, const struct paging_leaf *leaf)
{
    struct prover *p = user;
    struct owned_leaf *o = PUSH(p->leaves, p->count);
    *o = (struct owned_leaf){.leaf = *leaf, .pd = p->pd};
    check_leaf(p, o);
    *(p->pd == KERNEL ? &p->proof->kernel_leaves : &p->proof->user_leaves) += 1;
    p->proof->executable_leaves += executable(leaf);
    p->proof->writable_leaves += writable(leaf);
}

static int region_at(const struct description *d, const struct paging_leaf *leaf)
{
    for (size_t i = 0; i < d->region_count; i++) {
        const struct region *r = &d->regions[i];
        if (leaf->pa < r->pa + r->size && r->pa < leaf->pa + leaf->size) {
            if (leaf->pa < r->pa || leaf->pa + leaf->size > r->pa + r->size) {
                diag_broken("a page at 0x%lx is only partly in region '%s'", leaf->pa, r->name);
            }
            return (int)i;
        }
    }
    return DESCRIPTION_NONE;
}

/* The rights that the description gives the protection domain to the region. */
static unsigned named_rights(const struct description *d, int pd, int region)
{
    unsigned perms = 0;
    for (size_t i = 0; i < d->pds[pd].map_count; i++) {
        const struct map *m = &d->pds[pd].maps[i];
        perms |= m->region == region ? m->perms : 0;
    }
    return perms;
}

static void check_rights(const struct prover *p, const struct owned_leaf *o)
{
    int region = region_at(p->l->description, &o->leaf);
    if (region == DESCRIPTION_NONE) {
        return;
    }
    unsigned perms = named_rights(p->l->description, o->pd, region);
    if (perms == 0 || (writable(&o->leaf) && (perms & PERM_W) == 0) ||
        (executable(&o->leaf) && (perms & PERM_X) == 0)) {
        violated(p, o, "more rights than the description gives");
    }
}

static void note_shared(struct prover *p, int region, const struct owned_leaf *o)
{
    struct proof *proof = p->proof;
    struct prove_shared *shared = NULL;
    for (size_t i = 0; i < proof->shared_count; i++) {
        if (proof->shared[i].region == region) {
            shared = &proof->shared[i];
        }
    }
    if (shared == NULL) {
        shared = PUSH(proof->shared, proof->shared_count);
        shared->region = region;
    }
    uint64_t *mask = writable(&o->leaf) ? &shared->writers : &shared->readers;
    *(executable(&o->leaf) ? &shared->executers : mask) |= 1ul << o->pd;
    shared->readers &= ~shared->writers;
}

/* Two leaves that name the same physical memory. What nobody can write is not worth a note. */
static void check_pair(struct prover *p, const struct owned_leaf *a, const struct owned_leaf *b)
{
    const struct description *d = p->l->description;
    if (a->pd == KERNEL || b->pd == KERNEL) {
        const struct owned_leaf *user = a->pd == KERNEL ? b : a;
        bool own_ipc = user->leaf.va == stacks_place_of(&d->pds[user->pd]).ipc &&
                       user->leaf.pa == p->l->ipc_pa + (uint64_t)user->pd * MMU_PAGE_SIZE;
        int region = region_at(d, &user->leaf);
        if (!own_ipc && (region == DESCRIPTION_NONE || !d->regions[region].device)) {
            violated(p, user, "page of the kernel's");
        }
        return;
    }
    int region = region_at(d, &a->leaf);
    if (region == DESCRIPTION_NONE || named_rights(d, a->pd, region) == 0 || named_rights(d, b->pd, region) == 0) {
        violated(p, a, "page shared without a name");
    }
    if (writable(&a->leaf) || writable(&b->leaf)) {
        note_shared(p, region, a);
        note_shared(p, region, b);
    }
}

static int compare_leaves(const void *a, const void *b)
{
    const struct owned_leaf *x = a;
    const struct owned_leaf *y = b;
    if (x->leaf.pa != y->leaf.pa) {
        return x->leaf.pa < y->leaf.pa ? -1 : 1;
    }
    return x->pd - y->pd;
}

static void check_pairs(struct prover *p)
{
    qsort(p->leaves, p->count, sizeof(p->leaves[0]), compare_leaves);
    for (size_t i = 0; i < p->count; i++) {
        const struct owned_leaf *a = &p->leaves[i];
        if (a->pd != KERNEL) {
            check_rights(p, a);
        }
        for (size_t k = i + 1; k < p->count && p->leaves[k].leaf.pa < a->leaf.pa + a->leaf.size; k++) {
            const struct owned_leaf *b = &p->leaves[k];
            if (a->pd != b->pd) {
                check_pair(p, a, b);
            }
        }
    }
}

static void walk(struct prover *p, const struct image *image, uint64_t root, uint64_t half, int pd)
{
    p->pd = pd;
    paging_walk(&p->l->paging, image->bytes, p->l->board->load_pa, image->size, root, half, on_leaf, p);
}

static int compare_shared(const void *a, const void *b)
{
    const struct prove_shared *x = a;
    const struct prove_shared *y = b;
    return x->region - y->region;
}

struct proof *prove(const struct layout *l, const struct image *image)
{
    struct prover p = {.l = l, .proof = diag_alloc(sizeof(*p.proof))};
    walk(&p, image, l->kernel_space.root, KERNEL_VA_BASE, KERNEL);
    walk(&p, image, l->empty_ttbr0, 0, KERNEL);
    for (size_t i = 0; i < l->description->pd_count; i++) {
        walk(&p, image, l->spaces[i].root, 0, (int)i);
    }
    check_pairs(&p);
    if (p.proof->shared_count != 0) {
        qsort(p.proof->shared, p.proof->shared_count, sizeof(p.proof->shared[0]), compare_shared);
    }
    return p.proof;
}

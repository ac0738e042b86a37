/* description.c: from the XML tree to struct description, element by element.
 *   refuses  unknown elements and attributes, missing ones, values that are wrong whatever the rest says
 *   leaves   names that refer to something, overlaps and everything between two elements to check.c
 */
#include <string.h>

#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/tool/description.h"
#include "sdk/tool/fields.h"

#define BUDGET_DEFAULT_US 1000
#define BUDGET_MOST_US (3600ul * 1000 * 1000)
#define STACK_DEFAULT 0x2000
#define STACK_LEAST 0x1000
#define STACK_MOST (16ul << 20)
#define CHILD_ID_MOST (ABI_CHANNELS_MAX - 1)
#define CHANNEL_ID_MOST (ABI_CHANNELS_MAX - 1)
#define INTID_MOST 1019 /* GICv2: 1020-1023 are special */

static void refuse_unaligned(const struct xml_node *node, const char *name, uint64_t value, uint64_t alignment)
{
    if (value % alignment != 0) {
        diag_refuse(fields_place(node, name), "%s is not a multiple of 0x%lx (0x%lx)", name, alignment, value);
    }
}

static void read_prefill(const struct xml_node *node, struct region *region)
{
    if (xml_attribute(node, "prefill_path") == NULL) {
        return;
    }
    region->prefill_path = fields_name(node, "prefill_path");
    region->prefill_place = fields_place(node, "prefill_path");
}

static void read_region(struct description *d, const struct xml_node *node)
{
    fields_attributes(node, "name size page_size phys_addr prefill_path");
    fields_no_children(node);
    struct region *region = PUSH(d->regions, d->region_count);
    region->place = node->place;
    region->name = fields_name(node, "name");
    region->page_size = fields_number_or(node, "page_size", 0, UINT64_MAX, 0);
    if (xml_attribute(node, "page_size") != NULL && region->page_size != MMU_PAGE_SIZE &&
        region->page_size != MMU_LARGE_PAGE_SIZE) {
        diag_refuse(fields_place(node, "page_size"), "page_size is not supported (0x%lx); allowed: 0x%lx, 0x%lx",
                    region->page_size, MMU_PAGE_SIZE, MMU_LARGE_PAGE_SIZE);
    }
    uint64_t alignment = region->page_size == 0 ? MMU_PAGE_SIZE : region->page_size;
    read_prefill(node, region);
    if (region->prefill_path == NULL || xml_attribute(node, "size") != NULL) {
        region->size = fields_number(node, "size", MMU_PAGE_SIZE, 1ul << MMU_VA_BITS);
        refuse_unaligned(node, "size", region->size, alignment);
    }
    region->fixed = xml_attribute(node, "phys_addr") != NULL;
    if (region->fixed) {
        region->pa = fields_number(node, "phys_addr", 0, (1ul << 40) - MMU_PAGE_SIZE);
        refuse_unaligned(node, "phys_addr", region->pa, alignment);
    }
}

static unsigned read_perms(const struct xml_node *node)
{
    const struct xml_attribute *a = xml_attribute(node, "perms");
    if (a == NULL) {
        return PERM_R | PERM_W;
    }
    static const struct {
        const char *text;
        unsigned perms;
    } allowed[] = {
        {"r", PERM_R},           {"rw", PERM_R | PERM_W}, {"wr", PERM_R | PERM_W},
        {"rx", PERM_R | PERM_X}, {"xr", PERM_R | PERM_X},
    };
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strcmp(a->value, allowed[i].text) == 0) {
            return allowed[i].perms;
        }
    }
    bool writes = strchr(a->value, 'w') != NULL;
    if (writes && strchr(a->value, 'x') != NULL) {
        diag_refuse(a->place, "perms are writable and executable (%s); allowed: r, rw, rx", a->value);
    }
    if (writes && strspn(a->value, "w") == strlen(a->value)) {
        diag_refuse(a->place, "perms are write-only (%s); allowed: r, rw, rx", a->value);
    }
    diag_refuse(a->place, "perms are unknown (%s); allowed: r, rw, rx", a->value);
}

struct setvar *description_add_setvar(struct pd *pd, struct place place, const char *symbol)
{
    for (size_t i = 0; i < pd->setvar_count; i++) {
        if (strcmp(pd->setvars[i].symbol, symbol) == 0) {
            diag_refuse(place, "symbol is set twice (%s); line %u sets it already", symbol, pd->setvars[i].place.line);
        }
    }
    struct setvar *setvar = PUSH(pd->setvars, pd->setvar_count);
    setvar->place = place;
    setvar->symbol = symbol;
    return setvar;
}

/* The setvar that attribute `name` asks for, NULL where it is absent. */
static struct setvar *read_setvar_attribute(struct pd *pd, const struct xml_node *node, const char *name)
{
    if (xml_attribute(node, name) == NULL) {
        return NULL;
    }
    return description_add_setvar(pd, fields_place(node, name), fields_name(node, name));
}

static void read_map(struct pd *pd, const struct xml_node *node)
{
    fields_attributes(node, "mr vaddr perms cached setvar_vaddr setvar_size setvar_prefill_size");
    fields_no_children(node);
    struct map *map = PUSH(pd->maps, pd->map_count);
    map->place = node->place;
    map->region_name = fields_name(node, "mr");
    map->va = fields_number(node, "vaddr", MMU_PAGE_SIZE, USER_VA_MAPS_END - MMU_PAGE_SIZE);
    refuse_unaligned(node, "vaddr", map->va, MMU_PAGE_SIZE);
    map->perms = read_perms(node);
    map->cached = fields_bool_or(node, "cached", true);
    if (!map->cached && (map->perms & PERM_X) != 0) {
        diag_refuse(fields_place(node, "perms"), "perms are executable on uncached memory (rx); allowed: r, rw");
    }
    struct setvar *setvar = read_setvar_attribute(pd, node, "setvar_vaddr");
    if (setvar != NULL) {
        setvar->value = map->va;
    }
    setvar = read_setvar_attribute(pd, node, "setvar_size");
    if (setvar != NULL) {
        setvar->kind = SETVAR_REGION_SIZE;
        setvar->region_name = map->region_name;
    }
    setvar = read_setvar_attribute(pd, node, "setvar_prefill_size");
    if (setvar != NULL) {
        setvar->kind = SETVAR_REGION_PREFILL_SIZE;
        setvar->region_name = map->region_name;
    }
}

static void read_setvar(struct pd *pd, const struct xml_node *node)
{
    fields_attributes(node, "symbol region_paddr");
    fields_no_children(node);
    struct setvar *setvar = description_add_setvar(pd, node->place, fields_name(node, "symbol"));
    setvar->kind = SETVAR_REGION_PADDR;
    setvar->region_name = fields_name(node, "region_paddr");
}

static void read_irq(struct pd *pd, const struct xml_node *node)
{
    fields_attributes(node, "irq id trigger setvar_id");
    fields_no_children(node);
    struct irq *irq = PUSH(pd->irqs, pd->irq_count);
    irq->place = node->place;
    irq->intid = (uint32_t)fields_number(node, "irq", 0, INTID_MOST);
    irq->id = (unsigned)fields_number(node, "id", 0, CHANNEL_ID_MOST);
    const struct xml_attribute *trigger = xml_attribute(node, "trigger");
    if (trigger != NULL && strcmp(trigger->value, "level") != 0 && strcmp(trigger->value, "edge") != 0) {
        diag_refuse(trigger->place, "trigger is unknown (%s); allowed: level, edge", trigger->value);
    }
    irq->edge = trigger != NULL && strcmp(trigger->value, "edge") == 0;
    struct setvar *setvar = read_setvar_attribute(pd, node, "setvar_id");
    if (setvar != NULL) {
        setvar->value = irq->id;
    }
}

static void read_program(struct pd *pd, const struct xml_node *node)
{
    fields_attributes(node, "path");
    fields_no_children(node);
    if (pd->program != NULL) {
        diag_refuse(node->place, "second program_image in protection domain '%s'; line %u has one already", pd->name,
                    pd->program_place.line);
    }
    pd->program = fields_name(node, "path");
    pd->program_place = fields_place(node, "path");
}

static void read_budget(struct pd *pd, const struct xml_node *node)
{
    pd->budget_us = fields_number_or(node, "budget", 1, BUDGET_MOST_US, BUDGET_DEFAULT_US);
    pd->period_us = fields_number_or(node, "period", 1, BUDGET_MOST_US, pd->budget_us);
    if (pd->budget_us > pd->period_us) {
        diag_refuse(fields_place(node, xml_attribute(node, "budget") != NULL ? "budget" : "period"),
                    "budget is larger than the period (%lu us, %lu us); allowed: budget up to the period",
                    pd->budget_us, pd->period_us);
    }
}

/* There is one core, and every protection domain may use the FPU, whatever is said. */
static void read_processor(const struct xml_node *node)
{
    uint64_t core = fields_number_or(node, "cpu", 0, UINT64_MAX, 0);
    if (core != 0) {
        diag_refuse(fields_place(node, "cpu"), "cpu is not supported (%lu); this SDK runs on one core; allowed: 0",
                    core);
    }
    (void)fields_bool_or(node, "fpu", true);
}

static void read_pd_attributes(struct pd *pd, const struct xml_node *node, int parent)
{
    fields_attributes(node,
                      parent == DESCRIPTION_NONE
                          ? "name priority budget period passive stack_size pp smc cpu fpu"
                          : "name priority budget period passive stack_size pp smc cpu fpu id setvar_id watchdog");
    pd->place = node->place;
    pd->name = fields_name(node, "name");
    if (strlen(pd->name) > ABI_PD_NAME_MAX) {
        diag_refuse(fields_place(node, "name"), "name is too long (%zu bytes); allowed: %d", strlen(pd->name),
                    ABI_PD_NAME_MAX);
    }
    pd->parent = parent;
    pd->priority = (unsigned)fields_number_or(node, "priority", 0, ABI_PRIORITY_MAX, 0);
    read_budget(pd, node);
    pd->watchdog_us = fields_number_or(node, "watchdog", 1, BUDGET_MOST_US, 0);
    pd->passive = fields_bool_or(node, "passive", false);
    pd->pp = fields_bool_or(node, "pp", false);
    pd->stack_size = fields_number_or(node, "stack_size", STACK_LEAST, STACK_MOST, STACK_DEFAULT);
    refuse_unaligned(node, "stack_size", pd->stack_size, MMU_PAGE_SIZE);
    pd->smc = fields_bool_or(node, "smc", false);
    pd->smc_place = fields_place(node, "smc");
    read_processor(node);
}

static void read_pd(struct description *d, const struct xml_node *node, int parent);

static void read_child_pd(struct description *d, const struct xml_node *node, int parent)
{
    size_t child = d->pd_count;
    read_pd(d, node, parent);
    unsigned id = (unsigned)fields_number(node, "id", 0, CHILD_ID_MOST);
    for (size_t i = 0; i < d->pd_count; i++) {
        if (i != child && d->pds[i].parent == parent && d->pds[i].child_id == id) {
            diag_refuse(fields_place(node, "id"), "child id is used twice (%u) in protection domain '%s'; '%s' has it",
                        id, d->pds[parent].name, d->pds[i].name);
        }
    }
    d->pds[child].child_id = id;
    struct setvar *setvar = read_setvar_attribute(&d->pds[parent], node, "setvar_id");
    if (setvar != NULL) {
        setvar->value = id;
    }
}

static void read_pd_element(struct description *d, size_t index, const struct xml_node *node)
{
    struct pd *pd = &d->pds[index]; /* void once a child has been read */
    if (strcmp(node->name, "program_image") == 0) {
        read_program(pd, node);
    } else if (strcmp(node->name, "map") == 0) {
        read_map(pd, node);
    } else if (strcmp(node->name, "irq") == 0) {
        read_irq(pd, node);
    } else if (strcmp(node->name, "setvar") == 0) {
        read_setvar(pd, node);
    } else if (strcmp(node->name, "protection_domain") == 0) {
        read_child_pd(d, node, (int)index);
    } else {
        fields_bad_element(node, "program_image map irq setvar protection_domain");
    }
}

static void read_pd(struct description *d, const struct xml_node *node, int parent)
{
    size_t index = d->pd_count;
    if (index == ABI_PDS_MAX) {
        diag_refuse(node->place, "too many protection domains; allowed: %d", ABI_PDS_MAX);
    }
    read_pd_attributes(PUSH(d->pds, d->pd_count), node, parent);
    if (parent != DESCRIPTION_NONE) {
        fields_required(node, "id");
        d->pds[index].child_id = CHILD_ID_MOST + 1; /* until the caller has read it */
    }
    for (const struct xml_node *child = node->first_child; child != NULL; child = child->next) {
        read_pd_element(d, index, child);
    }
    if (d->pds[index].program == NULL) {
        diag_refuse(node->place, "missing program_image in protection domain '%s'", d->pds[index].name);
    }
}

static void read_end(struct end *end, const struct xml_node *node)
{
    fields_attributes(node, "pd id pp notify setvar_id");
    fields_no_children(node);
    end->place = node->place;
    end->pd_name = fields_name(node, "pd");
    end->id = (unsigned)fields_number(node, "id", 0, CHANNEL_ID_MOST);
    end->notify = fields_bool_or(node, "notify", true);
    end->pp = fields_bool_or(node, "pp", false);
    if (xml_attribute(node, "setvar_id") != NULL) {
        end->setvar_id = fields_name(node, "setvar_id");
        end->setvar_place = fields_place(node, "setvar_id");
    }
}

static void read_channel(struct description *d, const struct xml_node *node)
{
    fields_attributes(node, "");
    struct channel *channel = PUSH(d->channels, d->channel_count);
    channel->place = node->place;
    unsigned count = 0;
    for (const struct xml_node *child = node->first_child; child != NULL; child = child->next, count++) {
        if (strcmp(child->name, "end") != 0) {
            fields_bad_element(child, "end");
        }
        if (count == 2) {
            diag_refuse(child->place, "third end of a channel; a channel has exactly two");
        }
        read_end(&channel->ends[count], child);
    }
    if (count != 2) {
        diag_refuse(node->place, "channel with too few ends (%u); a channel has exactly two", count);
    }
}

struct description *description_read(const char *path)
{
    struct description *d = diag_alloc(sizeof(*d));
    d->file = path;
    const struct xml_node *root = xml_read(path);
    if (strcmp(root->name, "system") != 0) {
        fields_bad_element(root, "system");
    }
    fields_attributes(root, "");
    for (const struct xml_node *node = root->first_child; node != NULL; node = node->next) {
        if (strcmp(node->name, "protection_domain") == 0) {
            read_pd(d, node, DESCRIPTION_NONE);
        } else if (strcmp(node->name, "memory_region") == 0) {
            read_region(d, node);
        } else if (strcmp(node->name, "channel") == 0) {
            read_channel(d, node);
        } else {
            fields_bad_element(node, "protection_domain memory_region channel");
        }
    }
    return d;
}

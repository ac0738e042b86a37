/* tool/description.h: a system description as read, before anything has an address.
 *
 * The format is the one of seL4 Microkit 1.4.1 and 2.0.1 (its manual, chapter "System Description File"), with what
 * docs/sdk.md lists of later ones. description_read() refuses what a single element shows to be wrong;
 * check_description() refuses what only the whole shows.
 */
#ifndef TOOL_DESCRIPTION_H
#define TOOL_DESCRIPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/tool/diag.h"

#define DESCRIPTION_NONE (-1)

enum perms {
    PERM_R = 1 << 0,
    PERM_W = 1 << 1,
    PERM_X = 1 << 2,
};

struct region {
    struct place place;
    const char *name;
    uint64_t size;
    uint64_t page_size; /* 0: not given; check_description() chooses it */
    bool fixed;         /* phys_addr was given */
    uint64_t pa;        /* from phys_addr, or from the layout */
    bool device;        /* outside RAM: never zeroed */
    struct place prefill_place;
    const char *prefill_path; /* NULL: zeros */
    uint8_t *prefill;         /* `size` bytes */
    uint64_t prefill_size;    /* of the file */
};

struct map {
    struct place place;
    const char *region_name;
    int region; /* index, set by check_description() */
    uint64_t va;
    unsigned perms;
    bool cached;
};

enum setvar_kind { SETVAR_VALUE, SETVAR_REGION_PADDR, SETVAR_REGION_SIZE, SETVAR_REGION_PREFILL_SIZE };

struct setvar {
    struct place place;
    const char *symbol;
    enum setvar_kind kind;
    uint64_t value;          /* SETVAR_VALUE */
    const char *region_name; /* the others */
    int region;
};

struct irq {
    struct place place;
    uint32_t intid;
    unsigned id;
    bool edge;
};

struct pd {
    struct place place;
    const char *name;
    int parent; /* index or DESCRIPTION_NONE */
    unsigned child_id;
    unsigned priority;
    uint64_t watchdog_us; /* 0: none */
    uint64_t budget_us;
    uint64_t period_us;
    bool passive;
    bool smc;
    struct place smc_place;
    bool pp; /* the dialect of 1.4: any peer of lower priority may call */
    uint64_t stack_size;
    uint64_t stack_top; /* from stacks.c */
    struct place program_place;
    const char *program;
    struct map *maps;
    size_t map_count;
    struct irq *irqs;
    size_t irq_count;
    struct setvar *setvars;
    size_t setvar_count;
};

struct end {
    struct place place;
    const char *pd_name;
    int pd;
    unsigned id;
    bool notify;
    bool pp;
    const char *setvar_id; /* NULL: none */
    struct place setvar_place;
};

struct channel {
    struct place place;
    struct end ends[2];
};

struct description {
    const char *file;
    struct pd *pds; /* a parent before its children, otherwise as in the file */
    size_t pd_count;
    struct region *regions;
    size_t region_count;
    struct channel *channels;
    size_t channel_count;
};

struct description *description_read(const char *path);

/* What the checks must know of the board. */
struct board;

/* Resolves names to indices, chooses page sizes, refuses what contradicts itself or the board. */
void check_description(struct description *d, const struct board *board);

/* A setvar is an error where the PD has one for that symbol already. */
struct setvar *description_add_setvar(struct pd *pd, struct place place, const char *symbol);

#endif

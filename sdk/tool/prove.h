/* tool/prove.h: what the finished page tables let happen, read back from the image's bytes.
 *
 * Nothing here looks at the layout's own lists of mappings: the tables are walked as the hardware walks them and held
 * against the description. A violation is an error of the tool, and there is no image.
 */
#ifndef TOOL_PROVE_H
#define TOOL_PROVE_H

#include "sdk/tool/image.h"

/* One memory region that two protection domains can reach and at least one of them can write. */
struct prove_shared {
    int region;
    uint64_t writers;   /* bit n: protection domain n */
    uint64_t executers; /* those that execute what others write */
    uint64_t readers;   /* those that only read */
};

struct proof {
    size_t kernel_leaves;
    size_t user_leaves;
    size_t executable_leaves;
    size_t writable_leaves;
    struct prove_shared *shared;
    size_t shared_count;
};

struct proof *prove(const struct layout *l, const struct image *image);

#endif

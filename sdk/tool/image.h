/* tool/image.h: the finished image's bytes. */
#ifndef TOOL_IMAGE_H
#define TOOL_IMAGE_H

#include "sdk/tool/layout.h"

struct image {
    uint8_t *bytes; /* memory from the board's load address on */
    uint64_t size;
    uint32_t build;           /* abi/system.h */
    struct image_range *zero; /* what the loader zeroes, merged, by rising address */
    size_t zero_count;
};

/* Writes the values that the description and abi/pd.h ask for into the programs. Before the layout the addresses of
 * memory regions are not known yet: then only the pages are marked. */
void image_patch_programs(struct layout *l);

/* Puts everything together. */
struct image *image_build(struct layout *l);

#endif

/* config.h: what fileio works on; fileio.py writes the values. */
#ifndef FILEIO_CONFIG_H
#define FILEIO_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct fileio_config {
    bool conformance;    /* whether to run it */
    char directory[64];  /* can be written */
    char large_file[64]; /* to be read for speed, then `passes` times more with its checksum; "": none */
    uint32_t passes;
};
extern const struct fileio_config fileio_config;

#endif

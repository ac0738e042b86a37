/* config.h: what fileio works on; fileio.py writes the values. */
#ifndef FILEIO_CONFIG_H
#define FILEIO_CONFIG_H

struct fileio_config {
    char directory[64];  /* can be written */
    char large_file[64]; /* to be read for speed; "": none */
};
extern const struct fileio_config fileio_config;

#endif

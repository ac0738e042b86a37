/* fs/mem/config.h: the files that lie in the image; compose/fs.py writes the values. */
#ifndef FS_MEM_CONFIG_H
#define FS_MEM_CONFIG_H

#include <stdint.h>

/* A file or (bytes NULL) a directory; parents come before what is in them. */
struct fs_mem_entry {
    const char *path; /* absolute, normalised */
    const uint8_t *bytes;
    uint64_t size;
    uint64_t mtime_ns; /* since 1970; below a second: no date, but another one for another content */
};

struct fs_mem_config {
    const struct fs_mem_entry *entries; /* read-only */
    uint32_t entry_count;
    char writable[64]; /* a directory in which everything can be changed, made at start, e.g. "/tmp"; "": none */
};
extern const struct fs_mem_config fs_mem_config;

#endif

/* config.h: what a client of this test is called, and who is beside it; fs_clients.py writes the values. */
#ifndef FS_CLIENTS_CONFIG_H
#define FS_CLIENTS_CONFIG_H

struct fs_tenant_config {
    char name[16], other[16]; /* below `directory` each has files of its name */
    char directory[64];       /* can be written */
    unsigned passes;          /* of the conformance program */
};
extern const struct fs_tenant_config fs_tenant_config;

#endif

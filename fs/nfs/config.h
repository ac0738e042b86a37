/* fs/nfs/config.h: which files are mounted; compose/fs.py writes the values. */
#ifndef FS_NFS_CONFIG_H
#define FS_NFS_CONFIG_H

#include <stdint.h>

struct nfs_config {
    char server[128];              /* an IPv4 address, or a name for the DNS server that DHCP told */
    char directory[512];           /* as the server exports it */
    uint16_t nfs_port, mount_port; /* both 0: the server's portmapper is asked */
    uint32_t uid, gid;             /* as whom (AUTH_UNIX, RFC 5531 appendix A) */
};
extern const struct nfs_config nfs_config;

#endif

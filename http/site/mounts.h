/* http/site/mounts.h: what is mounted where. For find.c and locks.c. */
#ifndef HTTP_SITE_MOUNTS_H
#define HTTP_SITE_MOUNTS_H

#include "http/site/resolutions.h"

/* The host's number, for what follows; 0: that of all hosts that no mount names. */
uint8_t site_host_number(struct http_slice host);
/* Of the host's mounts the one with the longest prefix. NULL: none has the path. */
const struct mount *site_mount_of(const char *path, uint32_t length, uint8_t host);
/* The same of those that clients know, and whose prefix is shorter than `below`. */
const struct mount *site_public_mount_of(const char *path, uint32_t length, uint8_t host, uint32_t below);
/* It is the prefix of a mount without its '/'. ordered: of an internal one, too. */
bool site_lacks_slash(const char *path, uint32_t length, uint8_t host, bool ordered);

uint8_t site_number_of(const struct mount *mount);          /* counted from 1; of NULL: 0 */
const struct mount *site_mount_with_number(uint8_t number); /* NULL: there is none */
uint8_t site_useful_codings(void);                          /* that any mount has use for */

#endif

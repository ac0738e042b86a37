/* http/site/hidden.h: what lies among the files and is not for clients. For try_files.c. */
#ifndef HTTP_SITE_HIDDEN_H
#define HTTP_SITE_HIDDEN_H

#include "http/site/resolutions.h"

/* The file service's name of a file below the mount's folder: do clients get it? The application's own order does. */
bool site_is_hidden(const struct mount *mount, const char *name, uint32_t length);
/* Nor does that: site_keep_secret(). */
bool site_is_secret(const char *name, uint32_t length);

#endif

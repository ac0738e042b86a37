/* http/access/access.h: the access log: a line for each answer, to those who are named. */
#ifndef HTTP_ACCESS_ACCESS_H
#define HTTP_ACCESS_ACCESS_H

#include "http/access/config.h"

#define ACCESS_RECORDS_BYTES 0x100000

/* After http_init() and cache_init(), which leaves a block of the share where there is a file. */
void access_init(const struct access_config *config);

#endif

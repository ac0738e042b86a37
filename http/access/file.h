/* http/access/file.h: the access log in a file of the file service. */
#ifndef HTTP_ACCESS_FILE_H
#define HTTP_ACCESS_FILE_H

#include <stdint.h>

#include "lib/region.h"

/* pattern: of its path (http/access/config.h). memory: of the buffer. A block of the share is taken. */
void access_file_init(const char *pattern, const struct region *memory);
/* Where to write a line of up to LINE_MAX bytes that begins at pd_now_ticks(); access_file_put(end) keeps it. Without a
 * file, or when the buffer is full (counted), it is scratch memory. */
char *access_file_room(uint64_t now);
void access_file_put(char *end);

#endif

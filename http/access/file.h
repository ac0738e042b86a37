/* http/access/file.h: the access log in a file of the file service. */
#ifndef HTTP_ACCESS_FILE_H
#define HTTP_ACCESS_FILE_H

#include <stdint.h>

#include "lib/region.h"

/* pattern: of its path (http/access/config.h). memory: of the buffer. A block of the share is taken. */
void access_file_init(const char *pattern, const struct region *memory);
/* For a line that begins at pd_now_ticks(), LINE_MAX bytes; it is there when the second is called with its end. Where there
 * is no file, or the line is lost, and counted, it is nobody's place. */
char *access_file_room(uint64_t now);
void access_file_put(char *end);

#endif

/* python/changes.h: which paths the program's own file operations change, so that the native front, which keeps files,
 * does not give what was there before.
 */
#ifndef PYTHON_CHANGES_H
#define PYTHON_CHANGES_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/proto.h"

/* From now on each path that has changed is told once its operation is done, before the program hears of it; `below`:
 * and all that lies below. Not terminated, as the program wrote it. */
void changes_tell(void (*changed)(const char *path, uint32_t length, bool below));

/* A command is answered. path, other: of commands that have them. */
void changes_note(const struct fs_command *command, const char *path, const char *other,
                  const struct fs_completion *result);

#endif

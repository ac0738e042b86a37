/* changes.c: which paths the program's own file operations change.
 *   consumes  commands and their answers   from files.c
 *   order     a failed command counts, too: it may have been carried out
 *   when full more files are open for writing than are remembered, or their paths are longer: more is told than has
 *             changed, a folder or everything
 */
#include "python/changes.h"

#include <stddef.h>
#include <string.h>

#define WRITTEN_MAX 32
#define PATH_MAX 96

struct written {
    bool used, below; /* below: `path` is only the folder */
    uint16_t length;
    uint64_t fd;
    char path[PATH_MAX];
};

static struct {
    void (*changed)(const char *path, uint32_t length, bool below);
    struct written written[WRITTEN_MAX]; /* files open for writing */
} self;

void changes_tell(void (*changed)(const char *path, uint32_t length, bool below))
{
    self.changed = changed;
}

static struct written *find(uint64_t fd)
{
    for (size_t i = 0; i < WRITTEN_MAX; i++) {
        if (self.written[i].used && self.written[i].fd == fd) {
            return &self.written[i];
        }
    }
    return NULL;
}

static struct written *place_for(uint64_t fd)
{
    struct written *known = find(fd); /* of a server that has begun anew meanwhile */
    for (size_t i = 0; !known && i < WRITTEN_MAX; i++) {
        known = self.written[i].used ? NULL : &self.written[i];
    }
    return known;
}

static void opened(uint64_t fd, const char *path, uint32_t length)
{
    struct written *written = place_for(fd);
    if (!written) {
        return;
    }
    *written = (struct written){.used = true, .fd = fd, .below = length > PATH_MAX};
    if (written->below) {
        for (length = PATH_MAX; path[length] != '/' && length > 0; length--) {
        }
    }
    written->length = (uint16_t)length;
    memcpy(written->path, path, length);
}

static void told(const struct written *written)
{
    if (written) {
        self.changed(written->path, written->length, written->below);
    } else {
        self.changed("/", 1, true);
    }
}

static void closed(uint64_t fd)
{
    struct written *written = find(fd);
    if (written) {
        told(written);
        written->used = false;
    }
}

void changes_note(const struct fs_command *command, const char *path, const char *other,
                  const struct fs_completion *result)
{
    uint32_t length = (uint32_t)command->path.path.size, other_length = (uint32_t)command->path.other.size;
    if (!self.changed) {
        return;
    }
    switch ((enum fs_command_type)command->type) {
    case FS_OPEN:
        if (command->flags & (FS_OPEN_CREATE | FS_OPEN_TRUNCATE)) {
            self.changed(path, length, false);
        }
        if (command->flags & FS_OPEN_WRITE && result->status == FS_STATUS_OK) {
            opened(result->open.fd, path, length);
        }
        break;
    case FS_WRITE:
    case FS_TRUNCATE: told(find(command->file.fd)); break;
    case FS_CLOSE: closed(command->file.fd); break;
    case FS_REMOVE:
    case FS_MKDIR: self.changed(path, length, false); break;
    case FS_RMDIR: self.changed(path, length, true); break;
    case FS_RENAME:
        self.changed(path, length, true);
        self.changed(other, other_length, true);
        break;
    case FS_INITIALISE:
    case FS_DEINITIALISE:
    case FS_STAT:
    case FS_FSTAT:
    case FS_READ:
    case FS_FILE_SIZE:
    case FS_SYNC:
    case FS_OPENDIR:
    case FS_CLOSEDIR:
    case FS_READDIR:
    case FS_SEEKDIR:
    case FS_TELLDIR:
    case FS_REWINDDIR:
    case FS_COMMAND_TYPES: break;
    }
}

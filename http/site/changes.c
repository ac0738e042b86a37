/* http/site/changes.c: what others say has changed among the files: see site.h.
 *   consumes  names   from whoever writes files, NOT trusted: any bytes, as often as they like
 *   produces  what the cache is to forget; all that the site remembers is looked for again when it is asked for (what
 *             has not changed is still in the cache)
 *   invariant no folder that is noted lies in another
 *   when full of noted folders: they become one, the deepest in which they all lie. More is forgotten than has changed
 */
#include <string.h>

#include "fs/proto.h"
#include "http/site/resolutions.h"
#include "http/site/site.h"

#define FOLDERS_MAX 4

static struct {
    char names[FOLDERS_MAX][FS_PATH_MAX];
    struct cache_folder folders[FOLDERS_MAX]; /* their paths are `names` */
    uint32_t count;
} self;

/* The name that the cache knows it by: as the file service reads it. */
static uint32_t plain_name(const char *path, uint32_t length, char name[FS_PATH_MAX])
{
    uint32_t done = 0;
    for (uint32_t at = 0, end; at < length; at = end + 1) {
        for (end = at; end < length && path[end] != '/'; end++) {
        }
        bool up = end - at == 2 && memcmp(path + at, "..", 2) == 0;
        if (up) {
            while (done > 0 && name[--done] != '/') {
            }
        } else if (end > at && !(end - at == 1 && path[at] == '.') && end - at < FS_PATH_MAX - done) {
            name[done++] = '/';
            memcpy(name + done, path + at, end - at);
            done += end - at;
        }
    }
    return done;
}

/* How long the name of the deepest folder is in which both lie, or which one of them is. */
static uint32_t common(const struct cache_folder *a, const struct cache_folder *b)
{
    uint32_t end = 0;
    for (uint32_t at = 0;; at++) {
        bool a_ends = at == a->length, b_ends = at == b->length;
        if ((a_ends || a->path[at] == '/') && (b_ends || b->path[at] == '/')) {
            end = at;
        }
        if (a_ends || b_ends || a->path[at] != b->path[at]) {
            return end;
        }
    }
}

static bool is_noted(const struct cache_folder *folder)
{
    for (uint32_t i = 0; i < self.count; i++) {
        if (common(&self.folders[i], folder) == self.folders[i].length) {
            return true;
        }
    }
    return false;
}

static void add(const struct cache_folder *folder)
{
    struct cache_folder *place = &self.folders[self.count];
    *place = (struct cache_folder){memmove(self.names[self.count], folder->path, folder->length), folder->length};
    self.count++;
}

static void remove_those_in(const struct cache_folder *folder)
{
    uint32_t count = self.count;
    self.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (common(&self.folders[i], folder) < folder->length) {
            add(&self.folders[i]); /* where it is, or before that */
        }
    }
}

static void become_one_with(const struct cache_folder *folder)
{
    for (uint32_t i = 1; i < self.count; i++) {
        self.folders[0].length = common(&self.folders[0], &self.folders[i]);
    }
    self.folders[0].length = common(&self.folders[0], folder);
    self.count = 1;
}

static void note(const struct cache_folder *folder)
{
    if (is_noted(folder)) {
        return;
    }
    remove_those_in(folder);
    if (self.count < FOLDERS_MAX) {
        add(folder);
    } else {
        become_one_with(folder);
    }
}

void site_path_changed(const char *path, uint32_t length)
{
    char name[FS_PATH_MAX];
    site_resolutions_changed();
    cache_path_changed(name, plain_name(path, length, name));
}

void site_folder_changed(const char *path, uint32_t length)
{
    char name[FS_PATH_MAX];
    bool all = self.count > 0 && self.folders[0].length == 0;
    if (!all) {
        struct cache_folder folder = {name, plain_name(path, length, name)};
        note(&folder);
    }
}

/* Who is woken meanwhile may find what has not been dropped yet: none of that is remembered. */
void site_changes_end(void)
{
    uint32_t count = self.count;
    self.count = 0;
    if (count > 0) {
        cache_folders_changed(self.folders, count);
        site_resolutions_changed();
    }
}

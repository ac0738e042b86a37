/* load_content.c: what the load generator asks for, and what the answers should be. */
#include "bench/load_content.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/load_options.h"

void load_path(char *out, size_t size, uint32_t number)
{
    const char *mark = strchr(load_options.path, '%');
    if (mark == NULL) {
        snprintf(out, size, "%s", load_options.path);
    } else {
        snprintf(out, size, "%.*s%" PRIu32 "%s", (int)(mark - load_options.path), load_options.path, number, mark + 1);
    }
}

struct load_content load_content_of(const char *path)
{
    char name[2 * PATH_MAX];
    struct stat status;
    if (load_options.root == NULL) {
        return (struct load_content){0};
    }
    snprintf(name, sizeof(name), "%s%s", load_options.root, path);
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
        load_die(name);
    }
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) {
        load_die(name);
    }
    return (struct load_content){bytes, (size_t)status.st_size};
}

bool load_one_file(void)
{
    return strchr(load_options.path, '%') == NULL;
}

/* fs/conformance.h: one program that tries everything the protocol says, against any server of it.
 *
 * It runs on a stack that can wait: in a system on a worker (lib/fiber.h), on the host in the test's own loop.
 */
#ifndef FS_CONFORMANCE_H
#define FS_CONFORMANCE_H

#include <stdbool.h>
#include <stdint.h>

struct fs_conformance {
    const char *directory; /* exists, can be written: "/tmp", "/" */
    const char *folder;    /* is made below it, and removed with all that is in it; two programs have different ones */
    void (*wait)(void);    /* returns when something may have happened: a completion, or anything else */
    void (*line)(const char *text);
};

struct fs_conformance_result {
    uint32_t passed, failed;
};

/* Needs fs_client_init() before it, and mounts. Prints each failure, and `N passed, M failed` at its end. */
struct fs_conformance_result fs_conformance_run(const struct fs_conformance *environment);

#endif

/* fs/mount.h: the one mount of a program's file service (fs/client.h): asked for at the start, again after a failure,
 * with pauses that grow, and at once when the file server has started anew.
 *
 * While it is asked for the first time, or after a restart, commands would be refused: who issues some keeps them until
 * the outcome is known. After FS_MOUNT_PATIENCE_NS without one the mount counts as failed, and commands are answered
 * FS_STATUS_NOT_MOUNTED until it comes after all.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#define FS_MOUNT_PATIENCE_NS 3000000000ull

/* From init(), after fs_client_init() and timer_client_init(): asks. */
void fs_mount_init(void);

/* The outcome is not known: commands are to wait. */
bool fs_mount_is_asked(void);
bool fs_mount_stands(void); /* who has something to do meanwhile waits for that */

/* For each command's status: a server that has started anew has forgotten the mount. Before the command is issued
 * again. */
void fs_mount_note(uint32_t status);

/* Called each time the outcome is known, good or bad, in the event loop. At most 4 handlers. */
void fs_mount_on_outcome(void (*handler)(void *context), void *context);

#endif

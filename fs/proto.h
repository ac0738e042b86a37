/* fs/proto.h: files, between one client and one server: a ring of 64-byte commands, a ring of 64-byte completions, and
 * a data share that both map.
 *
 * Every command is answered by exactly one completion that carries its id, in any order; also when the server cannot,
 * or dies and comes back. The client sees that by the rings' generations, and gives again what was under way and may be
 * done twice (FS_AGAIN), some times; the rest it fails with FS_STATUS_SERVER_WAS_RESET: that may have been done or not. A server that
 * keeps its open files over its restart goes on with them; one that does not answers FS_STATUS_NOT_MOUNTED. The client never has more commands under way than the completion ring holds, so a completion always has
 * room and the server never waits for a client.
 *
 * Paths, names, data and attributes lie in the share: a struct fs_buffer is an offset and a length there, checked by
 * the server against its size before use. Who issued a command leaves its buffers alone until the completion. The
 * server copies a path out before it checks it. Paths are absolute inside the mount ("/a/b"), UTF-8, at most
 * FS_PATH_MAX bytes, not NUL terminated. One that ends in a slash, or in "/.", names a directory: what lies there and
 * is none is FS_STATUS_NOT_DIRECTORY, and only FS_MKDIR and the new path of a directory's FS_RENAME may make something
 * there.
 */
#ifndef FS_PROTO_H
#define FS_PROTO_H

#include <stdint.h>

#define FS_PATH_MAX 1024
#define FS_NAME_MAX 255
#define FS_LINKS_MAX 40
#define FS_QUEUE_CAPACITY 128 /* commands and completions, by default */

struct fs_buffer {
    uint64_t offset; /* in the share */
    uint64_t size;   /* bytes */
};

enum fs_command_type {
    FS_INITIALISE = 1, /* mount; completes when the files can be had: a server behind a network waits for that */
    FS_DEINITIALISE,
    FS_OPEN,      /* path, flags -> fd; the file's attributes as well, if `attributes` has room for them */
    FS_CLOSE,     /* fd */
    FS_STAT,      /* path, attributes: struct fs_stat */
    FS_FSTAT,     /* fd, attributes */
    FS_READ,      /* fd, file offset, data -> bytes read, short only at the file's end; its time of modification */
    FS_WRITE,     /* fd, file offset, data -> bytes written */
    FS_FILE_SIZE, /* fd -> size */
    FS_TRUNCATE,  /* fd, size */
    FS_SYNC,      /* fd */
    FS_RENAME,    /* path, new path */
    FS_REMOVE,    /* path of a file */
    FS_MKDIR,     /* path */
    FS_RMDIR,     /* path */
    FS_OPENDIR,   /* path -> fd (of the directory kind: only for the next six) */
    FS_CLOSEDIR,
    FS_READDIR, /* fd, data: struct fs_dirent records, as many as fit -> bytes; 0 at the end */
    FS_SEEKDIR, /* fd, position as told */
    FS_TELLDIR, /* fd -> position */
    FS_REWINDDIR,
    FS_COMMAND_TYPES,
};

enum fs_open_flags {
    FS_OPEN_READ = 1 << 0,
    FS_OPEN_WRITE = 1 << 1,
    FS_OPEN_CREATE = 1 << 2,
    FS_OPEN_TRUNCATE = 1 << 3,
    FS_OPEN_EXCLUSIVE = 1 << 4,
};

/* In the flags of any command: it is given again, with its first id, to a server that has started anew. */
#define FS_AGAIN (1u << 30)
/* In the flags of any command: its client can do without. Where the way to the files is not there, or breaks while the
 * command is under way, it is answered FS_STATUS_UNREACHABLE then, not when its time is up. */
#define FS_UNLESS_AWAY (1u << 29)

enum fs_status {
    FS_STATUS_OK = 0,
    FS_STATUS_INVALID_COMMAND, /* unknown type */
    FS_STATUS_INVALID_BUFFER,  /* outside the share */
    FS_STATUS_INVALID_PATH,    /* empty, too long, not absolute, a NUL in it, or ".." above the root */
    FS_STATUS_INVALID_FD,
    FS_STATUS_NOT_FOUND,
    FS_STATUS_EXISTS,
    FS_STATUS_NOT_DIRECTORY,
    FS_STATUS_IS_DIRECTORY,
    FS_STATUS_NOT_EMPTY,
    FS_STATUS_NAME_TOO_LONG,
    FS_STATUS_ACCESS, /* permission denied */
    FS_STATUS_READ_ONLY,
    FS_STATUS_NO_SPACE,
    FS_STATUS_TOO_LARGE,
    FS_STATUS_TOO_MANY_OPEN,
    FS_STATUS_STALE,
    FS_STATUS_INVALID_ARGUMENT,
    FS_STATUS_IO,
    FS_STATUS_NOT_MOUNTED,
    FS_STATUS_UNREACHABLE,      /* the server behind the server does not answer */
    FS_STATUS_SERVER_WAS_RESET, /* made by the client library: it may have been done, or its file is not open any more */
    FS_STATUS_LOOP,             /* more symbolic links on the way than FS_LINKS_MAX */
};

struct fs_stat {
    uint64_t size;
    uint64_t inode;
    uint64_t mtime_ns, ctime_ns, atime_ns; /* since 1970 */
    uint32_t mode;                         /* POSIX: type and permission bits */
    uint32_t links;
    uint32_t uid, gid;
};

/* Records in a FS_READDIR buffer, each padded to 8 bytes. */
struct fs_dirent {
    uint64_t next_position; /* for FS_SEEKDIR: after this entry */
    uint32_t mode;          /* type bits, 0 if not known */
    uint16_t name_length;
    uint16_t record_length; /* to the next record, bytes */
    char name[];            /* UTF-8, not terminated; "." and ".." are left out */
};

struct fs_command {
    uint64_t id;
    uint32_t type;  /* enum fs_command_type */
    uint32_t flags; /* FS_OPEN: enum fs_open_flags */
    union {
        struct {
            struct fs_buffer path, other;
        } path; /* other: attributes, or the new path */
        struct {
            uint64_t fd, position;
            struct fs_buffer data;
        } file; /* position: offset, size or directory position */
        uint64_t words[6];
    };
};

struct fs_completion {
    uint64_t id;
    uint32_t status; /* enum fs_status */
    uint32_t reserved;
    union {
        struct {
            uint64_t fd, size;
        } open;
        struct {
            uint64_t length, mtime_ns;
        } read;          /* then; 0: not known, UINT64_MAX: modified meanwhile */
        uint64_t length; /* read, write, readdir */
        uint64_t size;   /* file size */
        uint64_t position;
        uint64_t words[6];
    };
};

_Static_assert(sizeof(struct fs_command) == 64, "a command is one cache line");
_Static_assert(sizeof(struct fs_completion) == 64, "a completion is one cache line");

#endif

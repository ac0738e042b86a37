/* python/fs_operation.h: the awaitable of module fs_async, and the objects that it works on. */
#ifndef PYTHON_FS_OPERATION_H
#define PYTHON_FS_OPERATION_H

#include "py/obj.h"
#include "python/files.h"

struct async_file {
    mp_obj_base_t base;
    bool open;
    bool appends; /* write() begins where the file ends then */
    uint64_t fd;
    uint64_t position;
    struct fs_stat stat;
};

/* A directory that is read. */
enum listing_state { LISTING_NEW, LISTING_OPEN, LISTING_ENDED, LISTING_BROKEN };

struct async_listing {
    mp_obj_base_t base;
    uint8_t state; /* enum listing_state */
    bool busy;     /* an operation reads it */
    bool is_text;  /* names as str */
    mp_obj_t path;
    mp_obj_t given;   /* the next await's result; MP_OBJ_NULL: there is none */
    uint64_t fd;      /* LISTING_OPEN */
    uint8_t *records; /* LISTING_BYTES, in the heap */
    size_t at, count;
};
#define LISTING_BYTES 8192

/* LIST: all names of a directory; NEXT: the next entry of one, once its buffer is empty. */
enum operation_kind { OPEN, STAT, VERSION, READ, READ_INTO, WRITE, CLOSE, LIST, NEXT, PATH, TWO_PATHS };

struct operation {
    mp_obj_base_t base;
    uint8_t kind;         /* enum operation_kind */
    bool moves;           /* the file's position moves */
    bool at_end;          /* OPEN: the file is to append; WRITE: where it ends has to be asked first */
    bool ended;           /* the result was given; nothing is held any more */
    bool must_close;      /* CLOSE: the command has not been issued */
    uint32_t type;        /* PATH, TWO_PATHS: enum fs_command_type; OPEN: flags */
    struct file_job *job; /* the command under way */
    struct async_file *file;
    struct async_listing *listing;
    mp_obj_t path, other; /* strings */
    mp_obj_t buffer;      /* READ_INTO, WRITE: the program's */
    vstr_t data;          /* READ: what has come so far */
    uint64_t fd;          /* CLOSE */
    uint64_t position;
    size_t wanted, got;
    mp_obj_t list;
};

extern const mp_obj_type_t async_file_type; /* modfs_async.c */

/* OSError(ENODEV) where there are no files. */
struct operation *fs_operation_new(enum operation_kind kind);

/* Entries that have been fetched: the next one's tuple, or MP_OBJ_NULL. */
mp_obj_t fs_listing_take(struct async_listing *listing);

/* From the worker or a finaliser; again: nothing. */
void fs_listing_close(struct async_listing *listing, enum listing_state state);

#endif

/* vfs_files.c: the file service as a MicroPython file system: open(), os, and import.
 * Waits inside, as Python's own do. Paths are str or bytes; a name that is no UTF-8 is listed as bytes. */
#include "lib/pd.h"

#include <string.h>
#include "python/files.h"
#include "python/port.h"
#include "python/vfs_files.h"

#include "extmod/vfs.h"
#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "py/unicode.h"

#define READ_AHEAD 8192 /* bytes that a small read fetches */
#define MODE_DIRECTORY 0x4000
#define MODE_TYPE 0xf000

struct vfs_files {
    mp_obj_base_t base;
    char cwd[FS_PATH_MAX + 1]; /* absolute, without a slash at its end unless it is the root */
};

static const mp_obj_type_t vfs_files_type;

struct file_job *files_job(void)
{
    struct file_job *job;
    while (!(job = file_job_get())) {
        mp_handle_pending(true);
        port_wait(PORT_FOREVER);
    }
    return job;
}

/* Waits and lets go of the job. */
static int finish(struct file_job *job, int issue_error)
{
    int error = issue_error ? issue_error : file_job_wait(job);
    file_job_put(job);
    return error;
}

static void raise_if(int error)
{
    if (error) {
        mp_raise_OSError(error);
    }
}

/* Paths */

/* `path` made absolute in `whole`, with "." and ".." resolved: ".." at the root stays there. */
static int resolve(const struct vfs_files *vfs, const char *path, char *whole)
{
    size_t length = 0;
    if (path[0] != '/' && vfs->cwd[1] != 0) {
        length = strlen(vfs->cwd);
        memcpy(whole, vfs->cwd, length);
    }
    while (*path) {
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            while (length > 0 && whole[--length] != '/') {
            }
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (length + 1 + part > FS_PATH_MAX) {
                return 36; /* ENAMETOOLONG */
            }
            whole[length++] = '/';
            memcpy(whole + length, path, part);
            length += part;
        }
        path += part + (path[part] == '/');
    }
    if (length == 0) {
        whole[length++] = '/';
    }
    whole[length] = 0;
    return 0;
}

static void resolve_or_raise(mp_obj_t self_in, mp_obj_t path_in, char *whole)
{
    raise_if(resolve(MP_OBJ_TO_PTR(self_in), mp_obj_str_get_str(path_in), whole));
}

/* Attributes */

mp_obj_t files_stat_tuple(const struct fs_stat *stat)
{
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(10, NULL));
    tuple->items[0] = MP_OBJ_NEW_SMALL_INT(stat->mode);
    tuple->items[1] = mp_obj_new_int_from_ull(stat->inode);
    tuple->items[2] = MP_OBJ_NEW_SMALL_INT(0);
    tuple->items[3] = MP_OBJ_NEW_SMALL_INT(stat->links);
    tuple->items[4] = MP_OBJ_NEW_SMALL_INT(stat->uid);
    tuple->items[5] = MP_OBJ_NEW_SMALL_INT(stat->gid);
    tuple->items[6] = mp_obj_new_int_from_ull(stat->size);
    tuple->items[7] = mp_obj_new_int_from_ull(stat->atime_ns / 1000000000);
    tuple->items[8] = mp_obj_new_int_from_ull(stat->mtime_ns / 1000000000);
    tuple->items[9] = mp_obj_new_int_from_ull(stat->ctime_ns / 1000000000);
    return MP_OBJ_FROM_PTR(tuple);
}

mp_obj_t files_name(const char *name, size_t length, bool is_text)
{
    return is_text && utf8_check((const byte *)name, length) ? mp_obj_new_str(name, length)
                                                             : mp_obj_new_bytes((const byte *)name, length);
}

mp_obj_t files_entry_tuple(const struct file_entry *entry, bool is_text)
{
    mp_obj_t items[3] = {
        files_name(entry->name, entry->length, is_text),
        MP_OBJ_NEW_SMALL_INT(entry->mode & MODE_TYPE),
        MP_OBJ_NEW_SMALL_INT(0),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}

static int get_attributes(const char *path, struct fs_stat *stat)
{
    struct file_job *job = files_job();
    int error = file_job_path(job, FS_STAT, path, 0);
    if (!error) {
        error = file_job_wait(job);
        *stat = *file_job_attributes(job);
    }
    file_job_put(job);
    return error;
}

/* "There is none" is said only where that is known: while the server is away a module is not missing. */
static mp_import_stat_t vfs_import_stat(void *self_in, const char *path)
{
    char whole[FS_PATH_MAX + 1];
    struct fs_stat stat;
    int error = resolve(self_in, path, whole);
    if (!error) {
        error = get_attributes(whole, &stat);
    }
    if (error == MP_EHOSTUNREACH || error == MP_EIO || error == MP_ENODEV) {
        mp_raise_OSError(error);
    }
    if (error) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    return (stat.mode & MODE_TYPE) == MODE_DIRECTORY ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE;
}

/* Open files */

struct file {
    mp_obj_base_t base;
    bool open, writes, appends;
    bool ended; /* the last command read up to the file's end */
    uint64_t fd;
    uint64_t position; /* of the next byte that Python reads or writes */
    uint64_t size;     /* as last heard of */
    uint8_t *ahead;    /* bytes of the file from ahead_at on */
    uint64_t ahead_at;
    size_t ahead_count;
};

static mp_uint_t failed(int *error_out, int error)
{
    *error_out = error;
    return MP_STREAM_ERROR;
}

/* Bytes at `position` by one command, FILE_DATA_MAX of them at most. Fewer than were asked for only at the file's end:
 * so says fs/proto.h. */
static mp_uint_t read_once(struct file *file, uint64_t position, void *buffer, size_t size, int *error_out)
{
    size_t most = size < FILE_DATA_MAX ? size : FILE_DATA_MAX;
    struct file_job *job = files_job();
    file_job_fd(job, FS_READ, file->fd, position, most);
    int error = file_job_wait(job);
    size_t count = error ? 0 : file_job_result(job)->length;
    count = count < most ? count : most;
    memcpy(buffer, file_job_data(job), count);
    file_job_put(job);
    file->ended = count < most;
    return error ? failed(error_out, error) : count;
}

static bool is_ahead(const struct file *file)
{
    return file->position >= file->ahead_at && file->position < file->ahead_at + file->ahead_count;
}

static mp_uint_t read_ahead(struct file *file, int *error)
{
    if (!file->ahead) {
        file->ahead = m_new(uint8_t, READ_AHEAD);
    }
    file->ahead_count = 0;
    mp_uint_t count = read_once(file, file->position, file->ahead, READ_AHEAD, error);
    if (count != MP_STREAM_ERROR) {
        file->ahead_at = file->position;
        file->ahead_count = count;
    }
    return count;
}

/* What was read ahead, else what one command gives. 0 only at the file's end. */
static mp_uint_t read_some(struct file *file, void *buffer, size_t size, int *error)
{
    if (!is_ahead(file) && size >= READ_AHEAD) {
        return read_once(file, file->position, buffer, size, error);
    }
    mp_uint_t there = is_ahead(file) ? 1 : read_ahead(file, error);
    if (there == 0 || there == MP_STREAM_ERROR) {
        return there;
    }
    size_t offset = file->position - file->ahead_at;
    size_t count = file->ahead_count - offset < size ? file->ahead_count - offset : size;
    memcpy(buffer, file->ahead + offset, count);
    return count;
}

/* The stream protocol's read: `size` bytes, fewer only where the file ends. After an error the position is where it
 * was: nothing is lost. MicroPython's own readers differ in what they make of a short read, so there is none. */
static mp_uint_t file_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *error)
{
    struct file *file = MP_OBJ_TO_PTR(self_in);
    uint64_t start = file->position;
    if (!file->open) {
        return failed(error, MP_EBADF);
    }
    file->ended = false;
    while (file->position - start < size) {
        size_t done = file->position - start;
        mp_uint_t count = read_some(file, (uint8_t *)buffer + done, size - done, error);
        if (count == MP_STREAM_ERROR) {
            file->position = start;
            return count;
        }
        file->position += count;
        if (count == 0 || (file->ended && !is_ahead(file))) {
            break;
        }
    }
    return file->position - start;
}

/* Bytes that one command has written, one at least. */
static mp_uint_t write_once(struct file *file, const void *data, size_t size, int *error_out)
{
    size_t most = size < FILE_DATA_MAX ? size : FILE_DATA_MAX;
    struct file_job *job = files_job();
    memcpy(file_job_data(job), data, most);
    file_job_fd(job, FS_WRITE, file->fd, file->position, most);
    int error = file_job_wait(job);
    size_t count = error ? 0 : file_job_result(job)->length;
    file_job_put(job);
    count = count < most ? count : most;
    if (!error && count == 0) {
        error = MP_EIO; /* an answer that is neither progress nor a reason */
    }
    return error ? failed(error_out, error) : count;
}

/* The stream protocol's write: all of `size` bytes, or an error; the position is then behind what has been written. */
static mp_uint_t file_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *error)
{
    struct file *file = MP_OBJ_TO_PTR(self_in);
    if (!file->open || !file->writes) {
        return failed(error, MP_EBADF);
    }
    file->ahead_count = 0;
    file->position = file->appends ? file->size : file->position;
    for (size_t done = 0; done < size;) {
        mp_uint_t count = write_once(file, (const uint8_t *)data + done, size - done, error);
        if (count == MP_STREAM_ERROR) {
            return count;
        }
        done += count;
        file->position += count;
        file->size = file->position > file->size ? file->position : file->size;
    }
    return size;
}

static mp_uint_t file_seek(struct file *file, struct mp_stream_seek_t *seek, int *error_out)
{
    int64_t from = 0;
    if (seek->whence == MP_SEEK_CUR) {
        from = (int64_t)file->position;
    } else if (seek->whence == MP_SEEK_END) {
        struct file_job *job = files_job();
        file_job_fd(job, FS_FILE_SIZE, file->fd, 0, 0);
        int error = file_job_wait(job);
        from = error ? 0 : (int64_t)file_job_result(job)->size;
        file_job_put(job);
        if (error) {
            return failed(error_out, error);
        }
    }
    if (__builtin_add_overflow(from, seek->offset, &from) || from < 0) {
        return failed(error_out, MP_EINVAL);
    }
    file->position = (uint64_t)from;
    seek->offset = (mp_off_t)file->position;
    return 0;
}

static mp_uint_t file_command(struct file *file, enum fs_command_type type, int *error_out)
{
    struct file_job *job = files_job();
    int error = finish(job, file_job_fd(job, type, file->fd, 0, 0));
    return error ? failed(error_out, error) : 0;
}

static mp_uint_t file_close(struct file *file, int *error_out)
{
    if (!file->open) {
        return 0;
    }
    file->open = false;
    if (file->writes) {
        return file_command(file, FS_CLOSE, error_out); /* the server may have something to say */
    }
    files_close_later(file->fd, false);
    return 0;
}

static mp_uint_t file_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int *error)
{
    struct file *file = MP_OBJ_TO_PTR(self_in);
    if (!file->open && request != MP_STREAM_CLOSE) {
        return failed(error, MP_EBADF);
    }
    switch (request) {
    case MP_STREAM_SEEK:
        return file_seek(file, (struct mp_stream_seek_t *)argument, error);
    case MP_STREAM_FLUSH:
        return file->writes ? file_command(file, FS_SYNC, error) : 0;
    case MP_STREAM_CLOSE:
        return file_close(file, error);
    case MP_STREAM_POLL:
        return argument & (MP_STREAM_POLL_RD | MP_STREAM_POLL_WR);
    case MP_STREAM_GET_BUFFER_SIZE:
        return READ_AHEAD;
    default:
        return failed(error, MP_EINVAL);
    }
}

/* The finaliser does not wait. */
static mp_obj_t file_del(mp_obj_t self_in)
{
    struct file *file = MP_OBJ_TO_PTR(self_in);
    if (file->open) {
        file->open = false;
        files_close_later(file->fd, false);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_del_obj, file_del);

/* readline from what was read ahead, by whole pieces. */
static mp_obj_t file_readline(size_t n_args, const mp_obj_t *args)
{
    struct file *file = MP_OBJ_TO_PTR(args[0]);
    mp_int_t limit = n_args > 1 ? mp_obj_get_int(args[1]) : -1;
    vstr_t line;
    vstr_init(&line, 0);
    while (limit < 0 || (mp_int_t)line.len < limit) {
        char first;
        int error = 0;
        mp_uint_t count = file_read(args[0], &first, 1, &error); /* fills the buffer when it is empty */
        if (count == MP_STREAM_ERROR) {
            mp_raise_OSError(error);
        }
        if (count == 0) {
            break;
        }
        const uint8_t *from = file->ahead + (file->position - file->ahead_at) - 1;
        size_t there = file->ahead_at + file->ahead_count - (file->position - 1);
        const uint8_t *end = memchr(from, '\n', there);
        size_t length = end ? (size_t)(end - from) + 1 : there;
        if (limit >= 0 && length > (size_t)limit - line.len) {
            length = (size_t)limit - line.len;
        }
        vstr_add_strn(&line, (const char *)from, length);
        file->position += length - 1;
        if (line.buf[line.len - 1] == '\n') {
            break;
        }
    }
    const mp_stream_p_t *stream = mp_get_stream(args[0]);
    return stream->is_text ? mp_obj_new_str_from_vstr(&line) : mp_obj_new_bytes_from_vstr(&line);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_readline_obj, 1, 2, file_readline);

static mp_obj_t file_iternext(mp_obj_t self_in)
{
    mp_obj_t line = file_readline(1, &self_in);
    return mp_obj_is_true(line) ? line : MP_OBJ_STOP_ITERATION;
}

static void file_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind)
{
    mp_printf(print, "<io.%s %p>", mp_obj_get_type_str(self_in), MP_OBJ_TO_PTR(self_in));
}

static const mp_rom_map_elem_t file_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&file_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_readlines), MP_ROM_PTR(&mp_stream_unbuffered_readlines_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_flush), MP_ROM_PTR(&mp_stream_flush_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&mp_stream_seek_obj)},
    {MP_ROM_QSTR(MP_QSTR_tell), MP_ROM_PTR(&mp_stream_tell_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&file_del_obj)},
};
static MP_DEFINE_CONST_DICT(file_attributes, file_attributes_table);

static const mp_stream_p_t binary_stream = {.read = file_read, .write = file_write, .ioctl = file_ioctl};
static const mp_stream_p_t text_stream = {.read = file_read, .write = file_write, .ioctl = file_ioctl, .is_text = true};

static MP_DEFINE_CONST_OBJ_TYPE(binary_type, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, file_iternext, print,
    file_print, protocol, &binary_stream, locals_dict, &file_attributes);
static MP_DEFINE_CONST_OBJ_TYPE(text_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, file_iternext,
    print, file_print, protocol, &text_stream, locals_dict, &file_attributes);

/* "r", "w", "a", "x" with "+", "b", "t": flags of the protocol, and whether text. */
static uint32_t parse_mode(const char *mode, bool *text, bool *appends)
{
    uint32_t flags = 0;
    *text = true;
    *appends = false;
    for (; *mode; mode++) {
        switch (*mode) {
        case 'r': flags |= FS_OPEN_READ; break;
        case 'w': flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE; break;
        case 'a': flags |= FS_OPEN_WRITE | FS_OPEN_CREATE; *appends = true; break;
        case 'x': flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_EXCLUSIVE; break;
        case '+': flags |= FS_OPEN_READ | FS_OPEN_WRITE; break;
        case 'b': *text = false; break;
        case 't': *text = true; break;
        default: mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
        }
    }
    return flags ? flags : FS_OPEN_READ;
}

static mp_obj_t vfs_open(mp_obj_t self_in, mp_obj_t path_in, mp_obj_t mode_in)
{
    bool text, appends;
    uint32_t flags = parse_mode(mp_obj_str_get_str(mode_in), &text, &appends);
    char whole[FS_PATH_MAX + 1];
    resolve_or_raise(self_in, path_in, whole);
    struct file *file = mp_obj_malloc_with_finaliser(struct file, text ? &text_type : &binary_type);
    *file = (struct file){.base = file->base, .writes = flags & FS_OPEN_WRITE, .appends = appends};
    struct file_job *job = files_job();
    int error = file_job_path(job, FS_OPEN, whole, flags);
    if (!error) {
        error = file_job_wait(job);
        file->open = error == 0;
        file->fd = file_job_result(job)->open.fd;
        file->size = file_job_result(job)->open.size;
    }
    file_job_put(job);
    raise_if(error);
    return MP_OBJ_FROM_PTR(file);
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_open_obj, vfs_open);

/* Directories */

struct listing {
    mp_obj_base_t base;
    mp_fun_1_t iternext;
    mp_fun_1_t finaliser;
    bool is_text, open;
    uint64_t fd;
    uint8_t *entries; /* of READ_AHEAD bytes */
    size_t at, count;
};

static mp_obj_t listing_close(mp_obj_t self_in)
{
    struct listing *listing = MP_OBJ_TO_PTR(self_in);
    if (listing->open) {
        listing->open = false;
        files_close_later(listing->fd, true);
    }
    return mp_const_none;
}

/* False at the end. */
static bool listing_more(struct listing *listing)
{
    if (!listing->open) {
        return false;
    }
    struct file_job *job = files_job();
    file_job_fd(job, FS_READDIR, listing->fd, 0, READ_AHEAD);
    int error = file_job_wait(job);
    size_t count = error ? 0 : file_job_result(job)->length;
    listing->at = 0;
    listing->count = count < READ_AHEAD ? count : READ_AHEAD;
    memcpy(listing->entries, file_job_data(job), listing->count);
    file_job_put(job);
    if (error || count == 0) {
        listing_close(MP_OBJ_FROM_PTR(listing));
    }
    raise_if(error);
    return count > 0;
}

static mp_obj_t listing_iternext(mp_obj_t self_in)
{
    struct listing *listing = MP_OBJ_TO_PTR(self_in);
    struct file_entry entry;
    if (listing->at >= listing->count && !listing_more(listing)) {
        return MP_OBJ_STOP_ITERATION;
    }
    if (!files_take_entry(listing->entries, listing->count, &listing->at, &entry)) {
        listing_close(self_in);
        mp_raise_OSError(MP_EIO);
    }
    return files_entry_tuple(&entry, listing->is_text);
}

static mp_obj_t vfs_ilistdir(mp_obj_t self_in, mp_obj_t path_in)
{
    char whole[FS_PATH_MAX + 1];
    resolve_or_raise(self_in, path_in, whole);
    struct listing *listing = mp_obj_malloc_with_finaliser(struct listing, &mp_type_polymorph_iter_with_finaliser);
    *listing = (struct listing){.base = listing->base, .iternext = listing_iternext, .finaliser = listing_close};
    listing->is_text = mp_obj_is_str(path_in);
    listing->entries = m_new(uint8_t, READ_AHEAD);
    struct file_job *job = files_job();
    int error = file_job_path(job, FS_OPENDIR, whole, 0);
    if (!error) {
        error = file_job_wait(job);
        listing->open = error == 0;
        listing->fd = file_job_result(job)->open.fd;
    }
    file_job_put(job);
    raise_if(error);
    return MP_OBJ_FROM_PTR(listing);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_ilistdir_obj, vfs_ilistdir);

/* The other operations of module os */

static mp_obj_t path_command(mp_obj_t self_in, mp_obj_t path_in, enum fs_command_type type)
{
    char whole[FS_PATH_MAX + 1];
    resolve_or_raise(self_in, path_in, whole);
    struct file_job *job = files_job();
    raise_if(finish(job, file_job_path(job, type, whole, 0)));
    return mp_const_none;
}

static mp_obj_t vfs_mkdir(mp_obj_t self_in, mp_obj_t path_in)
{
    return path_command(self_in, path_in, FS_MKDIR);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_mkdir_obj, vfs_mkdir);

static mp_obj_t vfs_rmdir(mp_obj_t self_in, mp_obj_t path_in)
{
    return path_command(self_in, path_in, FS_RMDIR);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_rmdir_obj, vfs_rmdir);

static mp_obj_t vfs_remove(mp_obj_t self_in, mp_obj_t path_in)
{
    return path_command(self_in, path_in, FS_REMOVE);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_remove_obj, vfs_remove);

static mp_obj_t vfs_rename(mp_obj_t self_in, mp_obj_t from_in, mp_obj_t to_in)
{
    char from[FS_PATH_MAX + 1], to[FS_PATH_MAX + 1];
    resolve_or_raise(self_in, from_in, from);
    resolve_or_raise(self_in, to_in, to);
    struct file_job *job = files_job();
    raise_if(finish(job, file_job_two_paths(job, FS_RENAME, from, to)));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_rename_obj, vfs_rename);

static mp_obj_t vfs_stat(mp_obj_t self_in, mp_obj_t path_in)
{
    char whole[FS_PATH_MAX + 1];
    struct fs_stat stat;
    resolve_or_raise(self_in, path_in, whole);
    raise_if(get_attributes(whole, &stat));
    return files_stat_tuple(&stat);
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_stat_obj, vfs_stat);

static mp_obj_t vfs_chdir(mp_obj_t self_in, mp_obj_t path_in)
{
    struct vfs_files *vfs = MP_OBJ_TO_PTR(self_in);
    char whole[FS_PATH_MAX + 1];
    struct fs_stat stat;
    resolve_or_raise(self_in, path_in, whole);
    if (whole[1] != 0) { /* the root is there, also before the server answers */
        raise_if(get_attributes(whole, &stat));
        raise_if((stat.mode & MODE_TYPE) == MODE_DIRECTORY ? 0 : MP_ENOTDIR);
    }
    strcpy(vfs->cwd, whole);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(vfs_chdir_obj, vfs_chdir);

static mp_obj_t vfs_getcwd(mp_obj_t self_in)
{
    struct vfs_files *vfs = MP_OBJ_TO_PTR(self_in);
    return files_name(vfs->cwd, strlen(vfs->cwd), true);
}
static MP_DEFINE_CONST_FUN_OBJ_1(vfs_getcwd_obj, vfs_getcwd);

static mp_obj_t vfs_mount(mp_obj_t self_in, mp_obj_t readonly, mp_obj_t mkfs)
{
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_mount_obj, vfs_mount);

static const mp_rom_map_elem_t vfs_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&vfs_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_umount), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&vfs_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_chdir), MP_ROM_PTR(&vfs_chdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_getcwd), MP_ROM_PTR(&vfs_getcwd_obj)},
    {MP_ROM_QSTR(MP_QSTR_ilistdir), MP_ROM_PTR(&vfs_ilistdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_mkdir), MP_ROM_PTR(&vfs_mkdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&vfs_remove_obj)},
    {MP_ROM_QSTR(MP_QSTR_rename), MP_ROM_PTR(&vfs_rename_obj)},
    {MP_ROM_QSTR(MP_QSTR_rmdir), MP_ROM_PTR(&vfs_rmdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_stat), MP_ROM_PTR(&vfs_stat_obj)},
};
static MP_DEFINE_CONST_DICT(vfs_attributes, vfs_attributes_table);

static const mp_vfs_proto_t vfs_protocol = {.import_stat = vfs_import_stat};

static MP_DEFINE_CONST_OBJ_TYPE(vfs_files_type, MP_QSTR_VfsFiles, MP_TYPE_FLAG_NONE, protocol, &vfs_protocol,
    locals_dict, &vfs_attributes);

void vfs_files_mount(void)
{
    struct vfs_files *vfs = mp_obj_malloc(struct vfs_files, &vfs_files_type);
    strcpy(vfs->cwd, "/");
    mp_obj_t args[2] = {MP_OBJ_FROM_PTR(vfs), MP_OBJ_NEW_QSTR(MP_QSTR__slash_)};
    mp_vfs_mount(2, args, (mp_map_t *)&mp_const_empty_map);
    mp_vfs_chdir(MP_OBJ_NEW_QSTR(MP_QSTR__slash_));
}

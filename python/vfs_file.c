/* vfs_file.c: a file as open() gives it: MicroPython's stream protocol over the file service.
 *   issues    one command at a time, and waits for it
 *   invariant a read is short only at the file's end, a write never; an error of a read moves nothing, one of a write
 *             leaves the position where it is known to have come. MicroPython's own readers differ in what they make of
 *             a short read
 *   invariant what was read ahead is what the file held then; a write of this file's drops it
 *   when full (all jobs in use) it waits for one
 */
#include "lib/pd.h"

#include <string.h>
#include "python/files.h"
#include "python/vfs_files.h"

#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define READ_AHEAD 8192 /* bytes that a small read fetches */

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
 * was: nothing is lost. */
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
    file_job_fd(job, type, file->fd, 0, 0);
    int error = file_job_wait(job);
    file_job_put(job);
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
    case MP_STREAM_SEEK: return file_seek(file, (struct mp_stream_seek_t *)argument, error);
    case MP_STREAM_FLUSH: return file->writes ? file_command(file, FS_SYNC, error) : 0;
    case MP_STREAM_CLOSE: return file_close(file, error);
    case MP_STREAM_POLL: return argument & (MP_STREAM_POLL_RD | MP_STREAM_POLL_WR);
    case MP_STREAM_GET_BUFFER_SIZE: return READ_AHEAD;
    default: return failed(error, MP_EINVAL);
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

struct file_mode vfs_file_mode(const char *text)
{
    struct file_mode mode = {.is_text = true};
    uint32_t kinds = 0;
    for (; *text; text++) {
        kinds += strchr("rwax", *text) != NULL;
        switch (*text) {
        case 'r': mode.flags |= FS_OPEN_READ; break;
        case 'w': mode.flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE; break;
        case 'a':
            mode.flags |= FS_OPEN_WRITE | FS_OPEN_CREATE;
            mode.appends = true;
            break;
        case 'x': mode.flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_EXCLUSIVE; break;
        case '+': mode.flags |= FS_OPEN_READ | FS_OPEN_WRITE; break;
        case 'b': mode.is_text = false; break;
        case 't': mode.is_text = true; break;
        default: mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
        }
    }
    if (kinds > 1) { /* "rw" would empty the file that somebody wants to read */
        mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
    }
    mode.flags = mode.flags ? mode.flags : FS_OPEN_READ;
    return mode;
}

mp_obj_t vfs_file_open(const char *path, const char *mode_text)
{
    struct file_mode mode = vfs_file_mode(mode_text);
    struct file *file = mp_obj_malloc_with_finaliser(struct file, mode.is_text ? &text_type : &binary_type);
    *file = (struct file){.base = file->base, .writes = mode.flags & FS_OPEN_WRITE, .appends = mode.appends};
    struct file_job *job = files_job();
    int error = file_job_path(job, FS_OPEN, path, mode.flags);
    if (!error) {
        error = file_job_wait(job);
        file->open = error == 0;
        file->fd = file_job_result(job)->open.fd;
        file->size = file_job_result(job)->open.size;
    }
    file_job_put(job);
    if (error) {
        mp_raise_OSError(error);
    }
    return MP_OBJ_FROM_PTR(file);
}

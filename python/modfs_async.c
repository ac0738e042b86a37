/* modfs_async.c: module `fs_async`: files with async and await, for asyncio.
 *
 *     f = await fs_async.open(path)      a file; modes as open()'s, "r" by default; always bytes
 *     await f.read(n)                    up to n bytes from the position on (fewer only at the end), and moves it
 *     await f.pread(n, offset)           the same from `offset`, moving nothing
 *     await f.readinto(buffer)           bytes read, from the position on
 *     await f.write(data), f.pwrite(data, offset)    bytes written
 *     await f.close()
 *     f.stat()                           at once, without await: os.stat's tuple as of when the file was opened
 *     await fs_async.stat(path)          os.stat's tuple
 *     await fs_async.listdir(path)       a list of names
 *     await fs_async.mkdir, rmdir, remove (path), rename(path, path)
 *
 * Each of these gives an awaitable, a `struct operation`: it issues one command at a time, hands itself to asyncio's
 * poller as a stream that is readable when the command is done, and goes on when asyncio resumes it. The completion
 * only sets a bit. What is cancelled while the server works is dropped; a file opened meanwhile is closed again.
 */
#include "lib/pd.h"

#include <string.h>
#include "python/asyncio_wait.h"
#include "python/files.h"
#include "python/port.h"
#include "python/vfs_files.h"

#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define NAMES_MAX FILE_DATA_MAX /* bytes of directory entries per command */

struct async_file {
    mp_obj_base_t base;
    bool open;
    uint64_t fd;
    uint64_t position;
    struct fs_stat stat;
};

enum operation_kind { OPEN, STAT, READ, READ_INTO, WRITE, CLOSE, LIST, PATH, TWO_PATHS };

struct operation {
    mp_obj_base_t base;
    uint8_t kind;    /* enum operation_kind */
    bool moves;      /* the file's position moves */
    bool ended;      /* the result was given */
    bool listing;    /* LIST: fd is an open directory */
    uint32_t type;   /* PATH, TWO_PATHS: enum fs_command_type; OPEN: flags */
    struct file_job *job; /* the command under way */
    struct async_file *file;
    mp_obj_t path, other; /* strings; of READ_INTO and WRITE: the buffer */
    vstr_t data;     /* READ: what has come so far */
    uint64_t fd;     /* LIST */
    uint64_t position;
    size_t wanted, got;
    mp_obj_t list;
};

static const mp_obj_type_t operation_type;
static const mp_obj_type_t async_file_type;

/* asyncio */

static mp_uint_t operation_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int *error)
{
    struct operation *operation = MP_OBJ_TO_PTR(self_in);
    if (request != MP_STREAM_POLL) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    bool ready = operation->job ? file_job_done(operation->job) : file_jobs_left();
    return ready ? argument & MP_STREAM_POLL_RD : 0;
}

/* Issuing: 0, or an errno. */

static int issue_path(struct operation *operation, uint32_t type, uint32_t flags)
{
    return file_job_path(operation->job, type, mp_obj_str_get_str(operation->path), flags);
}

static size_t next_size(const struct operation *operation)
{
    size_t left = operation->wanted - operation->got;
    return left < FILE_DATA_MAX ? left : FILE_DATA_MAX;
}

static int issue_write(struct operation *operation)
{
    mp_buffer_info_t data;
    mp_get_buffer_raise(operation->path, &data, MP_BUFFER_READ);
    operation->wanted = data.len;
    size_t size = data.len - operation->got < FILE_DATA_MAX ? data.len - operation->got : FILE_DATA_MAX;
    memcpy(file_job_data(operation->job), (const char *)data.buf + operation->got, size);
    return file_job_fd(operation->job, FS_WRITE, operation->file->fd, operation->position + operation->got, size);
}

static int issue(struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPEN:
        return issue_path(operation, FS_OPEN, operation->type);
    case STAT:
        return issue_path(operation, FS_STAT, 0);
    case PATH:
        return issue_path(operation, operation->type, 0);
    case TWO_PATHS:
        return file_job_two_paths(operation->job, operation->type, mp_obj_str_get_str(operation->path),
            mp_obj_str_get_str(operation->other));
    case READ:
    case READ_INTO:
        return file_job_fd(operation->job, FS_READ, operation->file->fd, operation->position + operation->got,
            next_size(operation));
    case WRITE:
        return issue_write(operation);
    case CLOSE:
        return file_job_fd(operation->job, FS_CLOSE, operation->fd, 0, 0);
    case LIST:
        if (operation->listing) {
            return file_job_fd(operation->job, FS_READDIR, operation->fd, 0, NAMES_MAX);
        }
        return issue_path(operation, FS_OPENDIR, 0);
    }
    return MP_EINVAL;
}

static void let_go(struct operation *operation)
{
    if (operation->job) {
        file_job_put(operation->job);
        operation->job = NULL;
    }
}

/* Taking results. MP_OBJ_NULL: not finished, issue again. */

static mp_obj_t take_open(struct operation *operation)
{
    struct async_file *file = mp_obj_malloc_with_finaliser(struct async_file, &async_file_type);
    file->open = true;
    file->fd = file_job_result(operation->job)->open.fd;
    file->position = 0;
    file->stat = *file_job_attributes(operation->job);
    return MP_OBJ_FROM_PTR(file);
}

static size_t count_taken(struct operation *operation)
{
    size_t asked = next_size(operation);
    size_t count = file_job_result(operation->job)->length;
    return count < asked ? count : asked;
}

static bool finished(struct operation *operation, size_t count)
{
    bool last = count < next_size(operation) || operation->got + count == operation->wanted;
    operation->got += count;
    if (last && operation->moves) {
        operation->file->position = operation->position + operation->got;
    }
    return last;
}

/* The first piece is the whole in most cases: then the bytes object is made of it directly. */
static mp_obj_t take_read(struct operation *operation)
{
    const char *data = file_job_data(operation->job);
    size_t count = count_taken(operation);
    bool first = operation->got == 0;
    bool last = finished(operation, count);
    if (first && last) {
        return mp_obj_new_bytes((const byte *)data, count);
    }
    if (first) {
        vstr_init(&operation->data, operation->wanted);
    }
    vstr_add_strn(&operation->data, data, count);
    return last ? mp_obj_new_bytes_from_vstr(&operation->data) : MP_OBJ_NULL;
}

static mp_obj_t take_read_into(struct operation *operation)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(operation->path, &buffer, MP_BUFFER_WRITE);
    size_t count = count_taken(operation);
    if (operation->got + count > buffer.len) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer has shrunk"));
    }
    memcpy((char *)buffer.buf + operation->got, file_job_data(operation->job), count);
    return finished(operation, count) ? mp_obj_new_int_from_uint(operation->got) : MP_OBJ_NULL;
}

static mp_obj_t take_write(struct operation *operation)
{
    return finished(operation, count_taken(operation)) ? mp_obj_new_int_from_uint(operation->got) : MP_OBJ_NULL;
}

static void append_names(struct operation *operation, const char *records, size_t count)
{
    for (size_t at = 0; at < count;) {
        const struct fs_dirent *entry = (const struct fs_dirent *)(records + at);
        size_t left = count - at;
        if (left < sizeof(*entry) || entry->record_length > left || entry->record_length % 8 != 0 ||
            sizeof(*entry) + entry->name_length > entry->record_length) {
            mp_raise_OSError(MP_EIO);
        }
        mp_obj_list_append(operation->list, mp_obj_new_str(entry->name, entry->name_length));
        at += entry->record_length;
    }
}

static mp_obj_t take_list(struct operation *operation)
{
    const struct fs_completion *result = file_job_result(operation->job);
    if (!operation->listing) {
        operation->listing = true;
        operation->fd = result->open.fd;
        operation->list = mp_obj_new_list(0, NULL);
        return MP_OBJ_NULL;
    }
    size_t count = result->length < NAMES_MAX ? result->length : NAMES_MAX;
    append_names(operation, file_job_data(operation->job), count);
    if (count > 0) {
        return MP_OBJ_NULL;
    }
    operation->listing = false;
    files_close_later(operation->fd, true);
    return operation->list;
}

static mp_obj_t take(struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPEN: return take_open(operation);
    case STAT: return files_stat_tuple(file_job_attributes(operation->job));
    case READ: return take_read(operation);
    case READ_INTO: return take_read_into(operation);
    case WRITE: return take_write(operation);
    case LIST: return take_list(operation);
    case CLOSE:
    case PATH:
    case TWO_PATHS: return mp_const_none;
    }
    return mp_const_none;
}

/* The awaitable */

static mp_obj_t give(struct operation *operation, mp_obj_t result)
{
    operation->ended = true;
    return mp_make_stop_iteration(result);
}

/* The command under way is done: its result, or MP_OBJ_NULL when there is more to do. Raises its error. */
static mp_obj_t complete(struct operation *operation)
{
    int error = file_job_error(operation->job);
    mp_obj_t result = error ? MP_OBJ_NULL : take(operation);
    let_go(operation);
    if (error) {
        operation->ended = true;
        mp_raise_OSError(error);
    }
    return result;
}

/* asyncio's send(None): go as far as possible without waiting. */
static mp_obj_t operation_iternext(mp_obj_t self_in)
{
    struct operation *operation = MP_OBJ_TO_PTR(self_in);
    if (operation->ended) {
        return MP_OBJ_STOP_ITERATION;
    }
    if (operation->job && file_job_done(operation->job)) {
        mp_obj_t result = complete(operation);
        if (result != MP_OBJ_NULL) {
            return give(operation, result);
        }
    }
    if (!operation->job && (operation->job = file_job_get()) != NULL) {
        int error = issue(operation);
        if (error) {
            let_go(operation);
            operation->ended = true;
            mp_raise_OSError(error);
        }
    }
    asyncio_wait(MP_OBJ_FROM_PTR(operation), MP_QSTR_queue_read);
    return mp_const_none;
}

static mp_obj_t operation_send(mp_obj_t self_in, mp_obj_t value)
{
    mp_obj_t result = operation_iternext(self_in);
    if (result == MP_OBJ_STOP_ITERATION) {
        mp_obj_t given = MP_STATE_THREAD(stop_iteration_arg);
        nlr_raise(given == MP_OBJ_NULL ? mp_obj_new_exception(&mp_type_StopIteration)
                                       : mp_obj_new_exception_args(&mp_type_StopIteration, 1, &given));
    }
    return result;
}
static MP_DEFINE_CONST_FUN_OBJ_2(operation_send_obj, operation_send);

static mp_obj_t operation_del(mp_obj_t self_in)
{
    struct operation *operation = MP_OBJ_TO_PTR(self_in);
    let_go(operation);
    if (operation->listing) {
        operation->listing = false;
        files_close_later(operation->fd, true);
    }
    operation->ended = true;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(operation_del_obj, operation_del);

static mp_obj_t operation_throw(size_t n_args, const mp_obj_t *args)
{
    operation_del(args[0]);
    mp_obj_t exception = args[n_args > 2 && args[2] != mp_const_none ? 2 : 1];
    nlr_raise(mp_make_raise_obj(exception));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(operation_throw_obj, 2, 4, operation_throw);

static const mp_rom_map_elem_t operation_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&operation_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&operation_throw_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&operation_del_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&operation_del_obj)},
};
static MP_DEFINE_CONST_DICT(operation_attributes, operation_attributes_table);

static const mp_stream_p_t operation_stream = {.ioctl = operation_ioctl};

static MP_DEFINE_CONST_OBJ_TYPE(operation_type, MP_QSTR_operation, MP_TYPE_FLAG_ITER_IS_ITERNEXT,
    iter, operation_iternext, protocol, &operation_stream, locals_dict, &operation_attributes);

static struct operation *new_operation(enum operation_kind kind)
{
    if (!files_available()) {
        mp_raise_OSError(MP_ENODEV);
    }
    struct operation *operation = mp_obj_malloc_with_finaliser(struct operation, &operation_type);
    *operation = (struct operation){.base = operation->base, .kind = kind, .moves = false};
    return operation;
}

/* Relative names are relative to the root: a coroutine has no directory of its own. */
static mp_obj_t absolute(mp_obj_t path_in)
{
    size_t length;
    const char *path = mp_obj_str_get_data(path_in, &length);
    if (length > 0 && path[0] == '/') {
        return path_in;
    }
    vstr_t whole;
    vstr_init(&whole, length + 1);
    vstr_add_byte(&whole, '/');
    vstr_add_strn(&whole, path, length);
    return mp_obj_new_str_from_vstr(&whole);
}

/* Files */

static struct async_file *open_file(mp_obj_t self_in)
{
    struct async_file *file = MP_OBJ_TO_PTR(self_in);
    if (!file->open) {
        mp_raise_OSError(MP_EBADF);
    }
    return file;
}

static struct operation *on_file(mp_obj_t self_in, enum operation_kind kind, const mp_obj_t *position)
{
    struct async_file *file = open_file(self_in);
    struct operation *operation = new_operation(kind);
    operation->file = file;
    operation->moves = position == NULL;
    operation->position = position ? (uint64_t)mp_obj_get_int(*position) : file->position;
    return operation;
}

static mp_obj_t read_operation(mp_obj_t self_in, mp_int_t wanted, const mp_obj_t *position)
{
    struct operation *operation = on_file(self_in, READ, position);
    uint64_t size = operation->file->stat.size;
    uint64_t left = size > operation->position ? size - operation->position : 0;
    operation->wanted = wanted < 0 ? left + FILE_DATA_MAX : (size_t)wanted; /* more than is left: the end is seen */
    return MP_OBJ_FROM_PTR(operation);
}

static mp_obj_t file_read(size_t n_args, const mp_obj_t *args)
{
    return read_operation(args[0], n_args > 1 ? mp_obj_get_int(args[1]) : -1, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_read_obj, 1, 2, file_read);

static mp_obj_t file_pread(mp_obj_t self_in, mp_obj_t wanted, mp_obj_t position)
{
    return read_operation(self_in, mp_obj_get_int(wanted), &position);
}
static MP_DEFINE_CONST_FUN_OBJ_3(file_pread_obj, file_pread);

static mp_obj_t file_readinto(size_t n_args, const mp_obj_t *args)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[1], &buffer, MP_BUFFER_WRITE);
    struct operation *operation = on_file(args[0], READ_INTO, n_args > 2 ? &args[2] : NULL);
    operation->path = args[1];
    operation->wanted = buffer.len;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_readinto_obj, 2, 3, file_readinto);

static mp_obj_t file_write(mp_obj_t self_in, mp_obj_t data)
{
    struct operation *operation = on_file(self_in, WRITE, NULL);
    operation->path = data;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_2(file_write_obj, file_write);

static mp_obj_t file_pwrite(mp_obj_t self_in, mp_obj_t data, mp_obj_t position)
{
    struct operation *operation = on_file(self_in, WRITE, &position);
    operation->path = data;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_3(file_pwrite_obj, file_pwrite);

static mp_obj_t file_close(mp_obj_t self_in)
{
    struct async_file *file = MP_OBJ_TO_PTR(self_in);
    struct operation *operation = new_operation(CLOSE);
    operation->fd = file->fd;
    operation->ended = !file->open; /* a second close does nothing */
    file->open = false;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_close_obj, file_close);

static mp_obj_t file_del(mp_obj_t self_in)
{
    struct async_file *file = MP_OBJ_TO_PTR(self_in);
    if (file->open) {
        file->open = false;
        files_close_later(file->fd, false);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_del_obj, file_del);

static mp_obj_t file_stat(mp_obj_t self_in)
{
    struct async_file *file = MP_OBJ_TO_PTR(self_in);
    return files_stat_tuple(&file->stat);
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_stat_obj, file_stat);

static const mp_rom_map_elem_t async_file_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&file_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&file_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_stat), MP_ROM_PTR(&file_stat_obj)},
    {MP_ROM_QSTR(MP_QSTR_pread), MP_ROM_PTR(&file_pread_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&file_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&file_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_pwrite), MP_ROM_PTR(&file_pwrite_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&file_del_obj)},
};
static MP_DEFINE_CONST_DICT(async_file_attributes, async_file_attributes_table);

static MP_DEFINE_CONST_OBJ_TYPE(async_file_type, MP_QSTR_AsyncFile, MP_TYPE_FLAG_NONE,
    locals_dict, &async_file_attributes);

/* The module */

static uint32_t open_flags(const char *mode)
{
    uint32_t flags = 0;
    for (; *mode; mode++) {
        switch (*mode) {
        case 'r': flags |= FS_OPEN_READ; break;
        case 'w': flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNCATE; break;
        case 'x': flags |= FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_EXCLUSIVE; break;
        case '+': flags |= FS_OPEN_READ | FS_OPEN_WRITE; break;
        case 'b': break;
        default: mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
        }
    }
    return flags ? flags : FS_OPEN_READ;
}

static mp_obj_t fs_async_open(size_t n_args, const mp_obj_t *args)
{
    struct operation *operation = new_operation(OPEN);
    operation->path = absolute(args[0]);
    operation->type = n_args > 1 ? open_flags(mp_obj_str_get_str(args[1])) : FS_OPEN_READ;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fs_async_open_obj, 1, 2, fs_async_open);

static mp_obj_t with_path(enum operation_kind kind, enum fs_command_type type, mp_obj_t path)
{
    struct operation *operation = new_operation(kind);
    operation->path = absolute(path);
    operation->type = type;
    return MP_OBJ_FROM_PTR(operation);
}

static mp_obj_t fs_async_stat(mp_obj_t path)
{
    return with_path(STAT, FS_STAT, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_stat_obj, fs_async_stat);

static mp_obj_t fs_async_listdir(mp_obj_t path)
{
    return with_path(LIST, FS_OPENDIR, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_listdir_obj, fs_async_listdir);

static mp_obj_t fs_async_mkdir(mp_obj_t path)
{
    return with_path(PATH, FS_MKDIR, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_mkdir_obj, fs_async_mkdir);

static mp_obj_t fs_async_rmdir(mp_obj_t path)
{
    return with_path(PATH, FS_RMDIR, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_rmdir_obj, fs_async_rmdir);

static mp_obj_t fs_async_remove(mp_obj_t path)
{
    return with_path(PATH, FS_REMOVE, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_remove_obj, fs_async_remove);

static mp_obj_t fs_async_rename(mp_obj_t path, mp_obj_t other)
{
    struct operation *operation = new_operation(TWO_PATHS);
    operation->path = absolute(path);
    operation->other = absolute(other);
    operation->type = FS_RENAME;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_2(fs_async_rename_obj, fs_async_rename);

static const mp_rom_map_elem_t fs_async_module_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_fs_async)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&fs_async_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_stat), MP_ROM_PTR(&fs_async_stat_obj)},
    {MP_ROM_QSTR(MP_QSTR_listdir), MP_ROM_PTR(&fs_async_listdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_mkdir), MP_ROM_PTR(&fs_async_mkdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_rmdir), MP_ROM_PTR(&fs_async_rmdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&fs_async_remove_obj)},
    {MP_ROM_QSTR(MP_QSTR_rename), MP_ROM_PTR(&fs_async_rename_obj)},
};
static MP_DEFINE_CONST_DICT(fs_async_module_globals, fs_async_module_table);

const mp_obj_module_t fs_async_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&fs_async_module_globals,
};

MP_REGISTER_MODULE(MP_QSTR_fs_async, fs_async_module);

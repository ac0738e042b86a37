/* fs_operation.c: the awaitable of module fs_async: one file operation, as asyncio drives it.
 *   issues    one command at a time; then hands itself to asyncio's poller, as a stream that is readable when the
 *             command is done. The completion only sets a bit
 *   consumes  completions (files.h), of the file service, NOT trusted with lengths: none is taken for more than was asked
 *   invariant the server works in the job's block, never in the heap: what is cancelled, forgotten or collected while
 *             it works touches nobody's memory, and a file that was opened for nobody is closed again
 *   invariant an operation that has ended, however, holds nothing: no job, no buffer, no result. asyncio's own tables
 *             keep a reference to it until their places are used again
 *   when full (all jobs or blocks are in use) it waits in the poller until one is free
 *   when out of memory it raises MemoryError, with the job given back; what the server has done by then is done
 */
#include "lib/pd.h"

#include <string.h>
#include "python/asyncio_wait.h"
#include "python/fs_operation.h"
#include "python/port.h"
#include "python/vfs_files.h"

#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define NAMES_MAX FILE_DATA_MAX /* bytes of directory entries per command */

static const mp_obj_type_t operation_type;

/* -- asyncio -- */

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

/* -- issuing: 0, or an errno -- */

static int issue_path(struct operation *operation, uint32_t type, uint32_t flags)
{
    return file_job_path(operation->job, type, mp_obj_str_get_str(operation->path), flags);
}

static size_t next_size(const struct operation *operation)
{
    size_t left = operation->wanted - operation->got;
    return left < FILE_DATA_MAX ? left : FILE_DATA_MAX;
}

static void need_size(size_t there, size_t needed)
{
    if (there < needed) {
        mp_raise_ValueError(MP_ERROR_TEXT("buffer has shrunk"));
    }
}

static int issue_write(struct operation *operation)
{
    mp_buffer_info_t data;
    size_t size = next_size(operation);
    if (operation->at_end) {
        return file_job_fd(operation->job, FS_FILE_SIZE, operation->file->fd, 0, 0);
    }
    mp_get_buffer_raise(operation->buffer, &data, MP_BUFFER_READ);
    need_size(data.len, operation->wanted);
    memcpy(file_job_data(operation->job), (const char *)data.buf + operation->got, size);
    return file_job_fd(operation->job, FS_WRITE, operation->file->fd, operation->position + operation->got, size);
}

static int issue_listing(struct operation *operation)
{
    struct async_listing *listing = operation->listing;
    if (listing->state == LISTING_NEW) {
        return file_job_path(operation->job, FS_OPENDIR, mp_obj_str_get_str(listing->path), 0);
    }
    if (listing->state != LISTING_OPEN) {
        return MP_EBADF; /* the program has closed it since the operation was made */
    }
    return file_job_fd(operation->job, FS_READDIR, listing->fd, 0, operation->kind == LIST ? NAMES_MAX : LISTING_BYTES);
}

static int issue(struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPEN: return issue_path(operation, FS_OPEN, operation->type);
    case STAT:
    case VERSION: return issue_path(operation, FS_STAT, 0);
    case PATH: return issue_path(operation, operation->type, 0);
    case TWO_PATHS:
        return file_job_two_paths(operation->job, operation->type, mp_obj_str_get_str(operation->path),
                                  mp_obj_str_get_str(operation->other));
    case READ:
    case READ_INTO:
        return file_job_fd(operation->job, FS_READ, operation->file->fd, operation->position + operation->got,
                           next_size(operation));
    case WRITE: return issue_write(operation);
    case CLOSE: operation->must_close = false; return file_job_fd(operation->job, FS_CLOSE, operation->fd, 0, 0);
    case LIST:
    case NEXT: return issue_listing(operation);
    }
    return MP_EINVAL;
}

/* -- ending -- */

/* The command under way, if there is one, is nobody's any more. */
static void abandon(struct operation *operation)
{
    if (operation->job) {
        file_job_drop(operation->job);
        operation->job = NULL;
    }
    if (operation->must_close) {
        operation->must_close = false;
        files_close_later(operation->fd, false);
    }
}

/* Holds nothing from here on. A listing whose entries were on their way has lost them. */
static void end(struct operation *operation)
{
    abandon(operation);
    if (operation->listing) {
        operation->listing->busy = false;
        if (operation->listing->state != LISTING_ENDED) {
            fs_listing_close(operation->listing, LISTING_BROKEN);
        }
    }
    operation->ended = true;
    operation->file = NULL;
    operation->listing = NULL;
    operation->path = operation->other = operation->buffer = operation->list = MP_OBJ_NULL;
    operation->data = (vstr_t){0};
}

static void end_by_exception(void *operation)
{
    end(operation);
}

/* -- taking results. MP_OBJ_NULL: not finished, issue again -- */

static mp_obj_t take_open(struct operation *operation)
{
    struct async_file *file = mp_obj_malloc_with_finaliser(struct async_file, &async_file_type);
    file->open = true;
    file->fd = file_job_result(operation->job)->open.fd;
    file->appends = operation->at_end;
    file->position = 0;
    file->stat = *file_job_attributes(operation->job);
    return MP_OBJ_FROM_PTR(file);
}

static mp_obj_t take_stat(struct operation *operation)
{
    struct fs_stat stat = *file_job_attributes(operation->job);
    return files_stat_tuple(&stat);
}

/* Times with all their digits. */
static mp_obj_t take_version(struct operation *operation)
{
    const struct fs_stat *stat = file_job_attributes(operation->job);
    mp_obj_t items[4] = {
        mp_obj_new_int_from_ull(stat->inode),
        mp_obj_new_int_from_ull(stat->size),
        mp_obj_new_int_from_ull(stat->mtime_ns),
        mp_obj_new_int_from_ull(stat->ctime_ns),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
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

/* Room for what is left of the file as it was when it was opened: how much is asked for says nothing. */
static size_t expected(const struct operation *operation)
{
    uint64_t size = operation->file->stat.size;
    uint64_t left = size > operation->position ? size - operation->position : 0;
    size_t least = left > FILE_DATA_MAX ? left : FILE_DATA_MAX;
    return operation->wanted < least ? operation->wanted : least;
}

/* The first piece is the whole in most cases: then the bytes object is made of it directly. Fewer bytes than were asked
 * for are the end of the file: so says fs/proto.h. */
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
        vstr_init(&operation->data, expected(operation) + 1);
    }
    vstr_add_strn(&operation->data, data, count);
    return last ? mp_obj_new_bytes_from_vstr(&operation->data) : MP_OBJ_NULL;
}

static mp_obj_t take_read_into(struct operation *operation)
{
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(operation->buffer, &buffer, MP_BUFFER_WRITE);
    size_t count = count_taken(operation);
    need_size(buffer.len, operation->got + count);
    memcpy((char *)buffer.buf + operation->got, file_job_data(operation->job), count);
    return finished(operation, count) ? mp_obj_new_int_from_uint(operation->got) : MP_OBJ_NULL;
}

/* A part that was written is gone on with; the position is always behind what is known to be written. */
static mp_obj_t take_write(struct operation *operation)
{
    if (operation->at_end) {
        operation->at_end = false;
        operation->position = file_job_result(operation->job)->size;
        return MP_OBJ_NULL;
    }
    size_t count = count_taken(operation);
    operation->got += count;
    if (operation->moves) {
        operation->file->position = operation->position + operation->got;
    }
    if (operation->got < operation->wanted && count == 0) {
        mp_raise_OSError(MP_EIO); /* neither progress nor a reason */
    }
    return operation->got == operation->wanted ? mp_obj_new_int_from_uint(operation->got) : MP_OBJ_NULL;
}

static void append_names(struct operation *operation, const char *records, size_t count)
{
    struct file_entry entry;
    for (size_t at = 0; at < count;) {
        if (!files_take_entry(records, count, &at, &entry)) {
            mp_raise_OSError(MP_EIO);
        }
        mp_obj_list_append(operation->list, files_name(entry.name, entry.length, operation->listing->is_text));
    }
}

/* True: the directory is open now, and nothing has been read. Where the program has closed the listing meanwhile, the
 * result may be of either command: abandon() closes a directory that was opened. */
static bool take_directory(struct operation *operation)
{
    struct async_listing *listing = operation->listing;
    bool opened = listing->state == LISTING_NEW;
    if (!opened && listing->state != LISTING_OPEN) {
        mp_raise_OSError(MP_EBADF);
    }
    if (opened) {
        listing->fd = file_job_result(operation->job)->open.fd;
        listing->state = LISTING_OPEN;
    }
    return opened;
}

static mp_obj_t take_list(struct operation *operation)
{
    size_t length = file_job_result(operation->job)->length;
    if (take_directory(operation)) {
        return MP_OBJ_NULL;
    }
    append_names(operation, file_job_data(operation->job), length < NAMES_MAX ? length : NAMES_MAX);
    if (length > 0) {
        return MP_OBJ_NULL;
    }
    fs_listing_close(operation->listing, LISTING_ENDED);
    return operation->list;
}

static mp_obj_t take_next(struct operation *operation)
{
    struct async_listing *listing = operation->listing;
    size_t length = file_job_result(operation->job)->length;
    if (take_directory(operation)) {
        return MP_OBJ_NULL;
    }
    if (length == 0) {
        fs_listing_close(listing, LISTING_ENDED);
        mp_raise_type(&mp_type_StopAsyncIteration);
    }
    if (!listing->records) {
        listing->records = m_new(uint8_t, LISTING_BYTES);
    }
    listing->at = 0;
    listing->count = length < LISTING_BYTES ? length : LISTING_BYTES;
    memcpy(listing->records, file_job_data(operation->job), listing->count);
    mp_obj_t entry = fs_listing_take(listing);
    listing->busy = false;
    operation->listing = NULL;
    return entry;
}

static mp_obj_t take(struct operation *operation)
{
    switch ((enum operation_kind)operation->kind) {
    case OPEN: return take_open(operation);
    case STAT: return take_stat(operation);
    case VERSION: return take_version(operation);
    case READ: return take_read(operation);
    case READ_INTO: return take_read_into(operation);
    case WRITE: return take_write(operation);
    case LIST: return take_list(operation);
    case NEXT: return take_next(operation);
    case CLOSE:
    case PATH:
    case TWO_PATHS: return mp_const_none;
    }
    return mp_const_none;
}

/* -- the awaitable -- */

/* The command under way is done: its result, or MP_OBJ_NULL when there is more to do. */
static mp_obj_t complete(struct operation *operation)
{
    int error = file_job_error(operation->job);
    if (error) {
        mp_raise_OSError(error);
    }
    mp_obj_t result = take(operation);
    file_job_put(operation->job);
    operation->job = NULL;
    return result;
}

/* As far as possible without waiting: the result, or MP_OBJ_NULL, with the task suspended. */
static mp_obj_t advance(struct operation *operation)
{
    if (operation->job && file_job_done(operation->job)) {
        mp_obj_t result = complete(operation);
        if (result != MP_OBJ_NULL) {
            return result;
        }
    }
    if (!operation->job && (operation->job = file_job_get()) != NULL) {
        int error = issue(operation);
        if (error) {
            mp_raise_OSError(error);
        }
    }
    asyncio_wait(MP_OBJ_FROM_PTR(operation), MP_QSTR_queue_read);
    return MP_OBJ_NULL;
}

/* asyncio's send(None). */
static mp_obj_t operation_iternext(mp_obj_t self_in)
{
    struct operation *operation = MP_OBJ_TO_PTR(self_in);
    if (operation->ended) {
        return MP_OBJ_STOP_ITERATION;
    }
    MP_DEFINE_NLR_JUMP_CALLBACK_FUNCTION_1(on_exception, end_by_exception, operation);
    nlr_push_jump_callback(&on_exception.callback, mp_call_function_1_from_nlr_jump_callback);
    mp_obj_t result = advance(operation);
    nlr_pop_jump_callback(false);
    if (result == MP_OBJ_NULL) {
        return mp_const_none;
    }
    end(operation);
    return mp_make_stop_iteration(result);
}

static mp_obj_t operation_send(mp_obj_t self_in, mp_obj_t value)
{
    MP_STATE_THREAD(stop_iteration_arg) = MP_OBJ_NULL;
    mp_obj_t result = operation_iternext(self_in);
    if (result == MP_OBJ_STOP_ITERATION) {
        mp_obj_t given = MP_STATE_THREAD(stop_iteration_arg);
        nlr_raise(given == MP_OBJ_NULL ? mp_obj_new_exception(&mp_type_StopIteration)
                                       : mp_obj_new_exception_args(&mp_type_StopIteration, 1, &given));
    }
    return result;
}
static MP_DEFINE_CONST_FUN_OBJ_2(operation_send_obj, operation_send);

static mp_obj_t operation_close(mp_obj_t self_in)
{
    end(MP_OBJ_TO_PTR(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(operation_close_obj, operation_close);

/* From the collector, which may have taken what it refers to. */
static mp_obj_t operation_del(mp_obj_t self_in)
{
    abandon(MP_OBJ_TO_PTR(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(operation_del_obj, operation_del);

static mp_obj_t operation_throw(size_t n_args, const mp_obj_t *args)
{
    end(MP_OBJ_TO_PTR(args[0]));
    mp_obj_t exception = args[n_args > 2 && args[2] != mp_const_none ? 2 : 1];
    nlr_raise(mp_make_raise_obj(exception));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(operation_throw_obj, 2, 4, operation_throw);

static const mp_rom_map_elem_t operation_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&operation_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_throw), MP_ROM_PTR(&operation_throw_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&operation_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&operation_del_obj)},
};
static MP_DEFINE_CONST_DICT(operation_attributes, operation_attributes_table);

static const mp_stream_p_t operation_stream = {.ioctl = operation_ioctl};

static MP_DEFINE_CONST_OBJ_TYPE(operation_type, MP_QSTR_operation, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter,
                                operation_iternext, protocol, &operation_stream, locals_dict, &operation_attributes);

struct operation *fs_operation_new(enum operation_kind kind)
{
    if (!files_available()) {
        mp_raise_OSError(MP_ENODEV);
    }
    struct operation *operation = mp_obj_malloc_with_finaliser(struct operation, &operation_type);
    *operation = (struct operation){.base = operation->base, .kind = kind};
    return operation;
}

/* -- listings -- */

mp_obj_t fs_listing_take(struct async_listing *listing)
{
    struct file_entry entry;
    if (listing->at >= listing->count) {
        return MP_OBJ_NULL;
    }
    size_t at = listing->at;
    if (!files_take_entry(listing->records, listing->count, &at, &entry)) {
        fs_listing_close(listing, LISTING_BROKEN);
        mp_raise_OSError(MP_EIO);
    }
    mp_obj_t tuple = files_entry_tuple(&entry, listing->is_text);
    listing->at = at;
    return tuple;
}

void fs_listing_close(struct async_listing *listing, enum listing_state state)
{
    if (listing->state == LISTING_OPEN) {
        files_close_later(listing->fd, true);
    }
    listing->state = state;
    listing->path = MP_OBJ_NULL;
    listing->records = NULL;
    listing->at = listing->count = 0;
}

/* modfs_async.c: module `fs_async`: files with async and await, for asyncio.
 *
 *     f = await fs_async.open(path)      a file; modes as open()'s, "r" by default; always bytes. With "a" each write()
 *                                        goes to where the file ends then; of two at once one may overwrite the other
 *     await f.read(n)                    n bytes from the position on, fewer only at the file's end; moves the position
 *     await f.pread(n, offset)           the same from `offset`, moving nothing
 *     await f.readinto(buffer[, offset]) bytes read: as many as the buffer has, fewer only at the file's end
 *     await f.write(data), f.pwrite(data, offset)    all of it, or OSError; the position is behind what was written
 *     await f.close()
 *     f.stat()                           at once, without await: os.stat's tuple as of when the file was opened
 *     await fs_async.stat(path)          os.stat's tuple
 *     await fs_async.version(path)       a tuple that is another one once the file or folder has changed
 *     await fs_async.listdir(path)       a list of names
 *     async for name, type, _ in fs_async.ilistdir(path)     the same one by one, holding 8 KiB of them; close()
 *     await fs_async.mkdir, rmdir, remove (path), rename(path, path)
 *
 * A path is str or bytes. A name that is no UTF-8 is listed as bytes, which all of these take; of a path given as bytes
 * all names are.
 * An operation may be cancelled (asyncio.wait_for): what the server has begun it carries out all the same. Of a
 * cancelled write any part may be written, also later than what is written next; the position is where it was before
 * that part. A listing that is closed ends the operation that reads it with OSError(EBADF).
 *
 * Serves programs, NOT trusted with arguments: they are checked here, an offset by the file service.
 *   when full of operations or files' blocks it waits (fs_operation.c); of memory it is MemoryError; the file service's
 *             own want is OSError: ENOSPC, ENFILE
 */
#include "lib/pd.h"

#include <string.h>
#include "python/fs_operation.h"
#include "python/vfs_files.h"

#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"

static const mp_obj_type_t async_listing_type;

/* Relative names are relative to the root: a coroutine has no directory of its own. */
static mp_obj_t absolute(mp_obj_t path_in)
{
    size_t length;
    const char *path = mp_obj_str_get_data(path_in, &length);
    if (memchr(path, 0, length)) {
        mp_raise_ValueError(MP_ERROR_TEXT("embedded null"));
    }
    if (length > 0 && path[0] == '/') {
        return path_in;
    }
    vstr_t whole;
    vstr_init(&whole, length + 1);
    vstr_add_byte(&whole, '/');
    vstr_add_strn(&whole, path, length);
    return mp_obj_is_str(path_in) ? mp_obj_new_str_from_vstr(&whole) : mp_obj_new_bytes_from_vstr(&whole);
}

/* -- files -- */

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
    struct operation *operation = fs_operation_new(kind);
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
    operation->buffer = args[1];
    operation->wanted = buffer.len;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_readinto_obj, 2, 3, file_readinto);

static mp_obj_t write_operation(mp_obj_t self_in, mp_obj_t data_in, const mp_obj_t *position)
{
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    struct operation *operation = on_file(self_in, WRITE, position);
    operation->at_end = operation->file->appends && !position;
    operation->buffer = data_in;
    operation->wanted = data.len;
    return MP_OBJ_FROM_PTR(operation);
}

static mp_obj_t file_write(mp_obj_t self_in, mp_obj_t data)
{
    return write_operation(self_in, data, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(file_write_obj, file_write);

static mp_obj_t file_pwrite(mp_obj_t self_in, mp_obj_t data, mp_obj_t position)
{
    return write_operation(self_in, data, &position);
}
static MP_DEFINE_CONST_FUN_OBJ_3(file_pwrite_obj, file_pwrite);

static mp_obj_t file_close(mp_obj_t self_in)
{
    struct async_file *file = MP_OBJ_TO_PTR(self_in);
    struct operation *operation = fs_operation_new(CLOSE);
    operation->fd = file->fd;
    operation->ended = !file->open; /* a second close does nothing */
    operation->must_close = file->open;
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

MP_DEFINE_CONST_OBJ_TYPE(async_file_type, MP_QSTR_AsyncFile, MP_TYPE_FLAG_NONE, locals_dict, &async_file_attributes);

/* -- directories -- */

static struct async_listing *new_listing(mp_obj_t path)
{
    struct async_listing *listing = mp_obj_malloc_with_finaliser(struct async_listing, &async_listing_type);
    *listing = (struct async_listing){.base = listing->base, .is_text = mp_obj_is_str(path)};
    listing->path = absolute(path);
    return listing;
}

static struct operation *on_listing(enum operation_kind kind, struct async_listing *listing)
{
    struct operation *operation = fs_operation_new(kind);
    listing->busy = true;
    operation->listing = listing;
    return operation;
}

/* An entry that is there already is given by the listing itself, which is then the awaitable. */
static mp_obj_t listing_anext(mp_obj_t self_in)
{
    struct async_listing *listing = MP_OBJ_TO_PTR(self_in);
    if (listing->busy) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("listing is being read"));
    }
    listing->given = fs_listing_take(listing);
    if (listing->given != MP_OBJ_NULL) {
        return self_in;
    }
    if (listing->state == LISTING_ENDED) {
        mp_raise_type(&mp_type_StopAsyncIteration);
    }
    if (listing->state == LISTING_BROKEN) {
        mp_raise_OSError(MP_EBADF);
    }
    return MP_OBJ_FROM_PTR(on_listing(NEXT, listing));
}
static MP_DEFINE_CONST_FUN_OBJ_1(listing_anext_obj, listing_anext);

static mp_obj_t listing_iternext(mp_obj_t self_in)
{
    struct async_listing *listing = MP_OBJ_TO_PTR(self_in);
    mp_obj_t given = listing->given;
    if (given == MP_OBJ_NULL) {
        mp_raise_TypeError(MP_ERROR_TEXT("use async for"));
    }
    listing->given = MP_OBJ_NULL;
    return mp_make_stop_iteration(given);
}

static mp_obj_t listing_close(mp_obj_t self_in)
{
    struct async_listing *listing = MP_OBJ_TO_PTR(self_in);
    fs_listing_close(listing, LISTING_BROKEN);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(listing_close_obj, listing_close);

static const mp_rom_map_elem_t async_listing_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR___aiter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___anext__), MP_ROM_PTR(&listing_anext_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&listing_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&listing_close_obj)},
};
static MP_DEFINE_CONST_DICT(async_listing_attributes, async_listing_attributes_table);

static MP_DEFINE_CONST_OBJ_TYPE(async_listing_type, MP_QSTR_AsyncListing, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter,
                                listing_iternext, locals_dict, &async_listing_attributes);

/* -- the module -- */

static mp_obj_t fs_async_open(size_t n_args, const mp_obj_t *args)
{
    const char *text = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r";
    struct file_mode mode = vfs_file_mode(text);
    if (strchr(text, 't')) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid mode")); /* always bytes */
    }
    struct operation *operation = fs_operation_new(OPEN);
    operation->path = absolute(args[0]);
    operation->type = mode.flags;
    operation->at_end = mode.appends;
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(fs_async_open_obj, 1, 2, fs_async_open);

static mp_obj_t with_path(enum operation_kind kind, enum fs_command_type type, mp_obj_t path)
{
    struct operation *operation = fs_operation_new(kind);
    operation->path = absolute(path);
    operation->type = type;
    return MP_OBJ_FROM_PTR(operation);
}

static mp_obj_t fs_async_stat(mp_obj_t path)
{
    return with_path(STAT, FS_STAT, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_stat_obj, fs_async_stat);

static mp_obj_t fs_async_version(mp_obj_t path)
{
    return with_path(VERSION, FS_STAT, path);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_version_obj, fs_async_version);

static mp_obj_t fs_async_listdir(mp_obj_t path)
{
    struct operation *operation = on_listing(LIST, new_listing(path));
    operation->list = mp_obj_new_list(0, NULL);
    return MP_OBJ_FROM_PTR(operation);
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_listdir_obj, fs_async_listdir);

static mp_obj_t fs_async_ilistdir(mp_obj_t path)
{
    if (!files_available()) {
        mp_raise_OSError(MP_ENODEV);
    }
    return MP_OBJ_FROM_PTR(new_listing(path));
}
static MP_DEFINE_CONST_FUN_OBJ_1(fs_async_ilistdir_obj, fs_async_ilistdir);

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
    struct operation *operation = fs_operation_new(TWO_PATHS);
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
    {MP_ROM_QSTR(MP_QSTR_version), MP_ROM_PTR(&fs_async_version_obj)},
    {MP_ROM_QSTR(MP_QSTR_listdir), MP_ROM_PTR(&fs_async_listdir_obj)},
    {MP_ROM_QSTR(MP_QSTR_ilistdir), MP_ROM_PTR(&fs_async_ilistdir_obj)},
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

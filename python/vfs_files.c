/* vfs_files.c: the file service as a MicroPython file system: os, and what open() and import ask of it.
 * Each operation waits for its command, as Python's own do. Paths are str or bytes; a name that is no UTF-8 is listed
 * as bytes.
 *   serves    the interpreter and what runs in it: any path, any order; a wrong one is an OSError
 *   consumes  answers of the file service by files.c, which checks them; names in a listing are bytes and nothing more
 */
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
#include "py/unicode.h"

#define ENTRIES_BYTES 8192 /* of a directory, that one command fetches */
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

/* -- paths -- */

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
                return MP_ENAMETOOLONG;
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

/* -- attributes -- */

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
    if (error == MP_EHOSTUNREACH || error == MP_EIO || error == MP_ENODEV || error == MP_ECONNABORTED) {
        mp_raise_OSError(error);
    }
    if (error) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    return (stat.mode & MODE_TYPE) == MODE_DIRECTORY ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE;
}

/* -- directories -- */

struct listing {
    mp_obj_base_t base;
    mp_fun_1_t iternext;
    mp_fun_1_t finaliser;
    bool is_text, open;
    uint64_t fd;
    uint8_t *entries; /* ENTRIES_BYTES */
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
    file_job_fd(job, FS_READDIR, listing->fd, 0, ENTRIES_BYTES);
    int error = file_job_wait(job);
    size_t count = error ? 0 : file_job_result(job)->length;
    listing->at = 0;
    listing->count = count < ENTRIES_BYTES ? count : ENTRIES_BYTES;
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
    listing->entries = m_new(uint8_t, ENTRIES_BYTES);
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

/* -- files, and the other operations of module os -- */

static mp_obj_t vfs_open(mp_obj_t self_in, mp_obj_t path_in, mp_obj_t mode_in)
{
    char whole[FS_PATH_MAX + 1];
    resolve_or_raise(self_in, path_in, whole);
    return vfs_file_open(whole, mp_obj_str_get_str(mode_in));
}
static MP_DEFINE_CONST_FUN_OBJ_3(vfs_open_obj, vfs_open);

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

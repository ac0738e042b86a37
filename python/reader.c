/* reader.c: how MicroPython reads a module's source or bytecode: mp_reader_new_file(), in place of extmod/vfs_reader.c.
 *   consumes  the file's bytes   by the stream protocol, from whatever file system is mounted there
 *   invariant the bytes end where the file ends: a short read is gone on with, a failed one raises OSError.
 *             MicroPython's own reader takes both for the end, and the rest of a module is then missing without a word
 *   leaves out the mark U+FEFF before a source, as some editors put it there, and as CPython does
 *   when cut  bytecode says itself where it ends, and behind its header MicroPython's loader never stops at the end of a
 *             file: here the first byte that is read past it raises ValueError
 */
#include "lib/pd.h"

#include <string.h>

#include "extmod/vfs.h"
#include "py/lexer.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "py/stream.h"

#define BUFFER_MAX 8192 /* as much as the file service's files read ahead: they then read into this buffer directly */
#define MARK_SIZE 3
#define HEADER_SIZE 4 /* of bytecode: the loader looks itself whether it is there */

struct reader {
    mp_obj_t file;
    bool is_bytecode, ended;
    size_t before; /* bytes of the file before the buffer's */
    size_t at, count, size;
    byte buffer[];
};

static bool has_mark(const struct reader *reader)
{
    static const byte mark[MARK_SIZE] = {0xef, 0xbb, 0xbf};
    return !reader->is_bytecode && reader->before == 0 && reader->count >= MARK_SIZE &&
           memcmp(reader->buffer, mark, MARK_SIZE) == 0;
}

static void refill(struct reader *reader)
{
    int error = 0;
    reader->before += reader->count;
    reader->at = reader->count = 0;
    reader->count = mp_stream_read_exactly(reader->file, reader->buffer, reader->size, &error);
    if (error) {
        mp_raise_OSError(error);
    }
    reader->ended = reader->count < reader->size;
    reader->at = has_mark(reader) ? MARK_SIZE : 0;
}

static mp_uint_t read_byte(void *data)
{
    struct reader *reader = data;
    if (reader->at == reader->count && !reader->ended) {
        refill(reader);
    }
    if (reader->at < reader->count) {
        return reader->buffer[reader->at++];
    }
    if (reader->is_bytecode && reader->before + reader->at >= HEADER_SIZE) {
        mp_raise_ValueError(MP_ERROR_TEXT(".mpy file is cut off"));
    }
    return MP_READER_EOF;
}

static void close(void *data)
{
    struct reader *reader = data;
    mp_stream_close(reader->file);
    m_del_var(struct reader, buffer, byte, reader->size, reader);
}

/* As many bytes as the stream likes to be asked for at a time. */
static size_t size_for(mp_obj_t file)
{
    int error = 0;
    mp_uint_t size = mp_get_stream(file)->ioctl(file, MP_STREAM_GET_BUFFER_SIZE, 0, &error);
    return size > 0 && size < BUFFER_MAX ? size : BUFFER_MAX; /* MP_STREAM_ERROR is a very large one */
}

void mp_reader_new_file(mp_reader_t *reader_out, qstr name)
{
    size_t length;
    const byte *text = qstr_data(name, &length);
    mp_obj_t args[2] = {MP_OBJ_NEW_QSTR(name), MP_OBJ_NEW_QSTR(MP_QSTR_rb)};
    mp_obj_t file = mp_vfs_open(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
    size_t size = size_for(file);
    struct reader *reader = m_new_obj_var(struct reader, buffer, byte, size);
    *reader = (struct reader){.file = file, .size = size};
    reader->is_bytecode = length > 4 && !memcmp(text + length - 4, ".mpy", 4);
    *reader_out = (mp_reader_t){.data = reader, .readbyte = read_byte, .close = close};
}

mp_lexer_t *mp_lexer_new_from_file(qstr name)
{
    mp_reader_t reader;
    mp_reader_new_file(&reader, name);
    return mp_lexer_new(name, reader);
}

/* reader.c: how MicroPython reads a module's source or bytecode: mp_reader_new_file(), in place of extmod/vfs_reader.c.
 *   consumes  the file's bytes   by the stream protocol, from whatever file system is mounted there
 *   invariant the bytes end where the file ends: a short read is gone on with, a failed one raises OSError.
 *             MicroPython's own reader takes both for the end, and the rest of a module is then missing without a word
 *   when cut  bytecode says itself where it ends, and MicroPython's loader never stops at the end of a file: here the
 *             first byte that is read past it raises ValueError
 */
#include "lib/pd.h"

#include <string.h>

#include "extmod/vfs.h"
#include "py/lexer.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "py/stream.h"

#define BUFFER_SIZE 8192 /* as much as the file service's files read ahead: they then read into this buffer directly */

struct reader {
    mp_obj_t file;
    bool is_bytecode, ended;
    size_t at, count;
    byte buffer[BUFFER_SIZE];
};

static void refill(struct reader *reader)
{
    int error = 0;
    reader->at = 0;
    reader->count = 0;
    reader->count = mp_stream_read_exactly(reader->file, reader->buffer, BUFFER_SIZE, &error);
    if (error) {
        mp_raise_OSError(error);
    }
    reader->ended = reader->count < BUFFER_SIZE;
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
    if (reader->is_bytecode) {
        mp_raise_ValueError(MP_ERROR_TEXT(".mpy file is cut off"));
    }
    return MP_READER_EOF;
}

static void close(void *data)
{
    struct reader *reader = data;
    mp_stream_close(reader->file);
    m_del_obj(struct reader, reader);
}

void mp_reader_new_file(mp_reader_t *reader_out, qstr name)
{
    size_t length;
    const byte *text = qstr_data(name, &length);
    struct reader *reader = m_new_obj(struct reader);
    mp_obj_t args[2] = {MP_OBJ_NEW_QSTR(name), MP_OBJ_NEW_QSTR(MP_QSTR_rb)};
    *reader = (struct reader){.is_bytecode = length > 4 && !memcmp(text + length - 4, ".mpy", 4)};
    reader->file = mp_vfs_open(MP_ARRAY_SIZE(args), args, (mp_map_t *)&mp_const_empty_map);
    *reader_out = (mp_reader_t){.data = reader, .readbyte = read_byte, .close = close};
}

mp_lexer_t *mp_lexer_new_from_file(qstr name)
{
    mp_reader_t reader;
    mp_reader_new_file(&reader, name);
    return mp_lexer_new(name, reader);
}

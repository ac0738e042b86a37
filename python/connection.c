/* connection.c: type _website.Connection: an accepted socket as Microdot's reader and writer, in place of asyncio's
 * stream.
 *
 *     connection = Connection(stream)      asyncio's stream for that socket; what is not here is asked from it
 *     await connection.readline()          up to and with a line feed; what there is, at the end
 *     await connection.read(n), readexactly(n)                 as asyncio's; n < 0: all there will be
 *     await connection.awrite(data), aclose()
 *     connection.head(headers, names, limit)                   the head of a request into a NoCaseDict and its keymap:
 *                                          (method, url, version); None where it does not come from the front. No line
 *                                          may be longer than limit
 *     await connection.respond(status, reason, headers, body)  an answer, as Microdot's Response.write
 *     connection.wrote(), gone()           whether something of an answer has been written; whether the client has gone
 *     connection.end(failure)              close. 0: the answer is complete. Else it has failed: where nothing has been
 *                                          written the client is told this status, 500 or 503; else it is cut off
 *
 * What is there already is given without a turn of asyncio's loop and without an awaitable of its own: the connection
 * is then the awaitable, for the one result that it holds. Only what has to wait makes a `struct transfer`.
 */
#include "lib/pd.h"

#include <string.h>
#include "python/asyncio_wait.h"
#include "python/endpoint.h"
#include "python/modsocket.h"
#include "python/modwebsite.h"

#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define LINE_LIMIT 65536 /* bytes; a longer line is given in parts */
#define PART_MAX 65536   /* bytes that one read gives, however many it asks for */
#define AT_ONCE 512      /* bytes: a line or a short read goes through the stack */

struct connection {
    mp_obj_base_t base;
    mp_obj_t stream, socket;
    mp_obj_t given; /* the next await's result */
    bool wrote;
};

enum transfer_kind { LINE, SOME, ALL, EXACTLY, WRITE };

struct transfer {
    mp_obj_base_t base;
    enum transfer_kind kind;
    struct connection *connection;
    vstr_t data;     /* what has been read; data.buf is NULL before */
    mp_obj_t source; /* WRITE: what is written; then, unless it is MP_OBJ_NULL: */
    mp_obj_t next;
    size_t wanted, written;
};

static const char unavailable[] = "HTTP/1.0 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
static const char failed[] = "HTTP/1.0 500 Internal Server Error\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                             "Content-Length: 21\r\n\r\nInternal server error";

static const mp_obj_type_t transfer_type;

static struct endpoint *endpoint_of(const struct connection *connection)
{
    struct endpoint *endpoint = socket_endpoint(connection->socket);
    if (!endpoint) {
        mp_raise_OSError(MP_EBADF);
    }
    return endpoint;
}

struct endpoint *connection_endpoint(mp_obj_t connection)
{
    return endpoint_of(MP_OBJ_TO_PTR(connection));
}

/* -- reading -- */

/* Bytes; 0 at the end; -1: none now. Raises what else is wrong. */
static intptr_t receive(struct connection *connection, void *buffer, size_t size)
{
    int error = 0;
    intptr_t count = endpoint_receive(endpoint_of(connection), buffer, size, NULL, &error);
    if (count < 0 && error != MP_EAGAIN) {
        mp_raise_OSError(error);
    }
    return count;
}

static void keep(struct transfer *transfer, const char *bytes, size_t count)
{
    if (!transfer->data.buf) {
        vstr_init(&transfer->data, count + 1);
    }
    vstr_add_strn(&transfer->data, bytes, count);
}

static mp_obj_t all_kept(struct transfer *transfer)
{
    return transfer->data.buf ? mp_obj_new_bytes_from_vstr(&transfer->data) : mp_const_empty_bytes;
}

static mp_obj_t read_line(struct transfer *transfer)
{
    for (;;) {
        char part[AT_ONCE];
        size_t there = endpoint_line_length(endpoint_of(transfer->connection), AT_ONCE);
        intptr_t count = receive(transfer->connection, part, there ? there : 1);
        if (count < 0) {
            return MP_OBJ_NULL;
        }
        bool whole = count == 0 || part[count - 1] == '\n';
        if (whole && !transfer->data.buf) {
            return mp_obj_new_bytes((const byte *)part, (size_t)count);
        }
        keep(transfer, part, (size_t)count);
        if (whole || transfer->data.len >= LINE_LIMIT) {
            return all_kept(transfer);
        }
    }
}

static mp_obj_t read_some(struct transfer *transfer)
{
    char part[AT_ONCE];
    if (transfer->wanted <= AT_ONCE) {
        intptr_t count = receive(transfer->connection, part, transfer->wanted);
        return count < 0 ? MP_OBJ_NULL : mp_obj_new_bytes((const byte *)part, (size_t)count);
    }
    if (!transfer->data.buf) {
        vstr_init_len(&transfer->data, transfer->wanted);
    }
    intptr_t count = receive(transfer->connection, transfer->data.buf, transfer->wanted);
    transfer->data.len = count < 0 ? transfer->wanted : (size_t)count;
    return count < 0 ? MP_OBJ_NULL : all_kept(transfer);
}

static mp_obj_t read_all(struct transfer *transfer)
{
    for (;;) {
        char part[AT_ONCE];
        intptr_t count = receive(transfer->connection, part, AT_ONCE);
        if (count <= 0) {
            return count < 0 ? MP_OBJ_NULL : all_kept(transfer);
        }
        keep(transfer, part, (size_t)count);
    }
}

static mp_obj_t read_exactly(struct transfer *transfer)
{
    if (!transfer->data.buf) {
        vstr_init(&transfer->data, transfer->wanted + 1);
    }
    while (transfer->data.len < transfer->wanted) {
        vstr_t *data = &transfer->data;
        intptr_t count = receive(transfer->connection, data->buf + data->len, transfer->wanted - data->len);
        if (count < 0) {
            return MP_OBJ_NULL;
        }
        if (count == 0) {
            mp_raise_type(&mp_type_EOFError);
        }
        data->len += (size_t)count;
    }
    return all_kept(transfer);
}

/* -- writing -- */

static bool write_source(struct transfer *transfer)
{
    mp_buffer_info_t data;
    mp_get_buffer_raise(transfer->source, &data, MP_BUFFER_READ);
    while (transfer->written < data.len) {
        int error = 0;
        intptr_t count = endpoint_send(endpoint_of(transfer->connection), (const char *)data.buf + transfer->written,
                                       data.len - transfer->written, &error);
        if (count < 0 && error == MP_EAGAIN) {
            return false;
        }
        if (count < 0) {
            mp_raise_OSError(error);
        }
        transfer->connection->wrote = true;
        transfer->written += (size_t)count;
    }
    return true;
}

static mp_obj_t write_all(struct transfer *transfer)
{
    while (write_source(transfer)) {
        if (transfer->next == MP_OBJ_NULL) {
            return mp_const_none;
        }
        transfer->source = transfer->next;
        transfer->next = MP_OBJ_NULL;
        transfer->written = 0;
    }
    return MP_OBJ_NULL;
}

/* -- transfers -- */

/* The result, or MP_OBJ_NULL: it has to wait. */
static mp_obj_t advance(struct transfer *transfer)
{
    switch (transfer->kind) {
    case LINE: return read_line(transfer);
    case SOME: return read_some(transfer);
    case ALL: return read_all(transfer);
    case EXACTLY: return read_exactly(transfer);
    case WRITE: return write_all(transfer);
    }
    return mp_const_none;
}

static mp_obj_t begin(struct transfer *transfer)
{
    mp_obj_t result = advance(transfer);
    if (result != MP_OBJ_NULL) {
        transfer->connection->given = result;
        return MP_OBJ_FROM_PTR(transfer->connection);
    }
    struct transfer *waiting = mp_obj_malloc(struct transfer, &transfer_type);
    mp_obj_base_t base = waiting->base;
    *waiting = *transfer;
    waiting->base = base;
    return MP_OBJ_FROM_PTR(waiting);
}

static mp_obj_t transfer_iternext(mp_obj_t self_in)
{
    struct transfer *transfer = MP_OBJ_TO_PTR(self_in);
    mp_obj_t result = advance(transfer);
    if (result != MP_OBJ_NULL) {
        return mp_make_stop_iteration(result);
    }
    asyncio_wait(transfer->connection->socket, transfer->kind == WRITE ? MP_QSTR_queue_write : MP_QSTR_queue_read);
    return mp_const_none;
}

static MP_DEFINE_CONST_OBJ_TYPE(transfer_type, MP_QSTR_transfer, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter,
                                transfer_iternext);

/* -- the connection -- */

static mp_obj_t connection_iternext(mp_obj_t self_in)
{
    struct connection *connection = MP_OBJ_TO_PTR(self_in);
    mp_obj_t given = connection->given;
    connection->given = mp_const_none;
    return mp_make_stop_iteration(given);
}

static mp_obj_t connection_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    struct connection *connection = mp_obj_malloc(struct connection, type);
    connection->stream = args[0];
    connection->socket = mp_load_attr(args[0], MP_QSTR_s);
    connection->given = mp_const_none;
    connection->wrote = false;
    socket_endpoint(connection->socket);
    return MP_OBJ_FROM_PTR(connection);
}

static mp_obj_t connection_readline(mp_obj_t self_in)
{
    struct transfer transfer = {.kind = LINE, .connection = MP_OBJ_TO_PTR(self_in)};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_readline_obj, connection_readline);

static mp_obj_t connection_read(size_t n_args, const mp_obj_t *args)
{
    mp_int_t wanted = n_args > 1 ? mp_obj_get_int(args[1]) : -1;
    struct transfer transfer = {.kind = wanted < 0 ? ALL : SOME,
                                .connection = MP_OBJ_TO_PTR(args[0]),
                                .wanted = wanted < PART_MAX ? (size_t)wanted : PART_MAX};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(connection_read_obj, 1, 2, connection_read);

static mp_obj_t connection_readexactly(mp_obj_t self_in, mp_obj_t wanted_in)
{
    mp_int_t wanted = mp_obj_get_int(wanted_in);
    if (wanted < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative length"));
    }
    struct transfer transfer = {.kind = EXACTLY, .connection = MP_OBJ_TO_PTR(self_in), .wanted = (size_t)wanted};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(connection_readexactly_obj, connection_readexactly);

static mp_obj_t connection_awrite(mp_obj_t self_in, mp_obj_t data)
{
    struct transfer transfer = {.kind = WRITE, .connection = MP_OBJ_TO_PTR(self_in), .source = data};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(connection_awrite_obj, connection_awrite);

static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(connection_head_obj, 4, 4, connection_head);

static mp_obj_t connection_respond(size_t n_args, const mp_obj_t *args)
{
    bool together;
    struct transfer transfer = {.kind = WRITE, .connection = MP_OBJ_TO_PTR(args[0])};
    transfer.source = connection_answer_head(args[1], args[2], args[3], args[4], &together);
    transfer.next = together ? MP_OBJ_NULL : args[4];
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(connection_respond_obj, 5, 5, connection_respond);

static mp_obj_t connection_aclose(mp_obj_t self_in)
{
    struct connection *connection = MP_OBJ_TO_PTR(self_in);
    mp_stream_close(connection->socket);
    connection->given = mp_const_none;
    return self_in;
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_aclose_obj, connection_aclose);

static mp_obj_t connection_wrote(mp_obj_t self_in)
{
    return mp_obj_new_bool(((struct connection *)MP_OBJ_TO_PTR(self_in))->wrote);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_wrote_obj, connection_wrote);

static mp_obj_t connection_gone(mp_obj_t self_in)
{
    struct connection *connection = MP_OBJ_TO_PTR(self_in);
    struct endpoint *endpoint = socket_endpoint(connection->socket);
    return mp_obj_new_bool(!endpoint || endpoint_ready(endpoint, 0) & ENDPOINT_HANGUP);
}
static MP_DEFINE_CONST_FUN_OBJ_1(connection_gone_obj, connection_gone);

/* False: there was no room for it. */
static bool tell(struct endpoint *endpoint, const char *answer, size_t length)
{
    int error;
    return endpoint_send(endpoint, answer, length, &error) == (intptr_t)length;
}

static mp_obj_t connection_end(mp_obj_t self_in, mp_obj_t failure_in)
{
    struct connection *connection = MP_OBJ_TO_PTR(self_in);
    struct endpoint *endpoint = socket_endpoint(connection->socket);
    mp_int_t failure = mp_obj_get_int(failure_in);
    if (endpoint && failure != 0) {
        bool told = !connection->wrote && (failure == 503 ? tell(endpoint, unavailable, sizeof(unavailable) - 1)
                                                          : tell(endpoint, failed, sizeof(failed) - 1));
        if (!told) {
            endpoint_fail(endpoint);
        }
    }
    return mp_stream_close(connection->socket);
}
static MP_DEFINE_CONST_FUN_OBJ_2(connection_end_obj, connection_end);

static const mp_rom_map_elem_t connection_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&connection_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_awrite), MP_ROM_PTR(&connection_awrite_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&connection_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readexactly), MP_ROM_PTR(&connection_readexactly_obj)},
    {MP_ROM_QSTR(MP_QSTR_head), MP_ROM_PTR(&connection_head_obj)},
    {MP_ROM_QSTR(MP_QSTR_respond), MP_ROM_PTR(&connection_respond_obj)},
    {MP_ROM_QSTR(MP_QSTR_aclose), MP_ROM_PTR(&connection_aclose_obj)},
    {MP_ROM_QSTR(MP_QSTR_wrote), MP_ROM_PTR(&connection_wrote_obj)},
    {MP_ROM_QSTR(MP_QSTR_gone), MP_ROM_PTR(&connection_gone_obj)},
    {MP_ROM_QSTR(MP_QSTR_end), MP_ROM_PTR(&connection_end_obj)},
};
static MP_DEFINE_CONST_DICT(connection_attributes, connection_attributes_table);

/* Its own methods first, then the stream's. */
static void connection_attribute(mp_obj_t self_in, qstr name, mp_obj_t *place)
{
    struct connection *connection = MP_OBJ_TO_PTR(self_in);
    if (place[0] != MP_OBJ_NULL) {
        return; /* cannot be set */
    }
    mp_map_elem_t *own = mp_map_lookup((mp_map_t *)&connection_attributes.map, MP_OBJ_NEW_QSTR(name), MP_MAP_LOOKUP);
    if (own) {
        place[0] = own->value;
        place[1] = self_in;
    } else {
        mp_load_method_maybe(connection->stream, name, place);
    }
}

MP_DEFINE_CONST_OBJ_TYPE(website_connection_type, MP_QSTR_Connection, MP_TYPE_FLAG_ITER_IS_ITERNEXT, make_new,
                         connection_make_new, iter, connection_iternext, attr, connection_attribute);

/* request.c: type _website.Request: a request of the site, and its answer, as Microdot's reader and writer in one.
 *
 *     await request.readline()             up to and with a line feed; what there is, at the end
 *     await request.read(n), readexactly(n), readinto(buffer)  as asyncio's; n < 0: all there will be
 *     await request.body(limit)            all of it; None where it is more: then it can be read as before
 *     request.limit(n, exception)          of what is read more than n bytes raise that
 *     request.head(headers, names, limit)  the head into a NoCaseDict and its keymap: (method, url, version, length of
 *                                          the body; -1: not known; None: a tunnel; server that the client's handshake
 *                                          has asked for; None: it came without TLS). No line may be longer than limit
 *     await request.respond(status, reason, headers, body, type)  an answer, as Microdot's Response.write; type: of
 *                                          one whose headers have none, or None
 *     await request.awrite(data), drain(); request.write(data)    before respond() the answer's text, head and all,
 *                                          behind it more of its body
 *     request.wrote(), gone()              whether something of an answer has been written; whether the client has gone
 *     request.end(failure)                 0: the answer is complete. Else it has failed: where nothing has gone out
 *                                          the client is told this status, 500 or 503; else it is cut off
 *     request.close(), await aclose(), wait_closed()              end(0)
 *
 * What is there already is given without a turn of asyncio's loop and without an awaitable of its own: the request is
 * then the awaitable, for the one result that it holds. Only what has to wait makes a `struct transfer`.
 *   consumes  a body, of a client, NOT trusted: bytes, of which the program says how many it wants
 *   consumes  a program's arguments, NOT trusted: each is checked
 *   when full an answer's circle: the program's task waits until the client has taken some, or is gone (OSError).
 *             Of memory it is MemoryError; what has been read by then is lost, what has been written goes out
 */
#include "lib/pd.h"

#include <string.h>
#include "python/asyncio_wait.h"
#include "python/endpoint.h"
#include "python/modwebsite.h"

#include "py/mperrno.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define LINE_LIMIT 65536 /* bytes; a longer line is given in parts */
#define PART_MAX 65536   /* bytes that one read gives, however many it asks for */
#define AT_ONCE 512      /* bytes: a line or a short read goes through the stack */
#define ANSWER_ARGUMENTS 5

/* What few requests need. */
struct extras {
    mp_obj_t ahead; /* bytes that body() has read */
    size_t ahead_at;
    mp_obj_t too_much; /* raised where more than `left` bytes are read; MP_OBJ_NULL: no limit */
    uint64_t left;
    mp_obj_t unwritten; /* bytes of write() that there was no room for; or MP_OBJ_NULL */
};

struct request {
    mp_obj_base_t base;
    struct incoming *incoming; /* NULL: the answer has ended */
    mp_obj_t given;            /* the next await's result */
    struct extras *extras;     /* or NULL */
    bool wrote;
};

enum transfer_kind { LINE, SOME, ALL, EXACTLY, INTO, BODY, WRITE, RESPOND };

struct transfer {
    mp_obj_base_t base;
    enum transfer_kind kind;
    struct request *request;
    vstr_t data;     /* what has been read; data.buf is NULL before */
    mp_obj_t source; /* WRITE: what is written; INTO: where it is read to; RESPOND: a tuple of its arguments */
    size_t wanted, written;
};

static const mp_obj_type_t transfer_type, request_type;

static struct incoming *incoming_of(const struct request *request)
{
    if (!request->incoming) {
        mp_raise_OSError(MP_EBADF);
    }
    return request->incoming;
}

struct incoming *request_incoming(mp_obj_t request)
{
    return incoming_of(MP_OBJ_TO_PTR(request));
}

static struct extras *extras_of(struct request *request)
{
    if (!request->extras) {
        request->extras = m_new0(struct extras, 1);
    }
    return request->extras;
}

/* -- reading -- */

static size_t ahead_of(const struct request *request, const char **at)
{
    const struct extras *extras = request->extras;
    size_t length = 0;
    if (extras && extras->ahead != MP_OBJ_NULL) {
        *at = mp_obj_str_get_data(extras->ahead, &length) + extras->ahead_at;
        length -= extras->ahead_at;
    }
    return length;
}

/* As incoming_read(), within the limit. */
static intptr_t receive_limited(struct request *request, void *buffer, size_t size, int *error)
{
    struct extras *extras = request->extras;
    char byte;
    if (extras->left == 0 && size > 0) {
        intptr_t count = incoming_read(incoming_of(request), &byte, 1, error);
        if (count > 0) {
            nlr_raise(extras->too_much);
        }
        return count;
    }
    intptr_t count = incoming_read(incoming_of(request), buffer, size < extras->left ? size : extras->left, error);
    extras->left -= count > 0 ? (uint64_t)count : 0;
    return count;
}

/* Bytes; 0 at the end; -1: none now. Raises what else is wrong. */
static intptr_t receive(struct request *request, void *buffer, size_t size)
{
    int error = 0;
    const char *ahead;
    size_t there = ahead_of(request, &ahead);
    if (there > 0) {
        there = size < there ? size : there;
        memcpy(buffer, ahead, there);
        request->extras->ahead_at += there;
        return (intptr_t)there;
    }
    intptr_t count = request->extras && request->extras->too_much != MP_OBJ_NULL
                         ? receive_limited(request, buffer, size, &error)
                         : incoming_read(incoming_of(request), buffer, size, &error);
    if (count < 0 && error != MP_EAGAIN) {
        mp_raise_OSError(error);
    }
    return count;
}

static size_t line_length(struct request *request, size_t limit)
{
    const char *ahead;
    size_t there = ahead_of(request, &ahead);
    if (there == 0) {
        return incoming_line_length(incoming_of(request), limit);
    }
    const char *end = memchr(ahead, '\n', there < limit ? there : limit);
    there = end ? (size_t)(end - ahead) + 1 : there;
    return there < limit ? there : limit;
}

static size_t bytes_there(struct request *request)
{
    const char *ahead;
    size_t there = ahead_of(request, &ahead);
    return there > 0 ? there : incoming_there(incoming_of(request));
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
        size_t there = line_length(transfer->request, AT_ONCE);
        intptr_t count = receive(transfer->request, part, there ? there : 1);
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
    size_t there = bytes_there(transfer->request), wanted = transfer->wanted < there ? transfer->wanted : there;
    if (wanted <= AT_ONCE) {
        intptr_t count = receive(transfer->request, part, transfer->wanted < AT_ONCE ? transfer->wanted : AT_ONCE);
        return count < 0 ? MP_OBJ_NULL : mp_obj_new_bytes((const byte *)part, (size_t)count);
    }
    vstr_init_len(&transfer->data, wanted);
    intptr_t count = receive(transfer->request, transfer->data.buf, wanted);
    transfer->data.len = count < 0 ? 0 : (size_t)count;
    return all_kept(transfer);
}

static mp_obj_t read_all(struct transfer *transfer)
{
    for (;;) {
        char part[AT_ONCE];
        intptr_t count = receive(transfer->request, part, AT_ONCE);
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
        intptr_t count = receive(transfer->request, data->buf + data->len, transfer->wanted - data->len);
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

static mp_obj_t read_into(struct transfer *transfer)
{
    mp_buffer_info_t into;
    mp_get_buffer_raise(transfer->source, &into, MP_BUFFER_WRITE);
    intptr_t count = receive(transfer->request, into.buf, into.len);
    return count < 0 ? MP_OBJ_NULL : MP_OBJ_NEW_SMALL_INT(count);
}

/* All within the limit, or None, and what was read of it is read again. */
static mp_obj_t read_body(struct transfer *transfer)
{
    while (transfer->data.len <= transfer->wanted) {
        char part[AT_ONCE];
        intptr_t count = receive(transfer->request, part, AT_ONCE);
        if (count <= 0) {
            return count < 0 ? MP_OBJ_NULL : all_kept(transfer);
        }
        keep(transfer, part, (size_t)count);
    }
    struct extras *extras = extras_of(transfer->request);
    extras->ahead = all_kept(transfer);
    extras->ahead_at = 0;
    return mp_const_none;
}

/* -- writing -- */

/* Bytes of the data; raises what is wrong. */
static size_t write_bytes(struct request *request, const char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        int error = 0;
        intptr_t count = incoming_write(incoming_of(request), data + done, size - done, &error);
        if (count < 0 && error == MP_EAGAIN) {
            break;
        }
        if (count < 0) {
            mp_raise_OSError(error);
        }
        request->wrote = true;
        done += (size_t)count;
    }
    return done;
}

static bool has_unwritten(const struct request *request)
{
    return request->extras && request->extras->unwritten != MP_OBJ_NULL;
}

/* Writes what write() has left. False: there is no room for all of it. */
static bool write_unwritten(struct request *request)
{
    while (has_unwritten(request)) {
        size_t length;
        const char *data = mp_obj_str_get_data(request->extras->unwritten, &length);
        size_t done = write_bytes(request, data, length);
        if (done < length && done > 0) {
            request->extras->unwritten = mp_obj_new_bytes((const byte *)data + done, length - done);
        }
        if (done < length) {
            return false;
        }
        request->extras->unwritten = MP_OBJ_NULL;
    }
    return true;
}

static mp_obj_t write_source(struct transfer *transfer)
{
    mp_buffer_info_t data;
    if (!write_unwritten(transfer->request)) {
        return MP_OBJ_NULL;
    }
    mp_get_buffer_raise(transfer->source, &data, MP_BUFFER_READ);
    transfer->written += write_bytes(transfer->request, (const char *)data.buf + transfer->written,
                                     data.len - transfer->written);
    return transfer->written < data.len ? MP_OBJ_NULL : mp_const_none;
}

static mp_obj_t answer(struct transfer *transfer)
{
    mp_obj_t *args;
    mp_obj_get_array_fixed_n(transfer->source, ANSWER_ARGUMENTS, &args);
    int error = request_answer(incoming_of(transfer->request), args);
    if (error == MP_EAGAIN) {
        return MP_OBJ_NULL;
    }
    if (error) {
        mp_raise_OSError(error);
    }
    transfer->request->wrote = true;
    transfer->kind = WRITE;
    transfer->source = args[3];
    return write_source(transfer);
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
    case INTO: return read_into(transfer);
    case BODY: return read_body(transfer);
    case WRITE: return write_source(transfer);
    case RESPOND: return answer(transfer);
    }
    return mp_const_none;
}

static mp_obj_t give(struct request *request, mp_obj_t result)
{
    request->given = result;
    return MP_OBJ_FROM_PTR(request);
}

static mp_obj_t wait_with(const struct transfer *transfer)
{
    struct transfer *waiting = mp_obj_malloc(struct transfer, &transfer_type);
    mp_obj_base_t base = waiting->base;
    *waiting = *transfer;
    waiting->base = base;
    return MP_OBJ_FROM_PTR(waiting);
}

static mp_obj_t begin(struct transfer *transfer)
{
    mp_obj_t result = advance(transfer);
    return result != MP_OBJ_NULL ? give(transfer->request, result) : wait_with(transfer);
}

static mp_obj_t transfer_iternext(mp_obj_t self_in)
{
    struct transfer *transfer = MP_OBJ_TO_PTR(self_in);
    mp_obj_t result = advance(transfer);
    if (result != MP_OBJ_NULL) {
        return mp_make_stop_iteration(result);
    }
    asyncio_wait(MP_OBJ_FROM_PTR(transfer->request),
                 transfer->kind >= WRITE ? MP_QSTR_queue_write : MP_QSTR_queue_read);
    return mp_const_none;
}

static MP_DEFINE_CONST_OBJ_TYPE(transfer_type, MP_QSTR_transfer, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter,
                                transfer_iternext);

/* -- the request -- */

mp_obj_t request_new(void)
{
    struct request *request = mp_obj_malloc_with_finaliser(struct request, &request_type);
    request->incoming = NULL;
    request->given = mp_const_none;
    request->extras = NULL;
    request->wrote = false;
    return MP_OBJ_FROM_PTR(request);
}

void request_give(mp_obj_t request, struct incoming *incoming)
{
    ((struct request *)MP_OBJ_TO_PTR(request))->incoming = incoming;
}

static mp_obj_t request_iternext(mp_obj_t self_in)
{
    struct request *request = MP_OBJ_TO_PTR(self_in);
    mp_obj_t given = request->given;
    request->given = mp_const_none;
    return mp_make_stop_iteration(given);
}

static mp_obj_t request_readline(mp_obj_t self_in)
{
    struct transfer transfer = {.kind = LINE, .request = MP_OBJ_TO_PTR(self_in)};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_readline_obj, request_readline);

static mp_obj_t request_read(size_t n_args, const mp_obj_t *args)
{
    mp_int_t wanted = n_args > 1 ? mp_obj_get_int(args[1]) : -1;
    struct transfer transfer = {.kind = wanted < 0 ? ALL : SOME,
                                .request = MP_OBJ_TO_PTR(args[0]),
                                .wanted = wanted < PART_MAX ? (size_t)wanted : PART_MAX};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(request_read_obj, 1, 2, request_read);

static size_t size_of(mp_obj_t size_in)
{
    mp_int_t size = mp_obj_get_int(size_in);
    if (size < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative length"));
    }
    return (size_t)size;
}

static mp_obj_t request_readexactly(mp_obj_t self_in, mp_obj_t wanted)
{
    struct transfer transfer = {.kind = EXACTLY, .request = MP_OBJ_TO_PTR(self_in), .wanted = size_of(wanted)};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_readexactly_obj, request_readexactly);

static mp_obj_t request_readinto(mp_obj_t self_in, mp_obj_t buffer)
{
    struct transfer transfer = {.kind = INTO, .request = MP_OBJ_TO_PTR(self_in), .source = buffer};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_readinto_obj, request_readinto);

static mp_obj_t request_body(mp_obj_t self_in, mp_obj_t limit)
{
    struct transfer transfer = {.kind = BODY, .request = MP_OBJ_TO_PTR(self_in), .wanted = size_of(limit)};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_body_obj, request_body);

/* Counted from the beginning of the body: what was read ahead is given all the same. */
static mp_obj_t request_limit(mp_obj_t self_in, mp_obj_t most, mp_obj_t exception)
{
    struct request *request = MP_OBJ_TO_PTR(self_in);
    const char *ahead;
    size_t there = ahead_of(request, &ahead), limit = size_of(most);
    struct extras *extras = extras_of(request);
    extras->left = limit > there ? limit - there : 0;
    extras->too_much = exception;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(request_limit_obj, request_limit);

static mp_obj_t request_awrite(mp_obj_t self_in, mp_obj_t data)
{
    struct transfer transfer = {.kind = WRITE, .request = MP_OBJ_TO_PTR(self_in), .source = data};
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_awrite_obj, request_awrite);

static mp_obj_t request_drain(mp_obj_t self_in)
{
    return request_awrite(self_in, mp_const_empty_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_drain_obj, request_drain);

/* As asyncio's: what there is no room for is kept for drain(). */
static mp_obj_t request_write(mp_obj_t self_in, mp_obj_t data_in)
{
    struct request *request = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    size_t done = has_unwritten(request) ? 0 : write_bytes(request, data.buf, data.len);
    if (done < data.len) {
        struct extras *extras = extras_of(request);
        mp_obj_t rest = mp_obj_new_bytes((const byte *)data.buf + done, data.len - done);
        extras->unwritten = extras->unwritten == MP_OBJ_NULL ? rest
                                                             : mp_binary_op(MP_BINARY_OP_ADD, extras->unwritten, rest);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_write_obj, request_write);

static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(request_head_obj, 4, 4, request_head);

static mp_obj_t request_respond(size_t n_args, const mp_obj_t *args)
{
    struct transfer transfer = {.kind = WRITE, .request = MP_OBJ_TO_PTR(args[0]), .source = args[4]};
    mp_buffer_info_t body;
    mp_get_buffer_raise(args[4], &body, MP_BUFFER_READ); /* before anything goes out */
    int error = request_answer(incoming_of(transfer.request), args + 1);
    if (error == MP_EAGAIN) {
        transfer.kind = RESPOND;
        transfer.source = mp_obj_new_tuple(ANSWER_ARGUMENTS, args + 1);
        return wait_with(&transfer);
    }
    if (error) {
        mp_raise_OSError(error);
    }
    transfer.request->wrote = true;
    return begin(&transfer);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(request_respond_obj, 6, 6, request_respond);

static mp_obj_t request_wrote(mp_obj_t self_in)
{
    return mp_obj_new_bool(((struct request *)MP_OBJ_TO_PTR(self_in))->wrote);
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_wrote_obj, request_wrote);

static mp_obj_t request_gone(mp_obj_t self_in)
{
    struct request *request = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_bool(!request->incoming || request->incoming->gone);
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_gone_obj, request_gone);

static void end(struct request *request, int failure)
{
    if (request->incoming) {
        bool whole = !has_unwritten(request);
        incoming_close(request->incoming, whole || failure ? failure : 500);
        request->incoming = NULL;
    }
}

static mp_obj_t request_end(mp_obj_t self_in, mp_obj_t failure)
{
    end(MP_OBJ_TO_PTR(self_in), mp_obj_get_int(failure));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_end_obj, request_end);

/* The collector has found it: nobody will end its answer. */
static mp_obj_t request_del(mp_obj_t self_in)
{
    end(MP_OBJ_TO_PTR(self_in), 500);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_del_obj, request_del);

static mp_obj_t request_close(mp_obj_t self_in)
{
    end(MP_OBJ_TO_PTR(self_in), 0);
    return give(MP_OBJ_TO_PTR(self_in), mp_const_none);
}
static MP_DEFINE_CONST_FUN_OBJ_1(request_close_obj, request_close);

static mp_obj_t request_get_extra_info(mp_obj_t self_in, mp_obj_t name)
{
    struct incoming_head head;
    if (name != MP_OBJ_NEW_QSTR(MP_QSTR_peername)) {
        mp_raise_type_arg(&mp_type_KeyError, name);
    }
    return incoming_head(request_incoming(self_in), &head) ? request_peer(&head) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(request_get_extra_info_obj, request_get_extra_info);

static mp_uint_t request_ioctl(mp_obj_t self_in, mp_uint_t operation, uintptr_t argument, int *error)
{
    struct request *request = MP_OBJ_TO_PTR(self_in);
    switch (operation) {
    case MP_STREAM_POLL:
        return request->incoming ? incoming_ready(request->incoming, (uint32_t)argument) : MP_STREAM_POLL_NVAL;
    case MP_STREAM_CLOSE: end(request, 0); return 0;
    default: *error = MP_EINVAL; return MP_STREAM_ERROR;
    }
}

static const mp_rom_map_elem_t request_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&request_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_awrite), MP_ROM_PTR(&request_awrite_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&request_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readexactly), MP_ROM_PTR(&request_readexactly_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&request_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_body), MP_ROM_PTR(&request_body_obj)},
    {MP_ROM_QSTR(MP_QSTR_limit), MP_ROM_PTR(&request_limit_obj)},
    {MP_ROM_QSTR(MP_QSTR_head), MP_ROM_PTR(&request_head_obj)},
    {MP_ROM_QSTR(MP_QSTR_respond), MP_ROM_PTR(&request_respond_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&request_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_drain), MP_ROM_PTR(&request_drain_obj)},
    {MP_ROM_QSTR(MP_QSTR_wrote), MP_ROM_PTR(&request_wrote_obj)},
    {MP_ROM_QSTR(MP_QSTR_gone), MP_ROM_PTR(&request_gone_obj)},
    {MP_ROM_QSTR(MP_QSTR_end), MP_ROM_PTR(&request_end_obj)},
    {MP_ROM_QSTR(MP_QSTR_get_extra_info), MP_ROM_PTR(&request_get_extra_info_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&request_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_aclose), MP_ROM_PTR(&request_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_wait_closed), MP_ROM_PTR(&request_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&request_del_obj)},
};
static MP_DEFINE_CONST_DICT(request_attributes, request_attributes_table);

static const mp_stream_p_t request_stream = {.ioctl = request_ioctl};

static MP_DEFINE_CONST_OBJ_TYPE(request_type, MP_QSTR_Request, MP_TYPE_FLAG_ITER_IS_ITERNEXT, iter, request_iternext,
                                protocol, &request_stream, locals_dict, &request_attributes);

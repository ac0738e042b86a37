/* modsocket.c: module `socket` over endpoints (python/endpoint.h).
 *
 * A socket object is blocking, has a timeout, or does not wait at all, as in CPython. As a stream it follows
 * MicroPython: read of a socket that does not wait gives None when there is nothing, b"" when the peer has ended.
 * readline is our own: the stream library's asks byte by byte.
 */
#include "lib/pd.h"

#include <string.h>
#include "python/endpoint.h"
#include "python/port.h"

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "py/stream.h"

#define LINE_LIMIT 65536
#define ADDRESS_TEXT_MAX 16 /* "255.255.255.255" and its end */

enum { AF_INET_ = 2, SOCK_STREAM_ = 1, SOCK_DGRAM_ = 2, SOL_SOCKET_ = 1, IPPROTO_TCP_ = 6, IPPROTO_UDP_ = 17 };
enum { SO_REUSEADDR_ = 2, SO_BROADCAST_ = 6, SO_KEEPALIVE_ = 9, TCP_NODELAY_ = 1 };
enum { SHUT_RD_ = 0, SHUT_WR_ = 1, SHUT_RDWR_ = 2 };

struct socket {
    mp_obj_base_t base;
    struct endpoint *endpoint; /* NULL: closed */
    intptr_t timeout_ms;       /* -1: waits for ever; 0: does not wait */
    int type;
};

extern const mp_obj_type_t socket_type;

/* -- waiting -- */

static uint64_t deadline_of(const struct socket *socket)
{
    return socket->timeout_ms < 0 ? PORT_FOREVER : pd_now_ns() + (uint64_t)socket->timeout_ms * 1000000;
}

/* False: the time is over. Raises what is pending, e.g. KeyboardInterrupt. */
static bool wait_for(struct socket *socket, uint32_t events, uint64_t deadline_ns)
{
    while (socket->endpoint && !endpoint_ready(socket->endpoint, events)) {
        mp_handle_pending(true);
        if (deadline_ns != PORT_FOREVER && pd_now_ns() >= deadline_ns) {
            return false;
        }
        port_wait(deadline_ns);
    }
    return true;
}

/* After EAGAIN: whether to try again.
 * *error becomes ETIMEDOUT when a timeout, not a refusal to wait, was the reason. */
static bool try_again(struct socket *socket, uint32_t events, uint64_t deadline_ns, int *error)
{
    if (*error != MP_EAGAIN || socket->timeout_ms == 0) {
        return false;
    }
    if (!wait_for(socket, events, deadline_ns)) {
        *error = MP_ETIMEDOUT;
        return false;
    }
    if (!socket->endpoint) {
        *error = MP_EBADF;
    }
    return socket->endpoint != NULL;
}

static struct socket *open_socket(mp_obj_t self_in)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    if (!socket->endpoint) {
        mp_raise_OSError(MP_EBADF);
    }
    return socket;
}

static void raise_if(int error)
{
    if (error) {
        mp_raise_OSError(error);
    }
}

/* -- addresses -- */

static mp_obj_t address_to_tuple(const struct endpoint_address *address)
{
    char text[ADDRESS_TEXT_MAX];
    ipaddr_ntoa_r(&address->ip, text, sizeof(text));
    mp_obj_t items[2] = {mp_obj_new_str(text, strlen(text)), MP_OBJ_NEW_SMALL_INT(address->port)};
    return mp_obj_new_tuple(2, items);
}

/* A name server may answer long after nobody waits any more, so the place for its answer is static. */
static void look_up(const char *name, ip_addr_t *ip)
{
    static struct endpoint_lookup lookup;
    int error = endpoint_look_up(name, &lookup);
    while (error == MP_EINPROGRESS && lookup.done == 0) {
        mp_event_wait_indefinite();
    }
    if ((error && error != MP_EINPROGRESS) || lookup.done != 1) {
        mp_raise_OSError(error && error != MP_EINPROGRESS ? error : -2); /* as CPython's EAI_NONAME */
    }
    *ip = lookup.ip;
}

static void host_to_ip(mp_obj_t host, ip_addr_t *ip)
{
    const char *name = mp_obj_str_get_str(host);
    if (name[0] == 0) {
        *ip = *IP_ADDR_ANY;
    } else if (!ipaddr_aton(name, ip)) {
        raise_if(endpoint_has_network() ? 0 : MP_ENODEV);
        look_up(name, ip);
    }
}

static uint16_t port_of(mp_obj_t port_in)
{
    mp_int_t port = mp_obj_get_int(port_in);
    if (port < 0 || port > 0xffff) {
        mp_raise_ValueError(MP_ERROR_TEXT("port must be 0-65535"));
    }
    return (uint16_t)port;
}

static struct endpoint_address address_of(mp_obj_t tuple)
{
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(tuple, 2, &items);
    struct endpoint_address address = {.port = port_of(items[1])};
    host_to_ip(items[0], &address.ip);
    return address;
}

/* -- socket.socket -- */

static struct socket *new_object(struct endpoint *endpoint, int type)
{
    struct socket *socket = mp_obj_malloc_with_finaliser(struct socket, &socket_type);
    socket->endpoint = endpoint;
    socket->timeout_ms = -1;
    socket->type = type;
    return socket;
}

static mp_obj_t socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args)
{
    mp_arg_check_num(n_args, n_kw, 0, 3, false);
    int family = n_args > 0 ? mp_obj_get_int(args[0]) : AF_INET_;
    int kind = n_args > 1 ? mp_obj_get_int(args[1]) : SOCK_STREAM_;
    if (!endpoint_available() || (kind == SOCK_DGRAM_ && !endpoint_has_network())) {
        mp_raise_OSError(MP_ENODEV);
    }
    if (family != AF_INET_) {
        mp_raise_OSError(MP_EAFNOSUPPORT);
    }
    if (kind != SOCK_STREAM_ && kind != SOCK_DGRAM_) {
        mp_raise_OSError(MP_EINVAL);
    }
    struct socket *socket = new_object(NULL, kind);
    socket->endpoint = endpoint_new(kind == SOCK_DGRAM_);
    if (!socket->endpoint) {
        gc_collect(); /* sockets that the program forgot are closed by their finalisers */
        socket->endpoint = endpoint_new(kind == SOCK_DGRAM_);
    }
    raise_if(socket->endpoint ? 0 : MP_ENFILE);
    return MP_OBJ_FROM_PTR(socket);
}

static void socket_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "<socket type=%d%s>", socket->type, socket->endpoint ? "" : " closed");
}

static mp_obj_t socket_bind(mp_obj_t self_in, mp_obj_t address_in)
{
    struct endpoint_address address = address_of(address_in);
    raise_if(endpoint_bind(open_socket(self_in)->endpoint, &address));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_bind_obj, socket_bind);

static mp_obj_t socket_listen(size_t n_args, const mp_obj_t *args)
{
    raise_if(endpoint_listen(open_socket(args[0])->endpoint, n_args > 1 ? mp_obj_get_int(args[1]) : ENDPOINT_BACKLOG));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_listen_obj, 1, 2, socket_listen);

static mp_obj_t accept_first(struct socket *listener, const struct endpoint_address *peer)
{
    if (!port_has_memory()) {
        m_malloc_fail(sizeof(struct socket));
    }
    struct socket *accepted = new_object(NULL, SOCK_STREAM_);
    mp_obj_t items[2] = {MP_OBJ_FROM_PTR(accepted), address_to_tuple(peer)};
    mp_obj_t pair = mp_obj_new_tuple(2, items);
    accepted->endpoint = endpoint_accept(listener->endpoint);
    port_accepted();
    return pair;
}

/* Takes the connection that has waited longest, or raises MemoryError. Then that connection is refused: were it left in
 * the queue asyncio would try again at once, and a program that has no memory now may never have any. */
static mp_obj_t socket_accept(mp_obj_t self_in)
{
    struct socket *socket = open_socket(self_in);
    uint64_t deadline = deadline_of(socket);
    struct endpoint_address peer;
    int error = MP_EAGAIN;
    raise_if(endpoint_listens(socket->endpoint) ? 0 : MP_EINVAL);
    while (!endpoint_waits(socket->endpoint, &peer)) {
        raise_if(try_again(socket, ENDPOINT_READ, deadline, &error) ? 0 : error);
    }
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_obj_t pair = accept_first(socket, &peer);
        nlr_pop();
        return pair;
    }
    endpoint_refuse(socket->endpoint);
    port_refused();
    nlr_jump(nlr.ret_val);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_accept_obj, socket_accept);

static mp_obj_t socket_connect(mp_obj_t self_in, mp_obj_t address_in)
{
    struct socket *socket = open_socket(self_in);
    struct endpoint_address address = address_of(address_in);
    int error = endpoint_connect(socket->endpoint, &address);
    if (error != MP_EINPROGRESS || socket->timeout_ms == 0) {
        raise_if(error);
        return mp_const_none;
    }
    raise_if(wait_for(socket, ENDPOINT_WRITE, deadline_of(socket)) ? 0 : MP_ETIMEDOUT);
    raise_if(endpoint_take_error(open_socket(self_in)->endpoint));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_obj, socket_connect);

/* -- data -- */

static mp_uint_t receive(struct socket *socket, void *buffer, size_t size, struct endpoint_address *from, int *error)
{
    uint64_t deadline = deadline_of(socket);
    intptr_t count;
    do {
        count = endpoint_receive(socket->endpoint, buffer, size, from, error);
    } while (count < 0 && try_again(socket, ENDPOINT_READ, deadline, error));
    return count < 0 ? MP_STREAM_ERROR : (mp_uint_t)count;
}

static mp_uint_t send(struct socket *socket, const void *data, size_t size, const struct endpoint_address *to,
                      int *error)
{
    uint64_t deadline = deadline_of(socket);
    intptr_t count;
    do {
        count = to ? endpoint_send_to(socket->endpoint, data, size, to, error)
                   : endpoint_send(socket->endpoint, data, size, error);
    } while (count < 0 && try_again(socket, ENDPOINT_WRITE, deadline, error));
    return count < 0 ? MP_STREAM_ERROR : (mp_uint_t)count;
}

static mp_obj_t receive_bytes(mp_obj_t self_in, mp_obj_t size_in, struct endpoint_address *from)
{
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(size_in));
    int error = 0;
    mp_uint_t count = receive(open_socket(self_in), bytes.buf, bytes.len, from, &error);
    if (count == MP_STREAM_ERROR) {
        mp_raise_OSError(error);
    }
    bytes.len = count;
    return mp_obj_new_bytes_from_vstr(&bytes);
}

static mp_obj_t socket_recv(size_t n_args, const mp_obj_t *args)
{
    return receive_bytes(args[0], args[1], NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_recv_obj, 2, 3, socket_recv);

static mp_obj_t socket_recvfrom(mp_obj_t self_in, mp_obj_t size_in)
{
    struct endpoint_address from = {.port = 0};
    mp_obj_t data = receive_bytes(self_in, size_in, &from);
    mp_obj_t items[2] = {data, address_to_tuple(&from)};
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_recvfrom_obj, socket_recvfrom);

static mp_obj_t send_bytes(mp_obj_t self_in, mp_obj_t data_in, const struct endpoint_address *to)
{
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    int error = 0;
    mp_uint_t count = send(open_socket(self_in), data.buf, data.len, to, &error);
    if (count == MP_STREAM_ERROR) {
        mp_raise_OSError(error);
    }
    return MP_OBJ_NEW_SMALL_INT(count);
}

static mp_obj_t socket_send(mp_obj_t self_in, mp_obj_t data_in)
{
    return send_bytes(self_in, data_in, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_send_obj, socket_send);

static mp_obj_t socket_sendto(mp_obj_t self_in, mp_obj_t data_in, mp_obj_t address_in)
{
    struct endpoint_address to = address_of(address_in);
    if (!endpoint_is_udp(open_socket(self_in)->endpoint)) {
        return send_bytes(self_in, data_in, NULL);
    }
    return send_bytes(self_in, data_in, &to);
}
static MP_DEFINE_CONST_FUN_OBJ_3(socket_sendto_obj, socket_sendto);

static mp_obj_t socket_sendall(mp_obj_t self_in, mp_obj_t data_in)
{
    struct socket *socket = open_socket(self_in);
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    for (size_t done = 0; done < data.len;) {
        int error = 0;
        mp_uint_t count = send(socket, (const char *)data.buf + done, data.len - done, NULL, &error);
        if (count == MP_STREAM_ERROR) {
            mp_raise_OSError(error);
        }
        done += count;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_sendall_obj, socket_sendall);

/* As a stream's: at the end of what is there, too, since asyncio asks again. */
static mp_obj_t socket_readline(size_t n_args, const mp_obj_t *args)
{
    struct socket *socket = open_socket(args[0]);
    mp_int_t limit = n_args > 1 ? mp_obj_get_int(args[1]) : -1;
    size_t most = limit < 0 || limit > LINE_LIMIT ? LINE_LIMIT : (size_t)limit;
    vstr_t line;
    vstr_init(&line, 0);
    bool whole = false;
    while (!whole && line.len < most) {
        size_t there = endpoint_line_length(socket->endpoint, most - line.len);
        char *place = vstr_add_len(&line, there ? there : 1);
        int error = 0;
        mp_uint_t count = receive(socket, place, there ? there : 1, NULL, &error);
        line.len -= (there ? there : 1) - (count == MP_STREAM_ERROR ? 0 : count);
        if (count == MP_STREAM_ERROR && error == MP_EAGAIN) {
            return line.len ? mp_obj_new_bytes_from_vstr(&line) : mp_const_none;
        }
        if (count == MP_STREAM_ERROR) {
            mp_raise_OSError(error);
        }
        whole = count == 0 || line.buf[line.len - 1] == '\n';
    }
    return mp_obj_new_bytes_from_vstr(&line);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_readline_obj, 1, 2, socket_readline);

/* -- options and the rest -- */

static mp_obj_t socket_setsockopt(size_t n_args, const mp_obj_t *args)
{
    struct socket *socket = open_socket(args[0]);
    mp_int_t level = mp_obj_get_int(args[1]), option = mp_obj_get_int(args[2]);
    if (level != SOL_SOCKET_) {
        return mp_const_none; /* TCP_NODELAY is always on; the others make no difference here */
    }
    if (option == SO_KEEPALIVE_) {
        endpoint_set_keepalive(socket->endpoint, mp_obj_is_true(args[3]));
    } else if (option == SO_BROADCAST_) {
        endpoint_set_broadcast(socket->endpoint, mp_obj_is_true(args[3]));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_setsockopt_obj, 4, 4, socket_setsockopt);

static mp_obj_t socket_settimeout(mp_obj_t self_in, mp_obj_t timeout_in)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    if (timeout_in == mp_const_none) {
        socket->timeout_ms = -1;
        return mp_const_none;
    }
    mp_float_t seconds = mp_obj_get_float(timeout_in);
    if (seconds < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout must not be negative"));
    }
    socket->timeout_ms = seconds == 0 ? 0 : (intptr_t)(seconds * 1000) + (seconds < 0.001);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_settimeout_obj, socket_settimeout);

static mp_obj_t socket_setblocking(mp_obj_t self_in, mp_obj_t blocking)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    socket->timeout_ms = mp_obj_is_true(blocking) ? -1 : 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_setblocking_obj, socket_setblocking);

static mp_obj_t socket_shutdown(mp_obj_t self_in, mp_obj_t how_in)
{
    mp_int_t how = mp_obj_get_int(how_in);
    raise_if(endpoint_shutdown(open_socket(self_in)->endpoint, how != SHUT_WR_, how != SHUT_RD_));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_shutdown_obj, socket_shutdown);

static mp_obj_t socket_getsockname(mp_obj_t self_in)
{
    struct endpoint_address address;
    raise_if(endpoint_local_address(open_socket(self_in)->endpoint, &address) ? 0 : MP_ENOTCONN);
    return address_to_tuple(&address);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_getsockname_obj, socket_getsockname);

static mp_obj_t socket_getpeername(mp_obj_t self_in)
{
    struct endpoint_address address;
    raise_if(endpoint_peer_address(open_socket(self_in)->endpoint, &address) ? 0 : MP_ENOTCONN);
    return address_to_tuple(&address);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_getpeername_obj, socket_getpeername);

static mp_obj_t socket_makefile(size_t n_args, const mp_obj_t *args)
{
    return args[0]; /* a socket is a stream */
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_makefile_obj, 1, 3, socket_makefile);

/* -- the stream protocol -- */

static mp_uint_t socket_read(mp_obj_t self_in, void *buffer, mp_uint_t size, int *error)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    if (!socket->endpoint) {
        *error = MP_EBADF;
        return MP_STREAM_ERROR;
    }
    return receive(socket, buffer, size, NULL, error);
}

static mp_uint_t socket_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *error)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    if (!socket->endpoint) {
        *error = MP_EBADF;
        return MP_STREAM_ERROR;
    }
    return send(socket, data, size, NULL, error);
}

static mp_uint_t socket_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int *error)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    switch (request) {
    case MP_STREAM_POLL: return socket->endpoint ? endpoint_ready(socket->endpoint, argument) : MP_STREAM_POLL_NVAL;
    case MP_STREAM_CLOSE:
        if (socket->endpoint) {
            endpoint_close(socket->endpoint);
            socket->endpoint = NULL;
        }
        return 0;
    default: *error = MP_EINVAL; return MP_STREAM_ERROR;
    }
}

/* What was written is not all: the block was left by an exception, or the collector has found the socket. */
static mp_obj_t fail_and_close(mp_obj_t self_in)
{
    struct socket *socket = MP_OBJ_TO_PTR(self_in);
    if (socket->endpoint) {
        endpoint_fail(socket->endpoint);
    }
    return mp_stream_close(self_in);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_del_obj, fail_and_close);

static mp_obj_t socket_exit(size_t n_args, const mp_obj_t *args)
{
    return args[1] == mp_const_none ? mp_stream_close(args[0]) : fail_and_close(args[0]);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_exit_obj, 4, 4, socket_exit);

static const mp_rom_map_elem_t socket_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&socket_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&socket_accept_obj)},
    {MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&socket_setblocking_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&socket_send_obj)},
    {MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&socket_sendall_obj)},
    {MP_ROM_QSTR(MP_QSTR_sendto), MP_ROM_PTR(&socket_sendto_obj)},
    {MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&socket_recv_obj)},
    {MP_ROM_QSTR(MP_QSTR_recvfrom), MP_ROM_PTR(&socket_recvfrom_obj)},
    {MP_ROM_QSTR(MP_QSTR_bind), MP_ROM_PTR(&socket_bind_obj)},
    {MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&socket_listen_obj)},
    {MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&socket_connect_obj)},
    {MP_ROM_QSTR(MP_QSTR_shutdown), MP_ROM_PTR(&socket_shutdown_obj)},
    {MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&socket_settimeout_obj)},
    {MP_ROM_QSTR(MP_QSTR_setsockopt), MP_ROM_PTR(&socket_setsockopt_obj)},
    {MP_ROM_QSTR(MP_QSTR_getsockname), MP_ROM_PTR(&socket_getsockname_obj)},
    {MP_ROM_QSTR(MP_QSTR_getpeername), MP_ROM_PTR(&socket_getpeername_obj)},
    {MP_ROM_QSTR(MP_QSTR_makefile), MP_ROM_PTR(&socket_makefile_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&socket_exit_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&socket_del_obj)},
};
static MP_DEFINE_CONST_DICT(socket_attributes, socket_attributes_table);

static const mp_stream_p_t socket_stream = {
    .read = socket_read,
    .write = socket_write,
    .ioctl = socket_ioctl,
};

MP_DEFINE_CONST_OBJ_TYPE(socket_type, MP_QSTR_socket, MP_TYPE_FLAG_NONE, make_new, socket_make_new, print, socket_print,
                         protocol, &socket_stream, locals_dict, &socket_attributes);

/* -- the module -- */

/* getaddrinfo(host, port, family, type, protocol, flags): one entry, waiting for the name server if host is a name. */
static mp_obj_t socket_getaddrinfo(size_t n_args, const mp_obj_t *args)
{
    int type = n_args > 3 && mp_obj_get_int(args[3]) ? mp_obj_get_int(args[3]) : SOCK_STREAM_;
    struct endpoint_address address = {.port = port_of(args[1])};
    host_to_ip(args[0], &address.ip);
    mp_obj_t items[5] = {
        MP_OBJ_NEW_SMALL_INT(AF_INET_),
        MP_OBJ_NEW_SMALL_INT(type),
        MP_OBJ_NEW_SMALL_INT(type == SOCK_STREAM_ ? IPPROTO_TCP_ : IPPROTO_UDP_),
        MP_OBJ_NEW_QSTR(MP_QSTR_),
        address_to_tuple(&address),
    };
    mp_obj_t entry = mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
    return mp_obj_new_list(1, &entry);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_getaddrinfo_obj, 2, 6, socket_getaddrinfo);

static const mp_rom_map_elem_t socket_module_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_socket)},
    {MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&socket_type)},
    {MP_ROM_QSTR(MP_QSTR_getaddrinfo), MP_ROM_PTR(&socket_getaddrinfo_obj)},
    {MP_ROM_QSTR(MP_QSTR_AF_INET), MP_ROM_INT(AF_INET_)},
    {MP_ROM_QSTR(MP_QSTR_SOCK_STREAM), MP_ROM_INT(SOCK_STREAM_)},
    {MP_ROM_QSTR(MP_QSTR_SOCK_DGRAM), MP_ROM_INT(SOCK_DGRAM_)},
    {MP_ROM_QSTR(MP_QSTR_SOL_SOCKET), MP_ROM_INT(SOL_SOCKET_)},
    {MP_ROM_QSTR(MP_QSTR_SO_REUSEADDR), MP_ROM_INT(SO_REUSEADDR_)},
    {MP_ROM_QSTR(MP_QSTR_SO_BROADCAST), MP_ROM_INT(SO_BROADCAST_)},
    {MP_ROM_QSTR(MP_QSTR_SO_KEEPALIVE), MP_ROM_INT(SO_KEEPALIVE_)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_TCP), MP_ROM_INT(IPPROTO_TCP_)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_UDP), MP_ROM_INT(IPPROTO_UDP_)},
    {MP_ROM_QSTR(MP_QSTR_TCP_NODELAY), MP_ROM_INT(TCP_NODELAY_)},
    {MP_ROM_QSTR(MP_QSTR_SHUT_RD), MP_ROM_INT(SHUT_RD_)},
    {MP_ROM_QSTR(MP_QSTR_SHUT_WR), MP_ROM_INT(SHUT_WR_)},
    {MP_ROM_QSTR(MP_QSTR_SHUT_RDWR), MP_ROM_INT(SHUT_RDWR_)},
};
static MP_DEFINE_CONST_DICT(socket_module_globals, socket_module_table);

const mp_obj_module_t socket_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&socket_module_globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_socket, socket_module);

/* fs/nfs/socket.c: the few POSIX sockets that libnfs' asynchronous client needs, over lwIP's raw TCP.
 *   consumes  pbufs from lwIP, in order, acknowledged to the window as they are read
 *   produces  segments: send() copies into lwIP, socket_flush() sends
 *   invariant a socket that is in use has a pcb, or an error or end that has been noted; socket_events() tells of
 *             nothing that the call itself would refuse with EAGAIN
 *   when full send() takes what packet memory has room for, or says EAGAIN; it is ready again at the next event of the
 *             stack at which there is room, and socket_flush() says whether its caller has to see to such an event; no
 *             socket left: EMFILE
 * Nothing here waits: every call returns at once, and readiness is asked for by socket_events() at each event of the
 * stack. Not here: UDP, IPv6, listening, names (fs/nfs/mount.c resolves them first).
 */
#include "lib/pd.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fs/nfs/config.h"
#include "fs/nfs/socket.h"
#include "lib/copy.h"
#include "lwip/tcp.h"
#include "lib/random.h"
#include "net/ip/ip.h"

#define SOCKETS_MAX 4
#define FIRST_FD 3 /* 0 means "none" to libnfs */
#define RESERVED_FIRST 512
#define RESERVED_COUNT (IPPORT_RESERVED - RESERVED_FIRST)

struct nfs_socket {
    bool used, connected, ended;
    bool refused; /* at this event lwIP had no memory for what send() was given: not asked again before the next one */
    int error;    /* errno */
    struct tcp_pcb *pcb;          /* NULL after an error: lwIP has freed it */
    struct pbuf *received, *last; /* linked by hand: a chain's own length field ends at 64 KiB */
    uint16_t offset;              /* read so far of the first pbuf */
};

static struct {
    struct nfs_socket sockets[SOCKETS_MAX];
} self;

static struct nfs_socket *at(int fd)
{
    int index = fd - FIRST_FD;

    if (index < 0 || index >= SOCKETS_MAX || !self.sockets[index].used) {
        errno = EBADF;
        return NULL;
    }
    return &self.sockets[index];
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* -- lwIP's callbacks: they only note -- */

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *pbuf, err_t error)
{
    struct nfs_socket *socket = context;

    if (!pbuf) {
        socket->ended = true;
        return ERR_OK;
    }
    if (socket->received) {
        socket->last->next = pbuf;
    } else {
        socket->received = pbuf;
    }
    while (pbuf->next) {
        pbuf = pbuf->next;
    }
    socket->last = pbuf;
    return ERR_OK;
}

static void on_error(void *context, err_t error)
{
    struct nfs_socket *socket = context;

    socket->pcb = NULL;
    if (error == ERR_RST) {
        socket->error = socket->connected ? ECONNRESET : ECONNREFUSED;
    } else {
        socket->error = ETIMEDOUT;
    }
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t error)
{
    struct nfs_socket *socket = context;

    socket->connected = true;
    return ERR_OK;
}

/* -- POSIX -- */

int socket(int domain, int type, int protocol)
{
    if (domain != AF_INET || type != SOCK_STREAM) {
        return fail(EPROTONOSUPPORT);
    }
    for (int i = 0; i < SOCKETS_MAX; i++) {
        struct nfs_socket *socket = &self.sockets[i];
        if (socket->used) {
            continue;
        }
        *socket = (struct nfs_socket){.used = true, .pcb = tcp_new()};
        if (!socket->pcb) {
            socket->used = false;
            return fail(ENOMEM);
        }
        tcp_arg(socket->pcb, socket);
        tcp_recv(socket->pcb, on_received);
        tcp_err(socket->pcb, on_error);
        tcp_nagle_disable(socket->pcb); /* requests are gathered by socket_flush() */
        return FIRST_FD + i;
    }
    return fail(EMFILE);
}

/* libnfs asks for one reserved port after another from a start that is the same at every boot; a server may still know
 * that pair of ports from the boot before. So any reserved port that is asked for means: one of them, from a random
 * start. */
int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct nfs_socket *socket = at(fd);
    uint32_t start = random_word();

    if (!socket) {
        return -1;
    }
    if (!socket->pcb) {
        return fail(EACCES);
    }
    for (uint32_t i = 0; i < RESERVED_COUNT; i++) {
        if (tcp_bind(socket->pcb, IP_ANY_TYPE, (uint16_t)(RESERVED_FIRST + (start + i) % RESERVED_COUNT)) == ERR_OK) {
            return 0;
        }
    }
    return fail(EACCES); /* libnfs then stops asking and connects from any port */
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct nfs_socket *socket = at(fd);
    const struct sockaddr_in *to = (const void *)address;
    ip_addr_t ip;

    if (!socket) {
        return -1;
    }
    if (!socket->pcb) {
        return fail(socket->error ? socket->error : ENOTCONN);
    }
    ip_addr_set_ip4_u32(&ip, to->sin_addr.s_addr);
    if (tcp_connect(socket->pcb, &ip, lwip_ntohs(to->sin_port), on_connected) != ERR_OK) {
        return fail(ENETUNREACH);
    }
    return fail(EINPROGRESS);
}

/* Bytes that send() takes now. The stack's memory is shared with what else there is: ip_tcp_room() leaves room for a
 * next connection, whatever this one has queued. */
static size_t room_of(const struct nfs_socket *socket)
{
    uint32_t room = socket->connected && socket->pcb && !socket->refused ? ip_tcp_room(socket->pcb, false) : 0;

    return room < UINT16_MAX ? room : UINT16_MAX;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    struct nfs_socket *socket = at(fd);

    if (!socket) {
        return -1;
    }
    if (!socket->pcb) {
        return fail(EPIPE);
    }
    size_t room = room_of(socket);
    size_t part = length < room ? length : room;
    if (part == 0) {
        return fail(EAGAIN);
    }
    err_t error = tcp_write(socket->pcb, bytes, (uint16_t)part, TCP_WRITE_FLAG_COPY);
    if (error == ERR_MEM) {
        socket->refused = true;
        return fail(EAGAIN);
    }
    return error == ERR_OK ? (ssize_t)part : fail(EPIPE);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    struct nfs_socket *socket = at(fd);
    size_t done = 0;

    if (!socket) {
        return -1;
    }
    while (done < length && socket->received) {
        struct pbuf *first = socket->received;
        size_t left = first->len - socket->offset;
        size_t part = left < length - done ? left : length - done;

        copy_long((uint8_t *)bytes + done, (const uint8_t *)first->payload + socket->offset, part);
        done += part;
        socket->offset = (uint16_t)(socket->offset + part);
        if (socket->offset == first->len) {
            socket->received = first->next;
            if (first->next) {
                pbuf_ref(first->next);
            }
            pbuf_free(first);
            socket->offset = 0;
        }
    }
    if (done && socket->pcb) {
        for (size_t left = done; left > 0;) {
            uint16_t part = left < UINT16_MAX ? (uint16_t)left : UINT16_MAX;
            tcp_recved(socket->pcb, part);
            left -= part;
        }
    }
    if (done == 0 && length > 0 && !socket->ended) {
        return fail(socket->error ? socket->error : EAGAIN);
    }
    return (ssize_t)done;
}

int close(int fd)
{
    struct nfs_socket *socket = at(fd);

    if (!socket) {
        return -1;
    }
    if (socket->pcb) {
        tcp_arg(socket->pcb, NULL);
        tcp_recv(socket->pcb, NULL);
        tcp_err(socket->pcb, NULL);
        /* As SO_LINGER of 0, which libnfs sets: what is queued would keep packet memory from the next connection for
         * minutes, where the peer is gone. */
        bool queued = socket->pcb->unsent || socket->pcb->unacked;
        if (socket->error || queued || tcp_close(socket->pcb) != ERR_OK) {
            tcp_abort(socket->pcb);
        }
    }
    if (socket->received) {
        pbuf_free(socket->received);
    }
    *socket = (struct nfs_socket){0};
    return 0;
}

int socket_events(int fd, int wanted)
{
    const struct nfs_socket *socket = at(fd);
    int events = 0;

    if (!socket) {
        return POLLERR;
    }
    if (wanted & POLLIN && (socket->received || socket->ended)) {
        events |= POLLIN;
    }
    if (socket->error && !socket->received) {
        events |= POLLERR;
    }
    if (wanted & POLLOUT && room_of(socket) > 0) {
        events |= POLLOUT;
    }
    return events;
}

bool socket_flush(int fd)
{
    struct nfs_socket *socket = at(fd);

    if (!socket) {
        return true;
    }
    bool refused = socket->refused;
    socket->refused = false;
    if (socket->pcb) {
        tcp_output(socket->pcb);
    }
    return !refused;
}

void socket_ask_again(int fd)
{
    const struct nfs_socket *socket = at(fd);

    if (socket && socket->pcb) {
        ip_tcp_ask_again(socket->pcb);
    }
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    const struct nfs_socket *socket = at(fd);

    if (!socket || level != SOL_SOCKET || option != SO_ERROR) {
        return fail(ENOPROTOOPT);
    }
    *(int *)value = socket->error;
    return 0;
}

/* What libnfs sets is what these sockets always do. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    return 0;
}

int fcntl(int fd, int command, ...)
{
    return 0;
}

/* Only for a reconnection inside libnfs, which is switched off: fs/nfs/rpc.c makes connections anew. */
int dup2(int from, int to)
{
    return fail(EINVAL);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length)
{
    return fail(EPROTONOSUPPORT);
}

ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, struct sockaddr *from, socklen_t *from_length)
{
    return fail(EPROTONOSUPPORT);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct found {
        struct addrinfo info;
        struct sockaddr_in address;
    } * found;
    ip4_addr_t ip;

    if (!ip4addr_aton(node, &ip)) {
        return -1;
    }
    found = calloc(1, sizeof(*found));
    if (!found) {
        return -1;
    }
    found->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {ip.addr}};
    found->info = (struct addrinfo){
        .ai_family = AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_addrlen = sizeof(found->address),
        .ai_addr = (void *)&found->address,
    };
    *result = &found->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *result)
{
    free(result);
}

struct servent *getservbyport(int port, const char *protocol)
{
    return NULL;
}

/* In libnfs' first transaction ids. */
pid_t getpid(void)
{
    return (pid_t)(random_word() >> 17);
}

uid_t getuid(void)
{
    return (uid_t)nfs_config.uid;
}

gid_t getgid(void)
{
    return (gid_t)nfs_config.gid;
}

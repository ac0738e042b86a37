/* tests/unit/fs_nfs_socket.c: libnfs' sockets over a TCP that the test plays: what socket_events() tells of, the call
 * does not refuse.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fs/nfs/config.h"
#include "fs/nfs/socket.h"
#include "lwip/tcp.h"
#include "net/ip/ip.h"
#include "tests/unit/fake_microkit.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

const struct nfs_config nfs_config = {.server = "10.0.0.1", .uid = 12, .gid = 13};
const ip_addr_t ip_addr_any;

/* TCP. */
static struct tcp_pcb *pcb;
static uint32_t room, blocks, outputs, aborts, closes, recved, pbufs, binds, binds_taken;
static uint16_t bound;
static bool no_pcb, no_close;
static err_t connect_error, write_error;

static struct tcp_pcb *asked_again;

void ip_tcp_ask_again(struct tcp_pcb *of)
{
    asked_again = of;
}

uint32_t ip_tcp_room(const struct tcp_pcb *of, bool stays)
{
    CHECK(of == pcb && !stays);
    return room;
}

struct tcp_pcb *tcp_new(void)
{
    if (no_pcb) {
        return NULL;
    }
    return pcb = calloc(1, sizeof(*pcb));
}

void tcp_arg(struct tcp_pcb *of, void *argument)
{
    of->callback_arg = argument;
}

void tcp_recv(struct tcp_pcb *of, tcp_recv_fn handler)
{
    of->recv = handler;
}

void tcp_err(struct tcp_pcb *of, tcp_err_fn err)
{
    of->errf = err;
}

err_t tcp_bind(struct tcp_pcb *of, const ip_addr_t *address, u16_t port)
{
    CHECK(port >= 512 && port < 1024);
    bound = port;
    return binds++ < binds_taken ? ERR_USE : ERR_OK;
}

err_t tcp_connect(struct tcp_pcb *of, const ip_addr_t *address, u16_t port, tcp_connected_fn connected)
{
    of->connected = connected;
    return connect_error;
}

err_t tcp_write(struct tcp_pcb *of, const void *data, u16_t length, u8_t flags)
{
    if (write_error != ERR_OK) {
        return write_error;
    }
    uint32_t needed = (length + TCP_MSS - 1u) / TCP_MSS;

    CHECK(of == pcb && length > 0 && length <= room);
    if (needed > blocks) {
        return ERR_MEM;
    }
    blocks -= needed;
    room -= length;
    return ERR_OK;
}

err_t tcp_output(struct tcp_pcb *of)
{
    outputs++;
    return ERR_OK;
}

void tcp_recved(struct tcp_pcb *of, u16_t length)
{
    recved += length;
}

err_t tcp_close(struct tcp_pcb *of)
{
    if (no_close) {
        return ERR_MEM;
    }
    closes++;
    free(of);
    pcb = NULL;
    return ERR_OK;
}

void tcp_abort(struct tcp_pcb *of)
{
    aborts++;
    free(of);
    pcb = NULL;
}

void pbuf_ref(struct pbuf *p)
{
    p->ref++;
}

u8_t pbuf_free(struct pbuf *p)
{
    while (p && --p->ref == 0) {
        struct pbuf *next = p->next;
        free(p);
        pbufs--;
        p = next;
    }
    return 0;
}

int ip4addr_aton(const char *text, ip4_addr_t *to)
{
    to->addr = 0x0100000a;
    return strcmp(text, "10.0.0.1") == 0;
}

uint32_t random_word(void)
{
    return (uint32_t)rand();
}

static void receive(uint16_t length)
{
    struct pbuf *p = calloc(1, sizeof(*p) + length);

    p->payload = p + 1;
    p->len = p->tot_len = length;
    p->ref = 1;
    pbufs++;
    pcb->recv(pcb->callback_arg, pcb, p, ERR_OK);
}

static int open_one(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd > 0);
    CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == EINPROGRESS);
    CHECK_EQUAL(socket_events(fd, POLLIN | POLLOUT), 0);
    CHECK(send(fd, "a", 1, 0) == -1 && errno == EAGAIN);
    room = 2 * TCP_MSS;
    blocks = 40;
    pcb->connected(pcb->callback_arg, pcb, ERR_OK);
    CHECK_EQUAL(socket_events(fd, POLLIN | POLLOUT), POLLOUT);
    CHECK_EQUAL(socket_events(fd, POLLIN), 0);
    return fd;
}

/* Memory is short in each of the ways that there are: while the socket says that it is ready it takes something, and
 * when it has found no memory it does not say so again at the same event. */
static void test_readiness_agrees(void)
{
    static uint8_t bytes[70000];
    int fd = open_one();

    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t refused = 0;
        if (rand() % 3 == 0) {
            receive((uint16_t)(1 + rand() % 3000));
        }
        room = (uint32_t)(rand() % 4 ? rand() % 65000 : 0);
        blocks = (uint32_t)(rand() % 4 ? rand() % 40 : 0);
        for (uint32_t turns = 0;; turns++) {
            int events = socket_events(fd, POLLIN | POLLOUT);
            CHECK(turns < 100000);
            if (events & POLLOUT) {
                ssize_t part = send(fd, bytes, (size_t)(1 + rand() % 70000), 0);
                CHECK(part > 0 || (part == -1 && errno == EAGAIN));
                refused += part < 0;
                CHECK(refused <= 1);
            } else {
                CHECK(send(fd, bytes, 1, 0) == -1 && errno == EAGAIN);
            }
            if (events & POLLIN) {
                CHECK(recv(fd, bytes, (size_t)(1 + rand() % 4000), 0) > 0);
            } else {
                CHECK(recv(fd, bytes, 1, 0) == -1 && errno == EAGAIN);
            }
            if (!(events & (POLLIN | POLLOUT))) {
                break;
            }
        }
        CHECK(socket_flush(fd) == (refused == 0));
        CHECK(socket_flush(fd));
    }
    CHECK(pbufs == 0);
    CHECK(close(fd) == 0 && closes == 1 && aborts == 0);
}

static void test_the_end(void)
{
    uint8_t bytes[10];
    int fd = open_one();

    receive(3);
    pcb->recv(pcb->callback_arg, pcb, NULL, ERR_OK);
    CHECK(recv(fd, bytes, 10, 0) == 3);
    CHECK(socket_events(fd, POLLIN | POLLOUT) & POLLIN);
    CHECK(recv(fd, bytes, 10, 0) == 0);
    CHECK(close(fd) == 0 && closes == 2 && pbufs == 0);
}

/* What came before the reset is read first; then the call tells of it. */
static void test_a_reset(void)
{
    uint8_t bytes[10];
    int fd = open_one();
    tcp_err_fn error = pcb->errf;
    void *argument = pcb->callback_arg;

    receive(3);
    free(pcb);
    pcb = NULL;
    error(argument, ERR_RST);
    CHECK_EQUAL(socket_events(fd, POLLIN | POLLOUT), POLLIN);
    CHECK(send(fd, "a", 1, 0) == -1 && errno == EPIPE);
    CHECK(recv(fd, bytes, 10, 0) == 3);
    CHECK_EQUAL(socket_events(fd, POLLIN | POLLOUT), POLLERR);
    CHECK(recv(fd, bytes, 10, 0) == -1 && errno == ECONNRESET);
    CHECK(socket_flush(fd) && close(fd) == 0);
}

/* What is queued for a peer that is gone is not kept in packet memory. */
static void test_a_close_gives_memory_back(void)
{
    static char segment[64];
    int fd = open_one();

    pcb->unacked = (struct tcp_seg *)(void *)segment;
    CHECK(close(fd) == 0 && aborts == 1);
}

static void test_no_socket_is_left(void)
{
    int fds[8], count = 0;

    while (count < 8 && (fds[count] = socket(AF_INET, SOCK_STREAM, 0)) != -1) {
        free(pcb); /* the test has one */
        count++;
    }
    CHECK(count > 0 && count < 8 && errno == EMFILE);
    CHECK(socket_events(99, POLLIN | POLLOUT) == POLLERR && socket_flush(99));
    CHECK(recv(99, fds, 1, 0) == -1 && errno == EBADF);
}

/* Only what libnfs' client of TCP needs. */
static void test_what_there_is_not(void)
{
    uint8_t byte = 0;
    int value = -1, other;
    socklen_t length = sizeof(value);

    CHECK(socket(AF_INET, SOCK_DGRAM, 0) == -1 && errno == EPROTONOSUPPORT);
    CHECK(socket(AF_UNSPEC, SOCK_STREAM, 0) == -1 && errno == EPROTONOSUPPORT);
    CHECK(sendto(3, &byte, 1, 0, NULL, 0) == -1 && errno == EPROTONOSUPPORT);
    CHECK(recvfrom(3, &byte, 1, 0, NULL, NULL) == -1 && errno == EPROTONOSUPPORT);
    CHECK(dup2(3, 4) == -1 && errno == EINVAL);
    no_pcb = true;
    CHECK(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOMEM);
    no_pcb = false;
    for (int fd = -1; fd <= 99; fd += 50) { /* none is open */
        CHECK(bind(fd, NULL, 0) == -1 && errno == EBADF);
        CHECK(connect(fd, NULL, 0) == -1 && errno == EBADF);
        CHECK(send(fd, &byte, 1, 0) == -1 && errno == EBADF);
        CHECK(close(fd) == -1 && errno == EBADF);
        CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == -1);
    }
    int fd = open_one();
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 && value == 0);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR + 1, &other, &length) == -1 && errno == ENOPROTOOPT);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_ERROR, &value, length) == 0 && fcntl(fd, 0) == 0);
    CHECK(!getservbyport(111, "tcp"));
    CHECK(getuid() == 12 && getgid() == 13 && getpid() >= 0);
    close(fd);
}

/* Whatever reserved port is asked for: one that is free, from another start each time. */
static void test_reserved_ports(void)
{
    uint16_t first[8];
    uint32_t same = 0;

    for (uint32_t i = 0; i < 8; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(bind(fd, NULL, 0) == 0);
        first[i] = bound;
        same += i > 0 && first[i] == first[0];
        close(fd);
    }
    CHECK(same < 7);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    binds = 0;
    binds_taken = 511;
    CHECK(bind(fd, NULL, 0) == 0 && binds == 512);
    binds = 0;
    binds_taken = 512;
    CHECK(bind(fd, NULL, 0) == -1 && errno == EACCES && binds == 512);
    binds_taken = 0;
    close(fd);
}

static void lose_pcb(err_t why)
{
    tcp_err_fn error = pcb->errf;
    void *argument = pcb->callback_arg;

    free(pcb);
    pcb = NULL;
    error(argument, why);
}

static void test_connections_that_fail(void)
{
    static const struct {
        err_t error;
        int is;
    } errors[] = {{ERR_RST, ECONNREFUSED}, {ERR_ABRT, ETIMEDOUT}};
    struct sockaddr_in to = {.sin_family = AF_INET};
    int value;
    socklen_t length = sizeof(value);

    for (uint32_t i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == EINPROGRESS);
        lose_pcb(errors[i].error);
        CHECK_EQUAL(socket_events(fd, POLLIN | POLLOUT), POLLERR);
        CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 && value == errors[i].is);
        CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == errors[i].is);
        CHECK(bind(fd, NULL, 0) == -1 && errno == EACCES);
        CHECK(close(fd) == 0);
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    connect_error = ERR_RTE;
    CHECK(connect(fd, (void *)&to, sizeof(to)) == -1 && errno == ENETUNREACH);
    connect_error = ERR_OK;
    close(fd);
    fd = open_one();
    write_error = ERR_CONN;
    CHECK(send(fd, "a", 1, 0) == -1 && errno == EPIPE);
    write_error = ERR_OK;
    uint32_t before = aborts;
    no_close = true; /* no memory for a FIN */
    CHECK(close(fd) == 0 && aborts == before + 1);
    no_close = false;
}

/* The window is opened by all that is read, in steps of which lwIP can count; what was not read is given back. */
static void test_much_at_once(void)
{
    static uint8_t bytes[200000];
    int fd = open_one();

    for (uint32_t i = 0; i < 3; i++) {
        receive(60000);
    }
    recved = 0;
    CHECK_EQUAL(recv(fd, bytes, 150000, 0), 150000);
    CHECK_EQUAL(recved, 150000);
    CHECK_EQUAL(recv(fd, bytes, 0, 0), 0);
    CHECK(pbufs == 1 && close(fd) == 0 && pbufs == 0);
}

static void test_addresses(void)
{
    struct addrinfo *found = NULL;

    CHECK(getaddrinfo("name", NULL, NULL, &found) != 0 && !found);
    CHECK(getaddrinfo("10.0.0.1", NULL, NULL, &found) == 0);
    const struct sockaddr_in *address = (const void *)found->ai_addr;
    CHECK(found->ai_family == AF_INET && found->ai_socktype == SOCK_STREAM && address->sin_family == AF_INET);
    CHECK(address->sin_addr.s_addr == 0x0100000a && found->ai_addrlen == sizeof(*address) && !found->ai_next);
    freeaddrinfo(found);
}

int main(void)
{
    test_readiness_agrees();
    test_the_end();
    test_a_reset();
    test_a_close_gives_memory_back();
    test_what_there_is_not();
    test_reserved_ports();
    test_connections_that_fail();
    test_much_at_once();
    test_addresses();
    test_no_socket_is_left();
    return 0;
}

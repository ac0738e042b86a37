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
#include <unistd.h>

const struct nfs_config nfs_config = {.server = "10.0.0.1"};
const ip_addr_t ip_addr_any;

/* TCP. */
static struct tcp_pcb *pcb;
static uint32_t room, blocks, outputs, aborts, closes, recved, pbufs;

uint32_t ip_tcp_room(const struct tcp_pcb *of, bool stays)
{
    CHECK(of == pcb && !stays);
    return room;
}

struct tcp_pcb *tcp_new(void)
{
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
    return ERR_OK;
}

err_t tcp_connect(struct tcp_pcb *of, const ip_addr_t *address, u16_t port, tcp_connected_fn connected)
{
    of->connected = connected;
    return ERR_OK;
}

err_t tcp_write(struct tcp_pcb *of, const void *data, u16_t length, u8_t flags)
{
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
    return 0;
}

uint32_t ip_random(void)
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

int main(void)
{
    test_readiness_agrees();
    test_the_end();
    test_a_reset();
    test_a_close_gives_memory_back();
    test_no_socket_is_left();
    return 0;
}

/* load.c: an HTTP/1.1 load generator that hides no error: N connections, one request at a time on each.
 *   talks to  the server named on the command line, NOT trusted: each answer is compared with the file that it
 *             should be
 *   prints    one JSON object: answers, errors by kind, bytes, a histogram of latencies, the guest's counters
 *   tells     with --rate, on stderr, that all connections are open: a line "window"
 *   phases    open     each connection in turn makes one request that is not measured (unless --cold)
 *             window   --seconds S, or until --requests N are through; counters are read at both of its ends
 *             drain    requests under way at the window's end get DRAIN_NS more: their latencies count, their answers
 *                      do not; what is not through then is `unfinished`
 *   latency   from the request's first byte, or from connect() where it needs a new connection, to the answer's
 *             last byte
 *
 * A server that closes after an answer (HTTP/1.0, or "Connection: close") is met with a new connection:
 * `reconnects`. With --tls each connection begins with a handshake, which is part of the latency. As RFC 9112 9.3.1 allows, a request on a connection that the server closes before any byte of an
 * answer is made again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/histogram.h"
#include "bench/load_content.h"
#include "bench/load_counters.h"
#include "bench/load_options.h"
#include "bench/load_tls.h"

#define HEAD_MAX 8192
#define CHUNK (256 * 1024)
#define TICK_MS 50
#define PACE_MS 2                /* with --rate */
#define DRAIN_NS (2 * SECOND_NS) /* a lost SYN is sent again after one */

enum failure { CONNECT, HANDSHAKE, RESET, EARLY_CLOSE, STATUS, HEADERS, BODY, TIMEOUT, NO_CLOSE, FAILURES };
static const char *const failure_names[FAILURES] = {
    [CONNECT] = "connect",       /* no connection */
    [HANDSHAKE] = "handshake",   /* refused, or another certificate */
    [RESET] = "reset",           /* broken by the server or on the way */
    [EARLY_CLOSE] = "cut short", /* closed before the answer was whole */
    [STATUS] = "status",         /* another one than 200 */
    [HEADERS] = "headers",       /* not HTTP, too long, or a body without a stated length */
    [BODY] = "wrong bytes",      /* not what the file holds */
    [TIMEOUT] = "timeout",       /* no progress for --timeout */
    [NO_CLOSE] = "not closed",   /* promised to close and did not */
};

enum phase { OPENING, WINDOW, DRAINING, OVER };

enum state {
    REST, /* no request to make, connected or not */
    CONNECTING,
    SHAKING, /* TLS' handshake */
    SENDING,
    HEAD,
    BODY_BYTES,
    CLOSING, /* answer complete, the server is to close */
    PAUSED,  /* after a failure, until the next tick */
};

struct connection {
    enum state state;
    int fd; /* -1: none */
    struct load_tls tls;
    bool opened;         /* made its unmeasured request */
    bool reused;         /* an answer has come on this connection before */
    bool persists;       /* the answer under way leaves it open */
    bool measured;       /* the request began within the window */
    bool head_only;      /* HEAD, to open a connection */
    bool until_close;    /* the body ends with the connection */
    uint64_t started_ns; /* of the request */
    uint64_t progress_ns;
    uint32_t number; /* of the request, for --path's % */
    char request[PATH_MAX + 256 + LOAD_FIELDS_MAX];
    size_t request_length, sent;
    char head[HEAD_MAX + 1];
    size_t head_length;
    uint64_t body_at, body_size;
    struct load_content expected;
};

static struct {
    int epoll;
    struct connection connections[LOAD_CONNECTIONS_MAX];
    uint32_t turn;      /* with --rate: whose request is next */
    uint32_t opening;   /* the connection that makes its unmeasured request */
    uint32_t next;      /* number of the next request */
    uint32_t under_way; /* measured requests */
    enum phase phase;
    uint64_t begin_ns, end_ns, last_ns; /* window; last answer in it */
    uint64_t answers, bytes, reconnects, connects, unfinished;
    uint64_t failures[FAILURES];
    uint32_t bad_status; /* the last one seen */
    struct histogram latencies;
    struct load_content one; /* of --path without % */
    uint64_t counted_ns;     /* between the two looks at the counters */
    uint64_t resumed;        /* handshakes of connections before the window */
    uint8_t chunk[CHUNK];
} self;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* -- what is asked for, and what it should be -- */

static void forget_content(struct connection *c)
{
    if (!load_one_file() && c->expected.bytes != NULL) {
        munmap((void *)c->expected.bytes, c->expected.size);
    }
    c->expected = (struct load_content){0};
}

static void compose_request(struct connection *c)
{
    char path[PATH_MAX];
    load_path(path, sizeof(path), c->number);
    c->expected = load_one_file() ? self.one : load_content_of(path);
    c->request_length = (size_t)snprintf(
        c->request, sizeof(c->request), "%s %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: %s\r\n%s\r\n",
        c->head_only ? "HEAD" : "GET", path, inet_ntoa(load_options.server.sin_addr),
        ntohs(load_options.server.sin_port), load_options.close ? "close" : "keep-alive", load_options.fields);
}

/* -- connections -- */

static void watch(struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(self.epoll, EPOLL_CTL_MOD, c->fd, &event) != 0 &&
        epoll_ctl(self.epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        load_die("epoll_ctl");
    }
}

static void disconnect(struct connection *c)
{
    if (c->fd >= 0) {
        load_tls_end(&c->tls);
        close(c->fd);
    }
    c->fd = -1;
    c->reused = false;
}

static void fail(struct connection *c, enum failure failure)
{
    self.failures[failure]++;
    self.under_way -= c->measured;
    c->measured = false;
    c->opened = true;
    forget_content(c);
    disconnect(c);
    c->state = PAUSED;
}

static void open_socket(struct connection *c)
{
    int on = 1;
    self.connects++;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        load_die("socket");
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->state = CONNECTING;
    const struct sockaddr *server = (const struct sockaddr *)&load_options.server;
    if (connect(c->fd, server, sizeof(load_options.server)) != 0 && errno != EINPROGRESS) {
        fail(c, CONNECT);
        return;
    }
    watch(c, EPOLLOUT);
}

static void send_request(struct connection *c)
{
    c->state = SENDING;
    c->sent = c->head_length = 0;
    watch(c, EPOLLIN | EPOLLOUT);
}

/* Makes the request again where an idle connection was closed just as it was sent. */
static bool try_again(struct connection *c)
{
    if (!c->reused || c->head_length > 0 || c->state > HEAD) {
        return false;
    }
    self.reconnects++;
    disconnect(c);
    open_socket(c);
    return true;
}

static bool limit_reached(void)
{
    return load_options.request_limit > 0 && self.next - load_options.first >= load_options.request_limit;
}

/* With --rate: the next request. */
static bool is_due(void)
{
    return load_options.rate == 0 ||
           self.next - load_options.first < load_options.rate * (double)(now_ns() - self.begin_ns) / 1e9;
}

static bool more_to_ask(const struct connection *c)
{
    if (self.phase == OPENING) {
        return !c->opened && c == &self.connections[self.opening];
    }
    return self.phase == WINDOW && !limit_reached() && is_due();
}

static void begin_request(struct connection *c)
{
    if (!more_to_ask(c)) {
        c->state = REST;
        return;
    }
    c->measured = self.phase == WINDOW;
    c->head_only = !c->measured && self.opening > 0;
    c->number = c->measured ? self.next++ : load_options.first;
    self.under_way += c->measured;
    c->started_ns = c->progress_ns = now_ns();
    compose_request(c);
    if (c->fd < 0) {
        open_socket(c);
    } else {
        send_request(c);
    }
}

static void finish_answer(struct connection *c)
{
    uint64_t now = now_ns();
    if (c->measured) {
        histogram_add(&self.latencies, (now - c->started_ns) / 1000);
        self.under_way--;
    }
    if (c->measured && self.phase == WINDOW) {
        self.answers++;
        self.last_ns = now;
    }
    c->measured = false;
    c->opened = true;
    c->reused = true;
    forget_content(c);
    if (c->persists) {
        begin_request(c);
        return;
    }
    c->state = CLOSING;
    self.reconnects += !load_options.close;
}

/* -- the answer -- */

/* The value of a header field in a head that ends with a NUL, or NULL. */
static const char *field(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return line + length + 1 + strspn(line + length + 1, " \t");
        }
    }
    return NULL;
}

static bool says(const char *value, const char *word)
{
    return value != NULL && strncasecmp(value, word, strlen(word)) == 0;
}

/* RFC 9112: status line, persistence (9.3), the body's length (6.3). False where the answer is none that counts. */
static bool parse_head(struct connection *c)
{
    unsigned minor, status;
    if (sscanf(c->head, "HTTP/1.%1u %3u", &minor, &status) != 2 || field(c->head, "Transfer-Encoding") != NULL) {
        fail(c, HEADERS);
        return false;
    }
    if (status != 200) {
        self.bad_status = status;
        fail(c, STATUS);
        return false;
    }
    const char *connection = field(c->head, "Connection");
    const char *length = field(c->head, "Content-Length");
    c->persists = !load_options.close && length != NULL &&
                  (minor > 0 ? !says(connection, "close") : says(connection, "keep-alive"));
    c->until_close = length == NULL && !c->head_only;
    c->body_size = c->head_only ? 0 : length == NULL ? UINT64_MAX : strtoull(length, NULL, 10);
    c->body_at = 0;
    if (c->expected.bytes != NULL && length != NULL && !c->head_only && c->body_size != c->expected.size) {
        fail(c, BODY);
        return false;
    }
    return true;
}

static void take_body(struct connection *c, const uint8_t *bytes, size_t size)
{
    if (size > c->body_size - c->body_at) {
        fail(c, BODY);
        return;
    }
    const struct load_content *e = &c->expected;
    if (e->bytes != NULL && (size > e->size - c->body_at || memcmp(e->bytes + c->body_at, bytes, size) != 0)) {
        fail(c, BODY);
        return;
    }
    c->body_at += size;
    if (self.phase == WINDOW && c->measured) {
        self.bytes += size;
    }
    if (c->body_at == c->body_size) {
        finish_answer(c);
    }
}

static void take_head(struct connection *c, const uint8_t *bytes, size_t size)
{
    size_t kept = c->head_length;
    size_t room = HEAD_MAX - kept < size ? HEAD_MAX - kept : size;
    memcpy(c->head + kept, bytes, room);
    c->head_length += room;
    c->head[c->head_length] = '\0';
    char *end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        if (c->head_length == HEAD_MAX) {
            fail(c, HEADERS);
        }
        return;
    }
    end[2] = '\0';
    size_t used = (size_t)(end + 4 - c->head) - kept;
    c->state = BODY_BYTES;
    if (parse_head(c)) {
        take_body(c, bytes + used, size - used);
    }
}

static void take_end(struct connection *c)
{
    if (c->state == CLOSING) {
        disconnect(c);
        begin_request(c);
    } else if (c->state == BODY_BYTES && c->until_close) {
        bool whole = c->expected.bytes == NULL || c->body_at == c->expected.size;
        c->persists = false;
        if (!whole) {
            fail(c, EARLY_CLOSE);
            return;
        }
        finish_answer(c);
        disconnect(c);
        begin_request(c);
    } else if (c->state == REST) {
        disconnect(c);
    } else if (!try_again(c)) {
        fail(c, EARLY_CLOSE);
    }
}

static void take_bytes(struct connection *c, const uint8_t *bytes, size_t size)
{
    if (c->state == HEAD || c->state == SENDING) {
        take_head(c, bytes, size);
    } else if (c->state == BODY_BYTES) {
        take_body(c, bytes, size);
    } else {
        fail(c, BODY); /* more than the answer's length */
    }
}

static void receive(struct connection *c)
{
    ssize_t got = load_tls_receive(&c->tls, c->fd, self.chunk, sizeof(self.chunk));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    c->progress_ns = now_ns();
    if (got > 0) {
        take_bytes(c, self.chunk, (size_t)got);
    } else if (got == 0) {
        take_end(c);
    } else if (c->state == CLOSING || c->state == REST) {
        disconnect(c);
        begin_request(c);
    } else if (!try_again(c)) {
        fail(c, RESET);
    }
}

/* The server's tickets may be all that comes; what the library has of an answer no event tells of. */
static void receive_all(struct connection *c)
{
    int fd = c->fd;
    do {
        receive(c);
    } while (c->fd == fd && load_tls_has_more(&c->tls));
}

/* False: not yet, or not at all. */
static bool shake(struct connection *c)
{
    c->progress_ns = now_ns();
    switch (load_tls_shake(&c->tls, c->fd)) {
    case LOAD_TLS_DONE: return true;
    case LOAD_TLS_READS: watch(c, EPOLLIN); return false;
    case LOAD_TLS_WRITES: watch(c, EPOLLOUT); return false;
    case LOAD_TLS_FAILED: fail(c, HANDSHAKE); return false;
    }
    return false;
}

/* False: the request cannot be sent yet, or at all. */
static bool connected(struct connection *c)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (c->state == CONNECTING) {
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
            fail(c, CONNECT);
            return false;
        }
        c->state = SHAKING;
    }
    if (c->state == SHAKING) {
        if (!shake(c)) {
            return false;
        }
        send_request(c);
    }
    return true;
}

static void transmit(struct connection *c)
{
    if (!connected(c)) {
        return;
    }
    ssize_t put = load_tls_send(&c->tls, c->fd, c->request + c->sent, c->request_length - c->sent);
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        if (!try_again(c)) {
            fail(c, RESET);
        }
        return;
    }
    c->sent += put > 0 ? (size_t)put : 0;
    if (c->sent == c->request_length) {
        c->state = HEAD;
        watch(c, EPOLLIN);
    }
}

static void handle(struct connection *c, uint32_t events)
{
    if (c->fd < 0) {
        return; /* closed by an event before this one */
    }
    if ((events & EPOLLOUT) != 0 || c->state == CONNECTING || c->state == SHAKING) {
        transmit(c);
    } else {
        receive_all(c);
    }
}

/* -- phases -- */

static void start_window(void)
{
    load_counters_begin();
    self.phase = WINDOW;
    self.next = load_options.first;
    self.begin_ns = self.last_ns = now_ns();
    self.reconnects = self.connects = 0;
    self.resumed = load_tls_resumed();
    if (load_options.rate > 0) {
        fprintf(stderr, "window\n");
    }
    for (uint32_t i = 0; i < load_options.connection_count; i++) {
        begin_request(&self.connections[i]);
    }
}

/* One connection after the other, so that no burst of connections is lost before the window begins. */
static void advance_opening(void)
{
    while (self.opening < load_options.connection_count && self.connections[self.opening].opened) {
        enum state state = self.connections[self.opening].state;
        if (state != REST && state != PAUSED) {
            return; /* the server has yet to close */
        }
        self.opening++;
    }
    if (self.opening == load_options.connection_count) {
        start_window();
    } else if (self.connections[self.opening].state == REST) {
        begin_request(&self.connections[self.opening]);
    }
}

static void advance_phase(void)
{
    if (self.phase == OPENING) {
        advance_opening();
    }
    uint64_t now = now_ns();
    bool elapsed = load_options.window_ns > 0 && now - self.begin_ns >= load_options.window_ns;
    if (self.phase == WINDOW && (elapsed || (limit_reached() && self.under_way == 0))) {
        self.phase = DRAINING;
        self.end_ns = now;
    }
    if (self.phase == DRAINING && (self.under_way == 0 || now - self.end_ns >= DRAIN_NS)) {
        self.phase = OVER;
        self.unfinished = self.under_way;
    }
}

static void tick(uint64_t now)
{
    for (uint32_t i = 0; i < load_options.connection_count; i++) {
        struct connection *c = &self.connections[i];
        if (c->state == PAUSED) {
            c->state = REST;
            begin_request(c);
        } else if (c->state != REST && now - c->progress_ns > load_options.timeout_ns) {
            fail(c, c->state == CLOSING ? NO_CLOSE : TIMEOUT);
        }
    }
}

/* Those at rest, in turn, whose time has come. */
static void pace(void)
{
    for (uint32_t i = 0; i < load_options.connection_count && self.phase == WINDOW && is_due(); i++) {
        struct connection *c = &self.connections[self.turn++ % load_options.connection_count];
        if (c->state == REST) {
            begin_request(c);
        }
    }
}

static void run(void)
{
    struct epoll_event events[64];
    uint64_t ticked = now_ns();
    advance_phase();
    while (self.phase != OVER) {
        int count = epoll_wait(self.epoll, events, 64, load_options.rate > 0 ? PACE_MS : TICK_MS);
        for (int i = 0; i < count; i++) {
            handle(events[i].data.ptr, events[i].events);
        }
        uint64_t now = now_ns();
        if (now - ticked >= TICK_MS * 1000000ull) {
            tick(now);
            ticked = now;
        }
        if (load_options.rate > 0) {
            pace();
        }
        advance_phase();
    }
}

/* What the guest still has to do for these requests (acknowledgements, closing) counts, too. */
static void read_counters_again(void)
{
    if (load_options.counters_path == NULL) {
        return;
    }
    struct timespec pause = {.tv_sec = (time_t)(load_options.settle_ns / SECOND_NS),
                             .tv_nsec = (long)(load_options.settle_ns % SECOND_NS)};
    nanosleep(&pause, NULL);
    load_counters_end();
    self.counted_ns = now_ns() - self.begin_ns;
}

/* -- result -- */

static void print_result(void)
{
    uint64_t end = load_options.request_limit > 0 ? self.last_ns : self.end_ns;
    printf("{\"seconds\": %.6f, \"answers\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"connects\": %" PRIu64
           ", \"reconnects\": %" PRIu64 ", \"resumed\": %" PRIu64 ", \"unfinished\": %" PRIu64
           ", \"last_bad_status\": %u,\n \"errors\": {",
           (double)(end - self.begin_ns) / 1e9, self.answers, self.bytes, self.connects, self.reconnects,
           load_tls_resumed() - self.resumed, self.unfinished, self.bad_status);
    const char *comma = "";
    for (int i = 0; i < FAILURES; i++) {
        if (self.failures[i] > 0) {
            printf("%s\"%s\": %" PRIu64, comma, failure_names[i], self.failures[i]);
            comma = ", ";
        }
    }
    printf("},\n \"latencies_us\": ");
    histogram_print(&self.latencies);
    if (load_options.counters_path != NULL) {
        printf(",\n \"counted_seconds\": %.6f, \"counters\": ", (double)self.counted_ns / 1e9);
        load_counters_print();
    }
    printf("}\n");
}

/* -- start -- */

int main(int argc, char **argv)
{
    load_read_options(argc, argv);
    if (load_one_file()) {
        self.one = load_content_of(load_options.path);
    }
    load_counters_open();
    load_tls_init();
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self.epoll < 0) {
        load_die("epoll_create1");
    }
    for (uint32_t i = 0; i < load_options.connection_count; i++) {
        self.connections[i].fd = -1;
        self.connections[i].opened = load_options.cold;
    }
    run();
    read_counters_again();
    print_result();
    return 0;
}

/* http_access.c: the access log (http/access/) under the whole front: each request has its line, whatever becomes of it,
 * and nobody writes a line of his own. The file service and UDP are made up here.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "fs/client.h"
#include "fs/mount.h"
#include "http/access/access.h"
#include "http/access/buffer.h"
#include "http/access/line.h"
#include "http/conn/watch.h"
#include "http_front_client.h"
#include "in_turn.h"
#include "lib/log.h"
#include "net/ip/ip.h"

#include "lwip/udp.h"

#define BUFFER 8192
#define SHARE (64 * 1024)

void init(void) {}

const struct ip_config ip_config = {.hostname = "a-host"};

/* -- UDP -- */

static char datagram[2000];
static uint32_t datagrams;
static struct udp_pcb udp;

struct udp_pcb *udp_new(void)
{
    return &udp;
}

struct pbuf *pbuf_alloc(pbuf_layer layer, u16_t length, pbuf_type type)
{
    struct pbuf *p = calloc(1, sizeof(*p) + length);
    p->payload = p + 1;
    p->len = p->tot_len = length;
    p->ref = 1;
    lwip_pbufs++;
    return p;
}

err_t udp_sendto(struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *to, u16_t port)
{
    CHECK(pcb == &udp && to->addr == 0x0202000au && port == 514 && p->len < sizeof(datagram));
    memcpy(datagram, p->payload, p->len);
    datagram[p->len] = '\0';
    datagrams++;
    return ERR_OK;
}

/* -- the console -- */

static char said[2000];

static bool sink(const char *line, size_t length)
{
    CHECK(length < sizeof(said));
    memcpy(said, line, length);
    said[length] = '\0';
    return true;
}

/* -- files: one at a time, answered by serve() -- */

static uint8_t share[SHARE];
static struct fs_request *asked;
static struct fs_command command;
static struct {
    char path[100], bytes[200000];
    uint64_t size;
} files[4];
static uint32_t fails; /* the status of what is asked */
static bool full;      /* what is written is refused */
static uint32_t opened, closed, writes;
static uint32_t written_at_once = 5000;

uint32_t fs_client_blocks(void)
{
    return 1;
}

uint32_t fs_client_block_size(void)
{
    return SHARE;
}

void *fs_client_block_get(void)
{
    return share;
}

struct fs_buffer fs_client_buffer(const void *at, uint64_t size)
{
    return (struct fs_buffer){(uint64_t)((const uint8_t *)at - share), size};
}

void fs_mount_note(uint32_t status) {}

bool fs_client_issue(struct fs_request *request, const struct fs_command *what)
{
    CHECK(!asked);
    asked = request;
    command = *what;
    return true;
}

static uint64_t open_file(const char *path, uint64_t length)
{
    uint64_t i = 0;
    while (files[i].path[0] && (strlen(files[i].path) != length || memcmp(files[i].path, path, length) != 0)) {
        i++;
    }
    memcpy(files[i].path, path, length);
    opened++;
    return i;
}

static void answer(struct fs_completion *result)
{
    const struct fs_buffer *data = &command.file.data, *path = &command.path.path;
    switch (command.type) {
    case FS_OPEN:
        result->open.fd = open_file((const char *)share + path->offset, path->size);
        result->open.size = files[result->open.fd].size;
        break;
    case FS_WRITE:
        writes++;
        result->length = data->size < written_at_once ? data->size : written_at_once;
        memcpy(files[command.file.fd].bytes + command.file.position, share + data->offset, result->length);
        files[command.file.fd].size = command.file.position + result->length;
        break;
    case FS_FILE_SIZE: result->size = files[command.file.fd].size; break;
    default: CHECK_EQUAL(command.type, FS_CLOSE); closed++;
    }
}

static void serve_one(void)
{
    struct fs_request *request = asked;
    asked = NULL;
    request->result = (struct fs_completion){.status = full && command.type == FS_WRITE ? FS_STATUS_NO_SPACE : fails};
    if (request->result.status == FS_STATUS_OK) {
        answer(&request->result);
    }
    request->handler(request);
}

static void serve(void)
{
    while (asked) {
        serve_one();
    }
}

/* -- the log -- */

static struct access_config config = {.console = true, .file = ""};

static void begin(const char *file, uint16_t syslog_port)
{
    static char *memory;
    memory = memory ? memory : malloc(ACCESS_RECORDS_BYTES + BUFFER);
    config.memory = (struct region){memory, ACCESS_RECORDS_BYTES + BUFFER, 0};
    config.file = file;
    config.syslog_port = syslog_port;
    memcpy(config.syslog, (uint8_t[]){10, 0, 2, 2}, 4);
    log_to(sink);
    http_log = NULL;
    access_init(&config);
    connect();
}

static const char *since(const char *text)
{
    const char *at = strstr(said, text);
    return at ? at : "(no such line)";
}

static void expect(const char *begin, const char *middle)
{
    CHECK(strncmp(said, begin, strlen(begin)) == 0);
    if (strncmp(since(middle), middle, strlen(middle)) != 0) {
        FAIL("%s: not in %s", middle, said);
    }
    said[0] = '\0';
}

#define FROM "10.0.0.2 - - ["

static void test_lines(void)
{
    begin("", 0);
    CHECK_EQUAL(get("/f/1000", "Referer: http://x/\r\nUser-Agent: me (1)\r\n"), 200);
    expect(FROM, "] \"GET /f/1000 HTTP/1.1\" 200 1000 \"http://x/\" \"me (1)\" 0.0");
    CHECK_EQUAL(get("/f/100000?a=b", ""), 200);
    expect(FROM, " +0000] \"GET /f/100000?a=b HTTP/1.1\" 200 100000 \"-\" \"-\" ");
    CHECK_EQUAL(get("/f/100", "Range: bytes=5-8\r\n"), 206);
    expect(FROM, "\" 206 4 ");
    CHECK_EQUAL(get("/f/100", "If-None-Match: *\r\n"), 304);
    expect(FROM, "\" 304 0 ");
    CHECK_EQUAL(ask("HEAD /f/70000 HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    expect(FROM, "\"HEAD /f/70000 HTTP/1.1\" 200 0 ");
    CHECK_EQUAL(get("/dir", ""), 301);
    expect(FROM, "\"GET /dir HTTP/1.1\" 301 0 ");
    CHECK_EQUAL(get("/forbidden", ""), 403);
    expect(FROM, "\"GET /forbidden HTTP/1.1\" 403 ");
    leave();
}

static void test_applications(void)
{
    begin("", 0);
    CHECK_EQUAL(get("/app/len/5000", ""), 200);
    expect(FROM, "\"GET /app/len/5000 HTTP/1.1\" 200 5000 ");
    CHECK_EQUAL(get("/app/x/3000", ""), 200);
    expect(FROM, "\"GET /app/x/3000 HTTP/1.1\" 200 3000 ");
    CHECK_EQUAL(get("/app/early", ""), 500);
    expect(FROM, "\"GET /app/early HTTP/1.1\" 500 ");
    leave();
}

static void test_a_client_that_goes(void)
{
    begin("", 0);
    send("GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n");
    take();
    said[0] = '\0';
    client_reset(client);
    CHECK(client_gone(client));
    client_free(client);
    expect(FROM, "\"GET /app/hold HTTP/1.1\" 499 0 ");
    app_release();
    for (int i = 0; i < 20; i++) {
        step();
    }
}

/* One line, of what had been written until then. The next client has the same connection and record: nothing of it is in
 * that one's lines, whether its answer is at hand, takes its time, or is of nonsense. */
static void test_another_client(void)
{
    static const char *const asks[] = {"GET /f/10 HTTP/1.1\r\nHost: x\r\n\r\n",
                                       "GET /f/100000 HTTP/1.1\r\nHost: x\r\n\r\n",
                                       "GET / HTTP/1.1\r\nHost: x\r\nNo field\r\n\r\n"};
    static const char *const lines[] = {"] \"GET /f/10 HTTP/1.1\" 200 10 \"-\" \"-\" ",
                                        "] \"GET /f/100000 HTTP/1.1\" 200 100000 \"-\" \"-\" ", "] \"-\" 400 "};
    for (uint32_t i = 0; i < 3; i++) {
        lwip_address = 0x64646464;
        begin("", 0);
        send("GET /f/1000000?cut HTTP/1.1\r\nHost: x\r\nReferer: http://x/\r\n\r\n");
        client_take(client, 20000);
        said[0] = '\0';
        client_reset(client);
        CHECK(client_gone(client));
        client_free(client);
        CHECK(strtoul(since("\" 200 ") + 6, NULL, 10) >= 10000 && strtoul(since("\" 200 ") + 6, NULL, 10) < 1000000);
        expect("100.100.100.100 - - [", "] \"GET /f/1000000?cut HTTP/1.1\" 200 ");
        lwip_address = 0x01020304;
        connect();
        send(asks[i]);
        receive(false);
        expect("4.3.2.1 - - [", lines[i]);
        take();
        CHECK_EQUAL(said[0], 0);
        client_end(client);
        take();
        CHECK(client_gone(client) && said[0] == 0);
        client_free(client);
    }
}

static void test_nonsense(void)
{
    begin("", 0);
    CHECK_EQUAL(ask("GET / HTTP/1.1\r\nHost: x\r\nNo field\r\n\r\n"), 400);
    expect(FROM, "] \"-\" 400 ");
    check_closed();
    begin("", 0);
    send("GET /");
    pass_s(16);
    CHECK_EQUAL(receive(false), 408);
    expect(FROM, "] \"-\" 408 ");
    check_closed();
}

/* What ends a line, a field or a terminal's line stands escaped. */
static void test_escaped_lines(void)
{
    begin("", 0);
    CHECK_EQUAL(get("/f/1?\"\\|", "User-Agent: a\" 200 1 \"\\\t\xff.0123456789abcdef\r\n"), 200);
    expect(FROM, "\"GET /f/1?\\x22\\x5C| HTTP/1.1\" 200 1 \"-\" "
                 "\"a\\x22 200 1 \\x22\\x5C\\x09\\xFF.0123456789abcdef\" ");
    CHECK_EQUAL(get("/f/0123456789abcdef\\"
                    "0123456789abcdef",
                    ""),
                404);
    expect(FROM, "\"GET /f/0123456789abcdef\\x5C0123456789abcdef HTTP/1.1\" 404 ");
    leave();
}

/* Each part has its bound; no byte of an escape is left alone. */
static void test_bounds(void)
{
    char space[1000], odd[900];
    for (uint32_t length = 0; length < 700; length++) {
        for (uint32_t room = 1; room < 600; room += 37) {
            memset(space, '!', sizeof(space));
            memset(odd, 'a', length);
            odd[length / 2] = '"';
            uint32_t put = line_put_escaped(space, (struct http_slice){odd, length}, room);
            CHECK(put <= room && (put + 3 >= room || put == length + (length > 0 ? 3 : 0)));
            CHECK(space[room] == '!' && !memchr(space, '"', put));
        }
    }
    begin("", 0);
    memset(odd, '"', 400);
    sprintf(space, "User-Agent: %.400s\r\nReferer: %.400s\r\n", odd, odd);
    CHECK_EQUAL(get("/f/1", space), 200);
    leave();
}

static void test_syslog(void)
{
    begin("", 514);
    CHECK_EQUAL(get("/f/10", ""), 200);
    CHECK_EQUAL(datagrams, 1);
    CHECK(strncmp(datagram, "<190>1 2026-09-21T14:", 21) == 0);
    CHECK(strstr(datagram, "Z a-host serval - access - 10.0.0.2 - - ["));
    CHECK(strstr(datagram, "\"GET /f/10 HTTP/1.1\" 200 10 \"-\" \"-\" 0.0") && !strchr(datagram, '\n'));
    leave();
}

/* -- a file -- */

static uint32_t lines_of(uint32_t which)
{
    uint32_t count = 0;
    for (uint64_t i = 0; i < files[which].size; i++) {
        count += files[which].bytes[i] == '\n';
    }
    return count;
}

static void test_file(void)
{
    begin("/log/%Y%m%d-%H.log", 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(get("/f/10", ""), 200);
    }
    CHECK(!asked);
    pass_s(1);
    serve();
    CHECK(strcmp(files[0].path, "/log/20260921-14.log") == 0 && opened == 1);
    CHECK_EQUAL(lines_of(0), 3);
    leave();
    pass_s(3600);
    connect();
    CHECK_EQUAL(get("/f/10", ""), 200);
    pass_s(1);
    serve();
    CHECK(strcmp(files[1].path, "/log/20260921-15.log") == 0 && opened == 2);
    CHECK(lines_of(0) == 3 && lines_of(1) == 1);
    leave();
}

/* One whose answer is there at once, one that takes its time, sent together: a line each, in this order. */
static void test_pipelined(void)
{
    begin("/log", 0);
    send("GET /f/10 HTTP/1.1\r\nHost: x\r\n\r\nGET /f/100000 HTTP/1.1\r\nHost: x\r\nReferer: http://x/\r\n\r\n"
         "GET /f/20 HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(receive(false), 200);
    }
    pass_s(1);
    serve();
    CHECK_EQUAL(lines_of(0), 3);
    const char *first = strstr(files[0].bytes, "\"GET /f/10 HTTP/1.1\" 200 10 \"-\" \"-\" ");
    const char *second = strstr(files[0].bytes, "\"GET /f/100000 HTTP/1.1\" 200 100000 \"http://x/\" \"-\" ");
    const char *third = strstr(files[0].bytes, "\"GET /f/20 HTTP/1.1\" 200 20 \"-\" \"-\" ");
    CHECK(first && second > first && third > second);
    leave();
}

/* Lines wait for each other, also those that come while others are written; many do not wait for long. */
static void test_batches(void)
{
    begin("/log", 0);
    CHECK_EQUAL(get("/f/10", ""), 200);
    pass_s(1);
    writes = 0;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK_EQUAL(get("/f/10", ""), 200);
        serve();
    }
    CHECK(writes == 1 && lines_of(0) < 20);
    pass_s(1);
    serve();
    CHECK(writes == 2 && lines_of(0) == 21);
    while (!asked) {
        CHECK_EQUAL(get("/f/10", ""), 200);
    }
    CHECK_EQUAL(command.type, FS_FILE_SIZE);
    serve_one();
    CHECK(command.type == FS_WRITE && command.file.data.size >= BUFFER / 2);
    serve();
    CHECK_EQUAL(writes, 3);
    leave();
}

/* What fits in the buffer is there when the files are back, once; the rest was counted. */
static void test_file_away(void)
{
    begin("/log", 0);
    fails = FS_STATUS_UNREACHABLE;
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(get("/f/10", ""), 200);
        pass_s(i % 7 == 0);
        serve();
    }
    fails = 0;
    pass_s(1);
    serve();
    uint32_t kept = lines_of(0);
    CHECK(kept > 30 && kept < 200);
    CHECK(strstr(said, "access log: ") && strstr(said, " lines lost while /log could not be written"));
    CHECK_EQUAL(strtoul(said + strlen("access log: "), NULL, 10), 200 - kept);
    CHECK_EQUAL(get("/f/11", ""), 200);
    pass_s(1);
    serve();
    CHECK_EQUAL(lines_of(0), kept + 1);
    leave();
}

static void put_line(void)
{
    CHECK_EQUAL(get("/f/10", ""), 200);
    pass_s(1);
    serve();
}

/* A disk that is full: each attempt gives back what it has opened. */
static void test_disk_full(void)
{
    begin("/log", 0);
    opened = closed = 0;
    full = true;
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(get("/f/10", ""), 200);
        pass_s(1);
        serve();
        CHECK(i > 0 || strstr(said, "access log: /log cannot be written: no space is left; lines wait"));
        CHECK(opened - closed <= 1);
    }
    full = false;
    pass_s(1);
    serve();
    CHECK(lines_of(0) > 30);
    CHECK(strstr(said, "lines lost while /log could not be written"));
    full = true;
    put_line();
    CHECK(strstr(said, "access log: /log cannot be written: no space is left; lines wait"));
    full = false;
    pass_s(1);
    serve();
    CHECK(strstr(said, "access log: /log is written again"));
    leave();
}

/* A write of which nobody knows whether it was done is done again at the same place. */
static void test_file_server_restarts(void)
{
    begin("/log", 0);
    CHECK_EQUAL(get("/f/10", ""), 200);
    pass_s(1);
    serve();
    CHECK_EQUAL(get("/f/20", ""), 200);
    pass_s(1);
    while (asked && command.type != FS_WRITE) {
        serve_one();
    }
    CHECK(asked && command.type == FS_WRITE);
    struct fs_completion done = {.status = 0};
    answer(&done);
    uint32_t before = opened;
    fails = FS_STATUS_SERVER_WAS_RESET;
    serve();
    fails = 0;
    pass_s(1);
    serve();
    CHECK(lines_of(0) == 2 && opened == before + 1);
    leave();
}

/* Who looks after logs moves them, empties them, removes them: the next line is in the file that has the name then, behind
 * what is there. */
static void test_others_have_the_file(void)
{
    begin("/log", 0);
    opened = closed = 0;
    put_line();
    put_line();
    CHECK_EQUAL(lines_of(0), 2);
    strcpy(files[0].path, "/log.1");
    put_line();
    CHECK(lines_of(0) == 2 && strcmp(files[1].path, "/log") == 0 && lines_of(1) == 1);
    put_line();
    files[1].size = 0; /* as copytruncate of logrotate has it */
    put_line();
    CHECK(lines_of(1) == 1 && files[1].bytes[0] == '1');
    strcpy(files[1].bytes,
           "longer than what we know of, by another's lines ................................................\n"
           "..................................................................................................\n");
    files[1].size = strlen(files[1].bytes);
    put_line();
    CHECK(lines_of(1) == 3 && strncmp(files[1].bytes, "longer", 6) == 0);
    CHECK(opened - closed <= 1);
    leave();
}

/* Within a second, between two batches of many lines: nothing is left where the lines were. */
static void test_emptied_under_load(void)
{
    begin("/log", 0);
    put_line();
    for (int i = 0; i < 3; i++) {
        while (!asked) {
            CHECK_EQUAL(get("/f/10", ""), 200);
        }
        memset(files[0].bytes, 0, sizeof(files[0].bytes));
        files[0].size = 0;
        serve();
        CHECK(files[0].size > 0 && files[0].bytes[0] == '1');
    }
    leave();
}

/* However short writes are, and whenever the file is moved: no line begins in one and ends in another. */
static void test_lines_stay_whole(void)
{
    uint32_t moved = 0;
    begin("/log", 0);
    written_at_once = 3001;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 70; i++) { /* more than is written at once */
            CHECK_EQUAL(get("/f/10", ""), 200);
        }
        pass_s(2);
        while (asked) {
            bool is_write = command.type == FS_WRITE;
            serve_one();
            if (is_write && strcmp(files[moved].path, "/log") == 0) {
                sprintf(files[moved++].path, "/log.%d", round);
                pass_s(2);
            }
        }
    }
    CHECK(moved == 3 && lines_of(0) + lines_of(1) + lines_of(2) + lines_of(3) == 210);
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t size = files[i].size;
        CHECK(size == 0 || (files[i].bytes[0] == '1' && files[i].bytes[size - 1] == '\n'));
    }
    written_at_once = 5000;
    leave();
}

static void test_buffer(void)
{
    char space[100], copy[100];
    struct access_buffer b;
    uint32_t put = 0, took = 0, length;
    access_buffer_init(&b, space, sizeof(space));
    for (uint32_t i = 0; i < 10000; i++) {
        uint32_t most = 1 + lwip_noise() % 40;
        if (lwip_noise() % 3 && access_buffer_room(&b, most) >= most) {
            for (uint32_t j = 0; j < most; j++) {
                *b.to++ = (char)put++;
            }
        }
        length = access_buffer_copy(&b, copy, lwip_noise() % sizeof(copy));
        for (uint32_t j = 0; j < length; j++) {
            CHECK_EQUAL((uint8_t)copy[j], (uint8_t)took);
            took++;
        }
        access_buffer_take(&b, length);
        CHECK_EQUAL(access_buffer_waits(&b), put - took);
    }
    CHECK(put > 10000 && took + sizeof(space) >= put);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {{"lines", test_lines},
             {"applications", test_applications},
             {"a client that goes", test_a_client_that_goes},
             {"another client", test_another_client},
             {"nonsense", test_nonsense},
             {"escaped", test_escaped_lines},
             {"bounds", test_bounds},
             {"syslog", test_syslog},
             {"file", test_file},
             {"pipelined", test_pipelined},
             {"batches", test_batches},
             {"file away", test_file_away},
             {"disk full", test_disk_full},
             {"file server restarts", test_file_server_restarts},
             {"others have the file", test_others_have_the_file},
             {"emptied under load", test_emptied_under_load},
             {"lines stay whole", test_lines_stay_whole},
             {"buffer", test_buffer}};

static void run(uint64_t i)
{
    begin_case();
    tests[i].run();
    end_case();
}

static const char *name_of(uint64_t i)
{
    return tests[i].name;
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(tests[0]) - 1, name_of, run);
}

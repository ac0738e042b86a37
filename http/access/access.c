/* access.c: a line for each answer, when all of it is with TCP or its client has gone.
 *   consumes  what connections tell (http/conn/watch.h); requests, NOT trusted (line.c escapes)
 *   produces  lines: for the console, a file (file.c), a syslog server (syslog.c)
 *   invariant a connection has one request at a time, and a record of its own for it: there is always a place
 *   when full see those three; none of them waits, so nothing of the site does
 */
#include "http/access/access.h"

#include <string.h>

#include "http/access/file.h"
#include "http/access/line.h"
#include "http/access/syslog.h"
#include "http/conn/limits.h"
#include "http/conn/pool.h"
#include "http/conn/watch.h"
#include "http/response/head.h"
#include "lib/log.h"
#include "lib/pd.h"

#define CLIENT_GONE 499 /* before anything of an answer: as nginx has it */
#define STATUS_AT 9     /* in "HTTP/1.1 200 OK" */

struct record {
    uint64_t bytes;         /* of the body */
    uint16_t line, fields;  /* bytes of the request's texts below; line: 0: it was not taken */
    bool answered;          /* a head was written, which is not an interim one */
    uint8_t address_length; /* 0: the connection's client is not known yet */
    char address[LINE_ADDRESS_MAX + 1];
    char request[LINE_REQUEST_MAX + LINE_SPARE];
    char names[LINE_NAMES_MAX + LINE_SPARE];
};
_Static_assert(sizeof(struct record) * HTTP_CONNECTIONS_MAX <= ACCESS_RECORDS_BYTES, "compose/http.py gives them");

static struct {
    const struct access_config *config;
    struct record *records;
    char line[LINE_MAX]; /* where it goes to no file */
} self;

static struct record *record_of(const struct http_conn *c)
{
    return &self.records[pool_number(c)];
}

static __attribute__((noinline)) void ask_peer(const struct http_conn *c, struct record *r)
{
    struct transport_peer peer;
    c->transport.ops->peer(&c->transport, &peer);
    r->address_length = (uint8_t)line_put_address(r->address, peer.address);
}

/* When the line is written there may be no transport any more. */
static void see_peer(const struct http_conn *c, struct record *r)
{
    if (r->address_length == 0) {
        ask_peer(c, r);
    }
}

/* When that was is all that is wanted of it. */
static void begun(const struct http_conn *c, const struct http_request *request) {}

static void taken(const struct http_conn *c, const struct http_request *request)
{
    struct record *r = record_of(c);
    see_peer(c, r);
    r->line = (uint16_t)line_put_request(r->request, request);
    r->fields = (uint16_t)line_put_names(r->names, request);
}

/* 101 is the only interim status that ends a request. */
static bool is_interim(const char *head)
{
    return head[STATUS_AT] == '1' && memcmp(head + STATUS_AT, "101", 3) != 0;
}

static void written(const struct http_conn *c, const char *data, uint32_t length)
{
    struct record *r = record_of(c);
    if (r->answered) {
        r->bytes += length;
    } else if (data && !is_interim(data)) {
        r->answered = true;
        r->bytes = length - response_head_length();
        see_peer(c, r);
    }
}

/* -- lines -- */

static void give(const char *line, uint32_t length, int64_t now_s)
{
    const struct access_config *config = self.config;
    if (config->console) {
        log_text(line, length - 1);
    }
    if (config->syslog_port) {
        access_syslog_send(line, length - 1, now_s);
    }
}

/* One that finds no room in the file's buffer goes to the others all the same. */
static void put_line(const struct http_conn *c, const struct record *r, uint64_t now_ns)
{
    struct line_parts parts = {
        .address = {r->address, r->address_length},
        .request = {r->request, r->line},
        .names = {r->names, r->fields},
        .status = r->answered ? c->status : CLIENT_GONE,
        .bytes = r->bytes,
        .took_ns = c->began_ns > 0 ? now_ns - c->began_ns : 0,
        .now_s = response_s_at(now_ns),
    };
    char *room = self.config->file[0] ? access_file_room(LINE_MAX) : NULL, *line = room ? room : self.line;
    uint32_t length = line_make(line, &parts);
    give(line, length, parts.now_s);
    if (room) {
        access_file_put(length, now_ns);
    }
}

static void ended(const struct http_conn *c, uint64_t now_ns, bool answered)
{
    struct record *r = record_of(c);
    if (r->answered || r->line > 0) {
        put_line(c, r, now_ns);
    }
    r->bytes = r->line = r->fields = 0;
    r->answered = false;
    if (!answered) {
        r->address_length = 0; /* the next connection's is another */
    }
}

void access_init(const struct access_config *config)
{
    static struct http_watch watch = {.begun = begun, .ended = ended};
    static const struct http_reader reader = {.taken = taken, .written = written};
    struct region buffer = {(char *)config->memory.base + ACCESS_RECORDS_BYTES, 0, 0};
    self.config = config;
    self.records = config->memory.base;
    require(config->memory.size >= ACCESS_RECORDS_BYTES, "access log: bytes", config->memory.size);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) { /* after a restart they are those of a former life */
        self.records[i] = (struct record){.bytes = 0};
    }
    if (config->file[0]) {
        buffer.size = config->memory.size - ACCESS_RECORDS_BYTES;
        access_file_init(config->file, &buffer);
    }
    if (config->syslog_port) {
        access_syslog_init(config->syslog, config->syslog_port);
    }
    watch_add(&watch);
    http_reader = &reader;
}

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

#define CLIENT_GONE 499   /* before anything of an answer: as nginx has it */
#define RECORD_BYTES 1024 /* a power of two: it is found by a shift */
#define NAMES_AT LINE_REQUEST_MAX

/* Of a connection: what its lines begin with, and of an answer that takes its time what stands in its line. */
struct record {
    uint16_t line, names;   /* bytes of the texts below; line: 0: no request was taken */
    uint8_t address_length; /* 0: the connection's client is not known yet */
    bool told;              /* the line is there already */
    char address[LINE_ADDRESS_MAX + 1];
    char texts[RECORD_BYTES - LINE_ADDRESS_MAX - 7]; /* the request's line; at NAMES_AT the fields; LINE_SPARE bytes */
};
_Static_assert(sizeof(struct record) == RECORD_BYTES, "");
_Static_assert(sizeof(((struct record *)0)->texts) >= NAMES_AT + LINE_NAMES_MAX + LINE_SPARE, "");
_Static_assert(RECORD_BYTES *HTTP_CONNECTIONS_MAX <= ACCESS_RECORDS_BYTES, "compose/http.py gives them");

static struct {
    const struct access_config *config;
    struct record *records;
    bool to_file;
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

/* -- lines -- */

static __attribute__((noinline)) void give(const char *line, uint32_t length, int64_t now_s)
{
    const struct access_config *config = self.config;
    if (config->console) {
        log_text(line, length - 1);
    }
    if (config->syslog_port) {
        access_syslog_send(line, length - 1, now_s);
    }
}

/* Of a request that is at hand, or of what its record has. */
static char *put_all(char *at, const struct http_conn *c, const struct record *r, const struct http_request *request,
                     uint64_t now_ns)
{
    bool answered = c->status > 0, kept = r->line > 0;
    at = line_begin(at, r->address, r->address_length, response_s_at(now_ns));
    at = kept ? line_put_text(at, r->texts, r->line) : line_put_request(at, request);
    at = line_put_outcome(at, answered ? c->status : CLIENT_GONE, answered ? c->body_bytes : 0);
    at = kept ? line_put_text(at, r->texts + NAMES_AT, r->names) : line_put_names(at, request);
    return line_end(at, c->began_ns > 0 ? now_ns - c->began_ns : 0);
}

/* One that finds no room in the file's buffer goes to the others all the same. */
static void put_line(const struct http_conn *c, const struct record *r, const struct http_request *request,
                     uint64_t now_ns)
{
    char *room = self.to_file ? access_file_room(LINE_MAX) : NULL, *line = room ? room : self.line;
    uint32_t length = (uint32_t)(put_all(line, c, r, request, now_ns) - line);
    if (self.config->console || self.config->syslog_port) {
        give(line, length, response_s_at(now_ns));
    }
    if (room) {
        access_file_put(length, now_ns);
    }
}

/* -- connections -- */

static __attribute__((noinline)) void keep(struct record *r, const struct http_request *request)
{
    r->line = (uint16_t)(line_put_request(r->texts, request) - r->texts);
    r->names = (uint16_t)(line_put_names(r->texts + NAMES_AT, request) - r->texts - NAMES_AT);
}

/* Mostly all of its answer is with the transport when its head goes. */
static void taken(const struct http_conn *c, const struct http_request *request)
{
    struct record *r = record_of(c);
    see_peer(c, r);
    if (request && c->status > 0 && !c->content) {
        put_line(c, r, request, pd_now_ns());
        r->told = true;
    } else if (request) {
        keep(r, request);
    }
}

static void ended(const struct http_conn *c, uint64_t now_ns, bool answered)
{
    struct record *r = record_of(c);
    if (!r->told && (c->status > 0 || r->line > 0)) {
        put_line(c, r, NULL, now_ns);
    }
    r->told = false;
    r->line = 0;
    if (!answered) {
        r->address_length = 0; /* the next connection's is another */
    }
}

void access_init(const struct access_config *config)
{
    static struct http_watch watch = {.begun = begun, .ended = ended};
    struct region buffer = {(char *)config->memory.base + ACCESS_RECORDS_BYTES, 0, 0};
    self.config = config;
    self.records = config->memory.base;
    require(config->memory.size >= ACCESS_RECORDS_BYTES, "access log: bytes", config->memory.size);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) { /* after a restart they are those of a former life */
        self.records[i] = (struct record){.line = 0};
    }
    self.to_file = config->file[0] != '\0';
    if (self.to_file) {
        buffer.size = config->memory.size - ACCESS_RECORDS_BYTES;
        access_file_init(config->file, &buffer);
    }
    if (config->syslog_port) {
        access_syslog_init(config->syslog, config->syslog_port);
    }
    watch_add(&watch);
    http_read_by = taken;
}

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
#define SWITCHING 101   /* the only interim status that ends a request */
#define RECORD_TEXT (LINE_BEGIN_MAX + LINE_NAMES_MAX)

struct record {
    uint64_t begun_ns;     /* 0: not yet */
    uint64_t bytes;        /* of the body */
    uint16_t status;       /* 0: not yet */
    uint16_t begin, names; /* bytes of the line; 0: the request was not taken */
    bool has_peer;
    uint8_t peer[4];
    char text[RECORD_TEXT];
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

static void begun(const struct http_conn *c)
{
    struct record *r = record_of(c);
    if (r->begun_ns == 0) {
        r->begun_ns = pd_now_ns();
    }
}

/* When the line is written there may be no transport any more. */
static void see_peer(const struct http_conn *c, struct record *r)
{
    struct transport_peer peer;
    if (!r->has_peer) {
        c->transport.ops->peer(&c->transport, &peer);
        memcpy(r->peer, peer.address, sizeof(r->peer));
        r->has_peer = true;
    }
}

static void taken(const struct http_conn *c, const struct http_request *request)
{
    struct record *r = record_of(c);
    struct writer text = writer_in(r->text, sizeof(r->text));
    see_peer(c, r);
    line_put_begin(&text, r->peer, response_now_s(), request);
    r->begin = (uint16_t)writer_length(&text);
    line_put_names(&text, request);
    r->names = (uint16_t)(writer_length(&text) - r->begin);
}

static void written(const struct http_conn *c, const char *data, uint32_t length)
{
    struct record *r = record_of(c);
    if (r->status > 0 || !data) {
        r->bytes += length;
        return;
    }
    const char *digits = data + STATUS_AT;
    uint16_t status = (uint16_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0');
    if (status >= 200 || status == SWITCHING) {
        see_peer(c, r);
        r->status = status;
        r->bytes = length - response_head_length();
    }
}

/* -- lines -- */

static void give(const char *line, uint32_t length)
{
    const struct access_config *config = self.config;
    if (config->console) {
        log_text(line, length - 1);
    }
    if (config->syslog_port) {
        access_syslog_send(line, length - 1, response_now_s());
    }
}

static void put_line(struct writer *line, const struct record *r, uint64_t now_ns)
{
    if (r->begin > 0) {
        writer_put_bytes(line, r->text, r->begin);
    } else {
        line_put_begin(line, r->peer, response_now_s(), NULL);
    }
    line_put_end(line, r->status > 0 ? r->status : CLIENT_GONE, r->bytes,
                 (struct http_slice){r->text + r->begin, r->names}, r->begun_ns > 0 ? now_ns - r->begun_ns : 0);
}

/* A line that finds no room in the file's buffer goes to the others all the same. */
static void ended(const struct http_conn *c)
{
    struct record *r = record_of(c);
    if (r->status > 0 || r->begin > 0) {
        uint64_t now_ns = pd_now_ns();
        char *room = self.config->file[0] ? access_file_room(LINE_MAX) : NULL;
        struct writer line = writer_in(room ? room : self.line, LINE_MAX);
        put_line(&line, r, now_ns);
        give(line.start, writer_length(&line));
        if (room) {
            access_file_put(writer_length(&line), now_ns);
        }
    }
    r->begun_ns = r->bytes = 0;
    r->status = r->begin = r->names = 0;
    r->has_peer = false;
}

static const struct http_watch watch = {begun, taken, written, ended};

void access_init(const struct access_config *config)
{
    struct region buffer = {(char *)config->memory.base + ACCESS_RECORDS_BYTES, 0, 0};
    self.config = config;
    self.records = config->memory.base;
    require(config->memory.size >= ACCESS_RECORDS_BYTES, "access log: bytes", config->memory.size);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) { /* after a restart they are those of a former life */
        self.records[i] = (struct record){.begun_ns = 0};
    }
    if (config->file[0]) {
        buffer.size = config->memory.size - ACCESS_RECORDS_BYTES;
        access_file_init(config->file, &buffer);
    }
    if (config->syslog_port) {
        access_syslog_init(config->syslog, config->syslog_port);
    }
    http_watch = &watch;
}

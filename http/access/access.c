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
#include "lib/rare.h"

#define CLIENT_GONE 499   /* before anything of an answer: as nginx has it */
#define RECORD_BYTES 1024 /* a power of two: it is found by a shift */
#define FIELDS_AT LINE_REQUEST_MAX

/* Of a connection: what its lines begin with, and of an answer that takes its time what stands in its line. */
struct access_record {
    uint16_t line, fields; /* bytes of the two texts below; line 0: no request was taken */
    uint8_t address_length;
    char address[HTTP_ADDRESS_MAX + 1];
    char texts[RECORD_BYTES - HTTP_ADDRESS_MAX - 6]; /* the request's line; at FIELDS_AT the two; LINE_SPARE bytes */
};
_Static_assert(sizeof(struct access_record) == RECORD_BYTES, "no hole");
_Static_assert(sizeof(((struct access_record *)0)->texts) >= FIELDS_AT + LINE_FIELDS_MAX + LINE_SPARE,
               "both texts fit");
_Static_assert(RECORD_BYTES *HTTP_CONNECTIONS_MAX <= ACCESS_RECORDS_BYTES, "compose/http.py gives them");

static struct {
    const struct access_config *config;
    struct access_record *records;
    bool to_others;
} self;

/* -- lines -- */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static RARE void to_the_others(const char *line, const char *end, uint64_t now)
{
    uint32_t length = (uint32_t)(end - line);
    const struct access_config *config = self.config;
    if (config->console) {
        log_text(line, length - 1);
    }
    if (config->syslog_port) {
        access_syslog_send(line, length - 1, response_s_at(pd_ns_from_ticks(now)));
    }
}

/* A line that finds no room in the file's buffer goes to the others all the same. */
ALWAYS_INLINE void hand_out(const char *line, char *end, uint64_t now)
{
    if (self.to_others) {
        to_the_others(line, end, now);
    }
    access_file_put(end);
}

/* Of a request that is at hand, and whose answer is with the transport. */
ALWAYS_INLINE void put_line(struct http_conn *c, const struct access_record *r, const struct http_request *request)
{
    uint64_t now = pd_now_ticks();
    watch_note_time(c, now);
    char *line = access_file_room(now), *at;
    at = line_begin(line, r->address, r->address_length, now);
    at = line_put_request(at, request);
    at = line_put_outcome(at, c->status, c->body_bytes);
    at = line_put_fields(at, request);
    hand_out(line, line_end(at, c->took_us), now);
}

/* Of what was kept of one, or "-" for nonsense. */
static RARE void put_kept(const struct http_conn *c, const struct access_record *r)
{
    uint64_t now = pd_now_ticks();
    char *line = access_file_room(now), *at;
    bool sense = r->line > 0;
    at = line_begin(line, r->address, r->address_length, now);
    *at = '-';
    at = sense ? line_put_text(at, r->texts, r->line) : at + 1;
    at = c->status > 0 ? line_put_outcome(at, c->status, c->body_bytes) : line_put_outcome(at, CLIENT_GONE, 0);
    at = sense ? line_put_text(at, r->texts + FIELDS_AT, r->fields) : line_put_no_fields(at);
    hand_out(line, line_end(at, c->took_us), now);
}

/* -- connections -- */

static RARE void keep(struct access_record *r, const struct http_request *request)
{
    r->line = (uint16_t)(line_put_request(r->texts, request) - r->texts);
    r->fields = (uint16_t)(line_put_fields(r->texts + FIELDS_AT, request) - r->texts - FIELDS_AT);
}

/* While there is a transport that knows who the client is. */
static RARE struct access_record *begin_record(struct http_conn *c)
{
    struct access_record *r = &self.records[pool_number(c)];
    struct transport_peer peer;
    c->transport.ops->peer(&c->transport, &peer);
    r->line = 0;
    r->address_length = (uint8_t)http_put_address(r->address, peer.address);
    c->record = r;
    return r;
}

static struct access_record *record_of(struct http_conn *c)
{
    return c->record ? c->record : begin_record(c);
}

/* Mostly all of its answer is with the transport when its head goes. */
static bool taken(struct http_conn *c, const struct http_request *request)
{
    const struct access_record *r = record_of(c);
    bool all = c->status > 0 && !c->content;
    if (all) {
        put_line(c, r, request);
    } else {
        keep(c->record, request);
    }
    return all;
}

static void page(struct http_conn *c)
{
    record_of(c);
}

static void ended(struct http_conn *c, bool answered)
{
    struct access_record *r = c->record;
    if (r && !c->logged && (c->status > 0 || r->line > 0)) {
        put_kept(c, r);
        r->line = 0;
    }
    if (!answered) {
        c->record = NULL; /* the next connection's client is another */
    }
}

void access_init(const struct access_config *config)
{
    static const struct http_log log = {.taken = taken, .page = page, .ended = ended};
    struct region buffer = {(char *)config->memory.base + ACCESS_RECORDS_BYTES, 0, 0};
    self.config = config;
    self.records = config->memory.base;
    require(config->memory.size >= ACCESS_RECORDS_BYTES, "access log: bytes", config->memory.size);
    self.to_others = config->console || config->syslog_port > 0;
    if (config->file[0]) {
        buffer.size = config->memory.size - ACCESS_RECORDS_BYTES;
        access_file_init(config->file, &buffer);
    }
    if (config->syslog_port) {
        access_syslog_init(config->syslog, config->syslog_port);
    }
    http_log = &log;
}

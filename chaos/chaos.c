/* chaos.c: has any other part of the system die, for whoever asks at its address. Only systems that are built to be
 * broken have it (compose/chaos.py): an ordinary supervisor obeys nobody.
 *   consumes  requests on TCP port 80, of anybody, NOT trusted: parts can be killed, which is what this is for, and
 *             nothing else can be had
 *   consumes  lines `kill PART` and `say WORD` from the console, NOT trusted either: the way that is left when the
 *             network is what is dead
 *   consumes  the supervisor's notes, trusted
 *   produces  POST /kill/PART   asks the supervisor, which restarts the part at an address that faults: 200, 404 (no
 *                               such part), 409 (it is dead already)
 *             GET /parts        what each has died of, as JSON
 *             GET /deadline     an answer once a deadline of the timer driver has been kept
 *             POST /say/WORD    a line on the console
 *   when full a line that is too long is none; a request that is too long, or an answer for which there is no memory,
 *             costs its connection
 *
 * Any page in a browser may ask (Access-Control-Allow-Origin), because the site's page is at another address than this.
 */
#include <string.h>

#include "chaos/config.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lwip/tcp.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "supervisor/notes.h"
#include "timer/client.h"

#define PORT 80
#define BACKLOG 8
#define CONNECTIONS 8
#define REQUEST_MAX 2048 /* a browser's fields are some 600 bytes */
#define BODY_MAX 5120
#define HEAD_MAX 256
#define WORD_MAX 40
#define TYPED_MAX 64

struct connection {
    struct tcp_pcb *pcb; /* NULL: nobody's */
    struct timer deadline;
    bool waits; /* for its deadline */
    uint32_t length;
    char request[REQUEST_MAX];
};

static struct {
    struct connection connections[CONNECTIONS];
    struct supervisor_record last[CHAOS_PARTS_MAX]; /* deaths 0: it has not died */
    uint64_t seen;                                  /* records */
    char body[BODY_MAX];
    char typed[TYPED_MAX];
    uint32_t typed_length; /* TYPED_MAX: too much, until the line ends */
} self;

static const struct chaos_config *const config = &chaos_config;

/* -- what the supervisor has noted -- */

static void take_record(const struct supervisor_record *record)
{
    for (uint32_t i = 0; i < config->part_count; i++) {
        if (config->parts[i].child == record->child) {
            self.last[i] = *record;
        }
    }
}

static void read_notes(void)
{
    struct supervisor_record record;

    while (supervisor_notes_next(config->notes, &self.seen, &record)) {
        take_record(&record);
    }
}

static uint32_t describe_parts(void)
{
    uint32_t length = (uint32_t)log_format(self.body, BODY_MAX, "{\"now_ns\":%lu,\"parts\":[",
                                           (unsigned long)pd_now_ns());

    read_notes();
    for (uint32_t i = 0; i < config->part_count; i++) {
        const struct supervisor_record *last = &self.last[i];

        length += (uint32_t)log_format(self.body + length, BODY_MAX - length,
                                       "%s{\"name\":\"%s\",\"deaths\":%u,\"time_ns\":%lu,\"pause_ms\":%u,\"pc\":%lu}",
                                       i ? "," : "", config->parts[i].name, (unsigned)last->deaths,
                                       (unsigned long)last->time_ns, (unsigned)last->pause_ms, (unsigned long)last->pc);
    }
    return length + (uint32_t)log_format(self.body + length, BODY_MAX - length, "]}\n");
}

/* -- connections -- */

static void forget(struct connection *c)
{
    timer_stop(&c->deadline);
    c->pcb = NULL;
}

/* lwIP's last word about a connection: its pcb is gone already. */
static void on_error(void *argument, err_t error)
{
    (void)error;
    forget(argument);
}

static err_t end(struct connection *c)
{
    struct tcp_pcb *pcb = c->pcb;

    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    forget(c);
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    return ERR_OK;
}

static err_t answer(struct connection *c, const char *status, uint32_t length)
{
    char head[HEAD_MAX];
    size_t head_length = log_format(head, HEAD_MAX,
                                    "HTTP/1.1 %s\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"
                                    "Content-Type: application/json\r\nContent-Length: %u\r\n\r\n",
                                    status, (unsigned)length);

    if (ip_tcp_write(c->pcb, head, (uint16_t)head_length, TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE) != ERR_OK ||
        ip_tcp_write(c->pcb, self.body, (uint16_t)length, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        return end(c);
    }
    return tcp_output(c->pcb) == ERR_ABRT ? ERR_ABRT : ERR_OK;
}

static err_t answer_word(struct connection *c, const char *status, const char *word)
{
    return answer(c, status, (uint32_t)log_format(self.body, BODY_MAX, "{\"said\":\"%s\"}\n", word));
}

/* -- what is asked for -- */

enum killed { KILLED, DEAD_ALREADY, NO_SUCH_PART };

static enum killed kill(const char *name)
{
    for (uint32_t i = 0; i < config->part_count; i++) {
        if (strcmp(config->parts[i].name, name) == 0) {
            microkit_mr_set(0, config->parts[i].child);
            microkit_msginfo said = microkit_ppcall(config->supervisor, microkit_msginfo_new(SUPERVISOR_KILL, 1));
            return microkit_msginfo_get_label(said) == 0 ? KILLED : DEAD_ALREADY;
        }
    }
    return NO_SUCH_PART;
}

static err_t answer_kill(struct connection *c, const char *name)
{
    switch (kill(name)) {
    case KILLED: return answer_word(c, "200 OK", "killed");
    case DEAD_ALREADY: return answer_word(c, "409 Conflict", "dead already");
    case NO_SUCH_PART: break;
    }
    return answer_word(c, "404 Not Found", "no such part");
}

static err_t serve_all(struct connection *c);

static void on_deadline(void *context)
{
    struct connection *c = context;

    if (timer_client_is_late()) {
        timer_start(&c->deadline, pd_now_ns(), on_deadline, c); /* that was not the driver */
        return;
    }
    c->waits = false;
    if (answer_word(c, "200 OK", "kept") == ERR_OK && c->pcb) {
        (void)serve_all(c);
    }
}

static err_t wait_for_deadline(struct connection *c)
{
    c->waits = true;
    timer_start(&c->deadline, pd_now_ns(), on_deadline, c);
    return ERR_OK;
}

/* A word of letters, digits and '_': it goes out as it is. */
static bool take_word(const char *from, char word[WORD_MAX])
{
    uint32_t length = 0;

    while (from[length] != ' ') {
        char letter = from[length];

        if (length + 1 == WORD_MAX ||
            !((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_')) {
            return false;
        }
        word[length++] = letter;
    }
    word[length] = '\0';
    return length > 0;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static err_t serve(struct connection *c, const char *request)
{
    char word[WORD_MAX];

    if (begins(request, "GET /parts ")) {
        return answer(c, "200 OK", describe_parts());
    }
    if (begins(request, "GET /deadline ")) {
        return wait_for_deadline(c);
    }
    if (begins(request, "POST /kill/") && take_word(request + strlen("POST /kill/"), word)) {
        return answer_kill(c, word);
    }
    if (begins(request, "POST /say/") && take_word(request + strlen("POST /say/"), word)) {
        log_line("%s", word);
        return answer_word(c, "200 OK", word);
    }
    return answer_word(c, "404 Not Found", "no such thing");
}

/* What of the requests is whole; one that has to wait keeps those behind it waiting. */
static err_t serve_all(struct connection *c)
{
    char *rest;

    while (!c->waits && (rest = strstr(c->request, "\r\n\r\n"))) {
        rest += strlen("\r\n\r\n");
        err_t result = serve(c, c->request);
        if (result != ERR_OK || !c->pcb) {
            return result;
        }
        c->length -= (uint32_t)(rest - c->request);
        memmove(c->request, rest, c->length + 1);
    }
    return ERR_OK;
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct connection *c = argument;

    (void)error;
    if (!p) {
        return end(c);
    }
    uint32_t count = p->tot_len;
    bool fits = c->length + count < REQUEST_MAX;
    if (fits) {
        pbuf_copy_partial(p, c->request + c->length, (uint16_t)count, 0);
        c->length += count;
        c->request[c->length] = '\0';
        ip_tcp_recved(pcb, (uint16_t)count);
    }
    pbuf_free(p);
    return fits ? serve_all(c) : end(c);
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    (void)error;
    if (!pcb) {
        return ERR_OK; /* lwIP had none left: the peer will ask again */
    }
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &self.connections[i];

        if (!c->pcb) {
            c->pcb = pcb;
            c->length = 0;
            c->waits = false;
            c->request[0] = '\0';
            tcp_arg(pcb, c);
            tcp_err(pcb, on_error);
            tcp_recv(pcb, on_received);
            tcp_nagle_disable(pcb);
            return ERR_OK;
        }
    }
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* -- the console -- */

static void obey(const char *line)
{
    if (begins(line, "say ")) {
        log_line("%s", line + strlen("say "));
    } else if (!begins(line, "kill ") || kill(line + strlen("kill ")) == NO_SUCH_PART) {
        log_line("kill PART, or say WORD; the parts are those of GET /parts");
    }
}

static void take_typed(char letter)
{
    if (letter == '\n' || letter == '\r') {
        if (self.typed_length > 0 && self.typed_length < TYPED_MAX) {
            self.typed[self.typed_length] = '\0';
            obey(self.typed);
        }
        self.typed_length = 0;
    } else if (self.typed_length + 1 < TYPED_MAX) {
        self.typed[self.typed_length++] = letter;
    } else {
        self.typed_length = TYPED_MAX;
    }
}

static void on_console(void *context)
{
    char letter;

    (void)context;
    do {
        while (serial_client_read(&letter, 1)) {
            take_typed(letter);
        }
    } while (!serial_client_wait_input());
}

static void on_address(void *context)
{
    (void)context;
    log_line("to kill: POST http://%s/kill/PART", ip4addr_ntoa(&(const ip4_addr_t){.addr = ip_address()}));
}

void init(void)
{
    require(config->part_count <= CHAOS_PARTS_MAX, "chaos: part_count", config->part_count);
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    serial_client_on_event(on_console, NULL);
    timer_client_init(&timer_client_config);
    ip_init(&ip_config, &net_client_config);
    struct tcp_pcb *pcb = tcp_new();
    require(pcb && tcp_bind(pcb, IP_ADDR_ANY, PORT) == ERR_OK, "chaos: TCP port", PORT);
    pcb = tcp_listen_with_backlog(pcb, BACKLOG);
    require(pcb, "chaos: no memory to listen on TCP port", PORT);
    tcp_accept(pcb, on_accept);
    ip_on_address(on_address, NULL);
    on_console(NULL);
    pd_flush();
}

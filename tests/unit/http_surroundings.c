/* tests/unit/http_surroundings.c: see http_front.h. */
#include "http_front.h"

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/server.h"
#include "http/site/site.h"
#include "http/text.h"
#include "http/waiters.h"
#include "timer/client.h"

#define S 1000000000ull
#define NO_VERSION UINT64_MAX
#define UNIX_S 1790000000 /* when the tests begin */

/* -- time -- */

static uint64_t now = 1000 * S;
static struct timer *timers;

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer_stop(timer);
    *timer = (struct timer){timers, deadline_ns, handler, context, true};
    timers = timer;
}

void timer_stop(struct timer *timer)
{
    for (struct timer **at = &timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->armed = false;
}

static struct timer *first_timer(void)
{
    struct timer *first = timers;
    for (struct timer *timer = timers; timer; timer = timer->next) {
        first = timer->deadline_ns < first->deadline_ns ? timer : first;
    }
    return first;
}

void pass_s(uint32_t seconds)
{
    uint64_t end = now + seconds * S;
    struct timer *timer;
    while ((timer = first_timer()) != NULL && timer->deadline_ns <= end) {
        now = timer->deadline_ns > now ? timer->deadline_ns : now;
        fake_set_now_ns(now);
        timer_stop(timer);
        timer->handler(timer->context);
    }
    now = end;
    fake_set_now_ns(now);
}

/* -- the site and its cache -- */

struct cache_piece {
    uint32_t pins;
    uint8_t bytes[];
};

static struct cache_waiter *waiters, *granted;
bool site_late, site_away, site_rest_away;
uint32_t site_waiting, site_held, cache_pinned, site_version;

static struct {
    const char *path;
    enum site_outcome outcome;
} const places[] = {{"/dir", SITE_REDIRECT},
                    {"/no", SITE_NOT_FOUND},
                    {"/forbidden", SITE_FORBIDDEN},
                    {"/away", SITE_UNREACHABLE},
                    {"/none", SITE_NONE}};

uint8_t site_byte(uint64_t size, uint64_t offset)
{
    return (uint8_t)(offset * 7 + (offset >> 8) * 13 + size);
}

static bool is_late(struct cache_waiter *waiter)
{
    if (!site_late || granted == waiter || lwip_noise() % 3) {
        return false;
    }
    CHECK(!waiter->link);
    waiters_add(&waiters, waiter);
    site_waiting++;
    return true;
}

void site_call(void)
{
    struct cache_waiter *ready;
    if (site_away || site_rest_away) {
        return;
    }
    waiters_move(&waiters, &ready);
    while (ready) {
        granted = ready;
        waiters_remove(ready);
        site_waiting--;
        granted->ready(granted);
        granted = NULL;
    }
}

void cache_cancel(struct cache_waiter *waiter)
{
    site_waiting -= waiter->link != NULL;
    waiters_remove(waiter);
}

uint64_t site_version_size(uint64_t size, uint32_t version)
{
    return size + version * 101ull;
}

static struct site_resource *make_resource(uint64_t size, enum cache_kind kind, bool late, bool versioned)
{
    struct site_resource *resource = calloc(1, sizeof(*resource) + 300);
    resource->file = calloc(1, sizeof(*resource->file));
    resource->file->kind = kind; /* of how it breaks, here */
    resource->file->size = size;
    resource->file->fresh_until_ns = UINT64_MAX;
    resource->file->mtime_ns = versioned ? site_version : NO_VERSION;
    uint64_t modified_s = late ? UNIX_S + 3600 : 1700000000 + (versioned ? site_version : 0);
    http_validators_set(&resource->validators, size, modified_s * S, UNIX_S, "");
    resource->later = late;
    char *at = (char *)(resource + 1);
    resource->whole = at;
    at += sprintf(at, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n", (unsigned long long)size);
    resource->fields_at = (uint32_t)(at - resource->whole);
    at += sprintf(at, "Server: Serval\r\nContent-Type: text/plain\r\nETag: %.*s\r\nCache-Control: max-age=60\r\n",
                  (int)resource->validators.etag_length, resource->validators.etag);
    resource->whole_length = (uint32_t)(at - resource->whole);
    site_held++;
    return resource;
}

enum site_outcome site_find(const char *path, uint32_t length, uint8_t codings, bool internal,
                            struct site_resource **resource, struct cache_waiter *waiter)
{
    char text[HTTP_PATH_MAX + 1];
    if (is_late(waiter)) {
        return SITE_WAIT;
    }
    memcpy(text, path, length);
    text[length] = '\0';
    if (site_away && strncmp(text, "/w/", 3) == 0) {
        waiters_add(&waiters, waiter);
        site_waiting++;
        return SITE_WAIT;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(text, places[i].path) == 0) {
            return places[i].outcome;
        }
    }
    bool bad = strncmp(text, "/bad", 4) == 0, broken = strncmp(text, "/broken", 7) == 0;
    enum cache_kind kind = bad ? CACHE_ABSENT : broken ? CACHE_FORBIDDEN : CACHE_FILE;
    bool late = strncmp(text, "/late/", 6) == 0;
    bool versioned = strncmp(text, "/v/", 3) == 0;
    if (kind == CACHE_FILE && strncmp(text, "/f/", 3) != 0 && strncmp(text, "/w/", 3) != 0 && !late && !versioned) {
        return SITE_NOT_FOUND;
    }
    *resource = make_resource(strtoull(strrchr(text, '/') + 1, NULL, 10), kind, late, versioned);
    return SITE_FOUND;
}

void site_path_changed(const char *path, uint32_t length, bool below) {}

void site_release(struct site_resource *resource)
{
    site_held--;
    free(resource->file);
    free(resource);
}

enum cache_outcome cache_read(struct cache_entry *entry, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    CHECK(offset < entry->size);
    CHECK(ahead <= (entry->size - 1) / CACHE_PIECE - offset / CACHE_PIECE);
    CHECK(entry->fresh_until_ns > 0 || offset >= CACHE_PIECE); /* else it should have been found anew */
    if (site_rest_away && offset >= CACHE_PIECE) {
        waiters_add(&waiters, waiter);
        site_waiting++;
        return CACHE_WAIT;
    }
    if (is_late(waiter)) {
        if (lwip_noise() % 4 == 0) {
            entry->fresh_until_ns = 0; /* another file by the time it comes */
        }
        return CACHE_WAIT;
    }
    if (entry->kind == CACHE_ABSENT || (entry->kind == CACHE_FORBIDDEN && offset >= CACHE_PIECE)) {
        return CACHE_FAILED;
    }
    bool versioned = entry->mtime_ns != NO_VERSION;
    if (versioned && entry->mtime_ns != site_version) {
        entry->fresh_until_ns = 0;
        return CACHE_FAILED;
    }
    uint64_t size = versioned ? site_version_size(entry->size, site_version) : entry->size;
    uint64_t left = entry->size - offset, rest = CACHE_PIECE - offset % CACHE_PIECE;
    bytes->length = (uint32_t)(left < rest ? left : rest);
    bytes->piece = malloc(sizeof(*bytes->piece) + bytes->length);
    bytes->piece->pins = 1;
    for (uint32_t i = 0; i < bytes->length; i++) {
        bytes->piece->bytes[i] = site_byte(size, offset + i);
    }
    bytes->at = bytes->piece->bytes;
    cache_pinned++;
    return CACHE_READY;
}

void cache_unpin(struct cache_piece *piece)
{
    cache_pinned--;
    free(piece);
}

/* -- the application -- */

#define APP_MAX 80
#define INPUT_MAX 20000

struct task {
    struct http_exchange *exchange;
    bool broken, ended; /* ended: the request is read */
    bool hungry, stuck; /* a read found nothing, a write found no room: until it is told that there is */
    char input[INPUT_MAX];
    uint32_t input_length;
    char *output;
    uint32_t output_length, written;
    bool output_made;
};

bool app_absent, app_at_once;
uint32_t app_count, app_broken, app_drops;
const void *app_text = "";
uint32_t app_text_length;
static bool app_released, app_closes;
static struct task *tasks[APP_MAX];

static void run(struct task **place);

static bool app_begin(struct http_exchange *exchange)
{
    CHECK(!app_closes); /* it is in the middle of something */
    if (app_absent || app_count == HTTP_EXCHANGES_MAX) {
        return false;
    }
    ip_addr_t ip = {0};
    uint16_t port = 0;
    http_exchange_peer(exchange, &ip, &port);
    CHECK(ip.addr == CLIENT_ADDRESS && port == CLIENT_PORT);
    for (int i = 0; i < APP_MAX; i++) {
        if (!tasks[i]) {
            tasks[i] = calloc(1, sizeof(*tasks[i]));
            tasks[i]->exchange = exchange;
            exchange->app = tasks[i];
            app_count++;
            for (int turns = 0; app_at_once && turns < 100 && tasks[i]; turns++) {
                run(&tasks[i]);
            }
            return true;
        }
    }
    CHECK(!"more exchanges than there may be");
    return false;
}

static void app_may_read(struct http_exchange *exchange)
{
    struct task *task = exchange->app;
    CHECK(task->hungry && !task->broken);
    task->hungry = false;
}

static void app_may_write(struct http_exchange *exchange)
{
    struct task *task = exchange->app;
    CHECK(task->stuck && !task->broken);
    task->stuck = false;
}

static void app_is_broken(struct http_exchange *exchange)
{
    struct task *task = exchange->app;
    char byte;
    ip_addr_t ip = {0};
    uint16_t port = 1;
    CHECK(!task->broken);
    CHECK(http_exchange_read(exchange, &byte, 1) == -1 && http_exchange_write(exchange, "x", 1) == -1);
    CHECK(http_exchange_readable(exchange));
    http_exchange_peer(exchange, &ip, &port);
    CHECK(ip_addr_isany_val(ip) && port == 0);
    task->broken = true;
    app_broken++;
}

static const struct http_app app = {app_begin, app_may_read, app_may_write, app_is_broken};

static void print(struct task *task, const char *head, const void *body, uint32_t length)
{
    uint32_t size = (uint32_t)strlen(head);
    task->output = malloc(size + length + 1);
    memcpy(task->output, head, size);
    memcpy(task->output + size, body, length);
    task->output_length = size + length;
    task->output_made = true;
}

static void print_sized(struct task *task, const char *head, uint32_t size)
{
    uint8_t *body = malloc(size + 1);
    for (uint32_t i = 0; i < size; i++) {
        body[i] = site_byte(size, i);
    }
    print(task, head, body, size);
    free(body);
}

static bool asked(const struct task *task, const char *path)
{
    const char *at = strchr(task->input, ' ');
    return at && strncmp(at + 1, path, strlen(path)) == 0;
}

/* 7.5 KiB that grow by a third. */
#define LINES_4 "a:\na:\na:\na:\n"
#define LINES_64                                                                                                    \
    LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 LINES_4 \
        LINES_4 LINES_4
#define LINES_640 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64 LINES_64
#define LINES_103 "HTTP/1.0 103 Early Hints\n" LINES_640 LINES_640 LINES_640 LINES_640

/* Heads that no client may see, and some that are only odd. */
#define RAW(name, text)              \
    {                                \
        name, text, sizeof(text) - 1 \
    }
static const struct {
    const char *name, *text;
    uint32_t length;
} raws[] = {
    RAW("cr", "HTTP/1.0 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 0\r\n\r\n"),
    RAW("cr-at-the-end", "HTTP/1.0 200 OK\r\nX-A: a\r\r\nContent-Length: 0\r\n\r\n"),
    RAW("nul", "HTTP/1.0 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n"),
    RAW("escape", "HTTP/1.0 200 OK\r\nX-A: \x1b[2J\r\nContent-Length: 0\r\n\r\n"),
    RAW("delete", "HTTP/1.0 200 OK\r\nX-A: \x7f\r\nContent-Length: 0\r\n\r\n"),
    RAW("reason", "HTTP/1.0 200 O\rK\r\nContent-Length: 0\r\n\r\n"),
    RAW("name", "HTTP/1.0 200 OK\r\nX A: a\r\nContent-Length: 0\r\n\r\n"),
    RAW("name-nul", "HTTP/1.0 200 OK\r\nX\0A: a\r\nContent-Length: 0\r\n\r\n"),
    RAW("name-space", "HTTP/1.0 200 OK\r\nX-A : a\r\nContent-Length: 0\r\n\r\n"),
    RAW("folded", "HTTP/1.0 200 OK\r\nX-A: a\r\n b: c\r\nContent-Length: 0\r\n\r\n"),
    RAW("no-name", "HTTP/1.0 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n"),
    RAW("length", "HTTP/1.0 200 OK\r\nContent-Length: 1, 1\r\n\r\nx"),
    RAW("two-ends", "HTTP/1.0 200 OK\r\nX-A: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx"),
    RAW("chunked", "HTTP/1.1 200 OK\r\nX-A: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    RAW("204", "HTTP/1.0 204 N/A\r\nContent-Length: 0\r\nContent-Type: text/plain\r\nX-A: a\r\n\r\nbody"),
    RAW("204-chunked", "HTTP/1.0 204 N/A\r\nTransfer-Encoding: chunked\r\nX-A: a\r\n\r\n0\r\n\r\n"),
    RAW("304", "HTTP/1.0 304 N/A\nContent-Length: 4\nContent-Encoding: gzip\nETag: \"a\"\nX-A: a\n\nbody"),
    RAW("205", "HTTP/1.0 205 N/A\r\nContent-Length: 4\r\nContent-Type: text/plain\r\nX-A: a\r\n\r\nbody"),
    RAW("103", "HTTP/1.0 103 N/A\r\nContent-Length: 4\r\nX-A: a\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"),
    RAW("103-lines", LINES_103 "\r\nHTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"),
    RAW("huge", "HTTP/1.0 200 OK\r\nContent-Length: 9223372036854775807\r\nX-A: a\r\n\r\nonly this"),
    RAW("fine", "HTTP/1.0 200 \xc3\xbc\t!\nX-A:\xff \x80\t\"\nX-B:\nContent-Length: 0\n\n"),
};

static bool print_raw(struct task *task, const char *name)
{
    for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
        if (strcmp(name, raws[i].name) == 0) {
            print(task, "", raws[i].text, raws[i].length);
            return true;
        }
    }
    return false;
}

/* As many lines as a head may have, each of which grows. */
static void print_lines(struct task *task)
{
    static const char first[] = "HTTP/1.0 200 OK\n";
    static char text[HTTP_HEAD_MAX + 1];
    uint32_t length = sizeof(first) - 1;
    memcpy(text, first, length);
    for (; length + 4 <= HTTP_HEAD_MAX; length += 3) {
        memcpy(text + length, "a:\n", 3);
    }
    text[length++] = '\n';
    print(task, "", text, length);
}

static void make_output(struct task *task)
{
    char head[200];
    const char *end = strstr(task->input, "\r\n\r\n");
    char target[100];
    sscanf(strchr(task->input, ' ') + 1, "%99[^ ]", target);
    const char *number = strrchr(target, '/') + 1;
    uint32_t size = (uint32_t)strtoul(number, NULL, 10);
    CHECK(end);
    if (asked(task, "/app/len/")) {
        sprintf(head, "HTTP/1.0 200 OK\r\nContent-Length: %u\r\nX-App: yes\r\nConnection: close\r\n\r\n", size);
        print_sized(task, head, size);
    } else if (asked(task, "/app/chunk/") || asked(task, "/app/none/")) {
        print_sized(task, "HTTP/1.0 200 OK\nX-App: yes\n\n", size);
    } else if (asked(task, "/app/x/")) {
        sprintf(head,
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nContent-Type: a/b\r\nX-Accel-Redirect: /f/%u?q\r\n"
                "X-Mine: yes\r\nCache-Control: private\r\n\r\nwhat?",
                size);
        print(task, head, "", 0);
    } else if (asked(task, "/app/order/")) {
        sprintf(head, "HTTP/1.0 200 OK\r\nX-Accel-Redirect: %s\r\n\r\n", target + strlen("/app/order"));
        print(task, head, "", 0);
    } else if (asked(task, "/app/type/")) {
        sprintf(head,
                "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nX-Accel-Redirect: /f/%u\r\n"
                "x-accel-content-type:  a/b; c=\"d\" \r\n\r\n",
                size);
        print(task, head, "", 0);
    } else if (asked(task, "/app/404/")) {
        sprintf(head, "HTTP/1.0 404 Really\r\nX-Accel-Redirect: /f/%u\r\n\r\n", size);
        print(task, head, "", 0);
    } else if (asked(task, "/app/short")) {
        print(task, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "", 0);
    } else if (asked(task, "/app/nonsense")) {
        print(task, "Traceback (most recent call last):\r\n\r\n", "", 0);
    } else if (asked(task, "/app/head/")) {
        static const char first[] = "HTTP/1.0 204 OK\r\nX-A: ";
        char *text = malloc(size);
        memset(text, 'a', size);
        memcpy(text, first, sizeof(first) - 1);
        memcpy(text + size - 4, "\r\n\r\n", 4);
        print(task, "", text, size);
        free(text);
    } else if (asked(task, "/app/drip")) {
        sprintf(head, "HTTP/1.0 200 OK\r\n\r\n%0100d", 0);
        print(task, head, "", 0);
    } else if (asked(task, "/app/early")) {
        print(task, "", "", 0);
    } else if (asked(task, "/app/lazy")) {
        print(task, "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nlazy", "", 0);
    } else if (asked(task, "/app/fat") || asked(task, "/app/hold/fat")) {
        static char fat[4000];
        int start = sprintf(fat, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nX-Fat: ");
        sprintf(fat + start, "%03000d\r\n\r\n", 0);
        print(task, fat, "fat", 3);
    } else if (asked(task, "/app/fails/none")) {
        print(task, "", "", 0);
    } else if (asked(task, "/app/fails/chunk")) {
        print(task, "HTTP/1.0 200 OK\r\n\r\nthis is not all", "", 0);
    } else if (asked(task, "/app/fails/len")) {
        print(task, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n1234", "", 0);
    } else if (asked(task, "/app/fails/whole")) {
        print(task, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n12345", "", 0);
    } else if (asked(task, "/app/raw/") && print_raw(task, number)) {
        CHECK(task->output_made);
    } else if (asked(task, "/app/lines")) {
        print_lines(task);
    } else if (asked(task, "/app/text")) {
        print(task, "", app_text, app_text_length);
    } else if (asked(task, "/app/upgrade")) {
        print(task, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n", end + 4,
              task->input_length - (uint32_t)(end + 4 - task->input));
    } else {
        uint32_t body = task->input_length - (uint32_t)(end + 4 - task->input);
        sprintf(head, "HTTP/1.0 200 OK\r\nContent-Length: %u\r\n\r\n", body);
        print(task, head, end + 4, body);
    }
}

static void read_request(struct task *task)
{
    uint32_t most = lwip_noise() % 4 ? 4096 : 1 + lwip_noise() % 7;
    if (most > INPUT_MAX - 1 - task->input_length) {
        most = INPUT_MAX - 1 - task->input_length;
    }
    bool eager = asked(task, "/app/eager");
    if ((asked(task, "/app/ws") || eager) && strstr(task->input, "\r\n\r\n") && !task->output_made) {
        static const char tunnel[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
        print(task, eager ? "HTTP/1.0 200 OK\r\n\r\neager" : tunnel, "", 0);
        task->written = (uint32_t)http_exchange_write(task->exchange, task->output, task->output_length);
    }
    bool lazy = asked(task, "/app/lazy") && strstr(task->input, "\r\n\r\n");
    if (lazy) {
        task->ended = true;
        return;
    }
    if (lwip_noise() % 2 && !http_exchange_readable(task->exchange)) {
        task->hungry = true;
        return;
    }
    int32_t count = http_exchange_read(task->exchange, task->input + task->input_length, most);
    if (count > 0) {
        task->input_length += (uint32_t)count;
        CHECK(task->input_length < INPUT_MAX - 1);
    }
    task->hungry = count == 0 && most > 0;
    task->ended = count < 0;
}

static void forget(struct task **place)
{
    struct task *task = *place;
    app_closes = true;
    (asked(task, "/app/fails/") ? http_exchange_fail : http_exchange_close)(task->exchange);
    app_closes = false;
    *place = NULL;
    app_count--;
    free(task->output);
    free(task);
}

/* What it writes it has to write at once. */
static void drip(struct task *task)
{
    uint32_t head = (uint32_t)(strstr(task->output, "\r\n\r\n") + 4 - task->output);
    uint32_t most = task->written < head ? head : app_drops > 0;
    if (task->broken || most == 0) {
        return;
    }
    app_drops -= task->written >= head;
    CHECK_EQUAL(http_exchange_write(task->exchange, task->output + task->written, most), most);
    task->written += most;
}

static void run(struct task **place)
{
    struct task *task = *place;
    if ((task->hungry || task->stuck) && !task->broken) {
        return;
    }
    if (!task->ended && !task->broken) {
        read_request(task);
        return;
    }
    if (!task->output_made && !task->broken) {
        if (asked(task, "/app/hold") && !app_released) {
            return;
        }
        make_output(task);
    }
    if (asked(task, "/app/drip") && app_drops != ALL_DROPS) {
        drip(task);
        return;
    }
    while (!task->broken && task->written < task->output_length) {
        uint32_t left = task->output_length - task->written, most = 1 + lwip_noise() % (lwip_noise() % 2 ? 100 : 30000);
        int32_t count = http_exchange_write(task->exchange, task->output + task->written, left < most ? left : most);
        CHECK(count >= 0);
        task->written += (uint32_t)count;
        task->stuck = (uint32_t)count < (left < most ? left : most);
        if (task->stuck || lwip_noise() % 8 == 0) {
            return;
        }
    }
    forget(place);
}

void app_run(void)
{
    for (int i = 0; i < APP_MAX; i++) {
        if (tasks[i]) {
            run(&tasks[i]);
        }
    }
}

void app_release(void)
{
    app_released = true;
}

void app_hold(void)
{
    app_released = false;
}

void app_start(void)
{
    pd_set_unix_time_ns(UNIX_S * S);
    app_released = false;
    app_absent = false;
    http_init(&app);
    CHECK(http_listen(80) && http_owns(80) && !http_owns(81));
    CHECK(http_claim("/app/", false, true, true));
}

/* -- the client -- */

bool body_of_site(const struct response *response, uint64_t size, uint64_t offset, uint64_t length)
{
    if (response->body != length) {
        return false;
    }
    for (uint64_t i = 0; i < length; i++) {
        if ((uint8_t)response->data[i] != site_byte(size, offset + i)) {
            return false;
        }
    }
    return true;
}

bool has_field(const struct response *response, const char *line)
{
    char text[300];
    sprintf(text, "\r\n%s\r\n", line);
    const char *found = strstr(response->text, text);
    return found && found < response->text + response->head;
}

static bool read_chunks(const char *at, uint32_t length, struct response *response)
{
    uint32_t done = 0;
    for (;;) {
        char *end;
        if (!memchr(at + done, '\n', length - done)) {
            return false;
        }
        uint32_t size = (uint32_t)strtoul(at + done, &end, 16);
        CHECK(end > at + done && end[0] == '\r' && end[1] == '\n');
        done = (uint32_t)(end + 2 - at);
        if (length - done < size + 2) {
            return false;
        }
        memcpy(response->data + response->body, at + done, size);
        response->body += size;
        done += size;
        CHECK(at[done] == '\r' && at[done + 1] == '\n');
        done += 2;
        if (size == 0) {
            response->whole = response->head + done;
            return true;
        }
    }
}

bool parse_response(struct client *client, bool head_only, bool to_end, struct response *response)
{
    static char text[12000];
    uint32_t length;
    const char *at = client_bytes(client, &length);
    const char *end = length ? memmem(at, length, "\r\n\r\n", 4) : NULL;
    if (!end) {
        return false;
    }
    response->head = (uint32_t)(end + 4 - at);
    CHECK(response->head < sizeof(text));
    memcpy(text, at, response->head);
    text[response->head] = '\0';
    response->text = text;
    response->body = 0;
    CHECK(memcmp(text, "HTTP/1.1 ", 9) == 0);
    response->status = atoi(text + 9);
    const char *field = strstr(text, "\r\nContent-Length: ");
    response->has_length = field != NULL;
    response->chunked = has_field(response, "Transfer-Encoding: chunked");
    response->closes = has_field(response, "Connection: close");
    CHECK(response->status < 200 || strstr(text, "\r\nDate: "));
    CHECK(!(response->has_length && response->chunked));
    uint32_t size = 0;
    if (head_only || response->status < 200 || response->status == 204 || response->status == 304) {
        size = 0;
    } else if (response->chunked) {
        return read_chunks(at + response->head, length - response->head, response);
    } else if (field) {
        size = (uint32_t)strtoul(field + 18, NULL, 10);
    } else {
        CHECK(response->closes);
        if (!to_end) {
            return false;
        }
        size = length - response->head;
    }
    CHECK(size <= sizeof(response->data));
    response->whole = response->head + size;
    if (length < response->whole) {
        return false;
    }
    memcpy(response->data, at + response->head, size);
    response->body = size;
    return true;
}

void step(void)
{
    site_call();
    app_run();
    pass_s(0);
    pd_flush();
}

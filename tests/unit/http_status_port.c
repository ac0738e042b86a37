/* http_status_port.c: the status port: what is answered, and clients that take nothing, say nothing, say half, say too much, or
 * are too many. The front is there, too, and each case is a process of its own.
 */
#include <string.h>

#include "fake_microkit.h"
#include "http/status.h"
#include "http/status/config.h"
#include "http/status/measures.h"
#include "http/status/page.h"
#include "http/status/report.h"
#include "http_front_client.h"
#include "in_turn.h"
#include "net/ip/ip.h"

#define PORT 9100
#define CONNECTIONS 6 /* http/status/port.c */
#define SEGMENTS (2 * TCP_MSS)

void init(void) {}

const struct status_config status_config = {.port = PORT, .fresh_ms = UINT32_MAX, .folder = "/site@", .system = "{}"};
const char status_page[] = "<!doctype html>a page", status_page_end[1];

void measures_begin(void) {}

void ip_on_address(void (*handler)(void *context), void *context) {}

uint32_t ip_address(void)
{
    return 0;
}

u16_t pbuf_copy_partial(const struct pbuf *p, void *to, u16_t length, u16_t offset)
{
    u16_t done = 0;
    for (; p && done < length; p = p->next) {
        u16_t count = (u16_t)(p->len < length - done ? p->len : length - done);
        memcpy((char *)to + done, p->payload, count);
        done = (u16_t)(done + count);
    }
    CHECK(offset == 0);
    return done;
}

char *ip4addr_ntoa(const ip4_addr_t *address)
{
    return "";
}

static uint32_t length_of_report = 20000;

void status_report_json(struct writer *text)
{
    for (uint32_t i = 0; i < length_of_report; i++) {
        writer_put(text, "x");
    }
}

void status_report_metrics(struct writer *text)
{
    writer_put(text, "0.0.4");
}

void status_report_openmetrics(struct writer *text)
{
    writer_put(text, "1.0");
}

static struct client *status_client(void)
{
    struct client *fresh = client_connect(PORT);
    CHECK(fresh);
    return fresh;
}

static void ask_status(const char *method, const char *path, const char *fields)
{
    char text[2048];
    sprintf(text, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, fields);
    send(text);
}

static int status_of(const char *method, const char *path, const char *fields)
{
    ask_status(method, path, fields);
    return receive(strcmp(method, "HEAD") == 0);
}

static bool has(const char *text)
{
    return memmem(response->data, response->body, text, strlen(text)) != NULL;
}

/* -- cases -- */

static void test_paths(void)
{
    client = status_client();
    CHECK_EQUAL(status_of("GET", "/healthz", ""), 200);
    CHECK(has("ok\n"));
    CHECK_EQUAL(status_of("GET", "/metrics", ""), 200);
    CHECK(has("0.0.4"));
    CHECK_EQUAL(status_of("GET", "/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n"), 200);
    CHECK(has("1.0"));
    CHECK_EQUAL(status_of("HEAD", "/status.json", ""), 200);
    CHECK_EQUAL(status_of("GET", "/system.json", ""), 200);
    CHECK_EQUAL(status_of("GET", "/none", ""), 404);
    CHECK_EQUAL(status_of("POST", "/", ""), 405);
    CHECK_EQUAL(status_of("GET", "/status.json", ""), 200);
    CHECK_EQUAL(response->body, length_of_report);
    leave();
}

static void test_a_report_too_long(void)
{
    client = status_client();
    length_of_report = STATUS_REPORT_MAX + 1;
    CHECK_EQUAL(status_of("GET", "/status.json", ""), 500);
    leave();
}

/* Not more than two segments are with TCP for it, and ten seconds later it is gone. */
static void test_who_takes_nothing(void)
{
    client = status_client();
    ask_status("GET", "/status.json", "");
    CHECK(client_waiting(client) > 0 && client_waiting(client) <= SEGMENTS);
    pass_s(9);
    CHECK(!client_was_reset(client));
    pass_s(2);
    CHECK(client_was_reset(client));
    client_free(client);
}

static void test_who_says_nothing(void)
{
    client = status_client();
    pass_s(29);
    CHECK(!client_at_end(client));
    pass_s(2);
    CHECK(client_at_end(client) && !client_was_reset(client));
    client_end(client);
    client_free(client);
}

static void test_half_a_request(void)
{
    client = status_client();
    send("GET /hea");
    pass_s(29);
    CHECK(!client_was_reset(client));
    pass_s(2);
    CHECK(client_was_reset(client));
    client_free(client);
}

static void test_no_request(void)
{
    client = status_client();
    send("nonsense\r\n\r\n");
    CHECK_EQUAL(receive(false), 400);
    check_closed();
}

/* Before its answer is there: there is one buffer. */
static void test_says_more(void)
{
    client = status_client();
    ask_status("GET", "/status.json", "");
    send("GET / HTTP/1.1\r\n");
    CHECK(client_was_reset(client));
    client_free(client);
}

static void test_a_closed_half(void)
{
    client = status_client();
    ask_status("GET", "/status.json", "");
    client_end(client);
    CHECK_EQUAL(receive(false), 200);
    CHECK(client_at_end(client));
    client_free(client);
}

/* The one without a whole request for longest makes room; where all are answered the newcomer goes. */
static void test_too_many(void)
{
    struct client *all[CONNECTIONS];
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        all[i] = status_client();
        pass_s(1);
    }
    client = all[0];
    CHECK_EQUAL(status_of("GET", "/healthz", ""), 200); /* so the second is the oldest */
    struct client *seventh = status_client();
    CHECK(client_was_reset(all[1]));
    client_free(all[1]);
    all[1] = seventh;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        CHECK(!client_was_reset(all[i]));
        client = all[i];
        ask_status("GET", "/status.json", "");
    }
    struct client *eighth = client_connect(PORT);
    CHECK(!eighth || client_was_reset(eighth));
    if (eighth) {
        client_free(eighth);
    }
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        client = all[i];
        CHECK_EQUAL(receive(false), 200);
        leave();
    }
}

static void test_no_memory(void)
{
    for (uint32_t i = 0; i < 100; i++) {
        client = status_client();
        lwip_fail_one_in = i % 5 + 1;
        ask_status("GET", "/status.json", "");
        lwip_fail_one_in = 0;
        take();
        if (!client_was_reset(client)) {
            leave();
        } else {
            client_free(client);
        }
    }
}

static void test_files_are_away(void)
{
    client = status_client();
    site_late = site_away = true;
    do { /* until the cache does not know at once */
        ask_status("GET", "/healthz", "");
        if (site_waiting == 0) {
            CHECK_EQUAL(receive(false), 200);
        }
    } while (site_waiting == 0);
    pass_s(1);
    CHECK_EQUAL(client_waiting(client), 0);
    pass_s(2);
    CHECK_EQUAL(receive(false), 503);
    CHECK(has("the files cannot be reached\n") && site_waiting == 0);
    leave();
}

static void test_drain(void)
{
    client = status_client();
    CHECK_EQUAL(status_of("GET", "/drain", ""), 405);
    CHECK_EQUAL(status_of("POST", "/drain", "Origin: http://x\r\n"), 403);
    CHECK_EQUAL(status_of("POST", "/drain", "Sec-Fetch-Site: same-origin\r\n"), 403);
    CHECK_EQUAL(status_of("GET", "/healthz", ""), 200);
    CHECK_EQUAL(status_of("POST", "/drain", ""), 200);
    CHECK_EQUAL(status_of("GET", "/healthz", ""), 503);
    CHECK_EQUAL(status_of("DELETE", "/drain", ""), 200);
    CHECK_EQUAL(status_of("GET", "/healthz", ""), 200);
    leave();
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"paths", test_paths},
    {"a_report_too_long", test_a_report_too_long},
    {"who_takes_nothing", test_who_takes_nothing},
    {"who_says_nothing", test_who_says_nothing},
    {"half_a_request", test_half_a_request},
    {"no_request", test_no_request},
    {"says_more", test_says_more},
    {"a_closed_half", test_a_closed_half},
    {"too_many", test_too_many},
    {"no_memory", test_no_memory},
    {"files_are_away", test_files_are_away},
    {"drain", test_drain},
};

static const char *name_of(uint64_t n)
{
    return cases[n].name;
}

static void run(uint64_t n)
{
    begin_case();
    status_start();
    cases[n].run();
    lwip_pcbs--; /* one more listens */
    end_case();
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(cases) / sizeof(cases[0]) - 1, name_of, run);
}

/* tests/unit/http_front_client.h: for tests of the front, in each its own: a client that asks and takes what comes, one
 * at a time (`client`); what begins a case and what has to be true at its end.
 */
#ifndef HTTP_FRONT_CLIENT_H
#define HTTP_FRONT_CLIENT_H

#include <stdlib.h>
#include <string.h>

#include "fake_microkit.h"
#include "http/front/server.h"
#include "http_front.h"

#include "lwip/tcp.h"

static struct client *client;
static struct response *response;

static inline void send(const char *text)
{
    client_send(client, text, (uint32_t)strlen(text), 1460);
}

static inline void take(void)
{
    for (int i = 0; i < 400; i++) {
        step();
        client_take(client, 20000);
        client_poll(client);
    }
}

static inline int receive(bool head_only)
{
    take();
    if (!parse_response(client, head_only, client_at_end(client), response)) {
        uint32_t length;
        const char *at = client_bytes(client, &length);
        FAIL("no whole response: %.*s", (int)length, at);
    }
    client_forget(client, response->whole);
    return response->status;
}

static inline bool nothing_more(void)
{
    uint32_t length;
    take();
    client_bytes(client, &length);
    return length == 0;
}

static inline int ask(const char *text)
{
    send(text);
    return receive(strncmp(text, "HEAD", 4) == 0);
}

static inline int get(const char *path, const char *fields)
{
    char text[2048];
    sprintf(text, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, fields);
    return ask(text);
}

static inline bool body_is(uint64_t size, uint64_t offset, uint64_t length)
{
    return body_of_site(response, size, offset, length);
}

static inline void connect(void)
{
    client = client_connect(80);
}

static inline void leave(void)
{
    take();
    client_end(client);
    take();
    CHECK(client_gone(client) && !client_was_reset(client));
    client_free(client);
}

/* The server has closed, with all said. */
static inline void check_closed(void)
{
    take();
    CHECK(client_at_end(client));
    leave();
}

/* -- a case -- */

static inline void check_all_is_back(void)
{
    struct http_counters counters;
    http_counters(&counters);
    CHECK_EQUAL(lwip_pbufs, 0);
    CHECK_EQUAL(lwip_pcbs, 1); /* listens */
    CHECK_EQUAL(counters.connections, 0);
    CHECK_EQUAL(counters.app_requests, 0);
    CHECK_EQUAL(site_held, 0);
    CHECK_EQUAL(site_waiting, 0);
    CHECK_EQUAL(cache_pinned, 0);
    CHECK_EQUAL(site_names_held, 0);
    CHECK_EQUAL(app_count, 0);
}

static inline void begin_case(void)
{
    response = malloc(sizeof(*response));
    fake_reset();
    pass_s(0);
    app_start();
}

static inline void end_case(void)
{
    for (int rest = 0; rest < 10; rest++) {
        step();
    }
    check_all_is_back();
}

#endif

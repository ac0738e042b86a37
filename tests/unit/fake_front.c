/* fake_front.c: see fake_front.h. */
#include "fake_front.h"

#include <string.h>
#include "fake_microkit.h"
#include "http/start.h"
#include "python/endpoint.h"

struct fake_front fake_front;
void (*fake_front_on_close)(void);

static struct fake_client *client_of(const struct http_exchange *exchange)
{
    struct fake_client *client = (struct fake_client *)exchange; /* its first field */
    CHECK(client->open);
    return client;
}

bool fake_client_begin(struct fake_client *client, const char *request, uint32_t room)
{
    *client = (struct fake_client){.open = true, .room = room};
    client->read_end = (uint32_t)strlen(request);
    memcpy(client->to_read, request, client->read_end);
    client->open = endpoint_http_app.begin(&client->exchange);
    return client->open;
}

void fake_client_send(struct fake_client *client, const char *more, bool end)
{
    uint32_t length = (uint32_t)strlen(more);
    CHECK(client->read_end + length <= FAKE_BYTES);
    memcpy(client->to_read + client->read_end, more, length);
    client->read_end += length;
    client->ended |= end;
    endpoint_http_app.readable(&client->exchange);
}

void fake_client_take(struct fake_client *client, uint32_t room)
{
    client->room += room;
    endpoint_http_app.writable(&client->exchange);
}

void fake_client_leave(struct fake_client *client)
{
    client->gone = true;
    endpoint_http_app.broken(&client->exchange);
}

int32_t http_exchange_read(struct http_exchange *exchange, void *buffer, uint32_t size)
{
    struct fake_client *client = client_of(exchange);
    CHECK(!client->gone && size > 0);
    uint32_t there = client->read_end - client->read_at;
    uint32_t count = size < there ? size : there;
    memcpy(buffer, client->to_read + client->read_at, count);
    client->read_at += count;
    return count > 0 ? (int32_t)count : client->ended ? -1 : 0;
}

bool http_exchange_readable(struct http_exchange *exchange)
{
    struct fake_client *client = client_of(exchange);
    CHECK(!client->gone);
    return client->read_at < client->read_end || client->ended;
}

int32_t http_exchange_write(struct http_exchange *exchange, const void *data, uint32_t size)
{
    struct fake_client *client = client_of(exchange);
    CHECK(!client->gone);
    uint32_t count = size < client->room ? size : client->room;
    CHECK(client->written + count <= FAKE_BYTES);
    memcpy(client->answer + client->written, data, count);
    client->written += count;
    client->room -= count;
    return (int32_t)count;
}

void http_exchange_close(struct http_exchange *exchange)
{
    client_of(exchange)->open = false;
    if (fake_front_on_close) {
        fake_front_on_close();
    }
}

void http_exchange_fail(struct http_exchange *exchange)
{
    client_of(exchange)->failed = true;
    http_exchange_close(exchange);
}

void http_exchange_peer(const struct http_exchange *exchange, ip_addr_t *ip, uint16_t *port)
{
    client_of(exchange);
    IP4_ADDR(ip, 10, 0, 2, 2);
    *port = 40000;
}

bool http_owns(uint16_t port)
{
    return port == FAKE_FRONT_PORT;
}

bool http_claim(const char *text, bool exact, bool gets, bool others)
{
    fake_front.claims++;
    fake_front.whole_port |= !strcmp(text, "/") && !exact && gets && others;
    return true;
}

void http_not_found_is_the_apps(bool yes)
{
    fake_front.not_found = yes;
}

void http_start_application(void)
{
    fake_front.unmounts++;
    fake_front.whole_port = false;
    fake_front.not_found = false;
}

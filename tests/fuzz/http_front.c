/* tests/fuzz/http_front.c: the whole front between clients that send, take, end and reset as the input says, a made-up
 * site, and an application that answers what the input says.
 *
 * Whatever they do, all comes back: buffers, connections, pins, requests with the application.
 *
 * Input: the application's text (its length first), then steps: a byte that says what and for which of three clients,
 * then what that needs. Bytes of a client go out in segments as short as one byte.
 */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/http_front.h"

#include "http/front/server.h"

#define CLIENTS 3

static const char *const requests[] = {
    "GET /f/1000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /f/200000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "HEAD /dir HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /broken/200000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /w/5 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /app/text HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /app/text HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /app/lazy HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n",
    "POST /app/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345",
    "POST /app/stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /app/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\nExpect: 100-continue\r\n\r\n",
    "GET /app/x/100 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /app/upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    "GET /app/hold HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /app/fails/chunk HTTP/1.0\r\n\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "Range: bytes=5-10, 3-\r\n",
    "GET /no HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n",
    "GET /app/order/no HTTP/1.1\r\nHost: x\r\n\r\n",
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static struct {
    struct client *clients[CLIENTS];
    bool ended[CLIENTS];
    uint32_t pcbs;
} self;

void init(void) {}

void fuzz_begin(void)
{
    pass_s(0); /* the clock is set */
    app_start();
    self.pcbs = lwip_pcbs;
}

static void forget(int i)
{
    client_free(self.clients[i]);
    self.clients[i] = NULL;
    self.ended[i] = false;
}

static void send_some(int i, const void *bytes, size_t size, uint32_t segment)
{
    uint32_t window = client_window(self.clients[i]);

    if (!self.ended[i] && !client_was_reset(self.clients[i])) {
        client_send(self.clients[i], bytes, size < window ? (uint32_t)size : window, segment);
    }
}

static void for_client(int i, uint8_t what, struct fuzz_input *in)
{
    uint8_t number = fuzz_byte(in);
    size_t size;
    const uint8_t *bytes;

    switch (what) {
    case 0: /* any bytes */
        bytes = fuzz_take(in, number, &size);
        send_some(i, bytes, size, 1460);
        break;
    case 1:
        bytes = fuzz_take(in, number, &size);
        send_some(i, bytes, size, 1u + number % 7);
        break;
    case 2:
    case 3: send_some(i, requests[number % REQUESTS], strlen(requests[number % REQUESTS]), what == 3 ? 3 : 1460); break;
    case 4: client_take(self.clients[i], number * 256u); break;
    case 5: client_poll(self.clients[i]); break;
    case 6:
        self.ended[i] = true;
        client_end(self.clients[i]);
        break;
    default: client_reset(self.clients[i]); break;
    }
    if (client_was_reset(self.clients[i])) {
        forget(i);
    }
}

static void for_all(uint8_t what, struct fuzz_input *in)
{
    switch (what % 8) {
    case 0: site_late = !site_late; break;
    case 1: site_away = !site_away; break;
    case 2: lwip_fail_one_in = fuzz_byte(in) % 8; break;
    case 3: lwip_share = 1000u + fuzz_byte(in) * 256u; break;
    case 4: app_absent = !app_absent; break;
    case 5: app_release(); break;
    case 6:
        site_pages = fuzz_byte(in) * 256u;
        site_fallback = fuzz_byte(in);
        break;
    default: pass_s(fuzz_byte(in) % 128); break;
    }
}

static void one_step(struct fuzz_input *in)
{
    uint8_t what = fuzz_byte(in);
    int i = what % 4;

    if (i == CLIENTS) {
        for_all(what >> 2, in);
    } else if (!self.clients[i]) {
        self.clients[i] = client_connect(80);
    } else {
        for_client(i, what >> 2 & 7, in);
    }
    step();
}

/* Everybody takes what there is and goes. */
static void wind_down(void)
{
    lwip_fail_one_in = 0;
    site_late = site_away = false;
    site_pages = 0;
    app_release();
    for (int round = 0; round < 20; round++) {
        step();
        for (int i = 0; i < CLIENTS; i++) {
            if (self.clients[i] && !client_was_reset(self.clients[i])) {
                client_take(self.clients[i], 65535);
            }
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (self.clients[i]) {
            client_reset(self.clients[i]);
            forget(i);
        }
    }
    for (int round = 0; round < 100; round++) {
        step();
    }
    pass_s(200);
    step();
}

void fuzz_run(struct fuzz_input *in)
{
    struct http_counters counters;
    size_t size;

    app_text = fuzz_take(in, fuzz_byte(in), &size);
    app_text_length = (uint32_t)size;
    while (in->left > 0) {
        one_step(in);
    }
    wind_down();
    http_counters(&counters);
    DEMAND(counters.connections == 0 && counters.app_requests == 0 && app_count == 0);
    DEMAND(lwip_pbufs == 0 && lwip_pcbs == self.pcbs && site_held == 0 && cache_pinned == 0 && site_waiting == 0);
    DEMAND(fake_lost_deferred() == 0);
}

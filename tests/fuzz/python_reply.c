/* tests/fuzz/python_reply.c: an answer that a program writes as text on the site's port (python/incoming_reply.c),
 * which may hold what a client has sent. However it is cut into writes, the front gets the same of it; a head that it
 * gets can be one.
 *
 * Input: how it is cut, the text.
 */
#include <errno.h>
#include <string.h>

#include "http/parse/text.h"
#include "python/incoming.h"
#include "python/port.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_front.h"

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static struct incoming *taken;

void port_wake(void) {}

static bool take(struct incoming *incoming)
{
    taken = incoming;
    return true;
}

void fuzz_begin(void)
{
    fake_front_init();
    incoming_init(&fake_app_config);
    incoming_serve(take);
    fake_front_pump();
}

static void write_all(const char *text, size_t length, uint32_t cut)
{
    while (length > 0) {
        size_t part = cut ? cut % 37 + 1 : length;
        int error = 0;
        intptr_t count = incoming_write(taken, text, part < length ? part : length, &error);
        DEMAND(count > 0 || error == EAGAIN);
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
        cut = cut ? (cut * 1664525 + 1013904223) | 1 : 0;
        if (count <= 0 || cut & 0x100) {
            fake_front_pump();
        }
    }
}

static void answer(struct fake_client *client, const char *text, size_t length, uint32_t cut)
{
    DEMAND(fake_client_begin(client, REQUEST, 0, 0));
    write_all(text, length, cut);
    incoming_close(taken, 0);
    fake_front_pump();
    DEMAND(client->ended);
}

static void check_head(const struct fake_client *client)
{
    DEMAND(client->status == 101 || (client->status >= 200 && client->status <= 599));
    for (const char *at = client->head; *at; at++) {
        DEMAND(http_is(*at, CLASS_TEXT));
    }
}

void fuzz_run(struct fuzz_input *in)
{
    static struct fake_client whole, cut;
    uint32_t how = fuzz_16(in) | 1u;
    const char *text = fuzz_exactly(in->at, in->left);
    answer(&whole, text, in->left, 0);
    answer(&cut, text, in->left, how);
    DEMAND(whole.answered == cut.answered && whole.failed == cut.failed && whole.length == cut.length);
    DEMAND(!strcmp(whole.head, cut.head) && whole.read == cut.read && !memcmp(whole.body, cut.body, cut.read));
    if (whole.answered) {
        check_head(&whole);
    }
}

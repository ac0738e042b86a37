/* tests/fuzz/http_split.c: the front's answers do not depend on where a stream of requests is cut into segments, nor on
 * when the client takes them.
 *
 * Input: four numbers for the cuts, then the stream. It is sent once whole and once in pieces. Not compared: what an
 * application answers before it has read a body in chunks, which may be nonsense.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/http_front.h"

#include "http/front/server.h"

#define STREAM_MAX 3000
#define ANSWERS_MAX 300000 /* more may not all have come yet: not looked at */

void init(void) {}

void fuzz_begin(void)
{
    pass_s(0); /* the clock is set */
    app_start();
}

static void take(struct client *client)
{
    for (int i = 0; i < 12; i++) {
        step();
        client_take(client, 20000);
    }
}

static void send(struct client *client, const char *bytes, uint32_t size, uint32_t segment)
{
    if (!client_was_reset(client) && size > 0) {
        client_send(client, bytes, size, segment);
    }
}

/* What came back; sets its length. NULL: too much. */
static const char *answers(const char *stream, uint32_t size, const uint8_t cuts[4], uint32_t *length)
{
    struct client *client = client_connect(80);
    uint32_t at = 0;

    for (int i = 0; cuts && i < 4; i++) {
        uint32_t count = size - at < cuts[i] ? size - at : cuts[i];
        send(client, stream + at, count, 1u + cuts[(i + 1) % 4] % 64u);
        at += count;
        step();
        if (cuts[i] & 1) {
            take(client);
        }
    }
    send(client, stream + at, size - at, 1460);
    take(client);
    take(client);
    const char *bytes = client_bytes(client, length);
    return *length > ANSWERS_MAX ? NULL : fuzz_keep(bytes ? bytes : "", *length);
}

static bool contains(const char *bytes, uint32_t size, const char *text)
{
    for (uint32_t i = 0, length = (uint32_t)strlen(text); i + length <= size; i++) {
        if (strncasecmp(bytes + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Applications that answer without the body: whether chunks that are nonsense were seen before is a matter of time. */
static bool is_a_race(const char *stream, uint32_t size)
{
    static const char *const at_once[] = {"/app/lazy", "/app/eager", "/app/stream", "/app/ws"};

    for (size_t i = 0; i < sizeof(at_once) / sizeof(at_once[0]); i++) {
        if (contains(stream, size, at_once[i]) && contains(stream, size, "chunked")) {
            return true;
        }
    }
    return false;
}

void fuzz_run(struct fuzz_input *in)
{
    uint8_t cuts[4];
    uint32_t whole_length, cut_length;

    fuzz_fill(in, cuts, sizeof(cuts));
    uint32_t size = in->left < STREAM_MAX ? (uint32_t)in->left : STREAM_MAX;
    bool compared = !is_a_race((const char *)in->at, size);
    const char *whole = answers((const char *)in->at, size, NULL, &whole_length);
    fuzz_again();
    const char *cut = answers((const char *)in->at, size, cuts, &cut_length);
    if (compared && whole && cut && (whole_length != cut_length || memcmp(whole, cut, whole_length) != 0)) {
        fprintf(stderr, "whole: %.*s\ncut: %.*s\n", (int)whole_length, whole, (int)cut_length, cut);
        DEMAND(!"the same answers");
    }
}

/* http_front_parts.c: several parts of a file in one answer. Each test is a process of its own. */
#include <string.h>

#include "http/parse/select.h"
#include "http_front_client.h"
#include "in_turn.h"

#define H "HTTP/1.1\r\nHost: x\r\n"

void init(void) {}

/* The next part of the answer at *at, of these bytes of a file of this size. */
static void check_part(const char **at, const char *boundary, uint64_t size, uint64_t first, uint64_t length)
{
    char line[300];
    int count = sprintf(line, "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
                        boundary, (unsigned long long)first, (unsigned long long)(first + length - 1),
                        (unsigned long long)size);
    CHECK_CASE(memcmp(*at, line, (size_t)count) == 0, line);
    *at += count;
    for (uint64_t i = 0; i < length; i++) {
        CHECK_EQUAL((uint8_t)(*at)[i], site_byte(size, first + i));
    }
    *at += length;
}

static void boundary_of(char boundary[100])
{
    const char *field = strstr(response->text, "\r\nContent-Type: multipart/byteranges; boundary=");
    CHECK(field && sscanf(field, "\r\nContent-Type: multipart/byteranges; boundary=%99s", boundary) == 1);
}

static void check_parts(uint64_t size, const uint64_t (*ranges)[2], uint32_t count)
{
    char boundary[100], end[110];
    const char *at = response->data;
    CHECK_EQUAL(response->status, 206);
    CHECK(!response->closes && strstr(response->text, "ETag") && !strstr(response->text, "Content-Range"));
    CHECK(!strstr(response->text, "text/plain"));
    boundary_of(boundary);
    for (uint32_t i = 0; i < count; i++) {
        check_part(&at, boundary, size, ranges[i][0], ranges[i][1]);
    }
    sprintf(end, "\r\n--%s--\r\n", boundary);
    CHECK(memcmp(at, end, strlen(end)) == 0);
    CHECK_EQUAL(at + strlen(end) - response->data, response->body);
}

static const uint64_t few[][2] = {{5, 1}, {100, 200}, {999, 1}},
                      far[][2] = {{65000, 1000}, {0, 1}, {199000, 1000}, {70000, 60000}};
#define FEW "Range: bytes=5-5, 100-299,-1\r\n"
#define FAR "Range: bytes=65000-65999,0-0,199000-,70000-129999\r\n"

static void test_parts(void)
{
    char first[100], second[100];
    connect();
    get("/f/1000", FEW);
    check_parts(1000, few, 3);
    boundary_of(first);
    get("/f/200000", FAR);
    check_parts(200000, far, 4);
    boundary_of(second);
    CHECK(strcmp(first, second) != 0);
    CHECK_EQUAL(ask("HEAD /f/1000 " H FEW "\r\n"), 200);
    CHECK_EQUAL(get("/f/1000", "Range: bytes=5-5,2000-\r\n"), 206);
    CHECK(body_is(1000, 5, 1) && has_field(response, "Content-Range: bytes 5-5/1000"));
    CHECK_EQUAL(get("/f/1000", "Range: bytes=1000-,2000-\r\n"), 416);
    CHECK_EQUAL(get("/f/1000", "Range: bytes=0-,0-\r\n"), 200);
    CHECK(body_is(1000, 0, 1000));
    CHECK_EQUAL(get("/bad/1000", FEW), 503);
    CHECK_EQUAL(get("/app/x/1000", FEW), 200); /* of the application's answer */
    CHECK(body_is(1000, 0, 1000));
    send("GET /f/1000 " H FEW "\r\nGET /f/7 " H "\r\nGET /f/1000 " H FEW "Connection: close\r\n\r\n");
    receive(false);
    check_parts(1000, few, 3);
    CHECK_EQUAL(receive(false), 200);
    CHECK_EQUAL(receive(false), 206);
    check_closed();
}

/* Bytes come late, writes fail, clients go in the middle. */
static void test_late(void)
{
    site_late = site_in_parts = true;
    for (int round = 0; round < 200; round++) {
        lwip_fail_one_in = round % 3 ? 0 : 4;
        connect();
        send("GET /f/200000 " H FAR "\r\nGET /f/1000 " H FEW "\r\n");
        if (round % 5 == 4) {
            for (int i = 0; i < round / 5; i++) {
                step();
                client_take(client, 3000);
            }
            lwip_fail_one_in = 0;
            client_reset(client);
            client_free(client);
            continue;
        }
        receive(false);
        check_parts(200000, far, 4);
        receive(false);
        check_parts(1000, few, 3);
        lwip_fail_one_in = 0;
        leave();
    }
}

/* Of more answers at a time than have a place, the rest is the whole file. */
static void test_many(void)
{
    static struct client *crowd[40];
    int whole = 0;
    lwip_share = 3000; /* none is over at once */
    for (int i = 0; i < 40; i++) {
        connect();
        crowd[i] = client;
        send("GET /f/200000 " H FAR "\r\n");
        step();
    }
    for (int i = 0; i < 40; i++) {
        client = crowd[i];
        if (receive(false) == 206) {
            check_parts(200000, far, 4);
        } else {
            CHECK(response->status == 200 && body_is(200000, 0, 200000));
            whole++;
        }
        leave();
    }
    CHECK_EQUAL(whole, 8);
    connect();
    get("/f/1000", FEW);
    check_parts(1000, few, 3);
    leave();
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {{"parts", test_parts}, {"late", test_late}, {"many", test_many}};

static void run(uint64_t i)
{
    begin_case();
    tests[i].run();
    end_case();
}

static const char *name_of(uint64_t i)
{
    return tests[i].name;
}

int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(tests) / sizeof(tests[0]) - 1, name_of, run);
}

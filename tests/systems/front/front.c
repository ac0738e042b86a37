/* front.c: the native front without an interpreter: a site from files, and an application in C under /app/.
 *   /app/hello    five bytes
 *   /app/echo     the request's body, chunked
 *   /app/page     X-Accel-Redirect to /index.html
 *   /app/counters what the front counts: connections, exchanges, accepted, refused, timed out, given way, broken
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>

#include "fs/client.h"
#include "fs/mount.h"
#include "http/cache.h"
#include "http/start.h"
#include "lib/log.h"
#include "net/ip/ip.h"
#include "serial/client.h"
#include "timer/client.h"

#define S 1000000000ull

static struct task {
    struct http_exchange *exchange;
    char head[HTTP_HEAD_MAX + 1], body[4096];
    uint32_t head_length, body_length, body_written;
    bool answered;
} tasks[HTTP_EXCHANGES_MAX];

static bool asks(const struct task *task, const char *path)
{
    const char *target = strchr(task->head, ' ');
    return target && strncmp(target + 1, path, strlen(path)) == 0;
}

static void end(struct task *task)
{
    struct http_exchange *exchange = task->exchange;
    task->exchange = NULL;
    http_exchange_close(exchange);
}

static void say(struct task *task, const char *text)
{
    task->answered = true;
    http_exchange_write(task->exchange, text, (uint32_t)strlen(text));
}

/* False: more of the body will come. */
static bool echo(struct task *task)
{
    for (;;) {
        while (task->body_written < task->body_length) {
            uint32_t left = task->body_length - task->body_written;
            int32_t count = http_exchange_write(task->exchange, task->body + task->body_written, left);
            if (count <= 0) {
                return count < 0;
            }
            task->body_written += (uint32_t)count;
        }
        int32_t count = http_exchange_read(task->exchange, task->body, sizeof(task->body));
        if (count <= 0) {
            return count < 0;
        }
        task->body_length = (uint32_t)count;
        task->body_written = 0;
    }
}

static void say_counters(struct task *task)
{
    char text[200];
    struct http_counters c;
    struct cache_counters cache;
    http_counters(&c);
    cache_counters(&cache);
    snprintf(text, sizeof(text),
             "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n%u %u %llu %llu %llu %llu %llu %llu\n", c.connections,
             c.exchanges, (unsigned long long)c.accepted, (unsigned long long)c.refused,
             (unsigned long long)c.timed_out, (unsigned long long)c.given_way, (unsigned long long)c.broken,
             (unsigned long long)cache.looks);
    say(task, text);
}

static void go_on(struct http_exchange *exchange)
{
    struct task *task = exchange->app;
    while (!strstr(task->head, "\r\n\r\n")) {
        int32_t count = http_exchange_read(exchange, task->head + task->head_length, 1);
        if (count <= 0) {
            return;
        }
        task->head[++task->head_length] = '\0';
    }
    if (asks(task, "/app/echo")) {
        if (!task->answered) {
            say(task, "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n");
        }
        if (!echo(task)) {
            return;
        }
    } else if (asks(task, "/app/counters")) {
        say_counters(task);
    } else if (asks(task, "/app/page")) {
        say(task, "HTTP/1.0 200 OK\r\nX-Accel-Redirect: /index.html\r\nX-Mine: yes\r\n\r\n");
    } else {
        say(task, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nHello");
    }
    end(task);
}

static bool begin(struct http_exchange *exchange)
{
    for (int i = 0; i < HTTP_EXCHANGES_MAX; i++) {
        if (!tasks[i].exchange) {
            memset(&tasks[i], 0, sizeof(tasks[i]));
            tasks[i].exchange = exchange;
            exchange->app = &tasks[i];
            go_on(exchange);
            return true;
        }
    }
    return false;
}

static void broken(struct http_exchange *exchange)
{
    end(exchange->app);
}

static void on_address(void *context)
{
    log_line("serving");
}

void init(void)
{
    static const struct http_app app = {begin, go_on, go_on, broken};
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    if (ip_config.rtc) {
        pd_set_unix_time_ns(*ip_config.rtc * S);
    }
    ip_init(&ip_config, &net_client_config);
    fs_client_init(http_config.files);
    fs_mount_init();
    http_start(&http_config, &app);
    http_start_application();
    require(http_claim("/app/", false, true, true), "front", 0);
    ip_on_address(on_address, NULL);
    pd_flush();
}

/* hostile.c: a client of a file server that breaks every rule that it can reach: it floods, lies about the rings'
 * indices, names buffers outside its share and files of others, and starts anew in the middle. It has no end. What it
 * must not achieve: a check that fails for the two honest clients beside it, or a stop of the server
 * (tests/test_fs_clients.py).
 *
 * What any client may do it does with its own names only: all of them write into one file system.
 */
#include "lib/pd.h"

#include <string.h>

#include "fs/config.h"
#include "lib/log.h"
#include "serial/client.h"
#include "tests/systems/fs/config.h"
#include "timer/client.h"

#define ROUND_NS 2000000u
#define HONEST_ROUNDS 100 /* at first; so that commands come through and are looked at */
#define SAID_AT 100

static struct {
    struct ring_shared *commands, *completions;
    uint8_t *share;
    struct timer timer;
    uint64_t noise;
    uint32_t rounds;
    uint16_t life;
} self = {.noise = 88172645463325252u};

static uint32_t noise(void)
{
    self.noise ^= self.noise << 13;
    self.noise ^= self.noise >> 7;
    self.noise ^= self.noise << 17;
    return (uint32_t)(self.noise >> 16);
}

/* Of its own: hostile, hostile/a, hostile/b; `any`: also others'. In halves of the share's start, so that it does not
 * itself put another's name in the place of one of its own that is about to be removed. */
static struct fs_buffer path(bool any)
{
    static const char *const others[] = {"/",        "/.",           "//",     "/one",     "/two/file",
                                         "/tmp/one", "/tmp/two/big", "/../..", "no slash", "/a/../../b"};
    uint32_t at = (noise() % 32 + (any ? 32 : 0)) * FS_PATH_MAX;
    uint8_t *to = self.share + at;
    uint64_t size = strlen(fs_tenant_config.directory);

    if (any && noise() % 2) {
        const char *other = others[noise() % (sizeof(others) / sizeof(others[0]))];
        memcpy(to, other, strlen(other));
        return (struct fs_buffer){at, strlen(other)};
    }
    memcpy(to, fs_tenant_config.directory, size);
    memcpy(to + size, "/hostile/a", 10);
    to[size + 9] = (uint8_t)('a' + noise() % 4);
    return (struct fs_buffer){at, size + (noise() % 4 ? 10 : 8)};
}

static struct fs_buffer buffer(void)
{
    struct fs_buffer buffer = {0x10000 + noise() % 0x10000, noise() % 0x8000};

    switch (noise() % 8) {
    case 0: buffer.offset = noise() | (uint64_t)noise() << 32; break;
    case 1: buffer.size = noise() | (uint64_t)noise() << 32; break;
    case 2: buffer.offset = ~0ull - noise() % 0x10000; break;
    default: break;
    }
    return buffer;
}

/* An index that there is, a generation that is likely: others', often. */
static uint64_t fd(void)
{
    return noise() % 64 == 0 ? noise() : (uint64_t)(1 + noise() % 40) << 16 | noise() % 256;
}

static struct fs_command command(void)
{
    struct fs_command made = {.id = noise(), .type = noise() % (FS_COMMAND_TYPES + 2), .flags = noise() % 32};

    switch (made.type) {
    case FS_STAT:
    case FS_OPENDIR:
        made.path.path = path(true);
        made.path.other = buffer();
        break;
    case FS_OPEN:
        made.path.path = path(!(made.flags & FS_OPEN_WRITE));
        if (noise() % 4 == 0) {
            made.path.other = buffer();
        }
        break;
    case FS_RENAME:
        made.path.path = path(false);
        made.path.other = path(false);
        break;
    case FS_REMOVE:
    case FS_MKDIR:
    case FS_RMDIR: made.path.path = path(false); break;
    default:
        made.file.fd = fd();
        made.file.position = noise() % 16 ? noise() % 0x8000 : ~0ull - noise();
        made.file.data = buffer();
        break;
    }
    return made;
}

static void put(struct fs_command made)
{
    memcpy(self.commands->elements + self.commands->tail % FS_QUEUE_CAPACITY * sizeof(made), &made, sizeof(made));
    self.commands->tail++;
}

/* As many as there is room for, or more. */
static void flood(void)
{
    uint32_t count = FS_QUEUE_CAPACITY - (self.commands->tail - self.commands->head);

    self.completions->head = self.completions->tail; /* what it was told is nothing to it */
    put((struct fs_command){.type = FS_INITIALISE});
    for (uint32_t i = noise() % 16 ? 1 : 0; i < count && count <= FS_QUEUE_CAPACITY; i++) {
        put(command());
    }
}

static void tamper(void)
{
    uint32_t *const words[] = {
        &self.commands->tail,
        &self.commands->head,
        &self.commands->consumer_armed,
        &self.completions->head,
        &self.completions->tail,
        &self.completions->producer_armed,
        &self.completions->consumer_armed,
    };
    uint32_t *word = words[noise() % (sizeof(words) / sizeof(words[0]))];

    *word = noise() % 2 ? noise() : *word + noise() % 400 - 200;
}

/* As fs_client_init() would, in another life of it. */
static void attach(void)
{
    self.life++;
    self.commands->tail = self.commands->head;
    self.completions->head = self.completions->tail;
    self.commands->producer_generation = self.commands->consumer_generation << 16 | self.life;
    self.completions->consumer_generation = self.completions->producer_generation << 16 | self.life;
}

/* Twice: at the first the server, which is above this program, says its indices anew, that may be lies by now. */
static void start_anew(void)
{
    attach();
    microkit_notify(fs_client_config.server);
    attach();
}

static void on_time(void *context)
{
    flood();
    if (self.rounds % 8 == 7) {
        start_anew();
    }
    if (self.rounds >= HONEST_ROUNDS && noise() % 4 == 0) {
        tamper();
        microkit_notify(fs_client_config.server);
        start_anew();
    }
    microkit_notify(fs_client_config.server);
    if (++self.rounds % SAID_AT == 0) {
        log_line("hostile: %u rounds", (unsigned)self.rounds);
    }
    timer_start(&self.timer, pd_now_ns() + ROUND_NS, on_time, NULL);
}

/* It is told of answers, and does not listen. */
static void on_server(void *context) {}

void init(void)
{
    self.commands = fs_client_config.commands.shared;
    self.completions = fs_client_config.completions.shared;
    self.share = fs_client_config.share.base;
    attach();
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    timer_client_init(&timer_client_config);
    pd_on_channel(fs_client_config.server, on_server, NULL);
    timer_start(&self.timer, pd_now_ns() + ROUND_NS, on_time, NULL);
    pd_flush();
}

/* liar.c: a file server that lies to the front: numbers of completions that nobody waits for, states and sizes that
 * there are not, more bytes than were asked for, answers twice, late or never, noise all over the share. What it must not
 * achieve: a fault of the front, the end of its service for what is answered honestly afterwards
 * (tests/test_http_liar.py).
 *   /good..    honest: a file of GOOD; what was held back is answered before it
 *   /jump..    from then on the rings' indices jump
 *   the rest   a lie
 */
#include <string.h>

#include "fs/proto.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"
#include "tests/systems/http/config.h"

#define GOOD "an honest file\n"
#define GOOD_FD 1
#define HELD_MAX 24 /* the front has 96 commands: some are left for the honest ones */
#define SHARE_NOISE 4096

static struct {
    struct ring commands, completions;
    struct fs_command held[HELD_MAX];
    uint32_t held_count, lies;
    uint64_t noise, last_id;
    bool jumps;
} self = {.noise = 88172645463325252u};

static uint64_t noise(void)
{
    self.noise ^= self.noise << 13;
    self.noise ^= self.noise >> 7;
    self.noise ^= self.noise << 17;
    return self.noise;
}

static void put(struct fs_completion completion)
{
    ring_put(&self.completions, &completion);
    pd_notify_later(liar_config.client);
}

static void put_attributes(const struct fs_command *command, struct fs_stat stat)
{
    void *at = region_at(&liar_config.share, command->path.other.offset, sizeof(stat));
    if (at) {
        memcpy(at, &stat, sizeof(stat));
    }
}

/* -- honest -- */

static void answer(const struct fs_command *command)
{
    struct fs_completion completion = {.id = command->id};
    switch (command->type) {
    case FS_OPEN:
    case FS_STAT:
        put_attributes(command, (struct fs_stat){.size = sizeof(GOOD) - 1, .mtime_ns = 5000000000, .mode = 0100644});
        completion.open.fd = GOOD_FD;
        completion.open.size = sizeof(GOOD) - 1;
        break;
    case FS_READ: {
        char *data = region_at(&liar_config.share, command->file.data.offset, sizeof(GOOD) - 1);
        if (data) {
            memcpy(data, GOOD, sizeof(GOOD) - 1);
        }
        completion.read.length = sizeof(GOOD) - 1;
        completion.read.mtime_ns = 5000000000;
        break;
    }
    default: break;
    }
    put(completion);
}

/* -- lies -- */

static void spoil_the_share(void)
{
    uint64_t word = noise();
    for (uint32_t i = 0; i < SHARE_NOISE; i++) {
        uint64_t offset = noise() % (liar_config.share.size - sizeof(word));
        memcpy((uint8_t *)liar_config.share.base + offset, &word, sizeof(word));
    }
}

static void lie_in_attributes(const struct fs_command *command)
{
    static const uint32_t modes[] = {0100644, 0040755, 0120777, 0, UINT32_MAX};
    if (command->type == FS_OPEN || command->type == FS_STAT) {
        uint64_t size = noise() >> noise() % 64;
        put_attributes(command, (struct fs_stat){.size = size, .mtime_ns = noise(), .mode = modes[noise() % 5]});
    }
}

static void hold(const struct fs_command *command)
{
    if (self.held_count < HELD_MAX) {
        self.held[self.held_count++] = *command;
    } else {
        answer(command);
    }
}

static void lie(const struct fs_command *command)
{
    struct fs_completion completion = {.id = command->id};
    self.lies++;
    lie_in_attributes(command);
    completion.words[0] = noise() >> noise() % 64;
    completion.words[1] = noise() >> noise() % 64;
    switch (noise() % 8) {
    case 0: completion.status = (uint32_t)noise() % 40; break;
    case 1: completion.status = (uint32_t)noise(); break;
    case 2: put((struct fs_completion){.id = noise()}); break;
    case 3: put((struct fs_completion){.id = self.last_id}); break; /* it has been answered */
    case 4: put(completion); break;                                 /* twice */
    case 5: spoil_the_share(); break;
    case 6: hold(command); return;
    default: break;
    }
    put(completion);
    self.last_id = command->id;
}

/* -- who is asked for -- */

static bool has_path(const struct fs_command *command, const char *beginning)
{
    size_t length = strlen(beginning);
    const char *path = region_at(&liar_config.share, command->path.path.offset, length);
    bool named = command->type == FS_OPEN || command->type == FS_STAT;
    return named && path && memcmp(path, beginning, length) == 0;
}

static bool is_honest(const struct fs_command *command)
{
    bool of_good = command->type == FS_READ && command->file.fd == GOOD_FD && command->file.position == 0;
    return command->type == FS_INITIALISE || command->type == FS_CLOSE || of_good || has_path(command, "/good");
}

static void answer_held(void)
{
    while (self.held_count > 0) {
        answer(&self.held[--self.held_count]);
    }
}

static void take(const struct fs_command *command)
{
    if (has_path(command, "/jump") && !self.jumps) {
        self.jumps = true;
        log_line("%u lies were told; now indices jump", self.lies);
    }
    if (is_honest(command)) {
        answer_held();
        answer(command);
    } else {
        lie(command);
    }
}

static void jump(void)
{
    struct ring_shared *commands = self.commands.shared, *completions = self.completions.shared;
    completions->tail = (uint32_t)noise();
    commands->head = (uint32_t)noise();
    pd_notify_later(liar_config.client);
}

static void on_client(void *context)
{
    struct fs_command command;
    do {
        while (ring_get(&self.commands, &command)) {
            take(&command);
        }
    } while (!ring_arm_consumer(&self.commands));
    if (self.jumps) {
        jump();
    }
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    ring_attach_consumer(&self.commands, &liar_config.commands, sizeof(struct fs_command));
    ring_attach_producer(&self.completions, &liar_config.completions, sizeof(struct fs_completion));
    pd_on_channel(liar_config.client, on_client, NULL);
    on_client(NULL);
    pd_flush();
}

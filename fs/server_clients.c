/* fs/server_clients.c: each client of a file server: its rings, and its commands that wait for a job.
 *   consumes  commands     64-byte messages    from the client, NOT trusted: copied out; checked in server_checks.c
 *   invariant what one client has here is its own, so that none can fill another's place; order is kept
 *   when full as many commands wait as an honest client can have under way, each with its time of arrival, from which
 *             the server counts its deadline; more stay in the ring
 *   ends      one event takes FS_QUEUE_CAPACITY commands of a client, as many as an honest one can have put before it.
 *             One that puts more meanwhile is woken, and then says that there is more (fs/client.c does)
 *   restart   nothing of a former life waits; see server.c for what it had under way. After one of this PD a client that
 *             lives on is still mounted, where the server keeps files
 */
#include "lib/pd.h"

#include <assert.h>
#include "fs/server_parts.h"

#define MOUNTED 0x6d6f756eu

static struct {
    struct fs_server_client clients[FS_CLIENTS_MAX];
    uint32_t count;
} self;

/* What each client has been told, and in which life of it: it may be so after a restart of ours, too. */
PD_KEPT static struct {
    uint32_t mounted; /* MOUNTED, or anything else */
    uint16_t life;
} kept[FS_CLIENTS_MAX];

uint32_t fs_server_clients(void)
{
    return self.count;
}

struct fs_server_client *fs_server_client(uint32_t index)
{
    return &self.clients[index];
}

static uint16_t life_of(const struct fs_server_client *client)
{
    return (uint16_t)client->commands.expected;
}

void fs_server_client_mounted(struct fs_server_client *client, bool mounted)
{
    client->mounted = mounted;
    kept[client->index].life = life_of(client);
    kept[client->index].mounted = mounted ? MOUNTED : 0;
}

bool fs_server_client_keeps(const struct fs_server_client *client)
{
    for (uint32_t i = 0; i < self.count; i++) {
        if (client == &self.clients[i]) {
            return client->mounted;
        }
    }
    return false;
}

static void may_say(struct fs_server_client *client)
{
    client->awake = true;
    client->left = FS_QUEUE_CAPACITY;
}

void fs_server_clients_wake(struct fs_server_client *client)
{
    may_say(client);
    for (struct fs_server_client *other = client->next; other != client; other = other->next) {
        if (other->awake || ring_count(&other->commands) > 0) {
            may_say(other);
        }
    }
}

/* It sleeps. What may be in its ring, in spite of that, waits until it speaks again; it is asked to. */
static void had_its_part(struct fs_server_client *client)
{
    if (!ring_arm_consumer(&client->commands)) {
        ring_arm_consumer_for_next(&client->commands);
        pd_notify_later(client->config->channel);
    }
}

bool fs_server_client_get(struct fs_server_client *client, struct fs_command *command)
{
    if (ring_get_bounded(&client->commands, command, &client->left)) {
        return true;
    }
    client->awake = false;
    if (client->left == 0) {
        had_its_part(client);
    }
    return false;
}

const struct fs_waiting *fs_server_client_first(const struct fs_server_client *client)
{
    return client->waiting_count > 0 ? &client->waiting[client->first_waiting] : NULL;
}

void fs_server_client_drop_first(struct fs_server_client *client)
{
    client->first_waiting = (client->first_waiting + 1) % FS_QUEUE_CAPACITY;
    client->waiting_count--;
}

void fs_server_client_wait(struct fs_server_client *client, const struct fs_command *command)
{
    assert(client->waiting_count < FS_QUEUE_CAPACITY);
    uint32_t last = (client->first_waiting + client->waiting_count++) % FS_QUEUE_CAPACITY;
    client->waiting[last] = (struct fs_waiting){*command, pd_now_ns()};
}

void fs_server_client_forget(struct fs_server_client *client)
{
    client->waiting_count = 0;
    ring_pair_reset(&client->commands, &client->completions);
    pd_notify_later(client->config->channel); /* its commands find room now */
}

struct fs_server_counts fs_server_counts(uint32_t client)
{
    const struct fs_server_client *of = &self.clients[client];
    struct fs_server_counts counts = of->counts;

    counts.lies = (uint64_t)of->commands.lies + of->completions.lies;
    counts.open_files = of->files;
    counts.jobs = of->jobs;
    counts.waiting = of->waiting_count;
    return counts;
}

static void client_init(struct fs_server_client *client, const struct fs_server_client_config *config,
                        pd_handler *on_client, bool keeps)
{
    require(config->share.base && config->share.size >= sizeof(struct fs_stat), "fs_server_config.clients.share.size",
            config->share.size);
    require(config->waiting.base && config->waiting.size >= FS_WAITING_BYTES, "fs_server_config.clients.waiting.size",
            config->waiting.size);
    client->config = config;
    client->waiting = config->waiting.base;
    may_say(client);
    ring_attach_consumer(&client->commands, &config->commands, sizeof(struct fs_command));
    ring_attach_producer(&client->completions, &config->completions, sizeof(struct fs_completion));
    client->mounted = pd_generation() > 1 && keeps && kept[client->index].mounted == MOUNTED &&
                      kept[client->index].life == life_of(client);
    pd_on_channel(config->channel, on_client, client);
    if (pd_generation() > 1) {
        pd_notify_later(config->channel); /* it learns from the ring that what was under way is lost */
    }
}

void fs_server_clients_init(const struct fs_server_config *config, pd_handler *on_client, bool keeps)
{
    require(config->client_count > 0 && config->client_count <= FS_CLIENTS_MAX, "fs_server_config.client_count",
            config->client_count);
    self.count = config->client_count;
    for (uint32_t i = 0; i < self.count; i++) {
        self.clients[i].index = i;
        self.clients[i].next = &self.clients[i + 1 < self.count ? i + 1 : 0];
        client_init(&self.clients[i], &config->clients[i], on_client, keeps);
    }
}

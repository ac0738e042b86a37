/* serial/virt_tx.c: lines of several clients, one after another, each with its client's name.
 *   consumes  client tx   bytes                    from the clients, NOT trusted
 *   produces  driver tx   bytes                    to the driver, trusted for liveness only
 *   invariant a line that was begun is finished before another client's begins; when notified() returns, either the
 *             driver's ring is full and armed, or every client's ring is empty and armed
 *   restart   of anybody: the streams go on. Of its own former life it keeps what it had taken of each client and what was
 *             on its way to the driver, but for the line that it was at work on, which may be what it died of
 *   dies      when its rings' own words have been written over: bytes make no sense of which it could tell
 *   when full the clients wait: their rings fill up, and what they do then is their business
 *
 * Each client has one line at most here; in turn, each gives one line at most.
 */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"
#include "serial/config.h"

#define FRAME_MAX 48 /* newline, colour, name, "| ", colour off */

struct client {
    uint32_t length;
    char bytes[SERIAL_LINE_MAX];
};

static struct {
    struct ring driver;
    struct ring clients[SERIAL_CLIENTS_MAX];
    uint32_t next; /* whose turn it is */
} self;

PD_KEPT static struct {
    bool mid_line; /* a raw client's last byte was not a newline */
    bool at_work;  /* on this client's line: */
    uint32_t at_work_on;
    uint32_t out_first, out_end;
    char out[FRAME_MAX + SERIAL_LINE_MAX + 1];
    struct client clients[SERIAL_CLIENTS_MAX];
} kept;

static const struct serial_virt_tx_config *const config = &serial_virt_tx_config;

/* false: the driver's ring is full and armed. */
static bool push_out(void)
{
    do {
        kept.out_first += ring_put_many(&self.driver, kept.out + kept.out_first, kept.out_end - kept.out_first);
        if (kept.out_first == kept.out_end) {
            return true;
        }
    } while (!ring_arm_producer(&self.driver));
    return false;
}

static void add(const char *bytes, size_t length)
{
    memcpy(kept.out + kept.out_end, bytes, length);
    kept.out_end += (uint32_t)length;
}

static void begin(void)
{
    kept.out_first = kept.out_end = 0;
}

static void add_name(uint32_t index)
{
    char frame[FRAME_MAX];
    uint8_t colour = config->clients[index].colour;
    const char *name = config->clients[index].name;
    size_t length = colour ? log_format(frame, sizeof(frame), "\033[%um%s| \033[0m", colour, name)
                           : log_format(frame, sizeof(frame), "%s| ", name);

    add(frame, length);
}

/* Tab and whatever is not ASCII (UTF-8) pass; a carriage return before the newline is gone already. */
static char shown(char byte)
{
    uint8_t code = (uint8_t)byte;

    return (code < 0x20 && byte != '\t') || code == 0x7f ? '?' : byte;
}

static void add_line(uint32_t index, const char *bytes, size_t length)
{
    begin();
    if (kept.mid_line) {
        add("\n", 1);
        kept.mid_line = false;
    }
    add_name(index);
    if (length && bytes[length - 1] == '\r') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        kept.out[kept.out_end++] = shown(bytes[i]);
    }
    add("\n", 1);
}

static void add_raw(const char *bytes, size_t length)
{
    begin();
    add(bytes, length);
    kept.mid_line = bytes[length - 1] != '\n';
}

static void drop_front(struct client *client, uint32_t length)
{
    client->length -= length;
    memmove(client->bytes, client->bytes + length, client->length);
}

/* Takes what fits from the client's ring. */
static void fetch(uint32_t index)
{
    struct client *client = &kept.clients[index];

    struct ring *ring = &self.clients[index];
    uint32_t taken = ring_get_many(ring, client->bytes + client->length, SERIAL_LINE_MAX - client->length);

    client->length += taken;
    if ((taken || ring_owes(ring)) && ring_wake_producer(ring)) {
        pd_notify_later(config->clients[index].channel);
    }
}

/* Prepares this client's next line, or piece; false: it has none. */
static bool line_of(uint32_t index)
{
    struct client *client = &kept.clients[index];

    fetch(index);
    if (client->length == 0) {
        return false;
    }
    if (config->clients[index].raw) {
        add_raw(client->bytes, client->length);
        client->length = 0;
        return true;
    }
    const char *newline = memchr(client->bytes, '\n', client->length);

    if (newline) {
        uint32_t length = (uint32_t)(newline - client->bytes);

        add_line(index, client->bytes, length);
        drop_front(client, length + 1);
        return true;
    }
    if (client->length < SERIAL_LINE_MAX) {
        return false;
    }
    add_line(index, client->bytes, client->length);
    client->length = 0;
    return true;
}

static bool next_line(void)
{
    for (uint32_t i = 0; i < config->client_count; i++) {
        uint32_t index = self.next;

        self.next = (self.next + 1) % config->client_count;
        kept.at_work_on = index;
        kept.at_work = true;
        bool any = line_of(index);
        kept.at_work = false;
        if (any) {
            return true;
        }
    }
    return false;
}

/* All clients, so that none sleeps on unread bytes; false: one has more. */
static bool arm_clients(void)
{
    bool armed = true;

    for (uint32_t i = 0; i < config->client_count; i++) {
        armed &= ring_arm_consumer(&self.clients[i]);
    }
    return armed;
}

static void pump(void)
{
    do {
        do {
            if (!push_out()) {
                return;
            }
        } while (next_line());
    } while (!arm_clients());
}

static void check_rings(void)
{
    ring_check(&self.driver);
    for (uint32_t i = 0; i < config->client_count; i++) {
        ring_check(&self.clients[i]);
    }
}

static void run(void)
{
    check_rings();
    pump();
    if (ring_wake_consumer(&self.driver)) {
        pd_notify_later(config->driver);
    }
}

/* The last life may have scribbled over it. */
static void check_kept(void)
{
    if (kept.out_first > kept.out_end || kept.out_end > sizeof(kept.out)) {
        begin();
    }
    for (uint32_t i = 0; i < config->client_count; i++) {
        if (kept.clients[i].length > SERIAL_LINE_MAX || (kept.at_work && kept.at_work_on == i)) {
            kept.clients[i].length = 0;
        }
    }
    if (kept.at_work) {
        begin();
        kept.at_work = false;
    }
}

void init(void)
{
    require(config->client_count <= SERIAL_CLIENTS_MAX, "serial_virt_tx: client_count", config->client_count);
    ring_resume_producer(&self.driver, &config->driver_tx, 1);
    for (uint32_t i = 0; i < config->client_count; i++) {
        ring_resume_consumer(&self.clients[i], &config->clients[i].tx, 1);
        if (ring_wake_producer(&self.clients[i])) { /* after our restart it may wait */
            pd_notify_later(config->clients[i].channel);
        }
    }
    if (pd_generation() > 1) {
        check_kept();
    } else {
        begin();
        add(config->greeting, strnlen(config->greeting, sizeof(config->greeting)));
    }
    run();
    pd_flush();
}

/* Whoever it was: the driver with room, or a client with bytes. */
void notified(microkit_channel channel)
{
    run();
    pd_flush_deferred();
}

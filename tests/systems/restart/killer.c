/* killer.c: has others die, and sees how long they are missed.
 *   consumes  lines `kill NAME TIMES`, `spin`, `ask`, of whom it dies, and `die`, by its own hand, from the console
 *   produces  one line for each death: how long until a deadline was kept, and a question was answered from the network
 *             (ARP, to the gateway of QEMU's user network): both, whoever died
 *   in between, where the description wants it, it says a numbered line each few milliseconds, so that one that is
 *   missing is seen
 */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"
#include "net/client.h"
#include "serial/client.h"
#include "supervisor/proto.h"
#include "tests/systems/restart/config.h"
#include "timer/client.h"

#define MS 1000000ull
#define SPACING_NS (70 * MS) /* longer than the rules' settled_ms */
#define ASK_EACH_NS (MS / 5)
#define LINE_EACH_NS (5 * MS)
#define ARP_LENGTH 42

static struct {
    struct net_client net;
    struct timer next, deadline, ask, line;
    char typed[64];
    size_t typed_length;
    uint8_t child;
    const char *name;
    uint32_t left, number, asked, lines;
    uint64_t killed_ns, deadline_ns, answer_ns; /* 0: not yet */
    uint64_t spins_ns;                          /* since when; 0: not */
} self;

static void kill_next(void *context);

static void finish(void)
{
    if (!self.deadline_ns || !self.answer_ns) {
        return;
    }
    timer_stop(&self.ask);
    log_line("%s %u: deadline after %lu us, network after %lu us", self.name, (unsigned)self.number,
             (unsigned long)((self.deadline_ns - self.killed_ns) / 1000),
             (unsigned long)((self.answer_ns - self.killed_ns) / 1000));
    if (--self.left > 0) {
        timer_start(&self.next, pd_now_ns() + SPACING_NS, kill_next, NULL);
    } else {
        log_line("%s: all dead", self.name);
    }
}

static void on_deadline(void *context)
{
    (void)context;
    if (timer_client_is_late()) {
        timer_start(&self.deadline, pd_now_ns(), on_deadline, NULL); /* that was not the driver */
        return;
    }
    self.deadline_ns = pd_now_ns();
    finish();
}

/* Each question has a sender's address of its own, by which its answer is known. */
static void ask(void *context)
{
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint16_t slot;
    uint8_t *frame;

    (void)context;
    while (net_client_sent(&self.net, &slot)) {
    }
    frame = net_client_slot(&self.net, &slot);
    timer_start(&self.ask, pd_now_ns() + ASK_EACH_NS, ask, NULL);
    if (!frame) {
        return;
    }
    memset(frame, 0xff, 6);
    memcpy(frame + 6, self.net.config->mac, 6);
    memcpy(frame + 12, (uint8_t[]){8, 6}, 2);
    memcpy(frame + 14, head, sizeof(head));
    memcpy(frame + 22, self.net.config->mac, 6);
    memcpy(frame + 28, (uint8_t[]){10, 0, 2, (uint8_t)(100 + self.number % 100)}, 4);
    memset(frame + 32, 0, 6);
    memcpy(frame + 38, (uint8_t[]){10, 0, 2, 2}, 4);
    struct net_desc piece = {.offset = net_client_slot_offset(slot), .length = ARP_LENGTH};
    if (!net_client_send(&self.net, slot, &piece, 1)) {
        net_client_slot_back(&self.net, slot);
    }
    net_client_flush(&self.net);
}

static void take(const struct net_received *frame)
{
    bool answer = frame->length >= ARP_LENGTH && frame->data[12] == 8 && frame->data[13] == 6 && frame->data[21] == 2;

    if (answer && !self.answer_ns && frame->data[41] == 100 + self.number % 100 && self.left > 0) {
        self.answer_ns = pd_now_ns();
        finish();
    }
}

static void on_received(void *context)
{
    struct net_received frame;

    (void)context;
    if (net_client_lost_buffers(&self.net)) {
        for (uint16_t i = 0; i < self.net.config->rx_buffer_count; i++) {
            net_client_provide(&self.net, i);
        }
    }
    do {
        while (net_client_receive(&self.net, &frame)) {
            take(&frame);
            net_client_provide(&self.net, frame.buffer);
        }
    } while (!net_client_arm_receive(&self.net));
}

static void on_sent(void *context)
{
    uint16_t slot;

    (void)context;
    net_client_follow(&self.net);
    while (net_client_sent(&self.net, &slot)) {
    }
    net_client_flush(&self.net);
}

static void kill_next(void *context)
{
    (void)context;
    self.number++;
    self.deadline_ns = self.answer_ns = 0;
    log_line("%s %u: dies", self.name, (unsigned)self.number);
    pd_flush();
    self.killed_ns = pd_now_ns();
    microkit_mr_set(0, self.child);
    microkit_msginfo answer = microkit_ppcall(killer_config.supervisor, microkit_msginfo_new(SUPERVISOR_KILL, 1));
    if (microkit_msginfo_get_label(answer) != 0) {
        log_line("%s %u: refused", self.name, (unsigned)self.number);
    }
    on_received(NULL); /* its wake-ups wait until this event ends; a client's next question comes after them */
    on_sent(NULL);
    timer_start(&self.deadline, pd_now_ns(), on_deadline, NULL);
    ask(NULL);
}

/* Whoever answers nothing must not be waited for. */
static void ask_spinner(void)
{
    uint64_t before_ns = pd_now_ns();
    microkit_msginfo answer = microkit_ppcall(killer_config.spinner, microkit_msginfo_new(0, 0));

    log_line("ask: %s after %lu us", microkit_msginfo_get_label(answer) == PD_NO_REPLY ? "no reply" : "an answer",
             (unsigned long)((pd_now_ns() - before_ns) / 1000));
}

static void obey(char *line)
{
    char *times = strrchr(line, ' ');

    if (strcmp(line, "die") == 0) {
        pd_die("as told");
    }
    if (strcmp(line, "spin") == 0 && killer_config.has_spinner) {
        self.spins_ns = pd_now_ns();
        microkit_notify(killer_config.spinner);
        return;
    }
    if (strcmp(line, "ask") == 0 && killer_config.has_spinner) {
        ask_spinner();
        return;
    }
    if (strncmp(line, "kill ", 5) != 0 || times == line + 4) {
        log_line("what? %s", line);
        return;
    }
    *times++ = '\0';
    for (uint32_t i = 0; i < killer_config.victim_count; i++) {
        if (strcmp(killer_config.victims[i].name, line + 5) == 0) {
            self.child = killer_config.victims[i].child;
            self.name = killer_config.victims[i].name;
            self.left = 0;
            while (*times >= '0' && *times <= '9') {
                self.left = self.left * 10 + (uint32_t)(*times++ - '0');
            }
            timer_start(&self.next, pd_now_ns() + SPACING_NS, kill_next, NULL);
            return;
        }
    }
    log_line("nobody is called '%s'", line + 5);
}

static void on_spinner(void *context)
{
    if (self.spins_ns) {
        log_line("spinner: back after %lu us", (unsigned long)((pd_now_ns() - self.spins_ns) / 1000));
        self.spins_ns = 0;
    }
}

static void on_console(void *context)
{
    char byte;

    (void)context;
    do {
        while (serial_client_read(&byte, 1)) {
            if (byte == '\n' || byte == '\r') {
                self.typed[self.typed_length] = '\0';
                if (self.typed_length > 0) {
                    obey(self.typed);
                }
                self.typed_length = 0;
            } else if (self.typed_length + 1 < sizeof(self.typed)) {
                self.typed[self.typed_length++] = byte;
            }
        }
    } while (!serial_client_wait_input());
}

static void say(void *context)
{
    (void)context;
    log_line("line %u.", (unsigned)++self.lines);
    timer_start(&self.line, pd_now_ns() + LINE_EACH_NS, say, NULL);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    serial_client_on_event(on_console, NULL);
    timer_client_init(&timer_client_config);
    net_client_init(&self.net, &net_client_config);
    pd_on_channel(net_client_config.rx_channel, on_received, NULL);
    pd_on_channel(net_client_config.tx_channel, on_sent, NULL);
    if (killer_config.has_spinner) {
        pd_on_channel(killer_config.spinner, on_spinner, NULL);
    }
    on_received(NULL);
    on_console(NULL);
    if (killer_config.says_lines) {
        say(NULL);
    }
    pd_flush();
}

/* tls_peer.c: the rings between the front and PD tls, at the front's end.
 *   consumes  messages of PD tls   NOT trusted: what they say is for the handler to judge
 *   produces  messages for it
 *   restart   of PD tls: the rings are opened again when the handler has heard that all is lost. Our own: it lets us in
 *   when full false: whoever puts keeps what it owes, and is asked again in the event that says that there is room
 *   ends      an event takes MESSAGES_MAX messages; the rest is taken at the next, which a timer brings at once
 */
#include "http/tls/tls_peer.h"

#include "lib/pd.h"
#include "timer/client.h"

#define MESSAGES_MAX TLS_SLOTS

static struct {
    const struct tls_client_config *config;
    const struct tls_peer_handlers *handlers;
    struct ring to, from;
    bool put; /* messages that it was not woken for */
    struct timer rest;
} self;

bool tls_peer_put(const struct tls_message *message)
{
    bool done = ring_put(&self.to, message);
    self.put |= done;
    return done;
}

bool tls_peer_await_room(void)
{
    return ring_arm_producer(&self.to);
}

void tls_peer_wake(void)
{
    if (self.put && ring_wake_consumer(&self.to)) {
        pd_notify_later(self.config->peer);
    }
    self.put = false;
}

static void see_restart(void)
{
    if (ring_pair_follow(&self.to, &self.from)) {
        pd_notify_later(self.config->peer);
        self.handlers->restarted();
    }
}

static void receive(void *context)
{
    struct tls_message message;
    uint32_t left = MESSAGES_MAX;
    see_restart();
    if (!ring_pair_agrees(&self.to, &self.from)) {
        return; /* it has begun another life meanwhile, and will say so */
    }
    while (ring_get_bounded(&self.from, &message, &left)) {
        self.handlers->take(&message);
    }
    if (left == 0 && !ring_arm_consumer(&self.from)) {
        timer_start(&self.rest, pd_now_ns(), receive, NULL);
    }
    if (left < MESSAGES_MAX && ring_wake_producer(&self.from)) {
        pd_notify_later(self.config->peer);
    }
}

void tls_peer_init(const struct tls_client_config *config, const struct tls_peer_handlers *handlers)
{
    self.config = config;
    self.handlers = handlers;
    ring_attach_producer(&self.to, &config->to, sizeof(struct tls_message));
    ring_attach_consumer(&self.from, &config->from, sizeof(struct tls_message));
    pd_on_channel(config->peer, receive, NULL);
    if (pd_generation() > 1) {
        pd_notify_later(config->peer); /* it lets us in */
    }
    receive(NULL);
}

/* tls_control.c: the time of day and certificate chains, for PD tls.
 *   consumes  what PD tls says of a chain   NOT trusted: each answer is a line on the console, so one to a question is
 *             heard, and one more of a chain whose dates were not known
 *   produces  messages, and one chain at a time in the share
 *   when full what is owed stays owed until there is room in the ring
 */
#include "http/tls/tls_control.h"

#include <assert.h>
#include <stddef.h>

#include "http/tls/tls_peer.h"
#include "lib/pd.h"

#define S 1000000000ll

static struct {
    const struct tls_client_config *config;
    void (*answered)(uint32_t chain, enum tls_chain_status status, int64_t until_s);
    bool knows_time, owes_time;
    int64_t time_told;
    bool chain_asked, owes_chain; /* it lies in the share, and has no answer; tls is to be told of it */
    uint32_t chain, chain_bytes, chain_serial;
    uint32_t undated; /* chains whose dates are looked at later: bits */
} self;

static int64_t time_of_day(void)
{
    return (int64_t)(pd_unix_time_ns() - pd_now_ns());
}

/* Tickets have times, certificates dates: before a handshake that may need them. */
void tls_control_see_time(void)
{
    int64_t moved = time_of_day() - self.time_told;
    if (pd_unix_time_is_known() && (!self.knows_time || moved > S || moved < -S)) {
        self.owes_time = true;
    }
}

char *tls_control_chain_room(void)
{
    return self.chain_asked ? NULL : (char *)self.config->out.base + TLS_CHAIN_OFFSET;
}

void tls_control_chain(uint32_t chain, uint32_t bytes)
{
    assert(!self.chain_asked && bytes <= TLS_CHAIN_MAX && chain < TLS_CHAINS_MAX);
    self.chain = chain;
    self.chain_bytes = bytes;
    self.chain_serial++;
    self.chain_asked = self.owes_chain = true;
}

bool tls_control_owes(void)
{
    return self.owes_time || self.owes_chain;
}

static bool tell_time(void)
{
    int64_t time = time_of_day();
    if (!tls_peer_put(&(struct tls_message){.type = TLS_TIME, .slot = TLS_CONTROL, .time = time})) {
        return false;
    }
    self.knows_time = true;
    self.time_told = time;
    self.owes_time = false;
    return true;
}

static bool tell_chain(void)
{
    if (!tls_peer_put(&(struct tls_message){.type = TLS_CHAIN,
                                            .slot = TLS_CONTROL,
                                            .chain = (uint8_t)self.chain,
                                            .serial = self.chain_serial,
                                            .produced = self.chain_bytes})) {
        return false;
    }
    self.owes_chain = false;
    return true;
}

bool tls_control_tell(void)
{
    return (!self.owes_time || tell_time()) && (!self.owes_chain || tell_chain());
}

/* Of the chain that was asked for, or once more of one whose dates were not known. */
bool tls_control_take(const struct tls_message *message)
{
    if (message->type != TLS_CHAIN || message->chain >= TLS_CHAINS_MAX || message->status >= TLS_CHAIN_STATUSES) {
        return false;
    }
    uint32_t bit = 1u << message->chain;
    bool answer = self.chain_asked && message->serial == self.chain_serial && message->chain == self.chain;
    bool undated = message->status == TLS_CHAIN_OK_UNDATED;
    if (!answer && (undated || !(self.undated & bit))) {
        return false;
    }
    self.chain_asked = self.chain_asked && !answer;
    self.undated = undated ? self.undated | bit : self.undated & ~bit;
    self.answered(message->chain, (enum tls_chain_status)message->status, message->time);
    return true;
}

void tls_control_forget(void)
{
    self.knows_time = self.owes_time = false;
    tls_control_see_time();
    self.owes_chain = self.chain_asked = false;
    self.chain_serial++;
    self.undated = 0;
}

void tls_control_init(const struct tls_client_config *config,
                      void (*answered)(uint32_t chain, enum tls_chain_status status, int64_t until_s))
{
    self.config = config;
    self.answered = answered;
    tls_control_see_time();
}

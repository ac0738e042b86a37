/* chains.c: certificate chains, which are public: files of the file service, or texts in the image.
 *   consumes  files, through http/cache    from the file service, trusted for content only: whether one is a chain that
 *             fits a key is for PD tls to say
 *   produces  chains for PD tls, each when it is another one than it has; a line on the console for each answer
 *   ends      nobody is asked again and again: a file is looked at when a handshake begins, and then the cache asks the
 *             server where what it knows is not fresh any more. So a new file is taken by the second handshake behind
 *             it. One that may be judged otherwise later (its dates, no memory) is given again, AGAIN_NS later at the
 *             earliest; the console hears of that when the answer is another one
 *   when full one chain is with PD tls at a time; the others are looked at when it has answered
 */
#include "http/tls/chains.h"

#include <string.h>

#include "http/cache/cache.h"
#include "http/parse/date.h"
#include "http/tls/tls_control.h"
#include "lib/log.h"
#include "lib/pd.h"

#define AGAIN_NS 60000000000ull

static struct {
    const struct http_secured_config *config;
    struct known {
        bool given;
        uint64_t mtime_ns, size;       /* of the file that tls was given */
        enum cache_kind said;          /* of one that is not there */
        enum tls_chain_status refused; /* why it was not taken; TLS_CHAIN_OK: it was, or there is no answer */
        uint64_t again_ns;             /* when it is given again then; 0: when it has changed */
    } known[TLS_CHAINS_MAX];
    uint32_t looked_at; /* chains before it have been looked at in this turn */
    bool looking;
    struct cache_entry *reading; /* the file of that chain, */
    uint32_t read;               /* and bytes of it that lie where tls will read them */
    struct cache_waiter waiter;
} self;

static const char *why_not(enum tls_chain_status status)
{
    switch (status) {
    case TLS_CHAIN_OK: return "taken";
    case TLS_CHAIN_OK_UNDATED: return "taken; its dates are looked at when the time is known";
    case TLS_CHAIN_NOT_PEM: return "no certificate in it, or one that is not whole";
    case TLS_CHAIN_TOO_LONG: return "too long";
    case TLS_CHAIN_BAD_DER: return "one of its certificates is none";
    case TLS_CHAIN_NOT_P256: return "its key is not one of curve P-256";
    case TLS_CHAIN_NOT_OURS: return "it is for another key than ours";
    case TLS_CHAIN_ORDER: return "one in it is not the issuer of the one before it";
    case TLS_CHAIN_NOT_YET: return "not valid yet";
    case TLS_CHAIN_EXPIRED: return "expired";
    case TLS_CHAIN_NO_MEMORY: return "no memory for it now";
    case TLS_CHAIN_STATUSES: break;
    }
    return "";
}

static const char *name_of(uint32_t chain)
{
    const char *path = self.config->chains[chain].path;
    return path ? path : "in the image";
}

static bool is_taken(enum tls_chain_status status)
{
    return status == TLS_CHAIN_OK || status == TLS_CHAIN_OK_UNDATED;
}

/* Another time, or when others have given memory back. */
static bool may_change(enum tls_chain_status status)
{
    return status == TLS_CHAIN_NOT_YET || status == TLS_CHAIN_EXPIRED || status == TLS_CHAIN_NO_MEMORY;
}

static void say(uint32_t chain, enum tls_chain_status status, int64_t until_s)
{
    char until[HTTP_DATE_LENGTH];
    http_date_format(until_s, until);
    if (is_taken(status)) {
        log_line("certificate %s: %s, ends %.*s", name_of(chain), why_not(status), HTTP_DATE_LENGTH, until);
    } else if (status != self.known[chain].refused) {
        log_line("certificate %s: %s; what was before stays", name_of(chain), why_not(status));
    }
}

void chains_answered(uint32_t chain, enum tls_chain_status status, int64_t until_s)
{
    if (chain >= self.config->chain_count) {
        return;
    }
    say(chain, status, until_s);
    self.known[chain].refused = is_taken(status) ? TLS_CHAIN_OK : status;
    self.known[chain].again_ns = may_change(status) ? pd_now_ns() + AGAIN_NS : 0;
    chains_look();
}

/* -- what tls has been given -- */

static bool is_due_again(const struct known *known)
{
    return known->again_ns != 0 && pd_now_ns() >= known->again_ns;
}

static bool is_that_file(const struct known *known, const struct cache_entry *entry)
{
    return known->given && entry->mtime_ns == known->mtime_ns && entry->size == known->size;
}

static void note_file(struct known *known, const struct cache_entry *entry)
{
    enum tls_chain_status refused = is_that_file(known, entry) ? known->refused : TLS_CHAIN_OK;
    *known = (struct known){.given = true, .mtime_ns = entry->mtime_ns, .size = entry->size, .refused = refused};
}

/* -- a file -- */

static void look(void);

static void stop_reading(void)
{
    cache_release(self.reading);
    self.reading = NULL;
}

/* False: more of it comes later. There is room until then: nobody else gives tls one. */
static bool read_file(void)
{
    struct cache_entry *entry = self.reading;
    struct cache_bytes bytes;
    while (self.read < entry->size) {
        switch (cache_read(entry, self.read, 0, &bytes, &self.waiter)) {
        case CACHE_WAIT: return false;
        case CACHE_FAILED: stop_reading(); return true; /* the next look finds what it is now */
        case CACHE_READY: break;
        }
        uint32_t left = (uint32_t)entry->size - self.read, count = bytes.length < left ? bytes.length : left;
        memcpy(tls_control_chain_room() + self.read, bytes.at, count);
        self.read += count;
        cache_unpin(bytes.block);
    }
    tls_control_chain(self.looked_at, self.read);
    note_file(&self.known[self.looked_at], entry);
    stop_reading();
    return true;
}

static void say_once(struct known *known, enum cache_kind kind, const char *what)
{
    if (known->said != kind) {
        log_line("certificate %s: %s", name_of(self.looked_at), what);
        known->said = kind;
    }
}

/* False: what it is comes later. */
static bool look_at_file(const char *path)
{
    struct known *known = &self.known[self.looked_at];
    struct cache_entry *entry = cache_get(path, (uint32_t)strlen(path), &self.waiter);
    if (!entry) {
        return false;
    }
    bool same = is_that_file(known, entry) && !is_due_again(known);
    if (entry->kind == CACHE_FILE && !same && entry->size <= TLS_CHAIN_MAX && tls_control_chain_room()) {
        self.reading = entry;
        self.read = 0;
        return read_file();
    }
    switch (entry->kind) {
    case CACHE_FILE:
        if (!same && entry->size > TLS_CHAIN_MAX) {
            note_file(known, entry);
            chains_answered(self.looked_at, TLS_CHAIN_TOO_LONG, 0);
        }
        break;
    case CACHE_ABSENT: say_once(known, entry->kind, "there is no such file"); break;
    case CACHE_DIRECTORY:
    case CACHE_FORBIDDEN: say_once(known, entry->kind, "this is no file that may be read"); break;
    case CACHE_UNREACHABLE: break;
    }
    cache_release(entry);
    return true;
}

static bool look_at_one(void)
{
    struct known *known = &self.known[self.looked_at];
    const char *path = self.config->chains[self.looked_at].path, *pem = self.config->chains[self.looked_at].pem;
    if (path) {
        return self.reading ? read_file() : look_at_file(path);
    }
    char *room = tls_control_chain_room();
    if (room && (!known->given || is_due_again(known))) {
        uint32_t bytes = (uint32_t)strlen(pem);
        memcpy(room, pem, bytes);
        tls_control_chain(self.looked_at, bytes);
        known->given = true;
        known->again_ns = 0;
    }
    return true;
}

static void look(void)
{
    while (self.looked_at < self.config->chain_count) {
        if (!look_at_one()) {
            return;
        }
        self.looked_at++;
    }
    self.looking = false;
}

static void on_ready(struct cache_waiter *waiter)
{
    look();
}

void chains_look(void)
{
    if (!self.looking) {
        self.looking = true;
        self.looked_at = 0;
        look();
    }
}

void chains_restart(void)
{
    memset(self.known, 0, sizeof(self.known));
    chains_look();
}

void chains_init(const struct http_secured_config *config)
{
    self.config = config;
    self.waiter.ready = on_ready;
}

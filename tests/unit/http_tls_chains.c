/* http_tls_chains.c: the front's certificate chains, of which each is given to PD tls when it is another one than that
 * has; between a cache and an end of tls/proto.h that the test plays.
 */
#include "http/tls/chains.h"

#include "fake_microkit.h"
#include "http/cache/cache.h"
#include "http/tls/tls_control.h"
#include "lib/log.h"

void init(void) {}

#define S 1000000000ull

static struct {
    struct cache_entry file;
    char text[TLS_CHAIN_MAX];
    uint32_t held, pinned, given, lines;
    bool asked, waits;
    struct cache_waiter *waiter;
    char given_text[TLS_CHAIN_MAX + 1], line[LOG_LINE_MAX + 1];
} self;

/* -- the cache -- */

struct cache_entry *cache_get(const char *path, uint32_t length, struct cache_waiter *waiter)
{
    CHECK(length == 8 && memcmp(path, "/www.pem", length) == 0);
    self.waiter = waiter;
    self.held += !self.waits;
    return self.waits ? NULL : &self.file;
}

void cache_release(struct cache_entry *entry)
{
    self.held--;
}

enum cache_outcome cache_read(struct cache_entry *entry, uint64_t offset, uint32_t ahead, struct cache_bytes *bytes,
                              struct cache_waiter *waiter)
{
    self.pinned++;
    *bytes = (struct cache_bytes){.at = (const uint8_t *)self.text + offset, .length = 100};
    return CACHE_READY;
}

void cache_unpin(struct cache_block *block)
{
    self.pinned--;
}

/* -- PD tls, and the console -- */

char *tls_control_chain_room(void)
{
    return self.asked ? NULL : self.given_text;
}

void tls_control_chain(uint32_t chain, uint32_t bytes)
{
    CHECK(!self.asked && bytes <= TLS_CHAIN_MAX);
    self.asked = true;
    self.given++;
    self.given_text[bytes] = 0;
}

static void answer(enum tls_chain_status status)
{
    CHECK(self.asked);
    self.asked = false;
    chains_answered(0, status, 1796000000);
}

static bool hear(const char *text, size_t length)
{
    self.lines++;
    memcpy(self.line, text, length);
    self.line[length] = 0;
    return true;
}

/* -- cases -- */

static void write_file(const char *text)
{
    strcpy(self.text, text);
    self.file = (struct cache_entry){.kind = CACHE_FILE, .size = strlen(text), .mtime_ns = self.file.mtime_ns + 1};
}

static void start(bool is_file)
{
    static struct http_secured_config config;
    fake_reset();
    fake_set_now_ns(5 * S);
    memset(&self, 0, sizeof(self));
    log_to(hear);
    config = (struct http_secured_config){.chain_count = 1};
    config.chains[0].path = is_file ? "/www.pem" : NULL;
    config.chains[0].pem = is_file ? NULL : "in the image";
    write_file("first");
    chains_init(&config);
    chains_restart();
}

static void pass_s(uint64_t seconds)
{
    fake_set_now_ns(pd_now_ns() + seconds * S);
    chains_look();
    CHECK(self.held == 0 && self.pinned == 0);
}

static void test_a_file_that_changes(void)
{
    start(true);
    CHECK_TEXT(self.given_text, "first");
    answer(TLS_CHAIN_OK);
    CHECK(strstr(self.line, "/www.pem: taken, ends"));
    pass_s(1000);
    CHECK_EQUAL(self.given, 1);
    write_file("second");
    pass_s(1);
    CHECK_TEXT(self.given_text, "second");
    write_file("third");
    pass_s(1);
    CHECK_EQUAL(self.given, 2); /* one at a time */
    answer(TLS_CHAIN_ORDER);
    CHECK_TEXT(self.given_text, "third");
    answer(TLS_CHAIN_OK);
    CHECK_EQUAL(self.lines, 3);
}

static void test_a_restart(void)
{
    start(true);
    answer(TLS_CHAIN_OK);
    chains_restart();
    CHECK_EQUAL(self.given, 2);
}

static void test_no_file(void)
{
    start(true);
    answer(TLS_CHAIN_OK);
    self.file.kind = CACHE_ABSENT;
    pass_s(1);
    pass_s(1);
    CHECK(self.lines == 2 && strstr(self.line, "no such file"));
    self.waits = true;
    chains_look();
    self.waits = false;
    write_file("second");
    self.waiter->ready(self.waiter);
    CHECK_TEXT(self.given_text, "second");
}

static void test_too_long(void)
{
    start(true);
    answer(TLS_CHAIN_OK);
    self.file.size = TLS_CHAIN_MAX + 1;
    pass_s(1);
    pass_s(100);
    CHECK(self.given == 1 && self.lines == 2 && strstr(self.line, "too long"));
}

/* What is wrong for ever is given once. What another time or more memory may mend is given again, a minute later: a
 * certificate that came in a flood of handshakes would end unrenewed else. The console hears of it once. */
static void test_refusals(bool is_file)
{
    static const enum tls_chain_status later[] = {TLS_CHAIN_NO_MEMORY, TLS_CHAIN_NOT_YET, TLS_CHAIN_EXPIRED};
    for (uint32_t i = 0; i < 3; i++) {
        start(is_file);
        answer(later[i]);
        pass_s(59);
        CHECK_EQUAL(self.given, 1);
        pass_s(2);
        CHECK_EQUAL(self.given, 2);
        answer(later[i]);
        CHECK(self.given == 2 && self.lines == 1);
        pass_s(61);
        CHECK_EQUAL(self.given, 3);
        answer(TLS_CHAIN_OK);
        CHECK(self.lines == 2 && strstr(self.line, ": taken, ends"));
        pass_s(1000);
        CHECK_EQUAL(self.given, 3);
    }
    start(is_file);
    answer(TLS_CHAIN_NOT_OURS);
    pass_s(1000);
    CHECK_EQUAL(self.given, 1);
}

int main(void)
{
    test_a_file_that_changes();
    test_a_restart();
    test_no_file();
    test_too_long();
    test_refusals(true);
    test_refusals(false);
    return 0;
}

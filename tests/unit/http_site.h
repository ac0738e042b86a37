/* tests/unit/http_site.h: what surrounds the site in its tests: a cache that the test plays, time, and clients. */
#ifndef TESTS_HTTP_SITE_H
#define TESTS_HTTP_SITE_H

#include "fake_microkit.h"

#include <string.h>
#include "http/site/site.h"

#define S 1000000000ull
#define FRESH_NS (5 * S)
#define MTIME_NS (1600000000 * S)
#define FILES_MAX 4096
#define CLIENTS 1200

/* -- the cache, and the files in it -- */
struct fake_file {
    char path[1100];
    enum cache_kind kind;
    uint64_t size, mtime_ns;
    struct fake_file *next;
};

struct fake_entry {
    struct cache_entry seen;
    char path[1100];
    uint32_t holders;
    struct fake_entry *next, *next_of_name;
    bool current, asked; /* asked: the answer is under way */
    struct cache_waiter *waiters;
};

extern uint32_t looks, held; /* questions to the file server; entries that somebody holds */
extern char walks[3000];     /* what the cache was told of folders: a line for each time */
extern bool slow, away;      /* slow: answers come by answer_one() only */
extern bool too_old;         /* all that is known */
struct fake_file *put(const char *path, enum cache_kind kind, uint64_t size);
void remove_files(void);
struct fake_entry *entry_at(const char *path); /* what is known of this path now, or NULL */
bool answer_one(uint32_t skip);                /* of those under way; false: there are no more than `skip` */
void answer_all(void);

extern uint64_t now;
void pass(uint64_t ns);

struct client {
    struct cache_waiter waiter;
    uint32_t called;
    struct site_resource *resource;
};
extern const struct http_slice no_host;
extern struct client clients[CLIENTS];
enum site_outcome ask(struct client *client, const char *path, uint8_t codings);
void let_go(struct client *client);
/* One question, at once; the resource stays valid till the next (the site remembers it). */
enum site_outcome outcome_of(const char *path, uint8_t codings, struct site_resource **resource);

void check_found(const char *path, uint8_t codings, const char *expected); /* the file */

/* Everything anew, /www mounted at /; checks that nothing is held any more. */
extern const struct site_policy plain, compressed;
void begin(const struct site_policy *policy);

void test_soak(void);
void test_hosts_and_locks(void);
void test_policy(void);

#endif

/* http_site_hosts.c: mounts of a host's, and mounts that not everybody may see. */
#include "http_site.h"

static struct cache_waiter waiter;

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, (uint32_t)strlen(text)};
}

static const char *found_at(const char *host, const char *path, enum site_access access)
{
    struct site_resource *resource;
    enum site_outcome outcome = site_find(path, (uint32_t)strlen(path), 0, access, slice(host), &resource, &waiter);
    static const char *const names[] = {
        [SITE_WAIT] = "waits",          [SITE_REDIRECT] = "redirect", [SITE_NOT_FOUND] = "not found",
        [SITE_FORBIDDEN] = "forbidden", [SITE_UNREACHABLE] = "away",  [SITE_NONE] = "none",
        [SITE_LOCKED] = "locked"};
    if (outcome != SITE_FOUND) {
        return names[outcome];
    }
    const char *name = ((struct fake_entry *)resource->file)->path; /* which stays: the site remembers it */
    site_release(resource);
    return name;
}

static void check(const char *host, const char *path, const char *expected)
{
    for (int i = 0; i < 2; i++) { /* also as it is remembered */
        CHECK_TEXT(found_at(host, path, SITE_PUBLIC), expected);
    }
}

static void test_hosts(void)
{
    static const struct site_policy internal = {.internal = true};
    begin(&plain);
    CHECK(site_mount("a.example/", "/a", &plain) && site_mount("a.example/docs/", "/a-docs", &plain));
    CHECK(site_mount("b.example/", "/b", &plain) && site_mount("b.example/secret/", "/b-secret", &internal));
    CHECK(site_mount("c.example/only/", "/c", &plain) && site_mount("/docs/", "/docs", &plain));
    static const char *const there[] = {"/www/x", "/a/x",        "/b/x",        "/docs/x",     "/a-docs/x",
                                        "/c/x",   "/www/only/x", "/b-secret/x", "/a/404.html", "/www/404.html"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        put(there[i], CACHE_FILE, 1);
    }
    static const char *const of_a[] = {"a.example", "A.EXAMPLE", "a.example:80", "a.example.", "a.Example.:8080"};
    for (size_t i = 0; i < sizeof(of_a) / sizeof(of_a[0]); i++) {
        check(of_a[i], "/x", "/a/x");
        check(of_a[i], "/docs/x", "/a-docs/x");
        check(of_a[i], "/docs", "redirect");
    }
    static const char *const others[] = {"",    "example", "xa.example",  "a.examples", "a.example..", ":",
                                         ":80", ".",       "a.example:x", "[::1]:80",   "10.0.2.16",   "a.example:80:"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        check(others[i], "/x", "/www/x");
        check(others[i], "/docs/x", "/docs/x");
    }
    check("b.example", "/x", "/b/x");
    check("b.example", "/docs/x", "not found"); /* a host has its own mounts alone */
    check("b.example", "/secret/x", "not found");
    CHECK_TEXT(found_at("b.example", "/secret/x", SITE_ORDERED), "/b-secret/x");
    CHECK_TEXT(found_at("", "/secret/x", SITE_ORDERED), "not found");
    check("c.example", "/only/x", "/c/x");
    check("c.example", "/x", "none");
    check("", "/only/x", "/www/only/x");
    struct site_resource *resource;
    CHECK_EQUAL(site_find_page(site_mount_number("/", 1, slice("a.example")), 404, &resource, &waiter), SITE_FOUND);
    CHECK_TEXT(((struct fake_entry *)resource->file)->path, "/a/404.html");
    site_release(resource);
    CHECK_EQUAL(site_find_page(site_mount_number("/", 1, slice("b.example")), 404, &resource, &waiter), SITE_NOT_FOUND);
    CHECK_EQUAL(site_mount_number("/", 1, slice("c.example")), 0);
    CHECK(site_mount("a.example/", "/b", &plain)); /* in the first one's place */
    check("a.example", "/x", "/b/x");
    check("a.example", "/docs/x", "/a-docs/x");
    site_unmount_all();
    CHECK(site_mount("/", "/www", &plain));
    check("a.example", "/x", "/www/x");
}

static void test_most_hosts(void)
{
    char text[30];
    begin(&plain);
    for (int i = 1; i < SITE_MOUNTS_MAX; i++) {
        sprintf(text, "%d.example/", i);
        CHECK(site_mount(text, "/www", &plain));
        sprintf(text, "/www/%d", i);
        put(text, CACHE_FILE, 1);
    }
    CHECK(!site_mount("more.example/", "/www", &plain));
    for (int i = 1; i < SITE_MOUNTS_MAX; i++) {
        char host[30], name[30];
        sprintf(host, "%d.example", i);
        sprintf(text, "/%d", i);
        sprintf(name, "/www/%d", i);
        check(host, text, name);
    }
    static const char *const bad[] = {"A.example/", "a b/", "a:80/",     ".a/",    "a./",    "a",
                                      "a/b",        "a//",  "\xc3\xbc/", "[::1]/", "a/../b/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_CASE(!site_may_mount(bad[i], "/www"), bad[i]);
    }
}

/* -- locks -- */

#define ALADDIN "QWxhZGRpbjpvcGVuIHNlc2FtZQ==" /* RFC 7617 2 */

static bool opens(const char *path, const char *authorization)
{
    return site_unlocks(site_mount_number(path, (uint32_t)strlen(path), no_host), slice(authorization));
}

static void test_locks(void)
{
    static const struct site_policy locked = {.rules = "user\t" ALADDIN "\nuser\tYTpi\n"};
    char realm[SITE_REALM_MAX];
    begin(&plain);
    CHECK(!site_has_locks());
    CHECK(site_mount("/in/", "/in", &locked) && site_mount("/in/open/", "/open", &plain) &&
          site_mount("/a \"b\"\\/", "/b", &locked));
    CHECK(site_has_locks());
    put("/www/x", CACHE_FILE, 1);
    put("/in/x", CACHE_FILE, 1);
    put("/in/app-3f9a1c2b.js", CACHE_FILE, 1);
    put("/open/x", CACHE_FILE, 1);
    uint32_t before = looks;
    check("", "/in/x", "locked");
    check("", "/in/none", "locked");
    check("", "/in/", "locked");
    check("", "/in", "redirect");
    CHECK_EQUAL(looks, before);
    check("", "/in/open/x", "/open/x");
    CHECK_TEXT(found_at("", "/in/x", SITE_UNLOCKED), "/in/x");
    CHECK_TEXT(found_at("", "/in/x", SITE_UNLOCKED), "/in/x");
    CHECK_TEXT(found_at("", "/in/x", SITE_ORDERED), "/in/x");
    check("", "/in/x", "locked"); /* also when it is remembered */
    CHECK(opens("/in/x", "Basic " ALADDIN) && opens("/in/", "bAsIc  " ALADDIN " ") && opens("/in/x", "Basic YTpi"));
    static const char *const wrong[] = {"",
                                        "Basic",
                                        "Basic ",
                                        "Basic" ALADDIN,
                                        "Bearer " ALADDIN,
                                        "Basic x",
                                        ALADDIN,
                                        "Basic YTp",
                                        "Basic YTpiYTpi",
                                        "Basic YTpi,YTpi",
                                        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
                                        "Basic ytpi"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_CASE(!opens("/in/x", wrong[i]), wrong[i]);
        CHECK(opens("/x", wrong[i]) && opens("/in/open/x", wrong[i]));
    }
    CHECK(!site_unlocks(site_mount_number("/in/x", 5, no_host), (struct http_slice){NULL, 0}));
    struct site_resource *resource;
    CHECK_EQUAL(site_find("/in/app-3f9a1c2b.js", 19, 0, SITE_UNLOCKED, no_host, &resource, &waiter), SITE_FOUND);
    CHECK(memmem(resource->whole, resource->whole_length, "\r\nCache-Control: private, max-age=31536000, immutable\r\n",
                 54));
    site_release(resource);
    site_put_realm(site_mount_number("/in/x", 5, no_host), realm);
    CHECK_TEXT(realm, "/in/");
    site_put_realm(site_mount_number("/a \"b\"\\/", 8, no_host), realm);
    CHECK_TEXT(realm, "/a__b__/");
    site_put_realm(0, realm);
    CHECK_TEXT(realm, "");
}

static uint32_t lock_at(const char *host, const char *path)
{
    uint8_t number = site_lock_number(path, (uint32_t)strlen(path), slice(host));
    CHECK_EQUAL(site_unlocks(number, (struct http_slice){NULL, 0}), number == 0);
    return number;
}

/* A client names whichever host it likes, and the application answers all of them. */
static void test_locks_of_routes(void)
{
    static const struct site_policy locked = {.rules = "user\t" ALADDIN "\n"};
    begin(&plain);
    CHECK(site_mount("/in/", "/in", &locked) && site_mount("/in/open/", "/open", &plain));
    CHECK(site_mount("a.example/", "/a", &plain) && site_mount("b.example/in/", "/b", &locked));
    CHECK(site_mount("b.example/", "/b", &plain) && site_mount("c.example/", "/c", &locked));
    uint32_t any = lock_at("", "/in/x"), b = lock_at("b.example", "/in/x"), c = lock_at("c.example", "/x");
    CHECK(any > 0 && b > 0 && c > 0 && any != b && any != c && b != c);
    CHECK_EQUAL(lock_at("a.example", "/in/x"), any);
    CHECK_EQUAL(lock_at("d.example", "/in/x"), any);
    CHECK_EQUAL(lock_at("c.example", "/in/x"), any); /* who may see the host need not see this */
    CHECK_EQUAL(lock_at("c.example", "/in/open/x"), c);
    static const char *const open[][2] = {{"", "/x"},          {"", "/in/open/x"},          {"", "/in"},
                                          {"a.example", "/x"}, {"a.example", "/in/open/x"}, {"b.example", "/x"},
                                          {"d.example", "/x"}};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        CHECK_CASE(lock_at(open[i][0], open[i][1]) == 0, open[i][1]);
    }
}

void test_hosts_and_locks(void)
{
    test_locks_of_routes();
    test_hosts();
    test_most_hosts();
    test_locks();
}

/* http_site.c: the site on a cache that the test plays (http_site_fake.c). Each test ends with nothing held but what
 * the site remembers.
 */
#include "http_site.h"

#include "fs/proto.h"
#include "http/cache/waiters.h"

static void test_rules(void)
{
    begin(&plain);
    static const char *const there[] = {"/www/index.html",       "/www/index.htm",     "/www/sub/index.htm",
                                        "/www/sub/index.xhtml",  "/www/x/index.xhtml", "/www/about.html",
                                        "/www/old.htm",          "/www/strict.xhtml",  "/www/plain",
                                        "/www/plain.html",       "/www/a.html.html",   "/www/topic.html",
                                        "/www/topic/index.html", "/www/later.xhtml",   "/www/z/index",
                                        "/www/x/index",          "/www/a name",        "/index.html"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        put(there[i], CACHE_FILE, i);
    }
    put("/www/sub", CACHE_DIRECTORY, 0);
    put("/www/topic", CACHE_DIRECTORY, 0);
    put("/www/later", CACHE_DIRECTORY, 0);
    put("/www/shut", CACHE_DIRECTORY, 0);
    put("/www/shut.html", CACHE_FORBIDDEN, 0);
    put("/www/d.html", CACHE_DIRECTORY, 0);
    put("/www/odd.html", CACHE_DIRECTORY, 0);
    put("/www/odd.htm", CACHE_FILE, 1);
    put("/www/secret", CACHE_FORBIDDEN, 0);
    put("/www/y/index.html", CACHE_DIRECTORY, 0);
    check_found("/", 0, "/www/index.html");
    check_found("/index.html", 0, "/www/index.html");
    check_found("/sub/", 0, "/www/sub/index.htm");
    check_found("/x/", 0, "/www/x/index.xhtml");
    check_found("/about", 0, "/www/about.html");
    check_found("/old", 0, "/www/old.htm");
    check_found("/strict", 0, "/www/strict.xhtml");
    check_found("/plain", 0, "/www/plain");
    check_found("/a name", 0, "/www/a name");
    check_found("/odd", 0, "/www/odd.htm");
    check_found("/topic", 0, "/www/topic.html"); /* rather than to the folder */
    check_found("/topic/", 0, "/www/topic/index.html");
    check_found("/later", 0, "/www/later.xhtml");
    check_found("/z/", 0, "/www/z/index"); /* last, see /x/ */
    CHECK_EQUAL(outcome_of("/shut", 0, NULL), SITE_FORBIDDEN);
    CHECK_EQUAL(outcome_of("/a.html", 0, NULL), SITE_NOT_FOUND); /* a page's name is whole */
    CHECK_EQUAL(outcome_of("/sub", 0, NULL), SITE_REDIRECT);
    CHECK_EQUAL(outcome_of("/d.html", 0, NULL), SITE_REDIRECT);
    CHECK_EQUAL(outcome_of("/y/", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(outcome_of("/nowhere", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(outcome_of("/nowhere/", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(outcome_of("/about.html/", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(outcome_of("/secret", 0, NULL), SITE_FORBIDDEN);
    uint32_t before = looks;
    check_found("/about", 0, "/www/about.html");
    CHECK_EQUAL(outcome_of("/nowhere", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(looks, before); /* remembered */
}

static void test_mounts(void)
{
    static const struct site_policy internal = {.internal = true};
    struct site_resource *resource;

    begin(&plain);
    CHECK(site_mount("/docs/", "/manual", &plain) && site_mount("/docs/old/", "/", &plain) &&
          site_mount("/private/", "/www/private/", &internal));
    put("/www/docs/a.txt", CACHE_FILE, 1);
    put("/manual/a.txt", CACHE_FILE, 2);
    put("/a.txt", CACHE_FILE, 3);
    put("/www/private/a.txt", CACHE_FILE, 4);
    put("/www/docsa.txt", CACHE_FILE, 5);
    check_found("/docs/a.txt", 0, "/manual/a.txt");
    check_found("/docs/old/a.txt", 0, "/a.txt");
    check_found("/docsa.txt", 0, "/www/docsa.txt");
    CHECK_EQUAL(outcome_of("/docs", 0, NULL), SITE_REDIRECT);
    CHECK_EQUAL(outcome_of("/docs/old", 0, NULL), SITE_REDIRECT);
    CHECK_EQUAL(outcome_of("/private", 0, NULL), SITE_NOT_FOUND);
    CHECK_EQUAL(outcome_of("/private/a.txt", 0, NULL), SITE_NOT_FOUND); /* not by way of "/" either */
    CHECK_EQUAL(site_find("/private/a.txt", 14, 0, SITE_ORDERED, no_host, &resource, &clients[0].waiter), SITE_FOUND);
    CHECK(strcmp(((struct fake_entry *)resource->file)->path, "/www/private/a.txt") == 0);
    CHECK_EQUAL(outcome_of("/private/a.txt", 0, NULL), SITE_NOT_FOUND); /* nor once it is known */
    site_unmount_all();
    CHECK(memcmp(resource->whole, "HTTP/1.1 200 OK\r\n", 17) == 0 && resource->file->size == 4); /* held: still valid */
    site_release(resource);
    CHECK_EQUAL(outcome_of("/docs/a.txt", 0, NULL), SITE_NONE);
    CHECK(site_mount("/x/", "/manual", &plain));
    CHECK_EQUAL(outcome_of("/a.txt", 0, NULL), SITE_NONE);
    check_found("/x/a.txt", 0, "/manual/a.txt");
    CHECK(site_mount("/x/", "/www/docs/", &plain)); /* the same prefix: in its place */
    check_found("/x/a.txt", 0, "/www/docs/a.txt");
}

static void test_what_cannot_be_mounted(void)
{
    static char long_text[SITE_TEXT_MAX + 1] = "/";
    struct site_policy policy = plain;

    begin(&plain);
    memset(long_text + 1, 'x', SITE_TEXT_MAX - 2);
    long_text[SITE_TEXT_MAX - 1] = '/';
    CHECK(!site_mount("", "/www", &plain) && !site_mount("x", "/www", &plain) && !site_mount("/x", "/www", &plain));
    CHECK(!site_mount("//", "/www", &plain) && !site_mount("/../", "/www", &plain) &&
          !site_mount(long_text, "/www", &plain));
    CHECK(!site_mount("/x/", "", &plain) && !site_mount("/x/", "www", &plain) && !site_mount("/x/", "/a/../b", &plain));
    CHECK(!site_mount("/x/", "/..", &plain) && !site_mount("/x/", "/a/..", &plain) &&
          !site_mount("/x/", "/a/.", &plain));
    static const char *const bad[] = {"A",
                                      "A: b",
                                      "A: b\n",
                                      "A: b\r\n\r\n",
                                      "A : b\r\n",
                                      ": b\r\n",
                                      "A: b\r\nC",
                                      "A: \x01\r\n",
                                      "A: b\rc\r\n",
                                      " A: b\r\n",
                                      "content-Length: 5\r\n",
                                      "A: b\r\nConnection: close\r\n",
                                      "ETag: \"a\"\r\n",
                                      "cache-control: no-store\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(policy.fields, sizeof(policy.fields), "%s", bad[i]);
        CHECK(!site_mount("/x/", "/www", &policy));
    }
    policy = plain;
    strcpy(policy.rules, "pages\ta\r\nb");
    CHECK(!site_mount("/x/", "/www", &policy));
    policy = plain;
    memset(policy.fields, 'x', SITE_TEXT_MAX);
    CHECK(!site_mount("/x/", "/www", &policy)); /* no end */
    policy = plain;
    memset(policy.rules, 'x', SITE_RULES_MAX);
    CHECK(!site_mount("/x/", "/www", &policy));
    policy = (struct site_policy){0};
    sprintf(policy.rules, "others\t%0250u\n", 0u);
    CHECK(site_mount("/x/", "/www", &policy));
    sprintf(policy.fields, "A: %0200u\r\n", 0u);
    CHECK(!site_mount("/x/", "/www", &policy)); /* together too long for a head */
    for (uint32_t i = 2; i < SITE_MOUNTS_MAX; i++) {
        char prefix[8];
        snprintf(prefix, sizeof(prefix), "/%u/", i);
        CHECK(site_mount(prefix, "/www", &plain));
    }
    CHECK(!site_mount("/one/more/", "/www", &plain) && site_mount("/x/", "/www", &plain));
}

static void check_head(const char *path, uint8_t codings, const char *expected)
{
    struct site_resource *resource;

    CHECK_EQUAL(outcome_of(path, codings, &resource), SITE_FOUND);
    if (resource->whole_length != strlen(expected) || memcmp(resource->whole, expected, resource->whole_length) != 0) {
        FAIL("the head of %s:\n%.*s", path, (int)resource->whole_length, resource->whole);
    }
    CHECK(memcmp(resource->whole + resource->fields_at, "Content-Type", 12) == 0);
}

static void test_heads(void)
{
    begin(&plain);
    put("/www/a.css", CACHE_FILE, 1000);
    put("/www/about.html", CACHE_FILE, 0);
    put("/www/a.PNG", CACHE_FILE, 18446744073709551615ull);
    check_head("/a.css", 0,
               "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: text/css; charset=utf-8\r\n"
               "Accept-Ranges: bytes\r\n"
               "Server: Serval\r\nETag: \"16345785d8a00000-3e8\"\r\nLast-Modified: Sun, 13 Sep 2020 12:26:40 GMT\r\n"
               "Cache-Control: max-age=60\r\nX-Content-Type-Options: nosniff\r\n");
    check_head("/about", 0,
               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: text/html; charset=utf-8\r\n"
               "Accept-Ranges: bytes\r\n"
               "Server: Serval\r\nETag: \"16345785d8a00000-0\"\r\nLast-Modified: Sun, 13 Sep 2020 12:26:40 GMT\r\n"
               "Cache-Control: max-age=60\r\nX-Content-Type-Options: nosniff\r\n");
    check_head("/a.PNG", 0,
               "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\nContent-Type: image/png\r\n"
               "Accept-Ranges: bytes\r\n"
               "Server: Serval\r\nETag: \"16345785d8a00000-ffffffffffffffff\"\r\n"
               "Last-Modified: Sun, 13 Sep 2020 12:26:40 GMT\r\n"
               "Cache-Control: max-age=86400\r\nX-Content-Type-Options: nosniff\r\n");
}

static void changed(const char *path, bool below)
{
    if (below) {
        site_folder_changed(path, (uint32_t)strlen(path));
        site_changes_end();
    } else {
        site_path_changed(path, (uint32_t)strlen(path));
    }
}

/* What the program does to files is seen at once, under whatever name it has them; of the rest nothing is asked. */
static void test_changed_here(void)
{
    struct site_resource *resource;

    begin(&plain);
    put("/www/a.css", CACHE_FILE, 1);
    put("/www/b.css", CACHE_FILE, 1);
    put("/www/d/x.css", CACHE_FILE, 1);
    check_found("/a.css", 0, "/www/a.css");
    check_found("/b.css", 0, "/www/b.css");
    check_found("/d/x.css", 0, "/www/d/x.css");
    CHECK_EQUAL(outcome_of("/new", 0, NULL), SITE_NOT_FOUND);
    put("/www/a.css", CACHE_FILE, 2);
    uint32_t before = looks;
    changed("/www/a.css", false);
    CHECK_EQUAL(outcome_of("/a.css", 0, &resource), SITE_FOUND);
    CHECK(resource->validators.size == 2);
    check_found("/b.css", 0, "/www/b.css");
    CHECK_EQUAL(looks, before + 1);
    static const char *const names[] = {"/www/new.html", "www/new.html", "/www//./new.html", "/../x/../www/new.html/"};
    for (uint32_t i = 0; i < 4; i++) {
        put("/www/new.html", CACHE_FILE, i);
        changed(names[i], false);
        check_found("/new", 0, "/www/new.html");
        put("/www/new.html", CACHE_ABSENT, 0);
        changed(names[i], false);
        CHECK_EQUAL(outcome_of("/new", 0, NULL), SITE_NOT_FOUND);
    }
    put("/www/d/x.css", CACHE_ABSENT, 0);
    changed("/www/d", true);
    CHECK_EQUAL(outcome_of("/d/x.css", 0, NULL), SITE_NOT_FOUND);
    put("/www/b.css", CACHE_FILE, 5);
    changed("/", true);
    CHECK_EQUAL(outcome_of("/b.css", 0, &resource), SITE_FOUND);
    CHECK(resource->validators.size == 5);
}

static void check_walk(const char *const *folders, uint32_t count, const char *walk)
{
    walks[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        site_folder_changed(folders[i], (uint32_t)strlen(folders[i]));
    }
    CHECK(walks[0] == '\0');
    site_changes_end();
    CHECK_CASE(strcmp(walks, walk) == 0, walks);
    site_changes_end();
    CHECK_CASE(strcmp(walks, walk) == 0, walks);
}

#define WALKS_FOR(walk, ...) \
    check_walk((const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), walk)

/* Whatever is said of folders at once costs one look through the cache, and covers all that was said. */
static void test_many_folders_changed(void)
{
    static char longest[2][FS_PATH_MAX + 1];
    begin(&plain);
    check_walk(NULL, 0, "");
    WALKS_FOR("/a/b/ /c/ \n", "/a/b", "/c");
    WALKS_FOR("/a/ \n", "/a", "/a/b", "/a", "a/b/c/", "/x/../a");
    WALKS_FOR("/ab/ /a/ \n", "/a/b", "/ab", "/a/c", "/a");
    WALKS_FOR("/a/1/ /a/2/ /b/1/ /b/2/ \n", "/a/1", "/a/2", "/b/1", "/b/2");
    WALKS_FOR("/a/b/ \n", "/a/b/1", "/a/b/2/x", "/a/b/3", "/a/b/2/y", "/a/b/12");
    WALKS_FOR("/a/ \n", "/a/b/1", "/a/b/2/x", "/a/b/3", "/a/b/2/y", "/a/bb");
    WALKS_FOR("/ \n", "/1", "/2", "/3", "/4", "/5", "/6/7");
    WALKS_FOR("/1/2/ /9/ \n", "/1/2/3", "/1/2/4", "/1/2/5", "/1/2/6", "/1/2/7", "/1/2/8", "/9");
    WALKS_FOR("/ \n", "/a", "/../b/..", "", "/c");
    for (int i = 0; i < 2; i++) { /* two that differ at their end */
        memset(longest[i], 'x', FS_PATH_MAX);
        longest[i][0] = '/';
        longest[i][FS_PATH_MAX - 1 - i] = 'y';
        site_folder_changed(longest[i], FS_PATH_MAX);
    }
    walks[0] = '\0';
    site_changes_end();
    CHECK_EQUAL(strlen(walks), 2 * (FS_PATH_MAX + 2) + 1);
}

/* One beside those that were said is not asked for anew; what comes to be meanwhile is. */
static void test_what_folders_cost(void)
{
    static const char *const said[] = {"/www/a/1", "/www/a/2", "/www/a/3", "/www/a/4", "/www/a/5"};
    begin(&plain);
    put("/www/a/x.css", CACHE_FILE, 1);
    put("/www/b.css", CACHE_FILE, 1);
    check_found("/a/x.css", 0, "/www/a/x.css");
    check_found("/b.css", 0, "/www/b.css");
    uint32_t before = looks;
    check_walk(said, 5, "/www/a/ \n");
    check_found("/b.css", 0, "/www/b.css");
    CHECK_EQUAL(looks, before);
    check_found("/a/x.css", 0, "/www/a/x.css");
    CHECK_EQUAL(looks, before + 1);
}

/* While it is being walked for: who asked before and who asks behind the change get what is there. */
static void test_changed_while_walked(void)
{
    begin(&plain);
    slow = true;
    CHECK_EQUAL(ask(&clients[1], "/a", 0), SITE_WAIT);
    CHECK(answer_one(0)); /* there is no /www/a */
    put("/www/a", CACHE_FILE, 1);
    changed("/www/a", false);
    CHECK_EQUAL(ask(&clients[2], "/a", 0), SITE_WAIT);
    answer_all();
    for (uint32_t i = 1; i <= 2; i++) {
        while (ask(&clients[i], "/a", 0) == SITE_WAIT) {
            answer_all();
        }
        CHECK(clients[i].resource && clients[i].resource->validators.size == 1);
        let_go(&clients[i]);
    }
    slow = false;
}

/* Told with each answer: http/content/file.c. */
static void test_modified_later(void)
{
    struct site_resource *resource;

    begin(&plain);
    pd_set_unix_time_ns(MTIME_NS);
    put("/www/a.css", CACHE_FILE, 1)->mtime_ns = MTIME_NS + S;
    put("/www/b.css", CACHE_FILE, 1);
    CHECK_EQUAL(outcome_of("/a.css", 0, &resource), SITE_FOUND);
    CHECK(resource->later && !memmem(resource->whole, resource->whole_length, "Last-Modified", 13));
    CHECK_EQUAL(outcome_of("/b.css", 0, &resource), SITE_FOUND);
    CHECK(!resource->later && memmem(resource->whole, resource->whole_length, "Last-Modified", 13));
    put("/www/c.css", CACHE_FILE, 1)->mtime_ns = 7; /* no date */
    CHECK_EQUAL(outcome_of("/c.css", 0, &resource), SITE_FOUND);
    CHECK(!resource->later && !memmem(resource->whole, resource->whole_length, "Last-Modified", 13));
    pd_set_unix_time_ns(0);
}

static void test_longest_head(void)
{
    struct site_policy policy = {.precompressed = true};
    struct site_resource *resource;

    sprintf(policy.rules, "type\t*.x\ttext/%095u\ncharset\t%025u\nothers\t%0255u\n", 0u, 0u, 0u);
    sprintf(policy.fields, "A: %0124u\r\n", 0u);
    begin(&policy);
    put("/www/a.x", CACHE_FILE, 1);
    put("/www/a.x.gz", CACHE_FILE, 18446744073709551615ull)->mtime_ns = UINT64_MAX;
    CHECK_EQUAL(outcome_of("/a.x", HTTP_CODING_GZIP, &resource), SITE_FOUND);
    CHECK(resource->whole_length <= SITE_HEAD_MAX &&
          memcmp(resource->whole + resource->whole_length - 2, "\r\n", 2) == 0);
    sprintf(policy.fields, "AB: %0124u\r\n", 0u);
    CHECK(!site_mount("/", "/www", &policy)); /* one more would be too many */
    sprintf(policy.rules, "type\t*.x\ttext/%096u\n", 0u);
    CHECK(!site_mount("/", "/www", &policy));
    sprintf(policy.rules, "charset\t%026u\n", 0u);
    CHECK(!site_mount("/", "/www", &policy));
}

static void test_precompressed(void)
{
    struct site_resource *resource;

    begin(&compressed);
    put("/www/a.js", CACHE_FILE, 1000);
    put("/www/a.js.br", CACHE_FILE, 100);
    put("/www/a.js.gz", CACHE_FILE, 200);
    put("/www/b.html", CACHE_FILE, 1000);
    put("/www/b.html.gz", CACHE_FILE, 200);
    put("/www/b.html.br", CACHE_FORBIDDEN, 0);
    put("/www/c.png", CACHE_FILE, 1000);
    put("/www/c.png.br", CACHE_FILE, 1);
    check_found("/a.js", 0, "/www/a.js");
    check_found("/a.js", HTTP_CODING_BROTLI | HTTP_CODING_GZIP, "/www/a.js.br");
    check_found("/a.js", HTTP_CODING_GZIP, "/www/a.js.gz");
    check_found("/b", HTTP_CODING_BROTLI | HTTP_CODING_GZIP, "/www/b.html.gz");
    check_found("/b", HTTP_CODING_BROTLI, "/www/b.html");
    check_found("/c.png", HTTP_CODING_BROTLI, "/www/c.png");
    check_head("/a.js", HTTP_CODING_BROTLI,
               "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/javascript; charset=utf-8\r\n"
               "Content-Encoding: br\r\nAccept-Ranges: bytes\r\nServer: Serval\r\nETag: \"16345785d8a00000-64-br\"\r\n"
               "Last-Modified: Sun, 13 Sep 2020 12:26:40 GMT\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n"
               "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nA: b\r\n");
    CHECK_EQUAL(outcome_of("/a.js", 0, &resource), SITE_FOUND); /* caches have to know there, too */
    CHECK(memmem(resource->whole, resource->whole_length, "Vary: Accept-Encoding\r\n", 23));
    CHECK_EQUAL(outcome_of("/c.png", 0, &resource), SITE_FOUND);
    CHECK(!memmem(resource->whole, resource->whole_length, "Vary", 4));
    begin(&plain);
    put("/www/a.js", CACHE_FILE, 1000);
    put("/www/a.js.br", CACHE_FILE, 100);
    check_found("/a.js", HTTP_CODING_BROTLI, "/www/a.js");
    CHECK_EQUAL(looks, 1);
}

/* Somebody has changed the file and made no variant of it since. */
static void test_a_variant_of_an_older_text(void)
{
    begin(&compressed);
    put("/www/a.js", CACHE_FILE, 1000)->mtime_ns = MTIME_NS + 3 * S;
    put("/www/a.js.br", CACHE_FILE, 100);
    put("/www/a.js.gz", CACHE_FILE, 200)->mtime_ns = MTIME_NS + S;
    put("/www/b.js", CACHE_FILE, 1000);
    put("/www/b.js.br", CACHE_FILE, 100)->mtime_ns = MTIME_NS + 9 * S;
    check_found("/a.js", HTTP_CODING_BROTLI | HTTP_CODING_GZIP, "/www/a.js.gz");
    check_found("/a.js", HTTP_CODING_BROTLI, "/www/a.js");
    check_found("/b.js", HTTP_CODING_BROTLI, "/www/b.js.br");
}

static void test_freshness(void)
{
    struct site_resource *first, *second;

    begin(&plain);
    put("/www/a.html", CACHE_FILE, 10);
    CHECK_EQUAL(ask(&clients[1], "/a", 0), SITE_FOUND);
    first = clients[1].resource;
    pass(FRESH_NS - S);
    CHECK_EQUAL(outcome_of("/a", 0, &second), SITE_FOUND);
    CHECK(second == first && looks == 2);
    pass(2 * S); /* looked at again, the same: the head is kept */
    CHECK_EQUAL(outcome_of("/a", 0, &second), SITE_FOUND);
    CHECK(second == first && looks == 4);
    put("/www/a.html", CACHE_FILE, 11);
    CHECK_EQUAL(outcome_of("/a", 0, &second), SITE_FOUND);
    CHECK(second == first); /* still fresh */
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, &second), SITE_FOUND);
    CHECK(second != first && second->validators.size == 11 && first->validators.size == 10 && first->file->size == 10);
    put("/www/a", CACHE_DIRECTORY, 0);
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, NULL), SITE_FOUND);
    put("/www/a.html", CACHE_ABSENT, 0);
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, NULL), SITE_REDIRECT);
    remove_files();
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, NULL), SITE_NOT_FOUND);
    put("/www/a.html", CACHE_FILE, 12);
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, &second), SITE_FOUND);
    CHECK(second->validators.size == 12);
    let_go(&clients[1]);
}

/* A file that was replaced while it was being read is looked for at once. */
static void test_file_that_failed(void)
{
    struct site_resource *resource;

    begin(&plain);
    put("/www/a.html", CACHE_FILE, 10);
    CHECK_EQUAL(outcome_of("/a.html", 0, &resource), SITE_FOUND);
    put("/www/a.html", CACHE_FILE, 11);
    struct fake_entry *entry = (struct fake_entry *)resource->file;
    entry->seen.fresh_until_ns = 0;
    entry->current = false;
    CHECK_EQUAL(outcome_of("/a.html", 0, &resource), SITE_FOUND);
    CHECK(resource->validators.size == 11);
}

static void test_one_walk_for_all(void)
{
    begin(&plain);
    put("/www/a.html", CACHE_FILE, 10);
    slow = true;
    for (uint32_t i = 0; i < 100; i++) {
        CHECK_EQUAL(ask(&clients[i], "/a", 0), SITE_WAIT);
    }
    CHECK_EQUAL(looks, 1);
    CHECK(answer_one(0)); /* "/a" is not there */
    CHECK_EQUAL(looks, 2);
    CHECK(clients[0].called == 0);
    waiters_remove(&clients[50].waiter);
    CHECK(answer_one(0));
    for (uint32_t i = 0; i < 100; i++) {
        CHECK_EQUAL(clients[i].called, i != 50);
        CHECK_EQUAL(ask(&clients[i], "/a", 0), SITE_FOUND);
        CHECK(clients[i].resource == clients[0].resource);
    }
    CHECK_EQUAL(looks, 2);
    for (uint32_t i = 0; i < 100; i++) {
        let_go(&clients[i]);
    }
}

/* Answers that take longer than anything is fresh. */
static void test_slow_server(void)
{
    begin(&plain);
    put("/www/a.xhtml", CACHE_FILE, 10);
    slow = true;
    CHECK_EQUAL(ask(&clients[0], "/a", 0), SITE_WAIT);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(clients[0].called == 0);
        pass(2 * FRESH_NS);
        CHECK(answer_one(0));
    }
    CHECK(clients[0].called == 1 && !answer_one(0));
    CHECK_EQUAL(ask(&clients[0], "/a", 0), SITE_FOUND);
    let_go(&clients[0]);
    pass(FRESH_NS);
    CHECK_EQUAL(ask(&clients[0], "/a", 0), SITE_WAIT);
    answer_all();
}

static void test_server_away(void)
{
    struct site_resource *resource;

    begin(&plain);
    put("/www/a", CACHE_FILE, 10);
    CHECK_EQUAL(outcome_of("/a", 0, &resource), SITE_FOUND);
    pass(FRESH_NS);
    away = true;
    CHECK_EQUAL(outcome_of("/a", 0, NULL), SITE_FOUND);
    CHECK_EQUAL(outcome_of("/b", 0, NULL), SITE_UNREACHABLE);
    entry_at("/www/a")->current = false; /* the cache has it no more, but we */
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/a", 0, &resource), SITE_FOUND);
    CHECK(resource->validators.size == 10);
    away = false;
    pass(FRESH_NS);
    CHECK_EQUAL(outcome_of("/b", 0, NULL), SITE_NOT_FOUND);
}

/* Made-up names push out nothing that is served, and nothing grows. */
static void test_random_names(void)
{
    char path[64];

    begin(&plain);
    for (uint32_t i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/www/file%u.html", i);
        put(path, CACHE_FILE, i);
        CHECK_EQUAL(outcome_of(path + 4, 0, NULL), SITE_FOUND);
    }
    CHECK_EQUAL(held, 500);
    for (uint32_t i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "/%u.html", i);
        CHECK_EQUAL(outcome_of(path, 0, NULL), SITE_NOT_FOUND);
    }
    uint32_t before = looks;
    for (uint32_t i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/file%u.html", i);
        CHECK_EQUAL(outcome_of(path, 0, NULL), SITE_FOUND);
    }
    CHECK(looks == before && held == 500);
}

static void test_more_files_than_places(void)
{
    char path[64];

    begin(&plain);
    for (uint32_t i = 0; i < 2000; i++) {
        snprintf(path, sizeof(path), "/www/%u", i);
        put(path, CACHE_FILE, i);
        CHECK_EQUAL(outcome_of(path + 4, 0, NULL), SITE_FOUND);
        /* used all the time: never pushed out */
        CHECK_EQUAL(outcome_of("/7", 0, NULL), i < 7 ? SITE_NOT_FOUND : SITE_FOUND);
        if (i == 6) {
            pass(FRESH_NS);
        }
    }
    CHECK(held <= 512 && held > 500);
    CHECK_EQUAL(looks, 2000 + 4); /* and "/7" while it was not there: four names, once */
    uint32_t before = looks;
    CHECK_EQUAL(outcome_of("/1999", 0, NULL), SITE_FOUND);
    CHECK_EQUAL(outcome_of("/7", 0, NULL), SITE_FOUND);
    CHECK_EQUAL(looks, before);
}

/* Each client holds another file: some wait until one lets go, be it of a file that is remembered or of one that is not
 * any more. */
static void check_all_resources_held(uint32_t first_to_go, const struct site_policy *policy, uint32_t least)
{
    char path[64];
    uint32_t have = 0, i = 0;

    begin(policy);
    for (; i < 1000; i++) {
        snprintf(path, sizeof(path), "/www/%u", i);
        put(path, CACHE_FILE, i);
        if (ask(&clients[i], path + 4, 0) == SITE_WAIT) {
            break;
        }
        have++;
    }
    CHECK(have >= least && have < 1000);
    struct client *late = &clients[i];
    pass(S);
    CHECK(late->called == 0);
    let_go(&clients[first_to_go]);
    CHECK(late->called == 0); /* not in the middle of that */
    pass(1);
    CHECK_EQUAL(late->called, 1);
    snprintf(path, sizeof(path), "/%u", i);
    CHECK_EQUAL(ask(late, path, 0), SITE_FOUND);
    let_go(late);
    for (i = 0; i < have; i++) {
        if (clients[i].resource) {
            CHECK(clients[i].resource->file->size == i && clients[i].resource->validators.size == i);
            let_go(&clients[i]);
        }
    }
}

static void test_all_resources_held(void)
{
    struct site_policy wordy = plain; /* fewer of its long heads have a place */

    sprintf(wordy.fields, "Content-Security-Policy: %0200u\r\n", 0u);
    check_all_resources_held(3, &plain, 600);
    check_all_resources_held(600, &plain, 600);
    check_all_resources_held(3, &wordy, 400);
    check_all_resources_held(400, &wordy, 400);
}

/* More different questions at once than there are places. */
static void test_all_answers_walked(void)
{
    char path[64];
    uint32_t done = 0;

    begin(&plain);
    slow = true;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        snprintf(path, sizeof(path), "/%u.html", i);
        CHECK_EQUAL(ask(&clients[i], path, 0), SITE_WAIT);
    }
    CHECK(looks <= 256);
    while (done < CLIENTS) {
        CHECK(answer_one(0));
        pass(1);
        for (uint32_t i = 0; i < CLIENTS; i++) {
            snprintf(path, sizeof(path), "/%u.html", i);
            if (clients[i].called && !clients[i].waiter.link) {
                clients[i].called = 0;
                done += ask(&clients[i], path, 0) == SITE_NOT_FOUND;
            }
        }
    }
    CHECK(!answer_one(0));
}

static void test_unmounted_while_walked(void)
{
    begin(&compressed);
    put("/www/a.html", CACHE_FILE, 1);
    slow = true;
    CHECK_EQUAL(ask(&clients[0], "/a", HTTP_CODING_GZIP), SITE_WAIT);
    CHECK(answer_one(0) && answer_one(0)); /* it waits for the variant, and holds the file */
    CHECK_EQUAL(held, 1);
    site_unmount_all();
    CHECK(site_mount("/", "/other", &plain));
    CHECK_EQUAL(ask(&clients[1], "/a", HTTP_CODING_GZIP), SITE_WAIT);
    CHECK(answer_one(1)); /* the older one */
    CHECK(clients[0].called == 1 && clients[1].called == 0 && held == 0);
    CHECK_EQUAL(ask(&clients[0], "/a", HTTP_CODING_GZIP), SITE_WAIT);
    answer_all();
    CHECK(clients[0].called == 2 && clients[1].called == 1);
    CHECK_EQUAL(ask(&clients[1], "/a", HTTP_CODING_GZIP), SITE_NOT_FOUND);
}

/* Nobody says what is there now: what was found before is given, where it may be that old; a variant is not waited
 * for. */
static void test_away_without_a_word(void)
{
    begin(&compressed);
    put("/www/a.html", CACHE_FILE, 1);
    put("/www/b.html", CACHE_FILE, 1);
    put("/www/b.html.gz", CACHE_FILE, 1);
    check_found("/a.html", 0, "/www/a.html");
    CHECK_EQUAL(outcome_of("/b.html", 0, NULL), SITE_FOUND); /* its variants are not known */
    slow = away = true;
    CHECK_EQUAL(ask(&clients[0], "/b.html", HTTP_CODING_GZIP), SITE_FOUND);
    CHECK_EQUAL(clients[0].resource->validators.size, 1);
    let_go(&clients[0]);
    pass(FRESH_NS + S);
    CHECK_EQUAL(ask(&clients[0], "/a.html", 0), SITE_FOUND);
    let_go(&clients[0]);
    site_path_changed("/www/b.html", 11);
    CHECK_EQUAL(ask(&clients[2], "/b.html", HTTP_CODING_GZIP), SITE_WAIT); /* it is another by now */
    pass(S);
    too_old = true;
    CHECK_EQUAL(ask(&clients[0], "/a.html", 0), SITE_WAIT);
    CHECK_EQUAL(ask(&clients[1], "/c.html", 0), SITE_WAIT); /* of which nothing is known */
    slow = away = too_old = false;
    answer_all();
    CHECK(clients[0].called == 1 && clients[1].called == 1 && clients[2].called == 1);
    check_found("/a.html", 0, "/www/a.html");
    CHECK_EQUAL(outcome_of("/b.html", HTTP_CODING_GZIP, NULL), SITE_FOUND);
}

/* Looked for by nobody any more, they do not keep their places from who comes. */
static void test_abandoned(void)
{
    char path[40];

    begin(&plain);
    slow = true;
    for (uint32_t i = 0; i < 256; i++) {
        snprintf(path, sizeof(path), "/none%u.html", i);
        CHECK_EQUAL(ask(&clients[i], path, 0), SITE_WAIT);
    }
    uint32_t before = looks;
    CHECK_EQUAL(ask(&clients[256], "/more.html", 0), SITE_WAIT);
    CHECK_EQUAL(looks, before);
    cache_cancel(&clients[256].waiter);
    for (uint32_t i = 0; i < 3; i++) {
        cache_cancel(&clients[100 * i].waiter);
    }
    for (uint32_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "/more%u.html", i);
        CHECK_EQUAL(ask(&clients[256 + i], path, 0), SITE_WAIT);
        CHECK_EQUAL(looks, before + i + 1);
    }
    answer_all();
    for (uint32_t i = 0; i < 259; i++) {
        CHECK_EQUAL(clients[i].called, i % 100 != 0 || i > 200);
    }
}

static void test_long_paths(void)
{
    static char path[1100], name[1104];

    begin(&plain);
    for (uint32_t i = 0; i < 200; i++) { /* more than there are places for */
        int length = snprintf(path, sizeof(path), "/%0500u.html", i);
        snprintf(name, sizeof(name), "/www%s", path);
        put(name, CACHE_FILE, i);
        CHECK(length == 506);
        check_found(path, 0, name);
        check_found(path, 0, name);
    }
    memset(path, 'x', HTTP_PATH_MAX);
    path[0] = '/';
    path[HTTP_PATH_MAX] = '\0';
    CHECK_EQUAL(outcome_of(path, 0, NULL), SITE_NOT_FOUND); /* longer than the file service's, with its folder */
    path[HTTP_PATH_MAX - 3] = '\0';                         /* by one byte */
    snprintf(name, sizeof(name), "/www%s", path);
    put(name, CACHE_FILE, 1);
    CHECK_EQUAL(outcome_of(path, 0, NULL), SITE_NOT_FOUND);
    path[HTTP_PATH_MAX - 4] = '\0';
    snprintf(name, sizeof(name), "/www%s", path);
    put(name, CACHE_FILE, 1);
    check_found(path, 0, name);
    path[HTTP_PATH_MAX - 9] = '\0';
    snprintf(name, sizeof(name), "/www%s.html", path);
    put(name, CACHE_FILE, 1);
    check_found(path, 0, name);
}

/* As a front's former life has left it. */
static void begin_life(void)
{
    static _Alignas(64) uint8_t memory[SITE_MEMORY_BYTES];

    memset(memory, 0xa5, sizeof(memory));
    site_init(&(struct region){.base = memory, .size = sizeof(memory)});
}

int main(void)
{
    fake_reset();
    fake_set_now_ns(now);
    begin_life();
    test_rules();
    test_mounts();
    test_what_cannot_be_mounted();
    test_heads();
    test_hosts_and_locks();
    test_policy();
    test_changed_here();
    test_many_folders_changed();
    test_what_folders_cost();
    test_changed_while_walked();
    test_modified_later();
    test_longest_head();
    test_precompressed();
    test_a_variant_of_an_older_text();
    test_freshness();
    test_file_that_failed();
    test_one_walk_for_all();
    test_slow_server();
    test_server_away();
    test_random_names();
    test_more_files_than_places();
    test_all_resources_held();
    test_all_answers_walked();
    test_unmounted_while_walked();
    test_away_without_a_word();
    test_abandoned();
    test_long_paths();
    test_soak();
    begin(&plain); /* looks for what is still held */
    return 0;
}

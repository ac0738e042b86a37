/* http_site_policy.c: what a mount says of its files, and what is not for clients. */
#include "http_site.h"

static void check_has(const char *path, const char *line)
{
    struct site_resource *resource;

    CHECK_EQUAL(outcome_of(path, 0, &resource), SITE_FOUND);
    CHECK_CASE(memmem(resource->whole, resource->whole_length, line, strlen(line)) != NULL, line);
}

/* What the mount says of types goes before the table, with what follows from it. */
static void test_types_of_a_mount(void)
{
    static const struct site_policy policy = {
        .precompressed = true,
        .rules = "type\t*.foo\tapplication/x-foo+json\ntype\traw/*\ttext/plain\ntype\t*.css\ttext/css; charset=latin1\n"
                 "charset\tiso-8859-15\npages\tp\nothers\to\n"};
    begin(&policy);
    put("/www/a.foo", CACHE_FILE, 1);
    put("/www/a.foo.gz", CACHE_FILE, 2);
    put("/www/raw/page.html", CACHE_FILE, 1);
    put("/www/page.html", CACHE_FILE, 1);
    put("/www/a.css", CACHE_FILE, 1);
    check_has("/a.foo", "\r\nContent-Type: application/x-foo+json\r\n");
    check_found("/a.foo", HTTP_CODING_GZIP, "/www/a.foo.gz");
    check_has("/raw/page", "\r\nContent-Type: text/plain; charset=iso-8859-15\r\n");
    check_has("/raw/page", "\r\nCache-Control: o\r\n");
    check_has("/page", "\r\nContent-Type: text/html; charset=iso-8859-15\r\n");
    check_has("/page", "\r\nCache-Control: p\r\n");
    check_has("/a.css", "\r\nContent-Type: text/css; charset=latin1\r\n");
    static const struct site_policy none = {.rules = "charset\t\n"};
    CHECK(site_mount("/none/", "/www/", &none));
    check_has("/none/page", "\r\nContent-Type: text/html\r\n");
}

static void check_lifetime(const char *path, const char *value)
{
    char text[100];
    snprintf(text, sizeof(text), "/www%s", path);
    put(text, CACHE_FILE, 1);
    snprintf(text, sizeof(text), "\r\nCache-Control: %s\r\n", value);
    check_has(path, text);
}

/* What nobody speaks of: asked for again each time, but where the name says that it never changes. */
static void test_usual_lifetimes(void)
{
    static const struct site_policy silent;
    static const char *const again[] = {
        "/page.html",       "/a.css",      "/photo.jpg",          "/report-20240101.pdf", "/x-3f9a1c2b.pdf",
        "/x-3f9a1c2b.html", "/x-3f9a1c2b", "/chunk-3VQZ7A2P.png", "/app-3f9a1c2b/a.js",   NULL};
    static const char *const never[] = {"/app-3f9a1c2b.js",
                                        "/main.3f9a1c2b.min.css",
                                        "/assets/index-BgQ3x_9z.js.map",
                                        "/logo.5a3c9e17b0d24f68.svg",
                                        "/chunk-3VQZ7A2P.js",
                                        "/app-3f9a1c2b.wasm",
                                        "/x-5a3c9e17.woff2",
                                        NULL};
    begin(&silent);
    for (int i = 0; again[i]; i++) {
        check_lifetime(again[i], "no-cache");
    }
    for (int i = 0; never[i]; i++) {
        check_lifetime(never[i], "public, max-age=31536000, immutable");
    }
    check_has("/page", "\r\nCache-Control: no-cache\r\n"); /* of the file that was found */
}

static void test_lifetimes_of_a_mount(void)
{
    static const struct site_policy policy = {
        .rules = "cache\timg/*\tno-store\ncache\t*.pdf\tmax-age=60\ncache\tx.html\t\n"
                 "pages\tmax-age=0\nothers\tmax-age=5\n"};
    static const char *const there[] = {"/www/img/a.pdf", "/www/a.pdf",           "/www/x.html",
                                        "/www/y.html",    "/www/app-3f9a1c2b.js", "/www/a-3f9a1c2b.svg"};
    struct site_resource *resource;
    begin(&policy);
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        put(there[i], CACHE_FILE, 1);
    }
    check_has("/img/a.pdf", "\r\nCache-Control: no-store\r\n");
    check_has("/a.pdf", "\r\nCache-Control: max-age=60\r\n");
    check_has("/y", "\r\nCache-Control: max-age=0\r\n");
    check_has("/app-3f9a1c2b.js", "\r\nCache-Control: max-age=0\r\n"); /* what is said goes before what is usual */
    check_has("/a-3f9a1c2b.svg", "\r\nCache-Control: max-age=5\r\n");
    CHECK_EQUAL(outcome_of("/x", 0, &resource), SITE_FOUND);
    CHECK(!memmem(resource->whole, resource->whole_length, "Cache-Control", 13));
}

static void check_hidden(const char *const *paths)
{
    for (; *paths; paths++) {
        enum site_outcome outcome = outcome_of(*paths, 0, NULL);
        CHECK_CASE(outcome == SITE_NOT_FOUND, *paths);
        CHECK_CASE(outcome_of(*paths, 0, NULL) == SITE_NOT_FOUND, *paths); /* nor remembered */
    }
}

static void check_all_found(const char *const *paths)
{
    for (; *paths; paths++) {
        enum site_outcome outcome = outcome_of(*paths, 0, NULL);
        CHECK_CASE(outcome == SITE_FOUND, *paths);
    }
}

static void check_ordered(const char *path, enum site_outcome outcome)
{
    struct site_resource *resource;
    CHECK_EQUAL(site_find(path, (uint32_t)strlen(path), 0, true, &resource, &clients[0].waiter), outcome);
    if (outcome == SITE_FOUND) {
        site_release(resource);
    }
}

/* To clients what tools keep for themselves is not there, nor the program; nobody asks the file server for it. */
static void test_hidden(void)
{
    static const char *const hidden[] = {"/.env",
                                         "/.git/config",
                                         "/.git/",
                                         "/.git",
                                         "/x/.htaccess",
                                         "/x/.well-known/a",
                                         "/__pycache__/app.pyc",
                                         "/x/__PyCache__/a",
                                         "/.html",
                                         "/.x",
                                         NULL};
    static const char *const shown[] = {
        "/.well-known/acme-challenge/token", "/.well-known/.x", "/x.env", "/a.git/b", "/app.py", "/pycache/a", NULL};
    begin(&plain);
    for (int i = 0; hidden[i]; i++) {
        char name[100];
        snprintf(name, sizeof(name), "/www%s", hidden[i]);
        put(name, strcmp(hidden[i], "/.git") == 0 ? CACHE_DIRECTORY : CACHE_FILE, 1);
    }
    put("/www/.git/index.html", CACHE_FILE, 1);
    put("/www/.x.html", CACHE_FILE, 1);
    for (int i = 0; shown[i]; i++) {
        char name[100];
        snprintf(name, sizeof(name), "/www%s", shown[i]);
        put(name, CACHE_FILE, 1);
    }
    uint32_t before = looks;
    check_hidden(hidden);
    CHECK_EQUAL(looks, before);
    check_all_found(shown);
    check_ordered("/.env", SITE_FOUND);
    check_ordered("/.git/config", SITE_FOUND);
    CHECK_EQUAL(outcome_of("/.env", 0, NULL), SITE_NOT_FOUND); /* nor once it was ordered */
    check_ordered("/.none", SITE_NOT_FOUND);
}

static void test_hidden_program(void)
{
    static const char *const hidden[] = {"/app.py", "/App.PY", "/app.mpy", "/app", "/sub/app.py", NULL};
    static const char *const shown[] = {"/www/app.py", "/app.pyx", "/app.html", "/my/app.py", NULL};
    begin(&plain);
    CHECK(site_mount("/", "/", &plain) && site_mount("/sub/", "/", &plain) && site_mount("/my/", "/www", &plain));
    static const char *const there[] = {"/app.py", "/App.PY", "/app.mpy", "/www/app.py", "/app.pyx", "/app.html"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]) - 1; i++) {
        put(there[i], CACHE_FILE, 1);
    }
    check_hidden(hidden);
    check_ordered("/app.py", SITE_FOUND);
    put("/app.html", CACHE_FILE, 1);
    pass(FRESH_NS);
    check_all_found(shown);
}

static void test_hidden_by_rules(void)
{
    static const char *const hidden[] = {"/a.bak",       "/x/b.BAK", "/drafts/a.html", "/drafts/", "/page",
                                         "/.htaccess/x", NULL};
    static const char *const shown[] = {"/drafts/logo.png", "/x/drafts/a.html", "/x/.htaccess",
                                        "/__pycache__/x",   "/other.html",      NULL};
    static const struct site_policy policy = {
        .rules = "show\tdrafts/logo.png\t\nshow\tx/.htaccess\t\nshow\t__pycache__\t\n"
                 "hide\t*.bak\t\nhide\t/drafts/\t\nhide\tpage.html\t\n"};
    begin(&policy);
    static const char *const there[] = {"/a.bak",       "/x/b.BAK",       "/drafts/a.html",   "/drafts/index.html",
                                        "/page.html",   "/.htaccess/x",   "/drafts/logo.png", "/x/drafts/a.html",
                                        "/x/.htaccess", "/__pycache__/x", "/other.html"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        char name[100];
        snprintf(name, sizeof(name), "/www%s", there[i]);
        put(name, CACHE_FILE, 1);
    }
    put("/www/drafts", CACHE_DIRECTORY, 0);
    check_hidden(hidden);
    check_all_found(shown);
    CHECK_EQUAL(outcome_of("/drafts", 0, NULL), SITE_NOT_FOUND);
    put("/www/page.htm", CACHE_FILE, 1); /* the next of the names that it may mean */
    begin(&policy);
    put("/www/page.html", CACHE_FILE, 1);
    put("/www/page.htm", CACHE_FILE, 1);
    check_found("/page", 0, "/www/page.htm");
}

/* A certificate's folder has its key, too, in many a place. */
static void test_secrets(void)
{
    static const char *const secret[] = {"/tls/www.pem", "/tls/privkey.PEM", "/tls/www.key",
                                         "/top.pem",     "/other.key",       NULL};
    static const char *const shown[] = {"/tls/readme.txt", "/tls/sub/a.pem", "/x.pem.txt", "/sub/www.pem", NULL};
    static const struct site_policy policy = {.rules = "show\t*\t\n"};
    begin(&policy);
    CHECK(site_mount("/", "/", &policy));
    for (int i = 0; secret[i]; i++) {
        put(secret[i], CACHE_FILE, 1);
    }
    for (int i = 0; shown[i]; i++) {
        put(shown[i], CACHE_FILE, 1);
    }
    check_all_found(secret);
    site_keep_secret("/tls/www.pem");
    site_keep_secret("/top.pem");
    begin(&policy);
    CHECK(site_mount("/", "/", &policy));
    for (int i = 0; shown[i]; i++) {
        put(secret[i], CACHE_FILE, 1);
        put(shown[i], CACHE_FILE, 1);
    }
    check_hidden(secret);
    check_all_found(shown);
    check_ordered("/tls/www.key", SITE_NOT_FOUND);
}

void test_policy(void)
{
    test_types_of_a_mount();
    test_usual_lifetimes();
    test_lifetimes_of_a_mount();
    test_hidden();
    test_hidden_program();
    test_hidden_by_rules();
    test_secrets();
}

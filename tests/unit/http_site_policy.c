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
    CHECK_EQUAL(site_find(path, (uint32_t)strlen(path), 0, SITE_ORDERED, no_host, &resource, &clients[0].waiter),
                outcome);
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

/* What it imports is not for clients either: at the top, and in its folder of libraries. */
static void test_hidden_program(void)
{
    static const char *const hidden[] = {"/app.py",          "/App.PY",     "/app.mpy",      "/app",
                                         "/sub/app.py",      "/secrets.py", "/s.MPY",        "/lib/requests/a.py",
                                         "/Lib/argparse.PY", "/libs/a.mpy", "/sub/lib/x.py", NULL};
    static const char *const shown[] = {"/www/app.py",    "/app.pyx", "/app.html",     "/downloads/a.py",
                                        "/lib/jquery.js", "/lib/py",  "/library/a.py", "/my/app.py",
                                        "/mine/show.py",  NULL};
    static const struct site_policy shows = {.rules = "show\tshow.py\t\n"};
    begin(&plain);
    CHECK(site_mount("/", "/", &plain) && site_mount("/sub/", "/", &plain) && site_mount("/my/", "/www", &plain) &&
          site_mount("/libs/", "/lib", &plain) && site_mount("/mine/", "/", &shows));
    static const char *const there[] = {"/app.py",        "/App.PY",     "/app.mpy",           "/secrets.py",
                                        "/s.MPY",         "/www/app.py", "/lib/requests/a.py", "/Lib/argparse.PY",
                                        "/lib/a.mpy",     "/lib/x.py",   "/app.pyx",           "/downloads/a.py",
                                        "/lib/jquery.js", "/lib/py",     "/library/a.py",      "/show.py"};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        put(there[i], CACHE_FILE, 1);
    }
    check_hidden(hidden);
    check_ordered("/app.py", SITE_FOUND);
    check_ordered("/secrets.py", SITE_FOUND);
    put("/app.html", CACHE_FILE, 1);
    pass(FRESH_NS);
    check_all_found(shown);
}

/* It has addresses of clients, and what they have asked for. */
static void test_hidden_log(void)
{
    static const char *const hidden[] = {"/logs/access-20261130.log",      "/Logs/access-20261130.LOG",
                                         "/logs/access-20261129.log.1.gz", "/logs/access-20261128.log-20261129",
                                         "/logs/access-20261128.log.gz",   NULL};
    static const char *const shown[] = {"/logs/access-2026113x.log",
                                        "/logs/access-.log",
                                        "/logs/access-20261130.log.d/a.txt",
                                        "/logs",
                                        "/access-20261130.log",
                                        "/logs/access-20261130.logo.png",
                                        "/mine/access-20261130.log",
                                        NULL};
    static const struct site_policy shows = {.rules = "show\taccess-*\t\n"};
    begin(&plain);
    CHECK(site_mount("/", "/", &plain) && site_mount("/mine/", "/logs", &shows));
    site_hide_log("/logs/access-%Y%m%d.log");
    for (int i = 0; hidden[i]; i++) {
        put(hidden[i], CACHE_FILE, 1);
    }
    for (int i = 0; i < 6; i++) {
        put(shown[i], CACHE_FILE, 1);
    }
    check_hidden(hidden);
    check_all_found(shown);
    check_ordered("/logs/access-20261130.log", SITE_FOUND);
    site_hide_log(NULL);
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

/* -- what goes in the place of what is not there -- */

static struct cache_waiter waiter;

static const char *page_of(const char *path, int status)
{
    struct site_resource *resource;
    uint8_t mount = site_mount_number(path, (uint32_t)strlen(path), no_host);
    enum site_outcome outcome = site_find_page(mount, status, &resource, &waiter);
    CHECK(outcome == SITE_FOUND || outcome == SITE_NOT_FOUND);
    if (outcome == SITE_NOT_FOUND) {
        return "none";
    }
    const char *name = ((struct fake_entry *)resource->file)->path; /* which stays: the site remembers it */
    site_release(resource);
    return name;
}

/* Those of the mount, else of the one around it; not of those that clients do not know. */
static void test_pages(void)
{
    static const struct site_policy internal = {.internal = true}, hides = {.rules = "hide\t404.html\t\n"};
    begin(&plain);
    CHECK(site_mount("/docs/", "/manual", &hides) && site_mount("/docs/secret/", "/secret", &internal) &&
          site_mount("/docs/old/", "/old", &plain));
    CHECK_TEXT(page_of("/", 404), "none");
    put("/www/404.html", CACHE_FILE, 1);
    put("/www/500.html", CACHE_DIRECTORY, 1);
    put("/www/503.html", CACHE_FORBIDDEN, 1);
    put("/manual/404.html", CACHE_FILE, 1);
    put("/manual/403.html", CACHE_FILE, 1);
    put("/secret/404.html", CACHE_FILE, 1);
    put("/secret/500.html", CACHE_FILE, 1);
    pass(FRESH_NS);
    CHECK_TEXT(page_of("/", 404), "/www/404.html");
    CHECK_TEXT(page_of("/some/where", 404), "/www/404.html");
    CHECK_TEXT(page_of("/docs", 404), "/www/404.html");
    CHECK_TEXT(page_of("/docs/x", 404), "/manual/404.html"); /* also where clients do not see it */
    CHECK_EQUAL(outcome_of("/docs/404.html", 0, NULL), SITE_NOT_FOUND);
    CHECK_TEXT(page_of("/docs/secret/x", 404), "/manual/404.html");
    CHECK_TEXT(page_of("/docs/old/x", 404), "/manual/404.html");
    CHECK_TEXT(page_of("/docs/old/x", 403), "/manual/403.html");
    CHECK_TEXT(page_of("/", 403), "none");
    CHECK_TEXT(page_of("/docs/secret/x", 500), "none");
    CHECK_TEXT(page_of("/", 503), "none");
    uint32_t before = looks;
    CHECK_TEXT(page_of("/docs/old/x", 404), "/manual/404.html");
    CHECK_EQUAL(looks, before); /* remembered */
    struct site_resource *resource;
    CHECK_EQUAL(site_find_page(0, 404, &resource, &waiter), SITE_NOT_FOUND);
    CHECK_EQUAL(site_find_page(200, 404, &resource, &waiter), SITE_NOT_FOUND);
    site_unmount_all();
    CHECK_EQUAL(site_mount_number("/", 1, no_host), 0);
    CHECK_EQUAL(site_find_page(1, 404, &resource, &waiter), SITE_NOT_FOUND);
}

static const char *fallback_of(const char *path, uint8_t codings)
{
    struct site_resource *resource;
    enum site_outcome outcome = site_find_fallback(site_mount_number(path, (uint32_t)strlen(path), no_host), codings,
                                                   &resource, &waiter);
    CHECK(outcome == SITE_FOUND || outcome == SITE_NOT_FOUND);
    if (outcome == SITE_NOT_FOUND) {
        return "none";
    }
    const char *name = ((struct fake_entry *)resource->file)->path;
    site_release(resource);
    return name;
}

static void test_fallback(void)
{
    static const struct site_policy app = {.precompressed = true, .rules = "fallback\tsub/app.html\n"};
    begin(&plain);
    CHECK(site_mount("/app/", "/spa", &app));
    CHECK_TEXT(fallback_of("/app/x/y", 0), "none");
    pass(FRESH_NS);
    put("/spa/sub/app.html", CACHE_FILE, 1);
    put("/spa/sub/app.html.br", CACHE_FILE, 1);
    CHECK_TEXT(fallback_of("/app/x/y", 0), "/spa/sub/app.html");
    CHECK_TEXT(fallback_of("/app/", HTTP_CODING_BROTLI), "/spa/sub/app.html.br");
    CHECK_TEXT(fallback_of("/x", 0), "none");
    CHECK_TEXT(fallback_of("/app", 0), "none");
    slow = true;
    pass(FRESH_NS);
    struct site_resource *resource;
    clients[0].waiter.ready = NULL;
    ask(&clients[0], "/none", 0); /* sets the waiter up */
    cache_cancel(&clients[0].waiter);
    CHECK_EQUAL(site_find_fallback(site_mount_number("/app/x", 6, no_host), 0, &resource, &clients[0].waiter),
                SITE_WAIT);
    answer_all();
    CHECK_EQUAL(clients[0].called, 1);
}

/* -- folders as pages -- */

static void check_folder(const char *path, const char *expected)
{
    struct site_folder folder;
    size_t length = strlen(path);
    char *copy = malloc(length);
    memcpy(copy, path, length);
    bool found = site_find_folder(copy, (uint32_t)length, no_host, &folder);
    free(copy);
    CHECK_CASE(found == (expected != NULL), path);
    if (found) {
        CHECK(folder.length == strlen(expected) && memcmp(folder.name, expected, folder.length) == 0);
    }
}

static void test_folders(void)
{
    static const struct site_policy lists = {.rules = "listing\t\nhide\tdrafts\t\n"},
                                    internal = {.internal = true, .rules = "listing\t\n"};
    begin(&plain);
    CHECK(site_mount("/files/", "/pub", &lists) && site_mount("/files/inner/", "/inner", &internal) &&
          site_mount("/top/", "/", &lists));
    check_folder("/", NULL);
    check_folder("/files/", "/pub/");
    check_folder("/files/a/b c/", "/pub/a/b c/");
    check_folder("/files/a", NULL);
    check_folder("/files/.git/", NULL);
    check_folder("/files/drafts/x/", NULL);
    check_folder("/files/inner/", NULL); /* as what lies in it */
    check_folder("/files/inner/a/", NULL);
    check_folder("/files/inne/", "/pub/inne/");
    check_folder("/top/", "/");
    check_folder("/top/www/", "/www/");
    uint8_t mount = site_mount_number("/top/", 5, no_host);
    CHECK(site_is_listed(mount, "/a", 2) && !site_is_listed(mount, "/app.py", 7) && !site_is_listed(mount, "/x/.y", 5));
    CHECK(!site_is_listed(mount, "/drafts", 7) && !site_is_listed(0, "/a", 2));
    CHECK_TEXT(site_fields(mount), "");
    static char path[HTTP_PATH_MAX];
    struct site_folder folder;
    memset(path, 'x', sizeof(path));
    memcpy(path, "/top/", 5);
    path[sizeof(path) - 1] = '/';
    CHECK(site_find_folder(path, sizeof(path), no_host, &folder) && folder.length == HTTP_PATH_MAX - 4);
    CHECK(site_mount("/top/", "/longer", &lists));
    CHECK(!site_find_folder(path, sizeof(path), no_host, &folder));
}

void test_policy(void)
{
    test_types_of_a_mount();
    test_usual_lifetimes();
    test_lifetimes_of_a_mount();
    test_hidden();
    test_hidden_program();
    test_hidden_log();
    test_hidden_by_rules();
    test_pages();
    test_fallback();
    test_folders();
    test_secrets(); /* last: that is for good */
}

/* http_site_soak.c: random files, questions, answers, times, against what the rules say. */
#include "http_site.h"

#include "http/cache/waiters.h"

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

static void change_something(void)
{
    static const char *const endings[] = {"", ".html", ".html.br", ".html.gz", "/index.html"};
    char path[64];

    snprintf(path, sizeof(path), "/www/%u%s", random_below(40), endings[random_below(5)]);
    put(path, random_below(8) ? (random_below(3) ? CACHE_FILE : CACHE_ABSENT) : (enum cache_kind)random_below(4),
        random_below(1000));
}

static void soak_step(void)
{
    struct client *client = &clients[random_below(700)];
    char path[64];

    if (client->waiter.link) {
        if (random_below(10) == 0) {
            waiters_remove(&client->waiter);
            client->called = 0;
        }
        return;
    }
    if (client->resource) {
        CHECK(client->resource->file->size == client->resource->validators.size);
        let_go(client);
        return;
    }
    snprintf(path, sizeof(path), "/%u%s", random_below(random_below(2) ? 40 : 900), random_below(3) ? "" : "/");
    ask(client, path, (uint8_t)random_below(4));
}

void test_soak(void)
{
    begin(&compressed);
    for (uint32_t i = 0; i < 100000; i++) {
        if (i % 10000 == 0) {
            slow = random_below(4) != 0;
            away = random_below(4) == 0;
            if (random_below(3) == 0) {
                site_unmount_all();
                CHECK(site_mount("/", "/www", random_below(2) ? &compressed : &plain));
            }
        }
        soak_step();
        switch (random_below(10)) {
        case 0: change_something(); break;
        case 1:
        case 2:
        case 3: answer_one(random_below(4)); break;
        case 4: pass(random_below(100) ? S / 10 : FRESH_NS); break;
        }
    }
    slow = away = false;
    for (uint32_t round = 0; round < 100; round++) {
        answer_all();
        pass(S);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CHECK(!clients[i].waiter.link); /* nobody was forgotten */
        if (clients[i].resource) {
            let_go(&clients[i]);
        }
    }
}

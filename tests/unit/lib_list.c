/* tests/unit/lib_list.c: lists (lib/list.h), case by case and against an array. */
#include "lib/list.h"

#include <stdint.h>
#include "tests/unit/check.h"

#define THINGS 12
#define STEPS 200000

struct thing {
    uint32_t number;
    struct list_link link, other;
};

static struct thing things[THINGS];
static struct list list;

static uint32_t number_of(const struct list_link *link)
{
    return LIST_ITEM(struct thing, link, link)->number;
}

/* Forwards and backwards. */
static void check(const uint32_t *numbers, uint32_t count)
{
    uint32_t seen = 0;

    CHECK_EQUAL(list_is_empty(&list), count == 0);
    for (struct list_link *link = list_first(&list); link; link = list_next(&list, link)) {
        CHECK(seen < count && list_has(link));
        CHECK_EQUAL(number_of(link), numbers[seen++]);
    }
    CHECK_EQUAL(seen, count);
    for (struct list_link *link = list_last(&list); link; link = list_previous(&list, link)) {
        CHECK(seen > 0);
        CHECK_EQUAL(number_of(link), numbers[--seen]);
    }
    CHECK_EQUAL(seen, 0);
}

static void begin(void)
{
    list_init(&list);
    for (uint32_t i = 0; i < THINGS; i++) {
        things[i] = (struct thing){.number = i};
    }
}

static void test_empty(void)
{
    begin();
    check(NULL, 0);
    CHECK(!list_first(&list) && !list_last(&list) && !list_take_first(&list));
    list_remove(&things[0].link);
    CHECK(!list_has(&things[0].link));
    check(NULL, 0);
}

static void test_ends(void)
{
    begin();
    list_add_last(&list, &things[1].link);
    list_add_last(&list, &things[2].link);
    list_add_first(&list, &things[0].link);
    check((uint32_t[]){0, 1, 2}, 3);
    list_add_after(&things[1].link, &things[3].link);
    list_add_after(&things[2].link, &things[4].link);
    check((uint32_t[]){0, 1, 3, 2, 4}, 5);
    CHECK(list_take_first(&list) == &things[0].link && !list_has(&things[0].link));
    list_remove(&things[4].link);
    list_remove(&things[4].link);
    check((uint32_t[]){1, 3, 2}, 3);
}

static void test_order_of_use(void)
{
    begin();
    for (uint32_t i = 0; i < 4; i++) {
        list_move_last(&list, &things[i].link); /* also what is in no list */
    }
    list_move_last(&list, &things[1].link);
    list_move_last(&list, &things[3].link);
    list_move_last(&list, &things[3].link);
    check((uint32_t[]){0, 2, 1, 3}, 4);
}

static void test_two_lists(void)
{
    static struct list second;

    begin();
    list_init(&second);
    list_add_last(&list, &things[5].link);
    list_add_last(&second, &things[5].other);
    CHECK(LIST_ITEM(struct thing, other, list_first(&second)) == &things[5]);
    list_remove(&things[5].link);
    CHECK(list_first(&second) == &things[5].other && list_is_empty(&list));
}

static void test_leaving_on_the_way(void)
{
    struct list_link *next;

    begin();
    for (uint32_t i = 0; i < 6; i++) {
        list_add_last(&list, &things[i].link);
    }
    for (struct list_link *link = list_first(&list); link; link = next) {
        next = list_next(&list, link);
        if (number_of(link) % 2 == 0) {
            list_remove(link);
        }
    }
    check((uint32_t[]){1, 3, 5}, 3);
}

/* -- against an array -- */

static uint32_t model[THINGS], model_count;

static uint32_t place_of(uint32_t number)
{
    uint32_t at = 0;
    while (at < model_count && model[at] != number) {
        at++;
    }
    return at;
}

static void model_remove(uint32_t number)
{
    uint32_t at = place_of(number);
    if (at < model_count) {
        model_count--;
        memmove(&model[at], &model[at + 1], (model_count - at) * sizeof(model[0]));
    }
}

static void model_insert(uint32_t at, uint32_t number)
{
    memmove(&model[at + 1], &model[at], (model_count - at) * sizeof(model[0]));
    model[at] = number;
    model_count++;
}

static void step(uint32_t action, uint32_t number, uint32_t after)
{
    struct list_link *link = &things[number].link;
    bool in = list_has(link);

    CHECK_EQUAL(in, place_of(number) < model_count);
    if (action == 0) {
        list_remove(link);
        model_remove(number);
    } else if (action == 1) {
        list_move_last(&list, link);
        model_remove(number);
        model_insert(model_count, number);
    } else if (action == 2) {
        CHECK(!list_take_first(&list) == (model_count == 0));
        if (model_count > 0) {
            model_remove(model[0]);
        }
    } else if (!in && list_has(&things[after].link)) {
        list_add_after(&things[after].link, link);
        model_insert(place_of(after) + 1, number);
    } else if (!in) {
        list_add_first(&list, link);
        model_insert(0, number);
    }
}

static void test_against_an_array(void)
{
    uint32_t random = 1;

    begin();
    for (uint32_t i = 0; i < STEPS; i++) {
        random = random * 1664525u + 1013904223u;
        step((random >> 28) % 5, (random >> 20) % THINGS, (random >> 12) % THINGS);
        check(model, model_count);
    }
}

int main(void)
{
    test_empty();
    test_ends();
    test_order_of_use();
    test_two_lists();
    test_leaving_on_the_way();
    test_against_an_array();
    return 0;
}

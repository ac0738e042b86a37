/* tests/unit/tls_heap.c: tls/heap.c, any sizes in any order: no piece touches another, nothing is lost, accounts hold. */
#include "tls/heap.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define HEAP (1u << 20)
#define PIECES 600

static _Alignas(16) uint8_t memory[HEAP];
static const struct region region = {memory, HEAP, 0};

static struct {
    uint8_t *at;
    size_t size;
    uint8_t with;
    int whose;
} pieces[PIECES];
static struct tls_heap_account accounts[3];

static void fill(int n)
{
    memset(pieces[n].at, pieces[n].with, pieces[n].size);
}

static void check(int n)
{
    for (size_t i = 0; i < pieces[n].size; i++) {
        CHECK(pieces[n].at[i] == pieces[n].with);
    }
}

static size_t any_size(void)
{
    int kind = rand() % 10;
    return kind < 7 ? (size_t)rand() % 200 : kind < 9 ? (size_t)rand() % 5000 : (size_t)rand() % 40000;
}

static void take(int n)
{
    pieces[n].whose = rand() % 3;
    pieces[n].size = any_size();
    pieces[n].with = (uint8_t)rand();
    tls_heap_charge(&accounts[pieces[n].whose]);
    pieces[n].at = tls_heap_take(pieces[n].size);
    tls_heap_charge(NULL);
    if (pieces[n].at) {
        CHECK((uintptr_t)pieces[n].at % 16 == 0 && pieces[n].at >= memory &&
              pieces[n].at + pieces[n].size <= memory + HEAP);
        fill(n);
    }
}

static void give_back(int n)
{
    check(n);
    tls_heap_give_back(pieces[n].at);
    pieces[n].at = NULL;
}

static void change(int n)
{
    size_t size = any_size(), kept = size < pieces[n].size ? size : pieces[n].size;
    tls_heap_charge(&accounts[pieces[n].whose]);
    uint8_t *fresh = tls_heap_again(pieces[n].at, size);
    tls_heap_charge(NULL);
    if (fresh) {
        pieces[n].at = fresh;
        pieces[n].size = kept;
        check(n);
        pieces[n].size = size;
        fill(n);
    }
}

static void test_any_order(void)
{
    for (int step = 0; step < 300000; step++) {
        int n = rand() % PIECES;
        if (!pieces[n].at) {
            take(n);
        } else if (rand() % 4 == 0) {
            change(n);
        } else {
            give_back(n);
        }
        size_t sum = accounts[0].used + accounts[1].used + accounts[2].used;
        CHECK(sum == tls_heap_used() && tls_heap_used() <= HEAP);
    }
    for (int n = 0; n < PIECES; n++) {
        if (pieces[n].at) {
            give_back(n);
        }
    }
    CHECK_EQUAL(tls_heap_used(), 0);
    CHECK(accounts[0].used == 0 && accounts[1].used == 0 && accounts[2].used == 0);
    void *all = tls_heap_take(HEAP / 8 * 7); /* it is one block again */
    CHECK(all != NULL && tls_heap_most() >= HEAP / 8 * 7);
    tls_heap_give_back(all);
}

/* What was given back is not there any more to be read. */
static void test_wiped(void)
{
    uint8_t *piece = tls_heap_take(1000);
    memset(piece, 0x5a, 1000);
    tls_heap_give_back(piece);
    for (int i = 32; i < 1000; i++) { /* the list's links lie before */
        CHECK(piece[i] == 0);
    }
}

static void test_limits(void)
{
    struct tls_heap_account small = {.limit = 1000};
    tls_heap_charge(&small);
    void *one = tls_heap_take(500);
    CHECK(one && !tls_heap_take(500) && !tls_heap_take(SIZE_MAX) && !tls_heap_take(SIZE_MAX / 2 + 1));
    CHECK(small.used >= 500 && small.most == small.used);
    tls_heap_charge(NULL);
    CHECK(!tls_heap_take(HEAP) && tls_heap_take(500));
    CHECK(!tls_heap_again(one, HEAP));
    tls_heap_give_back(one);
    CHECK_EQUAL(small.used, 0);
    tls_heap_give_back(NULL);
}

#define PIECE 1024 /* bytes, with its head */

static void check_near(size_t is, size_t wanted)
{
    CHECK(is < wanted + 2 * PIECE && is + 2 * PIECE > wanted);
}

/* Until there is none: how many bytes. */
static size_t take_all(struct tls_heap_account *account, void **last)
{
    size_t bytes = 0;
    void *piece;
    tls_heap_charge(account);
    while ((piece = tls_heap_take(PIECE - 16)) != NULL) {
        *(void **)piece = *last;
        *last = piece;
        bytes += PIECE;
    }
    return bytes;
}

static void give_all_back(void *last)
{
    while (last) {
        void *next = *(void **)last;
        tls_heap_give_back(last);
        last = next;
    }
}

/* What is an account's own nobody else can take, whatever others do; what one has beyond its own it may have while it is
 * charged, and longer if it is there in common. */
static void test_own(void)
{
    struct tls_heap_account first = {.own = 200000, .limit = 300000}, second = {.own = 200000, .limit = 300000};
    void *of_nobody = NULL, *of_first = NULL, *of_second = NULL, *more = NULL;
    tls_heap_init(&region, 400000, 100000);
    size_t common = HEAP - 500000;
    check_near(take_all(NULL, &of_nobody), common);
    check_near(take_all(&first, &of_first), 300000);
    CHECK(!tls_heap_charge(NULL)); /* nothing is left in common */
    give_all_back(of_first);
    CHECK(first.used == 0 && tls_heap_charge(&second));
    check_near(take_all(&second, &of_second), 300000);
    give_all_back(of_second);
    give_all_back(of_nobody);
    CHECK(tls_heap_charge(NULL) && tls_heap_used() == 0);
    of_nobody = of_first = of_second = NULL;
    check_near(take_all(&first, &of_first), 300000);
    CHECK(tls_heap_charge(NULL)); /* it keeps what it has, which others now lack, */
    check_near(take_all(NULL, &of_nobody), common - 100000);
    check_near(take_all(&second, &of_second), 300000); /* but not of their own, nor of a step */
    CHECK(!tls_heap_charge(NULL));
    give_all_back(of_second);
    give_all_back(of_first); /* that is charged to nobody: common has it again */
    check_near(take_all(NULL, &more), 100000);
    give_all_back(more);
    give_all_back(of_nobody);
    CHECK(tls_heap_used() == 0 && tls_heap_charge(NULL));
}

int main(void)
{
    tls_heap_init(&region, 0, 0);
    test_any_order();
    test_wiped();
    test_limits();
    test_own();
    return 0;
}

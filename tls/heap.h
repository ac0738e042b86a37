/* tls/heap.h: the memory of all handshakes: each has a bounded part of it, and gives all of that back.
 *
 * AWS-LC makes some 200 small pieces for one handshake, and frees them in any order, of TLS_SLOTS handshakes at a time.
 * Here taking and giving back cost the same however many pieces there are, and neighbours that are free become one.
 *
 * An account has `own` bytes that no other one can take. Beyond that the one that is charged now has the reserve, so that
 * a step of it may take much for a moment; all that the others, and nobody, have beyond their own is common, and bounded.
 */
#ifndef TLS_HEAP_H
#define TLS_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/region.h"

/* Whose a piece is: what it was when it was taken, whoever gives it back. */
struct tls_heap_account {
    size_t used, most; /* bytes, with heads */
    size_t limit;      /* 0: none but the heap's end */
    size_t own;
};

/* own: of all accounts together. What is neither that nor the reserve is common. */
void tls_heap_init(const struct region *region, size_t own, size_t reserve);

/* What is taken from now on is this one's; NULL: nobody's. False: what was charged until now has more beyond its own than
 * is left in common, and has to give it back. */
bool tls_heap_charge(struct tls_heap_account *account);

/* As malloc, realloc and free. NULL: the account or the heap is at its end, and nothing has changed. */
void *tls_heap_take(size_t size);
void *tls_heap_again(void *piece, size_t size);
void tls_heap_give_back(void *piece);

size_t tls_heap_used(void); /* bytes in all, with heads */
size_t tls_heap_most(void);
size_t tls_heap_common_left(void);

#endif

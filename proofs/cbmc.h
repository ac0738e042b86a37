/* proofs/cbmc.h: the words of a proof. CBMC takes every value that nobody gives for any value at all. */
#ifndef PROOFS_CBMC_H
#define PROOFS_CBMC_H

#include <stdbool.h>
#include <stdint.h>

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition) __CPROVER_assert(condition, #condition)
/* Any bytes in an object, or in all that malloc() gave. */
#define ANYTHING(object) __CPROVER_havoc_object(object)
/* Something that must be possible: an assumption that rules everything out would prove anything. Its proof is asked for
 * with REACH defined, and must fail then. */
#ifdef REACH
#define POSSIBLE(n) __CPROVER_assert((n) != REACH, "possible")
#else
#define POSSIBLE(n) (void)(n)
#endif

/* Any value. CBMC gives one to a function without a body. */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

#endif

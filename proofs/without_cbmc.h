/* proofs/without_cbmc.h: CBMC's own words for any other reader of a proof (make lint). */
#ifndef PROOFS_WITHOUT_CBMC_H
#define PROOFS_WITHOUT_CBMC_H

#include <stdlib.h>

void nondet_object(void *object);

#define __CPROVER_assume(condition) ((condition) ? (void)0 : abort())
#define __CPROVER_assert(condition, text) ((condition) ? (void)0 : abort())
#define __CPROVER_havoc_object(object) nondet_object(object)
#define __CPROVER_rw_ok(at, length) ((at) != NULL)

#endif

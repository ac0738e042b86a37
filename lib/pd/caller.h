/* lib/pd/caller.h: who waits for an answer when its server begins anew: one of two files, by SDK (lib/lib.mk). */
#ifndef LIB_PD_CALLER_H
#define LIB_PD_CALLER_H

/* At a restart, when memory is as new. */
void pd_answer_caller(void);

#endif

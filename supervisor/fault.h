/* supervisor/fault.h: what a fault's message says, on every SDK. */
#ifndef SUPERVISOR_FAULT_H
#define SUPERVISOR_FAULT_H

#include "lib/pd.h"
#include "supervisor/proto.h"

#define FAULT_CAUSE_MAX 80

/* Fills in label, pc, address, esr and callers. Returns the image's build; 0: the kernel does not tell. */
uint64_t fault_read(microkit_msginfo info, struct supervisor_record *record);

/* Before the first message: none is there. */
void fault_forget(void);

/* As our kernel says it where a PD has no parent. */
void fault_cause(const struct supervisor_record *record, char cause[FAULT_CAUSE_MAX]);

#endif

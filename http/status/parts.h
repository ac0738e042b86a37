/* http/status/parts.h: what the supervisor has noted of each part of the system. */
#ifndef HTTP_STATUS_PARTS_H
#define HTTP_STATUS_PARTS_H

#include <stdbool.h>
#include "http/status/config.h"

/* Reads what is new, and asks how busy each is. */
void status_parts_read(void);
/* The last death; deaths 0: there was none. */
const struct supervisor_record *status_parts_last(uint32_t part);
/* It has died and its pause is not over. */
bool status_parts_dead(uint32_t part, uint64_t now_ns);

/* Whether it is counted how busy it is: not where the kernel does not, nor of the supervisor itself. */
bool status_parts_cpu_is_known(uint32_t part);
/* For so long it has had the CPU, since reset. */
uint64_t status_parts_cpu_us(uint32_t part);

/* Whether the counter, by its number in status_config, is one of this part's; and what it says, which may be anything. */
bool status_parts_has(uint32_t part, uint32_t counter);
uint64_t status_parts_count(uint32_t part, uint32_t counter);

#endif

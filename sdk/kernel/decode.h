/* decode.h: from the numbers that a PD passes to what they mean, or to a refusal.
 *
 * Decoding checks everything and touches nothing; what it returns can be committed without another look. The only
 * way from a number to an object is the PD's own tables. Pure: also built for the host (tests/unit).
 */
#ifndef KERNEL_DECODE_H
#define KERNEL_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/abi/system.h"

/* The channel of that number, if the PD has it and it allows `right`; NULL otherwise. */
const struct abi_channel *decode_channel(const struct abi_pd *pd, uint64_t number, enum abi_channel_flags right);

/* The index of the PD that is child `number`; ABI_NONE if there is no such child. */
uint8_t decode_child(const struct abi_pd *pd, uint64_t number);

/* A message info with nothing in it that the kernel would not pass on: count at most ABI_MESSAGE_WORDS. */
uint64_t decode_info(uint64_t info);

/* The kernel's tables are what the image tool may write: every index in range, every peer's number as well. The
 * decode functions rely on it; checked once at boot. `intids` is how many the interrupt controller has. */
bool decode_system_valid(const struct abi_system *system, unsigned intids);

#endif

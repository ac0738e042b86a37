/* message.h: the words of a message, between IPC buffers. */
#ifndef KERNEL_MESSAGE_H
#define KERNEL_MESSAGE_H

#include <stdint.h>

#include "sdk/abi/syscall.h"

static inline uint64_t message_info(uint64_t label, uint64_t count)
{
    return label << ABI_MESSAGE_LABEL_SHIFT | count;
}

static inline uint64_t message_count(uint64_t info)
{
    return info & ABI_MESSAGE_COUNT_MASK;
}

static inline uint64_t message_label(uint64_t info)
{
    return info >> ABI_MESSAGE_LABEL_SHIFT;
}

/* `info` has been through decode_info(). */
static inline void message_copy(struct abi_message *to, const struct abi_message *from, uint64_t info)
{
    for (uint64_t n = 0; n < message_count(info); n++) {
        to->words[n] = from->words[n];
    }
}

#endif

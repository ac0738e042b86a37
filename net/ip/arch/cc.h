/* net/ip/arch/cc.h: lwIP's view of compiler, C library and board. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* lwIP would define ssize_t itself where this is missing. */
#ifndef SSIZE_MAX
#define SSIZE_MAX __LONG_MAX__
#endif

#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_ntohs(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)
#define lwip_ntohl(x) __builtin_bswap32(x)

uint32_t random_word(void);
#define LWIP_RAND() random_word()

_Noreturn void ip_assertion_failed(const char *what);
#define LWIP_PLATFORM_DIAG(words) ((void)0)
#define LWIP_PLATFORM_ASSERT(what) ip_assertion_failed(what)

void *ip_memory_take(size_t size);
void *ip_memory_take_zeroed(size_t count, size_t size);
void ip_memory_give(void *memory);

#endif

/* lib/rare.h: RARE, before a function that is mostly not called, by one that is called often: it is not made a part of that
 * one, and saves all registers itself (where the compiler can), so that its caller saves none for it.
 */
#ifndef LIB_RARE_H
#define LIB_RARE_H

#if __has_attribute(preserve_most) && defined(__aarch64__)
#define RARE __attribute__((noinline, preserve_most))
#else
#define RARE __attribute__((noinline))
#endif

#endif

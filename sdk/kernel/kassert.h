/* kassert.h: the kernel's own invariants, checked in every build. A PD cannot make one fail; if one does, nothing can
 * be trusted any more: it is printed and the machine stops. */
#ifndef KERNEL_KASSERT_H
#define KERNEL_KASSERT_H

#define kassert(condition)                                  \
    do {                                                    \
        if (__builtin_expect(!(condition), 0)) {            \
            kassert_failed(__FILE__, __LINE__, #condition); \
        }                                                   \
    } while (0)

_Noreturn void kassert_failed(const char *file, int line, const char *what);

#endif

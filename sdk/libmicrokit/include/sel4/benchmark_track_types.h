/* sel4/benchmark_track_types.h: the entries of seL4's log of kernel entries, by its names. This kernel keeps no such log
 * in any configuration (CONFIG_BENCHMARK_TRACK_KERNEL_ENTRIES is not defined), so programs that read one compile, and find
 * none. */
#ifndef SEL4_BENCHMARK_TRACK_TYPES_H
#define SEL4_BENCHMARK_TRACK_TYPES_H

#include <stdint.h>
#include <sel4/sel4.h>

typedef enum {
    Entry_Interrupt,
    Entry_UnknownSyscall,
    Entry_UserLevelFault,
    Entry_DebugFault,
    Entry_VMFault,
    Entry_Syscall,
    Entry_UnimplementedDevice,
    Entry_VCPUFault,
} entry_type_t;

typedef struct {
    uint32_t path : 3;
    union {
        struct {
            uint32_t core : 3;
            uint32_t word : 26;
        };
        struct {
            uint32_t syscall_no : 4;
            uint32_t cap_type : 5;
            uint32_t is_fastpath : 1;
            uint32_t invocation_tag : 19;
        };
    };
} kernel_entry_t;

typedef struct {
    uint64_t start_time;
    uint32_t duration;
    kernel_entry_t entry;
} benchmark_track_kernel_entry_t;

#endif

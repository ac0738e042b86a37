/* sel4/sel4.h: the types and helpers with seL4's names that Microkit programs use. Nothing of this system calls seL4;
 * the names and values are those of libsel4 for AArch64 with MCS. */
#ifndef SEL4_SEL4_H
#define SEL4_SEL4_H

#include <stdint.h>
#include <kernel/gen_config.h>

typedef unsigned long seL4_Word;
typedef seL4_Word seL4_CPtr;
typedef signed char seL4_Int8;
typedef unsigned char seL4_Uint8;
typedef unsigned short seL4_Uint16;
typedef unsigned int seL4_Uint32;
typedef unsigned long seL4_Uint64;
typedef seL4_Int8 seL4_Bool;

#define seL4_True 1
#define seL4_False 0
#define seL4_Null 0ul

typedef enum {
    seL4_NoError,
    seL4_InvalidArgument,
    seL4_InvalidCapability,
    seL4_IllegalOperation,
    seL4_RangeError,
    seL4_AlignmentError,
    seL4_FailedLookup,
    seL4_TruncatedMessage,
    seL4_DeleteFirst,
    seL4_RevokeFirst,
    seL4_NotEnoughMemory,
} seL4_Error;

typedef struct {
    seL4_Word x0, x1, x2, x3, x4, x5, x6, x7;
} seL4_ARM_SMCContext;

/* Faults: the label of the message that fault() gets, and the meaning of its words. */
enum {
    seL4_Fault_NullFault = 0,
    seL4_Fault_CapFault = 1,
    seL4_Fault_UnknownSyscall = 2,
    seL4_Fault_UserException = 3,
    seL4_Fault_Timeout = 5,
    seL4_Fault_VMFault = 6,
    seL4_Fault_VCPUFault = 8, /* any other exception: seL4 on this board is a hypervisor, which calls it so */
};

/* No fault of a capability is ever sent: there are none. */
enum {
    seL4_CapFault_IP,
    seL4_CapFault_Addr,
    seL4_CapFault_InRecvPhase,
    seL4_CapFault_LookupFailureType,
    seL4_CapFault_BitsLeft,
    seL4_CapFault_DepthMismatch_BitsFound,
    seL4_CapFault_GuardMismatch_GuardFound = seL4_CapFault_DepthMismatch_BitsFound,
    seL4_CapFault_GuardMismatch_BitsFound,
};

enum { seL4_Timeout_Data, seL4_Timeout_Consumed, seL4_Timeout_Length };

enum { seL4_VCPUFault_HSR, seL4_VCPUFault_Length };

enum { seL4_VMFault_IP, seL4_VMFault_Addr, seL4_VMFault_PrefetchFault, seL4_VMFault_FSR, seL4_VMFault_Length };

enum {
    seL4_UserException_FaultIP,
    seL4_UserException_SP,
    seL4_UserException_SPSR,
    seL4_UserException_Number,
    seL4_UserException_Code,
    seL4_UserException_Length,
};

enum {
    seL4_UnknownSyscall_X0,
    seL4_UnknownSyscall_X1,
    seL4_UnknownSyscall_X2,
    seL4_UnknownSyscall_X3,
    seL4_UnknownSyscall_X4,
    seL4_UnknownSyscall_X5,
    seL4_UnknownSyscall_X6,
    seL4_UnknownSyscall_X7,
    seL4_UnknownSyscall_FaultIP,
    seL4_UnknownSyscall_SP,
    seL4_UnknownSyscall_LR,
    seL4_UnknownSyscall_SPSR,
    seL4_UnknownSyscall_Syscall,
    seL4_UnknownSyscall_Length,
};

/* Message info: label in bits 63:12, number of words in bits 6:0. */
typedef struct {
    seL4_Word words[1];
} seL4_MessageInfo_t;

enum { seL4_MsgMaxLength = 120 };

static inline seL4_MessageInfo_t seL4_MessageInfo_new(seL4_Word label, seL4_Word caps_unwrapped, seL4_Word extra_caps,
                                                      seL4_Word length)
{
    return (seL4_MessageInfo_t){{label << 12 | (caps_unwrapped & 7) << 9 | (extra_caps & 3) << 7 | (length & 0x7f)}};
}

static inline seL4_Word seL4_MessageInfo_get_label(seL4_MessageInfo_t info)
{
    return info.words[0] >> 12;
}

static inline seL4_Word seL4_MessageInfo_get_length(seL4_MessageInfo_t info)
{
    return info.words[0] & 0x7f;
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_label(seL4_MessageInfo_t info, seL4_Word label)
{
    return (seL4_MessageInfo_t){{label << 12 | (info.words[0] & 0xfff)}};
}

static inline seL4_MessageInfo_t seL4_MessageInfo_set_length(seL4_MessageInfo_t info, seL4_Word length)
{
    return (seL4_MessageInfo_t){{(info.words[0] & ~0x7ful) | (length & 0x7f)}};
}

/* The IPC buffer: the words of the message that a PD sends or has received. */
typedef struct {
    seL4_Word msg[seL4_MsgMaxLength];
} seL4_IPCBuffer;

extern seL4_IPCBuffer *const __sel4_ipc_buffer;

static inline seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return __sel4_ipc_buffer;
}

static inline seL4_Word seL4_GetMR(int i)
{
    return __sel4_ipc_buffer->msg[i];
}

static inline void seL4_SetMR(int i, seL4_Word value)
{
    __sel4_ipc_buffer->msg[i] = value;
}

#include <sel4/syscalls.h>

/* Caches, by address. With seL4 these are system calls on the PD's own address space (capability 3 in Microkit); here
 * user level may do it itself, so `vspace` is ignored. The range must be mapped and readable, else the PD faults. */
#define SEL4_CACHE_LINE 64ul

#define SEL4_EACH_LINE(operation, start, end)                                                            \
    do {                                                                                                 \
        for (seL4_Word line = (start) & ~(SEL4_CACHE_LINE - 1); line < (end); line += SEL4_CACHE_LINE) { \
            __asm__ volatile(operation ", %0" : : "r"(line) : "memory");                                 \
        }                                                                                                \
        __asm__ volatile("dsb sy" : : : "memory");                                                       \
    } while (0)

static inline seL4_Error seL4_ARM_VSpace_Clean_Data(seL4_CPtr vspace, seL4_Word start, seL4_Word end)
{
    (void)vspace;
    SEL4_EACH_LINE("dc cvac", start, end);
    return seL4_NoError;
}

static inline seL4_Error seL4_ARM_VSpace_CleanInvalidate_Data(seL4_CPtr vspace, seL4_Word start, seL4_Word end)
{
    (void)vspace;
    SEL4_EACH_LINE("dc civac", start, end);
    return seL4_NoError;
}

/* User level cannot invalidate without cleaning. Lines that the PD has written are written back, so it must not write
 * where a device does. */
static inline seL4_Error seL4_ARM_VSpace_Invalidate_Data(seL4_CPtr vspace, seL4_Word start, seL4_Word end)
{
    return seL4_ARM_VSpace_CleanInvalidate_Data(vspace, start, end);
}

static inline seL4_Error seL4_ARM_VSpace_Unify_Instruction(seL4_CPtr vspace, seL4_Word start, seL4_Word end)
{
    (void)vspace;
    SEL4_EACH_LINE("dc cvau", start, end);
    SEL4_EACH_LINE("ic ivau", start, end);
    __asm__ volatile("isb" : : : "memory");
    return seL4_NoError;
}

#endif

/* names.c: every name of microkit.h, with its type. It is compiled, never run: another signature is an error, since the
 * table takes no other. Functions of later releases are asked for where the header says that it has them.
 */
#include <microkit.h>

#define SAME(a, b) _Static_assert(__builtin_types_compatible_p(__typeof__(a), b), #a " is no " #b)
#define TAKES(function, result, ...) result (*const uses_##function)(__VA_ARGS__) = function

TAKES(microkit_dbg_putc, void, int);
TAKES(microkit_dbg_puts, void, const char *);
TAKES(microkit_internal_crash, void, seL4_Error);
TAKES(microkit_notify, void, microkit_channel);
TAKES(microkit_irq_ack, void, microkit_channel);
TAKES(microkit_deferred_notify, void, microkit_channel);
TAKES(microkit_deferred_irq_ack, void, microkit_channel);
TAKES(microkit_pd_restart, void, microkit_child, seL4_Word);
TAKES(microkit_pd_stop, void, microkit_child);
TAKES(microkit_ppcall, microkit_msginfo, microkit_channel, microkit_msginfo);
TAKES(microkit_msginfo_new, microkit_msginfo, seL4_Word, seL4_Uint16);
TAKES(microkit_msginfo_get_label, seL4_Word, microkit_msginfo);
TAKES(microkit_msginfo_get_count, seL4_Word, microkit_msginfo);
TAKES(microkit_mr_set, void, seL4_Uint8, seL4_Word);
TAKES(microkit_mr_get, seL4_Word, seL4_Uint8);
#ifdef MICROKIT_MAX_CHANNEL_ID /* 2.0 */
TAKES(microkit_dbg_put8, void, seL4_Uint8);
TAKES(microkit_dbg_put32, void, seL4_Uint32);
SAME(microkit_name, char[MICROKIT_PD_NAME_LENGTH]);
SAME(microkit_irqs, seL4_Word);
SAME(microkit_notifications, seL4_Word);
SAME(microkit_pps, seL4_Word);
_Static_assert(MICROKIT_MAX_CHANNEL_ID == 61 && MICROKIT_PD_NAME_LENGTH == 64, "limits");
#endif
_Static_assert(MICROKIT_MAX_CHANNELS == 62, "limits");
#if defined(BASE_USER_CAPS) || defined(MICROKIT_NO_REPLY) /* 2.3, and ours */
TAKES(microkit_pd_resume, void, microkit_child);
#endif

SAME(microkit_have_signal, seL4_Bool);
SAME(microkit_signal_cap, seL4_CPtr);
SAME(microkit_signal_msg, seL4_MessageInfo_t);

SAME(microkit_channel, unsigned int);
SAME(microkit_child, unsigned int);
SAME(microkit_msginfo, seL4_MessageInfo_t);

/* The few names of seL4 that the examples use, and their neighbours. */
TAKES(seL4_MessageInfo_new, seL4_MessageInfo_t, seL4_Uint64, seL4_Uint64, seL4_Uint64, seL4_Uint64);
TAKES(seL4_MessageInfo_get_label, seL4_Uint64, seL4_MessageInfo_t);
TAKES(seL4_MessageInfo_get_length, seL4_Uint64, seL4_MessageInfo_t);
TAKES(seL4_GetMR, seL4_Word, int);
TAKES(seL4_SetMR, void, int, seL4_Word);
#define RANGE seL4_CPtr, seL4_Word, seL4_Word
TAKES(seL4_ARM_VSpace_Clean_Data, seL4_Error, RANGE);
TAKES(seL4_ARM_VSpace_Invalidate_Data, seL4_Error, RANGE);
TAKES(seL4_ARM_VSpace_CleanInvalidate_Data, seL4_Error, RANGE);
TAKES(seL4_ARM_VSpace_Unify_Instruction, seL4_Error, RANGE);
_Static_assert(sizeof(seL4_Word) == 8 && sizeof(seL4_Bool) == 1 && seL4_True == 1 && seL4_False == 0, "types");
_Static_assert(seL4_Fault_VMFault == 6 && seL4_VMFault_Addr == 1 && seL4_MsgMaxLength == 120, "faults");

/* The program's own side. */
void init(void) {}

void notified(microkit_channel ch) {}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    return msginfo;
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    *reply_msginfo = msginfo;
    return seL4_True;
}

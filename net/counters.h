/* net/counters.h: what the parts of the network service count (lib/counters.h). */
#ifndef NET_COUNTERS_H
#define NET_COUNTERS_H

#include "lib/counters.h"

/* Whichever the device: a large segment that the device cuts is one frame. */
#define NET_DRIVER_COUNTERS(ONE, OF)                                             \
    ONE(frames_received, COUNTER, "Frames from the device, for whoever it is")   \
    ONE(bytes_received, COUNTER, "Bytes of frames from the device")              \
    ONE(frames_sent, COUNTER, "Frames that the device was given to send")        \
    ONE(bytes_sent, COUNTER, "Bytes of frames that the device was given")        \
    OF(dropped, bad, COUNTER, "Received frames that were thrown away, by why")   \
    OF(dropped, no_room, COUNTER, "")                                            \
    OF(dropped, overflow, COUNTER, "")                                           \
    OF(lost, bad, COUNTER, "Frames to send of which the device says so, by why") \
    OF(lost, underrun, COUNTER, "")                                              \
    OF(lost, reset, COUNTER, "")                                                 \
    ONE(resets, COUNTER, "Resets of a device that had stopped")

#define NET_VIRT_RX_COUNTERS(ONE, OF)                                              \
    OF(dropped, no_buffer, COUNTER, "Received frames that nobody got, by why")     \
    OF(dropped, no_room, COUNTER, "")                                              \
    OF(dropped, absent, COUNTER, "")                                               \
    OF(dropped, unclaimed, COUNTER, "")                                            \
    OF(nonsense, client, COUNTER, "Descriptors that cannot be, by whose they are") \
    OF(nonsense, driver, COUNTER, "")

#define NET_VIRT_TX_COUNTERS(ONE, OF)                                                \
    ONE(refused, COUNTER, "Frames of clients that may not leave")                    \
    ONE(waits, COUNTER, "Times that clients had to wait, since the device was full") \
    ONE(unheard, COUNTER, "Frames whose return a client had no room to hear of")     \
    ONE(nonsense, COUNTER, "Frames that the driver returned and had not")

COUNTERS(net_driver, NET_DRIVER_COUNTERS)
COUNTERS(net_virt_rx, NET_VIRT_RX_COUNTERS)
COUNTERS(net_virt_tx, NET_VIRT_TX_COUNTERS)

#endif

/* tls/counters.h: what PD tls counts (lib/counters.h). */
#ifndef TLS_COUNTERS_H
#define TLS_COUNTERS_H

#include "lib/counters.h"

#define TLS_COUNTERS(ONE, OF)                                                           \
    OF(handshakes, full, COUNTER, "Handshakes that have ended, by how")                 \
    OF(handshakes, resumed, COUNTER, "")                                                \
    OF(handshakes, failed, COUNTER, "")                                                 \
    OF(handshakes, left, COUNTER, "")                                                   \
    ONE(handshakes_under_way, GAUGE, "Handshakes that have begun and not ended")        \
    ONE(queue, GAUGE, "Handshakes for which there is something to do, or was just now") \
    ONE(heap_bytes, GAUGE, "Memory that the handshakes have")

COUNTERS(tls, TLS_COUNTERS)

#endif

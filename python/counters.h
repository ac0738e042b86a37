/* python/counters.h: what a PD that runs Python counts (lib/counters.h). */
#ifndef PYTHON_COUNTERS_H
#define PYTHON_COUNTERS_H

#include "lib/counters.h"

#define PYTHON_COUNTERS(ONE, OF)                                                     \
    ONE(starts, COUNTER, "How often the interpreter has begun")                      \
    ONE(requests, COUNTER, "Requests of the front that have come")                   \
    OF(answers, whole, COUNTER, "Answers that have ended, by how")                   \
    OF(answers, failed, COUNTER, "")                                                 \
    ONE(refused, COUNTER, "Requests and connections for which there was no room")    \
    ONE(collections, COUNTER, "Garbage collections")                                 \
    ONE(heap_bytes, GAUGE, "Memory for the objects of the program")                  \
    ONE(heap_used_bytes, GAUGE, "Memory that objects had after the last collection") \
    ONE(frames_received, COUNTER, "Frames for the sockets of the program")           \
    ONE(frames_sent, COUNTER, "Frames of the sockets of the program")

COUNTERS(python, PYTHON_COUNTERS)

#endif

/* tests/isolation/config.h: who tries what. isolation.py composes it. */
#ifndef TESTS_ISOLATION_CONFIG_H
#define TESTS_ISOLATION_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* What one hostile protection domain tries. Most end in a fault; those from HOSTILE_LIVES on come back. */
enum hostile_act {
    HOSTILE_WRITES,          /* to target */
    HOSTILE_READS,           /* from target */
    HOSTILE_JUMPS,           /* to target */
    HOSTILE_WRITES_CODE,     /* its own */
    HOSTILE_WRITES_CONSTANT, /* its own */
    HOSTILE_EXECUTES_DATA,   /* its own */
    HOSTILE_EXECUTES_STACK,
    HOSTILE_OVERFLOWS_STACK,
    HOSTILE_WRITES_SYSTEM_REGISTER,
    HOSTILE_MASKS_INTERRUPTS,
    HOSTILE_TAKES_TIMER, /* the physical timer, which is another's */
    HOSTILE_CALLS_HYPERVISOR,
    HOSTILE_CALLS_FIRMWARE,
    HOSTILE_INVALIDATES_CACHE, /* of target, throwing away what is dirty */
    HOSTILE_UNKNOWN_SYSCALL,
    HOSTILE_SPINS, /* above the conductor's priority, with a budget */

    HOSTILE_LIVES,
    HOSTILE_STRANGE_CHANNELS = HOSTILE_LIVES, /* every number it does not have, every call */
    HOSTILE_STRANGE_CHILDREN,
    HOSTILE_FUZZES, /* a million random system calls */
};

struct hostile_config {
    enum hostile_act act;
    uint64_t target;
    uint64_t *done;    /* a word that the conductor reads: calls made without harm */
    uint8_t conductor; /* channel: told to begin */
    uint8_t bystander; /* channel: answers every notification with one */
};

struct bystander_config {
    uint64_t *memory; /* its own, filled with a pattern */
    uint64_t words;
    uint8_t conductor; /* channel: asks whether all is well */
};

struct work {
    uint64_t rounds;
    uint64_t wrong;
};

struct worker_config {
    volatile struct work *work; /* the conductor reads it */
    uint8_t bystander;          /* channel, called: answers one more than it is given */
};

#define CONDUCTOR_HOSTILES_MAX 48

struct conductor_config {
    volatile uint32_t *uart;
    uint8_t bystander; /* channel, called */
    uint8_t worker;    /* channel: told to begin */
    const volatile struct work *work;
    uint8_t count;
    struct {
        const char *name;
        uint8_t channel;
        bool takes_long; /* so that the worker has its turn meanwhile */
        const volatile uint64_t *done;
    } hostiles[CONDUCTOR_HOSTILES_MAX];
};

extern const struct hostile_config hostile_config;
extern const struct bystander_config bystander_config;
extern const struct worker_config worker_config;
extern const struct conductor_config conductor_config;

#endif

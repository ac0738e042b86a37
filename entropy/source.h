/* entropy/source.h: what the service (entropy/server.c) asks of a source of random bytes. source_DEVICE.c answers. */
#ifndef ENTROPY_SOURCE_H
#define ENTROPY_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#define SOURCE_BYTES_MAX 1024 /* at once */

/* Brings the device up; at a restart anew. NULL, or what keeps it from being used: words that follow "no ..: ". */
const char *source_start(void);

/* Asks for so many bytes. One request at a time: not before the last one's bytes were taken. */
void source_ask(uint32_t count);

/* What a request has brought: false: nothing yet. The bytes, perhaps fewer than were asked for, or none, are in memory
 * that is the service's to wipe, until the next request. */
bool source_take(uint8_t **bytes, uint32_t *count);

/* The device's interrupt has come. */
void source_interrupt(void);

#endif

/* source_meson.c: the generator of Amlogic's SoCs up to the S905X3, for entropy/server.c: one register, of which each
 * read is 32 bits. No interrupt, nothing that says that they are new, nothing to switch on but its clock, which is the
 * firmware's.
 *   consumes  words of the register, NOT trusted: for the service to judge. A word that equals the last one is taken for
 *             the same, read again: the service's tests look at bytes and would not see it
 *   produces  what was asked for, at once; fewer, or nothing, where the register stands still
 *   bounded   READS_MAX reads for a request
 *
 * Registers: Linux, drivers/char/hw_random/meson-rng.c; U-Boot, drivers/rng/meson-rng.c. The data sheet was not at hand.
 */
#include "entropy/source.h"

#include <string.h>
#include "entropy/config.h"
#include "lib/mmio.h"

#define RNG_DATA 0x00
#define READS_MAX (2 * SOURCE_BYTES_MAX / 4)

static struct {
    uint32_t asked; /* bytes; 0: nothing */
    uint32_t last;
    uint8_t bytes[SOURCE_BYTES_MAX];
} self;

/* A first word, to compare others with. */
const char *source_start(void)
{
    self.last = mmio_read(entropy_config.registers, RNG_DATA);
    return NULL;
}

void source_ask(uint32_t count)
{
    self.asked = count < SOURCE_BYTES_MAX ? count : SOURCE_BYTES_MAX;
}

bool source_take(uint8_t **bytes, uint32_t *count)
{
    if (self.asked == 0) {
        return false;
    }
    *bytes = self.bytes;
    *count = 0;
    for (uint32_t reads = 0; reads < READS_MAX && *count + sizeof(self.last) <= self.asked; reads++) {
        uint32_t word = mmio_read(entropy_config.registers, RNG_DATA);

        if (word != self.last) {
            memcpy(self.bytes + *count, &word, sizeof(word));
            *count += (uint32_t)sizeof(word);
        }
        self.last = word;
    }
    self.asked = 0;
    return true;
}

void source_interrupt(void) {}

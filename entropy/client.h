/* entropy/client.h: seeds this PD's generator (lib/random.h) from the entropy service.
 *
 * Call it once in init(), before anything that uses random numbers; a PD with a network stack has it done by ip_init().
 * Where the service has bytes already the generator is sound from the beginning. Where it has none yet they come later,
 * by an event; random_on_outcome() tells, and until then the counter's jitter has to do. config NULL, or without a
 * service: there is no sound source, and that is the outcome.
 */
#ifndef ENTROPY_CLIENT_H
#define ENTROPY_CLIENT_H

#include "entropy/config.h"

void entropy_client_init(const struct entropy_client_config *config);

#endif

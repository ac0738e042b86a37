/* spoke.h: who is who between centre.c and the 62 of spoke.c. */
#ifndef TESTS_MICROKIT_SPOKE_H
#define TESTS_MICROKIT_SPOKE_H

#include "check.h"

#define CHANNELS 62
#define SPOKE_CHANNEL(n) (CHANNELS - 1 - (n)) /* of spoke n, whose number the centre has for it is n */
#define ALL_CHANNELS ((1ull << CHANNELS) - 1)
#define ODD_CHANNELS (0xaaaaaaaaaaaaaaaaull & ALL_CHANNELS)
#define EVEN_CHANNELS (ALL_CHANNELS ^ ODD_CHANNELS)

#endif

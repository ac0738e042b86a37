/* utilisation_quiet.c: is notified now and then. */
#include <microkit.h>

void init(void) {}

void notified(microkit_channel channel) {}

/* idle.c: does nothing. */
#include <microkit.h>

void init(void) {}

void notified(microkit_channel channel) {}

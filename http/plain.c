/* plain.c: a front without HTTPS. */
#include "http/secured.h"

void secured_start(void) {}

void secured_time(void) {}

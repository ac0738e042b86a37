/* plain.c: a front without HTTPS: serves pd.c, which asks for nothing that could fail or be full. */
#include "http/secured.h"

void secured_start(void) {}

void secured_time(void) {}

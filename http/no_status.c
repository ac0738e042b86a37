/* no_status.c: a front without a status port: serves pd.c, which asks for nothing that could fail or be full. */
#include "http/status.h"

void status_start(void) {}

/* autoconf.h: as official SDKs have it: what the kernel was configured with. */
#ifndef AUTOCONF_H
#define AUTOCONF_H

#include <kernel/gen_config.h>

#endif

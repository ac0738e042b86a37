/* http/app_config.h: what compose/ writes for each end of http/app_proto.h. */
#ifndef HTTP_APP_CONFIG_H
#define HTTP_APP_CONFIG_H

#include "lib/pd.h"
#include "lib/region.h"
#include "lib/ring.h"

struct app_config {
    uint8_t peer;                /* channel */
    struct ring_config to, from; /* messages for the peer, and its own */
    struct region out, in;       /* the share that we write, and the one that it writes */
};
extern const struct app_config app_config;

#endif

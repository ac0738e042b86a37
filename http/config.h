/* http/config.h: what the description says of a site; compose/http.py writes the values. It is enough to serve it from
 * the first moment on; an application, where there is one, adds to it.
 */
#ifndef HTTP_CONFIG_H
#define HTTP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "fs/config.h"
#include "http/access/config.h"
#include "http/app_config.h"
#include "http/site/site.h"
#include "net/ip/time_of_day.h"

/* site_mount() says what the texts may be. */
struct http_site_config {
    const char *name, *folder;
    const char *fields, *rules;
    bool precompressed;
};

struct http_config {
    const struct fs_client_config *files;
    const struct app_config *app;       /* NULL: nobody answers but files */
    const struct ip_time_config *time;  /* this PD finds out what time it is; NULL: the board's clock is read once */
    const struct access_config *access; /* NULL: no access log */
    uint16_t port;                      /* listens from the start on; 0: on none until an application says which */
    uint32_t fresh_ms;                  /* how long what the file server said of a file holds */
    uint32_t stale_s;                   /* and is given while it cannot be asked; UINT32_MAX: for ever */
    uint32_t wait_s;                    /* for it, with a file that is not here; 0: HTTP_WAIT_S */
    uint32_t site_count;
    struct http_site_config sites[SITE_MOUNTS_MAX];
};
extern const struct http_config http_config;

#endif

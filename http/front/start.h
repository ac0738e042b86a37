/* http/front/start.h: the front's start. */
#ifndef HTTP_FRONT_START_H
#define HTTP_FRONT_START_H

#include "http/config.h"
#include "http/front/server.h"

/* Once, from init(), behind ip_init(), fs_client_init() and fs_mount_init(): cache and front come up, the site is
 * mounted as it is described, its port listens. DHCP is asked (ip_start()) when the first mount's outcome is known, so
 * that the file server's own address comes first, and addresses are the same at every boot.
 * Without an application what no file answers is 404; else that waits for the application to begin. */
void http_start(const struct http_config *config);

#endif

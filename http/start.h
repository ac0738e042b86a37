/* http/start.h: the front's start: what both a PD of its own (http/pd.c) and one that it shares with an application
 * call.
 */
#ifndef HTTP_START_H
#define HTTP_START_H

#include "http/config.h"
#include "http/server.h"

/* Once, from init(), behind ip_init(), fs_client_init() and fs_mount_init(): cache and front come up, the site is
 * mounted as it is described, its port listens. DHCP is asked (ip_start()) when the first mount's outcome is known, so
 * that the file server's own address comes first, and addresses are the same at every boot.
 * app: NULL: there is none, what no file answers is 404. Else that is 503 until the application has begun. */
void http_start(const struct http_config *config, const struct http_app *app);

/* An application begins: nothing is its own yet. The site is as it is described, no path is claimed. */
void http_start_application(void);

#endif

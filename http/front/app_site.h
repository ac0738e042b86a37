/* http/front/app_site.h: what the application says of the site: its records (http/app_proto.h). */
#ifndef HTTP_FRONT_APP_SITE_H
#define HTTP_FRONT_APP_SITE_H

#include <stdbool.h>

bool app_site_go_on(void); /* more of them may be there. True: the site is another one now */

#endif

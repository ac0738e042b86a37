/* http/front/dispatch.h: what a request gets. */
#ifndef HTTP_FRONT_DISPATCH_H
#define HTTP_FRONT_DISPATCH_H

void dispatch_init(void);

#endif

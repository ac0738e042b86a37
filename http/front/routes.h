/* http/front/routes.h: which requests are the application's. */
#ifndef HTTP_FRONT_ROUTES_H
#define HTTP_FRONT_ROUTES_H

#include "http/parse/request.h"

#define ROUTES_MAX 128
#define ROUTE_PREFIX_MAX 96 /* bytes of one's text */

/* Paths that are `text` (exact) or begin with it. gets: GET and HEAD of them; others: the other methods. False: one too
 * many, too long. */
bool routes_add(const char *text, uint32_t length, bool exact, bool gets, bool others);
void routes_clear(void);
/* By what the path means, `path`, or as it was sent, which is how the application will see it. */
bool routes_match(const struct http_request *request, const char *path, uint32_t length);

void routes_take_the_rest(bool yes); /* what the site does not have goes to the application, too */
bool routes_have_the_rest(void);

#endif

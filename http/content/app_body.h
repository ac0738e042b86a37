/* http/content/app_body.h: the body of a request, from its connection to the application. */
#ifndef HTTP_CONTENT_APP_BODY_H
#define HTTP_CONTENT_APP_BODY_H

#include "http/content/app_state.h"

void app_body_begin(struct app_request *app, const struct http_request *request);
bool app_body_is_open(const struct app_request *app); /* nobody has told how long it is */
/* What there is of it, as much as has room. 0, or what the client is to be told: it is nonsense, or its end does not
 * come. */
int app_body_take(struct app_request *app);
/* What of it has not been read is skipped, so that the connection can go on: it is not much. */
bool app_body_is_skippable(const struct app_request *app);

#endif

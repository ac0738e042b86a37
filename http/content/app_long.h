/* http/content/app_long.h: answers that last: they have places of their own, so that those who look on for hours do not
 * keep out who wants a word. */
#ifndef HTTP_CONTENT_APP_LONG_H
#define HTTP_CONTENT_APP_LONG_H

#include "http/content/app_state.h"

bool app_long_has_room(void);
/* The answer's head is on its way, and nobody has told its length. at_once: it lasts, by its own word; there is room. Else
 * when it has lasted for HTTP_LONG_S. */
void app_long_begin(struct app_request *request, bool at_once);
void app_long_end(struct app_request *request); /* its place is free; also of one that has not begun to */

#endif

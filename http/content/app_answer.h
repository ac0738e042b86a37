/* http/content/app_answer.h: the application's answer, on its way to the client. */
#ifndef HTTP_CONTENT_APP_ANSWER_H
#define HTTP_CONTENT_APP_ANSWER_H

#include "http/content/app_state.h"

/* Its head, of a request that has STAGE_HEAD or STAGE_REDIRECT. NULL: it has gone out (x->begun), a file goes in its
 * place when it has ended (STAGE_REDIRECT), or it waits: it has not come, TCP has no room for it; or it would last
 * and has no place (STAGE_NO_PLACE). Else what is wrong: nothing of it has gone out. */
const char *app_answer_begin(struct app_request *request);
bool app_answer_send(struct app_request *request); /* what there is of its body, as much as TCP takes. True: all */
/* All that its length promised is there, whatever the application says. */
bool app_answer_will_be_whole(const struct app_request *request);
bool app_answer_is_whole(const struct app_request *request); /* has been sent, if its length was known */
bool app_answer_is_sent(const struct app_request *request);  /* has been, and its length was known */
bool app_answer_end(struct app_request *request);            /* what stands behind its body. False: no memory now */

/* Of the one that was looked at last, which a file takes the place of: which, and whether it is as if the client had
 * asked for that; the status and its line; the fields that go with a file of this head. */
struct http_slice app_answer_path(void);
bool app_answer_is_for_client(void);
int app_answer_status(void);
void app_answer_put_status_line(struct writer *head);
void app_answer_put_fields(const char *lines, uint32_t length, struct writer *head);

#endif

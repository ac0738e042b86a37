/* http/content/file.h: a file of the site as a connection's content. */
#ifndef HTTP_CONTENT_FILE_H
#define HTTP_CONTENT_FILE_H

#include "http/conn/connection.h"

enum file_outcome {
    FILE_SENT,      /* all is with TCP, also of a refusal, or it is the connection's content now */
    FILE_WAITS,     /* for the cache: later, again */
    FILE_NO_MEMORY, /* the same */
    FILE_FAILED,    /* it cannot be read, and is let go: nothing has been sent */
};
/* The file that was found for the connection, or the part of it that the request wants. */
enum file_outcome file_answer(struct http_conn *connection, const struct http_request *request,
                              const struct reply *reply);
/* The same as a page that says what went wrong, whatever the request wants. field: a further line of its head, or "". */
enum file_outcome file_answer_page(struct http_conn *connection, int status, const char *field,
                                   const struct reply *reply);

#endif

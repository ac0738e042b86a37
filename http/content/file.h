/* http/content/file.h: a file of the site as a connection's content. */
#ifndef HTTP_CONTENT_FILE_H
#define HTTP_CONTENT_FILE_H

#include "http/conn/connection.h"

/* The file that was found for the connection, or a part of it: all is with TCP, also of a refusal, or it is the
 * connection's content now. False: later, again. */
bool file_answer(struct http_conn *connection, const struct http_request *request, const struct reply *reply);

#endif

/* http/conn/output.h: output that lwIP does not send by itself at the end of a callback. */
#ifndef HTTP_CONN_OUTPUT_H
#define HTTP_CONN_OUTPUT_H

#include "http/conn/conn.h"

void output_init(void);
void output_owe(struct http_conn *connection);
void output_forget(struct http_conn *connection);

#endif

/* http/conn/output.h: output that no transport sends by itself at the end of its event. */
#ifndef HTTP_CONN_OUTPUT_H
#define HTTP_CONN_OUTPUT_H

#include "http/conn/transport.h"

void output_init(void);
void output_owe(struct transport *transport);
void output_forget(struct transport *transport);

#endif

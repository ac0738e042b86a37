/* http/response/head.h: what an answer's head says of its connection and of the time. */
#ifndef HTTP_RESPONSE_HEAD_H
#define HTTP_RESPONSE_HEAD_H

#include "http/response/writer.h"

/* What an answer's head must know of its request. */
struct reply {
    bool head_only; /* HEAD */
    bool ends;      /* the connection will */
    uint8_t minor;
    bool secured; /* it came over TLS */
};

void response_end(struct writer *head, const struct reply *reply, bool date); /* Date, Connection, the empty line */
void response_stay_secured(uint32_t seconds);                                 /* what answers over TLS tell clients */
uint32_t response_head_length(void);                                          /* of the head that was made last */
int64_t response_now_s(void);                                                 /* since 1970, as Date says it */
int64_t response_s_at(uint64_t now_ns);                                       /* the same at a pd_now_ns() */
uint64_t response_s_until(uint64_t now_ns);                                   /* until when that is so */

#endif

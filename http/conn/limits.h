/* http/conn/limits.h: how many connections there are, and how long each thing may take. */
#ifndef HTTP_CONN_LIMITS_H
#define HTTP_CONN_LIMITS_H

#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_HEAD_S 15
#define HTTP_IDLE_S 75
#define HTTP_STALL_S 60
#define HTTP_WAIT_S 5  /* for the file server, where the description does not say: then 503 */
#define HTTP_PAGE_S 1  /* the same, for a page that says what went wrong: then the small one */
#define HTTP_REST_S 60 /* of a file whose beginning has gone out: then the connection ends */
/* For a place with the application, and for somebody who begins to answer: then 503. From then on for the answer to
 * begin, and again from each part of the request's body that is read: then 504. */
#define HTTP_APP_S 60
#define HTTP_APP_MAX 64  /* requests with the application at a time, and beside them */
#define HTTP_LONG_MAX 64 /* tunnels, and answers whose length nobody has told: events at once (beyond: 503), others */
#define HTTP_LONG_S 5    /* when they have lasted for so long, while there is room */
#define HTTP_BODY_S 30   /* of a request: it may be late by so much on HTTP_BODY_RATE bytes in a second: then 408 */
#define HTTP_BODY_RATE 512
/* Of an answer that has no end yet, and in a tunnel: who sends nothing for so long is asked whether it is there (TCP's
 * keep-alive), so many times; without an answer it has gone. */
#define HTTP_PROBE_S 60
#define HTTP_PROBE_AGAIN_S 15
#define HTTP_PROBES 4

#endif

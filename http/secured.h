/* http/secured.h: what the program http_https has beside http_front. Each has one file that defines this: http/plain.c,
 * http/tls/start.c.
 */
#ifndef HTTP_SECURED_H
#define HTTP_SECURED_H

/* Once, from init(), when the front stands and nothing of a former life is sent any more. */
void secured_start(void);
/* The time of day is known now, or another one: certificates are judged by it. */
void secured_time(void);

#endif

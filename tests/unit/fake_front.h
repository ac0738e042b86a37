/* fake_front.h: the front's end of http/app_proto.h (http/app_front.h) for tests of its application's end, in one
 * program: tests play its clients. What either side has to say reaches the other in fake_front_pump().
 */
#ifndef FAKE_FRONT_H
#define FAKE_FRONT_H

#include "http/app_front.h"

#define FAKE_FRONT_PORT 80
#define FAKE_BYTES 70000

enum { FAKE_FRONT_CHANNEL = 40, FAKE_APP_CHANNEL = 41 };

struct fake_client {
    struct app_slot *slot; /* NULL: its request is over */
    bool answered, ended, failed;
    int status, failed_as;
    uint64_t length;   /* of the answer's body, as the application said it */
    uint32_t accepted; /* the request's head is taken */
    char head[10000];  /* "200 reason|path|name: value|..." */
    uint32_t read;     /* bytes of the body */
    char body[FAKE_BYTES];
};

struct fake_site {
    uint32_t told; /* APP_SITE records */
    int refuse;    /* enum app_site_status, for the next one */
    uint32_t refuse_which;
    struct app_site head;
    char text[8192];    /* "prefix folder pages others fields flags;" of mounts, then "text exact others;" of routes */
    uint32_t counts;    /* APP_COUNT records */
    char changed[4096]; /* "path;", below it: "path" and a star */
};
extern struct fake_site fake_site;
extern bool fake_front_silent; /* it takes no record now */
extern bool fake_front_reads;  /* answers' bodies, as they come; else fake_client_take() does */

void fake_front_init(void); /* before incoming_init(&fake_app_config) */
extern const struct app_config fake_app_config;
void fake_front_pump(void);
void fake_front_restart(void); /* its clients are lost */
void fake_front_records(void); /* it takes what there is */

/* request: "GET / HTTP/1.1\r\nA: b\r\n\r\n". length: of the body to come, or APP_UNKNOWN. False: no slot. */
bool fake_client_begin(struct fake_client *client, const char *request, uint64_t length, uint8_t flags);
/* Bytes of the body that there was room for. */
uint32_t fake_client_send(struct fake_client *client, const char *more, uint32_t count, bool end);
void fake_client_take(struct fake_client *client, uint32_t count); /* of the answer's body, so many bytes */
void fake_client_leave(struct fake_client *client);
bool fake_client_is_waited_for(const struct fake_client *client);

#endif

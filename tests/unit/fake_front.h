/* fake_front.h: a front (http/server.h) for tests of its application: it owns one port, and tests play its clients. */
#ifndef FAKE_FRONT_H
#define FAKE_FRONT_H

#include "http/server.h"

#define FAKE_FRONT_PORT 80
#define FAKE_BYTES 4096

struct fake_client {
    struct http_exchange exchange;
    bool open;   /* begun, and not closed by the application */
    bool failed; /* closed so */
    bool gone;   /* its connection is broken */
    bool ended;  /* the request ends behind to_read */
    uint32_t room, read_at, read_end, written;
    char to_read[FAKE_BYTES], answer[FAKE_BYTES];
};

struct fake_front {
    uint32_t claims, unmounts; /* calls; an application begins */
    bool not_found;
    bool whole_port; /* "/" is claimed */
};
extern struct fake_front fake_front;
extern void (*fake_front_on_close)(void); /* in http_exchange_close(): who waits for a place is served, or NULL */

/* False: the application refused. */
bool fake_client_begin(struct fake_client *client, const char *request, uint32_t room);
void fake_client_send(struct fake_client *client, const char *more, bool end);
void fake_client_take(struct fake_client *client, uint32_t room); /* it has read: so much more room */
void fake_client_leave(struct fake_client *client);

#endif

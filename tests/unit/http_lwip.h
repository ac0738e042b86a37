/* tests/unit/http_lwip.h: lwIP's raw TCP and its pbufs, made up, for the front on the host: one process is both ends
 * of each connection.
 *
 * A client sends bytes in segments as it likes, and receives what the front wrote when it acknowledges it: bytes
 * that were written by reference are read only then, so that memory which was given up too early is seen (by its
 * content, or by the sanitizer). Callbacks are called as lwIP does: sent before received, ERR_ABRT checked, err when
 * the pcb is gone.
 */
#ifndef HTTP_LWIP_H
#define HTTP_LWIP_H

#include <stdbool.h>
#include <stdint.h>

struct client;

#define CLIENT_ADDRESS 0x0200000au /* of all of them, where lwip_address says no other */
#define CLIENT_PORT 4711

struct client *client_connect(uint16_t port); /* NULL: refused */
/* In segments of so many bytes. */
void client_send(struct client *client, const void *data, uint32_t length, uint32_t segment);
uint32_t client_take(struct client *client, uint32_t most); /* acknowledges up to so many bytes; how many there were */
void client_end(struct client *client);                     /* FIN */
void client_reset(struct client *client);                   /* RST */
void client_poll(struct client *client);                    /* lwIP's poll, if it was asked for */
void client_free(struct client *client); /* forget it: the pcb is gone, or freed by lwIP without a word */

/* What has been received, from the beginning; not terminated. */
const char *client_bytes(const struct client *client, uint32_t *length);
void client_forget(struct client *client, uint32_t count); /* its first bytes */
bool client_at_end(const struct client *client);           /* FIN seen, all bytes taken */
bool client_was_reset(const struct client *client);
bool client_gone(const struct client *client);        /* the front has let go of it */
uint32_t client_window(const struct client *client);  /* bytes it may still send */
uint32_t client_waiting(const struct client *client); /* bytes written, not yet acknowledged */
bool client_is_probed(const struct client *client);   /* keep-alive, at the front's times */

extern uint32_t lwip_pbufs; /* in use */
extern uint32_t lwip_pcbs;
extern uint32_t lwip_fail_one_in; /* writes find no memory at times; 0: never */
extern uint32_t lwip_share;       /* bytes that a connection may have queued */
extern uint32_t lwip_window;      /* bytes that a client takes */
extern uint32_t lwip_address;     /* of clients that connect from now on */
uint32_t lwip_noise(void);

bool client_is_acknowledged(const struct client *client); /* at once */

#endif

/* tests/unit/http_tls_rig.h: what surrounds the front over TLS in its tests: clients that seal and open records
 * themselves, and a PD tls that is played: to whatever a client has sent as two records it says that the handshake is
 * over, with secrets that both sides know. As in http_front.c each case is a process of its own, after which all has to
 * be back.
 */
#ifndef HTTP_TLS_RIG_H
#define HTTP_TLS_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "http/tls/record.h"
#include "http_front.h"
#include "lib/ring.h"
#include "tls/proto.h"

#define PORT 443
#define HELLO_ANSWER "\x16\3\3\0\5hello"

/* -- the device -- */
extern bool device_reads; /* what lies in a transmit region is being sent */
extern bool device_lags;  /* each block still is being sent when it is asked for first: some always is */
extern uint32_t hurries;  /* how often somebody waits for what is out */
void device_has_read(void);

/* -- the library -- */
extern bool seals_fail;
extern uint32_t failing; /* so long what is sealed then; 0: anything */

/* -- PD tls, played -- */
enum lie { NO_LIE, TOO_MUCH_MADE, TOO_MUCH_TAKEN, NO_STATUS, NO_SUITE, BAD_NAME, LONG_NAME, BAD_SEQUENCE, LIES };

extern struct played_tls {
    struct ring to, from;
    struct played {
        bool open, done;
        uint32_t serial, in_taken, in_produced, out_produced, records, left;
        uint8_t head[5], head_bytes;
    } slots[TLS_SLOTS];
    uint32_t open, most, begun;
    bool asleep, fails;
    uint8_t alert; /* with which */
    uint16_t suite;
    enum lie lie;
    uint32_t times, chains;
} tls;

extern uint32_t chain_answers; /* of the front's, to who uses it */
void tls_attach(void);         /* anew */
void read_slot(uint32_t number);
void turn(void); /* of all but the client */
void turns(int count);

/* -- a client -- */
struct peer {
    struct client *tcp;
    struct record_key out;
    struct record_reader in;
    uint8_t *text; /* that was opened */
    uint32_t length;
    uint32_t records, first_record; /* of content; how long the first was */
    bool over, closed;              /* the handshake; by close_notify */
    uint8_t alert;
};

extern uint8_t record[RECORD_BYTES_MAX]; /* of whom sends next */

struct peer *new_peer(void);
void shake(struct peer *peer);
struct peer *connected(void);     /* and shaken */
void open_all(struct peer *peer); /* what has come is opened, as long as it is whole */
void peer_take(struct peer *peer, uint32_t most);
void take_all(struct peer *peer);
void send_record(struct peer *peer, enum record_type type, const void *text, uint32_t length, uint32_t segment);
void forget_text(struct peer *peer);
bool answered(const struct peer *peer, uint64_t size); /* the first answer in what was opened is a file's, whole */
void ask_for(struct peer *peer, uint64_t size, uint32_t segment);
void fetch(struct peer *peer, uint64_t size, uint32_t segment);
void free_peer(struct peer *peer);
void close_peer(struct peer *peer);  /* in order: both close_notify, both ends */
void check_reset(struct peer *peer); /* it has been */

/* -- a case: in begin_case() and end_case() -- */
void tls_begin(void);
void tls_end(void); /* what there is to seal in, and to open in, is there again */

#endif

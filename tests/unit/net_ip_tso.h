/* tests/unit/net_ip_tso.h: what the parts of net_ip_tso share: the weathers and the course of a run
 * (net_ip_tso.c), the program under test (net_ip_tso_program.c), its peers and the way to them
 * (net_ip_tso_peer.c), the device (net_ip_tso_device.c).
 */
#ifndef NET_LARGE_H
#define NET_LARGE_H

#include "wire.h"

#define STREAMS 4
#define BYTES (600 * 1024) /* of a stream, and up to 64 KB more */
#define ROOM (BYTES + 0x10000)
#define S (1000 * MS)
#define SLOTS 96 /* for frames to send */
#define HEADERS 54
#define PORT 80
#define ISS 1000 /* the peers' */

struct tcp_pcb;

/* What goes wrong. Ratios are one in so many, 0: never. */
extern struct weather {
    uint32_t data_lost, acks_lost, bursts, outages, reordered, addresses_lost;
    bool window_games, memory_fails, short_streams;
} weather;
extern bool fair; /* the weather, from the first */

struct stream {
    /* the peer */
    uint16_t port, mss;
    uint32_t scale;
    bool open, ended, gone; /* ended: has all and the end; gone: the end is acknowledged both ways */
    uint32_t initial;       /* the guest's sequence number of the first byte; positions are relative to it */
    uint32_t next;          /* position: all before it has arrived */
    uint32_t read, edge;    /* its program has read so much; so far its window was announced */
    uint32_t buffer;        /* bytes that it takes */
    uint32_t end;           /* position of FIN, 0: not seen */
    uint32_t pending;       /* segments that no acknowledgement was sent for */
    uint64_t acknowledge_at, read_at, end_at;
    uint64_t moved_at; /* last time anything new came */
    uint8_t got[ROOM];
    /* the program */
    struct tcp_pcb *pcb; /* NULL: closed */
    const uint8_t *from;
    uint32_t left, written, acknowledged, goal;
    uint32_t crumbs; /* small pieces still to be written, one by one */
    uint8_t flags, head[1400];
    uint8_t bytes[ROOM];
    /* what is watched */
    bool timed_out; /* nothing has come in since */
    uint32_t limit; /* the sequence number up to which may be sent then */
};
extern struct stream streams[STREAMS];

uint32_t between(uint32_t least, uint32_t most);

/* -- the program -- */

extern uint8_t content[0x40000]; /* its transmit region */

/* -- the peers -- */

extern uint64_t delay; /* one way */

/* From the device, a frame that fits the wire. */
void to_peer(const uint8_t *frame, uint32_t length);
void send_to_guest(struct stream *s, uint32_t sequence, uint8_t flags);
void acknowledge(struct stream *s);
void read_some(struct stream *s);
void arrive(void);      /* what is due, at the guest and at the peers */
void peers_go_on(void); /* they read, acknowledge, end */

/* -- the device -- */

extern struct net_device *const device;
extern uint64_t cuts;
extern uint32_t out_count; /* frames that it still reads */

void take_output(void);
void return_output(uint32_t keep);
void put_in(const uint8_t *frame, uint32_t length);
/* Puts in the answer to ARP when it is due: true. */
bool tell_address(void);

#endif

/* tls/proto.h: TLS 1.3 handshakes (RFC 8446), between the front (PD http), which has the connections, and PD tls, which
 * has the library: two rings of 32-byte messages, and two shares.
 *
 *     requests  front -> tls    the ring, and a share that tls can only read
 *     answers   tls -> front    the ring, and a share that the front can only read
 *
 * A *slot* is a handshake under way, 0 to TLS_SLOTS - 1; the front chooses it. Its serial number counts its uses: who
 * reads a number that is not the present one drops the message. A restart of either side ends all of them (the ring's
 * generation); connections whose handshake is over know nothing of it.
 *
 * A slot has two *circles* of bytes with fixed places: what the client has sent, TLS_IN_BYTES in the front's share, and
 * what it is to be sent, TLS_OUT_BYTES in the share of tls. `produced` and `taken` count bytes, modulo 2^32, and begin at
 * 0 with each use. A message says the whole state of its slot, so a later one contains an earlier one, and a slot owes the
 * other side at most one (and the front its TLS_OVER): nobody waits for room in a ring for ever.
 *
 *     front                                        tls
 *     TLS_BEGIN produced                      ->
 *     TLS_STATE produced, taken               ->   <- TLS_STATE produced, taken, status, alert
 *     TLS_OVER                                ->   the slot's last message, at any time; then it is free, at once
 *
 *     TLS_WORKS  more comes without a word of the front's; or room in the answer's circle is waited for (its `taken`)
 *     TLS_WANTS  all that was produced has been taken, and is not enough
 *     TLS_DONE   the handshake is over: struct tls_secrets lies in its place, until TLS_OVER
 *     TLS_FAILED it has failed. `alert` tells why (RFC 8446, 6.2); its record is the last that was produced, where there
 *                was room for it
 *     Behind TLS_DONE and TLS_FAILED comes nothing more, and nothing of the client is read. All bytes for the client, the
 *     tickets with them, have been produced before.
 *
 * The front frames: it gives the bytes of *one record* (RFC 8446, 5.1: five bytes of head, up to 16640 behind them), in as
 * many parts as it likes, and those of the next one only after a TLS_WANTS whose `taken` is all of that record. A record
 * of type change_cipher_spec needs none behind it. So nothing that belongs behind the handshake has been given away at
 * TLS_DONE. What a record is, and whether it may be one, is for tls to say.
 *
 * After TLS_DONE the front copies the secrets and their keys, says TLS_OVER, and wipes its copy when the connection has
 * them; tls wipes the place at TLS_OVER. From then on tls cannot read or write a byte of that connection.
 *
 * Slot TLS_CONTROL is always open, has no circles and no end:
 *     TLS_TIME   time                          ->  from now on time of day is pd_now_ns() + time, in nanoseconds since 1970
 *     TLS_CHAIN  chain, produced, serial       ->  a certificate chain, as PEM, in the front's share at TLS_CHAIN_OFFSET:
 *                                                  the leaf first, each behind it the issuer of the one before. chain: its
 *                                                  number, below TLS_CHAINS_MAX; produced: its bytes. One at a time
 *                                             <-  TLS_CHAIN chain, status: enum tls_chain_status; serial: the question's;
 *                                                  time: seconds since 1970 at which the leaf ends. Taken, it holds for
 *                                                  all handshakes that begin from now on; else what was before holds on.
 *                                                  Once more for one that was TLS_CHAIN_OK_UNDATED, when time of day is
 *                                                  known: it holds on all the same, since nothing better is there
 * A leaf's key must be one of those that PD keys has; several chains serve several names: a client that names a server
 * (RFC 6066, 3) gets the chain whose leaf is for that name, every other client chain 0 or the lowest that there is. Until
 * there is one, each handshake fails (handshake_failure).
 *
 * The front may say any of this at any time: it is not trusted with more than the connections that it has. tls copies
 * what it reads in shares before it looks at it; what cannot be is counted and changes nothing.
 */
#ifndef TLS_PROTO_H
#define TLS_PROTO_H

#include <stdint.h>

#define TLS_SLOTS 32
#define TLS_CONTROL TLS_SLOTS
#define TLS_QUEUE_CAPACITY 256 /* of each ring: more than what all slots can owe */
#define TLS_IN_BYTES 1024      /* of a slot, in the front's share; powers of two, as counts modulo 2^32 want it */
#define TLS_OUT_BYTES 1024     /* of a slot, in the share of tls */
#define TLS_CHAINS_MAX 8       /* as many as PD keys can have keys */
#define TLS_CHAIN_MAX 16384    /* bytes of PEM; RSA intermediates of 4096 bits, three of them, have 7 KiB */
#define TLS_NAME_MAX 95        /* a client that names a server with more is refused */
#define TLS_SECRET_MAX 48

enum tls_message_type {
    /* to tls */
    TLS_BEGIN = 1, /* produced */
    TLS_OVER,
    TLS_TIME, /* time */
    /* both ways */
    TLS_STATE, /* produced, taken; to the front: status, alert, too */
    TLS_CHAIN, /* chain, serial; to tls: produced; to the front: status, time */
    TLS_MESSAGE_TYPES,
};

enum tls_status {
    TLS_WORKS,
    TLS_WANTS,
    TLS_DONE,
    TLS_FAILED,
};

enum tls_chain_status {
    TLS_CHAIN_OK,
    TLS_CHAIN_OK_UNDATED, /* taken, but time of day is not known: its dates are looked at when it is */
    TLS_CHAIN_NOT_PEM,    /* no certificate in it, or one that is not whole */
    TLS_CHAIN_TOO_LONG,   /* bytes, or certificates */
    TLS_CHAIN_BAD_DER,    /* a certificate that is none */
    TLS_CHAIN_NOT_P256,   /* the leaf's key is of another kind: RSA, another curve */
    TLS_CHAIN_NOT_OURS,   /* PD keys has no such key */
    TLS_CHAIN_ORDER,      /* one is not the issuer of the one before it */
    TLS_CHAIN_NOT_YET,    /* notBefore lies ahead */
    TLS_CHAIN_EXPIRED,    /* notAfter has passed */
    TLS_CHAIN_NO_MEMORY,
    TLS_CHAIN_STATUSES,
};

struct tls_message {
    uint8_t type;   /* enum tls_message_type */
    uint8_t status; /* enum tls_status, or enum tls_chain_status */
    uint8_t alert;  /* of TLS_FAILED */
    uint8_t chain;
    uint16_t slot, reserved;
    uint32_t serial;
    uint32_t produced, taken; /* bytes of the sender's circle, and of the other's */
    uint32_t more_reserved;
    int64_t time;
};
_Static_assert(sizeof(struct tls_message) == 32, "two messages are one cache line");

enum tls_secrets_flags {
    TLS_RESUMED = 1 << 0,
    TLS_ALPN = 1 << 1, /* http/1.1 was agreed on, else nothing was said of it */
};

/* What one side's records are sealed with (RFC 8446, 7.3): as much of each field as the suite has. */
struct tls_traffic {
    uint8_t secret[TLS_SECRET_MAX]; /* .._application_traffic_secret_N; the next one comes of it (7.2) */
    uint8_t key[32], iv[12];        /* of it */
};

/* What the front needs to go on. */
struct tls_secrets {
    uint16_t suite;                            /* RFC 8446, B.4 */
    uint16_t group;                            /* of the key exchange, RFC 8446, 4.2.7 */
    uint8_t flags;                             /* enum tls_secrets_flags */
    uint8_t chain;                             /* which was shown; of a resumed one: which would have been */
    uint8_t name_length, reserved;             /* 0: the client named no server */
    uint64_t client_sequence, server_sequence; /* of the next record of each side: tickets have been sent */
    struct tls_traffic client, server;
    char name[TLS_NAME_MAX + 1]; /* what it named, in lower case; terminated */
};

/* Where things lie in the shares. */
#define TLS_CHAIN_OFFSET (TLS_SLOTS * TLS_IN_BYTES)
#define TLS_REQUESTS_BYTES (TLS_CHAIN_OFFSET + TLS_CHAIN_MAX) /* the front's */
#define TLS_SECRETS_OFFSET (TLS_SLOTS * TLS_OUT_BYTES)
#define TLS_SECRETS_BYTES 512 /* of a slot */
#define TLS_ANSWERS_BYTES (TLS_SECRETS_OFFSET + TLS_SLOTS * TLS_SECRETS_BYTES)
_Static_assert(sizeof(struct tls_secrets) <= TLS_SECRETS_BYTES, "a slot's secrets have their place");

#endif

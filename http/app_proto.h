/* http/app_proto.h: requests and answers, between the front (PD http) and one application (PD micropython): two rings
 * of 32-byte messages, and two shares.
 *
 *     requests  front -> application    the ring, and a share that the application can only read
 *     answers   application -> front    the ring, and a share that the front can only read
 *
 * A *slot* is a request under way, 0 to APP_SLOTS - 1. Its serial number counts its uses, so that a message which
 * crosses the request's end says nothing of the next one in the slot: who reads a number that is not the present one
 * drops the message. A restart of either side ends all of them (the ring's generation).
 *
 * A slot has two *buffers*, one in each share, that its first message names: circles of bytes. The head lies whole at
 * the beginning (struct app_request_head, struct app_answer_head), the body behind it and around; `produced` counts all
 * bytes ever put in, modulo 2^32, so a later message contains an earlier one. What lies in a buffer stays until the
 * other side has said that it took it (APP_TAKEN). So nobody waits for room in a ring for ever: what is to be said of a
 * slot is its present state, and is said when there is room.
 *
 *     front                                     application
 *     APP_REQUEST head [body] [APP_END]   ->    <- APP_TAKEN        of the head, when somebody begins to answer; an
 *                                                                   answer that is complete at once says so by itself
 *     APP_BODY .. [APP_END]               ->    <- APP_TAKEN        of the body, so that more may come; with APP_WAITS
 *                                                                   it is waited for
 *                                               <- APP_ANSWER head [body] [APP_END]
 *     APP_TAKEN of the answer             ->    <- APP_BODY .. [APP_END]
 *     APP_GONE                            ->    the client has gone, or has been told 408 or 504: what was to come of
 *                                               the answer is not wanted; it ends all the same
 *     APP_OVER                            ->    behind the answer's APP_END or APP_FAILED, both buffers are free: the
 *                                               slot's last message
 *
 * An answer whose body is not whole ends in APP_FAILED: the client is cut off, or told `status` where nothing of it has
 * gone out. `length` of a request's body is APP_UNKNOWN where it comes in chunks, of an answer's where the application
 * does not know; the front frames both.
 *
 * Slot APP_CONTROL is open from the application's first APP_ANSWER on, has no request and no end. Through its circle
 * come records (struct app_record). APP_SITE, the site as a whole (struct app_site): mounts, routes, port; it holds from
 * the front's APP_DONE on, or not at all, and then what was before holds on. APP_COUNT: at APP_DONE the front's counters
 * (struct app_counters) lie at the beginning of its share. Of these two one is under way at a time; another is dropped
 * and counted. APP_MISSED tells the application now and then that the site did not have what somebody asked for: a
 * program that has changed may. APP_CHANGED, a path of the file service that the application has written; it has its effect before an
 * answer that is given behind it is heard. The circle is the smallest that holds the longest record.
 *
 * The front believes nothing of this: it copies a head before it looks at it, and checks all numbers. What is wrong
 * costs that request its answer (500) and is counted; what the application says too much of it reads in turns, a
 * bounded number each event.
 */
#ifndef HTTP_APP_PROTO_H
#define HTTP_APP_PROTO_H

#include <stdint.h>

#define APP_SLOTS 128 /* HTTP_APP_MAX and HTTP_LONG_MAX (http/conn/limits.h) */
#define APP_CONTROL APP_SLOTS
#define APP_QUEUE_CAPACITY 512 /* of each ring: four messages for a slot */
#define APP_HEAD_MAX 9216      /* bytes of a head as it lies in a buffer */
#define APP_FIELDS_MAX 128
#define APP_RECORD_MAX 32760 /* bytes of a record: one of the control circle, with what goes before it */
#define APP_UNKNOWN UINT64_MAX

enum app_message_type {
    /* to the application */
    APP_REQUEST = 1, /* buffer, head, produced, length */
    APP_GONE,        /* status: what the client was told; 0: it has gone by itself */
    APP_OVER,
    APP_DONE, /* of APP_SITE: status: enum app_site_status; produced: which of its mounts, or of its routes behind them */
    APP_MISSED, /* of slot APP_CONTROL: the site does not have what somebody has asked for */
    /* to the front */
    APP_ANSWER, /* buffer, head, produced, length */
    APP_FAILED, /* status: 500 or 503 */
    /* both ways */
    APP_BODY,  /* produced */
    APP_TAKEN, /* produced: so many of them have been taken */
    APP_MESSAGE_TYPES,
};

enum app_flags {
    APP_END = 1 << 0,     /* of REQUEST, ANSWER, BODY: with `produced` the body is complete */
    APP_WAITS = 1 << 1,   /* of TAKEN: the application waits for more of the body */
    APP_UPGRADE = 1 << 2, /* of REQUEST: may be answered with 101, behind which bytes pass both ways: a tunnel */
};

struct app_message {
    uint8_t type; /* enum app_message_type */
    uint8_t flags;
    uint16_t slot;
    uint32_t serial;
    uint32_t offset, size; /* of the buffer, in the sender's share */
    uint32_t produced;     /* bytes */
    uint16_t head;         /* bytes of them that are the head */
    uint16_t status;
    uint64_t length; /* of the whole body, or APP_UNKNOWN */
};
_Static_assert(sizeof(struct app_message) == 32, "two messages are one cache line");

/* Behind it: method, target, then each field's name and value, with a struct app_field before them, then the server's
 * name. Nothing is terminated, nothing padded. */
struct app_request_head {
    uint8_t peer[16]; /* IPv4 in the first four */
    uint8_t peer_bytes, minor;
    uint16_t peer_port;
    uint16_t method_length, target_length;
    uint16_t field_count;
    uint8_t flags;         /* enum app_request_flags */
    uint8_t server_length; /* APP_SECURED: of the server's name that the client has asked for in its handshake; or 0 */
};

enum app_request_flags {
    APP_SECURED = 1 << 0, /* it came over TLS */
};

/* Behind it: reason, path, fields. */
struct app_answer_head {
    uint16_t status;
    uint16_t reason_length; /* 0: the standard's */
    uint16_t path_length;   /* not 0: the file of the site that is to go in place of a body, as in an address */
    uint16_t field_count;
};

struct app_field {
    uint16_t name_length, value_length;
};

enum app_record_type {
    APP_SITE = 1,
    APP_COUNT,
    APP_CHANGED,       /* a path */
    APP_CHANGED_BELOW, /* and all that lies below it */
};

/* Behind it: `length` bytes. */
struct app_record {
    uint32_t type, length;
};

/* Behind it: `mounts` of struct app_mount and `routes` of struct app_route, each with its texts. */
struct app_site {
    uint16_t port, mounts, routes;
    uint8_t not_found; /* what the site does not have goes to the application, too */
    uint8_t reserved;
};

/* http/site/site.h says what its texts may be. */
enum app_mount_text { APP_PREFIX, APP_FOLDER, APP_FIELDS, APP_RULES, APP_MOUNT_TEXTS };

struct app_mount {
    uint16_t lengths[APP_MOUNT_TEXTS];
    uint16_t flags; /* enum app_mount_flags */
};

enum app_mount_flags {
    APP_PRECOMPRESSED = 1 << 0,
    APP_INTERNAL = 1 << 1, /* only by the application's word */
};

struct app_route {
    uint16_t text_length;
    uint8_t exact;  /* the whole path, else what it begins with */
    uint8_t others; /* bit 0: GET and HEAD; bit 1: the other methods */
};

enum app_site_status {
    APP_SITE_OK,
    APP_SITE_NONSENSE,  /* a length beyond its end */
    APP_SITE_TOO_MANY,  /* mounts or routes */
    APP_SITE_TOO_LONG,  /* a text */
    APP_SITE_NO_FOLDER, /* not absolute, or with ".." */
    APP_SITE_FIELDS,    /* not what may stand in a head, or no rules */
    APP_SITE_PORT,      /* in use by another */
};

/* What the front counts, by the names that website.counters() has: `name`, cache_`name`, tls_`name`. What each is:
 * http/conn/counters.h, http/cache/cache.h, http/tls/handshake.h, http/tls/tls_conn.h. */
#define APP_COUNTERS_FRONT(ONE) \
    ONE(connections)            \
    ONE(app_requests)           \
    ONE(app_long)               \
    ONE(accepted)               \
    ONE(requests)               \
    ONE(files)                  \
    ONE(handed_over)            \
    ONE(refused)                \
    ONE(timed_out)              \
    ONE(evicted)                \
    ONE(broken)
#define APP_COUNTERS_CACHE(ONE) \
    ONE(entries)                \
    ONE(blocks)                 \
    ONE(memory)                 \
    ONE(memory_max)             \
    ONE(hits)                   \
    ONE(revalidations)          \
    ONE(reads)                  \
    ONE(evictions)              \
    ONE(stale)
#define APP_COUNTERS_HANDSHAKES(ONE) \
    ONE(waiting)                     \
    ONE(begun)                       \
    ONE(done)                        \
    ONE(resumed)                     \
    ONE(lost)                        \
    ONE(timed_out)                   \
    ONE(silent)                      \
    ONE(failed)                      \
    ONE(old_version)                 \
    ONE(no_common)                   \
    ONE(internal)                    \
    ONE(nonsense)
#define APP_COUNTERS_RECORDS(ONE) \
    ONE(refused)                  \
    ONE(broken)                   \
    ONE(slow)                     \
    ONE(updates)

#define APP_COUNTER(name) uint64_t name;
#define APP_CACHE_COUNTER(name) uint64_t cache_##name;
#define APP_TLS_COUNTER(name) uint64_t tls_##name;

/* In the first APP_COUNTERS_BYTES of the front's share. */
#define APP_COUNTERS_BYTES 512
struct app_counters {
    APP_COUNTERS_FRONT(APP_COUNTER)
    uint64_t nonsense; /* messages of the application's that cannot be, and answers that may not be */
    APP_COUNTERS_CACHE(APP_CACHE_COUNTER)
    uint64_t has_tls; /* 0: there is no HTTPS, and what follows counts nothing */
    APP_COUNTERS_HANDSHAKES(APP_TLS_COUNTER)
    APP_COUNTERS_RECORDS(APP_TLS_COUNTER)
};
_Static_assert(sizeof(struct app_counters) <= APP_COUNTERS_BYTES, "they have their place");

#endif

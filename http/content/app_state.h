/* http/content/app_state.h: one request with the application, as the files app_*.c know it. */
#ifndef HTTP_CONTENT_APP_STATE_H
#define HTTP_CONTENT_APP_STATE_H

#include "http/app_front.h"
#include "http/conn/conn.h"
#include "lib/list.h"

/* Of the application's answer. */
enum stage {
    STAGE_HEAD,     /* has not come, or TCP had no room for it */
    STAGE_COUNTED,  /* body: `left` bytes */
    STAGE_CHUNKED,  /* body: chunked by us */
    STAGE_TO_END,   /* body: to the end of the connection */
    STAGE_TUNNEL,   /* behind 101: all, as it comes */
    STAGE_NO_BODY,  /* none may follow; what comes is dropped */
    STAGE_REDIRECT, /* a file goes in its place */
    STAGE_NO_PLACE, /* it would last, and too many do */
};

/* What the next bytes of the request's body are. */
enum part {
    PART_BYTES,     /* `body_left` of them */
    PART_CHUNK,     /* the same, of a chunk */
    PART_CHUNK_END, /* the line end behind it */
    PART_SIZE_LINE,
    PART_TRAILER,
    PART_RAW,       /* all, as they come */
    PART_ALL_TAKEN, /* there are none */
};

struct app_request {
    struct app_slot *slot;        /* NULL: free */
    struct http_conn *connection; /* NULL: the client has gone, or has its answer */
    struct reply reply;
    bool keeps;         /* the client's connection may go on after this */
    bool expects;       /* the client waits for 100 (Continue) */
    bool begun;         /* something of the answer has been sent */
    bool write_blocked; /* TCP takes no more now */
    bool overwritten;   /* the head's place in the circle has been used for the body */
    bool too_long;      /* the answer, and that was counted */
    bool is_long;       /* the answer is counted as one of HTTP_LONG_MAX */
    uint64_t begun_ns;  /* and of one that may become one: app_long.c */
    struct list_link young;
    uint8_t stage, part; /* enum stage, enum part */
    uint8_t trailers;
    uint32_t seen_taken;  /* of what was produced, by the application */
    uint64_t patience_ns; /* with its body: grows as it comes */
    uint64_t body_left;
    uint64_t left;
};

#endif

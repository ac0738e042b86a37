/* http/content/content.h: what those who answer keep of a connection, in the place that it has for them
 * (http_conn.own). The files of http/conn/ cannot look into it.
 */
#ifndef HTTP_CONTENT_CONTENT_H
#define HTTP_CONTENT_CONTENT_H

#include "http/app_proto.h"
#include "http/conn/conn.h"
#include "http/site/site.h"

#define HEAD_ROOM (APP_HEAD_MAX + SITE_HEAD_MAX + 576) /* the largest head of an answer, whoever makes it */

struct app_request;
struct listing;

struct content_state {
    struct app_request *app;        /* its request with the application; also while a file goes in the answer's place */
    struct site_resource *resource; /* a file that was found: its bytes are waited for, or on their way */
    struct listing *listing;        /* of a folder that goes as a page */
    uint64_t offset, end;           /* of the file, not yet asked of the cache */
    struct cache_bytes bytes;       /* of the file, not yet with TCP; pinned if there are any */
    bool long_head;                 /* QUEUED: of those there are fewer with the application at a time */
    bool plain;                     /* of what went wrong the small page says it: the site's cannot be had */
    bool ordered;                   /* the same went wrong with a file that the application has ordered */
    uint8_t parts;                  /* of the file that are on their way (parts.h); 0: it is one */
    uint8_t mount;                  /* whose page it would be: site_mount_number() */
};
_Static_assert(sizeof(struct content_state) <= CONTENT_BYTES, "it has its place");

static inline struct content_state *content_of(struct http_conn *c)
{
    return (struct content_state *)(void *)c->own;
}

void content_drop_file(struct http_conn *connection); /* its resource, or the wait for it */
/* What was found before its bytes were there may be another file by now: it is to be found anew. */
void content_drop_changed_file(struct http_conn *connection);

#endif

/* http/content/app_head.h: heads between HTTP's text and the messages of http/app_proto.h. */
#ifndef HTTP_CONTENT_APP_HEAD_H
#define HTTP_CONTENT_APP_HEAD_H

#include "http/app_proto.h"
#include "http/conn/transport.h"
#include "http/response/writer.h"

/* -- of a request: pure functions of what was parsed -- */

/* Bytes that app_head_put() writes, at most, but the server's name; near enough to what they are. */
uint32_t app_head_bytes(const struct http_request *request);
uint32_t app_head_put(const struct http_request *request, const struct transport_peer *peer, uint8_t *to);
/* What is left of a request there, `length` bytes that app_head_put() wrote: all that a file's answer depends
 * on, and method and target as they came. */
void app_head_read(const uint8_t *head, uint32_t length, struct http_request *request);

/* -- of an answer -- */

struct app_answer {
    int status;
    struct http_slice reason, path;
    const char *fields; /* the first one's struct app_field */
    uint32_t field_count;
    bool has_date, has_server;
};
/* 204, 205, 304. */
bool app_head_has_no_body(int status);
/* Checks what an application says: head[0..length), a copy. NULL: it is an answer; else what is wrong with it: the
 * client must not see it. upgrade: the request may be answered with 101. */
const char *app_head_check(const char *head, uint32_t length, bool upgrade, struct app_answer *answer);
/* "HTTP/1.1 status". */
void app_head_status_line(const struct app_answer *answer, struct writer *head);
/* Its fields but those of the connection, and of a body that it has not; Server, where it says none. */
void app_head_fields(const struct app_answer *answer, struct writer *head);
/* A field that makes caches keep an answer, or ask for a part of it: not of one that says what went wrong. */
bool app_head_is_of_a_success(struct http_slice name);
/* It is a stream of events, of the HTML standard (9.2). */
bool app_head_is_of_events(const struct app_answer *answer);
/* The file that it orders is for the client as if that had asked for it: no more than it would get. */
bool app_head_is_for_client(const struct app_answer *answer);
/* The fields of a file's head, `lines`, with those of the answer. */
void app_head_merge(const struct app_answer *answer, const char *lines, uint32_t lines_length, struct writer *head);

#endif

/* tests/unit/http_front.h: what surrounds the front in its tests: a made-up site and cache, an application, and a
 * client that knows HTTP. */
#ifndef HTTP_FRONT_H
#define HTTP_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "http/cache/names.h"
#include "http_lwip.h"

/* -- the site: /f/SIZE is a file of that many bytes; /late/SIZE one of the next hour; /dir a directory; /no, /forbidden, /away, /i/SIZE (by the
 * application's order alone), /bad/SIZE (cannot be
 * read), /broken/SIZE (cannot be read behind its first block) -- */
extern bool site_late;        /* answers come later at times */
extern bool site_slow;        /* what is known of a name comes a call later, of however many at once */
extern uint32_t site_version; /* of /v/SIZE, whose bytes and ETag are this version's; what is read later is gone */
uint64_t site_version_size(uint64_t size, uint32_t version); /* of which file its bytes are those of */
extern bool site_away;        /* those of /w/SIZE, else as /f/SIZE, not until it is false again */
extern bool site_known_away;  /* and that is known */
extern bool site_in_parts;    /* a file's beginning may be read behind a head that has gone out */
extern bool site_rest_away;   /* what lies behind a file's first block, not until it is false again */
extern uint32_t site_waiting; /* who waits */
extern uint32_t site_held, cache_pinned;
extern uint64_t site_pages;    /* it has pages for what went wrong, of so many bytes and the status; 0: none */
extern bool site_locks;        /* /l/SIZE is locked, and so is /app/l/; this says that there are such */
extern bool site_page_fails;   /* they cannot be read */
extern bool site_pages_slow;   /* nor found, until later */
extern uint64_t site_fallback; /* bytes of what goes in the place of pages that are not there; 0: nothing does */
extern bool site_lists;        /* what ends in '/' and is not there is a folder, of these names: */
void site_name(const char *name);
extern uint64_t site_mtime_ns; /* of each that is there */
extern enum cache_names_state site_names_state;
extern bool site_names_more;
extern uint32_t site_names_held;
void site_call(void); /* those who wait */
uint8_t site_byte(uint64_t size, uint64_t offset);

extern uint32_t site_gets, site_gets_most;        /* names that were looked at since a timer; the most at a time */
extern char site_changed[200], site_mounts[1000]; /* what was said last of a path; of what is mounted */
extern uint32_t site_walks;                       /* so often the cache was looked through for folders */

/* -- the application (http_played.c), at the other end of the front's rings --
 * /app/len/SIZE, /app/unended/SIZE (the same, and does not say that this is the end), /app/chunk/SIZE, /app/none/SIZE (the same), /app/x/SIZE (the file /f/SIZE), /app/404/SIZE (the same, as
 * 404), /app/order/PATH (that file), /app/asked/PATH (the same, for the client), /app/type/SIZE (/f/SIZE, of type a/b; c="d"), /app/fields/SIZE (/f/SIZE,
 * with the longest head), /app/early (fails at once), /app/short (less than promised), /app/long (more),
 * /app/nonsense, /app/fails/none, /app/fails/503, /app/fails/chunk, /app/fails/len (answers that fail: nothing, a part,
 * a part), /app/fails/whole (too late), /app/raw/NAME (odd heads, and forbidden ones), /app/echo (the request's body),
 * /app/stream (the same, as it comes), /app/fields (the request's), /app/text (app_text: a head, and a body of the same
 * bytes), /app/lazy (does not read the body), /app/hold (no answer until app_release()), /app/upgrade (101, and echoes
 * all), /app/ws (101 at once, then reads to the end), /app/eager (a head, and then reads to the end), /app/head/SIZE
 * (of so many bytes), /app/drip (a head, then a byte whenever app_drops allows; /app/drip/events: of events) */
#include "http/app_link.h"

extern const struct app_config played_front; /* the front's end */
extern bool app_absent;                      /* it refuses each request: 503 */
extern bool app_is_slow;                     /* it accepts none, and says nothing */
extern bool app_has_the_rest;                /* as it says of its site */
extern uint32_t app_count;                   /* requests it has */
extern uint32_t app_misses;                  /* so often it was told that the site does not have something */
extern const void *app_text;
extern uint32_t app_text_length;
extern uint32_t app_drops; /* bytes that /app/drip may write now; ALL_DROPS: and then it ends */
#define ALL_DROPS UINT32_MAX
extern uint32_t app_broken;   /* so often it was told that the client has gone */
extern uint64_t app_streamed; /* bytes */
extern char app_server[300];  /* how the last request came, and whom its handshake has asked for: https://NAME */
void app_start_front(void);
void app_start(void);      /* and the application */
void app_begin(void);      /* the application says what the site is */
void app_run(void);        /* each of its requests takes a step */
void app_exchange(void);   /* both ends hear what the other has said */
void app_wake_front(void); /* one event of the front */
void app_release(void);
void app_hold(void);        /* /app/hold waits again */
void app_dies(void);        /* it does nothing any more, */
void app_lives_again(void); /* until it starts anew, and says what the site is: */
void app_starts_anew(void);
void app_say_site(void);
struct app_slot *app_slot_of(const char *target); /* at its end; NULL: it has none */
void app_say(const struct app_message *message);  /* whatever that is */
bool app_record(enum app_record_type type, const void *bytes, uint32_t length);
extern uint32_t app_dones, app_site_status, app_site_which; /* what it has heard */
const struct app_counters *app_counted(void);

/* -- the client -- */
struct response {
    int status;
    uint32_t head, body, whole; /* bytes; whole: of all that was sent */
    bool closes, chunked, has_length;
    const char *text;   /* its head */
    char data[1 << 20]; /* its body, without chunks */
};
/* The first response in what was received. False: not complete. `to_end`: nothing more will come. */
bool parse_response(struct client *client, bool head_only, bool to_end, struct response *response);
/* Its body is `length` bytes at `offset` of /f/SIZE. */
bool body_of_site(const struct response *response, uint64_t size, uint64_t offset, uint64_t length);
bool has_field(const struct response *response, const char *line);

void step(void); /* everybody but the clients: the site calls, the application runs, timers */
void pass_s(uint32_t seconds);

void test_soak(void);

#endif

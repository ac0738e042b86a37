/* python/control.h: what the program tells the front beside answers (slot APP_CONTROL of http/app_proto.h): what its
 * site is, which paths it has changed; and the front's counters. Without Python.
 *
 * The site is kept here as a record. Changes of one turn of the worker's go out together, before the answers of that
 * turn. A new program's site begins empty: what the one before it has said holds until the new one says something.
 */
#ifndef PYTHON_CONTROL_H
#define PYTHON_CONTROL_H

#include "http/app_client.h"

void control_init(void);
void control_program_begins(void);

/* The port whose requests the front hands over: as the program said, else as the description does; 0: none. */
uint16_t control_port(void);

/* The site as it would be told, and back to that: `bytes` outlive its change. */
struct control_site {
    const void *bytes;
    uint32_t count;
    bool taken;  /* the program that runs has said what the site is */
    bool unsent; /* there is something that the front has not been told */
};
struct control_site control_site(void);
void control_put_back(const struct control_site *site, const void *bytes);

/* Changes. False: there is no room for it in a record; nothing has changed. */
struct control_text {
    const char *at;
    size_t length;
};
void control_take_site(void); /* the program's first word of the site: empty from now on */
bool control_mount(const struct control_text texts[APP_MOUNT_TEXTS],
                   uint16_t flags); /* in place of one with the same prefix */
void control_no_routes(void);
bool control_route(struct control_text text, bool exact, bool gets);
void control_all_routes(void); /* every request is the program's */
void control_set_not_found(bool flag);
void control_set_port(uint16_t port);

/* What has changed goes out now, as far as there is room; else later by itself. */
void control_tell(void);
/* From the worker: the same, and waits for the front's word: enum app_site_status; *which: of its mounts, or of its
 * routes behind them. Routes that are too many are no reason to refuse: all requests are claimed in place of them. */
int control_commit(uint32_t *which);
/* From the worker: waits for the front's counters. */
const struct app_counters *control_counters(void);

/* A path of the file service that the program has written; below: and all that lies below it. Is never lost. */
void control_path_changed(const char *path, uint32_t length, bool below);

/* For incoming.c: the front's words. */
void control_done(int status, uint32_t which);
void control_restarted(void);

#endif

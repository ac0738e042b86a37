/* http/site/resolutions.h: what the site knows of paths: a resolution for each that was asked for lately. For
 * try_files.c, which finds out, and find.c, which is asked.
 */
#ifndef HTTP_SITE_RESOLUTIONS_H
#define HTTP_SITE_RESOLUTIONS_H

#include "http/cache/waiters.h"
#include "http/site/head.h"

#define SITE_PATH_SHORT 96

/* What is found for one who asks is not for another: codings that the client takes, which have the lowest bits, and */
#define SITE_KEY_ORDERED (1 << 2) /* that the application has ordered it, */
#define SITE_KEY_HOST_BIT 3       /* and the host's number */

enum site_list {
    SITE_LIST_FOUND,  /* a file or a directory */
    SITE_LIST_OTHERS, /* the rest, and what is not known yet */
    SITE_LISTS,
};

/* A folder of the file service that answers what begins with `prefix`. */
struct mount {
    char name[SITE_TEXT_MAX], folder[SITE_TEXT_MAX]; /* host and prefix; folder_length is without a '/' at its end */
    const char *prefix;                              /* in its name */
    uint32_t prefix_length, folder_length;
    uint8_t host; /* its number; 0: none */
    bool locked;  /* it has users */
    struct site_policy policy;
};

struct prepared {
    struct site_resource resource; /* the first: it is what others have */
    uint32_t holders;              /* the resolution counts as one */
    struct prepared *next;         /* free */
};

/* What try_files.c has found out so far. */
struct try_files {
    struct cache_waiter waiter;    /* ours, at the cache or for a resource */
    const char *const *candidates; /* what may follow the path, NULL at the end */
    uint64_t fresh_until_ns;
    struct cache_entry *file; /* held */
    uint32_t variant;         /* that is looked for, or was found */
    enum site_outcome outcome : 8;
    bool folder; /* the path itself is one: sent there if there is no page of its name */
    bool found;  /* the candidate is known, variants are looked for */
};

struct resolution {
    struct resolution *next; /* in its bucket, or free */
    struct resolution *newer, *older;
    uint32_t hash;
    uint16_t path_length;
    uint8_t key, list; /* who asks: SITE_KEY_..; enum site_list */
    uint32_t changes;  /* site_resolutions_changes() when it was looked for */
    bool linked, trying;
    enum site_outcome outcome : 8; /* SITE_WAIT: not known yet */
    uint64_t fresh_until_ns;
    struct prepared *prepared; /* SITE_FOUND */
    const struct mount *mount;
    struct cache_waiter *waiters;
    struct try_files try;
    char *path, short_path[SITE_PATH_SHORT];
};

struct resolution *site_resolution_find(const char *path, uint32_t length, uint8_t key);
/* Linked, of no outcome. NULL: no room now. */
struct resolution *site_resolution_new(const char *path, uint32_t length, uint8_t key);
void site_resolution_use(struct resolution *resolution);
/* The outcome is known: which list the resolution belongs to. */
void site_resolution_settle(struct resolution *resolution, enum site_outcome outcome);
void site_resolution_drop(struct resolution *resolution);
/* Those that are being looked for are found no more, and drop themselves at their end. */
void site_resolutions_forget(void);
/* Something has changed under our hands: each is looked for again when it is asked for. So many times until now. */
void site_resolutions_changed(void);
uint32_t site_resolutions_changes(void);

/* A copy, and of its head `whole` too, with one holder, the resolution that it is for. NULL: all places are held. */
struct prepared *site_prepared_new(const struct site_resource *resource);
void site_prepared_let_go(struct prepared *prepared);

/* The waiter is called when there may be room. */
void site_room_wait(struct cache_waiter *waiter);
void site_room_again(void);

#endif

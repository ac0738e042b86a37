/* http/site_internal.h: what the parts of the site share: site.c (mounts, what others ask), site_walk.c (asking the
 * cache for one name after the other), site_answers.c (the table of what is known, and its bounds).
 */
#ifndef HTTP_SITE_INTERNAL_H
#define HTTP_SITE_INTERNAL_H

#include "http/site_head.h"
#include "http/waiters.h"

#define SITE_PATH_SHORT 96

enum site_list {
    SITE_LIST_FOUND,  /* a file or a directory */
    SITE_LIST_OTHERS, /* the rest, and what is not known yet */
    SITE_LISTS,
};

struct mount {
    char prefix[SITE_TEXT_MAX], folder[SITE_TEXT_MAX]; /* the folder without a '/' at its end */
    uint32_t prefix_length, folder_length;
    struct site_policy policy;
};

struct prepared {
    struct site_resource resource; /* the first: it is what others have */
    uint32_t holders;              /* the answer counts as one */
    struct prepared *next;         /* free */
};

struct walk {
    struct cache_waiter waiter;    /* ours, at the cache or for a resource */
    const char *const *candidates; /* what may follow the path, NULL at the end */
    uint32_t neighbour;
    uint64_t fresh_until_ns;
    struct cache_entry *file; /* held */
    enum site_outcome outcome;
    bool folder; /* the path itself is one: sent there if there is no page of its name */
    bool found;  /* the candidate is known, neighbours are looked for */
};

struct answer {
    struct answer *next; /* in its bucket, or free */
    struct answer *newer, *older;
    uint32_t hash;
    uint16_t path_length;
    uint8_t codings, list; /* enum site_list */
    bool linked, walking;
    enum site_outcome outcome; /* SITE_WAIT: not known yet */
    uint64_t fresh_until_ns;
    uint64_t changes;          /* site_changes() when it was walked for */
    struct prepared *prepared; /* SITE_FOUND */
    const struct mount *mount;
    struct cache_waiter *waiters;
    struct walk walk;
    char *path, short_path[SITE_PATH_SHORT];
};

/* -- site.c -- */
uint64_t site_changes(void); /* so many times something has changed under our hands */

/* -- site_answers.c -- */

void site_answers_init(void);
struct answer *site_answer_find(const char *path, uint32_t length, uint8_t codings);
/* Linked, of no outcome. NULL: no room now. */
struct answer *site_answer_new(const char *path, uint32_t length, uint8_t codings);
void site_answer_use(struct answer *answer);
/* The outcome is known: which list the answer belongs to. */
void site_answer_settle(struct answer *answer, enum site_outcome outcome);
void site_answer_drop(struct answer *answer);
/* Answers being walked are found no more, and drop themselves at their end. */
void site_answers_forget(void);

/* A copy, and of its head `whole` too, with one holder, the answer that it is for. NULL: all places are held. */
struct prepared *site_prepared_new(const struct site_resource *resource);
void site_prepared_let_go(struct prepared *prepared);

/* The waiter is called when there may be room. */
void site_room_wait(struct cache_waiter *waiter);
void site_room_again(void);

/* -- site_walk.c -- */

/* Afterwards the answer is settled, or `walking`; its waiters are called when it no longer is. */
void site_walk(struct answer *answer);

#endif

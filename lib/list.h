/* lib/list.h: doubly linked lists, also as orders of use. A link lies in what is listed; one thing has a link for each
 * list that it can be in at a time.
 *
 * An order of use is a list with the least recently used first: list_move_last() at each use, list_first() for what may
 * go. A queue is a list, too: list_add_last(), list_take_first().
 *
 * A link of zeros is in no list; a list has to be made by list_init(). Every function takes the same short time,
 * however long the list is. To go through a list whose items may leave it, take the next one first:
 *
 *     for (struct list_link *link = list_first(&list); link; link = next) {
 *         next = list_next(&list, link);
 *         struct thing *thing = LIST_ITEM(struct thing, link, link);
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_link {
    struct list_link *next, *previous; /* next == NULL: in no list */
};

struct list {
    struct list_link ends; /* next: the first; previous: the last; both are `ends` where there is none */
};

/* What the link lies in. */
#define LIST_ITEM(type, member, link) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
    list->ends.next = list->ends.previous = &list->ends;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->ends.next == &list->ends;
}

static inline bool list_has(const struct list_link *link) /* whether it is in any list */
{
    return link->next;
}

/* NULL: there is none. */
static inline struct list_link *list_next(const struct list *list, const struct list_link *link)
{
    return link->next == &list->ends ? NULL : link->next;
}

static inline struct list_link *list_previous(const struct list *list, const struct list_link *link)
{
    return link->previous == &list->ends ? NULL : link->previous;
}

static inline struct list_link *list_first(const struct list *list)
{
    return list_next(list, &list->ends);
}

static inline struct list_link *list_last(const struct list *list)
{
    return list_previous(list, &list->ends);
}

/* The link is in no list. `after`: one in a list, or a list's `ends`: then it is the first. */
static inline void list_add_after(struct list_link *after, struct list_link *link)
{
    link->previous = after;
    link->next = after->next;
    link->next->previous = link;
    after->next = link;
}

static inline void list_add_first(struct list *list, struct list_link *link)
{
    list_add_after(&list->ends, link);
}

static inline void list_add_last(struct list *list, struct list_link *link)
{
    list_add_after(list->ends.previous, link);
}

/* No effect on a link that is in no list. */
static inline void list_remove(struct list_link *link)
{
    if (link->next) {
        link->next->previous = link->previous;
        link->previous->next = link->next;
        link->next = NULL;
    }
}

static inline void list_move_last(struct list *list, struct list_link *link)
{
    list_remove(link);
    list_add_last(list, link);
}

/* NULL: there is none. */
static inline struct list_link *list_take_first(struct list *list)
{
    struct list_link *link = list_first(list);
    if (link) {
        list_remove(link);
    }
    return link;
}

#endif

/* qstr_cache.c: whether a new string is one of the interned ones, remembered. MicroPython asks that for each string
 * that is made while a program runs, and searches all pools: with some hundred names in an application that is the
 * larger part of parsing a request.
 *   consumes  strings, some of them a client's, NOT trusted: one may fill an entry, and no more
 *   invariant "yes" is compared, so it is right. "No" may be wrong, by two strings with one hash, or since the string
 *             was interned later: the string is then made anew, which is equal to the interned one in all that Python
 *             can see but `is`
 *   when full a string with another one's entry takes it: the other is searched for again
 *   restart   qstr_cache_clear(): an interpreter that starts anew has other pools
 */
#include "lib/pd.h"

#include <string.h>
#include "python/port.h"

#include "py/qstr.h"

#define ENTRIES 512 /* a power of two */
#define LONGEST 32  /* bytes: no name that a program is asked for by its requests is longer */

struct entry {
    uint32_t hash;
    uint16_t length; /* 0: free */
    qstr found;      /* MP_QSTRnull: it is none */
};

static struct {
    struct entry entries[ENTRIES];
} self;

void qstr_cache_clear(void)
{
    memset(&self, 0, sizeof(self));
}

/* FNV-1a, 32 bits. */
static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 2166136261;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 16777619;
    }
    return hash;
}

static bool is_qstr(qstr name, const char *text, size_t length)
{
    size_t name_length;
    const byte *data = qstr_data(name, &name_length);
    return name_length == length && !memcmp(data, text, length);
}

/* In place of qstr_find_strn() where strings are made: python/port.mk. */
qstr qstr_find_cached(const char *text, size_t length);

qstr qstr_find_cached(const char *text, size_t length)
{
    if (length == 0) {
        return MP_QSTR_;
    }
    if (length > LONGEST) {
        return MP_QSTRnull;
    }
    uint32_t hash = hash_of(text, length);
    struct entry *entry = &self.entries[(hash ^ hash >> 16) % ENTRIES];
    if (entry->hash == hash && entry->length == length &&
        (entry->found == MP_QSTRnull || is_qstr(entry->found, text, length))) {
        return entry->found;
    }
    *entry = (struct entry){hash, (uint16_t)length, qstr_find_strn(text, length)};
    return entry->found;
}

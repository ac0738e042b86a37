/* http/site/site.h: which file answers a path: mounted folders, their rules and policy, and response heads prepared once
 * per file.
 *
 * Rules: dir/ finds index.html, .htm, .xhtml, index; name finds the file name, then name.html, .htm, .xhtml; else a
 * directory of that name is sent to the address with its slash. Where the mount says so, and the client takes it,
 * name.br or name.gz beside a compressible file goes in its place. The longest mounted prefix of a path has it; what
 * lies under an internal one cannot be reached by way of a shorter one.
 *
 * Remembered are 512 paths that were found and 256 that were not, for as long as the cache calls what was looked at
 * fresh: one look for all who ask meanwhile. While the file server is away what was found last is given.
 *
 * Not for clients is what hidden.c names, and what the mount's rules hide: it is not found.
 */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include "fs/proto.h"
#include "http/cache/cache.h"
#include "http/parse/select.h"
#include "http/site/rules.h"
#include "lib/region.h"

#define SITE_MOUNTS_MAX 16
#define SITE_SECRETS_MAX 8
#define SITE_TEXT_MAX 256
#define SITE_HEAD_MAX 832

struct site_policy {
    bool precompressed;         /* look for name.br, name.gz */
    bool internal;              /* only by the application's order (X-Accel-Redirect), never by a client's request */
    char fields[SITE_TEXT_MAX]; /* further field lines for each resolution, each ending in CR LF */
    char rules[SITE_RULES_MAX]; /* rules.h */
    uint32_t rule_kinds;        /* of which these have lines: site_mount() finds out */
};

/* Before all else, once. The memory is nobody else's: what is remembered lies in it. */
#define SITE_MEMORY_BYTES 0x90000
void site_init(const struct region *memory);

/* name: a prefix, which begins and ends with '/', perhaps behind the name of a host: "example.org/docs/". A host that
 * mounts name has those alone; all others have those without a host. folder is absolute in the file service. One name has
 * one mount: a second call replaces the first. False: one mount too many, or a text that is too long or not allowed:
 * fields are whole lines, none of them the front's own, rules are such, and the longest Cache-Control fits into a head
 * together with fields (384 bytes). */
bool site_mount(const char *name, const char *folder, const struct site_policy *policy);
/* Whether these two are allowed, whatever the policy says. */
bool site_may_mount(const char *name, const char *folder);
void site_unmount_all(void);

/* Nobody gets the file at this path of the file service, nor keys and certificates beside it (.pem, .key): not by the
 * application's order either. The text stays where it is. At most SITE_SECRETS_MAX. */
void site_keep_secret(const char *path);
/* Clients do not get files whose path is made of this one by the time of day (%Y, %m, %d, %H), nor what was made of
 * such a file (.1, -20261130, .gz), unless the mount shows it. The text stays where it is. */
void site_hide_log(const char *pattern);

/* What lies at this path of the file service is no longer what it was. */
void site_path_changed(const char *path, uint32_t length);
/* Nor what lies in this folder, however deep: noted, until site_changes_end() lets the cache forget what it has of all
 * that were noted. That looks through all that the cache knows, once, and may forget more than was noted: call it
 * before anything else happens. */
void site_folder_changed(const char *path, uint32_t length);
void site_changes_end(void);

/* A resolved resource, prepared. Valid while held. */
struct site_resource {
    struct cache_entry *file;
    struct http_validators validators;
    uint32_t whole_length; /* of `whole`: "HTTP/1.1 200 OK" and all fields up to, without, Date and Connection */
    uint32_t fields_at;    /* in it: fields that 206 has, too, from here on (not status line, Content-Length) */
    const char *whole;
    bool later; /* modified after now: `whole` has no Last-Modified, each resolution its own */
    /* the rest is the site's: resolutions.h */
};

/* Its lines that 206 has, too. */
static inline struct http_slice site_resource_fields(const struct site_resource *resource)
{
    uint32_t at = resource->fields_at;
    return (struct http_slice){resource->whole + at, resource->whole_length - at};
}

enum site_outcome {
    SITE_FOUND,    /* *resource is set, held until site_release() */
    SITE_WAIT,     /* the waiter is noted: ask again when it is called */
    SITE_REDIRECT, /* the same path with a '/' behind it */
    SITE_NOT_FOUND,
    SITE_FORBIDDEN,
    SITE_UNREACHABLE,
    SITE_NONE,   /* no mount has this path */
    SITE_LOCKED, /* its mount has users, who have to say so: site_unlocks() */
};
enum site_access {
    SITE_PUBLIC,   /* a client asks */
    SITE_UNLOCKED, /* one that has said who it is */
    SITE_ORDERED,  /* the application: internal mounts count, too, and what is hidden */
};
/* path: clean (http_path_clean). codings: what the client takes. host: which it has named, perhaps with a port. */
enum site_outcome site_find(const char *path, uint32_t length, uint8_t codings, enum site_access access,
                            struct http_slice host, struct site_resource **resource, struct cache_waiter *waiter);
void site_hold(struct site_resource *resource); /* once more */
void site_release(struct site_resource *resource);

/* The mount, of those that clients know, that has the path: counted from 1; 0: none. It may be another one's later. */
uint8_t site_mount_number(const char *path, uint32_t length, struct http_slice host);
/* The mount's own page for a status, 404.html, or that of a mount around it. SITE_FOUND, SITE_WAIT, SITE_NOT_FOUND. */
enum site_outcome site_find_page(uint8_t mount, int status, struct site_resource **resource,
                                 struct cache_waiter *waiter);
/* What the mount has for pages that are not there: the same outcomes. */
enum site_outcome site_find_fallback(uint8_t mount, uint8_t codings, struct site_resource **resource,
                                     struct cache_waiter *waiter);

/* A folder that its mount shows as a page: its name for the file service, with a '/' at its end. */
struct site_folder {
    uint8_t mount;
    uint32_t length;
    char name[FS_PATH_MAX];
};
/* path: clean. False: it is none. */
bool site_find_folder(const char *path, uint32_t length, struct http_slice host, struct site_folder *folder);
bool site_is_listed(uint8_t mount, const char *name, uint32_t length); /* what lies in it, of this name */
const char *site_fields(uint8_t mount);                                /* of the mount's policy */

/* The mount whose users may ask the application for the path: the application has it for all hosts, and a client names
 * whichever it likes. So that of no host counts beside the host's own; of two locks that of the longer prefix. 0: none. */
uint8_t site_lock_number(const char *path, uint32_t length, struct http_slice host);
/* Does this value of Authorization open the mount? Each does that has no lock; so with 0. */
bool site_unlocks(uint8_t mount, struct http_slice authorization);
bool site_has_locks(void);
/* What tells its lock from others, fit for a quoted string. */
#define SITE_REALM_MAX 64
void site_put_realm(uint8_t mount, char realm[SITE_REALM_MAX]);

#endif

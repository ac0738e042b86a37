/* http/site/hidden.c: what lies among the files and is not for clients: the program, the access log, caches and settings
 * of tools, and what the mount's rules hide. To them it is not there.
 *   consumes  names of files below a mount's folder, made of paths of clients, NOT trusted to exist: any bytes
 *   produces  yes or no; the file service is not asked
 *   not seen  that the file service knows one file by two names: a link, or what a server makes of a name
 */
#include "http/site/hidden.h"

#include <strings.h>
#include "http/parse/text.h"
#include "lib/pd.h"

static struct {
    const char *secrets[SITE_SECRETS_MAX];
    uint32_t secret_count;
    const char *log; /* NULL: none */
} self;

static bool is(struct http_slice name, const char *text)
{
    return name.length == strlen(text) && strncasecmp(name.at, text, name.length) == 0;
}

static bool ends(struct http_slice name, const char *ending)
{
    uint32_t length = (uint32_t)strlen(ending);
    return name.length > length && strncasecmp(name.at + name.length - length, ending, length) == 0;
}

/* Wherever the mount begins: the program is at the top of the file service, with what it imports beside it or in /lib. */
static bool is_program(const char *name, uint32_t length)
{
    static const char libraries[] = "/lib/";
    struct http_slice whole = {name, length};
    bool may_end_so = length > 0 && (name[length - 1] | 0x20) == 'y'; /* most names do not */
    if (!may_end_so || (!ends(whole, ".py") && !ends(whole, ".mpy"))) {
        return false;
    }
    return !memchr(name + 1, '/', length - 1) || strncasecmp(name, libraries, sizeof(libraries) - 1) == 0;
}

/* How many bytes of the name the pattern stands for; 0: it is another's. */
static uint32_t match_log(const char *pattern, struct http_slice name)
{
    uint32_t at = 0;
    for (; *pattern; pattern++) {
        uint32_t digits = *pattern != '%' ? 0 : *++pattern == 'Y' ? 4 : 2;
        uint32_t end = at + (digits > 0 ? digits : 1);
        if (end > name.length || (digits == 0 && strncasecmp(name.at + at, pattern, 1) != 0)) {
            return 0;
        }
        for (; at < end; at++) {
            if (digits > 0 && !http_is(name.at[at], CLASS_DIGIT)) {
                return 0;
            }
        }
    }
    return at;
}

/* What follows in the name of what was made of a log: log.1, log-20261130, log.gz, log.1.gz. */
static bool is_of_rotation(const char *rest, uint32_t length)
{
    static const char *const endings[] = {".gz", ".xz", ".bz2", ".zst", ".old", ".bak"};
    if (length >= 2 && (rest[0] == '.' || rest[0] == '-') && http_is(rest[1], CLASS_DIGIT)) {
        return !memchr(rest, '/', length);
    }
    for (uint32_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (is((struct http_slice){rest, length}, endings[i])) {
            return true;
        }
    }
    return length == 0;
}

static bool is_log(const char *name, uint32_t length)
{
    uint32_t matched = self.log ? match_log(self.log, (struct http_slice){name, length}) : 0;
    return matched > 0 && is_of_rotation(name + matched, length - matched);
}

static bool is_well_known(const struct mount *mount, struct http_slice path)
{
    static const char folder[] = ".well-known/"; /* RFC 8615 3 */
    uint32_t length = sizeof(folder) - 1;
    return mount->prefix_length == 1 && path.length > length && memcmp(path.at, folder, length) == 0;
}

/* A name on the way that tools keep for themselves. */
static bool has_a_tools_name(struct http_slice path)
{
    const char *at = path.at, *end = at + path.length;
    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at)), *stop = slash ? slash : end;
        struct http_slice name = {at, (uint32_t)(stop - at)};
        if ((name.length > 0 && *at == '.') || is(name, "__pycache__")) {
            return true;
        }
        at = slash ? slash + 1 : end;
    }
    return false;
}

bool site_is_hidden(const struct mount *mount, const char *name, uint32_t length)
{
    uint32_t skipped = mount->folder_length + 1;
    struct http_slice path = {name + skipped, length - skipped};
    const struct site_policy *policy = &mount->policy;
    if (site_says(policy, RULE_SHOW, path).at) {
        return false;
    }
    if (site_says(policy, RULE_HIDE, path).at || is_program(name, length) || is_log(name, length)) {
        return true;
    }
    return has_a_tools_name(path) && !is_well_known(mount, path);
}

void site_hide_log(const char *pattern)
{
    self.log = pattern;
}

void site_keep_secret(const char *path)
{
    require(self.secret_count < SITE_SECRETS_MAX, "http: files to be kept secret", self.secret_count);
    self.secrets[self.secret_count++] = path;
}

static bool ends_like_a_key(struct http_slice name)
{
    return ends(name, ".pem") || ends(name, ".key");
}

/* Itself, or a key or a certificate in its folder. */
static bool goes_with(const char *secret, struct http_slice name)
{
    size_t folder = (size_t)(strrchr(secret, '/') - secret) + 1;
    return is(name, secret) || (name.length > folder && strncasecmp(name.at, secret, folder) == 0 &&
                                ends_like_a_key(name) && !memchr(name.at + folder, '/', name.length - folder));
}

bool site_is_secret(const char *name, uint32_t length)
{
    for (uint32_t i = 0; i < self.secret_count; i++) {
        if (goes_with(self.secrets[i], (struct http_slice){name, length})) {
            return true;
        }
    }
    return false;
}

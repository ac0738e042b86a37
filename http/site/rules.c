/* http/site/rules.c: what a mount says of its files: see rules.h. Read line by line when a path is looked at for the
 * first time, or anew; what is remembered of a path needs none of it.
 *   consumes  rules    from the application, NOT trusted: site_rules_check() comes first
 *   consumes  names    from clients, NOT trusted: any bytes
 *   takes     the length of the rules times that of the name, at most
 */
#include "http/site/rules.h"

#include "http/parse/text.h"

#define NAME_MAX 200 /* bytes of a file's name */
#define TYPE_MAX 100 /* bytes of a media type: REST_MAX in head.c has room for so many */

struct line {
    enum site_rule rule;
    struct http_slice pattern, value;
};

static const struct {
    const char *word;
    bool has_pattern;
} kinds[RULES] = {
    [RULE_TYPE] = {"type", true},          [RULE_CHARSET] = {"charset", false}, [RULE_HIDE] = {"hide", true},
    [RULE_SHOW] = {"show", true},          [RULE_USER] = {"user", false},       [RULE_LISTING] = {"listing", false},
    [RULE_FALLBACK] = {"fallback", false}, [RULE_CACHE] = {"cache", true},      [RULE_PAGES] = {"pages", false},
    [RULE_OTHERS] = {"others", false},
};

/* -- patterns -- */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The character at `at`, which may have several bytes (UTF-8). */
static const char *behind_character(const char *at, const char *end)
{
    do {
        at++;
    } while (at < end && (*at & 0xc0) == 0x80);
    return at;
}

/* The whole of the name. Where it goes wrong the last '*' takes a character more: those before it need not. */
static bool matches(const char *pattern, const char *pattern_end, const char *name, const char *name_end)
{
    const char *star = NULL, *from = NULL; /* behind the last '*', and what it has left of the name */
    while (name < name_end) {
        if (pattern < pattern_end && *pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (pattern < pattern_end && *pattern == '?' && *name != '/') {
            pattern++;
            name = behind_character(name, name_end);
        } else if (pattern < pattern_end && small(*pattern) == small(*name)) {
            pattern++;
            name++;
        } else if (star && *from != '/') {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (pattern < pattern_end && *pattern == '*') {
        pattern++;
    }
    return pattern == pattern_end;
}

static const char *end_of_name(const char *at, const char *end)
{
    const char *slash = memchr(at, '/', (size_t)(end - at));
    return slash ? slash : end;
}

/* One of the names in the path. */
static bool matches_a_name(const char *pattern, const char *pattern_end, struct http_slice path)
{
    const char *at = path.at, *end = at + path.length;
    while (at < end) {
        const char *stop = end_of_name(at, end);
        if (matches(pattern, pattern_end, at, stop)) {
            return true;
        }
        at = stop < end ? stop + 1 : end;
    }
    return false;
}

/* The path's beginning that has as many names as the pattern. */
static bool matches_a_path(const char *pattern, const char *pattern_end, struct http_slice path)
{
    const char *end = path.at + path.length, *stop = end_of_name(path.at, end);
    for (const char *at = pattern; at < pattern_end; at++) {
        if (*at == '/') {
            if (stop == end) {
                return false;
            }
            stop = end_of_name(stop + 1, end);
        }
    }
    return matches(pattern, pattern_end, path.at, stop);
}

bool site_pattern_is_for(struct http_slice pattern, struct http_slice path)
{
    const char *at = pattern.at, *end = at + pattern.length;
    bool is_path = memchr(at, '/', pattern.length);
    at += at < end && *at == '/';
    end -= end > at && end[-1] == '/';
    return at < end && (is_path ? matches_a_path : matches_a_name)(at, end, path);
}

/* -- lines -- */

/* What stands at *at up to `stop`; *at is then what follows that. False: there is no `stop` in this line. */
static bool take(const char **at, const char *end, char stop, struct http_slice *part)
{
    const char *found = memchr(*at, stop, (size_t)(end - *at));
    if (!found) {
        return false;
    }
    *part = (struct http_slice){*at, (uint32_t)(found - *at)};
    *at = found + 1;
    return true;
}

static bool rule_named(struct http_slice word, enum site_rule *rule)
{
    for (uint32_t i = 0; i < RULES; i++) {
        if (word.length == strlen(kinds[i].word) && memcmp(word.at, kinds[i].word, word.length) == 0) {
            *rule = (enum site_rule)i;
            return true;
        }
    }
    return false;
}

/* The line at *at, which moves on. False: there is none, or it is no rule. */
static bool next_line(const char **at, struct line *line)
{
    struct http_slice word, whole;
    const char *end = *at + strlen(*at);
    if (!take(at, end, '\n', &whole)) {
        return false;
    }
    const char *from = whole.at, *stop = whole.at + whole.length;
    if (!take(&from, stop, '\t', &word) || !rule_named(word, &line->rule)) {
        return false;
    }
    line->pattern = (struct http_slice){from, 0};
    if (kinds[line->rule].has_pattern && !take(&from, stop, '\t', &line->pattern)) {
        return false;
    }
    line->value = (struct http_slice){from, (uint32_t)(stop - from)};
    return true;
}

struct http_slice site_rule(const char *rules, enum site_rule rule, struct http_slice path)
{
    struct line line;
    while (next_line(&rules, &line)) {
        if (line.rule == rule && (!kinds[rule].has_pattern || site_pattern_is_for(line.pattern, path))) {
            return line.value;
        }
    }
    return (struct http_slice){NULL, 0};
}

bool site_next_rule(const char **at, enum site_rule rule, struct http_slice *value)
{
    struct line line;
    while (next_line(at, &line)) {
        if (line.rule == rule) {
            *value = line.value;
            return true;
        }
    }
    return false;
}

uint32_t site_rules_kinds(const char *rules)
{
    struct line line;
    uint32_t found = 0;
    while (next_line(&rules, &line)) {
        found |= 1u << line.rule;
    }
    return found;
}

/* -- are they rules? -- */

static uint32_t token(struct http_slice text, uint32_t from)
{
    while (from < text.length && http_is(text.at[from], CLASS_TOKEN)) {
        from++;
    }
    return from;
}

/* type/subtype, and perhaps parameters: RFC 9110 8.3.1. */
static bool is_media_type(struct http_slice text)
{
    uint32_t slash = token(text, 0), end = slash < text.length ? token(text, slash + 1) : slash;
    return slash > 0 && slash < text.length && text.at[slash] == '/' && end > slash + 1 && text.length <= TYPE_MAX &&
           (end == text.length || text.at[end] == ';' || text.at[end] == ' ');
}

/* As http_path_clean() leaves it, without the '/' at its beginning. */
static bool is_name(struct http_slice path)
{
    char slashed[NAME_MAX + 1] = "/", clean[HTTP_PATH_MAX];
    if (path.length == 0 || path.length > NAME_MAX || path.at[0] == '/' || memchr(path.at, '%', path.length)) {
        return false;
    }
    memcpy(slashed + 1, path.at, path.length);
    return http_path_clean((struct http_slice){slashed, path.length + 1}, clean) == path.length + 1;
}

static bool is_base64(struct http_slice text)
{
    for (uint32_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !http_is(c, CLASS_DIGIT) && c != '+' && c != '/' && c != '=') {
            return false;
        }
    }
    return text.length > 0;
}

static bool is_good(const struct line *line, uint32_t *longest)
{
    if (!http_all_are(line->value, CLASS_TEXT) || (kinds[line->rule].has_pattern && line->pattern.length == 0)) {
        return false;
    }
    switch (line->rule) {
    case RULE_TYPE: return is_media_type(line->value);
    case RULE_CHARSET: return http_all_are(line->value, CLASS_TOKEN) && line->value.length <= TYPE_MAX / 4;
    case RULE_HIDE:
    case RULE_SHOW:
    case RULE_LISTING: return line->value.length == 0;
    case RULE_USER: return is_base64(line->value);
    case RULE_FALLBACK: return is_name(line->value);
    case RULE_CACHE:
    case RULE_PAGES:
    case RULE_OTHERS: *longest = line->value.length > *longest ? line->value.length : *longest; return true;
    case RULES: break;
    }
    return false;
}

bool site_rules_check(const char *rules, uint32_t *longest)
{
    struct line line;
    *longest = 0;
    while (*rules) {
        if (!next_line(&rules, &line) || !is_good(&line, longest)) {
            return false;
        }
    }
    return true;
}

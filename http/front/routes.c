/* routes.c: which requests are the application's: a table of prefixes, in the order in which they were added.
 *   consumes  prefixes, from the application (http/front/app_site.c), which has had their sizes checked; paths of clients,
 *             NOT trusted: any bytes
 *   when full a prefix more is refused: the site it came with is
 */
#include "http/front/routes.h"

#include <string.h>

struct route_prefix {
    uint8_t length;
    bool exact, gets, others;
    char text[ROUTE_PREFIX_MAX];
};

static struct {
    struct route_prefix prefixes[ROUTES_MAX];
    uint32_t count;
    bool have_the_rest;
} self;

bool routes_add(const char *text, uint32_t length, bool exact, bool gets, bool others)
{
    if (self.count == ROUTES_MAX || length > ROUTE_PREFIX_MAX) {
        return false;
    }
    struct route_prefix *prefix = &self.prefixes[self.count++];
    *prefix = (struct route_prefix){.length = (uint8_t)length, .exact = exact, .gets = gets, .others = others};
    memcpy(prefix->text, text, length);
    return true;
}

void routes_clear(void)
{
    self.count = 0;
}

void routes_take_the_rest(bool yes)
{
    self.have_the_rest = yes;
}

bool routes_have_the_rest(void)
{
    return self.have_the_rest;
}

static bool matches(const struct route_prefix *prefix, uint8_t method, const char *path, uint32_t length)
{
    bool reads = method == HTTP_GET || method == HTTP_HEAD;
    if (method != HTTP_OPTIONS && !(reads ? prefix->gets : prefix->others)) {
        return false;
    }
    bool fits = prefix->exact ? length == prefix->length : length >= prefix->length;
    return fits && memcmp(path, prefix->text, prefix->length) == 0;
}

static bool any_matches(uint8_t method, const char *path, uint32_t length)
{
    for (uint32_t i = 0; i < self.count; i++) {
        if (matches(&self.prefixes[i], method, path, length)) {
            return true;
        }
    }
    return false;
}

bool routes_match(const struct http_request *request, const char *path, uint32_t length)
{
    const struct http_slice *sent = &request->path;
    if (self.count == 0) {
        return false;
    }
    bool same = length == sent->length && memcmp(path, sent->at, length) == 0;
    return any_matches(request->method, path, length) ||
           (!same && any_matches(request->method, sent->at, sent->length));
}

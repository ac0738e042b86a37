/* http/site/rules.h: what a mount says of its files, beyond what holds for all: lines of text.
 *
 *     type<TAB>PATTERN<TAB>MEDIA TYPE<LF>    in place of what the name's ending says
 *     charset<TAB>NAME<LF>                   of texts; empty: it is not told. No such line: utf-8
 *     hide<TAB>PATTERN<TAB><LF>              not for clients
 *     show<TAB>PATTERN<TAB><LF>              for clients, whatever else hides it
 *     user<TAB>CREDENTIALS<LF>               who may see it: name and password, as RFC 7617 puts them together; no such line:
 *                                            everybody
 *     listing<TAB><LF>                       folders without an index are shown as a page
 *     fallback<TAB>NAME<LF>                  the file, from the mount's folder on, for pages that are not there
 *     cache<TAB>PATTERN<TAB>VALUE<LF>        Cache-Control; empty: no such field
 *     pages<TAB>VALUE<LF>                    the same of what pages are made of, html, css, js, where no pattern fits
 *     others<TAB>VALUE<LF>                   and of all else
 *
 * Of lines that say the same the first holds. A pattern without '/' is for a name, wherever it stands in the path; one
 * with '/' for a path, from the mount's folder on. It stands for a file, or for a folder with all that lies in it. '*'
 * is any characters but '/', '?' is one; small letters and capitals are the same.
 */
#ifndef HTTP_SITE_RULES_H
#define HTTP_SITE_RULES_H

#include "http/parse/request.h"

#define SITE_RULES_MAX 1024 /* bytes, with a NUL behind them */

enum site_rule {
    RULE_TYPE,
    RULE_CHARSET,
    RULE_HIDE,
    RULE_SHOW,
    RULE_USER,
    RULE_LISTING,
    RULE_FALLBACK,
    RULE_CACHE,
    RULE_PAGES,
    RULE_OTHERS,
    RULES
};

/* The value of the first line of that kind, whose pattern, if it has one, is for this path (of a file, from the mount's
 * folder on, without a '/' before it). at == NULL: there is none. */
struct http_slice site_rule(const char *rules, enum site_rule rule, struct http_slice path);

/* The values of all lines of a kind without a pattern, one after the other: from *at on, which moves. */
bool site_next_rule(const char **at, enum site_rule rule, struct http_slice *value);

/* Of which kinds there is a line: a bit for each. */
uint32_t site_rules_kinds(const char *rules);

/* Are these rules, each of which can be followed? *longest: of the values that Cache-Control may have. */
bool site_rules_check(const char *rules, uint32_t *longest);

bool site_pattern_is_for(struct http_slice pattern, struct http_slice path);

#endif

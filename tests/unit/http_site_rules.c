/* http_site_rules.c: which files a pattern is for, which rule holds, what is no rule. Patterns, paths and rules lie in
 * memory of exactly their size. */
#include <stdlib.h>

#include "http/site/rules.h"
#include "tests/unit/check.h"

static struct http_slice exactly(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length + !length);
    return (struct http_slice){memcpy(copy, text, length), (uint32_t)length};
}

static bool is_for(const char *pattern, const char *path)
{
    struct http_slice a = exactly(pattern), b = exactly(path);
    bool yes = site_pattern_is_for(a, b);
    free((char *)a.at);
    free((char *)b.at);
    return yes;
}

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *yes, *no; /* paths, with a blank between two */
    } cases[] = {
        {"a.txt", "a.txt b/a.txt A.TXT a.txt/b c/a.txt/b/c", "a.txtx xa.txt a.tx b"},
        {"*.pdf", "a.pdf .pdf b/c.pdf a.b.pdf a.PDF x.pdf/y", "a.pdfx pdf apdf a.pd"},
        {"a*", "a ab b/ac abc/d", "b ba c/ba"},
        {"*", "a a/b .x", ""},
        {"a?c", "abc aXc a.c x/abc", "ac abbc a/c"},
        {"?", "a a/bc \xc3\xbc \xf0\x9f\x8c\x8d", "ab ab/cd"},
        {"a*b*c", "abc aXbYc abcbc aabbcc a/abc", "ab acb abcd"},
        {"*a*b", "ab xaxb aab abab/x", "a b ba"},
        {"/a", "a a/b A", "b/a ab"},
        {"a/", "a a/b", "b/a"},
        {"/a/", "a/b a", "b/a"},
        {"a/b", "a/b a/b/c A/B", "a b x/a/b a/bc a/x/b"},
        {"a/*", "a/b a/b/c a/.x", "a b/a"},
        {"a/*.js", "a/b.js a/b.js/c", "a/b/c.js a.js a/b.jsx"},
        {"*/b", "a/b x/b/c", "b a/c/b"},
        {"*/*", "a/b a/b/c", "a"},
        {"a*/b", "a/b ab/b", "a/c/b a b"},
        {"a/b?/c", "a/bc/c a/b\xc3\xa4/c/d", "a/b/c a/bcd/c"},
        {"", "", "a a/b"},
        {"/", "", "a a/b"},
        {"//", "", "a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char yes[100], no[100], what[200];
        strcpy(yes, cases[i].yes);
        strcpy(no, cases[i].no);
        for (char *path = strtok(yes, " "); path; path = strtok(NULL, " ")) {
            sprintf(what, "%s for %s", cases[i].pattern, path);
            CHECK_CASE(is_for(cases[i].pattern, path), what);
        }
        for (char *path = strtok(no, " "); path; path = strtok(NULL, " ")) {
            sprintf(what, "%s for %s", cases[i].pattern, path);
            CHECK_CASE(!is_for(cases[i].pattern, path), what);
        }
    }
}

/* So many stars that a careless search would take years. */
static void test_many_stars(void)
{
    char pattern[201] = "", path[1001] = "";
    for (int i = 0; i < 100; i++) {
        strcat(pattern, "*a");
    }
    memset(path, 'a', 1000);
    CHECK(is_for(pattern, path));
    pattern[199] = 'b';
    CHECK(!is_for(pattern, path));
    memcpy(pattern, "*/*/*/*/", 8);
    for (int i = 1; i < 1000; i += 2) {
        path[i] = '/';
    }
    CHECK(!is_for(pattern, path));
}

static const char *rule(const char *rules, enum site_rule which, const char *path)
{
    static char text[200];
    struct http_slice name = exactly(path), value = site_rule(rules, which, name);
    free((char *)name.at);
    if (!value.at) {
        return "none";
    }
    sprintf(text, "'%.*s'", (int)value.length, value.at);
    return text;
}

static void test_the_first_holds(void)
{
    static const char rules[] = "type\t*.foo\tapplication/x-foo\ntype\t*.bar\ttext/x-bar; charset=a\ntype\t*\tc/d\n"
                                "charset\t\npages\tno-cache\nothers\tmax-age=5, a\tb\npages\tnever\n";
    uint32_t longest;
    CHECK(site_rules_check(rules, &longest));
    CHECK_EQUAL(longest, 14);
    CHECK_TEXT(rule(rules, RULE_TYPE, "a/x.FOO"), "'application/x-foo'");
    CHECK_TEXT(rule(rules, RULE_TYPE, "x.bar"), "'text/x-bar; charset=a'");
    CHECK_TEXT(rule(rules, RULE_TYPE, "x"), "'c/d'");
    CHECK_TEXT(rule(rules, RULE_CHARSET, ""), "''");
    CHECK_TEXT(rule(rules, RULE_PAGES, "x"), "'no-cache'");
    CHECK_TEXT(rule(rules, RULE_OTHERS, "x"), "'max-age=5, a\tb'");
    CHECK_TEXT(rule("", RULE_TYPE, "x"), "none");
    CHECK_TEXT(rule("pages\ta\n", RULE_OTHERS, "x"), "none");
    CHECK_EQUAL(site_rules_kinds(rules), 1 << RULE_TYPE | 1 << RULE_CHARSET | 1 << RULE_PAGES | 1 << RULE_OTHERS);
    CHECK_EQUAL(site_rules_kinds(""), 0);
    CHECK_TEXT(rule("type\t*.a\tb/c\n", RULE_TYPE, "x"), "none");
}

static void test_what_is_no_rule(void)
{
    static const char *const bad[] = {
        "pages",
        "pages\n",
        "pages\tx",
        "\n",
        "\t\n",
        "pages x\n",
        "PAGES\tx\n",
        "page\tx\n",
        "pagess\tx\n",
        " pages\tx\n",
        "pages\tx\n\n",
        "pages\tx\nothers",
        "pages\tx\r\n",
        "pages\t\x01\n",
        "pages\t\x7f\n",
        "type\t\n",
        "type\ta/b\n",
        "type\t\ta/b\n",
        "type\t*\t\n",
        "type\t*\ta\n",
        "type\t*\t/b\n",
        "type\t*\ta/\n",
        "type\t*\ta/b/c\n",
        "type\t*\ta/b,c\n",
        "type\t*\ta b/c\n",
        "charset\ta b\n",
        "charset\t\"a\"\n",
        "type\t*\ta/b;\xc3\xbc=\x02\n",
        "cache\tx\n",
        "cache\t\tx\n",
        "hide\t\t\n",
        "hide\tx\n",
        "hide\tx\ty\n",
        "show\t*\t \n",
    };
    uint32_t longest;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_CASE(!site_rules_check(bad[i], &longest), bad[i]);
    }
    CHECK(site_rules_check("", &longest) && longest == 0);
}

static void test_users(void)
{
    static const char *const bad[] = {"user\t\n", "user\ta b\n", "user\ta:b\n", "user\ta\tb\n", "user\n"};
    static const char rules[] = "pages\tx\nuser\tYTpi\nothers\tx\nuser\tYTpj+/==\n";
    const char *at = rules;
    struct http_slice value;
    uint32_t longest;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_CASE(!site_rules_check(bad[i], &longest), bad[i]);
    }
    CHECK(site_rules_check(rules, &longest));
    CHECK(site_next_rule(&at, RULE_USER, &value) && value.length == 4 && memcmp(value.at, "YTpi", 4) == 0);
    CHECK(site_next_rule(&at, RULE_USER, &value) && value.length == 8 && memcmp(value.at, "YTpj+/==", 8) == 0);
    CHECK(!site_next_rule(&at, RULE_USER, &value));
}

static void test_names_of_files(void)
{
    static const char *const bad[] = {"",    "/a",    "a//b", "../a", "a/../b", "./a",
                                      "a/.", "a%20b", "a\\b", "\xff", "a/.."};
    char rules[400];
    uint32_t longest;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sprintf(rules, "fallback\t%s\n", bad[i]);
        CHECK_CASE(!site_rules_check(rules, &longest), bad[i]);
    }
    sprintf(rules, "fallback\t%0200u\n", 0u);
    CHECK(site_rules_check(rules, &longest));
    sprintf(rules, "fallback\t%0201u\n", 0u);
    CHECK(!site_rules_check(rules, &longest));
    CHECK(site_rules_check("fallback\tindex.html\nfallback\ta b/\xc3\xbc?.html\n", &longest));
}

int main(void)
{
    test_patterns();
    test_many_stars();
    test_the_first_holds();
    test_what_is_no_rule();
    test_users();
    test_names_of_files();
    return 0;
}

/* http_content_listing_page.c: names of any bytes as HTML: seen as they are, never as markup; links that lead to them. */
#include "http/content/listing_page.h"
#include "tests/unit/check.h"

static char text[LISTING_TOP_MAX + 1];

static const char *row_of(const char *name, uint32_t length, bool is_folder, uint64_t size, uint32_t mtime_s)
{
    struct writer page = writer_in(text, LISTING_ROW_MAX);
    listing_put_row(&page, &(struct listing_row){.name = {name, length},
                                                 .is_folder = is_folder,
                                                 .is_known = size != UINT64_MAX - 1,
                                                 .size = size,
                                                 .mtime_s = mtime_s});
    CHECK(!page.full);
    text[writer_length(&page)] = '\0';
    return text;
}

#define ROW(link, shown, rest) "<tr><td><a href=\"" link "\"><bdi>" shown "</bdi></a><td>" rest "\n"
#define WITHOUT(shown) "<tr><td><bdi>" shown "</bdi><td>5 B<td>\n"

static void check(const char *name, const char *expected)
{
    CHECK_TEXT(row_of(name, (uint32_t)strlen(name), false, 5, 0), expected);
}

static void test_names(void)
{
    check("a.txt", ROW("a.txt", "a.txt", "5 B<td>"));
    check("a b", ROW("a%20b", "a b", "5 B<td>"));
    check("<b>&\"'", ROW("%3Cb%3E%26%22%27", "&lt;b&gt;&amp;&quot;'", "5 B<td>"));
    check("javascript:alert(1)", ROW("javascript%3Aalert%281%29", "javascript:alert(1)", "5 B<td>"));
    check("100%", ROW("100%25", "100%", "5 B<td>"));
    check("a?b#c;d", ROW("a%3Fb%23c%3Bd", "a?b#c;d", "5 B<td>"));
    check("\xc3\xbc\xe4\xbd\xa0", ROW("%C3%BC%E4%BD%A0", "\xc3\xbc\xe4\xbd\xa0", "5 B<td>"));
    check("a\nb\x7f", ROW("a%0Ab%7F",
                          "a\xef\xbf\xbd"
                          "b\xef\xbf\xbd",
                          "5 B<td>"));
    check("\xc2\x85x\xc2\xa0", ROW("%C2%85x%C2%A0", "\xef\xbf\xbdx\xc2\xa0", "5 B<td>"));
    check("a\\b", WITHOUT("a\\b")); /* they have no address */
    check("\xff<", WITHOUT("\xef\xbf\xbd&lt;"));
    check("\xc3", WITHOUT("\xef\xbf\xbd"));
    CHECK_TEXT(row_of("d", 1, true, 4096, 1600000000), ROW("d/", "d/", "<td>13 Sep 2020 12:26"));
    CHECK_TEXT(row_of("x", 1, false, UINT64_MAX - 1, 5), ROW("x", "x", "<td>"));
}

static void test_longest_name(void)
{
    char name[255];
    for (int c = 1; c < 256; c++) {
        memset(name, c, sizeof(name));
        row_of(name, sizeof(name), c % 2, UINT64_MAX, UINT32_MAX);
    }
}

static void check_size(uint64_t size, const char *expected)
{
    char row[200];
    sprintf(row, ROW("x", "x", "%s<td>"), expected);
    CHECK_TEXT(row_of("x", 1, false, size, 0), row);
}

static void test_sizes(void)
{
    check_size(0, "0 B");
    check_size(999, "999 B");
    check_size(1000, "1.0 kB");
    check_size(1234, "1.2 kB");
    check_size(9949, "9.9 kB");
    check_size(9950, "10 kB");
    check_size(99999, "100 kB");
    check_size(999499, "999 kB");
    check_size(1000000, "1.0 MB");
    check_size(1500000000, "1.5 GB");
    check_size(UINT64_MAX, "18 EB");
    check_size(1844674407370955162, "1.8 EB");
}

static void test_top_and_bottom(void)
{
    char path[HTTP_PATH_MAX];
    struct writer page = writer_in(text, LISTING_TOP_MAX);
    listing_put_top(&page, "/a <b>/", 7);
    text[writer_length(&page)] = '\0';
    CHECK(strstr(text, "<title>/a &lt;b&gt;/</title>") && strstr(text, "<h1>/a &lt;b&gt;/</h1>") &&
          strstr(text, "<a href=\"../\">"));
    CHECK(strstr(text, "<link rel=\"icon\" href=\"data:,\">") && strstr(text, "<meta name=\"description\""));
    page = writer_in(text, LISTING_TOP_MAX);
    listing_put_top(&page, "/", 1);
    text[writer_length(&page)] = '\0';
    CHECK(!strstr(text, "../"));
    memset(path, '"', sizeof(path));
    page = writer_in(text, LISTING_TOP_MAX);
    listing_put_top(&page, path, sizeof(path));
    CHECK(!page.full);
    page = writer_in(text, LISTING_TOP_MAX);
    listing_put_bottom(&page, 1, false);
    listing_put_bottom(&page, 1000, true);
    text[writer_length(&page)] = '\0';
    CHECK(strstr(text, "<p>1 name.</p>") && strstr(text, "more here than can be shown: these are 1000 names.</p>"));
}

int main(void)
{
    test_names();
    test_longest_name();
    test_sizes();
    test_top_and_bottom();
    return 0;
}

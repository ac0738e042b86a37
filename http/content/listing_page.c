/* listing_page.c: the page that shows a folder.
 *   consumes  a path of a client, cleaned, and names of files: NOT trusted: any bytes
 *   produces  HTML, in UTF-8, in which nothing of them is markup; links that lead to these names and nowhere else
 *   when full cannot be: LISTING_TOP_MAX and LISTING_ROW_MAX hold the longest
 */
#include "http/content/listing_page.h"

#include "http/parse/date.h"
#include "http/response/lines.h"

#define NAME_PLAIN "-._~" /* in one name of a relative address (RFC 3986 4.2): neither ':' nor '/' stands in it */

/* Bytes that stand for themselves, and what stands for others; NULL: it is not to be seen. */
static const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    default: return NULL;
    }
}

static const char unseen[] = "\xef\xbf\xbd"; /* U+FFFD */

/* utf8: it is such. */
static void put_text(struct writer *page, struct http_slice text, bool utf8)
{
    for (uint32_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool control = c < 0x20 || c == 0x7f || (utf8 && c == 0xc2 && (unsigned char)text.at[i + 1] < 0xa0);
        const char *other = control || (c >= 0x80 && !utf8) ? unseen : entity(text.at[i]);
        if (other) {
            writer_put(page, other);
            i += control && c == 0xc2; /* of two bytes */
        } else {
            writer_put_bytes(page, &text.at[i], 1);
        }
    }
}

void listing_put_top(struct writer *page, const char *path, uint32_t length)
{
    struct http_slice text = {path, length};
    writer_put(page, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\">"
                     "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">"
                     "<meta name=\"description\" content=\"What is in this folder.\"><title>");
    put_text(page, text, true);
    writer_put(
        page,
        "</title><style>body{font:1rem/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1.5rem}"
        "h1{font-size:1.4rem;overflow-wrap:anywhere}table{width:100%;border-collapse:collapse}"
        "th{text-align:left}td{overflow-wrap:anywhere}td+td,th+th{text-align:right;white-space:nowrap;"
        "padding-left:1.5rem;font-variant-numeric:tabular-nums}"
        "@media(max-width:36rem){td+td+td,th+th+th{display:none}}</style>\n<main><h1>"); /* a phone has no room for dates */
    put_text(page, text, true);
    writer_put(page, "</h1>\n<table><tr><th>Name<th>Size<th>Changed (UTC)\n");
    if (length > 1) {
        writer_put(page, "<tr><td><a href=\"../\">../</a><td><td>\n");
    }
}

static void put_size(struct writer *page, uint64_t size)
{
    static const char *const units[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
    uint64_t tenths = size * 10;
    uint32_t unit = 0;
    if (size > UINT64_MAX / 10) {
        tenths = size / 1000 * 10;
        unit = 1;
    }
    while (tenths >= 10000) {
        tenths = (tenths + 500) / 1000;
        unit++;
    }
    writer_put_number(page, tenths / 10);
    if (unit > 0 && tenths < 100) {
        writer_put(page, ".");
        writer_put_number(page, tenths % 10);
    }
    writer_put(page, units[unit]);
}

/* "13 Sep 2020 12:26". */
static void put_date(struct writer *page, uint32_t mtime_s)
{
    char date[HTTP_DATE_LENGTH];
    http_date_format(mtime_s, date);
    writer_put_bytes(page, date + HTTP_DATE_DAY, 17);
}

void listing_put_row(struct writer *page, const struct listing_row *row)
{
    bool utf8 = http_is_utf8(row->name.at, row->name.length);
    bool linked = utf8 && !memchr(row->name.at, '\\', row->name.length); /* others have no address: path.c */
    const char *slash = row->is_folder ? "/" : "";
    writer_put(page, "<tr><td>");
    if (linked) {
        writer_put(page, "<a href=\"");
        response_put_encoded(page, row->name, NAME_PLAIN);
        writer_put(page, slash);
        writer_put(page, "\">");
    }
    writer_put(page, "<bdi>");
    put_text(page, row->name, utf8);
    writer_put(page, slash);
    writer_put(page, linked ? "</bdi></a><td>" : "</bdi><td>");
    if (row->is_known && !row->is_folder) {
        put_size(page, row->size);
    }
    writer_put(page, "<td>");
    if (row->is_known && row->mtime_s > 0) {
        put_date(page, row->mtime_s);
    }
    writer_put(page, "\n");
}

void listing_put_bottom(struct writer *page, uint32_t count, bool more)
{
    writer_put(page, "</table>\n<p>");
    if (more) {
        writer_put(page, "There is more here than can be shown: these are ");
    }
    writer_put_number(page, count);
    writer_put(page, count == 1 ? " name" : " names");
    writer_put(page, ".</p></main></html>\n");
}

/* http/content/listing_page.h: the parts of the page that shows a folder: texts of any bytes become HTML. Pure functions. */
#ifndef HTTP_CONTENT_LISTING_PAGE_H
#define HTTP_CONTENT_LISTING_PAGE_H

#include "http/response/writer.h"

#define LISTING_TOP_MAX (16 * HTTP_PATH_MAX) /* bytes of each part */
#define LISTING_ROW_MAX 3072

struct listing_row {
    struct http_slice name; /* any bytes, at most 255 */
    bool is_folder, is_known;
    uint32_t mtime_s; /* where it is known; 0: no date */
    uint64_t size;    /* where it is known */
};

void listing_put_top(struct writer *page, const char *path, uint32_t length);
void listing_put_row(struct writer *page, const struct listing_row *row);
void listing_put_bottom(struct writer *page, uint32_t count, bool more);

#endif

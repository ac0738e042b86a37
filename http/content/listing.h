/* http/content/listing.h: what a folder has in it, as a page. */
#ifndef HTTP_CONTENT_LISTING_H
#define HTTP_CONTENT_LISTING_H

#include "http/conn/conn.h"
#include "http/site/site.h"

/* A page of this folder, which the site lists, to c->told, whose request has been taken; path: as the client has named it.
 * False: there is no place for one more now. */
bool listing_begin(struct http_conn *connection, const struct site_folder *folder, const char *path, uint32_t length);

#endif

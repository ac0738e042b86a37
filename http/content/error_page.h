/* http/content/error_page.h: the site's own pages for what went wrong: 404.html and its like, with the status that it is. */
#ifndef HTTP_CONTENT_ERROR_PAGE_H
#define HTTP_CONTENT_ERROR_PAGE_H

#include "http/conn/conn.h"

/* Of which statuses a site may have a page. */
bool error_page_may_be(int status);
/* The connection tells its c->telling to c->told, with that page: as soon as it is there. Where there is none, or not in
 * time, it is the small page of http_conn_refusal(). */
void error_page_begin(struct http_conn *connection);

/* The pages that say that the files are away have to be here then: what mounts have of them is kept. Again when mounts
 * or files may be others. */
void error_page_keep(void);

#endif

/* http/status/page.h: the live page, http/status/page.html as it is. */
#ifndef HTTP_STATUS_PAGE_H
#define HTTP_STATUS_PAGE_H

extern const char status_page[], status_page_end[];

#endif

/* http/site/try_files.h: which of the names that a path may mean there is. For find.c. */
#ifndef HTTP_SITE_TRY_FILES_H
#define HTTP_SITE_TRY_FILES_H

#include "http/site/resolutions.h"

/* Afterwards the resolution is settled, or `trying`; its waiters are called when it no longer is. */
void site_try_files(struct resolution *resolution);

#endif

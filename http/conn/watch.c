/* watch.c: those who watch what becomes of requests; they are told by watch.h. */
#include "http/conn/watch.h"

const struct http_watch *http_watch;
const struct http_log *http_log;

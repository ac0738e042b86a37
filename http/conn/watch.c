/* watch.c: who watches what becomes of requests: told by watch.h, which connections and answers call.
 *   trusts    both: they are of this PD. What clients have sent they are given as it came, NOT trusted
 *   when full there is one of each kind; neither takes memory here
 */
#include "http/conn/watch.h"

const struct http_watch *http_watch;
const struct http_log *http_log;

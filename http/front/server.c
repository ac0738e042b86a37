/* server.c: the front as a whole: its parts, started and told of each other, and its counters.
 *   serves    start.c and pd.c; holds nothing of its own: who is trusted, and what happens when something is full, is
 *             said by the parts
 */
#include "http/front/server.h"

#include "http/conn/connection.h"
#include "http/conn/output.h"
#include "http/conn/pool.h"
#include "http/content/app_request.h"
#include "http/front/app_site.h"
#include "http/front/dispatch.h"
#include "http/site/site.h"

void http_files_changed(void)
{
    site_folder_changed("/", 1);
    site_changes_end();
}

void http_drain(bool begin)
{
    dispatch_drain(begin);
}

bool http_drains(void)
{
    return dispatch_drains();
}

void http_counters(struct http_counters *counters)
{
    *counters = http_counts;
}

void http_init(const struct app_config *app, uint32_t wait_s)
{
    pool_init();
    timeouts_init(wait_s, http_conn_expire);
    output_init();
    dispatch_init();
    if (app) {
        app_request_init(app, app_site_go_on);
    }
}

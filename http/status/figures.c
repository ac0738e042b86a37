/* figures.c: all that is one number, with its name.
 *   consumes  the counters of the front, its cache and its TCP/IP
 *   when full cannot be: STATUS_FIGURES_MAX is more than there are
 */
#include "http/status/figures.h"

#include <assert.h>
#include <string.h>
#include "http/cache/cache.h"
#include "http/content/app_request.h"
#include "http/front/server.h"
#include "lib/pd.h"
#include "net/ip/ip.h"

#define COUNTER true
#define GAUGE false

uint32_t status_figures(struct status_figure figures[STATUS_FIGURES_MAX])
{
    struct cache_counters cache;
    struct ip_counters ip;
    cache_counters(&cache);
    ip_counters(&ip);
    const struct http_counters *http = &http_counts;
    const struct status_figure all[] = {
        {"uptime_seconds", "Time since reset", GAUGE, pd_now_ns() / 1000000000},
        {"front_starts", "How often the front has started", COUNTER, pd_generation()},
        {"draining", "1 before a planned stop", GAUGE, http_drains()},
        {"connections", "Connections of clients", GAUGE, http->connections},
        {"connections_accepted", "Connections that were accepted", COUNTER, http->accepted},
        {"connections_timed_out", "Connections whose time was over", COUNTER, http->timed_out},
        {"connections_evicted", "Connections that made room for new ones", COUNTER, http->evicted},
        {"connections_broken", "Connections that broke", COUNTER, http->broken},
        {"requests_read", "Requests that were read", COUNTER, http->requests},
        {"requests_files", "Requests that files answered", COUNTER, http->files},
        {"requests_application", "Requests handed to the application", COUNTER, http->handed_over},
        {"requests_refused", "Requests that were refused", COUNTER, http->refused},
        {"application_requests", "Requests that are with the application", GAUGE, http->app_requests},
        {"application_long", "Answers of it that last", GAUGE, http->app_long},
        {"application_nonsense", "Things it said that cannot be", COUNTER, app_request_nonsense()},
        {"sent_bytes", "Bytes of answers given to TCP", COUNTER, http->bytes},
        {"cache_entries", "Paths that are known", GAUGE, cache.entries},
        {"cache_blocks", "Blocks of files in the cache", GAUGE, cache.blocks},
        {"cache_memory_bytes", "Memory that they take", GAUGE, cache.memory},
        {"cache_memory_max_bytes", "Memory that they may take", GAUGE, cache.memory_max},
        {"cache_hits", "Questions that the cache answered", COUNTER, cache.hits},
        {"cache_stale", "Old content given while the file server was away", COUNTER, cache.stale},
        {"cache_evictions", "Blocks that made room for others", COUNTER, cache.evictions},
        {"file_questions", "Questions to the file service", COUNTER, cache.revalidations},
        {"file_reads", "Reads from the file service", COUNTER, cache.reads},
        {"frames_received", "Frames that came in", COUNTER, ip.frames_in},
        {"frames_sent", "Frames that went out", COUNTER, ip.frames_out},
        {"frames_copied", "Frames copied because receive buffers were short", COUNTER, ip.copied_in},
        {"frames_dropped", "Frames for which there was no memory", COUNTER, ip.dropped_in},
        {"frames_lost", "Frames that could not be sent or kept", COUNTER, ip.lost_out},
        {"frames_refused", "Frames that the virtualiser would not send", COUNTER, ip.refused},
        {"frames_waited", "Frames that waited for a slot", COUNTER, ip.no_slot},
        {"memory_failures", "Times that TCP/IP had no memory", COUNTER, ip.memory_short},
    };
    static_assert(sizeof(all) <= STATUS_FIGURES_MAX * sizeof(all[0]), "there is room for all");
    memcpy(figures, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

/* pd.c: the MicroPython interpreter as a protection domain: what the description gives it, and its start.
 *   runs      interpreter_run() on the worker's stack (port.c)
 *   trusts    the file service for content, the front for requests; the network for nothing
 */
#include "lib/pd.h"

#include "entropy/client.h"
#include "fs/mount.h"
#include "python/changes.h"
#include "python/config.h"
#include "python/control.h"
#include "python/counters.h"
#include "python/endpoint.h"
#include "python/files.h"
#include "python/incoming.h"
#include "python/port.h"
#include "serial/client.h"
#include "timer/client.h"

/* Addresses are the same at every boot: the file server's own comes first, then the front's, then ours. The front asks
 * for its when it hears that the files are there, and it runs before us. */
static void start_network(void *context)
{
    ip_start();
}

/* What the stack counts. */
static void tell_frames(void *context)
{
    struct ip_counters ip;

    ip_counters(&ip);
    python_counts()->frames_received = ip.frames_in;
    python_counts()->frames_sent = ip.frames_out;
}

/* What the description gives this PD. */
static void start_services(void)
{
    if (python_config.net) {
        ip_init(python_config.ip, python_config.net);
        if (counters_config.page) {
            pd_before_flush(tell_frames, NULL);
        }
    } else {
        entropy_client_init(python_config.entropy);
    }
    if (python_config.net || python_config.site) {
        endpoint_init(python_config.net != NULL);
    }
    if (python_config.files) {
        files_init(python_config.files);
    }
    if (python_config.site) {
        incoming_init(python_config.site);
        changes_tell(control_path_changed);
    }
    if (python_config.net && python_config.files) {
        fs_mount_on_outcome(start_network, NULL);
    } else if (python_config.net) {
        ip_start();
    }
}

void init(void)
{
    uint64_t clock_s = pd_clock_s(python_config.clock);

    counters_begin();
    serial_client_init(&serial_client_config);
    timer_client_init(&timer_client_config);
    console_init(python_config.raw_console);
    if (python_config.time) {
        pd_follow_unix_time(python_config.time);
    } else if (clock_s > 0) {
        pd_set_unix_time_ns(clock_s * 1000000000);
    }
    start_services();
    port_start(&python_config.stack, interpreter_run); /* last: see there */
    pd_flush();
}

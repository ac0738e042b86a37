/* meter.c: below everybody, sees by the gaps in its own time how much the others take.
 *   produces  one line for each burner: its share of WINDOW_NS in hundredths of a per cent
 */
#include "lib/log.h"
#include "lib/pd.h"
#include "tests/isolation/shares.h"
#include "tests/isolation/uart.h"

#define WINDOW_NS 10000000000ul
#define PAUSE_NS 100000000ul /* in which a burner sees that it is to stop: several of its periods */
#define GAP_NS 10000         /* a round of the loop takes far less: whoever is away longer was not running */

/* Nanoseconds of the next `window` in which this PD did not run. */
static uint64_t taken_ns(uint64_t window)
{
    uint64_t taken = 0;
    uint64_t begin = pd_now_ns();
    uint64_t last = begin;
    while (last - begin < window) {
        uint64_t now = pd_now_ns();
        taken += now - last > GAP_NS ? now - last : 0;
        last = now;
    }
    return taken;
}

void init(void)
{
    char line[LOG_LINE_MAX];
    for (unsigned n = 0; n < meter_config.count; n++) {
        *meter_config.stop = 0;
        microkit_notify(meter_config.burners[n].channel);
        uint64_t taken = taken_ns(WINDOW_NS);
        *meter_config.stop = 1;
        log_format(line, sizeof(line), "shares: %s %lu\n", meter_config.burners[n].name,
                   (unsigned long)(taken / (WINDOW_NS / 10000)));
        uart_print(meter_config.uart, line);
        taken_ns(PAUSE_NS);
    }
    uart_print(meter_config.uart, "shares: done\n");
}

void notified(microkit_channel channel) {}

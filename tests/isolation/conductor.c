/* conductor.c: lets the hostile ones try, one after the other, and tells after each whether the others still run.
 *   consumes  bystander's answer to a call; hostile ones' counts, NOT trusted (printed only)
 *   produces  one line on the UART for each; another on the worker's rounds meanwhile where that took long
 *   invariant its priority is the lowest: a hostile one that it notifies has faulted, or come back, or used up its
 *             budget before the next line here
 */
#include "lib/log.h"
#include "lib/pd.h"
#include "tests/isolation/config.h"
#include "tests/isolation/uart.h"

static void tell(const char *name, uint64_t done)
{
    char line[LOG_LINE_MAX];
    microkit_msginfo info = microkit_ppcall(conductor_config.bystander, microkit_msginfo_new(0, 0));
    unsigned long word = microkit_mr_get(0);
    if (microkit_msginfo_get_label(info) == 0) {
        log_format(line, sizeof(line), "isolation: after %s: bystander well, answer %lu, calls %lu\n", name, word,
                   (unsigned long)done);
    } else {
        log_format(line, sizeof(line), "isolation: after %s: BYSTANDER HARMED, %lu words\n", name, word);
    }
    uart_print(conductor_config.uart, line);
}

static void tell_work(const char *name, uint64_t rounds_before)
{
    char line[LOG_LINE_MAX];
    unsigned long rounds = conductor_config.work->rounds - rounds_before;
    log_format(line, sizeof(line), "isolation: beside %s: worker made %lu rounds, %lu wrong\n", name, rounds,
               (unsigned long)conductor_config.work->wrong);
    uart_print(conductor_config.uart, line);
}

void init(void)
{
    tell("nobody", 0);
    microkit_notify(conductor_config.worker);
    for (unsigned n = 0; n < conductor_config.count; n++) {
        uint64_t rounds = conductor_config.work->rounds;
        microkit_notify(conductor_config.hostiles[n].channel);
        tell(conductor_config.hostiles[n].name, *conductor_config.hostiles[n].done);
        if (conductor_config.hostiles[n].takes_long) {
            tell_work(conductor_config.hostiles[n].name, rounds);
        }
    }
    uart_print(conductor_config.uart, "isolation: done\n");
}

void notified(microkit_channel channel) {}

/* python/config.h: the interpreter's configuration; compose/python.py writes the values.
 *
 * What a system does not give a Python PD (files, the network, a site) is NULL here, and the modules that need it say
 * so with OSError(ENODEV).
 */
#ifndef PYTHON_CONFIG_H
#define PYTHON_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "entropy/config.h"
#include "fs/config.h"
#include "http/app_config.h"
#include "lib/region.h"
#include "net/config.h"
#include "net/ip/ip.h"

#define PYTHON_ARGUMENTS_MAX 8

struct python_config {
    struct region heap;             /* the garbage-collected heap */
    struct region stack;            /* the worker's stack; the page below it is not mapped */
    bool raw_console;               /* a prompt for people and tools; else lines with a prefix before each */
    char app[64];                   /* the module to run as __main__; "": the prompt */
    const uint64_t *time;           /* of day, as another PD finds it out (lib/pd.h); NULL: nobody does */
    const volatile uint32_t *clock; /* then: pd_clock_s(); without it time starts at 1970 */
    const struct entropy_client_config *entropy;
    const struct fs_client_config *files;
    const struct ip_config *ip;
    const struct net_client_config *net;
    const struct app_config *site; /* of the front whose application this is */
    uint16_t site_port;            /* the description's; 0: the program says */
    uint32_t argument_count;
    const char *arguments[PYTHON_ARGUMENTS_MAX]; /* sys.argv after the program's own name */
};
extern const struct python_config python_config;

#endif

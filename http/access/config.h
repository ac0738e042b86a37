/* http/access/config.h: compose/http.py writes the values. */
#ifndef HTTP_ACCESS_CONFIG_H
#define HTTP_ACCESS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/region.h"

struct access_config {
    struct region memory; /* ACCESS_RECORDS_BYTES, and behind them the buffer of a file */
    bool console;
    const char *file;     /* its path, with %Y, %m, %d and %H in it: of UTC; "": none */
    uint8_t syslog[4];    /* the server's address */
    uint16_t syslog_port; /* 0: none */
};
extern const struct access_config access_config;

#endif

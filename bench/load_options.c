/* load_options.c: the load generator's command line. */
#include "bench/load_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load_options load_options = {.path = "/",
                                    .fields = "",
                                    .suite = "TLS_AES_128_GCM_SHA256",
                                    .connection_count = 1,
                                    .timeout_ns = 60 * SECOND_NS,
                                    .settle_ns = SECOND_NS * 3 / 10};

void load_die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static const struct option words[] = {{"host", 1, NULL, 'h'},
                                      {"port", 1, NULL, 'p'},
                                      {"path", 1, NULL, 'u'},
                                      {"root", 1, NULL, 'r'},
                                      {"requests", 1, NULL, 'n'},
                                      {"seconds", 1, NULL, 's'},
                                      {"first", 1, NULL, 'f'},
                                      {"connections", 1, NULL, 'c'},
                                      {"timeout", 1, NULL, 't'},
                                      {"counters", 1, NULL, 'i'},
                                      {"close", 0, NULL, 'x'},
                                      {"settle", 1, NULL, 'e'},
                                      {"cold", 0, NULL, 'd'},
                                      {"fields", 1, NULL, 'l'},
                                      {"tls", 1, NULL, 'a'},
                                      {"suite", 1, NULL, 'y'},
                                      {"resume", 0, NULL, 'm'},
                                      {"rate", 1, NULL, 'v'},
                                      {0}};

static void take_option(int letter, const char *value)
{
    switch (letter) {
    case 'h':
        if (inet_aton(value, &load_options.server.sin_addr) == 0) {
            errno = EINVAL;
            load_die(value);
        }
        break;
    case 'p': load_options.server.sin_port = htons((uint16_t)atoi(value)); break;
    case 'u': load_options.path = value; break;
    case 'r': load_options.root = value; break;
    case 'c': load_options.connection_count = (uint32_t)atoi(value); break;
    case 'n': load_options.request_limit = (uint32_t)atoi(value); break;
    case 's': load_options.window_ns = (uint64_t)(atof(value) * 1e9); break;
    case 'f': load_options.first = (uint32_t)atoi(value); break;
    case 't': load_options.timeout_ns = (uint64_t)(atof(value) * 1e9); break;
    case 'i': load_options.counters_path = value; break;
    case 'e': load_options.settle_ns = (uint64_t)(atof(value) * 1e9); break;
    case 'x': load_options.close = true; break;
    case 'l': load_options.fields = value; break;
    case 'd': load_options.cold = true; break;
    case 'a': load_options.certificate = value; break;
    case 'y': load_options.suite = value; break;
    case 'v': load_options.rate = atof(value); break;
    case 'm': load_options.resume = true; break;
    default: exit(2);
    }
}

void load_read_options(int argc, char **argv)
{
    load_options.server.sin_family = AF_INET;
    for (int letter; (letter = getopt_long(argc, argv, "", words, NULL)) != -1;) {
        take_option(letter, optarg);
    }
    if (optind < argc || load_options.server.sin_port == 0 || load_options.connection_count == 0 ||
        load_options.connection_count > LOAD_CONNECTIONS_MAX || strlen(load_options.fields) > LOAD_FIELDS_MAX ||
        (load_options.request_limit == 0) == (load_options.window_ns == 0)) {
        fprintf(
            stderr,
            "usage: load --host ADDRESS --port PORT --path PATH (--seconds S | --requests N) [--close]\n"
            "            [--connections N] [--root FOLDER] [--first N] [--cold] [--timeout S]\n"
            "            [--counters FILE] [--settle S] [--fields TEXT] [--tls CERTIFICATE] [--suite NAME] [--resume]\n"
            "            [--rate REQUESTS PER SECOND]\n");
        exit(2);
    }
}

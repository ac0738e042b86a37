/* load_options.h: what the load generator is told, for the whole of its run. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define LOAD_CONNECTIONS_MAX 4096
#define LOAD_FIELDS_MAX 2048
#define SECOND_NS 1000000000ull

struct load_options {
    struct sockaddr_in server;
    const char *path;          /* a % in it stands for the number of the request */
    const char *fields;        /* more of a request's head: lines, each with its CR LF */
    const char *root;          /* the folder whose files the answers should be; NULL: answers are not compared */
    const char *certificate;   /* of a server that speaks TLS 1.3 (PEM); NULL: plain TCP */
    const char *suite;         /* of it */
    bool resume;               /* a connection resumes the session of one before */
    const char *counters_path; /* of bench/insncount.c; NULL: none */
    bool close;                /* a connection for each request */
    bool cold;                 /* no request before the window */
    uint32_t connection_count, first;
    uint32_t request_limit; /* either this, */
    uint64_t window_ns;     /* or this; the other is 0 */
    double rate;            /* requests that begin per second, at most; 0: as many as there can be */
    uint64_t timeout_ns;    /* without progress */
    uint64_t settle_ns;     /* from the last answer to the second look at the counters */
};
extern struct load_options load_options;

/* Sets load_options; ends the program with status 2 and the usage where they make no sense. */
void load_read_options(int argc, char **argv);
/* Ends the program with status 2 and errno's words. */
void load_die(const char *what) __attribute__((noreturn));

#endif

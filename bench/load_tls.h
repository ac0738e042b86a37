/* load_tls.h: TLS 1.3 under the load generator's connections, by the host's OpenSSL; plain TCP without --tls. */
#ifndef BENCH_LOAD_TLS_H
#define BENCH_LOAD_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct load_tls {
    struct ssl_st *ssl; /* NULL: plain, or not begun */
};

enum load_tls_outcome { LOAD_TLS_DONE, LOAD_TLS_READS, LOAD_TLS_WRITES, LOAD_TLS_FAILED };

/* Ends the program where what load_options says makes no sense. */
void load_tls_init(void);
/* A connected socket's handshake, again whenever it is ready for what is said; DONE at once where there is no TLS. */
enum load_tls_outcome load_tls_shake(struct load_tls *t, int fd);
/* As recv() and send(). */
ssize_t load_tls_receive(struct load_tls *t, int fd, uint8_t *to, size_t room);
ssize_t load_tls_send(struct load_tls *t, int fd, const char *from, size_t count);
/* There is more to receive that the socket does not tell of. */
bool load_tls_has_more(const struct load_tls *t);
void load_tls_end(struct load_tls *t);
/* Handshakes that resumed a session. */
uint64_t load_tls_resumed(void);

#endif

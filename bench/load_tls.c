/* load_tls.c: TLS 1.3 under the load generator's connections.
 *   talks to  the server, NOT trusted: its certificate has to be the one of --tls
 *   offers    X25519 alone, one suite (--suite): what is measured on two servers is the same
 *   resumes   with --resume the last ticket that came, on each connection
 */
#include "bench/load_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bench/load_options.h"

static struct {
    SSL_CTX *context;
    SSL_SESSION *session; /* NULL: none has come */
    uint64_t resumed;
} self;

/* A copy: where its own connection ends in an error, the library takes a session for one that cannot be resumed. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(self.session);
    self.session = SSL_SESSION_dup(session);
    return 0; /* it stays the library's */
}

static void check(bool good)
{
    if (!good) {
        fprintf(stderr, "load: ");
        ERR_print_errors_fp(stderr);
        exit(2);
    }
}

void load_tls_init(void)
{
    if (load_options.certificate == NULL) {
        return;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    check(context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
          SSL_CTX_load_verify_locations(context, load_options.certificate, NULL) == 1 &&
          SSL_CTX_set_ciphersuites(context, load_options.suite) == 1 &&
          SSL_CTX_set1_groups_list(context, "X25519") == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    self.context = context;
}

static void begin(struct load_tls *t, int fd)
{
    t->ssl = SSL_new(self.context);
    check(t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1);
    if (load_options.resume && self.session != NULL) {
        SSL_SESSION *copy = SSL_SESSION_dup(self.session); /* for the same reason */
        check(copy != NULL && SSL_set_session(t->ssl, copy) == 1);
        SSL_SESSION_free(copy);
    }
    SSL_set_connect_state(t->ssl);
}

enum load_tls_outcome load_tls_shake(struct load_tls *t, int fd)
{
    if (self.context == NULL) {
        return LOAD_TLS_DONE;
    }
    if (t->ssl == NULL) {
        begin(t, fd);
    }
    ERR_clear_error();
    int result = SSL_do_handshake(t->ssl);
    if (result == 1) {
        self.resumed += (uint64_t)SSL_session_reused(t->ssl);
        return LOAD_TLS_DONE;
    }
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ: return LOAD_TLS_READS;
    case SSL_ERROR_WANT_WRITE: return LOAD_TLS_WRITES;
    default: return LOAD_TLS_FAILED;
    }
}

/* The result of a function of the library as that of a system call. Who ends without a close_notify has cut it short. */
static ssize_t outcome(struct load_tls *t, int result)
{
    if (result > 0) {
        return result;
    }
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: errno = ECONNRESET; return -1;
    }
}

ssize_t load_tls_receive(struct load_tls *t, int fd, uint8_t *to, size_t room)
{
    if (t->ssl == NULL) {
        return recv(fd, to, room, 0);
    }
    ERR_clear_error();
    return outcome(t, SSL_read(t->ssl, to, (int)room));
}

ssize_t load_tls_send(struct load_tls *t, int fd, const char *from, size_t count)
{
    if (t->ssl == NULL) {
        return send(fd, from, count, MSG_NOSIGNAL);
    }
    ERR_clear_error();
    return outcome(t, SSL_write(t->ssl, from, (int)count));
}

bool load_tls_has_more(const struct load_tls *t)
{
    return t->ssl != NULL && SSL_pending(t->ssl) > 0;
}

void load_tls_end(struct load_tls *t)
{
    if (t->ssl != NULL) {
        SSL_set_quiet_shutdown(t->ssl, 1); /* a session that was cut short is good for no other connection */
        SSL_shutdown(t->ssl);
        SSL_free(t->ssl);
    }
    t->ssl = NULL;
}

uint64_t load_tls_resumed(void)
{
    return self.resumed;
}

/* handshake.c: TLS 1.3 servers' handshakes, one for each slot, by libssl of AWS-LC.
 *   consumes  the client's bytes      NOT trusted: libssl parses them, in memory that is bounded for each handshake
 *   produces  bytes for the client, and at the end the secrets of the connection and their keys (struct tls_secrets)
 *   asks      PD keys for signatures
 *   invariant a slot's memory is given back when its handshake is over: nothing stays of a client but what is in its
 *             ticket, which it keeps itself
 *   when full the heap, or a handshake's part of it: that handshake fails, with an alert where there is room for it
 *   time      libssl's is that since reset: tickets are good for TICKET_S, their keys are replaced every two days and
 *             at each start
 */
#include "tls/handshake.h"

#include <string.h>
#include <sys/time.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "lib/pd.h"
#include "lib/random.h"
#include "tls/chains.h"
#include "tls/counters.h"
#include "tls/heap.h"
#include "tls/keys.h"
#include "tls/traffic.h"

#define TICKET_S (12 * 3600)
#define SIGNATURE SSL_SIGN_ECDSA_SECP256R1_SHA256
#define CHEAPEST_SUITE 0x1301 /* RFC 8446, B.4: TLS_AES_128_GCM_SHA256 */
#define CHEAPEST "TLS_AES_128_GCM_SHA256"
#define OTHER_SUITES "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* One for each slot. Its account goes on from one use to the next: what libssl makes once and for all is made in some
 * handshake, and counted there. */
struct handshake {
    SSL *ssl; /* NULL: none is under way */
    struct tls_slot *slot;
    struct tls_heap_account account;
    uint8_t chain, key, alert;
    bool alerted; /* `alert` is the client's, or was sent */
};

static struct {
    SSL_CTX *context;
    BIO_METHOD *circles;
    struct handshake handshakes[TLS_SLOTS];
    uint32_t failed_in_a_row;
    uint64_t succeeded_ns; /* or began */
} self;

/* So many handshakes that fail, one after another and for so long, are taken for a mistake of our own, which no client
 * could prove: libssl has made some of its tables once and for all. Strangers who send nonsense, and who are alone, can have
 * this PD begin anew once in that time. */
#define FAILED_MOST 64
#define FAILED_FOR_NS (3ull * 1000000000)

static struct handshake *handshake_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* -- the client's bytes and ours -- */

static int read_circle(BIO *bio, char *to, int size)
{
    uint32_t count = tls_link_read(BIO_get_data(bio), to, (uint32_t)size);

    BIO_clear_retry_flags(bio);
    if (count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    return (int)count;
}

static int write_circle(BIO *bio, const char *from, int size)
{
    uint32_t count = tls_link_write(BIO_get_data(bio), from, (uint32_t)size);

    BIO_clear_retry_flags(bio);
    if (count == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    return (int)count;
}

static long control_circle(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH;
}

/* -- what libssl asks -- */

static enum ssl_private_key_result_t sign(SSL *ssl, uint8_t *to, size_t *bytes, size_t room, uint16_t algorithm,
                                          const uint8_t *text, size_t length)
{
    uint8_t signature[KEYS_SIGNATURE_MAX];

    *bytes = algorithm == SIGNATURE ? tls_keys_sign(handshake_of(ssl)->key, text, length, signature) : 0;
    if (*bytes == 0 || *bytes > room) {
        return ssl_private_key_failure;
    }
    memcpy(to, signature, *bytes);
    return ssl_private_key_success;
}

/* sign() has its answer at once. */
static enum ssl_private_key_result_t complete(SSL *ssl, uint8_t *to, size_t *bytes, size_t room)
{
    return ssl_private_key_failure;
}

static const SSL_PRIVATE_KEY_METHOD by_keys = {.sign = sign, .complete = complete};

/* A name that a server can have, in lower case (RFC 6066, 3); of another kind there is none. */
static size_t plain_name(const char *name, size_t length, char to[TLS_NAME_MAX + 1])
{
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') {
            return 0;
        }
        to[i] = (char)(upper ? c + ('a' - 'A') : c);
    }
    to[length] = 0;
    return length;
}

#define TOO_LONG (TLS_NAME_MAX + 1)

/* RFC 6066, 3: a list of names, of which only one kind was ever defined. libssl has looked at it, or will. TOO_LONG: it is
 * longer than one can be here. */
static size_t name_in(const SSL_CLIENT_HELLO *hello, char to[TLS_NAME_MAX + 1])
{
    const uint8_t *bytes;
    size_t count;
    CBS extension, names, name;
    uint8_t kind;

    if (!SSL_early_callback_ctx_extension_get(hello, TLSEXT_TYPE_server_name, &bytes, &count)) {
        return 0;
    }
    CBS_init(&extension, bytes, count);
    if (!CBS_get_u16_length_prefixed(&extension, &names) || !CBS_get_u8(&names, &kind) ||
        kind != TLSEXT_NAMETYPE_host_name || !CBS_get_u16_length_prefixed(&names, &name)) {
        return 0;
    }
    return CBS_len(&name) > TLS_NAME_MAX ? TOO_LONG : plain_name((const char *)CBS_data(&name), CBS_len(&name), to);
}

/* libssl goes by the client's order. AES with 128 bits is the cheapest where the processor has instructions for it: there
 * is nothing else, but for the few who cannot do with that. */
static bool choose_suite(const SSL_CLIENT_HELLO *hello)
{
    CBS suites;
    uint16_t suite;

    CBS_init(&suites, hello->cipher_suites, hello->cipher_suites_len);
    while (CBS_get_u16(&suites, &suite)) {
        if (suite == CHEAPEST_SUITE) {
            return true;
        }
    }
    return SSL_set_ciphersuites(hello->ssl, OTHER_SUITES);
}

static bool has(const SSL_CLIENT_HELLO *hello, uint16_t extension)
{
    const uint8_t *bytes;
    size_t count;

    return SSL_early_callback_ctx_extension_get(hello, extension, &bytes, &count);
}

/* RFC 8446, 9.2: for libssl these would have nothing in common with us. */
static bool lacks_extensions(const SSL_CLIENT_HELLO *hello)
{
    return has(hello, TLSEXT_TYPE_supported_versions) && !has(hello, TLSEXT_TYPE_pre_shared_key) &&
           !(has(hello, TLSEXT_TYPE_supported_groups) && has(hello, TLSEXT_TYPE_signature_algorithms));
}

static enum ssl_select_cert_result_t choose_chain(const SSL_CLIENT_HELLO *hello)
{
    struct handshake *handshake = handshake_of(hello->ssl);
    char name[TLS_NAME_MAX + 1];
    size_t length = name_in(hello, name);

    if (length == TOO_LONG || lacks_extensions(hello)) {
        SSL_send_fatal_alert(hello->ssl, length == TOO_LONG ? SSL_AD_UNRECOGNIZED_NAME : SSL_AD_MISSING_EXTENSION);
        return ssl_select_cert_error;
    }
    const struct tls_chain *chain = tls_chains_for(name, length);
    if (!chain || !choose_suite(hello) ||
        !SSL_set_chain_and_key(hello->ssl, chain->certificates, chain->count, NULL, &by_keys)) {
        return ssl_select_cert_error;
    }
    handshake->chain = chain->number;
    handshake->key = chain->key;
    return ssl_select_cert_success;
}

/* RFC 7301, 3.2: who asks for other protocols alone gets an alert. */
static int choose_protocol(SSL *ssl, const uint8_t **chosen, uint8_t *length, const uint8_t *offered, unsigned bytes,
                           void *context)
{
    static const uint8_t ours[] = "http/1.1";
    CBS list, one;

    CBS_init(&list, offered, bytes);
    while (CBS_get_u8_length_prefixed(&list, &one)) {
        if (CBS_mem_equal(&one, ours, sizeof(ours) - 1)) {
            *chosen = ours;
            *length = sizeof(ours) - 1;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void see_alert(const SSL *ssl, int where, int value)
{
    if (where & SSL_CB_ALERT) {
        handshake_of(ssl)->alert = (uint8_t)value;
        handshake_of(ssl)->alerted = true;
    }
}

/* Not 0, which libssl takes for a clock that is not there. */
static void tell_time(const SSL *ssl, struct timeval *now)
{
    uint64_t ns = pd_now_ns();

    now->tv_sec = (time_t)(1 + ns / 1000000000u);
    now->tv_usec = (suseconds_t)(ns % 1000000000u / 1000u);
}

/* -- handshakes -- */

static void release(struct handshake *handshake)
{
    tls_counts()->handshakes_under_way -= handshake->ssl != NULL;
    tls_heap_charge(&handshake->account);
    SSL_free(handshake->ssl);
    handshake->ssl = NULL;
    ERR_clear_error(); /* its texts are this handshake's memory, too */
    tls_heap_charge(NULL);
}

static void fail(struct handshake *handshake, uint8_t alert)
{
    release(handshake);
    tls_counts()->handshakes_failed++;
    tls_link_tell(handshake->slot, TLS_FAILED, alert);
    if (++self.failed_in_a_row >= FAILED_MOST && pd_now_ns() - self.succeeded_ns >= FAILED_FOR_NS) {
        pd_die("no handshake succeeds any more");
    }
}

static void note_success(void)
{
    self.failed_in_a_row = 0;
    self.succeeded_ns = pd_now_ns();
}

static void count_done(const SSL *ssl)
{
    if (SSL_session_reused(ssl)) {
        tls_counts()->handshakes_resumed++;
    } else {
        tls_counts()->handshakes_full++;
    }
}

static bool open_ssl(struct handshake *handshake)
{
    SSL *ssl = SSL_new(self.context);
    BIO *bio = ssl ? BIO_new(self.circles) : NULL;

    handshake->ssl = ssl;
    tls_counts()->handshakes_under_way += ssl != NULL;
    if (!bio) {
        return false;
    }
    BIO_set_data(bio, handshake->slot);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, handshake);
    SSL_set_accept_state(ssl);
    return true;
}

/* AWS-LC's own generator begins with its first use, and ends the program where it finds no memory for that. It is used
 * in nobody's account: how much a handshake has left, of its own or in common, its client chooses. */
void tls_handshake_settled(void)
{
    uint8_t first;

    if (random_is_sound()) {
        RAND_bytes(&first, sizeof(first));
    }
}

void tls_handshake_begin(struct tls_slot *slot)
{
    struct handshake *handshake = &self.handshakes[slot->number];

    *handshake = (struct handshake){.slot = slot, .account = handshake->account};
    tls_heap_charge(&handshake->account);
    bool good = random_is_sound() && open_ssl(handshake);
    tls_heap_charge(NULL);
    if (!good) {
        fail(handshake, SSL_AD_INTERNAL_ERROR);
    }
}

void tls_handshake_end(struct tls_slot *slot)
{
    struct handshake *handshake = &self.handshakes[slot->number];

    tls_counts()->handshakes_left += handshake->ssl != NULL;
    release(handshake);
}

/* The secrets that libssl has derived, which it will not use any more, and their keys, which it does not tell: derived
 * here they cost the front nothing, whose other connections would wait for it. */
static bool hand_over(struct handshake *handshake)
{
    SSL *ssl = handshake->ssl;
    struct tls_secrets *to = tls_link_secrets(handshake->slot);
    size_t read = sizeof(to->client.secret), written = sizeof(to->server.secret);
    const uint8_t *protocol;
    unsigned protocol_bytes;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    size_t length = name ? strlen(name) : 0;

    to->suite = (uint16_t)SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl));
    if (!SSL_get_read_traffic_secret(ssl, to->client.secret, &read) ||
        !SSL_get_write_traffic_secret(ssl, to->server.secret, &written) || read != written ||
        read != tls_traffic_secret_bytes(to->suite) || !tls_traffic_keys(&to->client, to->suite) ||
        !tls_traffic_keys(&to->server, to->suite)) {
        return false;
    }
    SSL_get0_alpn_selected(ssl, &protocol, &protocol_bytes);
    to->flags = (uint8_t)((SSL_session_reused(ssl) ? TLS_RESUMED : 0) | (protocol_bytes ? TLS_ALPN : 0));
    to->group = SSL_get_group_id(ssl);
    to->chain = handshake->chain;
    to->name_length = (uint8_t)(length < TOO_LONG ? plain_name(name, length, to->name) : 0);
    to->client_sequence = SSL_get_read_sequence(ssl);
    to->server_sequence = SSL_get_write_sequence(ssl);
    return true;
}

/* libssl tells the client by itself of what that has done wrong. One that has ended it is told nothing. */
static void give_up(struct handshake *handshake)
{
    if (!handshake->alerted) {
        tls_heap_charge(&handshake->account);
        handshake->alert = SSL_AD_INTERNAL_ERROR;
        SSL_send_fatal_alert(handshake->ssl, SSL_AD_INTERNAL_ERROR);
        tls_heap_charge(NULL);
    }
    fail(handshake, handshake->alert);
}

/* The tickets wait for bytes behind them: with none they go out alone. */
static int advance(SSL *ssl)
{
    int result = SSL_do_handshake(ssl);

    return result == 1 ? SSL_write(ssl, "", 0) : result;
}

void tls_handshake_step(struct tls_slot *slot)
{
    struct handshake *handshake = &self.handshakes[slot->number];

    if (!handshake->ssl) {
        return;
    }
    tls_heap_charge(&handshake->account);
    ERR_clear_error();
    int result = advance(handshake->ssl), why = SSL_get_error(handshake->ssl, result);
    if (!tls_heap_charge(NULL)) {
        give_up(handshake); /* others have what there is beyond its own */
    } else if (result >= 0 && why != SSL_ERROR_SSL && SSL_is_init_finished(handshake->ssl)) {
        if (!hand_over(handshake)) {
            fail(handshake, SSL_AD_INTERNAL_ERROR);
            return;
        }
        count_done(handshake->ssl);
        release(handshake);
        note_success();
        tls_link_tell(slot, TLS_DONE, 0);
    } else if (why == SSL_ERROR_WANT_READ) {
        tls_link_tell(slot, TLS_WANTS, 0);
    } else if (why == SSL_ERROR_WANT_WRITE) {
        tls_link_tell(slot, TLS_WORKS, 0);
    } else {
        give_up(handshake);
    }
}

/* -- start -- */

static void *take(size_t size, const char *file, int line)
{
    return tls_heap_take(size);
}

static void *again(void *piece, size_t size, const char *file, int line)
{
    return tls_heap_again(piece, size);
}

static void give_back(void *piece, const char *file, int line)
{
    tls_heap_give_back(piece);
}

static bool make_circles(void)
{
    self.circles = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "circles");
    return self.circles && BIO_meth_set_read(self.circles, read_circle) &&
           BIO_meth_set_write(self.circles, write_circle) && BIO_meth_set_ctrl(self.circles, control_circle);
}

static bool set_up(SSL_CTX *context, bool hybrid)
{
    static const uint16_t signatures[] = {SIGNATURE};

    if (!SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) || !SSL_CTX_set_ciphersuites(context, CHEAPEST) ||
        !SSL_CTX_set1_groups_list(context, hybrid ? "X25519MLKEM768:X25519:P-256" : "X25519:P-256") ||
        !SSL_CTX_set_signing_algorithm_prefs(context, signatures, 1) || !SSL_CTX_set_num_tickets(context, 1)) {
        return false;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_psk_dhe_timeout(context, TICKET_S);
    SSL_CTX_set_current_time_cb(context, tell_time);
    SSL_CTX_set_info_callback(context, see_alert);
    SSL_CTX_set_select_certificate_cb(context, choose_chain);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return true;
}

void tls_handshake_init(bool hybrid)
{
    note_success();
    for (uint32_t i = 0; i < TLS_SLOTS; i++) {
        self.handshakes[i].account = (struct tls_heap_account){.limit = TLS_HANDSHAKE_BYTES, .own = TLS_HANDSHAKE_OWN};
    }
    if (!CRYPTO_set_mem_functions(take, again, give_back) || !make_circles() ||
        !(self.context = SSL_CTX_new(TLS_with_buffers_method())) || !set_up(self.context, hybrid)) {
        pd_die("tls: libssl does not start");
    }
    ERR_clear_error(); /* its state is made now, in nobody's account */
}

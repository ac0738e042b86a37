/* tls_client.c: see the header. */
#include "tests/unit/tls_client.h"

#include "tls/heap.h"
#include "tls/traffic.h"

/* What clients take of the heap, they and PD tls have one here, is not counted against handshakes. */
static struct tls_heap_account clients = {.own = SIZE_MAX};

static int take(BIO *bio, char *to, int size)
{
    struct client_wire *wire = &((struct client *)BIO_get_data(bio))->to_client;
    uint32_t count = wire->end - wire->begin < (uint32_t)size ? wire->end - wire->begin : (uint32_t)size;
    BIO_clear_retry_flags(bio);
    if (count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(to, wire->at + wire->begin, count);
    wire->begin += count;
    return (int)count;
}

static int put(BIO *bio, const char *from, int size)
{
    struct client_wire *wire = &((struct client *)BIO_get_data(bio))->to_server;
    CHECK(wire->end + (uint32_t)size <= CLIENT_WIRE);
    memcpy(wire->at + wire->end, from, (size_t)size);
    wire->end += (uint32_t)size;
    return size;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    return command == BIO_CTRL_FLUSH;
}

static enum ssl_verify_result_t believe(SSL *ssl, uint8_t *alert)
{
    return ssl_verify_ok;
}

static int keep(SSL *ssl, SSL_SESSION *session)
{
    struct client *client = SSL_get_app_data(ssl);
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static void set_up(struct client *client, struct client_wish wish)
{
    SSL_CTX *context = client->context = SSL_CTX_new(TLS_with_buffers_method());
    CHECK(context && SSL_CTX_set_max_proto_version(context, wish.most_version ? wish.most_version : TLS1_3_VERSION));
    CHECK(!wish.groups || SSL_CTX_set1_groups_list(context, wish.groups));
    CHECK(!wish.suites || SSL_CTX_set_ciphersuites(context, wish.suites));
    SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER, believe);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    if (wish.protocols) {
        CHECK(SSL_CTX_set_alpn_protos(context, (const uint8_t *)wish.protocols, (unsigned)strlen(wish.protocols)) == 0);
    }
}

void client_open(struct client *client, uint32_t slot, struct client_wish wish)
{
    static BIO_METHOD *wires;
    tls_heap_charge(&clients);
    memset(client, 0, sizeof(*client));
    client->slot = slot;
    set_up(client, wish);
    if (!wires) {
        wires = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wires");
        BIO_meth_set_read(wires, take);
        BIO_meth_set_write(wires, put);
        BIO_meth_set_ctrl(wires, control);
    }
    client->ssl = SSL_new(client->context);
    BIO *bio = BIO_new(wires);
    BIO_set_data(bio, client);
    BIO_set_init(bio, 1);
    SSL_set_bio(client->ssl, bio, bio);
    SSL_set_app_data(client->ssl, client);
    SSL_set_connect_state(client->ssl);
    CHECK(!wish.name || SSL_set_tlsext_host_name(client->ssl, wish.name));
    CHECK(!wish.session || SSL_set_session(client->ssl, wish.session));
    tls_heap_charge(NULL);
    rig_begin(slot);
}

static bool can_begin_record(const struct client *client)
{
    const struct rig_slot *slot = &rig_slots[client->slot];
    return slot->produced == 0 || (slot->status == TLS_WANTS && slot->taken == slot->produced);
}

/* As the front frames. */
static bool give(struct client *client)
{
    struct client_wire *wire = &client->to_server;
    uint32_t there = wire->end - wire->begin;
    const uint8_t *at = wire->at + wire->begin;
    if (client->record == 0 && there >= 5 && can_begin_record(client)) {
        client->record = 5u + at[3] * 256u + at[4];
        if (at[0] == SSL3_RT_CHANGE_CIPHER_SPEC && there >= client->record + 5) {
            client->record += 5u + at[client->record + 3] * 256u + at[client->record + 4];
        }
    }
    uint32_t count = there < client->record ? there : client->record;
    count = client->step && client->step < count ? client->step : count;
    count = count ? rig_give(client->slot, at, count) : 0;
    wire->begin += count;
    client->record -= count;
    return count > 0;
}

static bool bring(struct client *client)
{
    struct client_wire *wire = &client->to_client;
    uint32_t count = rig_take(client->slot, wire->at + wire->end,
                              client->step ? client->step : CLIENT_WIRE - wire->end);
    wire->end += count;
    return count > 0;
}

void client_run(struct client *client)
{
    bool any = true;
    for (int turn = 0; any; turn++) {
        CHECK(turn < 100000);
        tls_heap_charge(&clients);
        if (SSL_do_handshake(client->ssl) == 1) {
            uint8_t byte;
            SSL_read(client->ssl, &byte, 1); /* tickets */
        }
        tls_heap_charge(NULL);
        any = rig_slots[client->slot].status < TLS_DONE && give(client);
        rig_run();
        while (bring(client)) {
            any = true;
        }
    }
}

static void check_keys(const struct tls_secrets *secrets)
{
    struct tls_traffic client = {.secret = {0}}, server = {.secret = {0}};
    memcpy(client.secret, secrets->client.secret, sizeof(client.secret));
    memcpy(server.secret, secrets->server.secret, sizeof(server.secret));
    CHECK(tls_traffic_keys(&client, secrets->suite) && tls_traffic_keys(&server, secrets->suite));
    CHECK(memcmp(&client, &secrets->client, sizeof(client)) == 0);
    CHECK(memcmp(&server, &secrets->server, sizeof(server)) == 0);
}

static void compare_secrets(const struct client *client)
{
    const struct tls_secrets *secrets = rig_secrets(client->slot);
    uint8_t secret[64];
    size_t count = sizeof(secret);
    CHECK(SSL_get_read_traffic_secret(client->ssl, secret, &count));
    CHECK_EQUAL(tls_traffic_secret_bytes(secrets->suite), count);
    CHECK(memcmp(secret, secrets->server.secret, count) == 0);
    count = sizeof(secret);
    CHECK(SSL_get_write_traffic_secret(client->ssl, secret, &count));
    CHECK(memcmp(secret, secrets->client.secret, count) == 0);
    CHECK_EQUAL(secrets->server_sequence, SSL_get_read_sequence(client->ssl));
    CHECK_EQUAL(secrets->client_sequence, SSL_get_write_sequence(client->ssl));
    CHECK_EQUAL(secrets->suite, SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(client->ssl)));
    CHECK_EQUAL(secrets->group, SSL_get_group_id(client->ssl));
    CHECK_EQUAL(secrets->flags & TLS_RESUMED, SSL_session_reused(client->ssl) ? TLS_RESUMED : 0);
}

void client_handshake(struct client *client)
{
    client_run(client);
    CHECK_EQUAL(rig_slots[client->slot].status, TLS_DONE);
    CHECK(SSL_is_init_finished(client->ssl));
    CHECK_EQUAL(client->to_client.begin, client->to_client.end);
    CHECK_EQUAL(client->to_server.begin, client->to_server.end);
    compare_secrets(client);
    check_keys(rig_secrets(client->slot));
}

void client_close(struct client *client)
{
    if (rig_slots[client->slot].used) {
        rig_over(client->slot);
        rig_run();
    }
    SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
}

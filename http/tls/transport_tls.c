/* transport_tls.c: TLS 1.3 (RFC 8446) under a connection: the handshake by PD tls, then records of our own.
 *   consumes  packets of a client, NOT trusted: nothing of a record reaches the connection before it is opened
 *   consumes  secrets of PD tls, which spoils its own connections with wrong ones, and knows no others
 *   produces  records, sealed in one pass from where a page lies in the cache to where TCP sends it from (sealed.c)
 *   invariant what is sealed lies still until it is acknowledged, and is never sealed again: what TCP does not take
 *             now it is given again as it is
 *             what is opened nobody else can change between the check and its use: a record is copied first (opened.c)
 *             a window never is smaller than what completes a record: what was copied is told to TCP as taken, at once;
 *             the connection has at most AHEAD_MAX bytes and a record that it has not taken
 *   ends      what cannot be sealed, content, an alert or close_notify, resets the connection: TCP's end alone, or an
 *             answer with something left out, would be one that anybody on the way could have made (RFC 8446, 6.1)
 *   when full no block to seal in: the connection waits until one is acknowledged. No packet to open in: what comes
 *             stays with TCP; a connection that has waited for the rest of its record for SLOW_NS is ended for it
 *             What is given back goes to those that wait, in their order, in the same event
 * The first record of an answer fills one segment, so that a browser begins with it at once; what follows comes in the
 * largest there are, which cost least. What is written within one event leaves in as few records as it fits in.
 */
#include "http/tls/transport_tls.h"

#include <string.h>

#include "http/conn/connection.h"
#include "http/conn/transport_tcp.h"
#include "http/tls/opened.h"
#include "http/tls/sealed.h"
#include "lib/pd.h"
#include "lwip/pbuf.h"

#define AHEAD_MAX 4096 /* bytes that the connection has not taken: then nothing more is opened */
#define ALONE 512      /* bytes that are worth a record of their own, if nothing follows at once */
#define ENOUGH (2 * RECORD_TEXT_MAX)
#define WRITE_RECORDS_MAX 64 /* that one write is sealed in */
#define SLOW_NS 5000000000ull /* as for heads (head_buffer.c): else newcomers would push one another out */

struct transport_tls_counters transport_tls_counts;

enum stage {
    NONE,
    SHAKING,
    OPEN,
    CLOSING_SIDE, /* close_notify is to be sent, or has been */
};

struct secured {
    uint8_t stage;       /* enum stage */
    bool fin, ended;     /* TCP's end has come; the connection was told so, or of close_notify */
    bool update_owed;    /* a KeyUpdate, before anything else is sealed */
    bool notified, shut; /* CLOSING_SIDE: close_notify is sealed; TCP's end is sent */
    struct transport *transport;
    struct handshake handshake;
    struct record_key out;
    struct record_reader in;
    /* what is sent */
    struct sealed *first, *last; /* records that are not acknowledged; */
    struct sealed *next;         /* of these the first that TCP has not taken as a whole */
    uint32_t given;              /* bytes of it that it has taken */
    uint32_t acknowledged;       /* bytes of the first */
    uint32_t copied;             /* bytes of the handshake that are not acknowledged */
    /* what comes */
    struct pbuf *packets, *packets_last;        /* linked by `next`: not looked at */
    uint8_t head[RECORD_HEAD], head_bytes;      /* of a record, */
    struct pbuf *record;                        /* the record, when its head is there, */
    uint32_t record_bytes;                      /* and what there is of it */
    uint64_t since_ns;                          /* that it is waited for */
    uint32_t held;                              /* bytes that the connection has not taken */
    uint32_t untold;                            /* bytes that were copied, of which TCP is to be told */
    struct list_link partial, resumed, starved; /* lists in self */
    uint8_t name_length;
    char name[TLS_NAME_MAX];
};

_Static_assert(sizeof(struct secured) <= 2048, "of an idle connection, beside TCP's");

static struct {
    struct secured all[HTTP_CONNECTIONS_MAX], *free[HTTP_CONNECTIONS_MAX];
    uint32_t free_count;
    struct secured *gathering; /* whose content this is: */
    uint32_t gathered;         /* bytes, */
    struct sealed *gathers_in; /* which will be sealed here */
    uint8_t gather[SEALED_LARGE];
    struct list partial; /* connections that wait for the rest of a record, the longest first */
    struct list resumed; /* that may have something to open */
    struct list starved; /* that had no packet to open in, or no block to seal in */
    bool freed;          /* there is one */
    void (*opened)(void);
} self;

static const struct transport_ops *const tcp = &transport_tcp_ops;

static struct secured *secured_of(const struct transport *t)
{
    return t->above;
}

static struct http_conn *conn_of(struct secured *x)
{
    return LIST_ITEM(struct http_conn, transport, x->transport);
}

/* -- its end -- */

static void drop_packets(struct secured *x)
{
    while (x->packets) {
        struct pbuf *first = x->packets;
        x->packets = first->next;
        first->next = NULL;
        pbuf_free(first);
    }
    if (x->record) {
        pbuf_free(x->record);
        x->record = NULL;
    }
}

static void drop_sealed(struct secured *x)
{
    if (self.gathering == x) {
        sealed_give_back(self.gathers_in);
        self.gathering = NULL;
    }
    while (x->first) {
        struct sealed *block = x->first;
        x->first = block->next;
        sealed_give_back(block);
    }
}

/* Keys are forgotten with it. The transport is another's, or nobody's. */
static void release(struct secured *x)
{
    handshake_end(&x->handshake);
    drop_packets(x);
    drop_sealed(x);
    list_remove(&x->partial);
    list_remove(&x->resumed);
    list_remove(&x->starved);
    record_key_wipe(&x->out);
    record_key_wipe(&x->in.key);
    x->stage = NONE;
    self.free[self.free_count++] = x;
}

static void end_now(struct secured *x)
{
    struct http_conn *c = conn_of(x);
    release(x);
    tcp->abort(&c->transport);
    http_conn_failed(c);
}

static uint32_t packet_bytes(const struct secured *x)
{
    uint32_t bytes = 0;
    for (const struct pbuf *p = x->packets; p; p = p->next) {
        bytes += p->len;
    }
    return bytes;
}

/* What has not been taken would make TCP's end a reset, which may overtake what is sent. */
static void end_in_order(struct secured *x)
{
    struct http_conn *c = conn_of(x);
    uint32_t untaken = packet_bytes(x) + x->untold;
    if (x->first) {
        end_now(x);
        return;
    }
    release(x);
    if (untaken > 0) {
        tcp->consumed(&c->transport, untaken);
    }
    if (!tcp->close(&c->transport)) {
        tcp->abort(&c->transport);
    }
    http_conn_failed(c);
}

/* A key that could not seal something seals nothing more (record.h). */
static bool is_spent(const struct secured *x)
{
    return x->stage >= OPEN && !record_can_seal(&x->out, WRITE_RECORDS_MAX);
}

/* As a copy, where no block of the connection's is under way. False: it cannot be sealed, or there is no memory. */
static bool write_alert(struct secured *x, enum record_alert alert)
{
    uint8_t bytes[RECORD_ALERT];
    uint32_t length = record_seal_alert(&x->out, alert, bytes);
    return length > 0 && tcp->write(x->transport, bytes, length, false);
}

/* RFC 8446, 6.2: no more is sent behind an alert. What lies in blocks TCP would send from on. */
static void refuse(struct secured *x, enum record_alert alert)
{
    transport_tls_counts.refused++;
    if (x->first || !write_alert(x, alert)) {
        end_now(x);
    } else {
        end_in_order(x);
    }
}

/* -- what is sent: given to TCP -- */

/* The next that is given back is told of. */
static void await_memory(void)
{
    sealed_await();
    opened_await();
}

static void starve(struct secured *x)
{
    await_memory();
    if (!list_has(&x->starved)) {
        list_add_last(&self.starved, &x->starved);
    }
    transport_tcp_try_again(x->transport); /* should nobody give anything back */
}

static void append_block(struct secured *x, struct sealed *block)
{
    *(x->last && x->first ? &x->last->next : &x->first) = block;
    x->last = block;
    if (!x->next) {
        x->next = block;
        x->given = 0;
    }
}

static void push(struct secured *x)
{
    while (x->next && !x->transport->no_memory) {
        struct sealed *block = x->next;
        uint32_t left = block->length - x->given, room = tcp->room(x->transport, true);
        uint32_t count = left < room ? left : room;
        if (count == 0 ||
            !transport_tcp_refer(x->transport, block->at + x->given, count, count < left || block->next)) {
            return;
        }
        x->given += count;
        if (count == left) {
            x->next = block->next;
            x->given = 0;
        }
    }
}

static void acknowledged(struct secured *x, uint32_t count)
{
    uint32_t of_handshake = count < x->copied ? count : x->copied;
    x->transport->unacknowledged -= count;
    x->copied -= of_handshake;
    x->acknowledged += count - of_handshake;
    while (x->first && x->first != x->next && x->acknowledged >= x->first->length) {
        struct sealed *block = x->first;
        x->acknowledged -= block->length;
        x->first = block->next;
        sealed_give_back(block);
    }
}

/* -- what is sent: sealed -- */

/* The block has room for it. False: the connection is spent, and ends with this event, or with TCP's callback. */
static bool seal_in(struct secured *x, struct sealed *block, const void *content, uint32_t length)
{
    uint32_t bytes = record_seal(&x->out, RECORD_DATA, content, length, block->at);
    if (bytes == 0) {
        sealed_give_back(block);
        return false;
    }
    block->length = (uint16_t)bytes;
    x->transport->unacknowledged += RECORD_OVERHEAD;
    append_block(x, block);
    x->update_owed |= record_wants_update(&x->out);
    return true;
}

static void seal_gathered(struct secured *x)
{
    if (self.gathering == x) {
        self.gathering = NULL;
        seal_in(x, self.gathers_in, self.gather, self.gathered);
    }
}

/* RFC 8446, 4.6.3: before anything else is sealed. False: no block, or it is spent. */
static bool update(struct secured *x)
{
    struct sealed *block = sealed_take(false);
    if (!block) {
        return false;
    }
    block->length = (uint16_t)record_seal_update(&x->out, block->at);
    if (block->length == 0) {
        sealed_give_back(block);
        return false;
    }
    x->transport->unacknowledged += block->length;
    append_block(x, block);
    x->update_owed = false;
    transport_tls_counts.updates++;
    return true;
}

static bool gather_in_block(struct secured *x, bool large)
{
    if (self.gathering) {
        seal_gathered(self.gathering);
    }
    self.gathers_in = sealed_take(large);
    self.gathered = 0;
    self.gathering = self.gathers_in ? x : NULL;
    return self.gathering;
}

/* So much into the block that is gathered in; sealed when it is full. */
static uint32_t gather(struct secured *x, const uint8_t *from, uint32_t length)
{
    uint32_t room = self.gathers_in->room - self.gathered, count = length < room ? length : room;
    memcpy(self.gather + self.gathered, from, count);
    self.gathered += count;
    if (count == room) {
        seal_gathered(x);
    }
    return count;
}

/* As one record, where it lies. */
static uint32_t seal_at_once(struct secured *x, const uint8_t *from, uint32_t length, bool large)
{
    struct sealed *block = sealed_take(large);
    uint32_t count = length < block->room ? length : block->room;
    return seal_in(x, block, from, count) ? count : length;
}

/* There is room for it (may_seal()). What is shorter than a segment is gathered with what comes behind it; alone it is
 * sealed where it lies, if it is not very short. */
static void append(struct secured *x, const uint8_t *from, uint32_t length, bool more)
{
    bool first = x->transport->unacknowledged == 0;
    x->transport->unacknowledged += length;
    while (length > 0) {
        uint32_t count;
        if (self.gathering == x || length < (more ? SEALED_SMALL : ALONE)) {
            count = self.gathering == x || gather_in_block(x, false) ? gather(x, from, length) : length;
        } else {
            count = seal_at_once(x, from, length, !first && length > SEALED_SMALL);
            first = false;
        }
        from += count;
        length -= count;
    }
}

/* Blocks are filled one behind the other: there are enough when all together have room. What others gather takes none
 * that it has not got yet. */
static bool may_seal(struct secured *x, uint32_t length)
{
    uint32_t room = self.gathering == x ? self.gathers_in->room - self.gathered : 0;
    if (x->stage == OPEN && (!x->update_owed || update(x)) && room + sealed_room() >= length && !is_spent(x)) {
        return true;
    }
    starve(x);
    transport_tcp_owe(x->transport); /* should it be spent */
    return false;
}

/* Ends what was written: its records are sealed, and with TCP as far as that takes them. A KeyUpdate that is owed waits
 * for content to go before, or until all is acknowledged: who reads nothing could ask for as many as there are blocks. */
static void settle(struct secured *x)
{
    seal_gathered(x);
    if (x->update_owed && x->stage == OPEN && !x->first && !update(x)) {
        starve(x);
    }
    push(x);
}

/* False: it is spent. */
static bool seal_close_notify(struct secured *x, struct sealed *block)
{
    block->length = (uint16_t)record_seal_alert(&x->out, ALERT_CLOSE_NOTIFY, block->at);
    if (block->length == 0) {
        sealed_give_back(block);
        return false;
    }
    x->transport->unacknowledged += block->length;
    append_block(x, block);
    x->notified = true;
    return true;
}

/* RFC 8446, 6.1, and TCP's end behind it, as soon as there is memory. False: it cannot be sealed. */
static bool close_side(struct secured *x)
{
    struct sealed *block = x->notified ? NULL : sealed_take(false);
    if (block && !seal_close_notify(x, block)) {
        return false;
    }
    push(x);
    if (x->notified && !x->next && !x->shut) {
        x->shut = tcp->shut_down(x->transport);
    }
    if (!x->shut) {
        starve(x);
    }
    return true;
}

/* -- the table -- */

/* While enough is on its way, less than the largest record is not worth one. */
static uint32_t whole_records(const struct transport *t, uint32_t count)
{
    if (count >= RECORD_TEXT_MAX) {
        return count - count % RECORD_TEXT_MAX;
    }
    return t->unacknowledged < ENOUGH ? count : 0;
}

/* With nothing queued never 0. */
static uint32_t room(const struct transport *t, bool by_reference)
{
    const struct secured *x = secured_of(t);
    uint32_t most = tcp->room(t, true), share = sealed_share();
    if (x->stage != OPEN || most == 0 || x->next) {
        return 0;
    }
    most = most < share || t->unacknowledged == 0 ? most : share;
    uint32_t heads = (most / RECORD_TEXT_MAX + 2) * RECORD_OVERHEAD;
    return most > heads ? whole_records(t, most - heads) : t->unacknowledged == 0;
}

static bool write_copy(struct transport *t, const void *data, uint32_t length, bool more)
{
    struct secured *x = secured_of(t);
    if (length > TRANSPORT_WRITE_MAX || !may_seal(x, length)) {
        return false;
    }
    append(x, data, length, more);
    push(x);
    transport_tcp_owe(t);
    return true;
}

/* Sealed they lie elsewhere: nothing stays pinned. */
static bool refer(struct transport *t, struct cache_bytes *bytes, uint32_t count, bool more)
{
    struct secured *x = secured_of(t);
    if (!may_seal(x, count)) {
        return false;
    }
    append(x, bytes->at, count, more);
    bytes->at += count;
    bytes->length -= count;
    if (bytes->length == 0) {
        cache_unpin(bytes->block);
    }
    push(x);
    transport_tcp_owe(t);
    return true;
}

static void flush(struct transport *t)
{
    struct secured *x = secured_of(t);
    settle(x);
    if (is_spent(x)) {
        end_now(x);
    } else {
        tcp->flush(t);
    }
}

/* Of what was opened: TCP knows. */
static void consumed(struct transport *t, uint32_t count)
{
    struct secured *x = secured_of(t);
    x->held -= count < x->held ? count : x->held;
    if (x->packets && !list_has(&x->resumed)) {
        list_add_last(&self.resumed, &x->resumed);
    }
}

static bool shut_down(struct transport *t)
{
    struct secured *x = secured_of(t);
    settle(x);
    x->stage = CLOSING_SIDE;
    return !is_spent(x) && close_side(x);
}

/* What has not been acknowledged lies in blocks that would be another's. Before a handshake's end there is nothing that
 * close_notify could be sealed with. */
static bool close_it(struct transport *t)
{
    struct secured *x = secured_of(t);
    settle(x);
    if (x->first || (x->stage >= OPEN && !x->notified && !write_alert(x, ALERT_CLOSE_NOTIFY))) {
        return false;
    }
    uint32_t untaken = packet_bytes(x) + x->untold;
    if (untaken > 0) {
        tcp->consumed(t, untaken);
    }
    release(x);
    if (!tcp->close(t)) {
        tcp->abort(t);
    }
    return true;
}

static void abort_it(struct transport *t)
{
    release(secured_of(t));
    tcp->abort(t);
}

static void keep_asking(struct transport *t)
{
    tcp->keep_asking(t);
}

static void peer(const struct transport *t, struct transport_peer *peer)
{
    const struct secured *x = secured_of(t);
    tcp->peer(t, peer);
    peer->secured = true;
    peer->server = (struct http_slice){x->name, x->name_length};
}

/* -- what comes -- */

static void tell_taken(struct secured *x)
{
    if (x->untold > 0) {
        tcp->consumed(x->transport, x->untold);
        x->untold = 0;
    }
}

/* So many bytes of the first packet are done with. */
static void skip(struct secured *x, uint32_t count)
{
    struct pbuf *first = x->packets;
    x->untold += count;
    if (count < first->len) {
        pbuf_remove_header(first, count);
        return;
    }
    x->packets = first->next;
    first->next = NULL;
    pbuf_free(first);
}

static uint32_t copy_out(struct secured *x, uint8_t *to, uint32_t count)
{
    uint32_t done = 0;
    while (x->packets && done < count) {
        uint32_t part = x->packets->len < count - done ? x->packets->len : count - done;
        memcpy(to + done, x->packets->payload, part);
        skip(x, part);
        done += part;
    }
    return done;
}

/* The one that has waited longest for the rest of its record goes, if that is long. */
static void end_slow(void)
{
    struct list_link *link = list_first(&self.partial);
    struct secured *x = link ? LIST_ITEM(struct secured, partial, link) : NULL;
    if (x && pd_now_ns() - x->since_ns >= SLOW_NS) {
        transport_tls_counts.slow++;
        end_now(x);
    }
}

/* A packet for a record, with its head in it. False: there is none. */
static bool begin_record(struct secured *x, uint32_t bytes)
{
    struct pbuf *packet = opened_take(bytes);
    if (!packet) {
        end_slow();
        packet = opened_take(bytes);
    }
    if (!packet) {
        starve(x);
        return false;
    }
    memcpy(packet->payload, x->head, RECORD_HEAD);
    x->record = packet;
    x->record_bytes = RECORD_HEAD;
    return true;
}

/* Since its first byte, whether there was a packet to put it in or not. */
static bool wait_for_rest(struct secured *x)
{
    if (x->head_bytes > 0 && x->since_ns == 0) {
        x->since_ns = pd_now_ns();
    }
    if (x->record && !list_has(&x->partial)) {
        list_add_last(&self.partial, &x->partial);
    }
    return false;
}

/* To the connection, which may be gone then. */
static void deliver(struct secured *x, struct pbuf *packet, uint32_t length)
{
    pbuf_remove_header(packet, RECORD_HEAD);
    packet->len = packet->tot_len = (u16_t)length;
    x->held += length;
    http_conn_received(conn_of(x), packet);
}

static void end_of_client(struct secured *x)
{
    if (!x->ended) {
        x->ended = true;
        http_conn_received(conn_of(x), NULL);
    }
}

/* RFC 8446, 6.1: what comes behind its end is nothing. */
static void closed_by_client(struct secured *x)
{
    x->untold += packet_bytes(x);
    drop_packets(x);
    end_of_client(x);
}

/* The record is whole. What it brings may be the connection's end. */
static void open_record(struct secured *x)
{
    struct pbuf *packet = x->record;
    uint8_t *at = packet->payload;
    struct record_opened opened = record_open(&x->in, at, x->record_bytes, at + RECORD_HEAD);
    x->record = NULL;
    x->head_bytes = 0;
    x->since_ns = 0;
    list_remove(&x->partial);
    if (opened.event == RECORD_CONTENT && opened.length > 0) {
        deliver(x, packet, opened.length);
        return;
    }
    pbuf_free(packet);
    switch (opened.event) {
    case RECORD_CONTENT: return;
    case RECORD_UPDATE_WANTED: x->update_owed = true; return;
    case RECORD_CLOSED: closed_by_client(x); return;
    case RECORD_BROKEN:
        transport_tls_counts.broken++;
        end_now(x);
        return;
    case RECORD_REFUSED: refuse(x, (enum record_alert)opened.alert); return;
    }
}

/* Of a record its head, then what is behind it. False: more is waited for, or it may not be. */
static bool take_record(struct secured *x)
{
    uint8_t alert = 0;
    x->head_bytes = (uint8_t)(x->head_bytes +
                              copy_out(x, x->head + x->head_bytes, (uint32_t)RECORD_HEAD - x->head_bytes));
    if (x->head_bytes < RECORD_HEAD) {
        return wait_for_rest(x);
    }
    uint32_t bytes = record_bytes(x->head, &alert);
    if (bytes == 0) {
        refuse(x, (enum record_alert)alert);
        return false;
    }
    if (!x->record && !begin_record(x, bytes)) {
        return wait_for_rest(x);
    }
    x->record_bytes += copy_out(x, (uint8_t *)x->record->payload + x->record_bytes, bytes - x->record_bytes);
    if (x->record_bytes < bytes) {
        return wait_for_rest(x);
    }
    open_record(x);
    return true;
}

/* False: the connection is gone. */
static bool take_records(struct secured *x)
{
    while (x->stage >= OPEN && !x->ended && x->held < AHEAD_MAX && (x->packets || x->head_bytes == RECORD_HEAD) &&
           take_record(x)) {
    }
    if (x->stage >= OPEN && x->fin && !x->packets) {
        end_of_client(x);
    }
    if (x->stage >= OPEN) {
        tell_taken(x);
    }
    return x->stage >= OPEN;
}

/* -- the handshake -- */

static void give_packets(struct secured *x)
{
    while (x->packets) {
        uint32_t count = handshake_give(&x->handshake, x->packets->payload, x->packets->len);
        if (count == 0) {
            return;
        }
        skip(x, count);
    }
}

/* False: TCP takes no more now. */
static bool send_handshake(struct secured *x)
{
    uint32_t count;
    const uint8_t *bytes;
    while (bytes = handshake_bytes(&x->handshake, &count), count > 0) {
        uint32_t left = tcp->room(x->transport, false);
        count = count < left ? count : left;
        if (count == 0 || !tcp->write(x->transport, bytes, count, false)) {
            return false;
        }
        x->copied += count;
        handshake_sent(&x->handshake, count);
    }
    return true;
}

static bool take_secrets(struct secured *x, struct tls_secrets *secrets)
{
    if (!handshake_secrets(&x->handshake, secrets) ||
        !record_key_set(&x->in.key, secrets->suite, secrets->client_secret, secrets->secret_bytes,
                        secrets->client_sequence) ||
        !record_key_set(&x->out, secrets->suite, secrets->server_secret, secrets->secret_bytes,
                        secrets->server_sequence)) {
        return false;
    }
    x->name_length = secrets->name_length;
    memcpy(x->name, secrets->name, secrets->name_length);
    return true;
}

static void finish_handshake(struct secured *x)
{
    struct tls_secrets secrets;
    bool good = take_secrets(x, &secrets);
    crypto_wipe(&secrets, sizeof(secrets));
    handshake_end(&x->handshake);
    if (!good) {
        end_now(x);
        return;
    }
    x->stage = OPEN;
}

/* False: the connection is gone. */
static bool shake(struct secured *x)
{
    give_packets(x);
    tell_taken(x);
    if (!send_handshake(x)) {
        return true;
    }
    switch (handshake_status(&x->handshake)) {
    case TLS_WORKS: break;
    case TLS_WANTS:
        if (x->fin && !x->packets) {
            end_in_order(x); /* it will never be over */
        }
        break;
    case TLS_DONE: finish_handshake(x); break;
    case TLS_FAILED: end_in_order(x); break;
    }
    return x->stage != NONE;
}

/* -- events -- */

/* What has come is opened, and what that has written is sealed. */
static void go_on(struct secured *x)
{
    if (x->stage == SHAKING && !shake(x)) {
        return;
    }
    if (x->stage >= OPEN && take_records(x)) {
        settle(x);
        if (is_spent(x) || (x->stage == CLOSING_SIDE && !close_side(x))) {
            end_now(x);
        }
    }
}

static void append_packets(struct secured *x, struct pbuf *data)
{
    if (x->packets) {
        x->packets_last->next = data;
    } else {
        x->packets = data;
    }
    while (data->next) {
        data = data->next;
    }
    x->packets_last = data;
}

static void on_received(struct transport *t, struct pbuf *data)
{
    struct secured *x = secured_of(t);
    if (data && x->ended) { /* RFC 8446, 6.1: what comes behind its end is nothing */
        tcp->consumed(t, data->tot_len);
        pbuf_free(data);
        return;
    }
    if (!data && x->stage == SHAKING && !handshake_is_answered(&x->handshake)) {
        end_in_order(x); /* its Finished cannot be among what has come */
        return;
    }
    if (data) {
        append_packets(x, data);
    }
    x->fin |= !data;
    go_on(x);
}

static void on_sent(struct transport *t, uint32_t count)
{
    struct secured *x = secured_of(t);
    acknowledged(x, count);
    push(x);
    if (x->stage >= OPEN) {
        http_conn_sent(conn_of(x));
    }
    if (x->stage != NONE) {
        go_on(x);
    }
}

static void on_go_on(struct transport *t)
{
    struct secured *x = secured_of(t);
    list_remove(&x->starved);
    push(x);
    if (x->stage >= OPEN) {
        http_conn_go_on(conn_of(x));
    }
    if (x->stage != NONE) {
        go_on(x);
    }
}

static void on_failed(struct transport *t)
{
    struct secured *x = secured_of(t);
    struct http_conn *c = conn_of(x);
    release(x);
    http_conn_failed(c);
}

static void on_opened(struct transport *t)
{
    struct secured *x = self.free[--self.free_count];
    memset(x, 0, offsetof(struct secured, name));
    x->stage = SHAKING;
    x->transport = t;
    t->above = x;
    handshake_begin(&x->handshake);
    self.opened();
}

static struct secured *secured_of_handshake(struct handshake *h)
{
    return LIST_ITEM(struct secured, handshake, h);
}

static void on_changed(struct handshake *h)
{
    go_on(secured_of_handshake(h));
}

static void on_lost(struct handshake *h)
{
    end_now(secured_of_handshake(h));
}

static void on_freed(void)
{
    self.freed = true;
}

/* In turn, until one still finds none: it has asked to be told again. */
static void serve_starved(void)
{
    struct list_link *link;
    self.freed = false;
    for (uint32_t left = HTTP_CONNECTIONS_MAX; left > 0 && (link = list_take_first(&self.starved)) != NULL; left--) {
        struct secured *x = LIST_ITEM(struct secured, starved, link);
        x->transport->no_memory = false;
        on_go_on(x->transport);
        if (list_has(&x->starved)) {
            return;
        }
    }
}

/* Before the event's end: those whose connection has taken something, and those that had no memory. */
static void run_waiting(void *context)
{
    struct list_link *link;
    while ((link = list_take_first(&self.resumed)) != NULL) {
        go_on(LIST_ITEM(struct secured, resumed, link));
    }
    if (self.freed) {
        serve_starved();
    }
}

void transport_tls_init(const struct tls_client_config *config, const struct region *sealed,
                        const struct transport_tls_handlers *handlers)
{
    static const struct transport_ops ops = {
        .secure = true,
        .room = room,
        .write = write_copy,
        .refer = refer,
        .flush = flush,
        .consumed = consumed,
        .shut_down = shut_down,
        .close = close_it,
        .abort = abort_it,
        .keep_asking = keep_asking,
        .peer = peer,
    };
    static const struct transport_above above = {&ops, on_opened, on_received, on_sent, on_go_on, on_failed};
    static struct handshake_handlers shaking = {.changed = on_changed, .lost = on_lost};
    shaking.answered = handlers->answered;
    shaking.restarted = handlers->restarted;
    self.opened = handlers->opened;
    list_init(&self.partial);
    list_init(&self.resumed);
    list_init(&self.starved);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        self.free[self.free_count++] = &self.all[i];
    }
    opened_init(on_freed);
    sealed_init(sealed, on_freed);
    transport_tcp_above(&above);
    handshake_init(config, &shaking);
    pd_before_flush(run_waiting, NULL);
}

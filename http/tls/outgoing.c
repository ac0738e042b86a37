/* outgoing.c: what a connection sends.
 *   consumes  content, from where a page lies in the cache, or a head was written
 *   produces  records, sealed in one pass to where TCP sends them from (sealed.c)
 *   invariant what is sealed lies still until it is acknowledged, and is never sealed again: what TCP does not take
 *             now it is given again as it is
 *   ends      content, a KeyUpdate or close_notify that cannot be sealed ends the connection with a reset: TCP's end
 *             alone, or an answer with something left out, anybody on the way could have made (RFC 8446, 6.1)
 *   when full no block to seal in: the connection waits until one is acknowledged (starved.c). Who does not read holds
 *             none: nothing is sealed that would not leave at once; who acknowledges nothing gives way
 * The first record of an answer fills one segment, so that a browser begins with it at once; what follows comes in the
 * largest there are, which cost least. What is written within one event leaves in as few records as it fits in: what is
 * shorter than a segment is gathered, for one connection at a time, with what comes behind it.
 */
#include "http/tls/outgoing.h"

#include <string.h>

#include "http/conn/transport_tcp.h"
#include "http/tls/starved.h"
#include "lib/pd.h"

#define ALONE 512 /* bytes that are worth a record of their own, if nothing follows at once */
#define ENOUGH (2 * RECORD_TEXT_MAX)
#define PLENTY (4 * RECORD_TEXT_MAX)
#define LITTLE 128           /* bytes that a client takes: not worth a block */
#define PROBE 16             /* bytes of content that ask who takes none whether he does now */
#define WRITE_RECORDS_MAX 64 /* that one write is sealed in */

static struct {
    struct tls_conn *gathering; /* whose content this is: */
    uint32_t gathered;          /* bytes, */
    struct sealed *gathers_in;  /* which will be sealed here */
    uint8_t gather[SEALED_SMALL];
} self;

static const struct transport_ops *const tcp = &transport_tcp_ops;

/* -- given to TCP -- */

static void append_block(struct outgoing *out, struct sealed *block)
{
    if (!out->first) {
        out->got_on = pd_now_ticks();
    }
    *(out->last && out->first ? &out->last->next : &out->first) = block;
    out->last = block;
    if (!out->next) {
        out->next = block;
        out->given = 0;
    }
}

void outgoing_push(struct tls_conn *conn)
{
    struct outgoing *out = &conn->out;
    while (out->next && !conn->transport->no_memory) {
        struct sealed *block = out->next;
        uint32_t left = block->length - out->given, room = tcp->room(conn->transport, true);
        uint32_t count = left < room ? left : room;
        if (count == 0 ||
            !transport_tcp_refer(conn->transport, block->at + out->given, count, count < left || block->next)) {
            return;
        }
        out->given += count;
        if (count == left) {
            out->next = block->next;
            out->given = 0;
        }
    }
}

void outgoing_acknowledged(struct tls_conn *conn, uint32_t count)
{
    struct outgoing *out = &conn->out;
    uint32_t of_copies = count < out->copied ? count : out->copied;
    conn->transport->unacknowledged -= count;
    out->copied -= of_copies;
    out->acknowledged += count - of_copies;
    out->got_on = pd_now_ticks();
    while (out->first && out->first != out->next && out->acknowledged >= out->first->length) {
        struct sealed *block = out->first;
        out->acknowledged -= block->length;
        out->first = block->next;
        sealed_give_back(block);
    }
}

void outgoing_drop(struct tls_conn *conn)
{
    if (self.gathering == conn) {
        sealed_give_back(self.gathers_in);
        self.gathering = NULL;
    }
    while (conn->out.first) {
        struct sealed *block = conn->out.first;
        conn->out.first = block->next;
        sealed_give_back(block);
    }
}

/* -- sealed -- */

bool outgoing_is_spent(const struct tls_conn *conn)
{
    return conn->stage >= TLS_CONN_OPEN && !record_can_seal(&conn->keys.out, WRITE_RECORDS_MAX);
}

/* The block holds so many bytes now. False: none, since the connection is spent. */
static bool keep(struct tls_conn *conn, struct sealed *block, uint32_t length)
{
    if (length == 0) {
        sealed_give_back(block);
        return false;
    }
    block->length = (uint16_t)length;
    append_block(&conn->out, block);
    return true;
}

/* The block has room for it. Its content is counted as under way already. */
static bool seal_in(struct tls_conn *conn, struct sealed *block, const void *content, uint32_t length)
{
    struct record_key *key = &conn->keys.out;
    if (!keep(conn, block, record_seal(key, RECORD_DATA, content, length, block->at))) {
        return false;
    }
    conn->transport->unacknowledged += RECORD_OVERHEAD;
    conn->out.update_owed |= record_wants_update(key);
    return true;
}

static void seal_gathered(struct tls_conn *conn)
{
    if (self.gathering == conn) {
        self.gathering = NULL;
        seal_in(conn, self.gathers_in, self.gather, self.gathered);
    }
}

/* RFC 8446, 4.6.3: before anything else is sealed. False: no block, or it is spent. */
static bool update(struct tls_conn *conn)
{
    struct sealed *block = sealed_take(false);
    if (!block || !keep(conn, block, record_seal_update(&conn->keys.out, block->at))) {
        return false;
    }
    conn->transport->unacknowledged += block->length;
    conn->out.update_owed = false;
    tls_conn_counts.updates++;
    return true;
}

/* In a small block: false where there is none. */
static bool gather_in_block(struct tls_conn *conn)
{
    if (self.gathering) {
        seal_gathered(self.gathering);
    }
    self.gathers_in = sealed_take_small();
    self.gathered = 0;
    self.gathering = self.gathers_in ? conn : NULL;
    return self.gathering;
}

/* So much into the block that is gathered in; sealed when it is full. */
static uint32_t gather(struct tls_conn *conn, const uint8_t *from, uint32_t length)
{
    uint32_t room = self.gathers_in->room - self.gathered, count = length < room ? length : room;
    memcpy(self.gather + self.gathered, from, count);
    self.gathered += count;
    if (count == room) {
        seal_gathered(conn);
    }
    return count;
}

/* As one record, where it lies. */
static uint32_t seal_at_once(struct tls_conn *conn, const uint8_t *from, uint32_t length, bool large)
{
    struct sealed *block = sealed_take(large);
    uint32_t count = length < block->room ? length : block->room;
    return seal_in(conn, block, from, count) ? count : length;
}

/* There is room for it (may_seal()). What is shorter than a segment is gathered with what comes behind it; alone it is
 * sealed where it lies, if it is not very short. */
static void append(struct tls_conn *conn, const uint8_t *from, uint32_t length, bool more)
{
    bool first = conn->transport->unacknowledged == 0;
    conn->transport->unacknowledged += length;
    while (length > 0) {
        uint32_t count;
        if (self.gathering == conn || (length < (more ? SEALED_SMALL : ALONE) && gather_in_block(conn))) {
            count = gather(conn, from, length);
        } else {
            count = seal_at_once(conn, from, length, !first && length > SEALED_SMALL);
            first = false;
        }
        from += count;
        length -= count;
    }
}

/* Blocks are filled one behind the other: there are enough when all together have room. What others gather takes none
 * that it has not got yet. */
static bool may_seal(struct tls_conn *conn, uint32_t length)
{
    uint32_t room = self.gathering == conn ? self.gathers_in->room - self.gathered : 0;
    return conn->stage == TLS_CONN_OPEN && (!conn->out.update_owed || update(conn)) && room + sealed_room() >= length &&
           !outgoing_is_spent(conn);
}

/* Who takes nothing now is asked whether he does by a record of which TCP has a copy: he holds no block. */
static bool takes_nothing(const struct tls_conn *conn)
{
    return conn->transport->unacknowledged == 0 && transport_tcp_window(conn->transport) < LITTLE;
}

static bool write_probe(struct tls_conn *conn, const uint8_t *from, uint32_t length)
{
    uint8_t bytes[RECORD_OVERHEAD + PROBE];
    uint32_t count = length + RECORD_OVERHEAD;
    if (tcp->room(conn->transport, false) < count) {
        transport_tcp_try_again(conn->transport);
        return false;
    }
    if (record_seal(&conn->keys.out, RECORD_DATA, from, length, bytes) != count ||
        !tcp->write(conn->transport, bytes, count, false)) {
        record_key_spend(&conn->keys.out);
        return false;
    }
    conn->out.copied += count;
    return true;
}

/* Owed where it may not, too: it may be spent, and then nobody else asks. */
bool outgoing_write(struct tls_conn *conn, const uint8_t *from, uint32_t length, bool more)
{
    bool may = may_seal(conn, length);
    transport_tcp_owe(conn->transport);
    if (length <= PROBE && may && takes_nothing(conn)) {
        return write_probe(conn, from, length);
    }
    if (!may || starved_others_first(conn)) {
        starved_wait(conn, STARVED_FOR_BLOCK);
        return false;
    }
    append(conn, from, length, more);
    outgoing_push(conn);
    return true;
}

/* A KeyUpdate that is owed waits for content to go before, or until all is acknowledged: who reads nothing could ask for
 * as many as there are blocks. */
void outgoing_settle(struct tls_conn *conn)
{
    seal_gathered(conn);
    if (conn->out.update_owed && conn->stage == TLS_CONN_OPEN && !conn->out.first && !update(conn)) {
        starved_wait(conn, STARVED_FOR_BLOCK);
    }
    outgoing_push(conn);
}

/* While enough is on its way, less than the largest record is not worth one; while plenty is, less than two are not
 * worth a frame: what acknowledgements free piece by piece leaves in frames half as many. */
static uint32_t whole_records(const struct transport *t, uint32_t count)
{
    if (count >= RECORD_TEXT_MAX) {
        uint32_t whole = count - count % RECORD_TEXT_MAX;
        return whole >= ENOUGH || t->unacknowledged < PLENTY ? whole : 0;
    }
    return t->unacknowledged < ENOUGH ? count : 0;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Of so many bytes in records, as many in small blocks as one's share may have. */
static uint32_t content_of(uint32_t bytes)
{
    uint32_t records = smaller(bytes / SEALED_SMALL, bytes / RECORD_TEXT_MAX + SEALED_SHARE_SMALL) + 2;
    return bytes - smaller(bytes, records * RECORD_OVERHEAD);
}

/* What would not leave at once is not sealed: else who does not read would hold the blocks that others wait for. */
uint32_t outgoing_room(const struct tls_conn *conn)
{
    const struct transport *t = conn->transport;
    uint32_t most = tcp->room(t, true), leaves = transport_tcp_window(t);
    if (conn->stage != TLS_CONN_OPEN || most == 0 || conn->out.next) {
        return 0;
    }
    most = smaller(most, leaves);
    if (t->unacknowledged == 0) {
        most = smaller(most, larger(sealed_share(), TRANSPORT_SEGMENT));
        return leaves < LITTLE ? PROBE : whole_records(t, content_of(most));
    }
    return leaves < TRANSPORT_SEGMENT ? 0 : whole_records(t, content_of(smaller(most, sealed_share())));
}

/* -- its end -- */

bool outgoing_alert(struct tls_conn *conn, enum record_alert alert)
{
    uint8_t bytes[RECORD_ALERT];
    uint32_t length = record_seal_alert(&conn->keys.out, alert, bytes);
    return length > 0 && tcp->write(conn->transport, bytes, length, false);
}

bool outgoing_close(struct tls_conn *conn)
{
    struct outgoing *out = &conn->out;
    struct sealed *block = out->notified ? NULL : sealed_take(false);
    if (block) {
        if (!keep(conn, block, record_seal_alert(&conn->keys.out, ALERT_CLOSE_NOTIFY, block->at))) {
            return false;
        }
        conn->transport->unacknowledged += block->length;
        out->notified = true;
    }
    outgoing_push(conn);
    if (out->notified && !out->next && !out->shut) {
        out->shut = tcp->shut_down(conn->transport);
    }
    if (!out->shut) {
        starved_wait(conn, STARVED_FOR_BLOCK);
    }
    return !outgoing_is_spent(conn);
}

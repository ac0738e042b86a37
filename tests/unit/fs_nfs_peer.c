/* tests/unit/fs_nfs_peer.c: see the header. */
#include "tests/unit/fs_nfs_peer.h"

#include "lwip/dns.h"
#include "lwip/tcp.h"
#include "net/ip/ip.h"
#include "tests/unit/fake_microkit.h"

#define RECORD_MAX (64 * 1024)
#define SERVED_MAX 10000 /* replies at a time: more are asked for by one that goes round in a circle */
#define LAST_FRAGMENT 0x80000000u

/* RFC 1833, RFC 1813 appendix I, RFC 1813. */
enum program { PORTMAPPER = 100000, NFS = 100003, MOUNT = 100005 };
enum procedure {
    GETATTR = 1,
    SETATTR,
    LOOKUP,
    ACCESS,
    READLINK,
    READ,
    WRITE,
    CREATE,
    MKDIR,
    REMOVE = 12,
    RMDIR,
    RENAME,
    READDIRPLUS = 17,
    FSINFO = 19
};
enum { HANDLE_SIZE = 8, NOT_FOUND = 2, NOT_SUPPORTED = 10004 };
static const uint8_t root[HANDLE_SIZE] = "d";

uint32_t peer_room = UINT16_MAX, peer_pbufs;
bool peer_refuses, peer_no_address;
const ip_addr_t ip_addr_any;

static struct {
    struct tcp_pcb *pcb;
    bool connected, ended;
    uint32_t random;
    void (*on_address)(void *context);
    struct peer_call calls[PEER_CALLS_MAX];
    uint32_t count;
    uint8_t record[RECORD_MAX];
    uint32_t have;
} self;

/* -- bytes -- */

static uint32_t get(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint8_t *put(uint8_t *at, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    return (uint8_t *)memcpy(at, bytes, 4) + 4;
}

static uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put(put(at, (uint32_t)(value >> 32)), (uint32_t)value);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, uint32_t size)
{
    at = put(at, size);
    memset(at + size, 0, 3);
    memcpy(at, bytes, size);
    return at + ((size + 3) & ~3u);
}

/* -- calls -- */

/* RFC 5531 section 9. */
static void on_call(const uint8_t *at, const uint8_t *end)
{
    struct peer_call call = {.xid = get(at + 4)};

    CHECK(get(at) == (LAST_FRAGMENT | (uint32_t)(end - at - 4)) && get(at + 8) == 0 && get(at + 12) == 2);
    call.program = get(at + 16);
    call.procedure = get(at + 24);
    const uint8_t *arguments = at + 36 + get(at + 32) + 8;
    CHECK(arguments <= end && get(arguments - 4) == 0 && self.count < PEER_CALLS_MAX);
    call.size = (uint32_t)(end - arguments);
    memcpy(call.arguments, arguments, call.size < PEER_ARGUMENTS_MAX ? call.size : PEER_ARGUMENTS_MAX);
    self.calls[self.count++] = call;
}

static void on_bytes(const uint8_t *bytes, size_t size)
{
    for (size_t part; size > 0; size -= part, bytes += part) {
        uint32_t whole = self.have < 4 ? 4 : 4 + (get(self.record) & ~LAST_FRAGMENT);
        CHECK(whole <= RECORD_MAX);
        part = size < whole - self.have ? size : whole - self.have;
        memcpy(self.record + self.have, bytes, part);
        self.have += (uint32_t)part;
        if (self.have == whole && whole > 4) {
            on_call(self.record, self.record + whole);
            self.have = 0;
        }
    }
}

uint32_t peer_calls(void)
{
    return self.count;
}

const struct peer_call *peer_call_at(uint32_t i)
{
    CHECK(i < self.count);
    return &self.calls[i];
}

void peer_forget(uint32_t i)
{
    CHECK(i < self.count);
    memmove(&self.calls[i], &self.calls[i + 1], (--self.count - i) * sizeof(self.calls[0]));
}

/* -- replies -- */

static uint8_t *put_attributes(uint8_t *at, const uint8_t handle[HANDLE_SIZE])
{
    uint32_t type = handle[0] == 'd' ? 2 : handle[0] == 'l' ? 5 : 1;

    at = put(put(put(put(put(at, type), 0755), 1), 1000), 1000);
    at = put64(put64(put64(put64(at, PEER_FILE_SIZE), PEER_FILE_SIZE), 0), 1);
    at = put64(at, get(handle) ^ get(handle + 4));
    for (int time = 0; time < 3; time++) {
        at = put(put(at, 1600000000), 5);
    }
    return at;
}

static uint8_t *put_post_attributes(uint8_t *at, const uint8_t handle[HANDLE_SIZE])
{
    return put_attributes(put(at, 1), handle);
}

static uint8_t *put_wcc(uint8_t *at)
{
    return put(put(at, 0), 0);
}

/* Whose name it is says what it is. */
static void handle_of(const uint8_t *name, uint32_t size, uint8_t handle[HANDLE_SIZE])
{
    memset(handle, 0, HANDLE_SIZE);
    memcpy(handle, name, size < HANDLE_SIZE ? size : HANDLE_SIZE);
}

static uint8_t *reply_lookup(const uint8_t *arguments, uint8_t *at)
{
    const uint8_t *name = arguments + 4 + HANDLE_SIZE + 4;
    uint8_t handle[HANDLE_SIZE];

    handle_of(name, get(name - 4), handle);
    if (handle[0] == 'x') {
        return put(put(at, NOT_FOUND), 0);
    }
    at = put_bytes(put(at, 0), handle, HANDLE_SIZE);
    return put(put_post_attributes(at, handle), 0);
}

static uint8_t *reply_made(const uint8_t *arguments, uint8_t *at)
{
    const uint8_t *name = arguments + 4 + HANDLE_SIZE + 4;
    uint8_t handle[HANDLE_SIZE];

    handle_of(name, get(name - 4), handle);
    at = put_bytes(put(put(at, 0), 1), handle, HANDLE_SIZE);
    return put_wcc(put_post_attributes(at, handle));
}

/* `la`: absolute; `lo`: itself; `lu`: upwards, out of the export; others: to a file beside it. */
static uint8_t *reply_link(const uint8_t *handle, uint8_t *at)
{
    const char *target = handle[1] == 'a' ? "/srv/d/f" : handle[1] == 'o' ? "lo" : handle[1] == 'u' ? "../.." : "f";

    return put_bytes(put(put(at, 0), 0), target, (uint32_t)strlen(target));
}

static uint8_t *reply_read(const uint8_t *handle, uint8_t *at)
{
    static const uint8_t data[PEER_FILE_SIZE] = {[0 ... PEER_FILE_SIZE - 1] = 'n'};
    uint64_t offset = (uint64_t)get(handle + HANDLE_SIZE) << 32 | get(handle + HANDLE_SIZE + 4);
    uint32_t count = get(handle + HANDLE_SIZE + 8), left = offset < sizeof(data) ? sizeof(data) - (uint32_t)offset : 0;

    count = count < left ? count : left;
    at = put_post_attributes(put(at, 0), handle);
    return put_bytes(put(put(at, count), count == left), data + sizeof(data) - left, count);
}

/* Four of nine names in each reply; the cookie counts them. */
static uint8_t *reply_listing(const uint8_t *handle, uint8_t *at)
{
    static const char *const names[] = {".", "..", "f", "d", "l", "la", "file", "directory", "other"};
    uint32_t cookie = get(handle + HANDLE_SIZE + 4), count = sizeof(names) / sizeof(names[0]), i = cookie;

    at = put64(put(put(at, 0), 0), 77);
    for (; i < count && i < cookie + 4; i++) {
        uint8_t entry[HANDLE_SIZE];
        handle_of((const uint8_t *)names[i], (uint32_t)strlen(names[i]), entry);
        at = put_bytes(put64(put(at, 1), 100 + i), names[i], (uint32_t)strlen(names[i]));
        at = put_post_attributes(put64(at, i + 1), entry);
        at = put_bytes(put(at, 1), entry, HANDLE_SIZE);
    }
    return put(put(at, 0), i >= count);
}

static uint8_t *reply_info(uint8_t *at)
{
    static const uint32_t sizes[] = {65536, 65536, 1, 65536, 65536, 1, 8192};

    at = put(put(at, 0), 0);
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        at = put(at, sizes[i]);
    }
    return put(put64(put64(at, INT64_MAX), 1), 0x1b);
}

static uint8_t *reply_nfs(const struct peer_call *call, uint8_t *at)
{
    const uint8_t *handle = call->arguments + 4; /* every call's first argument is one */

    switch ((enum procedure)call->procedure) {
    case GETATTR: return put_attributes(put(at, 0), handle);
    case SETATTR:
    case REMOVE:
    case RMDIR: return put_wcc(put(at, 0));
    case LOOKUP: return reply_lookup(call->arguments, at);
    case ACCESS: return put(put(put(at, 0), 0), 0x3f);
    case READLINK: return reply_link(handle, at);
    case READ: return reply_read(handle, at);
    case WRITE: return put64(put(put(put_wcc(put(at, 0)), get(handle + HANDLE_SIZE + 8)), 2), 1);
    case CREATE:
    case MKDIR: return reply_made(call->arguments, at);
    case RENAME: return put_wcc(put_wcc(put(at, 0)));
    case READDIRPLUS: return reply_listing(handle, at);
    case FSINFO: return reply_info(at);
    }
    return put(at, NOT_SUPPORTED);
}

uint32_t peer_reply(const struct peer_call *call, uint8_t to[PEER_ANSWER_MAX])
{
    uint8_t *at = put(put(put(put(put(put(to, call->xid), 1), 0), 0), 0), 0);

    switch ((enum program)call->program) {
    case PORTMAPPER: at = put(at, get(call->arguments) == NFS ? 2049 : 2050); break;
    case MOUNT: at = put(put(put_bytes(put(at, 0), root, HANDLE_SIZE), 1), 1); break;
    case NFS: at = reply_nfs(call, at); break;
    }
    CHECK(at <= to + PEER_ANSWER_MAX);
    return (uint32_t)(at - to);
}

void peer_serve(void)
{
    static uint8_t message[4 + PEER_ANSWER_MAX];

    pd_flush();
    for (uint32_t i = 0; peer_is_asked() || self.count > 0; i++) {
        CHECK(i < SERVED_MAX);
        if (peer_is_asked()) {
            peer_accept();
        } else {
            uint32_t size = peer_reply(&self.calls[0], message + 4);
            put(message, LAST_FRAGMENT | size);
            peer_forget(0);
            peer_send(message, 4 + size, TCP_MSS);
        }
        pd_flush();
    }
}

/* -- TCP -- */

static void gone(void)
{
    free(self.pcb);
    self.pcb = NULL;
    self.connected = self.ended = false;
    self.count = self.have = 0;
}

bool peer_is_asked(void)
{
    return self.pcb && self.pcb->connected && !self.connected;
}

bool peer_is_connected(void)
{
    return self.connected;
}

void peer_accept(void)
{
    if (peer_is_asked()) {
        self.connected = true;
        self.pcb->connected(self.pcb->callback_arg, self.pcb, ERR_OK);
    }
}

void peer_reset(void)
{
    if (self.pcb) {
        tcp_err_fn error = self.pcb->errf;
        void *argument = self.pcb->callback_arg;
        gone();
        error(argument, ERR_RST);
    }
}

void peer_end(void)
{
    if (self.connected && !self.ended) {
        self.ended = true;
        self.pcb->recv(self.pcb->callback_arg, self.pcb, NULL, ERR_OK);
    }
}

static struct pbuf *new_pbuf(const uint8_t *bytes, size_t size)
{
    struct pbuf *p = calloc(1, sizeof(*p));

    p->payload = malloc(size); /* the sanitizer sees a byte too many */
    memcpy(p->payload, bytes, size);
    p->len = p->tot_len = (uint16_t)size;
    p->ref = 1;
    peer_pbufs++;
    return p;
}

void peer_send(const void *bytes, size_t size, size_t segment)
{
    const uint8_t *at = bytes;

    while (size > 0 && self.connected && !self.ended) {
        size_t part = size < segment ? size : segment;
        self.pcb->recv(self.pcb->callback_arg, self.pcb, new_pbuf(at, part), ERR_OK);
        at += part;
        size -= part;
    }
}

struct tcp_pcb *tcp_new(void)
{
    CHECK(!self.pcb);
    return self.pcb = calloc(1, sizeof(struct tcp_pcb));
}

void tcp_arg(struct tcp_pcb *pcb, void *argument)
{
    pcb->callback_arg = argument;
}

void tcp_recv(struct tcp_pcb *pcb, tcp_recv_fn handler)
{
    pcb->recv = handler;
}

void tcp_err(struct tcp_pcb *pcb, tcp_err_fn handler)
{
    pcb->errf = handler;
}

err_t tcp_bind(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port)
{
    return ERR_OK;
}

err_t tcp_connect(struct tcp_pcb *pcb, const ip_addr_t *address, u16_t port, tcp_connected_fn connected)
{
    pcb->connected = connected;
    return ERR_OK;
}

void ip_tcp_ask_again(struct tcp_pcb *pcb) {}

uint32_t ip_tcp_room(const struct tcp_pcb *pcb, bool stays)
{
    CHECK(pcb == self.pcb && !stays);
    return peer_room;
}

err_t tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags)
{
    CHECK(pcb == self.pcb && self.connected && length > 0 && length <= peer_room && flags == TCP_WRITE_FLAG_COPY);
    if (peer_refuses) {
        return ERR_MEM;
    }
    on_bytes(data, length);
    return ERR_OK;
}

err_t tcp_output(struct tcp_pcb *pcb)
{
    return ERR_OK;
}

void tcp_recved(struct tcp_pcb *pcb, u16_t length)
{
    CHECK(pcb == self.pcb);
}

err_t tcp_close(struct tcp_pcb *pcb)
{
    CHECK(pcb == self.pcb);
    gone();
    return ERR_OK;
}

void tcp_abort(struct tcp_pcb *pcb)
{
    CHECK(pcb == self.pcb);
    gone();
}

void pbuf_ref(struct pbuf *p)
{
    p->ref++;
}

u8_t pbuf_free(struct pbuf *p)
{
    u8_t count = 0;

    while (p && --p->ref == 0) {
        struct pbuf *next = p->next;
        free(p->payload);
        free(p);
        peer_pbufs--;
        count++;
        p = next;
    }
    return count;
}

/* -- the interface and DNS -- */

int ip4addr_aton(const char *text, ip4_addr_t *to)
{
    to->addr = 1;
    return 1;
}

char *ip4addr_ntoa_r(const ip4_addr_t *address, char *text, int size)
{
    return strcpy(text, "10.0.0.1");
}

err_t dns_gethostbyname(const char *host, ip_addr_t *address, dns_found_callback found, void *context)
{
    address->addr = 1;
    return ERR_OK;
}

void ip_init(const struct ip_config *config, const struct net_client_config *net) {}

bool ip_has_address(void)
{
    return !peer_no_address;
}

/* Nothing of a former life is on its way. */
bool ip_when_sent(void (*handler)(void *context), void *context)
{
    handler(context);
    return true;
}

void ip_on_address(void (*handler)(void *context), void *context)
{
    self.on_address = handler;
}

void peer_new_address(void)
{
    peer_no_address = false;
    self.on_address(NULL);
}

uint32_t random_word(void)
{
    self.random = self.random * 1664525 + 1013904223;
    return self.random;
}

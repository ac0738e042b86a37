/* fs/nfs/mount.c: see the header.
 *   consumes  the configuration; the replies of DNS, portmapper, mount daemon and NFS server, none of them trusted
 *   produces  one line on the console for each change: mounted, refused and what to do about it, gone
 *   invariant at most one step is under way; after a failure there is a pause, and one timer. While somebody waits it
 *             is of half a second, or a little more after a refusal, so that a server that is back is found at once.
 *             While nobody does it grows, to 8 s, or to 30 s after a refusal; who comes then ends it
 *   time      each of its connections has done what it is for within STEP_NS, or is given up: also one on which bytes
 *             come for ever
 *   restart   the way to the server is that of the former life, until it turns out to be another one
 *   when down the server counts as gone when connections have failed for about GRACE_NS, when it was silent for too
 *             long, or when we have had no address for GRACE_NS: a restart takes less. It is tried again and again,
 *             whoever waits
 *
 * The steps: address -> [mount port -> NFS port ->] mount call -> NFS connection -> file system info -> up. A
 * connection that is lost later is made again from `NFS connection` on, since handles outlive it; if that fails, from
 * the start. It is made again only when there is something to do: a server may close an idle one.
 */
#include "lib/pd.h"

#include <stdio.h>
#include <string.h>
#include "fs/nfs/rpc.h"
#include "fs/nfs/mount.h"
#include "lib/log.h"
#include "lwip/dns.h"
#include "net/ip/ip.h"
#include "libnfs-raw-mount.h"
#include "libnfs-raw-nfs.h"
#include "timer/client.h"

#define PORTMAPPER_PORT 111
#define PAUSE_FIRST_NS (500ull * 1000 * 1000) /* the longest while somebody waits */
#define PAUSE_MAX_NS (8ull * 1000 * 1000 * 1000)
#define PAUSE_REFUSED_FIRST_NS (750ull * 1000 * 1000) /* a mount is more work for the server than a connection */
#define PAUSE_REFUSED_NS (30ull * 1000 * 1000 * 1000) /* somebody has to put it right */
#define RESOLVE_NS (500ull * 1000 * 1000)             /* then the address of before is good enough */
#define GRACE_NS (5ull * 1000 * 1000 * 1000)
#define STEP_NS (20ull * 1000 * 1000 * 1000)
#define TRANSFER_MAX (256u * 1024) /* libnfs refuses a reply above 1 MiB and keeps it in its heap */
#define PROTOCOL_TCP 6

enum step {
    IDLE,
    NO_ADDRESS,
    RESOLVING,
    CONNECTING_PORTMAPPER,
    ASKING_MOUNT_PORT,
    ASKING_NFS_PORT,
    CONNECTING_MOUNT,
    MOUNTING,
    CONNECTING_NFS,
    ASKING_INFO,
    UP,
    PAUSING
};

static struct {
    const struct nfs_config *config;
    void (*up)(void);
    void (*down)(bool for_longer);
    enum step step;
    bool have_root;
    bool is_kept; /* from a former life */
    bool may_send;
    bool root_is_new; /* nothing but its mount says so yet */
    bool moved;       /* our address has changed: the connection that ends now is made again at once */
    char address[16];
    uint16_t mount_port, nfs_port;
    struct nfs_handle root;
    uint32_t number; /* of the root */
    uint32_t read_size, write_size;
    struct nfs_rpc_call call;
    struct timer pause;       /* or a step's end */
    uint64_t pause_ns;        /* the next one */
    uint64_t wanted_pause_ns; /* of this one, when somebody waits */
    uint64_t pause_since_ns;
    uint64_t failing_since_ns; /* 0: it stood the last time */
    bool useful;               /* the connection has answered something beside our questions about the mount */
    char said[LOG_LINE_MAX];   /* the last line on the console: a refusal is not repeated at every attempt */
    bool said_gone;            /* since it was mounted: a line for that is enough */
} self;

/* The way to the server as it was last, for a next life of this PD. */
PD_KEPT static struct {
    uint64_t sum;
    struct nfs_handle root;
    uint32_t number;
    uint16_t mount_port, nfs_port;
    char address[16];
} kept;

static uint64_t sum_of_kept(void)
{
    const uint8_t *bytes = (const uint8_t *)&kept;
    uint64_t sum = 0xcbf29ce484222325ull; /* FNV-1a */

    for (size_t i = sizeof(kept.sum); i < sizeof(kept); i++) {
        sum = (sum ^ bytes[i]) * 0x100000001b3ull;
    }
    return sum;
}

static void keep(void)
{
    memset(&kept, 0, sizeof(kept)); /* also what lies between its parts */
    kept.root = self.root;
    kept.number = self.number;
    kept.mount_port = self.mount_port;
    kept.nfs_port = self.nfs_port;
    memcpy(kept.address, self.address, sizeof(kept.address));
    kept.sum = sum_of_kept();
}

/* Where that does not hold any more, the server says so. */
static void take_up(void)
{
    self.have_root = self.is_kept = pd_generation() > 1 && kept.sum == sum_of_kept() && kept.number > 0 &&
                                    kept.root.size <= NFS_HANDLE_MAX && kept.address[sizeof(kept.address) - 1] == '\0';
    if (self.is_kept) {
        self.root = kept.root;
        self.number = kept.number;
        self.mount_port = kept.mount_port;
        self.nfs_port = kept.nfs_port;
        memcpy(self.address, kept.address, sizeof(self.address));
    }
}

bool mount_is_kept(void)
{
    return self.is_kept;
}

/* A connection that has broken is gone a moment before we hear of it. */
bool mount_is_up(void)
{
    return self.step == UP && nfs_rpc_context() != NULL;
}

const struct nfs_handle *mount_root(void)
{
    return &self.root;
}

uint32_t mount_number(void)
{
    return self.number;
}

uint32_t mount_read_size(void)
{
    return self.read_size;
}

uint32_t mount_write_size(void)
{
    return self.write_size;
}

/* -- words -- */

/* Long names are cut: what is said of them has to find room. */
static void say(const char *what, const char *advice)
{
    char line[LOG_LINE_MAX];

    snprintf(line, sizeof(line), "NFS %.48s:%.64s: %s%s%s", self.config->server, self.config->directory, what,
             advice[0] ? ": " : "", advice);
    if (strcmp(line, self.said) != 0) {
        memcpy(self.said, line, sizeof(line));
        log_line("%s", line);
    }
}

/* At first it may be many things, each for somebody to put right. A server that was there before is simply gone. */
static void say_gone(const char *what, const char *advice)
{
    if (self.number == 0 || !self.said_gone) {
        say(what, advice);
    }
    self.said_gone = true;
}

static const char *mount_refusal(mountstat3 status)
{
    switch (status) {
    case MNT3_OK: return "";
    case MNT3ERR_PERM:
    case MNT3ERR_ACCES:
        return "permission denied; is that directory exported, to this address, and `insecure` if it is translated on "
               "the way (QEMU's user network)?";
    case MNT3ERR_NOENT: return "there is no such export; see `showmount -e` on the server";
    case MNT3ERR_NOTDIR: return "that is not a directory";
    case MNT3ERR_IO:
    case MNT3ERR_SERVERFAULT: return "the server has an error of its own; see its log";
    case MNT3ERR_INVAL:
    case MNT3ERR_NAMETOOLONG: return "the server does not take that name";
    case MNT3ERR_NOTSUPP: return "the server does not support it";
    }
    return "an answer that NFSv3 does not know";
}

static const char *step_name(void)
{
    switch (self.step) {
    case CONNECTING_PORTMAPPER:
    case ASKING_MOUNT_PORT:
    case ASKING_NFS_PORT:
        return "the portmapper (port 111) does not answer as it should; give NFS_PORT and MOUNT_PORT to do without";
    case CONNECTING_MOUNT:
    case MOUNTING: return "the mount service does not answer as it should";
    case CONNECTING_NFS:
    case ASKING_INFO: return "the NFS service does not answer as it should";
    case IDLE:
    case NO_ADDRESS:
    case RESOLVING:
    case UP:
    case PAUSING: break;
    }
    return "it does not answer";
}

/* -- steps -- */

static void begin(void);

static void on_pause(void *context)
{
    self.step = IDLE;
    begin();
}

/* The server counts as gone when the next try comes after GRACE_NS of failures. */
static void pause_then_again(uint64_t first_ns, uint64_t at_most_ns)
{
    uint64_t pause_ns = self.pause_ns < at_most_ns ? self.pause_ns : at_most_ns;
    uint64_t now = pd_now_ns();

    pause_ns = pause_ns < first_ns ? first_ns : pause_ns;
    self.step = PAUSING;
    timer_start(&self.pause, now + pause_ns, on_pause, NULL);
    self.pause_ns = pause_ns * 2;
    self.wanted_pause_ns = first_ns;
    self.pause_since_ns = now;
    if (!self.failing_since_ns) {
        self.failing_since_ns = now;
    }
    self.down(now + first_ns >= self.failing_since_ns + GRACE_NS);
}

/* Somebody waits. */
static void shorten_pause(void)
{
    uint64_t end_ns = self.pause_since_ns + self.wanted_pause_ns;

    if (pd_now_ns() >= end_ns) {
        timer_stop(&self.pause);
        on_pause(NULL);
    } else if (end_ns < self.pause.deadline_ns) {
        timer_start(&self.pause, end_ns, on_pause, NULL);
    }
}

static void on_no_address(void *context)
{
    if (self.step == NO_ADDRESS) {
        self.down(true);
    }
}

static void start_over(void)
{
    nfs_rpc_close();
    self.have_root = false;
    pause_then_again(PAUSE_REFUSED_FIRST_NS, PAUSE_REFUSED_NS);
}

static void refuse(const char *what, const char *advice)
{
    say(what, advice);
    start_over();
}

/* A connection that has not done what it is for. */
static void on_slow(void *context)
{
    nfs_rpc_break("it is too slow");
}

static void connect_to(uint16_t port, enum step step)
{
    self.step = step;
    timer_start(&self.pause, pd_now_ns() + STEP_NS, on_slow, NULL);
    nfs_rpc_open(self.address, port);
}

static const char *info_refusal(nfsstat3 status)
{
    return status == NFS3ERR_ACCES || status == NFS3ERR_PERM
               ? "permission denied for the root directory; see the export's security options, and uid and gid"
               : "the server has an error of its own with the root directory; see its log";
}

/* At once, but not again and again. */
static void root_is_another(void)
{
    if (self.root_is_new) {
        refuse("the root directory is another one now", "mounting it again");
        return;
    }
    nfs_rpc_close();
    self.have_root = false;
    self.step = IDLE;
    begin();
}

static void on_info(struct nfs_rpc_call *call, void *result)
{
    const FSINFO3res *info = result;

    if (info->status == NFS3ERR_STALE || info->status == NFS3ERR_BADHANDLE) {
        root_is_another();
        return;
    }
    if (info->status != NFS3_OK) {
        refuse("refused", info_refusal(info->status));
        return;
    }
    uint32_t read = info->FSINFO3res_u.resok.rtmax, write = info->FSINFO3res_u.resok.wtmax;
    self.read_size = read == 0 || read > TRANSFER_MAX ? TRANSFER_MAX : read;
    self.write_size = write == 0 || write > TRANSFER_MAX ? TRANSFER_MAX : write;
    self.useful = self.root_is_new = false;
    self.failing_since_ns = 0;
    timer_stop(&self.pause);
    self.step = UP;
    keep();
    say("mounted", "");
    self.said_gone = false;
    self.up();
}

static void on_lost(struct nfs_rpc_call *call, enum nfs_rpc_loss how)
{
    if (how == LOST_CONNECTION) {
        return; /* on_connection_down() follows */
    }
    if (how == LOST_MEMORY) {
        refuse("out of memory", "trying again");
        return;
    }
    /* libnfs' words for MSG_DENIED (RFC 5531 section 9), of which the reason is AUTH_TOOWEAK mostly. */
    if (strstr(nfs_rpc_why(), "not accepted")) {
        refuse("refused",
               "our credentials are not accepted; a server that wants a reserved port must be told `insecure` where "
               "ports are translated on the way (QEMU's user network)");
    } else {
        say_gone(step_name(), nfs_rpc_why());
        start_over();
    }
}

static void expect(void (*reply)(struct nfs_rpc_call *call, void *result), enum step step)
{
    self.call = (struct nfs_rpc_call){.reply = reply, .lost = on_lost};
    self.step = step;
}

static void ask_info(void)
{
    FSINFO3args args = {.fsroot = {.data = {self.root.size, (char *)self.root.bytes}}};

    expect(on_info, ASKING_INFO);
    nfs_rpc_made(&self.call,
                 rpc_nfs3_fsinfo_async(nfs_rpc_context(), nfs_rpc_callback, &args, nfs_rpc_ticket(&self.call)));
}

static void connect_nfs(void)
{
    connect_to(self.nfs_port, CONNECTING_NFS);
}

static void on_mount(struct nfs_rpc_call *call, void *result)
{
    const mountres3 *mount = result;

    if (mount->fhs_status != MNT3_OK) {
        refuse("refused", mount_refusal(mount->fhs_status));
        return;
    }
    uint32_t size = mount->mountres3_u.mountinfo.fhandle.fhandle3_len;
    if (size > NFS_HANDLE_MAX) {
        refuse("refused", "a file handle that NFSv3 does not know");
        return;
    }
    struct nfs_handle root = {.size = size};
    memcpy(root.bytes, mount->mountres3_u.mountinfo.fhandle.fhandle3_val, size);
    self.number += memcmp(&root, &self.root, sizeof(root)) != 0;
    self.root = root;
    self.have_root = self.root_is_new = true;
    connect_nfs();
}

static void ask_mount(void)
{
    char *directory = (char *)(uintptr_t)self.config->directory;

    expect(on_mount, MOUNTING);
    void *ticket = nfs_rpc_ticket(&self.call);
    nfs_rpc_made(&self.call, rpc_mount3_mnt_async(nfs_rpc_context(), nfs_rpc_callback, directory, ticket));
}

static void connect_mount(void)
{
    connect_to(self.mount_port, CONNECTING_MOUNT);
}

/* 0: there is none, or it is no port. */
static uint16_t port_of(const void *result)
{
    uint32_t port = *(const uint32_t *)result;

    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void on_nfs_port(struct nfs_rpc_call *call, void *result)
{
    self.nfs_port = port_of(result);
    if (self.nfs_port == 0) {
        refuse("refused", "the server runs no NFS version 3 over TCP");
        return;
    }
    connect_mount();
}

static void ask_port(uint32_t program, void (*reply)(struct nfs_rpc_call *call, void *result), enum step step)
{
    expect(reply, step);
    nfs_rpc_made(&self.call, rpc_pmap2_getport_async(nfs_rpc_context(), (int)program, 3, PROTOCOL_TCP, nfs_rpc_callback,
                                                     nfs_rpc_ticket(&self.call)));
}

static void on_mount_port(struct nfs_rpc_call *call, void *result)
{
    self.mount_port = port_of(result);
    if (self.mount_port == 0) {
        refuse("refused", "the server runs no mount service version 3 over TCP");
        return;
    }
    ask_port(NFS_PROGRAM, on_nfs_port, ASKING_NFS_PORT);
}

static void from_address(void)
{
    self.nfs_port = self.config->nfs_port;
    self.mount_port = self.config->mount_port;
    if (self.mount_port && self.nfs_port) {
        connect_mount();
    } else {
        connect_to(PORTMAPPER_PORT, CONNECTING_PORTMAPPER);
    }
}

/* NULL: there is none. DNS may be out of reach as well, and for longer: then the address of before has to do. */
static void have_address(const ip_addr_t *address, const char *or_else)
{
    if (address) {
        ipaddr_ntoa_r(address, self.address, sizeof(self.address));
    }
    if (self.address[0]) {
        from_address();
    } else {
        refuse("out of reach", or_else);
    }
}

static void on_resolved(const char *asked, const ip_addr_t *address, void *context)
{
    if (self.step == RESOLVING) {
        have_address(address, "no DNS server knows the server's name");
    }
}

static void on_slow_resolver(void *context)
{
    from_address();
}

static void resolve(void)
{
    ip_addr_t address;

    self.step = RESOLVING;
    switch (dns_gethostbyname(self.config->server, &address, on_resolved, NULL)) {
    case ERR_OK: have_address(&address, ""); break;
    case ERR_INPROGRESS:
        if (self.address[0]) {
            timer_start(&self.pause, pd_now_ns() + RESOLVE_NS, on_slow_resolver, NULL);
        }
        break;
    default: have_address(NULL, "the server's name cannot be looked up"); break;
    }
}

/* From where we stand. */
static void begin(void)
{
    if (self.step == PAUSING) {
        shorten_pause();
    }
    if (self.step != IDLE || !self.may_send) {
        return;
    }
    if (!ip_has_address()) {
        self.step = NO_ADDRESS;
        timer_start(&self.pause, pd_now_ns() + GRACE_NS, on_no_address, NULL);
    } else if (self.have_root) {
        connect_nfs();
    } else {
        resolve();
    }
}

/* Frames of a former life have left, and ours do from now on: the first would be lost, and its second is sent late. */
static void on_may_send(void *context)
{
    self.may_send = true;
    begin();
}

/* What we have sent from the address before comes back to nobody. */
static void on_ip_address(void *context)
{
    switch (self.step) {
    case PAUSING:
    case NO_ADDRESS:
        timer_stop(&self.pause);
        self.pause_ns = PAUSE_FIRST_NS;
        self.step = IDLE;
        begin();
        break;
    case CONNECTING_PORTMAPPER:
    case ASKING_MOUNT_PORT:
    case ASKING_NFS_PORT:
    case CONNECTING_MOUNT:
    case MOUNTING:
    case CONNECTING_NFS:
    case ASKING_INFO:
    case UP: self.moved = nfs_rpc_break("our address has changed"); break;
    case IDLE: /* no connection */
    case RESOLVING: /* the resolver asks again */ break;
    }
}

static void on_connection_up(void)
{
    switch (self.step) {
    case CONNECTING_PORTMAPPER: ask_port(MOUNT_PROGRAM, on_mount_port, ASKING_MOUNT_PORT); break;
    case CONNECTING_MOUNT: ask_mount(); break;
    case CONNECTING_NFS: ask_info(); break;
    case IDLE:
    case NO_ADDRESS:
    case RESOLVING:
    case ASKING_MOUNT_PORT:
    case ASKING_NFS_PORT:
    case MOUNTING:
    case ASKING_INFO:
    case UP:
    case PAUSING: break;
    }
}

/* A connection that was of use and ends is made again as soon as it is wanted; whatever else fails waits. */
static void on_connection_down(bool silent)
{
    bool was_up = self.step == UP, moved = self.moved;

    self.moved = false;
    if (moved) {
        self.step = IDLE;
        self.down(false);
        begin();
    } else if (was_up && self.useful) {
        if (silent) {
            say_gone(step_name(), nfs_rpc_why());
        }
        self.step = IDLE;
        self.down(silent);
        if (silent) {
            begin(); /* new commands are refused: nobody else begins */
        }
    } else {
        if (!was_up) {
            self.have_root = false;
            say_gone(step_name(), nfs_rpc_why());
        }
        pause_then_again(PAUSE_FIRST_NS, PAUSE_MAX_NS);
    }
}

void mount_useful(void)
{
    self.useful = true;
    self.pause_ns = PAUSE_FIRST_NS;
}

void mount_want(void)
{
    begin();
}

void mount_anew(void)
{
    if (self.step == UP) {
        nfs_rpc_close();
        self.have_root = false;
        self.step = IDLE;
        say("the root directory is another one now", "mounting it again");
        self.down(false);
    }
}

void mount_init(const struct nfs_config *config, void (*up)(void), void (*down)(bool for_longer))
{
    self.config = config;
    self.up = up;
    self.down = down;
    self.pause_ns = PAUSE_FIRST_NS;
    require(!config->nfs_port == !config->mount_port, "nfs_config: nfs_port and mount_port go together",
            config->nfs_port);
    take_up();
    nfs_rpc_init(on_connection_up, on_connection_down);
    ip_on_address(on_ip_address, NULL);
    ip_when_sent(on_may_send, NULL);
}

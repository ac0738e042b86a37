/* tests/unit/fs_nfs_mount.c: the way to the server over a connection and an interface that the test plays: when it is
 * made again, when the server counts as gone, and what a change of our own address does.
 */
#include <string.h>

#include "fs/nfs/rpc.h"
#include "fs/nfs/mount.h"
#include "lwip/dns.h"
#include "net/ip/ip.h"
#include "libnfs-raw-mount.h"
#include "libnfs-raw-nfs.h"
#include "tests/unit/fake_microkit.h"
#include "tests/unit/in_turn.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)
#define TIMER 5

static struct timer_page timer_page;
const struct timer_client_config timer_client_config = {.page = &timer_page, .channel = TIMER};
static struct nfs_config config = {.server = "10.0.0.1", .directory = "/srv", .nfs_port = 2049, .mount_port = 2050};

/* The interface. */
static bool has_address = true;
static void (*on_address)(void *context);

bool ip_has_address(void)
{
    return has_address;
}

void ip_on_address(void (*handler)(void *context), void *context)
{
    on_address = handler;
}

static void (*may_send)(void *context);

bool ip_when_sent(void (*handler)(void *context), void *context)
{
    may_send = handler;
    return true;
}

static err_t dns = ERR_OK;
static dns_found_callback resolved;

err_t dns_gethostbyname(const char *host, ip_addr_t *address, dns_found_callback found, void *context)
{
    resolved = found;
    return dns;
}

char *ipaddr_ntoa_r(const ip_addr_t *address, char *text, int size)
{
    return strcpy(text, "10.0.0.1");
}

/* The connection. */
static void (*up)(void);
static void (*down)(bool silent);
static uint16_t opened; /* the port of the last one asked for; 0: none since the last look */
static bool there;
static uint32_t broken;
static struct nfs_rpc_call *asked;

void nfs_rpc_init(void (*on_up)(void), void (*on_down)(bool silent))
{
    up = on_up;
    down = on_down;
}

void nfs_rpc_open(const char *address, uint16_t port)
{
    opened = port;
    there = true;
}

void nfs_rpc_close(void)
{
    there = false;
}

bool nfs_rpc_break(const char *why)
{
    broken += there;
    return there;
}

static const char *why = "why";

const char *nfs_rpc_why(void)
{
    return why;
}

struct rpc_context *nfs_rpc_context(void)
{
    static int context;

    return there ? (struct rpc_context *)(void *)&context : NULL;
}

void *nfs_rpc_ticket(struct nfs_rpc_call *call)
{
    return call;
}

void nfs_rpc_callback(struct rpc_context *rpc, int status, void *data, void *ticket) {}

void nfs_rpc_made(struct nfs_rpc_call *call, int result)
{
    CHECK(!asked);
    asked = call;
}

int rpc_nfs3_fsinfo_async(struct rpc_context *rpc, rpc_cb cb, struct FSINFO3args *args, void *data)
{
    return 0;
}

int rpc_mount3_mnt_async(struct rpc_context *rpc, rpc_cb cb, char *path, void *data)
{
    return 0;
}

static int asked_program;

int rpc_pmap2_getport_async(struct rpc_context *rpc, int program, int version, int protocol, rpc_cb cb, void *data)
{
    CHECK(version == 3 && protocol == 6);
    asked_program = program;
    return 0;
}

static void reply(void *result)
{
    struct nfs_rpc_call *call = asked;

    CHECK(call);
    asked = NULL;
    call->reply(call, result);
}

static bool opens(uint16_t port)
{
    bool does = opened == port;

    opened = 0;
    return does;
}

static void break_down(bool silent)
{
    there = false;
    if (asked) {
        struct nfs_rpc_call *call = asked;
        asked = NULL;
        call->lost(call, LOST_CONNECTION);
    }
    down(silent);
}

/* Who mounts. */
static uint32_t ups, downs, gone;

static void on_up(void)
{
    ups++;
}

static void on_down(bool for_longer)
{
    downs++;
    gone += for_longer;
}

static void at(uint64_t ns)
{
    fake_set_now_ns(ns);
    fake_wake(FAKE_BIT(TIMER));
}

static void reply_info(void)
{
    FSINFO3res info = {.status = NFS3_OK};

    info.FSINFO3res_u.resok.rtmax = info.FSINFO3res_u.resok.wtmax = 65536;
    reply(&info);
    CHECK(mount_is_up());
}

/* The mount service is connected. */
static void mount_up_to_info_from_mount(void)
{
    char handle[8] = "handle";
    mountres3 mounted = {.fhs_status = MNT3_OK};

    mounted.mountres3_u.mountinfo.fhandle.fhandle3_len = sizeof(handle);
    mounted.mountres3_u.mountinfo.fhandle.fhandle3_val = handle;
    reply(&mounted);
    CHECK(opens(2049));
    up();
}

static void mount_up_to_info(void)
{
    opened = 0;
    up();
    mount_up_to_info_from_mount();
}

static void mount_all_from_here(void)
{
    mount_up_to_info();
    reply_info();
    mount_useful();
}

static void mount_all(void)
{
    CHECK(opens(2050));
    mount_up_to_info();
    reply_info();
    mount_useful();
    ups = downs = gone = 0;
}

static void test_a_short_restart(void)
{
    break_down(false);
    CHECK(downs == 1 && gone == 0 && opens(0)); /* nobody wants it yet */
    mount_want();
    CHECK(opens(2049));
    up();
    reply_info();
    mount_useful();
    CHECK(ups == 1 && gone == 0);
}

/* What the console has said since the last look. */
static const char *said(void)
{
    static size_t looked;
    const char *all = fake_console(), *news = all + looked;

    looked = strlen(all);
    return news;
}

static uint32_t lines(const char *text)
{
    uint32_t count = 0;

    for (; *text; text++) {
        count += *text == '\n';
    }
    return count;
}

/* Gone when it has failed for some seconds; tried for ever, at least every eight seconds, also when nobody asks. The
 * console has a line each way. */
static void test_gone(void)
{
    static const uint64_t pauses_ns[] = {1 * S, 2 * S, 4 * S, 8 * S, 8 * S, 8 * S};
    uint64_t now = 100 * S;

    said();
    at(now);
    break_down(false);
    mount_want();
    CHECK(opens(2049) && gone == 0);
    break_down(false);
    CHECK(gone == 0); /* a restart takes longer than that */
    at(now += 500 * MS);
    CHECK(opens(2050));
    break_down(false);
    for (uint32_t i = 0; i < sizeof(pauses_ns) / sizeof(pauses_ns[0]); i++) {
        CHECK(gone == (i < 3 ? 0 : i - 2));
        at(now + pauses_ns[i] - MS);
        CHECK(opens(0));
        now += pauses_ns[i];
        at(now);
        CHECK(opens(2050));
        break_down(false);
    }
    const char *news = said();
    CHECK(lines(news) == 1 && strstr(news, "the NFS service does not answer as it should: why"));
    at(now + 8 * S);
    mount_all();
    news = said();
    CHECK(lines(news) == 1 && strstr(news, ": mounted\n"));
}

/* Somebody waits: it is tried every half second, and at once if it was tried before that; for as long as that takes. */
static void test_gone_and_wanted(void)
{
    uint64_t now = 300 * S;

    at(now);
    break_down(false);
    mount_want();
    CHECK(opens(2049));
    break_down(false);
    for (uint32_t i = 0; i < 1200; i++) { /* ten minutes */
        mount_want();
        at(now + 499 * MS);
        CHECK(opens(0));
        at(now += 500 * MS);
        CHECK(opens(2050));
        break_down(false);
    }
    at(now + 7 * S); /* nobody does any more */
    CHECK(opens(0));
    mount_want();
    mount_all();
    CHECK_EQUAL(lines(said()), 2);
}

static void test_silence(void)
{
    break_down(true);
    CHECK(gone == 1 && opens(2049)); /* at once: new commands are refused, so nobody asks */
    CHECK(strstr(said(), "it does not answer: why"));
    up();
    reply_info();
    CHECK(strstr(said(), ": mounted\n"));
    mount_useful();
    ups = downs = gone = 0;
}

/* Another address: the connection of the old one is given up and made again at once, without the way from the start. */
static void test_another_address(void)
{
    broken = 0;
    on_address(NULL);
    CHECK(broken == 1 && opens(0));
    break_down(false); /* the connection's own doing, at the end of the event */
    CHECK(opens(2049) && gone == 0);
    on_address(NULL); /* and once more while it is made */
    CHECK(broken == 2);
    break_down(false);
    CHECK(opens(2049) && gone == 0);
    up();
    reply_info();
    mount_useful();
}

/* However long the export's name, the console has room for what is wrong with it. */
static void test_refusal_of_a_long_name(void)
{
    mountres3 refused = {.fhs_status = MNT3ERR_ACCES};

    memset(config.directory, 'd', sizeof(config.directory) - 1);
    CHECK(opens(2050));
    up();
    reply(&refused);
    CHECK(strstr(fake_console(), "(QEMU's user network)?\n"));
    memset(config.directory, 0, sizeof(config.directory));
    strcpy(config.directory, "/srv");
    at(10 * S);
}

/* A pause ends with it; without any the server is out of reach. */
static void test_no_address(void)
{
    at(1000 * S);
    break_down(false);
    has_address = false;
    mount_want();
    CHECK(gone == 0 && opens(0));
    at(1004 * S);
    CHECK(gone == 0);
    at(1005 * S);
    CHECK(gone == 1);
    at(1100 * S);
    CHECK(gone == 1 && opens(0));
    has_address = true;
    on_address(NULL);
    CHECK(opens(2049));
    break_down(false);
    CHECK(opens(0));
    on_address(NULL);
    mount_all();
}

/* The next try, from the start, comes after this time and not before; nobody has to ask for it. */
static bool tries_after(uint64_t pause_ns, uint16_t port)
{
    uint64_t now = pd_now_ns();

    at(now + pause_ns - MS);
    CHECK(opens(0));
    at(now + pause_ns);
    return opens(port);
}

/* Connecting from the start, after all was well: the next pause is the shortest. The console's last line is another one
 * than what a case is about. */
static void start_anew(void)
{
    uint16_t nfs_port = config.nfs_port, mount_port = config.mount_port;

    config.nfs_port = 2049;
    config.mount_port = 2050;
    if (!mount_is_up()) {
        if (there) {
            break_down(false);
        }
        opened = 0;
        on_address(NULL); /* ends the pause */
        if (opened == 2049) {
            up();
        } else {
            mount_up_to_info();
        }
        reply_info();
    }
    mount_useful();
    config.nfs_port = nfs_port;
    config.mount_port = mount_port;
    mount_anew();
    mount_want();
    said();
}

/* Each refusal of the mount service has its words, is said once, and is tried again after longer and longer. */
static void test_refusals_of_the_mount(void)
{
    static const struct {
        mountstat3 status;
        const char *words;
    } refusals[] = {
        {MNT3ERR_PERM, "permission denied; is that directory exported"},
        {MNT3ERR_ACCES, "permission denied; is that directory exported"},
        {MNT3ERR_NOENT, "there is no such export; see `showmount -e` on the server"},
        {MNT3ERR_NOTDIR, "that is not a directory"},
        {MNT3ERR_IO, "the server has an error of its own; see its log"},
        {MNT3ERR_SERVERFAULT, "the server has an error of its own; see its log"},
        {MNT3ERR_INVAL, "the server does not take that name"},
        {MNT3ERR_NAMETOOLONG, "the server does not take that name"},
        {MNT3ERR_NOTSUPP, "the server does not support it"},
        {(mountstat3)77, "an answer that NFSv3 does not know"},
    };
    static const uint64_t pauses[] = {750 * MS, 1500 * MS, 3 * S, 6 * S, 12 * S, 24 * S, 30 * S, 30 * S};

    for (uint32_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        mountres3 refused = {.fhs_status = refusals[i].status};
        start_anew();
        CHECK(opens(2050));
        gone = 0;
        for (uint32_t n = 0; n < sizeof(pauses) / sizeof(pauses[0]); n++) {
            up();
            reply(&refused);
            const char *news = said();
            CHECK_CASE(n > 0 ? news[0] == '\0' : strstr(news, refusals[i].words) != NULL, refusals[i].words);
            CHECK(n > 0 || strstr(news, "NFS 10.0.0.1:/srv: refused: "));
            CHECK(!there && (gone > 0) == (n >= 3)); /* out of reach when it has failed for some seconds */
            CHECK_CASE(tries_after(pauses[n], 2050), refusals[i].words);
        }
    }
}

static void test_a_handle_of_65_bytes(void)
{
    char handle[65] = "handle";
    mountres3 mounted = {.fhs_status = MNT3_OK};

    start_anew();
    mounted.mountres3_u.mountinfo.fhandle.fhandle3_len = sizeof(handle);
    mounted.mountres3_u.mountinfo.fhandle.fhandle3_val = handle;
    CHECK(opens(2050));
    up();
    reply(&mounted);
    CHECK(strstr(said(), "refused: a file handle that NFSv3 does not know") && opens(0));
    CHECK(tries_after(750 * MS, 2050));
    mounted.mountres3_u.mountinfo.fhandle.fhandle3_len = 64;
    up();
    reply(&mounted);
    CHECK(opens(2049));
    up();
    reply_info();
    CHECK_EQUAL(mount_root()->size, 64);
    mount_useful();
}

/* The portmapper: asked where no ports are given. */
static void test_the_portmapper(void)
{
    static const struct {
        uint32_t mount_port, nfs_port;
        const char *words;
    } replies[] = {
        {0, 0, "refused: the server runs no mount service version 3 over TCP"},
        {70000, 0, "refused: the server runs no mount service version 3 over TCP"},
        {2050, 0, "refused: the server runs no NFS version 3 over TCP"},
        {2050, 65536, "refused: the server runs no NFS version 3 over TCP"},
        {3050, 3049, NULL},
    };

    config.nfs_port = config.mount_port = 0;
    for (uint32_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        uint32_t mount_port = replies[i].mount_port, nfs_port = replies[i].nfs_port;
        start_anew();
        CHECK(opens(111));
        up();
        CHECK_EQUAL(asked_program, MOUNT_PROGRAM);
        reply(&mount_port);
        if (asked) {
            CHECK_EQUAL(asked_program, NFS_PROGRAM);
            reply(&nfs_port);
        }
        if (replies[i].words) {
            CHECK_CASE(strstr(said(), replies[i].words), replies[i].words);
            CHECK(tries_after(750 * MS, 111));
        } else {
            CHECK(opens(3050));
            up();
            reply(&(mountres3){.fhs_status = MNT3ERR_NOENT});
            CHECK(tries_after(750 * MS, 111)); /* its ports may be others by then */
        }
    }
    break_down(false);
    CHECK(strstr(said(), "the portmapper (port 111) does not answer as it should; give NFS_PORT and MOUNT_PORT"));
    CHECK(tries_after(1500 * MS, 111));
    up();
    why = "nonsense";
    asked->lost(asked, LOST_REFUSED);
    asked = NULL;
    why = "why";
    CHECK(said()[0] == '\0'); /* it is gone all the same */
    config.nfs_port = 2049;
    config.mount_port = 2050;
}

/* A call that was refused: the reason is the connection's, but for credentials, which have an advice. */
static void test_lost_calls(void)
{
    start_anew();
    CHECK(opens(2050));
    up();
    why = "nonsense";
    asked->lost(asked, LOST_REFUSED);
    asked = NULL;
    CHECK(strstr(said(), "the mount service does not answer as it should: nonsense"));
    CHECK(tries_after(750 * MS, 2050));
    up();
    why = "RPC error: message was not accepted by the server";
    asked->lost(asked, LOST_REFUSED);
    asked = NULL;
    why = "why";
    const char *news = said();
    CHECK(strstr(news, "refused: our credentials are not accepted") && strstr(news, "`insecure`"));
    CHECK(tries_after(1500 * MS, 2050));
    up();
    asked->lost(asked, LOST_MEMORY);
    asked = NULL;
    CHECK(strstr(said(), "out of memory: trying again"));
    CHECK(tries_after(3 * S, 2050));
    mount_all_from_here();
}

/* What the server says of its root directory. */
static void test_the_root_directory(void)
{
    static const struct {
        nfsstat3 status;
        const char *words;
    } replies[] = {
        {NFS3ERR_ACCES, "refused: permission denied for the root directory; see the export's security options"},
        {NFS3ERR_STALE, "the root directory is another one now: mounting it again"},
        {NFS3ERR_PERM, "refused: permission denied for the root directory"},
        {NFS3ERR_BADHANDLE, "the root directory is another one now: mounting it again"},
        {NFS3ERR_IO, "refused: the server has an error of its own with the root directory; see its log"},
        {NFS3ERR_JUKEBOX, NULL}, /* the same words */
    };

    for (uint32_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        FSINFO3res info = {.status = replies[i].status};
        if (i == 0) {
            start_anew();
        }
        mount_up_to_info();
        reply(&info);
        const char *news = said();
        CHECK_CASE(replies[i].words ? strstr(news, replies[i].words) != NULL : news[0] == '\0', news);
        CHECK(tries_after(750 * MS << i, 2050)); /* from the start: the handle is in doubt */
    }
    mount_up_to_info();
    break_down(false); /* nor is one of use that was not asked for anything yet */
    CHECK(strstr(said(), "the NFS service does not answer as it should: why"));
    CHECK(tries_after(8 * S, 2050));
    mount_up_to_info();
    reply_info();
    CHECK(strstr(said(), "NFS 10.0.0.1:/srv: mounted\n"));
    CHECK(mount_read_size() == 65536 && mount_write_size() == 65536);
    break_down(false); /* up, but not of use: not made again at once */
    mount_want();
    CHECK(tries_after(500 * MS, 2049));
    up();
    FSINFO3res info = {.status = NFS3_OK};
    info.FSINFO3res_u.resok.rtmax = 1u << 20;
    reply(&info);
    CHECK(mount_read_size() == 256 * 1024 && mount_write_size() == 256 * 1024);
    mount_useful();
}

/* After a restart the server knows other handles: that is no failure. */
static void test_the_root_of_before(void)
{
    FSINFO3res info = {.status = NFS3ERR_STALE};

    said();
    break_down(false);
    mount_want();
    CHECK(opens(2049));
    up();
    reply(&info);
    CHECK(opens(2050) && said()[0] == '\0');
    mount_all_from_here();
}

/* The root is stale: mounted again at once; who says so when it is done already changes nothing. */
static void test_mount_anew(void)
{
    downs = 0;
    mount_anew();
    CHECK(!there && !mount_is_up() && downs == 1 && strstr(said(), "another one now: mounting it again"));
    mount_anew();
    CHECK_EQUAL(downs, 1);
    mount_want();
    mount_all_from_here();
}

/* DNS may be away as well. Then the address of before has to do. */
static void test_names(void)
{
    ip_addr_t address = {0};

    dns = ERR_INPROGRESS;
    start_anew();
    CHECK(opens(0));
    mount_want(); /* it is under way */
    on_address(NULL);
    CHECK(opens(0));
    at(pd_now_ns() + 500 * MS);
    CHECK(opens(2050));
    resolved("name", &address, NULL); /* too late */
    CHECK(opens(0));
    break_down(false);
    mount_want();
    at(pd_now_ns() + 500 * MS);
    CHECK(opens(0));
    resolved("name", NULL, NULL);
    CHECK(opens(2050));
    break_down(false);
    mount_want();
    dns = ERR_VAL;
    at(pd_now_ns() + 500 * MS);
    dns = ERR_OK;
    mount_all();
}

/* At the first time there is none. */
static void names_at_first(uint64_t n)
{
    ip_addr_t address = {0};

    dns = ERR_INPROGRESS;
    mount_want();
    may_send(NULL);
    at(pd_now_ns() + 100 * S);
    CHECK(opens(0));
    resolved("name", NULL, NULL);
    CHECK(strstr(said(), "out of reach: no DNS server knows the server's name"));
    at(pd_now_ns() + 750 * MS);
    resolved("name", &address, NULL);
    CHECK(opens(2050));
    resolved("name", &address, NULL); /* twice */
    CHECK(opens(0));
}

static void no_names_at_first(uint64_t n)
{
    dns = ERR_VAL;
    may_send(NULL);
    CHECK(strstr(said(), "out of reach: the server's name cannot be looked up"));
    dns = ERR_OK;
    at(pd_now_ns() + 750 * MS);
    CHECK(opens(2050));
}

/* A server on whose connection something comes again and again, but never what was asked for. */
static void test_a_step_without_end(void)
{
    start_anew();
    CHECK(opens(2050));
    broken = 0;
    at(pd_now_ns() + 20 * S - MS);
    CHECK_EQUAL(broken, 0);
    at(pd_now_ns() + MS);
    CHECK_EQUAL(broken, 1);
    break_down(false);
    CHECK(tries_after(500 * MS, 2050));
    up();
    at(pd_now_ns() + 20 * S);
    CHECK_EQUAL(broken, 2);
    break_down(false);
    CHECK(tries_after(1 * S, 2050));
    up();
    mount_up_to_info_from_mount();
    at(pd_now_ns() + 20 * S);
    CHECK_EQUAL(broken, 3);
    break_down(false);
    CHECK(tries_after(2 * S, 2050));
    mount_all_from_here();
    at(pd_now_ns() + 100 * S);
    CHECK(broken == 3 && mount_is_up());
}

/* Another address at each step: what is under way is given up and begun again at once, from the start or from the NFS
 * connection; where nothing is under way, nothing happens. */
static void test_another_address_at_each_step(void)
{
    static const uint16_t ports[] = {111, 111, 111, 2050, 2050, 2049, 2049};
    uint32_t port = 2050;

    for (uint32_t step = 0; step < sizeof(ports) / sizeof(ports[0]); step++) {
        start_anew();
        break_down(false);
        config.nfs_port = config.mount_port = 0;
        on_address(NULL);
        broken = gone = 0;
        for (uint32_t done = 0; done < step; done++) {
            if (asked && (done == 2 || done == 4)) {
                port = done == 2 ? 2050 : 0;
            }
            if (done == 0 || done == 3 || done == 5) {
                up();
            } else if (done == 1) {
                reply(&port);
            } else if (done == 2) {
                uint32_t nfs_port = 2049;
                reply(&nfs_port);
            } else {
                mountres3 mounted = {.fhs_status = MNT3_OK};
                mounted.mountres3_u.mountinfo.fhandle.fhandle3_val = "h";
                mounted.mountres3_u.mountinfo.fhandle.fhandle3_len = 1;
                reply(&mounted);
            }
            port = 2050;
        }
        CHECK(opens(ports[step]));
        on_address(NULL);
        CHECK(broken == 1 && opens(0));
        break_down(false);
        CHECK(opens(step < 5 ? 111 : 2049) && gone == 0);
        up(); /* and once more, for nothing: what is asked is asked once */
        config.nfs_port = 2049;
        config.mount_port = 2050;
    }
    start_anew();
    mount_all_from_here();
    break_down(false);
    broken = 0;
    on_address(NULL); /* nobody wants the connection */
    CHECK(broken == 0 && opens(0));
    mount_want();
    CHECK(opens(2049));
    up();
    reply_info();
    mount_useful();
    up(); /* of nothing that we asked for */
    CHECK(mount_is_up() && !asked);
}

static void bad_ports(void)
{
    static const struct nfs_config bad = {.server = "10.0.0.1", .directory = "/srv", .nfs_port = 2049};

    mount_init(&bad, on_up, on_down);
}

int main(void)
{
    timer_client_init(&timer_client_config);
    mount_init(&config, on_up, on_down);
    CHECK_EQUAL(in_own_process(names_at_first, 0), 0);
    CHECK_EQUAL(in_own_process(no_names_at_first, 0), 0);
    mount_want();
    CHECK(opens(0)); /* what a former life has sent is on its way */
    may_send(NULL);
    test_refusal_of_a_long_name();
    mount_all();
    test_a_short_restart();
    test_gone();
    test_gone_and_wanted();
    test_silence();
    test_another_address();
    test_no_address();
    test_refusals_of_the_mount();
    test_a_handle_of_65_bytes();
    test_the_portmapper();
    test_lost_calls();
    test_the_root_directory();
    test_the_root_of_before();
    test_mount_anew();
    test_names();
    test_a_step_without_end();
    test_another_address_at_each_step();
    CHECK(fake_dies(bad_ports) && strstr(fake_why(), "nfs_port and mount_port go together"));
    return 0;
}

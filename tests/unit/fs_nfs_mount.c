/* tests/unit/fs_nfs_mount.c: the way to the server over a connection and an interface that the test plays: when it is
 * made again, when the server counts as gone, and what a change of our own address does.
 */
#include <string.h>

#include "fs/nfs/connection.h"
#include "fs/nfs/mount.h"
#include "lwip/dns.h"
#include "net/ip/ip.h"
#include "libnfs-raw-mount.h"
#include "libnfs-raw-nfs.h"
#include "tests/unit/fake_microkit.h"
#include "timer/client.h"

#define MS 1000000ull
#define S (1000 * MS)
#define TIMER 5

const struct timer_client_config timer_client_config = {.channel = TIMER};
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

err_t dns_gethostbyname(const char *host, ip_addr_t *address, dns_found_callback found, void *context)
{
    return ERR_OK;
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
static struct connection_call *asked;

void connection_init(void (*on_up)(void), void (*on_down)(bool silent))
{
    up = on_up;
    down = on_down;
}

void connection_open(const char *address, uint16_t port)
{
    opened = port;
    there = true;
}

void connection_close(void)
{
    there = false;
}

bool connection_break(const char *why)
{
    broken += there;
    return there;
}

const char *connection_why(void)
{
    return "why";
}

struct rpc_context *connection_rpc(void)
{
    static int context;

    return there ? (struct rpc_context *)(void *)&context : NULL;
}

void *connection_ticket(struct connection_call *call)
{
    return call;
}

void connection_callback(struct rpc_context *rpc, int status, void *data, void *ticket) {}

void connection_made(struct connection_call *call, int result)
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

int rpc_pmap2_getport_async(struct rpc_context *rpc, int program, int version, int protocol, rpc_cb cb, void *data)
{
    return 0;
}

static void answer(void *result)
{
    struct connection_call *call = asked;

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
        struct connection_call *call = asked;
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

static void answer_info(void)
{
    FSINFO3res info = {.status = NFS3_OK};

    info.FSINFO3res_u.resok.rtmax = info.FSINFO3res_u.resok.wtmax = 65536;
    answer(&info);
    CHECK(mount_is_up());
}

static void mount_all(void)
{
    char handle[8] = "handle";
    mountres3 mounted = {.fhs_status = MNT3_OK};

    mounted.mountres3_u.mountinfo.fhandle.fhandle3_len = sizeof(handle);
    mounted.mountres3_u.mountinfo.fhandle.fhandle3_val = handle;
    CHECK(opens(2050));
    up();
    answer(&mounted);
    CHECK(opens(2049));
    up();
    answer_info();
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
    answer_info();
    mount_useful();
    CHECK(ups == 1 && gone == 0);
}

/* Gone when it has failed for some seconds; tried for ever, at least every four seconds, also when nobody asks. */
static void test_gone(void)
{
    uint64_t now = 100 * S;

    at(now);
    break_down(false);
    mount_want();
    CHECK(opens(2049) && gone == 0);
    break_down(false);
    CHECK(gone == 0); /* a restart takes longer than that */
    at(now += 500 * MS);
    CHECK(opens(2050));
    break_down(false);
    CHECK(gone == 0);
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(opens(0));
        now += 4 * S + MS;
        at(now);
        CHECK(opens(2050));
        break_down(false);
        CHECK(gone == i + 1);
    }
    at(now + 5 * S);
    mount_all();
}

static void test_silence(void)
{
    break_down(true);
    CHECK(gone == 1 && opens(2049)); /* at once: new commands are refused, so nobody asks */
    up();
    answer_info();
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
    answer_info();
    mount_useful();
}

/* However long the export's name, the console has room for what is wrong with it. */
static void test_refusal_of_a_long_name(void)
{
    mountres3 refused = {.fhs_status = MNT3ERR_ACCES};

    memset(config.directory, 'd', sizeof(config.directory) - 1);
    CHECK(opens(2050));
    up();
    answer(&refused);
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

int main(void)
{
    timer_client_init(&timer_client_config);
    mount_init(&config, on_up, on_down);
    mount_want();
    test_refusal_of_a_long_name();
    mount_all();
    test_a_short_restart();
    test_gone();
    test_silence();
    test_another_address();
    test_no_address();
    return 0;
}

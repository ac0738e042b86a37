/* tests/unit/fs_mount.c: the mount's state against a server that the test plays: when it is asked for, and who is
 * told. */
#include "fs/client.h"
#include "fs/mount.h"
#include "tests/unit/fake_microkit.h"
#include "timer/client.h"

#define MS 1000000ull

static struct fs_request *asked; /* under way */
static bool ring_is_full;
static uint32_t restarts, outcomes, asks;
static struct timer *armed;
static void (*on_event)(void *context);

bool fs_client_issue(struct fs_request *request, const struct fs_command *command)
{
    CHECK_EQUAL(command->type, FS_INITIALISE);
    if (ring_is_full) {
        return false;
    }
    CHECK(!asked);
    asks++;
    asked = request;
    return true;
}

uint32_t fs_client_restarts(void)
{
    return restarts;
}

void fs_client_on_event(void (*handler)(void *context), void *context)
{
    on_event = handler;
}

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    timer->deadline_ns = deadline_ns;
    timer->handler = handler;
    timer->context = context;
    armed = timer;
}

void timer_stop(struct timer *timer)
{
    armed = NULL;
}

static void reply(enum fs_status status)
{
    struct fs_request *request = asked;

    CHECK(request);
    asked = NULL;
    request->result = (struct fs_completion){.status = status};
    request->handler(request);
}

/* Until the timer is due; how long that was. */
static uint64_t pass(void)
{
    struct timer *timer = armed;
    CHECK(timer);
    uint64_t passes = timer->deadline_ns - pd_now_ns();

    armed = NULL;
    fake_set_now_ns(timer->deadline_ns);
    timer->handler(timer->context);
    return passes;
}

static void told(void *context)
{
    outcomes++;
}

static void test_patience(void)
{
    fs_mount_init();
    fs_mount_on_outcome(told, NULL);
    CHECK(asked && fs_mount_is_asked());
    CHECK_EQUAL(pass(), FS_MOUNT_PATIENCE_NS);
    CHECK(!fs_mount_is_asked());
    CHECK_EQUAL(outcomes, 1);
    CHECK_EQUAL(asks, 1); /* it is still under way */
    reply(FS_STATUS_OK);
    CHECK_EQUAL(outcomes, 2);
    CHECK(!armed);
}

/* Also when nobody's command was under way. */
static void test_silent_restart(void)
{
    restarts++;
    on_event(NULL);
    CHECK(asked && fs_mount_is_asked());
    on_event(NULL);
    fs_mount_note(FS_STATUS_SERVER_WAS_RESET);
    restarts++; /* while it is asked for */
    reply(FS_STATUS_SERVER_WAS_RESET);
    CHECK(asked && fs_mount_is_asked());
    CHECK_EQUAL(outcomes, 2);
    reply(FS_STATUS_OK);
    CHECK(!fs_mount_is_asked());
    CHECK_EQUAL(outcomes, 3);
    restarts++;
    fs_mount_note(FS_STATUS_OK);
    CHECK(!asked);
    fs_mount_note(FS_STATUS_SERVER_WAS_RESET); /* from who was answered so */
    CHECK(asked && fs_mount_is_asked());
}

/* Commands are answered by the failure while it is asked for again, less and less often. */
static void test_failures(void)
{
    uint64_t expected = 500 * MS;

    for (int i = 0; i < 12; i++) {
        reply(FS_STATUS_ACCESS);
        CHECK(!fs_mount_is_asked());
        CHECK_EQUAL(pass(), expected);
        CHECK(!fs_mount_is_asked() && asked);
        expected = expected < 15000 * MS ? expected * 2 : 30000 * MS;
    }
    reply(FS_STATUS_OK);
    CHECK(!armed);
    restarts++;
    ring_is_full = true;
    on_event(NULL);
    CHECK(!asked && fs_mount_is_asked());
    ring_is_full = false;
    CHECK_EQUAL(pass(), 500 * MS);
    CHECK(asked && fs_mount_is_asked());
}

int main(void)
{
    fake_reset();
    test_patience();
    test_silent_restart();
    test_failures();
    return 0;
}

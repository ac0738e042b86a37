/* fs/mount.c: the mount of a program's file service.
 *   consumes  the reply to FS_INITIALISE   from the file server
 *   produces  FS_INITIALISE: at the start, after a failure and after a restart of the server
 *   invariant one is under way, or its pause runs, or the mount stands
 *   when full no room for a command: asked again after the pause
 */
#include "lib/pd.h"

#include "fs/client.h"
#include "fs/mount.h"
#include "timer/client.h"

#define PAUSE_FIRST_NS 500000000ull
#define PAUSE_LAST_NS 30000000000ull
#define HANDLERS_MAX 4

enum state { ASKED, DONE, FAILED };

static struct {
    enum state state;
    struct fs_request request;
    struct timer timer;
    uint64_t pause_ns;
    uint32_t restarts; /* of the server, when it was last asked */
    struct {
        void (*handler)(void *context);
        void *context;
    } handlers[HANDLERS_MAX];
    uint32_t handler_count;
} self;

static void ask(void *context);

static void tell(enum state state)
{
    self.state = state;
    for (uint32_t i = 0; i < self.handler_count; i++) {
        self.handlers[i].handler(self.handlers[i].context);
    }
}

static void is_late(void *context)
{
    tell(FAILED);
}

static void ask_after_pause(void)
{
    timer_start(&self.timer, pd_now_ns() + self.pause_ns, ask, NULL);
    self.pause_ns = self.pause_ns < PAUSE_LAST_NS / 2 ? self.pause_ns * 2 : PAUSE_LAST_NS;
}

static void on_reply(struct fs_request *request)
{
    timer_stop(&self.timer);
    if (request->result.status == FS_STATUS_OK) {
        self.pause_ns = PAUSE_FIRST_NS;
        tell(DONE);
    } else if (request->result.status == FS_STATUS_SERVER_WAS_RESET) {
        ask(NULL);
    } else {
        ask_after_pause();
        tell(FAILED);
    }
}

/* After a failure commands are answered by it meanwhile; else they wait, but not for ever. */
static void ask(void *context)
{
    struct fs_command command = {.type = FS_INITIALISE};

    self.restarts = fs_client_restarts();
    self.request = (struct fs_request){.handler = on_reply};
    if (self.state != FAILED) {
        self.state = ASKED;
        timer_start(&self.timer, pd_now_ns() + FS_MOUNT_PATIENCE_NS, is_late, NULL);
    }
    if (!fs_client_issue(&self.request, &command)) {
        ask_after_pause();
    }
}

/* Also where no command was under way that could have told of the restart. */
static void after_batch(void *context)
{
    if (self.state == DONE && fs_client_restarts() != self.restarts) {
        ask(NULL);
    }
}

void fs_mount_note(uint32_t status)
{
    if (status == FS_STATUS_SERVER_WAS_RESET) {
        after_batch(NULL);
    }
}

bool fs_mount_is_asked(void)
{
    return self.state == ASKED;
}

bool fs_mount_stands(void)
{
    return self.state == DONE;
}

void fs_mount_on_outcome(void (*handler)(void *context), void *context)
{
    require(self.handler_count < HANDLERS_MAX, "fs/mount: too many handlers", self.handler_count);
    self.handlers[self.handler_count].handler = handler;
    self.handlers[self.handler_count++].context = context;
}

void fs_mount_init(void)
{
    self.pause_ns = PAUSE_FIRST_NS;
    fs_client_on_event(after_batch, NULL);
    ask(NULL);
}

/* file.c: lines go to a file's end in batches: as much as one write takes, or what has come within a second.
 *   consumes  lines of access.c, in a buffer; completions of the file service, trusted for liveness only
 *   produces  one command at a time, from a block of the share that is its own; a line on the console when it cannot write,
 *             and when lines were lost
 *   invariant where the next byte goes is known here alone: what may have been written is written again at the same place,
 *             so that no line is there twice. So a file has one writer
 *   rotation  the name has the time in it: another name is another file. Others may move the file, remove it, empty it, put
 *             another in its place: it is opened anew for each batch, once a second at most; before another write in that
 *             second its end is asked for. What is emptied between that and the write gets a hole: NFSv3 has no append
 *   when full the buffer holds what comes while the files are away; then lines are lost, and counted
 *   restart   what waited is lost
 */
#include "http/access/file.h"

#include <string.h>

#include "fs/client.h"
#include "fs/mount.h"
#include "http/access/buffer.h"
#include "http/access/line.h"
#include "http/response/head.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "lib/rare.h"
#include "timer/client.h"

#define S 1000000000ull

static struct {
    const char *pattern;
    struct access_buffer buffer;
    uint8_t *block;
    struct fs_request request;
    struct timer timer; /* of the first line that waits, or of the next attempt */
    char *quick_end; /* a line that begins before there has room, and makes no batch: nothing else is to be looked at */
    uint32_t batch;  /* bytes that are written without waiting for the timer */
    uint32_t due;    /* of what waits the first bytes, whose time has come */
    bool busy;       /* a command is under way */
    bool open, paused;
    uint32_t sent;      /* bytes of the write that is under way */
    bool inside;        /* a line's end is still to be written */
    bool at_end;        /* `position` is where the file ends, as far as anybody knows */
    bool unsure;        /* nobody knows whether the bytes at `position` are written */
    uint64_t reopen_ns; /* another file may have the name from then on */
    uint64_t fd, position;
    uint32_t said; /* the status that the console knows */
    uint64_t lost;
    char path[FS_PATH_MAX]; /* of what is open */
} self;

static void go_on(void);

static void on_time(void *context)
{
    self.paused = false;
    self.due = access_buffer_waits(&self.buffer);
    self.quick_end = NULL;
    go_on();
}

static void later(uint64_t now_ns)
{
    if (!self.timer.armed) {
        timer_start(&self.timer, now_ns + S, on_time, NULL);
    }
}

static const char *words_for(uint32_t status)
{
    switch (status) {
    case FS_STATUS_NOT_FOUND:
    case FS_STATUS_NOT_DIRECTORY: return "its folder is not there";
    case FS_STATUS_IS_DIRECTORY: return "it is a folder";
    case FS_STATUS_ACCESS: return "permission denied";
    case FS_STATUS_READ_ONLY: return "the export is read only";
    case FS_STATUS_NO_SPACE: return "no space is left";
    case FS_STATUS_TOO_LARGE: return "it would be too large";
    case FS_STATUS_NOT_MOUNTED:
    case FS_STATUS_UNREACHABLE: return "the file server cannot be reached";
    default: return "the file server has failed";
    }
}

/* Lines wait until the next attempt. */
static void failed(uint32_t status)
{
    if (status != self.said && status != FS_STATUS_SERVER_WAS_RESET) {
        self.said = status;
        log_line("access log: %s cannot be written: %s; lines wait (status %u)", self.path, words_for(status),
                 (unsigned)status);
    }
    fs_mount_note(status);
    self.paused = true;
    later(pd_now_ns());
}

static void issue(struct fs_command *command, fs_handler *handler)
{
    self.request = (struct fs_request){.handler = handler};
    self.busy = fs_client_issue(&self.request, command);
    if (!self.busy) {
        self.paused = true;
        later(pd_now_ns());
    }
}

/* -- one command after the other -- */

static void completed(void)
{
    self.busy = false;
    self.quick_end = NULL;
}

static void on_closed(struct fs_request *request)
{
    completed();
    go_on();
}

static void close_it(void)
{
    struct fs_command command = {.type = FS_CLOSE, .file.fd = self.fd};
    issue(&command, on_closed);
    self.open = !self.busy; /* where it finds no place it is closed later: the file service has few */
}

static void on_opened(struct fs_request *request)
{
    const struct fs_completion *result = &request->result;
    completed();
    if (result->status != FS_STATUS_OK) {
        failed(result->status);
        return;
    }
    self.open = true;
    self.reopen_ns = pd_now_ns() + S;
    self.fd = result->open.fd;
    bool there = self.unsure && self.position < result->open.size;
    self.position = there ? self.position : result->open.size;
    self.at_end = true;
    go_on();
}

static void on_size(struct fs_request *request)
{
    const struct fs_completion *result = &request->result;
    completed();
    if (result->status != FS_STATUS_OK) {
        failed(result->status);
        close_it();
        return;
    }
    self.position = result->size;
    self.at_end = true;
    go_on();
}

static void ask_for_end(void)
{
    struct fs_command command = {.type = FS_FILE_SIZE, .file.fd = self.fd};
    issue(&command, on_size);
}

static void open_it(const char *path, uint32_t length)
{
    struct fs_command command = {.type = FS_OPEN, .flags = FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_CREATE};
    if (strcmp(self.path, path) != 0) {
        memcpy(self.path, path, length + 1);
        self.unsure = false;
    }
    memcpy(self.block, path, length);
    command.path.path = fs_client_buffer(self.block, length);
    issue(&command, on_opened);
}

static void say_lost(void)
{
    if (self.lost > 0) {
        log_line("access log: %lu lines lost while %s could not be written", (unsigned long)self.lost, self.path);
        self.lost = 0;
    }
}

static void say_over(void)
{
    if (self.said != FS_STATUS_OK && self.lost == 0) {
        log_line("access log: %s is written again", self.path);
    }
    self.said = FS_STATUS_OK;
}

static void on_written(struct fs_request *request)
{
    const struct fs_completion *result = &request->result;
    completed();
    self.at_end = false;
    self.unsure = result->status != FS_STATUS_OK;
    if (self.unsure || result->length == 0 || result->length > self.sent) {
        failed(result->status != FS_STATUS_OK ? result->status : FS_STATUS_IO);
        close_it();
        return;
    }
    say_over();
    self.position += result->length;
    self.inside = self.block[result->length - 1] != '\n';
    access_buffer_take(&self.buffer, (uint32_t)result->length);
    self.due -= self.due < result->length ? self.due : (uint32_t)result->length;
    say_lost();
    go_on();
}

/* Of so many bytes: another file may follow. */
static uint32_t whole_lines(uint32_t length)
{
    uint32_t whole = length;
    while (whole > 0 && self.block[whole - 1] != '\n') {
        whole--;
    }
    return whole > 0 ? whole : length;
}

static void write_some(void)
{
    struct fs_command command = {.type = FS_WRITE};
    uint32_t length = whole_lines(access_buffer_copy(&self.buffer, self.block, fs_client_block_size()));
    self.sent = length;
    command.file.fd = self.fd;
    command.file.position = self.position;
    command.file.data = fs_client_buffer(self.block, length);
    issue(&command, on_written);
}

static void write_batch(void)
{
    char path[FS_PATH_MAX];
    struct writer name = writer_in(path, sizeof(path) - 1);
    line_put_path(&name, self.pattern, response_now_s());
    *name.at = '\0';
    if (!self.open) {
        open_it(path, writer_length(&name));
    } else if (!self.inside && (strcmp(self.path, path) != 0 || pd_now_ns() >= self.reopen_ns)) {
        close_it();
    } else if (!self.inside && !self.at_end) {
        ask_for_end();
    } else {
        write_some();
    }
}

static void go_on(void)
{
    uint32_t waits = access_buffer_waits(&self.buffer);
    if (self.busy || self.paused || waits == 0) {
        return;
    }
    if (self.due > 0 || waits >= self.batch) {
        write_batch();
    } else {
        later(pd_now_ns());
    }
}

/* -- lines -- */

/* Now and then: there may be a batch, or nobody who sees to the next line when its time has come. */
static RARE char *look_for_room(uint64_t now)
{
    static char nobodys[LINE_MAX];
    if (!self.pattern) {
        return nobodys;
    }
    go_on();
    bool waits_for_time = !self.busy && !self.paused;
    if (waits_for_time) {
        later(pd_ns_from_ticks(now));
    }
    uint32_t room = access_buffer_room(&self.buffer, LINE_MAX), to_batch = UINT32_MAX;
    if (room == 0) {
        self.lost++;
        self.quick_end = NULL;
        return nobodys;
    }
    if (waits_for_time) {
        to_batch = self.batch - access_buffer_waits(&self.buffer);
    }
    room = room - LINE_MAX + 1;
    self.quick_end = self.buffer.to + (room < to_batch ? room : to_batch);
    return self.buffer.to;
}

static inline bool has_room(void)
{
    return self.buffer.to < self.quick_end;
}

char *access_file_room(uint64_t now)
{
    return has_room() ? self.buffer.to : look_for_room(now);
}

void access_file_put(char *end)
{
    if (has_room()) {
        self.buffer.to = end;
    }
}

void access_file_init(const char *pattern, const struct region *memory)
{
    self.pattern = pattern;
    self.block = fs_client_block_get();
    require(self.block, "access log: blocks of the share", fs_client_blocks());
    access_buffer_init(&self.buffer, memory->base, (uint32_t)memory->size);
    uint32_t half = (uint32_t)memory->size / 2;
    self.batch = half < fs_client_block_size() ? half : fs_client_block_size();
}

/* tests/fuzz/fuzz.c: see the header.
 *   state     the sections fuzz_bss and fuzz_data, and the heap up to its mark, copied after fuzz_begin() and put back
 *             before each run
 *   heap      memory is given out once and never again in the same run; what was given back, and the gaps between, are
 *             poisoned: use after the end is seen however late it comes
 *   replay    before libFuzzer starts, so a failure names the kept input and ends the program
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAP_SIZE (1ul << 30) /* address space: only what a run touches becomes memory */
#define GAP 32                /* before each piece; the last 8 bytes of it hold the piece's size */
#define FREED (1ull << 63)
#define INPUT_MAX (1u << 20)
#define PAGE 4096
#define MAPPED_MIN (2 << 20) /* bytes */

/* The linker's; a target without variables of a kind has an empty section (below). */
extern uint8_t __start_fuzz_bss[], __stop_fuzz_bss[], __start_fuzz_data[], __stop_fuzz_data[];
#pragma clang section bss = "fuzz_bss" data = "fuzz_data"
uint8_t fuzz_some_bss[8], fuzz_some_data[8] = {1};
#pragma clang section bss = "" data = ""

static struct {
    uint8_t *heap;
    size_t heap_end, heap_mark, heap_used, heap_used_mark, heap_limit;
    struct part {
        uint8_t *start, *stop, *pages, *pages_end;
        uint8_t *words; /* a copy of what lies before and behind the pages */
    } bss, data, begun_heap;
    uint8_t stays[1 << 20];
    size_t stays_end;
    bool begun;
    const char *replayed; /* the input's path */
} self;

/* -- memory that can be put back -- */

/* The sanitizer's own memcpy() would complain of the gaps between variables. */
__attribute__((no_sanitize("address"))) static void copy_words(void *to, const void *from, size_t size)
{
    volatile uint64_t *t = to;
    const volatile uint64_t *f = from;

    for (size_t i = 0; i < size / sizeof(*t); i++) {
        t[i] = f[i];
    }
}

/* From now on these pages are private copies of a file's: forgotten, they are as they were. */
static void map_copy(uint8_t *at, size_t size)
{
    int file = memfd_create("fuzz", 0);

    DEMAND(file >= 0 && ftruncate(file, (off_t)size) == 0);
    uint8_t *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    DEMAND(shared != MAP_FAILED);
    copy_words(shared, at, size);
    munmap(shared, size);
    DEMAND(mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == at);
    close(file);
}

static uint8_t *page_up(uint8_t *at)
{
    return (uint8_t *)(((uintptr_t)at + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
}

/* What is large is put back by the kernel, page by page as it was written; the rest by words. */
static void keep(struct part *part, uint8_t *start, uint8_t *stop)
{
    part->start = start;
    part->pages = part->pages_end = part->stop = stop;
    if (stop - start >= MAPPED_MIN) {
        part->pages = page_up(start);
        part->pages_end = page_up(stop - PAGE + 1);
        map_copy(part->pages, (size_t)(part->pages_end - part->pages));
    }
    size_t head = (size_t)(part->pages - start), tail = (size_t)(stop - part->pages_end);
    part->words = malloc(head + tail + 8);
    copy_words(part->words, start, head);
    copy_words(part->words + head, part->pages_end, tail);
}

static void put_back(struct part *part)
{
    size_t head = (size_t)(part->pages - part->start);

    copy_words(part->start, part->words, head);
    copy_words(part->pages_end, part->words + head, (size_t)(part->stop - part->pages_end));
    if (part->pages_end > part->pages) {
        madvise(part->pages, (size_t)(part->pages_end - part->pages), MADV_DONTNEED);
    }
}

/* -- the heap -- */

/* A piece's size lies in the gap before it, which is poisoned for everybody else. */
__attribute__((no_sanitize("address"), noinline)) static uint64_t size_of(const void *at)
{
    return ((const volatile uint64_t *)at)[-1];
}

__attribute__((no_sanitize("address"), noinline)) static void set_size(void *at, uint64_t size)
{
    ((volatile uint64_t *)at)[-1] = size;
}

void *fuzz_malloc(size_t size)
{
    size_t room = (size + 15) & ~15ull;
    if (size > HEAP_SIZE || self.heap_end + GAP + room > HEAP_SIZE - GAP) {
        return NULL;
    }
    uint8_t *at = self.heap + self.heap_end + GAP;
    set_size(at, size);
    ASAN_POISON_MEMORY_REGION(at - GAP, GAP + room + GAP);
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    memset(at, 0xbe, size); /* an input must do the same each time */
    self.heap_end += GAP + room;
    self.heap_used += size;
    return at;
}

void *fuzz_calloc(size_t count, size_t size)
{
    size_t all;
    void *at = __builtin_mul_overflow(count, size, &all) ? NULL : fuzz_malloc(all);

    return at ? memset(at, 0, all) : NULL;
}

void fuzz_free(void *at)
{
    if (at) {
        DEMAND((uint8_t *)at > self.heap && (uint8_t *)at < self.heap + self.heap_end);
        uint64_t size = size_of(at);
        DEMAND(!(size & FREED)); /* given back twice */
        set_size(at, size | FREED);
        self.heap_used -= size;
        ASAN_POISON_MEMORY_REGION(at, size);
    }
}

void *fuzz_realloc(void *old, size_t size)
{
    void *at = fuzz_malloc(size);

    if (old && at) {
        size_t before = size_of(old);
        memcpy(at, old, before < size ? before : size);
        fuzz_free(old);
    }
    return at;
}

char *fuzz_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *at = fuzz_malloc(size);

    return at ? memcpy(at, text, size) : NULL;
}

size_t fuzz_heap_used(void)
{
    return self.heap_used;
}

void fuzz_heap_limit(size_t bytes)
{
    self.heap_limit = bytes;
}

void *fuzz_scarce_malloc(size_t size)
{
    return size > self.heap_limit || self.heap_used > self.heap_limit - size ? NULL : fuzz_malloc(size);
}

void *fuzz_scarce_calloc(size_t count, size_t size)
{
    size_t all;
    void *at = __builtin_mul_overflow(count, size, &all) ? NULL : fuzz_scarce_malloc(all);

    return at ? memset(at, 0, all) : NULL;
}

/* -- state -- */

static void begin(void)
{
    self.begun = true;
    self.heap = mmap(NULL, HEAP_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    DEMAND(self.heap != MAP_FAILED);
    self.heap_limit = SIZE_MAX;
    fuzz_begin();
    self.heap_mark = self.heap_end;
    self.heap_used_mark = self.heap_used;
    keep(&self.bss, __start_fuzz_bss, __stop_fuzz_bss);
    keep(&self.data, __start_fuzz_data, __stop_fuzz_data);
    keep(&self.begun_heap, self.heap, self.heap + self.heap_mark);
}

/* Pieces of fuzz_begin() that the last run gave back live again. */
static void revive_heap(void)
{
    put_back(&self.begun_heap);
    for (size_t at = 0; at < self.heap_mark;) {
        uint8_t *piece = self.heap + at + GAP;
        uint64_t size = size_of(piece) & ~FREED;
        if (!(size_of(piece) & FREED)) {
            ASAN_UNPOISON_MEMORY_REGION(piece, size);
        }
        at += GAP + ((size + 15) & ~15ull);
    }
    self.heap_end = self.heap_mark;
    self.heap_used = self.heap_used_mark;
    self.heap_limit = SIZE_MAX;
}

static void rewind_all(void)
{
    put_back(&self.bss);
    put_back(&self.data);
    ASAN_POISON_MEMORY_REGION(self.heap, self.heap_end + GAP);
    revive_heap();
}

/* -- inputs -- */

const uint8_t *fuzz_take(struct fuzz_input *in, size_t size, size_t *taken)
{
    const uint8_t *at = in->at;

    *taken = size < in->left ? size : in->left;
    in->at += *taken;
    in->left -= *taken;
    return at;
}

void fuzz_fill(struct fuzz_input *in, void *to, size_t size)
{
    size_t taken;
    const uint8_t *from = fuzz_take(in, size, &taken);

    memset(to, 0, size);
    memcpy(to, from, taken);
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
    uint8_t value;

    fuzz_fill(in, &value, sizeof(value));
    return value;
}

uint16_t fuzz_16(struct fuzz_input *in)
{
    uint16_t value;

    fuzz_fill(in, &value, sizeof(value));
    return value;
}

uint32_t fuzz_32(struct fuzz_input *in)
{
    uint32_t value;

    fuzz_fill(in, &value, sizeof(value));
    return value;
}

uint64_t fuzz_64(struct fuzz_input *in)
{
    uint64_t value;

    fuzz_fill(in, &value, sizeof(value));
    return value;
}

void *fuzz_exactly(const void *bytes, size_t size)
{
    return memcpy(fuzz_malloc(size), bytes, size);
}

void fuzz_again(void)
{
    rewind_all();
}

void *fuzz_keep(const void *bytes, size_t size)
{
    DEMAND(size <= sizeof(self.stays) - self.stays_end);
    void *at = memcpy(self.stays + self.stays_end, bytes, size);
    self.stays_end += size;
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fuzz_input in = {bytes, size};

    if (!self.begun) {
        begin();
    }
    rewind_all();
    self.stays_end = 0;
    fuzz_run(&in);
    return 0;
}

/* -- the kept corpus -- */

static void name_input(void)
{
    if (self.replayed) {
        fprintf(stderr, "input: %s\n", self.replayed);
        self.replayed = NULL;
    }
}

static void on_abort(int signal)
{
    name_input();
    _exit(1);
}

static void replay(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");

    DEMAND(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    uint8_t *exact = memcpy(malloc(size + !size), bytes, size);
    self.replayed = path;
    LLVMFuzzerTestOneInput(exact, size);
    self.replayed = NULL;
    free(exact);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    struct dirent **names;
    const char *name = strrchr((*arguments)[0], '/');
    char folder[256], path[600];

    if (*count > 1) {
        return 0;
    }
    name = strstr(name ? name : (*arguments)[0], "fuzz_");
    snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name ? name + strlen("fuzz_") : "");
    int inputs = scandir(folder, &names, is_input, alphasort);
    if (inputs <= 0) {
        fprintf(stderr, "no inputs in %s (from the top of the tree it would replay them)\n", folder);
        exit(1);
    }
    signal(SIGABRT, on_abort);
    atexit(name_input);
    __sanitizer_set_death_callback(name_input);
    for (int i = 0; i < inputs; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        replay(path);
    }
    exit(0);
}

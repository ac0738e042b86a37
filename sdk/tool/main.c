/* main.c: microkit SYSTEM --search-path DIR.. --board BOARD --config CONFIG [-o IMAGE] [-r REPORT]
 *   consumes  SYSTEM, the programs it names, the SDK's kernel.elf, loader.elf and board.conf for board and config
 *   produces  IMAGE (default loader.img) and REPORT (default report.txt), both or neither
 *   the SDK is $MICROKIT_SDK, else the folder above this executable's
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/tool/file.h"
#include "sdk/tool/image.h"
#include "sdk/tool/prove.h"
#include "sdk/tool/report.h"
#include "sdk/tool/stacks.h"

static const char *usage = "usage: microkit SYSTEM --board BOARD --config CONFIG [--search-path DIR ...]\n"
                           "                [-o|--output IMAGE] [-r|--report REPORT] [-h|--help]\n"
                           "                [--image-type binary] [--viper-output DIR (nothing is written there)]\n";

struct arguments {
    const char *system;
    const char *board;
    const char *config;
    const char *output;
    const char *report;
    const char *image_type;
    const char *viper;
    const char **search_paths;
    size_t search_path_count;
};

static _Noreturn void bad_usage(const char *what)
{
    fputs(usage, stderr);
    diag_fail("%s", what);
}

static const char **option(struct arguments *a, const char *text)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {
        {"--board", &a->board},
        {"--config", &a->config},
        {"-o", &a->output},
        {"--output", &a->output},
        {"-r", &a->report},
        {"--report", &a->report},
        {"--image-type", &a->image_type},
        {"--viper-output", &a->viper},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i].name, text) == 0) {
            return options[i].value;
        }
    }
    return NULL;
}

/* What official tools have and this one has not. */
static void refuse_option(const char *text)
{
    static const struct {
        const char *name;
        const char *why;
    } options[] = {
        {"--capdl-json", "there are no capabilities to list"},
        {"--override-kernel", "the kernel and its tables belong together"},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i].name, text) == 0) {
            diag_fail("argument %s is not supported; %s", text, options[i].why);
        }
    }
}

static void check_image_type(const char *type)
{
    if (type != NULL && strcmp(type, "binary") != 0) {
        diag_fail("image type is not supported (%s); allowed: binary", type);
    }
}

static struct arguments read_arguments(int argc, char **argv)
{
    struct arguments a = {.output = "loader.img", .report = "report.txt"};
    bool in_search_path = false;
    for (int i = 1; i < argc; i++) {
        const char **value = option(&a, argv[i]);
        if (value != NULL) {
            if (i + 1 == argc) {
                bad_usage(diag_printf("argument %s: expected one argument", argv[i]));
            }
            *value = argv[++i];
            in_search_path = false;
        } else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        } else if (strcmp(argv[i], "--search-path") == 0) {
            in_search_path = true;
        } else if (argv[i][0] == '-') {
            refuse_option(argv[i]);
            bad_usage(diag_printf("unrecognised argument: %s", argv[i]));
        } else if (in_search_path) {
            *PUSH(a.search_paths, a.search_path_count) = argv[i];
        } else if (a.system == NULL) {
            a.system = argv[i];
        } else {
            bad_usage(diag_printf("unrecognised argument: %s", argv[i]));
        }
    }
    if (a.system == NULL || a.board == NULL || a.config == NULL) {
        bad_usage(diag_printf("missing argument: %s", a.system == NULL  ? "SYSTEM"
                                                      : a.board == NULL ? "--board"
                                                                        : "--config"));
    }
    check_image_type(a.image_type);
    return a;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The names of the folders in a folder, sorted, parted by commas. */
static const char *names_in(const char *path)
{
    const char **names = NULL;
    size_t count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] != '.' && is_folder(diag_printf("%s/%s", path, e->d_name))) {
            *PUSH(names, count) = diag_printf("%s", e->d_name);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    if (count == 0) {
        return "none";
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    const char *all = names[0];
    for (size_t i = 1; i < count; i++) {
        all = diag_printf("%s, %s", all, names[i]);
    }
    return all;
}

static const char *sdk_folder(void)
{
    const char *given = getenv("MICROKIT_SDK");
    if (given != NULL && *given != '\0') {
        return given;
    }
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    if (length < 0) {
        diag_fail("cannot find the SDK; set MICROKIT_SDK (%s)", strerror(errno));
    }
    own[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(own, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    return diag_printf("%s", own);
}

/* A folder `name` in `in`, and no way out of there. */
static bool is_folder_in(const char *in, const char *name)
{
    return *name != '\0' && *name != '.' && strchr(name, '/') == NULL && is_folder(diag_printf("%s/%s", in, name));
}

static const char *board_folder(const struct arguments *a)
{
    const char *sdk = sdk_folder();
    const char *boards = diag_printf("%s/board", sdk);
    if (!is_folder(boards)) {
        diag_fail("no SDK here; '%s' is not a folder (is MICROKIT_SDK right?)", boards);
    }
    const char *board = diag_printf("%s/%s", boards, a->board);
    if (!is_folder_in(boards, a->board)) {
        diag_fail("unknown board (%s); allowed: %s", a->board, names_in(boards));
    }
    const char *folder = diag_printf("%s/%s", board, a->config);
    if (!is_folder_in(board, a->config)) {
        diag_fail("unknown config (%s); allowed: %s", a->config, names_in(board));
    }
    if (file_exists(diag_printf("%s/elf/sel4.elf", folder))) {
        diag_fail("SDK '%s' is an official one, with a tool of its own (is MICROKIT_SDK right?)", sdk);
    }
    return folder;
}

/* A file that the description names: in the working directory, then in each search path. */
static const char *find_file(const struct arguments *a, struct place place, const char *path)
{
    if (path[0] == '/' || file_exists(path)) {
        return path;
    }
    for (size_t i = 0; i < a->search_path_count; i++) {
        const char *found = diag_printf("%s/%s", a->search_paths[i], path);
        if (file_exists(found)) {
            return found;
        }
    }
    diag_refuse(place, "no such file (%s); looked in the working directory and %zu search paths", path,
                a->search_path_count);
}

static void read_prefills(const struct arguments *a, struct description *d)
{
    for (size_t i = 0; i < d->region_count; i++) {
        struct region *r = &d->regions[i];
        if (r->prefill_path == NULL) {
            continue;
        }
        size_t size;
        const char *path = find_file(a, r->prefill_place, r->prefill_path);
        const char *bytes = file_read(r->prefill_place, path, &size);
        uint64_t page = r->page_size == 0 ? MMU_PAGE_SIZE : r->page_size;
        if (size == 0) {
            diag_refuse(r->prefill_place, "prefill file is empty (%s)", path);
        }
        if (r->size == 0) {
            r->size = (size + page - 1) / page * page;
        }
        if (size > r->size) {
            diag_refuse(r->prefill_place, "prefill file is larger than region '%s' (%zu bytes, 0x%lx)", r->name, size,
                        r->size);
        }
        r->prefill = diag_alloc(r->size);
        r->prefill_size = size;
        memcpy(r->prefill, bytes, size);
    }
}

static uint8_t *flat_loader(const struct elf *loader)
{
    const struct elf_segment *first = &loader->segments[0];
    const struct elf_segment *last = &loader->segments[loader->segment_count - 1];
    uint8_t *bytes = diag_alloc(last->va + last->size - first->va);
    for (size_t i = 0; i < loader->segment_count; i++) {
        memcpy(bytes + (loader->segments[i].va - first->va), loader->segments[i].bytes, loader->segments[i].size);
    }
    return bytes;
}

/* Of the kernel's table of PDs the pages behind the last PD are left out. */
static void cut_kernel_pds(struct elf *kernel, size_t pd_count)
{
    size_t count;
    const struct elf_symbol *table = elf_symbol(kernel, ABI_SYSTEM_SYMBOL_PDS, &count);
    if (count != 1 || !elf_cut(kernel, table->va, table->size / ABI_PDS_MAX * pd_count)) {
        diag_refuse((struct place){.file = kernel->path}, "no table '%s', or not in a segment of its own",
                    ABI_SYSTEM_SYMBOL_PDS);
    }
}

static void read_programs(const struct arguments *a, struct layout *l, const char *folder)
{
    const char *kernel = diag_printf("%s/elf/kernel.elf", folder);
    const char *loader = diag_printf("%s/elf/loader.elf", folder);
    l->kernel = elf_read((struct place){.file = kernel}, kernel, KERNEL_VA_BASE, KERNEL_VA_SYSTEM);
    l->loader = elf_read((struct place){.file = loader}, loader, 0, 1ul << 40);
    l->loader_bytes = flat_loader(l->loader);
    const struct description *d = l->description;
    cut_kernel_pds(l->kernel, d->pd_count);
    l->programs = diag_alloc(d->pd_count * sizeof(l->programs[0]));
    for (size_t i = 0; i < d->pd_count; i++) {
        struct place place = d->pds[i].program_place;
        const char *path = find_file(a, place, d->pds[i].program);
        l->programs[i] = elf_read(place, path, MMU_PAGE_SIZE, USER_VA_MAPS_END);
    }
}

int main(int argc, char **argv)
{
    struct arguments a = read_arguments(argc, argv);
    const char *folder = board_folder(&a);
    struct layout l = {.board = board_read(diag_printf("%s/board.conf", folder))};
    l.description = description_read(a.system);
    read_prefills(&a, l.description);
    check_description(l.description, l.board);
    read_programs(&a, &l, folder);
    stacks_place(&l);
    l.system_bytes = diag_alloc(layout_system_size(l.description));
    image_patch_programs(&l); /* marks the pages */
    layout_build(&l);
    image_patch_programs(&l); /* and again, with the addresses of the memory regions */
    struct image *image = image_build(&l);
    struct proof *proof = prove(&l, image);
    size_t size;
    char *report = report_text(&l, image, proof, a.board, a.config, &size);
    file_write_all((const struct file_output[]){{a.report, report, size}, {a.output, image->bytes, image->size}}, 2);
    free(report);
    return 0;
}

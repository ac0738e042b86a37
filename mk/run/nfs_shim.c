/* nfs_shim.c: lets the distribution's NFS-Ganesha run as a private server: no port 111, any user, gone with its parent.
 *
 * Preloaded into ganesha.nfsd by nfs_server.py. It stands between the server and libc in these places only:
 *   rpcb_set, rpcb_unset      succeed without a portmapper: nothing is registered, nothing listens on port 111
 *   getaddrinfo               without AI_ADDRCONFIG, so that 127.0.0.1 resolves on a machine with no other address
 *   setmntent                 the mounts as the kernel tells them: a minimal system has no /etc/mtab
 *   getmntent                 a tmpfs by another name: since release 6 the server exports none, and /tmp may be one
 *   dlopen                    without RTLD_DEEPBIND, which would hide this file from the server's plugins
 *   prctl(PR_SET_IO_FLUSHER)  succeeds: since release 6 the server does not start where it may not have that
 * and, for a user without CAP_DAC_READ_SEARCH only:
 *   name_to_handle_at         remembers the file behind each handle by an O_PATH descriptor
 *   open_by_handle_at         opens that descriptor again; renaming the file, or a folder above it, does not matter
 *   setfsuid, setfsgid, setgroups, syscall(SYS_setgroups)    succeed and change nothing: all is done as this user
 * The table lives as long as the process: a handle from before a restart is stale until its name is looked up again.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mntent.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_IO_FLUSHER /* Linux 5.6 */
#define PR_SET_IO_FLUSHER 57
#endif

#define BUCKETS 16384
#define HANDLE_MAX 128

struct entry {
    struct entry *next;
    int fd; /* O_PATH: names the file itself, wherever it is moved */
    int type;
    unsigned length;
    unsigned char bytes[HANDLE_MAX];
};

static struct {
    bool user; /* not root: handles and identities are ours to care for */
    pthread_mutex_t lock;
    unsigned entries, limit;
    struct entry *bucket[BUCKETS];
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* libc's own function, looked up at its first use: other libraries call some of these before start() below has run. */
#define NEXT(name)                                              \
    __extension__({                                             \
        static __typeof__(name) *next;                          \
        if (next == NULL) {                                     \
            next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
        }                                                       \
        next;                                                   \
    })

/* Half of the descriptors are for the table, the rest for the server. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    self.limit = limit.rlim_max / 2 < 100000 ? limit.rlim_max / 2 : 100000;
}

static void end_with_parent(void)
{
    const char *parent = getenv("SERVAL_PARENT");
    if (parent == NULL) {
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != atoi(parent)) { /* it died before we asked */
        _exit(1);
    }
}

__attribute__((constructor)) static void start(void)
{
    self.user = geteuid() != 0;
    raise_descriptor_limit();
    end_with_parent();
}

/* libntirpc's and the linker's view: these names come before the libraries'. */
bool rpcb_set(uint32_t program, uint32_t version, const void *config, const void *address);
bool rpcb_unset(uint32_t program, uint32_t version, const void *config);

bool rpcb_set(uint32_t program, uint32_t version, const void *config, const void *address)
{
    (void)program, (void)version, (void)config, (void)address;
    return true;
}

bool rpcb_unset(uint32_t program, uint32_t version, const void *config)
{
    (void)program, (void)version, (void)config;
    return true;
}

void *dlopen(const char *file, int flags)
{
    return NEXT(dlopen)(file, flags & ~RTLD_DEEPBIND);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct addrinfo changed = {.ai_family = AF_UNSPEC};
    if (hints != NULL) {
        changed = *hints;
        changed.ai_flags &= ~AI_ADDRCONFIG;
    }
    return NEXT(getaddrinfo)(node, service, &changed, result);
}

int prctl(int option, ...)
{
    va_list list;
    unsigned long a[4];
    va_start(list, option);
    for (int i = 0; i < 4; i++) {
        a[i] = va_arg(list, unsigned long);
    }
    va_end(list);
    return option == PR_SET_IO_FLUSHER ? 0 : NEXT(prctl)(option, a[0], a[1], a[2], a[3]);
}

FILE *setmntent(const char *file, const char *mode)
{
    return NEXT(setmntent)(strcmp(file, "/etc/mtab") == 0 ? "/proc/self/mounts" : file, mode);
}

struct mntent *getmntent(FILE *mounts)
{
    static char other[] = "ramfs";
    struct mntent *entry = NEXT(getmntent)(mounts);
    if (entry != NULL && strcmp(entry->mnt_type, "tmpfs") == 0) {
        entry->mnt_type = other;
    }
    return entry;
}

/* -- handles -- */

/* The link that leads to the entry. Its end (NULL) is where a new one goes. The lock is held. */
static struct entry **find(const struct file_handle *handle)
{
    uint32_t hash = 2166136261u ^ (uint32_t)handle->handle_type; /* FNV-1a */
    for (unsigned i = 0; i < handle->handle_bytes; i++) {
        hash = (hash ^ handle->f_handle[i]) * 16777619u;
    }
    struct entry **link = &self.bucket[hash % BUCKETS];
    while (*link != NULL && ((*link)->type != handle->handle_type || (*link)->length != handle->handle_bytes ||
                             memcmp((*link)->bytes, handle->f_handle, handle->handle_bytes) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void forget(struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    close(entry->fd);
    free(entry);
    self.entries--;
}

/* Out of descriptors: some other entries go. Their handles become stale and their clients look the names up again. */
static void make_room(void)
{
    for (unsigned i = 0; i < BUCKETS && self.entries >= self.limit / 2; i++) {
        while (self.bucket[i] != NULL) {
            forget(&self.bucket[i]);
        }
    }
}

static void remember(int directory, const char *name, int flags, const struct file_handle *handle)
{
    if (self.entries >= self.limit) {
        make_room();
    }
    struct entry **link = find(handle);
    if (*link != NULL) {
        return;
    }
    char path[32];
    int open_flags = O_PATH | O_CLOEXEC;
    if (name[0] == '\0') { /* AT_EMPTY_PATH: the descriptor itself */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
        name = path;
    } else if ((flags & AT_SYMLINK_FOLLOW) == 0) {
        open_flags |= O_NOFOLLOW;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    if (entry == NULL || (entry->fd = openat(directory, name, open_flags)) < 0) {
        free(entry);
        return;
    }
    entry->type = handle->handle_type;
    entry->length = handle->handle_bytes;
    memcpy(entry->bytes, handle->f_handle, handle->handle_bytes);
    *link = entry;
    self.entries++;
}

int name_to_handle_at(int directory, const char *name, struct file_handle *handle, int *mount_id, int flags)
{
    int result = NEXT(name_to_handle_at)(directory, name, handle, mount_id, flags);
    if (!self.user || result != 0 || handle->handle_bytes > HANDLE_MAX) {
        return result;
    }
    pthread_mutex_lock(&self.lock);
    remember(directory, name, flags, handle);
    pthread_mutex_unlock(&self.lock);
    return 0;
}

static int open_again(int fd, int flags)
{
    if (flags & O_PATH) {
        return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
}

int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
    if (!self.user) {
        return NEXT(open_by_handle_at)(mount, handle, flags);
    }
    int fd = -1, error = ESTALE;
    struct stat status;
    pthread_mutex_lock(&self.lock);
    struct entry **link = find(handle);
    if (*link != NULL && fstat((*link)->fd, &status) == 0 && status.st_nlink == 0) {
        forget(link); /* removed from disk: only our descriptor keeps it */
    } else if (*link != NULL) {
        fd = open_again((*link)->fd, flags);
        error = errno;
    }
    pthread_mutex_unlock(&self.lock);
    errno = error;
    return fd;
}

/* -- identities -- */

int setgroups(size_t count, const gid_t *groups)
{
    return !self.user ? NEXT(setgroups)(count, groups) : 0;
}

int setfsuid(uid_t uid)
{
    return !self.user ? NEXT(setfsuid)(uid) : (int)uid;
}

int setfsgid(gid_t gid)
{
    return !self.user ? NEXT(setfsgid)(gid) : (int)gid;
}

long syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    bool identity = number == SYS_setgroups || number == SYS_setresuid || number == SYS_setresgid;
    if (self.user && identity) {
        return 0;
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

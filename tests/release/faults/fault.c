/* Preloaded into a command, this makes one call of the system fail, as a bad disk would.
 *
 *   LD_PRELOAD=fault.so FAULT="write 3 5 out/" program
 *
 * fails the third write (and all later ones) to a path that contains "out/", with error number 5 (EIO).
 * Calls: open (for writing), write, fsync, close, rename. Built by conftest.py where a compiler is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    char call[16], path[256];
    int nth, number;
} plan;
static atomic_int count;

/* Also called by a process that has just been forked: its plan is its own. */
void set_fault(const char *text) {
    count = 0;
    if (!text || sscanf(text, "%15s %d %d %255s", plan.call, &plan.nth, &plan.number, plan.path) != 4) plan.call[0] = 0;
}

__attribute__((constructor)) static void read_plan(void) { set_fault(getenv("FAULT")); }

static int fails(const char *call, const char *path) {
    if (strcmp(plan.call, call) || !path || !strstr(path, plan.path)) return 0;
    if (atomic_fetch_add(&count, 1) + 1 < plan.nth) return 0;
    errno = plan.number;
    return 1;
}

static int fails_on(const char *call, int file) {
    char name[40], path[PATH_MAX];
    if (strcmp(plan.call, call)) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path);
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *data, size_t size) {
    return fails_on("write", file) ? -1 : NEXT(write)(file, data, size);
}
ssize_t writev(int file, const struct iovec *parts, int n) {
    return fails_on("write", file) ? -1 : NEXT(writev)(file, parts, n);
}
ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    return fails_on("write", file) ? -1 : NEXT(pwrite)(file, data, size, at);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    return fails_on("write", file) ? -1 : NEXT(pwrite64)(file, data, size, at);
}
int fsync(int file) { return fails_on("fsync", file) ? -1 : NEXT(fsync)(file); }
int fdatasync(int file) { return fails_on("fsync", file) ? -1 : NEXT(fdatasync)(file); }
int close(int file) {
    int failed = fails_on("close", file), number = errno, result = NEXT(close)(file);
    if (failed) errno = number;
    return failed ? -1 : result;
}
int rename(const char *from, const char *to) { return fails("rename", to) ? -1 : NEXT(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    return fails("rename", to) ? -1 : NEXT(renameat)(a, from, b, to);
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

#define OPEN(name)                                                              \
    int name(const char *path, int flags, ...) {                                \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                           \
        return writes(flags) && fails("open", path) ? -1 : NEXT(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                            \
    int name(int folder, const char *path, int flags, ...) {                    \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                           \
        return writes(flags) && fails("open", path) ? -1 : NEXT(name)(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

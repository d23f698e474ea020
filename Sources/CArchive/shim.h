// libarchive as one importable module, and the sandbox for the process that runs it (its system calls are variadic
// or have no wrapper, which Swift cannot call).
#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Declared here because the C library shows these to GNU sources only.
extern int pipe2(int ends[2], int flags);
extern int fcntl(int descriptor, int command, ...);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// A pipe of 1 MiB that no started program inherits.
static inline int fb_pipe(int ends[2]) {
  int code = pipe2(ends, 02000000 /* O_CLOEXEC */);
  if (code == 0) fcntl(ends[1], 1031 /* F_SETPIPE_SZ */, 1 << 20);
  return code;
}

static inline int fb_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

enum { FB_LIMITS = 1, FB_LANDLOCK = 2, FB_SECCOMP = 4 };

static inline void fb_limit(__rlimit_resource_t what, rlim_t value) {
  struct rlimit limit = {value, value};
  setrlimit(what, &limit);
}

/// No new file, no path, no network from here on, where the kernel can say no to it. Returns what took hold.
static inline int fb_landlock(void) {
  struct { uint64_t fs; uint64_t net; } rules = {0, 0};
  long abi = syscall(__NR_landlock_create_ruleset, NULL, (size_t)0, (uint32_t)1);
  if (abi < 1) return 0;
  rules.fs = (1ull << (abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13)) - 1;
  rules.net = abi >= 4 ? 3 : 0;
  long fd = syscall(__NR_landlock_create_ruleset, &rules, abi >= 4 ? sizeof rules : sizeof rules.fs, (uint32_t)0);
  if (fd < 0) return 0;
  long done = syscall(__NR_landlock_restrict_self, (int)fd, (uint32_t)0);
  close((int)fd);
  return done == 0 ? FB_LANDLOCK : 0;
}

/// Only calls that reading, writing to open descriptors and memory need; all others fail with EPERM, and those that
/// would start a program or open a socket end the process.
static inline int fb_seccomp(void) {
#if defined(__x86_64__)
  const uint32_t arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  const uint32_t arch = AUDIT_ARCH_AARCH64;
#else
  return 0;
#endif
#define FB_CALL(name, action) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)
#define FB_ALLOW(name) FB_CALL(name, SECCOMP_RET_ALLOW)
#define FB_KILL(name) FB_CALL(name, SECCOMP_RET_KILL_PROCESS)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      FB_ALLOW(read), FB_ALLOW(write), FB_ALLOW(writev), FB_ALLOW(pread64), FB_ALLOW(lseek), FB_ALLOW(close),
      FB_ALLOW(fstat), FB_ALLOW(mmap), FB_ALLOW(munmap), FB_ALLOW(mremap), FB_ALLOW(mprotect), FB_ALLOW(madvise),
      FB_ALLOW(brk), FB_ALLOW(futex), FB_ALLOW(exit), FB_ALLOW(exit_group), FB_ALLOW(rt_sigaction),
      FB_ALLOW(rt_sigprocmask), FB_ALLOW(rt_sigreturn), FB_ALLOW(sigaltstack), FB_ALLOW(getpid), FB_ALLOW(gettid),
      FB_ALLOW(tgkill), FB_ALLOW(clock_gettime), FB_ALLOW(gettimeofday), FB_ALLOW(getrandom),
      FB_ALLOW(sched_yield), FB_ALLOW(sched_getaffinity), FB_ALLOW(clock_nanosleep), FB_ALLOW(restart_syscall),
#ifdef __NR_rseq
      FB_ALLOW(rseq),
#endif
#ifdef __NR_fork
      FB_KILL(fork), FB_KILL(vfork),
#endif
      FB_KILL(execve), FB_KILL(execveat), FB_KILL(socket), FB_KILL(connect), FB_KILL(bind), FB_KILL(ptrace),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
#undef FB_CALL
#undef FB_ALLOW
#undef FB_KILL
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? FB_SECCOMP : 0;
}

/// Gives up everything but the open descriptors. Returns which of the protections took hold.
static inline int fb_sandbox(uint64_t memory) {
  int held = FB_LIMITS;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  fb_limit(RLIMIT_CORE, 0);
  fb_limit(RLIMIT_FSIZE, 0);
  fb_limit(RLIMIT_AS, memory);
  fb_limit(RLIMIT_CPU, 6 * 3600);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return held;
  held |= fb_landlock();
  fb_limit(RLIMIT_NOFILE, 3);
  held |= fb_seccomp();
  return held;
}

// The streams of liblzma and libzstd, which come with libarchive and are looked up when needed; their layout is part of
// their interface.

/// `lzma_stream`.
typedef struct {
  const uint8_t *next_in;
  size_t avail_in;
  uint64_t total_in;
  uint8_t *next_out;
  size_t avail_out;
  uint64_t total_out;
  const void *allocator;
  void *state;
  void *reserved_pointers[4];
  uint64_t reserved_counts[2];
  size_t reserved_sizes[2];
  uint32_t reserved_enums[2];
} fb_lzma_stream;

/// `ZSTD_inBuffer`.
typedef struct { const void *bytes; size_t size; size_t used; } fb_zstd_input;
/// `ZSTD_outBuffer`.
typedef struct { void *bytes; size_t size; size_t used; } fb_zstd_output;

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists the system calls that stay allowed. It does without libseccomp: the list has no structure,
// and a confinement must not depend on a library that may not be installed, as none of ktally's
// may.
//
// A system call that is not in the list ends the program with one sentence, because going on after
// an attack is worse. Calls newer than this program fail with ENOSYS, which libraries expect.

#include "confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH

#define CODE_MAX  512u
#define NEWEST	  449 /* futex_waitv: the highest number that this program knows */
#define X32_BIT	  0x40000000u
#define ARG(i)	  ((unsigned)offsetof(struct seccomp_data, args) + 8u * (i))
#define ARG_HI(i) (ARG(i) + 4u)

struct program {
	struct sock_filter code[CODE_MAX];
	unsigned short count;
};

/* Most frequent calls first: the filter is searched from its start. */
static const short always[] = {
	SYS_read,
	SYS_openat,
	SYS_close,
	SYS_fstat,
	SYS_lseek,
	SYS_pread64,
	SYS_getdents64,
	SYS_newfstatat,
	SYS_readlinkat,
	SYS_openat2,
	SYS_statx,
	SYS_fcntl,
	SYS_futex,
	SYS_clock_gettime,
	SYS_munmap,
	SYS_mremap,
	SYS_brk,
	SYS_madvise,
	SYS_readv,
	SYS_preadv,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_dup,
	SYS_dup3,
	SYS_statfs,
	SYS_fstatfs,
	SYS_getcwd,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getpgid,
	SYS_getgroups,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrandom,
	SYS_getrusage,
	SYS_times,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getcpu,
	SYS_rseq,
	SYS_set_robust_list,
	SYS_set_tid_address,
	SYS_membarrier,
	SYS_exit,
	SYS_exit_group,
	SYS_flock,
	SYS_fadvise64,
	SYS_ppoll,
	SYS_pselect6,
	SYS_umask,
	SYS_signalfd4,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_fchdir,
#ifdef SYS_open
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_getdents,
	SYS_dup2,
	SYS_select,
	SYS_poll,
	SYS_time,
	SYS_getrlimit,
	SYS_getpgrp,
	SYS_pause,
	SYS_alarm,
#endif
};

static const short serving[] = {
	SYS_write,
	SYS_writev,
	SYS_accept4,
	SYS_accept,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendmmsg,
	SYS_sendfile,
	SYS_shutdown,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_eventfd2,
	SYS_pipe2,
	SYS_listen,
#ifdef SYS_open
	SYS_pipe,
	SYS_eventfd,
#endif
};

static const short removing[] = {
	SYS_unlinkat,
#ifdef SYS_open
	SYS_unlink,
#endif
};

static const short writing[] = {
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_ftruncate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_renameat2,
	SYS_linkat,
	SYS_unlinkat,
	SYS_fallocate,
	SYS_fchmod,
	SYS_sync_file_range,
	SYS_syncfs,
#ifdef SYS_open
	SYS_rename,
	SYS_link,
	SYS_unlink,
	SYS_renameat,
#endif
};

static void put(struct program *program, unsigned short code, unsigned k, unsigned char yes,
	unsigned char no)
{
	if (program->count < CODE_MAX)
		program->code[program->count++] =
			(struct sock_filter){ .code = code, .jt = yes, .jf = no, .k = k };
}

static void load(struct program *program, unsigned offset)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Appends a return. A build with sanitizers has a filter that allows everything: see parts.h. */
static void give(struct program *program, unsigned action)
{
	put(program, BPF_RET | BPF_K, KT_SANITIZED ? SECCOMP_RET_ALLOW : action, 0, 0);
}

static void allow(struct program *program, const short *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		give(program, SECCOMP_RET_ALLOW);
	}
}

/* Allows a call if a masked argument has the value; otherwise the call fails with `errnum`. */
static void allow_where(struct program *program, int call, unsigned arg_offset, unsigned mask,
	unsigned value, unsigned errnum)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 5);
	load(program, arg_offset);
	put(program, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	give(program, SECCOMP_RET_ALLOW);
	give(program, SECCOMP_RET_ERRNO | errnum);
}

/* Allows a call only on standard output and standard error. */
static void allow_printing(struct program *program, int call)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
	load(program, ARG(0));
	put(program, BPF_JMP | BPF_JGT | BPF_K, STDERR_FILENO, 1, 0);
	give(program, SECCOMP_RET_ALLOW);
	give(program, SECCOMP_RET_ERRNO | EPERM);
}

static void fail(struct program *program, int call, unsigned errnum)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1);
	give(program, SECCOMP_RET_ERRNO | errnum);
}

/* Allows terminal requests that only query; all requests when the command draws on a terminal. */
static void allow_ioctl(struct program *program, const struct kt_confine_needs *needs)
{
	static const unsigned asks[] = { TCGETS, TIOCGWINSZ, FIONREAD };
	const unsigned count = needs->terminal ? 0 : sizeof(asks) / sizeof(asks[0]);

	if (!count) {
		allow(program, (const short[]){ SYS_ioctl }, 1);
		return;
	}
	put(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, (unsigned char)(2 + 2 * count));
	load(program, ARG(1));
	for (unsigned i = 0; i < count; i++) {
		put(program, BPF_JMP | BPF_JEQ | BPF_K, asks[i], 0, 1);
		give(program, SECCOMP_RET_ALLOW);
	}
	give(program, SECCOMP_RET_ERRNO | ENOTTY);
}

static void put_start(struct program *program)
{
	load(program, offsetof(struct seccomp_data, arch));
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	give(program, SECCOMP_RET_KILL_PROCESS);
	load(program, offsetof(struct seccomp_data, nr));
	/* -1: no system call at all; a tracer has taken one away, and the kernel gives ENOSYS */
	put(program, BPF_JMP | BPF_JEQ | BPF_K, ~0u, 0, 1);
	give(program, SECCOMP_RET_ALLOW);
#ifdef __x86_64__
	put(program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	give(program, SECCOMP_RET_KILL_PROCESS);
#endif
}

#define ALLOW(program, calls) allow((program), (calls), sizeof(calls) / sizeof((calls)[0]))

/* Forbids opening files for writing, making memory executable, and changing limits. */
static void put_arguments(struct program *program, const struct kt_confine_needs *needs)
{
	const unsigned changes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

	if (!needs->writes) {
		allow_where(program, SYS_openat, ARG(2), changes, O_RDONLY, EACCES);
#ifdef SYS_open
		allow_where(program, SYS_open, ARG(1), changes, O_RDONLY, EACCES);
#endif
	}
	allow_where(program, SYS_mmap, ARG(2), PROT_EXEC, 0, EPERM);
	allow_where(program, SYS_mprotect, ARG(2), PROT_EXEC, 0, EPERM);
	/* signals to itself: a program ends this way after its cleanup */
	allow_where(program, SYS_tgkill, ARG(0), ~0u, (unsigned)getpid(), EPERM);
	if (!needs->terminal)
		allow_where(program, SYS_kill, ARG(0), ~0u, (unsigned)getpid(), EPERM);
	/* the pointer to the new limits */
	allow_where(program, SYS_prlimit64, ARG(2), ~0u, 0, EPERM);
	if (!needs->serves && !needs->writes) {
		allow_printing(program, SYS_write);
		allow_printing(program, SYS_writev);
	}
}

static void put_program(struct program *program, const struct kt_confine_needs *needs)
{
	put_start(program);
	put_arguments(program, needs);
	ALLOW(program, always);
	allow_ioctl(program, needs);
	if (needs->serves)
		ALLOW(program, serving);
	if (needs->serves) {
		/*
		 * a thread but not a process; clone3 hides its flags, so the library falls back to
		 * clone
		 */
		allow_where(program, SYS_clone, ARG(0), CLONE_THREAD, CLONE_THREAD, EPERM);
		fail(program, SYS_clone3, ENOSYS);
	}
	if (needs->removes)
		ALLOW(program, removing);
	if (needs->writes)
		ALLOW(program, writing);
	if (needs->terminal)
		allow(program, (const short[]){ SYS_kill }, 1);
	/* libraries try these and go on without them */
	fail(program, SYS_prctl, EPERM);
	fail(program, SYS_socket, EPERM);
	/* reading open files of other processes needs a dropped capability */
	fail(program, SYS_pidfd_open, EPERM);
	fail(program, SYS_pidfd_getfd, EPERM);
	fail(program, SYS_bpf, EPERM);
	put(program, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	give(program, SECCOMP_RET_ERRNO | ENOSYS);
	give(program, SECCOMP_RET_TRAP);
}

/* Only write and exit are safe in this handler. */
static void on_forbidden(int signal, siginfo_t *info, void *context)
{
	static const char head[] = "ktally: seccomp: system call ";
	static const char tail[] = " is not allowed here: an attack, or a bug to report\n";
	char text[sizeof(head) + sizeof(tail) + 16], digits[12];
	unsigned number = (unsigned)info->si_syscall;
	size_t at = sizeof(head) - 1, n = 0;

	(void)signal, (void)context;
	memcpy(text, head, at);
	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10) && n < sizeof(digits));
	while (n)
		text[at++] = digits[--n];
	memcpy(text + at, tail, sizeof(tail) - 1);
	if (write(STDERR_FILENO, text, at + sizeof(tail) - 1) < 0)
		_exit(1);
	_exit(1);
}

enum kt_confine_state kt_confine_seccomp(const struct kt_confine_needs *needs)
{
	struct sigaction action = { .sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO };
	struct program program = { .count = 0 };
	struct sock_fprog filter = { .filter = program.code };

	put_program(&program, needs);
	filter.len = program.count;
	if (program.count == CODE_MAX)
		return KT_CONFINE_FAILED;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return KT_CONFINE_UNSUPPORTED;
	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
		return KT_CONFINE_ON;
	return errno == EINVAL ? KT_CONFINE_UNSUPPORTED : KT_CONFINE_FAILED;
}

#else

enum kt_confine_state kt_confine_seccomp(const struct kt_confine_needs *needs)
{
	(void)needs;
	return KT_CONFINE_UNSUPPORTED;
}

#endif

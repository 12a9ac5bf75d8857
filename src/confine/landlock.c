// SPDX-License-Identifier: GPL-2.0-or-later
//
// Landlock by system calls, which the C library does not wrap. A handled right without a rule is
// denied: all other files, new connections, signals to other processes.

#include "confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * From linux/landlock.h, which older systems do not have; the numbers are the same on all
 * architectures.
 */
#define NR_CREATE_RULESET 444
#define NR_ADD_RULE	  445
#define NR_RESTRICT_SELF  446
#define VERSION		  1u /* flag of the first call: returns the version */
#define PATH_BENEATH	  1

struct ruleset {
	__u64 fs, net, scoped;
};

struct path_beneath {
	__u64 allowed;
	__s32 parent_fd;
} __attribute__((packed));

enum {
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_REG = 1 << 8,
	REFER = 1 << 13, /* an unnamed file that is linked into a directory */
	TRUNCATE = 1 << 14,
};

/*
 * Rights that each version of Landlock handles: 13 rights to files in version 1; later versions add
 * moves from one directory to another, truncation, and ioctl of devices; TCP from 4, abstract
 * sockets and signals from 6.
 */
static struct ruleset ruleset_of(int abi)
{
	static const __u64 fs[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
	const int last = (int)(sizeof(fs) / sizeof(fs[0])) - 1;

	return (struct ruleset){ fs[abi < last ? abi : last], abi >= 4 ? 3 : 0, abi >= 6 ? 3 : 0 };
}

static size_t ruleset_size(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 16 : 8;
}

int kt_landlock_abi(void)
{
	long abi = syscall(NR_CREATE_RULESET, NULL, (size_t)0, VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* Allows rights below a path; a missing path needs no rule. */
static void allow(int rules, __u64 handled, const char *path, __u64 rights)
{
	struct path_beneath rule = { .allowed = rights & handled,
		.parent_fd = path ? open(path, O_PATH | O_CLOEXEC) : -1 };
	struct stat st;

	if (rule.parent_fd < 0)
		return;
	/* the kernel refuses directory rights on a file */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= READ_FILE | WRITE_FILE | TRUNCATE;
	syscall(NR_ADD_RULE, rules, PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

static void allow_needs(int rules, __u64 handled, const struct kt_confine_needs *needs)
{
	static const char *const machine[] = { "/proc", "/sys", "/dev/kmsg" };
	/* without its locale a UTF-8 terminal gets ASCII */
	static const char *const terminal[] = { "/usr/share/terminfo", "/lib/terminfo",
		"/etc/terminfo", "/usr/lib/terminfo", "/usr/lib/locale", "/usr/share/i18n" };

	for (size_t i = 0; needs->machine && i < sizeof(machine) / sizeof(machine[0]); i++)
		allow(rules, handled, machine[i], READ_FILE | READ_DIR);
	for (size_t i = 0; needs->terminal && i < sizeof(terminal) / sizeof(terminal[0]); i++)
		allow(rules, handled, terminal[i], READ_FILE | READ_DIR);
	for (size_t i = 0; i < needs->nr_reads; i++)
		allow(rules, handled, needs->reads[i], READ_FILE | READ_DIR);
	allow(rules, handled, needs->writes,
		READ_FILE | READ_DIR | WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE | REFER);
	allow(rules, handled, needs->removes, REMOVE_FILE);
}

enum kt_confine_state kt_confine_landlock(const struct kt_confine_needs *needs)
{
	int abi = KT_SANITIZED ? 0 : kt_landlock_abi();
	struct ruleset handled = ruleset_of(abi);
	long rules, done = -1;

	if (!abi)
		return KT_CONFINE_UNSUPPORTED;
	if (needs->terminal)
		handled.scoped = 0; /* Ctrl-Z stops the whole job */
	rules = syscall(NR_CREATE_RULESET, &handled, ruleset_size(abi), 0);
	if (rules >= 0) {
		allow_needs((int)rules, handled.fs, needs);
		done = syscall(NR_RESTRICT_SELF, (int)rules, 0);
		close((int)rules);
	}
	return done == 0 ? KT_CONFINE_ON : KT_CONFINE_FAILED;
}

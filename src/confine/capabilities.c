// SPDX-License-Identifier: GPL-2.0-or-later
//
// Capabilities by system calls: libcap would be a library for five lines, and a confinement must
// not depend on installed libraries.

#include "confine/parts.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

#define BIT(cap) (1ull << (cap))

/*
 * True if a file belongs to another user: root without capabilities opens only root's own files,
 * and needs CAP_DAC_READ_SEARCH for these.
 */
static bool is_of_others(const struct kt_confine_needs *needs)
{
	struct stat st;

	for (size_t i = 0; i < needs->nr_reads; i++) {
		/* a directory may contain files of any user */
		if (stat(needs->reads[i], &st) == 0 &&
			(S_ISDIR(st.st_mode) || st.st_uid != geteuid()))
			return true;
	}
	return false;
}

/*
 * A server running as root keeps no capability: root owns its files. Another user was given
 * CAP_DAC_READ_SEARCH to read root's files (slabinfo) and CAP_SYSLOG for the kernel log; it keeps
 * these two.
 */
static unsigned long long wanted(const struct kt_confine_needs *needs)
{
	if (needs->serves || needs->terminal || needs->machine)
		return geteuid() == 0 ? 0 : BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_SYSLOG);
	return is_of_others(needs) ? BIT(CAP_DAC_READ_SEARCH) : 0;
}

enum kt_confine_state kt_confine_capabilities(
	const struct kt_confine_needs *needs, unsigned long long *ret_kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned long long keep = wanted(needs), has;

	*ret_kept = 0;
	if (syscall(SYS_capget, &header, data) < 0)
		return KT_CONFINE_UNSUPPORTED;
	has = data[0].permitted | (unsigned long long)data[1].permitted << 32;
	keep &= has;
	/* needs CAP_SETPCAP; a process without it cannot gain any by exec, with no_new_privs */
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (!(keep & BIT(cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (unsigned)(keep >> 32 * i);
		data[i].inheritable = 0;
	}
	*ret_kept = keep;
	/* a service manager may already have dropped them all and forbidden the call */
	if (syscall(SYS_capset, &header, data) < 0 && has != keep)
		return KT_CONFINE_FAILED;
	return KT_CONFINE_ON;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "confine/confine.h"

#include "base/attr.h"
#include "confine/parts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

static struct kt_confined confined; /* of the process: dropped rights do not come back */

void kt_confine_read(struct kt_confine_needs *needs, const char *path)
{
	if (path && needs->nr_reads < KT_CONFINE_PATHS)
		needs->reads[needs->nr_reads++] = path;
}

/*
 * Order: Landlock opens directories and needs the capabilities; the filter comes last because it
 * forbids the other steps.
 */
void kt_confine(const struct kt_confine_needs *needs)
{
	confined.no_new_privs =
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? KT_CONFINE_ON : KT_CONFINE_FAILED;
	confined.landlock_abi = kt_landlock_abi();
	confined.landlock = kt_confine_landlock(needs);
	confined.capabilities = kt_confine_capabilities(needs, &confined.kept);
	confined.seccomp = kt_confine_seccomp(needs);
}

const struct kt_confined *kt_confined(void)
{
	if (confined.no_new_privs == KT_CONFINE_OFF)
		confined.landlock_abi = kt_landlock_abi();
	return &confined;
}

static const char *missing(enum kt_confine_state state)
{
	return state == KT_CONFINE_FAILED ? "refused" : "not in this kernel or build";
}

const char *kt_confined_text(char ret[KT_CONFINE_TEXT])
{
	static const char *const names[] = { "Landlock", "seccomp filter" };
	const enum kt_confine_state states[] = { confined.landlock, confined.seccomp };
	int at = 0;

	if (confined.no_new_privs == KT_CONFINE_OFF) {
		snprintf(ret, KT_CONFINE_TEXT, "none");
		return ret;
	}
	at = snprintf(ret, KT_CONFINE_TEXT, "%s",
		confined.capabilities != KT_CONFINE_ON ? "capabilities kept"
		: confined.kept			       ? "few capabilities"
						       : "no capabilities");
	for (size_t i = 0; i < KT_LEN(states) && at > 0 && at < KT_CONFINE_TEXT; i++)
		at += snprintf(ret + at, (size_t)(KT_CONFINE_TEXT - at), ", %s%s%s", names[i],
			states[i] == KT_CONFINE_ON ? "" : ": ",
			states[i] == KT_CONFINE_ON ? "" : missing(states[i]));
	return ret;
}

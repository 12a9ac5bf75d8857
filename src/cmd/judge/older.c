// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/older.h"

#include "account/account.h"
#include "cases/facts_of.h"
#include "cmd/cases_needs.h"
#include "cmd/contents.h"
#include "machine/machine.h"

/* Returns seconds from one to the other, by the clock, else by the time since boot; KT_UNKNOWN. */
static int64_t seconds_between(const struct kt_host *then, const struct kt_host *now)
{
	int64_t seconds = KT_UNKNOWN;

	if (kt_known(then->taken_s) && kt_known(now->taken_s))
		seconds = now->taken_s - then->taken_s;
	else if (kt_known(then->uptime_s) && kt_known(now->uptime_s))
		seconds = now->uptime_s - then->uptime_s;
	return seconds >= 0 ? seconds : KT_UNKNOWN;
}

struct kt_err *kt_older_attach(const struct kt_call *call, const char *path,
	const struct kt_snapshot *now, struct kt_facts *facts, struct kt_facts *ret_older)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_machine_opts opts = call->machine;
	struct kt_err *err;

	opts.source = path;
	opts.root = NULL;
	opts.time_ms = 0;
	err = kt_machine_read(&opts, &machine, 0, kt_cases_needs_of(&opts));
	if (!err)
		err = kt_contents_blame(
			&machine, kt_account_compute(machine.snap, KT_NO_NODE, &account));
	if (err)
		return err;
	if (!kt_facts_of(machine.snap, &account, ret_older))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	facts->older_s = (double)seconds_between(&machine.snap->host, &now->host);
	if (facts->older_s < 0)
		return kt_err_new(KT_ERR_USAGE,
			"%s is not older than the other capture, or neither says when it was taken",
			path);
	facts->older = ret_older;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/cut_log.h"

#include "cases/oom.h"
#include "machine/machine.h"

struct kt_err *kt_cut_log_put(
	const struct kt_call *call, struct kt_report *report, struct kt_err *err)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *again = kt_machine_read(&call->machine, &machine, 0, &kt_machine_log);
	bool proved = !again && kt_oom_put(machine.snap, NULL, report);

	kt_err_free(again);
	if (!proved)
		return err;
	kt_machine_describe(&machine, report);
	report->judged = true;
	kt_report_note(report, "%s", kt_err_text(err));
	kt_err_free(err);
	return NULL;
}

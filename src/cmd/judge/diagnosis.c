// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/judge/diagnosis.h"

#include "account/account.h"
#include "cases/cases.h"
#include "cases/facts_of.h"
#include "cases/oom.h"
#include "cases/surroundings.h"
#include "cmd/cases_needs.h"
#include "cmd/contents.h"
#include "cmd/judge/culprit.h"
#include "cmd/judge/cut_log.h"
#include "cmd/judge/older.h"
#include "diagnose/growth.h"
#include "diagnose/moment.h"
#include "history/verdicts.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMED_MAX 8u	  /* findings whose holder is looked for: each reads kernel memory */
#define LEAST_MS  3600000 /* a shorter recording says little of growth */
#define FRESH_MS  3600000 /* a recording that ended earlier says nothing of now */

/* A diagnosis while it is made. */
struct work {
	const struct kt_call *call;
	const struct kt_diagnosis_options *options;
	struct kt_report *report;
	const struct kt_machine *machine;
	struct kt_snapshot *snap;
	struct kt_account account;
	struct kt_diagnosis *diagnosis;
	struct kt_history history;
	struct kt_judge *judge;
};

static int64_t known_or(struct kt_val val, int64_t otherwise)
{
	return kt_ok(val) ? val.value : otherwise;
}

/* Returns the path of the recording of this call; NULL: it has none. */
static const char *recording_of(const struct kt_call *call, const char *given)
{
	if (given)
		return given;
	if (call->machine.source)
		return kt_is_recording(call->machine.source) ? call->machine.source : NULL;
	return access(KT_RECORDING_DEFAULT, R_OK) == 0 ? KT_RECORDING_DEFAULT : NULL;
}

/* A recording of earlier says nothing of a machine that runs now. */
static bool is_fresh(const struct work *work)
{
	const struct kt_host *host = &work->snap->host;

	return !host->live || !kt_known(host->taken_s) ||
	       host->taken_s * 1000 - kt_history_last_ms(&work->history) < FRESH_MS;
}

static struct kt_err *judge_recording(struct work *work)
{
	struct kt_diagnosis *diagnosis = work->diagnosis;
	const struct kt_judge_options options = {
		.ram_bytes = known_or(kt_snapshot_get(work->snap, KT_MANAGED, KT_NO_NODE), 0)
	};
	int64_t until_ms = work->call->machine.time_ms;
	struct kt_err *err = kt_history_open(diagnosis->recording, &work->history);

	/* growth after the sample that is diagnosed is not known then */
	if (!err && until_ms)
		kt_history_limit(&work->history, INT64_MIN, until_ms);
	if (!err)
		err = kt_history_judge(&work->history, &options, &work->judge);
	if (err)
		return err;
	diagnosis->stale = !is_fresh(work);
	diagnosis->judged = !diagnosis->stale;
	diagnosis->nr_series = kt_judge_count(work->judge);
	diagnosis->from_ms = work->history.from_ms;
	diagnosis->to_ms = work->history.to_ms;
	return NULL;
}

static struct kt_culprits culprits_of(const struct work *work)
{
	return (struct kt_culprits){ .call = work->call,
		.machine = work->machine,
		.recording = work->diagnosis->recording,
		.arm_s = work->options->arm_s };
}

static void name_holders(const struct work *work)
{
	struct kt_report *report = work->report;
	struct kt_culprits culprits = culprits_of(work);
	size_t named = 0;

	for (size_t i = 0; i < report->findings.count && named < NAMED_MAX; i++) {
		if (!kt_growth_wants_name(&report->findings.items[i]))
			continue;
		kt_culprit_name(&culprits, report, &report->findings.items[i]);
		named++;
	}
	kt_culprits_fini(&culprits);
}

/* A watch is of the machine that runs, not of the source that was read. */
static void put_place(const struct work *work, struct kt_finding *finding)
{
	if (finding->next && strstr(finding->next, "--watch") && !work->snap->host.live)
		finding->next =
			kt_arena_printf(&work->report->arena, "on that machine: %s", finding->next);
}

/* Only findings that ask for something: each look costs as much as the account, or more. */
static void name_cases(const struct work *work)
{
	struct kt_report *report = work->report;
	struct kt_culprits culprits = culprits_of(work);
	size_t named = 0;

	for (size_t i = 0; i < report->findings.count && named < NAMED_MAX; i++) {
		struct kt_finding *finding = &report->findings.items[i];

		if (!finding->is_case || finding->severity == KT_SEVERITY_INFO)
			continue;
		kt_culprit_name_case(&culprits, report, finding);
		put_place(work, finding);
		named++;
	}
	kt_culprits_fini(&culprits);
}

static void put_growth(const struct work *work)
{
	const struct kt_growth_context context = {
		.left_bytes = work->diagnosis->available_bytes,
		.source = work->snap->host.live ? NULL : work->call->machine.source,
		.all = work->options->all,
	};

	kt_growth_put(work->report, work->judge, &context);
	kt_findings_rank(work->report);
	if (work->options->name_holders)
		name_holders(work);
}

static bool needs_action(const struct kt_report *report)
{
	for (size_t i = 0; i < report->findings.count; i++) {
		if (report->findings.items[i].severity > KT_SEVERITY_INFO)
			return true;
	}
	return false;
}

/*
 * The known cases that this reading shows. The surroundings explain findings: a healthy machine
 * gets one sentence.
 */
static struct kt_err *put_cases(const struct work *work)
{
	const char *directories[] = { KT_CASES_DIRECTORY, work->options->cases };
	struct kt_cases cases = { 0 };
	struct kt_facts facts, older;
	struct kt_err *err;

	kt_facts_init(&facts);
	kt_facts_init(&older);
	err = kt_cases_open(directories, work->options->cases ? 2 : 1, &cases);
	if (err && kt_err_code(err) == KT_ERR_DENIED && !work->options->cases) {
		/* a confined server may not read a directory that is newer than itself */
		kt_report_note(
			work->report, "without the machine's own cases: %s", kt_err_text(err));
		kt_err_free(err);
		kt_cases_cleanup(&cases);
		cases = (struct kt_cases){ 0 };
		err = kt_cases_open(NULL, 0, &cases);
	}
	if (!err && !kt_facts_of(work->snap, &work->account, &facts))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err && work->options->older)
		err = kt_older_attach(work->call, work->options->older, work->snap, &facts, &older);
	if (!err) {
		kt_cases_explain_growth(&cases, &facts, work->report);
		kt_cases_put(&cases, &facts, work->report);
		if (work->options->all || needs_action(work->report))
			kt_surroundings_put(&facts, work->report);
	}
	kt_facts_cleanup(&older);
	kt_facts_cleanup(&facts);
	kt_cases_cleanup(&cases);
	return err;
}

static void take_amounts(const struct work *work)
{
	struct kt_diagnosis *diagnosis = work->diagnosis;

	diagnosis->available_bytes =
		known_or(kt_snapshot_get(work->snap, KT_MEM_AVAILABLE, KT_NO_NODE), KT_UNKNOWN);
	diagnosis->kernel_bytes =
		known_or(kt_account_line(&work->account, KT_ROW_KERNEL)->val, KT_UNKNOWN);
	diagnosis->unattributed_bytes =
		known_or(kt_account_line(&work->account, KT_ROW_UNATTRIBUTED)->val, KT_UNKNOWN);
}

static struct kt_err *diagnose(struct work *work)
{
	struct kt_diagnosis *diagnosis = work->diagnosis;
	struct kt_err *err = kt_account_compute(work->snap, KT_NO_NODE, &work->account);

	if (err)
		return err;
	take_amounts(work);
	if (diagnosis->recording)
		err = judge_recording(work);
	if (err)
		return err;
	work->report->judged = true;
	if (diagnosis->judged)
		put_growth(work);
	kt_oom_put(work->snap, &work->account, work->report);
	kt_moment_put(work->report, work->snap, &work->account);
	err = put_cases(work);
	if (work->options->name_holders)
		name_cases(work);
	kt_findings_rank(work->report);
	return err;
}

struct kt_err *kt_diagnose(const struct kt_call *call, const struct kt_diagnosis_options *options,
	struct kt_report *report, struct kt_diagnosis *ret_diagnosis)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct work work = {
		.call = call, .options = options, .report = report, .diagnosis = ret_diagnosis
	};
	struct kt_err *err;

	*ret_diagnosis =
		(struct kt_diagnosis){ .recording = recording_of(call, options->recording) };
	err = kt_machine_read(&call->machine, &machine, 0, kt_cases_needs_of(&call->machine));
	if (err)
		return call->machine.source ? kt_cut_log_put(call, report, err) : err;
	if (kt_cases_want_tasks(machine.snap)) {
		kt_machine_cleanup(&machine);
		machine = (struct kt_machine){ 0 };
		err = kt_machine_read(&call->machine, &machine, 0, &kt_cases_needs_tasks);
	}
	if (err)
		return err;
	work.machine = &machine;
	work.snap = machine.snap;
	ret_diagnosis->one_time = kt_memreport_of(machine.snap);
	kt_machine_describe(&machine, report);
	err = kt_contents_blame(&machine, diagnose(&work));
	kt_judge_free(work.judge);
	kt_history_cleanup(&work.history);
	kt_account_cleanup(&work.account);
	return err;
}

/* "nothing is wrong" is a statement about the judged time, so the sentence names it. */
const char *kt_diagnosis_healthy(const struct kt_diagnosis *diagnosis, struct kt_report *report)
{
	/* whole minutes of samples, none of them rounded up */
	int64_t minutes = (diagnosis->to_ms - diagnosis->from_ms) / 60000;
	const char *span;

	if (!diagnosis->judged)
		return "nothing unusual in one reading";
	span = kt_report_span(report, minutes * 60);
	if (!span)
		return NULL;
	if (diagnosis->to_ms - diagnosis->from_ms < LEAST_MS)
		return kt_arena_printf(&report->arena,
			"nothing is wrong so far: growth shows after an hour of samples, and the "
			"recording has %s",
			span);
	return kt_arena_printf(&report->arena,
		"nothing is wrong: %zu caches and rows judged over %s", diagnosis->nr_series, span);
}

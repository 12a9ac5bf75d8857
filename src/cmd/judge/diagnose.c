// SPDX-License-Identifier: GPL-2.0-or-later
//
// Says what is wrong with a machine: findings, the gravest first, each with evidence, holder,
// remedy and the next command. Time series give verdicts on growth, one reading gives the known
// cases; the command takes what there is, and says what the input cannot show.

#include "account/account.h"
#include "base/human.h"
#include "base/memory.h"
#include "cases/cases.h"
#include "cases/facts_of.h"
#include "cli/cmd.h"
#include "cmd/cases_needs.h"
#include "cmd/contents.h"
#include "cmd/judge/culprit.h"
#include "diagnose/growth.h"
#include "diagnose/moment.h"
#include "history/verdicts.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMED_MAX 8u	  /* findings whose holder is looked for: each reads kernel memory */
#define FRESH_MS  3600000 /* a recording that ended earlier says nothing of now */

struct diagnose_args {
	const char *recording, *cases;
};

/* The judged stretch of time. */
struct judged {
	struct kt_history history;
	struct kt_judge *judge;
};

static void judged_fini(struct judged *judged)
{
	kt_judge_free(judged->judge);
	kt_history_cleanup(&judged->history);
}

static int64_t ram_of(const struct kt_snapshot *snap)
{
	struct kt_val managed = kt_snapshot_get(snap, KT_MANAGED, KT_NO_NODE);

	return kt_ok(managed) ? managed.value : 0;
}

/* Returns the path of the recording of this call; NULL: it has none. */
static const char *recording_of(const struct kt_call *call)
{
	const struct diagnose_args *args = kt_call_own(call);

	if (args->recording)
		return args->recording;
	if (call->machine.source)
		return kt_is_recording(call->machine.source) ? call->machine.source : NULL;
	return access(KT_RECORDING_DEFAULT, R_OK) == 0 ? KT_RECORDING_DEFAULT : NULL;
}

static struct kt_err *judge_recording(const char *path, int64_t ram_bytes, struct judged *judged)
{
	const struct kt_judge_options options = { .ram_bytes = ram_bytes };
	struct kt_err *err = kt_history_open(path, &judged->history);

	return err ? err : kt_history_judge(&judged->history, &options, &judged->judge);
}

/* A recording of earlier says nothing of a machine that runs now. */
static bool is_fresh(const struct judged *judged, const struct kt_snapshot *snap)
{
	return !snap->host.live || !kt_known(snap->host.taken_s) ||
	       snap->host.taken_s * 1000 - kt_history_last_ms(&judged->history) < FRESH_MS;
}

static void name_holders(const struct kt_call *call, struct kt_report *report)
{
	size_t named = 0;

	for (size_t i = 0; i < report->findings.count && named < NAMED_MAX; i++) {
		if (!kt_growth_wants_name(&report->findings.items[i]))
			continue;
		kt_culprit_name(call, report, &report->findings.items[i]);
		named++;
	}
}

static void put_growth(const struct kt_call *call, const struct kt_snapshot *snap,
	const struct judged *judged, struct kt_report *report)
{
	struct kt_val left = kt_snapshot_get(snap, KT_MEM_AVAILABLE, KT_NO_NODE);
	const struct kt_growth_context context = {
		.left_bytes = kt_ok(left) ? left.value : KT_UNKNOWN,
		.source = snap->host.live ? NULL : call->machine.source,
		.all = call->show.all,
	};

	kt_growth_put(report, judged->judge, &context);
	kt_findings_rank(report);
	name_holders(call, report);
}

/* The known cases that this reading shows. */
static struct kt_err *put_cases(const struct kt_call *call, const struct kt_snapshot *snap,
	const struct kt_account *account, struct kt_report *report)
{
	const struct diagnose_args *args = kt_call_own(call);
	const char *directories[] = { KT_CASES_DIRECTORY, args->cases };
	struct kt_cases cases = { 0 };
	struct kt_facts facts;
	struct kt_err *err;

	kt_facts_init(&facts);
	err = kt_cases_open(directories, args->cases ? 2 : 1, &cases);
	if (!err && !kt_facts_of(snap, account, &facts))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		kt_cases_put(&cases, &facts, report);
	kt_facts_cleanup(&facts);
	kt_cases_cleanup(&cases);
	return err;
}

static void put_span(int64_t ms, char ret[32])
{
	long long minutes = ms / 60000;

	if (minutes < 120)
		snprintf(ret, 32, "%lld min", minutes);
	else if (minutes < 2880)
		snprintf(ret, 32, "%lld h", minutes / 60);
	else
		snprintf(ret, 32, "%lld days", minutes / 1440);
}

/* "nothing is wrong" is a statement about the judged time, so the sentence names it. */
static void put_headline(struct kt_report *report, const struct judged *judged)
{
	size_t counts[KT_NR_SEVERITIES] = { 0 }, told;
	char span[32] = "";

	if (judged->judge)
		put_span(judged->history.to_ms - judged->history.from_ms, span);
	for (size_t i = 0; i < report->findings.count; i++)
		counts[report->findings.items[i].severity]++;
	told = report->findings.count - counts[KT_SEVERITY_INFO];
	if (!told && judged->judge)
		kt_report_headline(report, "nothing is wrong: %zu caches and rows judged over %s",
			kt_judge_count(judged->judge), span);
	else if (!told)
		kt_report_headline(report, "nothing unusual in one reading");
	else
		kt_report_headline(report,
			"%zu finding%s: %zu critical, %zu warning%s, %zu notice%s", told,
			told == 1 ? "" : "s", counts[KT_SEVERITY_CRITICAL],
			counts[KT_SEVERITY_WARNING], counts[KT_SEVERITY_WARNING] == 1 ? "" : "s",
			counts[KT_SEVERITY_NOTICE], counts[KT_SEVERITY_NOTICE] == 1 ? "" : "s");
}

/* Text leaves out findings that need no action. */
static void cut(const struct kt_call *call, struct kt_report *report)
{
	size_t kept = 0;

	if (call->show.all || !call->show.output->for_people)
		return;
	for (size_t i = 0; i < report->findings.count; i++) {
		if (report->findings.items[i].severity != KT_SEVERITY_INFO)
			report->findings.items[kept++] = report->findings.items[i];
	}
	if (report->findings.count > kept)
		kt_report_note(report, "-a shows %zu more that need no action",
			report->findings.count - kept);
	report->findings.count = kept;
}

static void put_limits(const struct kt_call *call, const struct kt_snapshot *snap,
	const struct judged *judged, bool stale, struct kt_report *report)
{
	if (stale)
		kt_report_note(report,
			"the recording %s ended over an hour before: growth is judged "
			"without it; 'ktally record' goes on with it",
			judged->history.path);
	else if (!judged->judge && kt_memreport_of(snap))
		kt_report_note(
			report, "a memory report shows one time: whether memory grew is not known");
	else if (!judged->judge)
		kt_report_note(report, "one reading cannot show growth: %s",
			call->machine.source
				? "a recording of the machine does (ktally record)"
				: "'ktally record' in the background makes the recording "
				  "that does");
}

static const struct kt_shape shape = {
	.schema = "ktally/diagnose/1",
	.parts = KT_PARTS(&kt_host_part, &kt_findings_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	const char *recording = recording_of(call);
	struct judged judged = { 0 };
	bool stale = false;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &kt_cases_needs);
	if (!err)
		err = kt_contents_blame(
			&machine, kt_account_compute(machine.snap, KT_NO_NODE, &account));
	if (!err && recording)
		err = judge_recording(recording, ram_of(machine.snap), &judged);
	if (err) {
		judged_fini(&judged);
		return err;
	}
	kt_machine_describe(&machine, report);
	report->judged = true;
	stale = judged.judge && !is_fresh(&judged, machine.snap);
	if (stale) {
		kt_judge_free(judged.judge);
		judged.judge = NULL;
	}
	if (judged.judge)
		put_growth(call, machine.snap, &judged, report);
	kt_moment_put(report, machine.snap, &account);
	err = put_cases(call, machine.snap, &account, report);
	kt_findings_rank(report);
	put_headline(report, &judged);
	cut(call, report);
	put_limits(call, machine.snap, &judged, stale, report);
	judged_fini(&judged);
	return err;
}

static const struct kt_option options[] = {
	{ 0, "recording", "FILE", "the recording of this machine that growth is judged by",
		.kind = KT_ARG_RECORDING, KT_AT(struct diagnose_args, recording) },
	{ 0, "cases", "DIRECTORY", "cases of your own, in addition to " KT_CASES_DIRECTORY,
		.kind = KT_ARG_FILE, KT_AT(struct diagnose_args, cases) },
};

static const struct kt_example examples[] = {
	{ "ktally diagnose", "is something wrong with this machine" },
	{ "ktally diagnose -s r.rec", "what grew on the machine of a recording, and why" },
	{ "ktally diagnose -s sos.tar.xz", "what one capture proves" },
	{ "ktally diagnose -a", "also what needs no action: caches that fill, steps, spikes" },
};

const struct kt_cmd kt_cmd_diagnose = {
	.name = "diagnose",
	.summary = "what is wrong, how sure, whose fault, what to do",
	.help = "Says what is wrong with the memory of a machine: findings, the gravest first. "
		"Each has its evidence in figures, how sure it is, when memory will be short, who "
		"holds the memory, what brings it back and what that costs, and a command that "
		"says "
		"more. A healthy machine gets one sentence.\n\n"
		"Growth is judged over time: with the recording of this machine, or with -s FILE. "
		"Every slab cache and row is normal, a cache that fills, churn, a step, a spike, a "
		"drop, a saw-tooth, follows a number of the machine, is out of proportion to it, "
		"grows and is not yet known, or leaks. Nothing is called a leak until its holder "
		"has a name. One reading (a capture, a dump, a log) shows the known cases, which "
		"'ktally explain CASE' describes, and rows above their usual share.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct diagnose_args),
	.shape = &shape,
	.run = run,
};

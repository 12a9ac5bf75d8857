// SPDX-License-Identifier: GPL-2.0-or-later
//
// Says what is wrong with a machine: findings, the gravest first, each with evidence, holder,
// remedy and the next command. Time series give verdicts on growth, one reading gives the known
// cases; the command takes what there is, and says what the input cannot show.

#include "cases/cases.h"
#include "cli/cmd.h"
#include "cmd/judge/diagnosis.h"
#include "machine/machine.h"
#include "report/findings.h"

struct diagnose_args {
	const char *recording, *cases, *older;
	double arm_s;
};

static void put_headline(struct kt_report *report, const struct kt_diagnosis *diagnosis)
{
	size_t counts[KT_NR_SEVERITIES] = { 0 }, told;
	const char *healthy = kt_diagnosis_healthy(diagnosis, report);

	for (size_t i = 0; i < report->findings.count; i++)
		counts[report->findings.items[i].severity]++;
	told = report->findings.count - counts[KT_SEVERITY_INFO];
	if (!told)
		kt_report_headline(report, "%s", healthy ? healthy : "");
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

static void put_limits(
	const struct kt_call *call, const struct kt_diagnosis *diagnosis, struct kt_report *report)
{
	if (diagnosis->stale)
		kt_report_note(report,
			"the recording %s ended over an hour before: growth is judged "
			"without it; 'ktally record' goes on with it",
			diagnosis->recording);
	else if (!diagnosis->judged && diagnosis->one_time)
		kt_report_note(
			report, "a memory report shows one time: whether memory grew is not known");
	else if (!diagnosis->judged)
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
	const struct diagnose_args *args = kt_call_own(call);
	const struct kt_diagnosis_options options = { .recording = args->recording,
		.cases = args->cases,
		.older = args->older,
		.all = call->show.all,
		.name_holders = call->once,
		.arm_s = args->arm_s };
	struct kt_diagnosis diagnosis;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_diagnose(call, &options, report, &diagnosis);
	if (err)
		return err;
	put_headline(report, &diagnosis);
	cut(call, report);
	put_limits(call, &diagnosis, report);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "recording", "FILE", "the recording of this machine that growth is judged by",
		.kind = KT_ARG_RECORDING, KT_AT(struct diagnose_args, recording) },
	{ 0, "arm", "TIME",
		"watch what grows for this time, to name whose allocations are not freed: 30s; "
		"needs root",
		.kind = KT_ARG_SECONDS, KT_AT(struct diagnose_args, arm_s) },
	{ 0, "cases", "DIRECTORY", "cases of your own, in addition to " KT_CASES_DIRECTORY,
		.kind = KT_ARG_DIRECTORY, KT_AT(struct diagnose_args, cases) },
	{ 0, "older", "SOURCE", "an older capture of the machine: cases also see growth",
		.kind = KT_ARG_SOURCE, KT_AT(struct diagnose_args, older) },
};

static const struct kt_example examples[] = {
	{ "ktally diagnose", "is something wrong with this machine" },
	{ "ktally diagnose --arm 60s", "watch what grows and has no known holder" },
	{ "ktally diagnose -s r.rec", "what grew on the machine of a recording, and why" },
	{ "ktally diagnose -s before.tar.zst", "what one capture proves" },
	{ "ktally diagnose -s after.tar.zst --older before.tar.zst", "what grew between two" },
	{ "ktally diagnose -a", "also what needs no action: caches that fill, steps, spikes" },
};

const struct kt_cmd kt_cmd_diagnose = {
	.name = "diagnose",
	.summary = "what is wrong, who holds it, what to do",
	.help = "Says what is wrong with the memory of a machine: findings, the gravest first. "
		"Each has its evidence in figures, how sure it is, when memory will be short, who "
		"holds the memory, what brings it back and what that costs, and a command that "
		"says "
		"more. A healthy machine gets one sentence.\n\n"
		"Growth is judged over time: with the recording of this machine, or with -s FILE. "
		"Every slab cache and row is normal, a cache that fills, churn, a step, a spike, a "
		"drop, a saw-tooth, follows a number of the machine, is out of proportion to it, "
		"grows and is not yet known, or leaks. Nothing is called a leak until its holder "
		"has a name: the function or module in which most of the growth is. What a "
		"process or a directory of cgroups holds follows it, and is no leak of the kernel. "
		"Most kernels do not keep who allocated: where no list has the holder, --arm "
		"watches the allocations of what grows, one after the other, and names whose are "
		"not freed. One reading (a capture, a dump, a log) shows the known cases, which "
		"'ktally explain CASE' describes, who holds what they are about where lists or "
		"kernel memory have it, and rows above their usual share.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct diagnose_args),
	.web = KT_WEB_PLAIN,
	.shape = &shape,
	.reads = KT_CASES_DIRECTORY,
	.run = run,
};

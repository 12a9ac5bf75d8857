// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/alert/alert.h"

#include "account/account.h"
#include "base/memory.h"
#include "cases/cases.h"
#include "cases/facts_of.h"
#include "cmd/alert/hook.h"
#include "cmd/alert/journal.h"
#include "cmd/recorded_findings.h"
#include "diagnose/growth.h"
#include "diagnose/moment.h"
#include "history/live.h"
#include "history/verdicts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORTED_MAX 64u
#define EVERY_MS     60000ll  /* between two looks at verdicts that have changed */
#define RESOLVED_MS  600000ll /* a finding that is missing for so long is resolved */

/* A finding that was reported; its texts outlive the report that had it. */
struct reported {
	char id[48], state[48], subject[128], title[256];
	enum kt_severity severity;
	int64_t bytes;
	int64_t missing_ms; /* since boot, since when; -1: it is there */
};

struct kt_alert {
	struct kt_alert_options options;
	struct kt_live live;
	struct kt_cases cases;
	struct kt_hook hook;
	struct reported reported[REPORTED_MAX];
	size_t nr_reported;
	struct kt_buf marks; /* each ended by 0 */
	/* of the last reading of everything */
	struct kt_report moment;
	struct kt_account account;
	bool has_account; /* the judge has not seen it */
	int64_t left_bytes;
	bool changed, filling;
	int64_t from_ms;    /* first sample, since 1970; 0: none */
	int64_t looked_ms;  /* since boot; last look at the verdicts; 0: none */
	int64_t written_ms; /* since boot; the file; 0: never */
	bool write_told;    /* that the file cannot be written */
};

/* ---- notices ---- */

static struct kt_finding finding_of(const struct reported *reported)
{
	return (struct kt_finding){ .id = reported->id,
		.severity = reported->severity,
		.state = reported->state,
		.subject = reported->subject,
		.title = reported->title,
		.bytes = reported->bytes,
		.hourly_bytes = KT_UNKNOWN,
		.since_ms = KT_UNKNOWN,
		.short_low_s = KT_UNKNOWN,
		.short_high_s = KT_UNKNOWN };
}

/* Short, because a report shows it at the end of a line. */
static void add_mark(struct kt_alert *alert, const char *word, const struct kt_finding *finding)
{
	kt_buf_printf(&alert->marks, "%s: %s %s", word, finding->id, finding->subject);
	kt_buf_add(&alert->marks, "", 1);
}

static void tell(
	struct kt_alert *alert, enum kt_notice_event event, const struct kt_finding *finding)
{
	const struct kt_call *call = alert->options.call;
	const struct kt_notice notice = { event, finding };
	const char *word =
		event == KT_NOTICE_RESOLVED ? "resolved" : kt_severity_name(finding->severity);
	KT_CLEANUP(buf) struct kt_buf entry = { 0 };
	char line[512];

	kt_journal_entry(&notice, &entry);
	add_mark(alert, word, finding);
	/* files given with -s are not of the machine whose journal this is */
	if (call->machine.source)
		return;
	if (!call->console || !call->console->journal || !kt_journal_send(&entry)) {
		snprintf(line, sizeof(line), "%s: %s", word, finding->title);
		kt_call_say(call, line);
	}
	kt_hook_add(&alert->hook, &notice);
}

/* ---- the findings that were reported ---- */

static struct reported *reported_of(struct kt_alert *alert, const struct kt_finding *finding)
{
	for (size_t i = 0; i < alert->nr_reported; i++) {
		if (strcmp(alert->reported[i].id, finding->id) == 0 &&
			strcmp(alert->reported[i].subject, finding->subject) == 0)
			return &alert->reported[i];
	}
	return NULL;
}

static void note(struct reported *reported, const struct kt_finding *finding)
{
	snprintf(reported->id, sizeof(reported->id), "%s", finding->id);
	snprintf(reported->state, sizeof(reported->state), "%s",
		finding->state ? finding->state : "");
	snprintf(reported->subject, sizeof(reported->subject), "%s", finding->subject);
	snprintf(reported->title, sizeof(reported->title), "%s",
		finding->title ? finding->title : "");
	reported->severity = finding->severity;
	reported->bytes = finding->bytes;
	reported->missing_ms = -1;
}

/* Findings beyond REPORTED_MAX are in the file only: their machine has other sorrows. */
static void take_finding(struct kt_alert *alert, const struct kt_finding *finding)
{
	struct reported *reported = reported_of(alert, finding);
	enum kt_notice_event event = reported ? KT_NOTICE_CHANGED : KT_NOTICE_BEGUN;
	bool is_news = !reported || reported->severity != finding->severity;

	if (finding->severity < KT_SEVERITY_WARNING)
		return;
	if (!reported && alert->nr_reported < REPORTED_MAX)
		reported = &alert->reported[alert->nr_reported++];
	if (!reported)
		return;
	note(reported, finding);
	if (is_news)
		tell(alert, event, finding);
}

static void end_missing(struct kt_alert *alert, int64_t boot_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < alert->nr_reported; i++) {
		struct reported *reported = &alert->reported[i];
		struct kt_finding finding = finding_of(reported);

		if (reported->missing_ms >= 0 && boot_ms - reported->missing_ms >= RESOLVED_MS) {
			tell(alert, KT_NOTICE_RESOLVED, &finding);
			continue;
		}
		alert->reported[kept++] = *reported;
	}
	alert->nr_reported = kept;
}

static void compare(struct kt_alert *alert, const struct kt_report *report, int64_t boot_ms)
{
	for (size_t i = 0; i < alert->nr_reported; i++) {
		if (alert->reported[i].missing_ms < 0)
			alert->reported[i].missing_ms = boot_ms;
	}
	for (size_t i = 0; i < report->findings.count; i++)
		take_finding(alert, &report->findings.items[i]);
	end_missing(alert, boot_ms);
}

/* ---- the file ---- */

/* Replaces the file as a whole, so that readers never see half of it. */
static bool replace(const char *path, const char *made, const struct kt_buf *text)
{
	int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, text->data, text->size) == (ssize_t)text->size;

	if (fd >= 0)
		close(fd);
	return good && rename(made, path) == 0;
}

static void write_file(struct kt_alert *alert, const struct kt_report *report, int64_t real_ms)
{
	const char *recording = alert->options.recording;
	const struct kt_recorded recorded = { .written_ms = real_ms,
		.from_ms = alert->from_ms,
		.nr_series = (int64_t)kt_judge_count(alert->live.feed.judge) };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	char path[4096], made[4096], line[4200];

	kt_recorded_write(report, &recorded, &text);
	if (text.failed ||
		snprintf(path, sizeof(path), "%s" KT_RECORDED_SUFFIX, recording) >=
			(int)sizeof(path) ||
		snprintf(made, sizeof(made), "%s" KT_RECORDED_SUFFIX ".new", recording) >=
			(int)sizeof(made))
		return;
	if (replace(path, made, &text)) {
		alert->write_told = false;
		return;
	}
	snprintf(line, sizeof(line), "%s: %s; findings are not kept", path, strerror(errno));
	if (!alert->write_told)
		kt_call_say(alert->options.call, line);
	alert->write_told = true;
}

/* ---- the judge ---- */

static void on_change(void *arg, size_t series, const struct kt_judged *judged)
{
	struct kt_alert *alert = arg;

	(void)series;
	(void)judged;
	alert->changed = !alert->filling;
}

static struct kt_err *look(struct kt_alert *alert, int64_t real_ms, int64_t boot_ms)
{
	const struct kt_growth_context context = { .left_bytes = alert->left_bytes };
	KT_CLEANUP(report) struct kt_report report = { 0 };

	kt_growth_put(&report, alert->live.feed.judge, &context);
	for (size_t i = 0; i < alert->moment.findings.count; i++) {
		struct kt_finding *slot = kt_list_push(&report.arena, &report.findings);

		if (slot)
			*slot = alert->moment.findings.items[i];
	}
	if (report.arena.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_findings_rank(&report);
	compare(alert, &report, boot_ms);
	write_file(alert, &report, real_ms);
	alert->looked_ms = alert->written_ms = boot_ms;
	alert->changed = false;
	return NULL;
}

struct kt_err *kt_alert_sample(
	struct kt_alert *alert, struct kt_draft *draft, int64_t real_ms, int64_t boot_ms)
{
	struct kt_err *err = kt_live_sample(
		&alert->live, draft, alert->has_account ? &alert->account : NULL, real_ms, boot_ms);
	bool due = alert->has_account || !alert->looked_ms ||
		   (alert->changed && boot_ms - alert->looked_ms >= EVERY_MS);
	char text[160];
	const char *trouble;

	if (alert->has_account)
		kt_account_cleanup(&alert->account);
	alert->has_account = false;
	if (!alert->from_ms)
		alert->from_ms = real_ms;
	for (size_t i = 0; i < alert->nr_reported && !due; i++)
		due = alert->reported[i].missing_ms >= 0 && boot_ms - alert->looked_ms >= EVERY_MS;
	if (!err && due)
		err = look(alert, real_ms, boot_ms);
	trouble = kt_hook_step(&alert->hook, boot_ms, text);
	if (trouble)
		kt_call_say(alert->options.call, trouble);
	return err;
}

void kt_alert_mark(struct kt_alert *alert, struct kt_draft *draft)
{
	for (size_t at = 0; at < alert->marks.size && !alert->marks.failed;
		at += strlen(alert->marks.data + at) + 1)
		kt_draft_mark(draft, KT_MARK_FINDING, alert->marks.data + at);
	kt_buf_cleanup(&alert->marks);
	alert->marks = (struct kt_buf){ 0 };
}

/* ---- a reading ---- */

static struct kt_err *put_moment(struct kt_alert *alert, const struct kt_snapshot *snap)
{
	struct kt_facts facts;

	kt_report_cleanup(&alert->moment);
	alert->moment = (struct kt_report){ 0 };
	kt_moment_put(&alert->moment, snap, &alert->account);
	kt_facts_init(&facts);
	if (kt_facts_of(snap, &alert->account, &facts))
		kt_cases_put(&alert->cases, &facts, &alert->moment);
	else
		alert->moment.arena.failed = true;
	kt_facts_cleanup(&facts);
	return alert->moment.arena.failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

struct kt_err *kt_alert_read(struct kt_alert *alert, struct kt_snapshot *snap)
{
	struct kt_err *err;
	struct kt_val left;

	if (alert->has_account)
		kt_account_cleanup(&alert->account);
	alert->has_account = false;
	err = kt_account_compute(snap, KT_NO_NODE, &alert->account);
	if (err) {
		kt_account_cleanup(&alert->account);
		if (kt_err_code(err) == KT_ERR_NOMEM)
			return err;
		kt_err_free(err);
		return NULL;
	}
	alert->has_account = true;
	left = kt_snapshot_get(snap, KT_MEM_AVAILABLE, KT_NO_NODE);
	alert->left_bytes = kt_ok(left) ? left.value : KT_UNKNOWN;
	return put_moment(alert, snap);
}

/* ---- the beginning ---- */

/* Findings that the recorder before it reported are not reported again. */
static void recall(struct kt_alert *alert, int64_t last_ms)
{
	KT_CLEANUP(report) struct kt_report report = { 0 };
	struct kt_recorded recorded;

	if (!kt_recorded_read(alert->options.recording, last_ms, &report, &recorded))
		return;
	for (size_t i = 0; i < report.findings.count && alert->nr_reported < REPORTED_MAX; i++) {
		if (report.findings.items[i].severity >= KT_SEVERITY_WARNING)
			note(&alert->reported[alert->nr_reported++], &report.findings.items[i]);
	}
}

/* A recording that cannot be read is the writer's to complain about. */
static struct kt_err *fill(struct kt_alert *alert)
{
	struct kt_history history = { 0 };
	struct kt_err *err = kt_history_open(alert->options.recording, &history);

	alert->filling = true;
	if (!err)
		err = kt_history_feed(&history, &alert->live.feed);
	if (!err) {
		alert->from_ms = history.from_ms;
		recall(alert, kt_history_last_ms(&history));
	}
	alert->filling = false;
	kt_history_cleanup(&history);
	kt_memory_give_back();
	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_err_free(err);
	return NULL;
}

static struct kt_err *open_cases(struct kt_alert *alert)
{
	const char *directories[] = { KT_CASES_DIRECTORY };
	struct kt_err *err = kt_cases_open(directories, 1, &alert->cases);

	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_call_say(alert->options.call, kt_err_text(err));
	kt_err_free(err);
	return NULL;
}

struct kt_err *kt_alert_new(const struct kt_alert_options *options, struct kt_alert **ret_alert)
{
	struct kt_alert *alert = calloc(1, sizeof(*alert));
	const struct kt_judge_options judge = {
		.ram_bytes = options->ram_bytes, .changed = on_change, .changed_arg = alert
	};
	struct kt_err *err;

	*ret_alert = alert;
	if (!alert)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	alert->options = *options;
	alert->left_bytes = KT_UNKNOWN;
	err = kt_hook_init(&alert->hook, options->program);
	if (!err)
		err = kt_live_init(&alert->live, &judge);
	if (!err)
		err = open_cases(alert);
	return err ? err : fill(alert);
}

void kt_alert_free(struct kt_alert *alert)
{
	if (!alert)
		return;
	kt_hook_fini(&alert->hook);
	kt_live_fini(&alert->live);
	kt_cases_cleanup(&alert->cases);
	kt_report_cleanup(&alert->moment);
	if (alert->has_account)
		kt_account_cleanup(&alert->account);
	kt_buf_cleanup(&alert->marks);
	free(alert);
}

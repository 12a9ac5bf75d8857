// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnose/moment.h"

#include "report/memreport_text.h"
#include "verdict/verdict.h"

/*
 * Unevictable and locked memory cannot be reclaimed. The finding appears from 2 % of managed memory
 * on: below, it explains no shortage. Reclaim skips these pages however large the pressure is.
 */
static void put_locked(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_val val = kt_snapshot_get(snap, KT_UNEVICTABLE, KT_NO_NODE);
	struct kt_val total = kt_snapshot_get(snap, KT_MANAGED, KT_NO_NODE);
	struct kt_finding *finding;

	if (!kt_ok(val) || !kt_ok(total) || val.value < total.value / 50)
		return;
	finding = kt_report_finding(
		report, "locked", KT_SEVERITY_INFO, kt_verdict_name(KT_VERDICT_NORMAL), "user");
	if (!finding)
		return;
	finding->bytes = val.value;
	finding->title = kt_arena_printf(&report->arena,
		"%s of processes and cache cannot be reclaimed (locked, or in ramfs)",
		kt_report_bytes(report, val.value));
}

/*
 * Advice needs a number that the true value reaches. An estimate is good enough if the totals are
 * known, so that only the division between rows is estimated.
 */
static bool is_sure(const struct kt_account *account, const struct kt_line *line)
{
	if (line->row == KT_ROW_UNATTRIBUTED && !account->rest_has_meaning)
		return false;
	switch (line->val.quality) {
	case KT_EXACT:
	case KT_LOWER_BOUND: return kt_ok(line->val);
	case KT_UPPER_BOUND: return false;
	case KT_ESTIMATE: break;
	}
	return kt_ok(line->val) && account->totals_exact &&
	       (line->row != KT_ROW_UNATTRIBUTED || !account->error_unknown);
}

/*
 * Tables of mappings of files and shared memory need such mappings: where hardly any page of them
 * is mapped, they are not the cause.
 */
static const char *cause_of(const struct kt_line *line, const struct kt_snapshot *snap)
{
	struct kt_val mapped = kt_snapshot_get(snap, KT_MAPPED, KT_NO_NODE);

	if (line->row == KT_ROW_PAGE_TABLES && kt_ok(mapped) && mapped.value < line->val.value)
		return "Large or sparse mappings of anonymous memory, or many processes: files and "
		       "shared memory are hardly mapped here.";
	return kt_rows[line->row].grows;
}

static void put_row(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_line *line, double share)
{
	const struct kt_row *row = &kt_rows[line->row];
	struct kt_finding *finding = kt_report_finding(report, "large-row", KT_SEVERITY_NOTICE,
		kt_verdict_name(KT_VERDICT_OUT_OF_PROPORTION), row->id);

	if (!finding)
		return;
	finding->bytes = line->val.value;
	finding->title = kt_arena_printf(&report->arena, "%s: %s, %.1f %% of installed memory",
		line->title, kt_report_bytes(report, line->val.value), share * 100);
	kt_finding_evidence(report, finding, "Usual cause: %s", cause_of(line, snap));
	/* the commands run here, and the numbers may be of another machine */
	if (!kt_memreport_of(snap))
		finding->next = snap->host.live ? row->next
						: kt_arena_printf(&report->arena,
							  "on that machine: %s", row->next);
}

/* The limit of a row is in thousandths of installed memory; 0: the row may have any size. */
static void put_large(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *line = &account->lines.items[i];
		const struct kt_row *row = line->row == KT_ROW_NONE ? NULL : &kt_rows[line->row];
		double share = kt_account_share(account, line);

		if (row && row->unusual_permille && is_sure(account, line) &&
			share * 1000 >= row->unusual_permille)
			put_row(report, snap, line, share);
	}
}

void kt_moment_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	put_large(report, snap, account);
	put_locked(report, snap);
}

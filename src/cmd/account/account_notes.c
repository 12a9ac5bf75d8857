// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sentences below the tree of the account: what is unusual, what is missing, where the bytes of
// missing rows are. They are apart from the tree because they need no column of it.

#include "cmd/account/account_notes.h"

#include "base/buf.h"
#include "base/human.h"
#include "machine/machine.h"
#include "report/memreport_text.h"

#include <string.h>

#define EXAMPLES 3u /* unknown fields that a note names */

/*
 * Says how many fields of a newer kernel are unknown, with examples; doctor has all of them. Such a
 * field may be memory that is now in unattributed, so ktally shows it instead of skipping it.
 */
static void note_unknown(struct kt_report *report, const struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf examples = { 0 };

	if (!snap->unknown.count)
		return;
	for (size_t i = 0; i < snap->unknown.count && i < EXAMPLES; i++)
		kt_buf_join(&examples, ", ", "%s: %s %s", snap->unknown.items[i].path,
			snap->unknown.items[i].field, snap->unknown.items[i].value);
	kt_report_note(report, "%zu field%s that this ktally does not know (%s%s)%s",
		snap->unknown.count, snap->unknown.count == 1 ? "" : "s",
		kt_arena_text(&report->arena, &examples),
		snap->unknown.count > EXAMPLES ? ", ..." : "",
		snap->unknown.count > EXAMPLES ? "; 'ktally doctor' lists them" : "");
}

/*
 * Adds a note on files that this user may not read, and on what is missing without them. Only
 * denied files are listed: more rights do not help with files that the kernel does not have.
 */
static void note_missing(struct kt_report *report, const struct kt_snapshot *snap)
{
	KT_CLEANUP(buf) struct kt_buf denied = { 0 };

	for (size_t i = 0; i < snap->sources.count; i++) {
		const struct kt_source_state *state = &snap->sources.items[i];
		const struct kt_source *source = kt_source_find(state->name);

		if (state->state == KT_DENIED && source)
			kt_buf_join(&denied, "; ", "%s (%s)", state->name, source->lack);
	}
	if (denied.size || denied.failed)
		kt_report_note(
			report, "root would add: %s", kt_arena_text(&report->arena, &denied));
}

/* Titles instead of ids, as the tree shows them. */
static const char *titles_of(
	struct kt_report *report, const struct kt_account *account, const struct kt_line *line)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (size_t i = 0; i < line->nr_holders; i++)
		kt_buf_join(&text, i < line->nr_holders - 1 ? ", " : " or ", "%s",
			kt_account_line(account, line->holders[i])->title);
	return kt_arena_text(&report->arena, &text);
}

/* Every machine has memory of this kind, so the note names the row that holds it here. */
static bool is_uncounted(const struct kt_snapshot *snap, const struct kt_line *line)
{
	/* the kernel counts zsmalloc since 4.8, but not in its memory reports */
	bool zsmalloc = kt_memreport_of(snap) && line->row == KT_ROW_ZSMALLOC;

	return line->row != KT_ROW_NONE && (kt_rows[line->row].always || zsmalloc) &&
	       line->nr_holders;
}

static bool same_holders(const struct kt_line *a, const struct kt_line *b)
{
	return a->nr_holders == b->nr_holders &&
	       memcmp(a->holders, b->holders, a->nr_holders * sizeof(*a->holders)) == 0;
}

/*
 * Where counters that every kernel has are missing, the note names their lines in meminfo, and the
 * rest is not called unattributed: nothing is known of it.
 */
static void note_not_known(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	static const struct {
		enum kt_row_id row;
		const char *field;
	} fields[] = {
		{ KT_ROW_FREE_BUDDY, "MemFree" },
		{ KT_ROW_ANONYMOUS, "AnonPages" },
		{ KT_ROW_PAGE_CACHE, "Cached" },
		{ KT_ROW_BUFFERS, "Buffers" },
		{ KT_ROW_SHMEM, "Shmem" },
		{ KT_ROW_SLAB_RECLAIMABLE, "SReclaimable" },
		{ KT_ROW_SLAB_UNRECLAIMABLE, "SUnreclaim" },
		{ KT_ROW_PAGE_TABLES, "PageTables" },
		{ KT_ROW_KERNEL_STACKS, "KernelStack" },
		{ KT_ROW_VMALLOC, "VmallocUsed" },
		{ KT_ROW_PERCPU, "Percpu" },
		{ KT_ROW_HUGETLB, "Hugetlb" },
	};
	const struct kt_line *rest = kt_account_line(account, KT_ROW_UNATTRIBUTED);
	KT_CLEANUP(buf) struct kt_buf names = { 0 };

	if (account->rest_has_meaning || !rest || !kt_ok(rest->val))
		return;
	for (size_t i = 0; i < KT_LEN(fields); i++) {
		const struct kt_line *line = kt_account_line(account, fields[i].row);

		if (line && is_uncounted(snap, line))
			kt_buf_join(&names, ", ", "%s", fields[i].field);
	}
	kt_report_note(report, "%s are not known: these files do not count %s",
		kt_report_bytes(report, rest->val.value), kt_arena_text(&report->arena, &names));
}

/*
 * Adds a note for each row that holds memory which no file here counts. Rows with the same holders
 * share one note, at the first of them: on most machines several kinds of memory are in
 * unattributed, and a note for each would fill the screen. The nested loop is over about a hundred
 * lines.
 */
static void note_uncounted(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_account *account, const char *source)
{
	note_not_known(report, snap, account);
	for (size_t i = 0; i < account->lines.count; i++) {
		const struct kt_line *holder = &account->lines.items[i];
		bool first = is_uncounted(snap, holder);
		KT_CLEANUP(buf) struct kt_buf list = { 0 };

		/* the note above names what may be in the rest */
		first = first && (account->rest_has_meaning || holder->nr_holders != 1 ||
					 holder->holders[0] != KT_ROW_UNATTRIBUTED);
		for (size_t k = 0; first && k < account->lines.count; k++) {
			const struct kt_line *line = &account->lines.items[k];

			if (!is_uncounted(snap, line) || !same_holders(line, holder))
				continue;
			first = k >= i;
			kt_buf_join(&list, "; ", "%s", line->title);
		}
		if (first)
			kt_report_note(report,
				"%s contains memory that no file here counts: %s. "
				"'ktally explain ROW%s%s' says why",
				titles_of(report, account, holder),
				kt_arena_text(&report->arena, &list), source ? " -s " : "",
				source ? source : "");
	}
}

/*
 * A negative rest within its bound is the time between two readings. Below the bound reading cannot
 * explain it: memory is counted twice, or the files do not belong together. The reader must not
 * trust the other rows either, so this is a note and not only a number.
 */
static void note_unattributed(struct kt_report *report, const struct kt_account *account)
{
	const struct kt_line *line = kt_account_line(account, KT_ROW_UNATTRIBUTED);
	char human[24], bound[24];

	if (!line || !kt_ok(line->val) || account->error_unknown ||
		line->val.value >= -account->error_bytes)
		return;
	kt_human_bytes(line->val.value, human);
	kt_human_bytes(account->error_bytes, bound);
	kt_report_note(report,
		"unattributed is below zero by more than its error bound (%s, bound "
		"%s): the files come from different times or machines, or this kernel "
		"counts memory twice",
		human, bound);
}

/*
 * Files that every running machine has: without one, the view is not of the whole machine. A
 * captured directory may lack any of them without being wrong, so this is for the running machine
 * only.
 */
static void note_degraded(struct kt_report *report, const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->sources.count && snap->host.live; i++) {
		const struct kt_source_state *state = &snap->sources.items[i];
		const struct kt_source *source = kt_source_find(state->name);

		/* a damaged file has a note already */
		if (state->core && state->state != KT_OK && state->state != KT_BAD && source)
			kt_report_note(report, "%s. Without it %s", state->why, source->lack);
	}
}

void kt_account_put_notes(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_account *account, const struct kt_call *call)
{
	note_unattributed(report, account);
	note_uncounted(report, snap, account, call->machine.source);
	if (kt_memreport_of(snap))
		kt_report_note(report,
			"swap cache is in the anonymous row, buffers are in the page "
			"cache: a memory report does not separate them");
	kt_machine_put_notes(report, snap);
	note_degraded(report, snap);
	note_missing(report, snap);
	note_unknown(report, snap);
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// What was taken before the first process ran, in the order of time.

#include "analysis/boot.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "output/output.h"

enum { COL_STEP, COL_TIME, COL_NAME, COL_TAKEN, COL_BACK, COL_HELD, COL_FROM, COL_WHEN, COL_ROW };

static const struct kt_column columns[] = {
	[COL_STEP] = { .key = "step",
		.title = "STEP",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_ASCENDING },
	[COL_TIME] = { .key = "time_seconds", .title = "TIME", .type = KT_CELL_REAL },
	[COL_NAME] = { .key = "name", .title = "WHAT", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_TAKEN] = { .key = "taken_bytes",
		.title = "TAKEN",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_BACK] = { .key = "given_back_bytes",
		.title = "BACK",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_HELD] = { .key = "bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = "ktally_boot_bytes",
		.help = "Memory taken before the first process ran and held since." },
	[COL_FROM] = { .key = "from", .title = "FROM", .flags = KT_COL_LABEL },
	[COL_WHEN] = { .key = "given_back_seconds",
		.title = "BACK AT",
		.type = KT_CELL_REAL,
		.flags = KT_COL_WIDE },
	[COL_ROW] = { .key = "id", .title = "ROW", .flags = KT_COL_WIDE | KT_COL_LABEL },
};

static const char *const from_names[KT_FROM_COUNT] = {
	[KT_FROM_FIRMWARE] = "firmware",
	[KT_FROM_RESERVED] = "reserved",
	[KT_FROM_ALLOCATOR] = "buddy",
};

static struct kt_cell seconds(int64_t time_us)
{
	return time_us < 0 ? kt_cell_missing(KT_ABSENT, NULL)
			   : kt_cell_real((double)time_us / 1000000);
}

static void put_rows(struct kt_report *report, const struct kt_boot *boot)
{
	struct kt_table *table = kt_report_list(report, "rows", NULL, columns, KT_LEN(columns));

	for (size_t i = 0; table && i < boot->rows.count; i++) {
		const struct kt_boot_row *from = &boot->rows.items[i];
		struct kt_report_row *row = kt_table_row(report, table);

		if (!row)
			return;
		row->cells[COL_STEP] = kt_cell_number((int64_t)from->order);
		row->cells[COL_TIME] = seconds(from->time_us);
		row->cells[COL_NAME] = kt_report_text(report, from->name);
		row->cells[COL_TAKEN] = kt_cell_number(from->taken);
		if (from->back)
			row->cells[COL_BACK] = kt_cell_number(from->back);
		row->cells[COL_HELD] = kt_cell_number(from->held);
		row->cells[COL_FROM] = kt_cell_text(from_names[from->from]);
		row->cells[COL_WHEN] = seconds(from->back_us);
		row->cells[COL_ROW] = kt_report_text(report, from->id);
	}
}

/* The account's row, which the rows of the list must add up to. */
static void put_account(struct kt_report *report, const struct kt_account *account, const char *row,
	const char *key, int64_t sum)
{
	const struct kt_line *line = kt_account_line(account, row);
	struct kt_cell cell = kt_cell_missing(KT_ABSENT, NULL);

	if (line && kt_ok(line->val))
		cell = kt_cell_number(line->val.value);
	kt_report_field(report, "account", key, KT_CELL_BYTES, cell);
	if (cell.state == KT_OK && cell.number != sum)
		kt_report_note(report,
			"the rows from '%s' add up to %lld bytes, the account's row has %lld", row,
			(long long)sum, (long long)cell.number);
}

static void put_summary(
	struct kt_report *report, const struct kt_boot *boot, const struct kt_account *account)
{
	char all[24], firmware[24], reserved[24], allocator[24];
	int64_t sum = 0, size = account->installed_bytes;

	for (size_t i = 0; i < KT_FROM_COUNT; i++)
		sum += boot->held[i];
	kt_human_bytes(sum, all);
	kt_human_bytes(boot->held[KT_FROM_FIRMWARE], firmware);
	kt_human_bytes(boot->held[KT_FROM_RESERVED], reserved);
	kt_human_bytes(boot->held[KT_FROM_ALLOCATOR], allocator);
	kt_report_headline(report,
		"Taken before the first process ran and still held: %s, %.2f %% of memory: "
		"firmware %s, reserved %s, from the page allocator %s.",
		all, size > 0 ? (double)sum / (double)size * 100 : 0.0, firmware, reserved,
		allocator);
	kt_report_field(report, "account", "installed_bytes", KT_CELL_BYTES, kt_cell_number(size));
	put_account(report, account, "firmware", "firmware_bytes", boot->held[KT_FROM_FIRMWARE]);
	put_account(report, account, "boot", "boot_bytes", boot->held[KT_FROM_RESERVED]);
}

static void put_notes(struct kt_report *report, const struct kt_session *session)
{
	const struct kt_snapshot *snap = session->snap;

	if (!snap->boot_events.count)
		kt_report_note(report,
			"no kernel log of the boot (%s): what was reserved has few names, and "
			"nothing has a time",
			kt_session_why(session, "kmsg"));
	else if (snap->log_cut)
		kt_report_note(report,
			"the kernel log has lost its beginning: what it does not name is in 'other "
			"boot memory'");
	kt_report_note(report,
		"Rows from firmware and reserved add up to the account's 'kept by firmware and "
		"hardware' and 'reserved at boot'; those from the buddy allocator are late hash "
		"tables and their like, in other rows of it.");
}

static struct kt_err *nothing(const struct kt_options *options, const struct kt_session *session)
{
	return kt_session_blame(options,
		kt_err_new(KT_ERR_ABSENT,
			"neither the zones (%s) nor the 'Memory:' line of a kernel log (%s) tell "
			"what was taken at boot",
			kt_session_why(session, "zoneinfo"), kt_session_why(session, "kmsg")));
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_boot boot;
	struct kt_err *err;

	kt_report_init(report, "ktally/boot/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0,
			"host meta vmstat zoneinfo meminfo bracket firmware iomem dmi kexec kmsg "
			"swiotlb balloon blocks");
	if (err)
		return err;
	if (!kt_boot_settle(session.snap))
		return nothing(options, &session);
	err = kt_account_compute(session.snap, KT_NO_NODE, &account);
	if (!err)
		err = kt_boot_compute(session.snap, &account, &report->arena, &boot);
	if (err)
		return kt_session_blame(options, err);
	if (!boot.rows.count)
		return nothing(options, &session);
	kt_session_describe(&session, options, report);
	put_summary(report, &boot, &account);
	put_rows(report, &boot);
	put_notes(report, &session);
	return NULL;
}

const struct kt_cmd kt_cmd_boot = {
	.name = "boot",
	.summary = "what was taken before the first process ran",
	.help = "Lists what the firmware and the booting kernel took, in the order of time: "
		"the firmware map, the kernel image, the initial RAM disk, crash kernel, "
		"memory map (struct page), per-CPU memory, hash tables, bounce buffers; what "
		"of it was given back before the first process ran, and what is held until "
		"today.\n\n"
		"Times are seconds since the kernel started, from the kernel log. HELD adds up "
		"to the account's rows for firmware and for what was reserved at boot, to the "
		"byte; what no line of the log names is 'other boot memory'.\n\n"
		"Much there, or a row that is larger than on a twin of this machine: compare "
		"kernel command lines (crashkernel=, memmap=, swiotlb=, page_owner=) and "
		"firmware settings. 'ktally hash' has the parameters that resize the hash "
		"tables; 'ktally explain ROW' (-a shows the names) says more about a row.",
	.whole = true,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Memory taken before the first process ran, in the order of time.
//
// The account has the amounts, the kernel log has the times. Rows from firmware and from memory
// reserved at boot are the leaves of these two rows of the account, so they add up to them. A note
// names the difference if they do not. Rows from the page allocator are part of other rows of the
// account; they are listed because they are as constant as the reserved ones.
//
// taken = given back + held, in bytes. Memory that was given back before the first process, such as
// the initial RAM disk, is now in MemTotal; only the log knows of it. The log is a ring: if its
// beginning is lost, that memory has no row, and reserved memory without a name is one row.

#include "analysis/boot.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "machine/machine.h"

#include <stdio.h>

enum { COL_STEP, COL_TIME, COL_NAME, COL_TAKEN, COL_BACK, COL_HELD, COL_FROM, COL_WHEN, COL_ROW };

/*
 * TAKEN, BACK and HELD are summed over the rows. TIME and BACK AT are seconds since the kernel
 * started, and are missing for memory that no line of the log names. ROW is the row of the account,
 * for 'ktally explain'.
 */
static const struct kt_column columns[] = {
	[COL_STEP] = { .key = "step",
		.title = "STEP",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_DATA_ONLY | KT_COL_ASCENDING,
		.min = 1,
		.help = "Place in time, from 1." },
	[COL_TIME] = { .key = "time_seconds",
		.title = "TIME",
		.type = KT_CELL_REAL,
		.help = "Since the kernel started." },
	[COL_NAME] = { .key = "name", .title = "WHAT", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_TAKEN] = { .key = "taken_bytes",
		.title = "TAKEN",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_SIGNED,
		.help = "Signed: counted twice, or moved while it was read." },
	[COL_BACK] = { .key = "given_back_bytes",
		.title = "BACK",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM },
	[COL_HELD] = { .key = "bytes",
		.title = "HELD",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_SIGNED,
		.metric = KT_FAMILY(BOOT_BYTES),
		.help = "Signed: counted twice, or moved while it was read." },
	[COL_FROM] = { .key = "from",
		.title = "FROM",
		.flags = KT_COL_LABEL,
		.words = "firmware|reserved|buddy" },
	[COL_WHEN] = { .key = "given_back_seconds",
		.title = "BACK AT",
		.type = KT_CELL_REAL,
		.flags = KT_COL_WIDE,
		.help = "Since the kernel started." },
	[COL_ROW] = { .key = "id", .title = "ROW", .flags = KT_COL_WIDE | KT_COL_LABEL },
};

static const char *const from_names[KT_FROM_COUNT] = {
	[KT_FROM_FIRMWARE] = "firmware",
	[KT_FROM_RESERVED] = "reserved",
	[KT_FROM_ALLOCATOR] = "buddy",
};

/*
 * Converts microseconds; below 0 the log has no time for this row. 0 is a time: a log without
 * timestamps must not look like memory that was taken first.
 */
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

/*
 * Row of the account that the rows of the list must add up to. A difference is a mistake of ktally
 * or files from two machines, so it becomes a note with both numbers instead of a corrected sum.
 */
static void put_account(struct kt_report *report, const struct kt_account *account,
	enum kt_row_id row, const char *key, int64_t sum)
{
	const struct kt_line *line = kt_account_line(account, row);
	struct kt_cell cell = kt_cell_missing(KT_ABSENT, NULL);

	if (line && kt_ok(line->val))
		cell = kt_cell_number(line->val.value);
	kt_report_field(report, "account", key, KT_CELL_BYTES, cell);
	if (cell.state == KT_OK && cell.number != sum)
		kt_report_note(report,
			"the rows from '%s' add up to %lld bytes, the account's row has %lld",
			kt_row_id_name(row), (long long)sum, (long long)cell.number);
}

static bool is_known(const struct kt_account *account, enum kt_row_id row)
{
	const struct kt_line *line = kt_account_line(account, row);

	return line && kt_ok(line->val);
}

/* True if the kernel log has every line of the boot: no other file has late allocations. */
static bool has_whole_log(const struct kt_snapshot *snap)
{
	return snap->boot_events.count && !snap->log_cut;
}

#define HELD_TEXT 40

/* "2.0 MiB", "at least 2.0 MiB" or "unknown" */
static const char *held_text(int64_t bytes, bool whole, char ret[HELD_TEXT])
{
	char size[24];

	kt_human_bytes(bytes, size);
	if (!whole && !bytes)
		snprintf(ret, HELD_TEXT, "unknown");
	else
		snprintf(ret, HELD_TEXT, "%s%s", whole ? "" : "at least ", size);
	return ret;
}

static void put_summary(struct kt_report *report, const struct kt_boot *boot,
	const struct kt_account *account, const struct kt_snapshot *snap)
{
	const bool whole[KT_FROM_COUNT] = { [KT_FROM_FIRMWARE] = is_known(account, KT_ROW_FIRMWARE),
		[KT_FROM_RESERVED] = is_known(account, KT_ROW_BOOT),
		[KT_FROM_ALLOCATOR] = has_whole_log(snap) };
	char texts[KT_FROM_COUNT][HELD_TEXT], all[HELD_TEXT], share[HELD_TEXT] = "";
	int64_t sum = 0, size = account->installed_bytes;
	bool all_whole = true;

	for (size_t i = 0; i < KT_FROM_COUNT; i++) {
		sum += boot->held[i];
		all_whole &= whole[i];
		held_text(boot->held[i], whole[i], texts[i]);
	}
	if (size > 0)
		snprintf(share, sizeof(share), ", %.2f %% of memory",
			(double)sum / (double)size * 100);
	kt_report_headline(report,
		"Taken before the first process ran and still held: %s%s: "
		"firmware %s, reserved %s, from the page allocator %s.",
		held_text(sum, all_whole, all), share, texts[KT_FROM_FIRMWARE],
		texts[KT_FROM_RESERVED], texts[KT_FROM_ALLOCATOR]);
	kt_report_field(report, "account", "installed_bytes", KT_CELL_BYTES, kt_cell_number(size));
	put_account(
		report, account, KT_ROW_FIRMWARE, "firmware_bytes", boot->held[KT_FROM_FIRMWARE]);
	put_account(report, account, KT_ROW_BOOT, "boot_bytes", boot->held[KT_FROM_RESERVED]);
}

/*
 * Without the log, the amounts from firmware and from reserved memory are still right: the account
 * has them. Names, times and late allocations are missing, which the first note says.
 */
static void put_notes(struct kt_report *report, const struct kt_machine *machine)
{
	const struct kt_snapshot *snap = machine->snap;

	if (!snap->boot_events.count)
		kt_report_note(report,
			"no kernel log of the boot (%s): few reservations have a name, none has a "
			"time, and late allocations from the page allocator are unknown",
			kt_machine_why(machine, &kt_source_kmsg));
	else if (snap->log_cut)
		kt_report_note(report, "the kernel log lost its beginning: memory that it does not "
				       "name is in 'other boot memory'");
	kt_report_note(report, "Rows from firmware and reserved add up to the account's 'kept by "
			       "firmware and hardware' and 'reserved at boot'; rows from the buddy "
			       "allocator are late hash tables and the like, in other rows of the "
			       "account.");
}

/*
 * Either file is enough: the zones have the pages present and managed, and the line "Memory:" of
 * the log has the same two numbers of the boot.
 */
static struct kt_err *nothing(const struct kt_call *call, const struct kt_machine *machine)
{
	return kt_machine_blame(&call->machine,
		kt_err_new(KT_ERR_ABSENT,
			"neither the zones (%s) nor the 'Memory:' line of a kernel log "
			"(%s) show what was taken at boot",
			kt_machine_why(machine, &kt_source_zoneinfo),
			kt_machine_why(machine, &kt_source_kmsg)));
}

/*
 * Fewer sources than the account has: memory that the kernel gives out later does not matter here.
 */
static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_zoneinfo,
		&kt_source_meminfo, &kt_source_bracket, &kt_source_firmware, &kt_source_iomem,
		&kt_source_dmi, &kt_source_kexec, &kt_source_kmsg, &kt_source_swiotlb,
		&kt_source_device_tree, &kt_source_balloon, &kt_source_blocks, &kt_source_boot_log)
};

static const struct kt_column account_columns[] = {
	{ .key = "installed_bytes", .type = KT_CELL_BYTES },
	{ .key = "firmware_bytes", .type = KT_CELL_BYTES },
	{ .key = "boot_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Signed: counted twice, or moved while it was read." },
};

static const struct kt_part account_part = {
	.key = "account",
	KT_COLUMNS_OF(account_columns),
};
static const struct kt_part rows_part = {
	.key = "rows",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/boot/1",
	.parts = KT_PARTS(&kt_host_part, &account_part, &rows_part),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct kt_boot boot;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (err)
		return err;
	if (!kt_boot_settle(machine.snap))
		return nothing(call, &machine);
	err = kt_account_compute(machine.snap, KT_NO_NODE, &account);
	if (!err)
		err = kt_boot_compute(machine.snap, &account, &report->arena, &boot);
	if (err)
		return kt_machine_blame(&call->machine, err);
	if (!boot.rows.count)
		return nothing(call, &machine);
	kt_machine_describe(&machine, report);
	put_summary(report, &boot, &account, machine.snap);
	put_rows(report, &boot);
	put_notes(report, &machine);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally boot", "what was taken, in the order of time" },
	{ "ktally boot -a", "with the names of the rows, for 'ktally explain ROW'" },
};

const struct kt_cmd kt_cmd_boot = {
	.name = "boot",
	.summary = "memory taken before the first process ran",
	.help = "Lists what the firmware and the booting kernel took, in the order of time: "
		"the firmware map, the kernel image, the initial RAM disk, crash kernel, "
		"memory map (struct page), per-CPU memory, hash tables, bounce buffers. It "
		"shows what of it was freed before the first process ran, and what is still "
		"held.\n\n"
		"Times are seconds since the kernel started, from the kernel log. HELD adds "
		"up, to the byte, to the account's rows for firmware and for memory reserved "
		"at boot. What no line of the log names is 'other boot memory'.\n\n"
		"If much is there, or a row is larger than on a twin of this machine, compare "
		"kernel command lines (crashkernel=, memmap=, swiotlb=, page_owner=) and "
		"firmware settings. 'ktally hash' has the parameters that resize the hash "
		"tables; 'ktally explain ROW' (-a shows the names) says more about a row.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.whole = true,
	.web = KT_WEB_LISTS,
	.shape = &shape,
	.run = run,
};

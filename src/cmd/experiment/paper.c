// SPDX-License-Identifier: GPL-2.0-or-later
//
// The figures of "Where is the memory going? Memory waste under Linux" (Andi Kleen, 2006), which
// were measured on a machine with 1 GiB, and the same figures of this machine.

#include "account/account.h"
#include "cmd/experiment/tables.h"
#include "machine/machine.h"
#include "whatif/whatif.h"

#include <string.h>

#define PAPER_MB 1024.0 /* memory of the paper's machine */
#define NONE	 (-1.0)

enum { P_FIGURE, P_THEN, P_THEN_SHARE, P_NOW, P_NOW_SHARE };

static const struct kt_column columns[] = {
	[P_FIGURE] = { .key = "figure", .title = "FIGURE", .flags = KT_COL_SET },
	[P_THEN] = { .key = "paper_bytes", .title = "2006", .type = KT_CELL_BYTES },
	[P_THEN_SHARE] = { .key = "paper_share", .title = "", .type = KT_CELL_SHARE },
	[P_NOW] = { .key = "bytes",
		.title = "HERE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "null: not known here." },
	[P_NOW_SHARE] = { .key = "share",
		.title = "",
		.type = KT_CELL_SHARE,
		.flags = KT_COL_SIGNED },
};

const struct kt_part kt_paper_part = {
	.key = "paper",
	.kind = KT_PART_TABLE,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "Only of the experiment paper. Shares are of installed memory, of slab for waste.",
};

struct paper {
	struct kt_report *report;
	struct kt_table *table;
	int64_t installed_bytes;
};

/* `share` of the paper: NONE for the share of its memory. */
static void put(const struct paper *paper, const char *figure, double mb, double share,
	int64_t bytes, int64_t of_bytes)
{
	struct kt_report_row *row = paper->table ? kt_table_row(paper->report, paper->table) : NULL;

	if (!row)
		return;
	row->cells[P_FIGURE] = kt_cell_text(figure);
	if (mb >= 0)
		row->cells[P_THEN] = kt_cell_number((int64_t)(mb * (1 << 20)));
	if (share >= 0 || mb >= 0)
		row->cells[P_THEN_SHARE] = kt_cell_real(share >= 0 ? share : mb / PAPER_MB);
	row->cells[P_NOW] = kt_cell_known(bytes);
	if (kt_known(bytes) && of_bytes > 0)
		row->cells[P_NOW_SHARE] = kt_cell_real((double)bytes / (double)of_bytes);
}

static int64_t row_bytes(const struct kt_account *account, enum kt_row_id row)
{
	const struct kt_line *line = kt_account_line(account, row);

	return kt_ok(line->val) ? line->val.value : KT_UNKNOWN;
}

static void put_rows(const struct paper *paper, const struct kt_account *account)
{
	static const struct {
		const char *figure;
		double mb, share;
		enum kt_row_id row;
	} figures[] = {
		{ "kept by firmware and hardware", 10.05, NONE, KT_ROW_FIRMWARE },
		{ "reserved at boot", 32.99, NONE, KT_ROW_BOOT },
		{ "kernel image", 6.3, NONE, KT_ROW_KERNEL_IMAGE },
		{ "struct pages", NONE, 0.0137, KT_ROW_MEMMAP },
		{ "page tables", 5.3, NONE, KT_ROW_PAGE_TABLES },
		{ "kernel stacks", 1.13, NONE, KT_ROW_KERNEL_STACKS },
	};
	int64_t early = row_bytes(account, KT_ROW_HASH_EARLY);
	int64_t late = row_bytes(account, KT_ROW_HASH_LATE);

	for (size_t i = 0; i < KT_LEN(figures); i++)
		put(paper, figures[i].figure, figures[i].mb, figures[i].share,
			row_bytes(account, figures[i].row), paper->installed_bytes);
	put(paper, "hash tables", 4.78, NONE,
		kt_known(early) && kt_known(late) ? early + late : KT_UNKNOWN,
		paper->installed_bytes);
}

static int64_t difference(int64_t a, int64_t b)
{
	return kt_known(a) && kt_known(b) ? a - b : KT_UNKNOWN;
}

static const struct kt_stage *stage_of(const struct kt_stages *stages, const char *label)
{
	for (size_t i = 0; i < stages->count; i++) {
		if (strcmp(stages->items[i].label, label) == 0)
			return &stages->items[i];
	}
	return NULL;
}

/* In use is what is neither free nor unknown to the page allocator, as in the paper. */
static int64_t in_use(const struct kt_stage *stage, int64_t boot_bytes)
{
	int64_t used = stage ? difference(stage->total_bytes, stage->free_bytes) : KT_UNKNOWN;

	return kt_known(used) && kt_known(boot_bytes) ? used + boot_bytes : KT_UNKNOWN;
}

/* At four times of a boot, as the paper has it. No kernel keeps the second figure. */
static void put_in_use(const struct paper *paper, const struct kt_stages *stages,
	const struct kt_snapshot *snap, const struct kt_account *account)
{
	int64_t boot_bytes = row_bytes(account, KT_ROW_BOOT);
	struct kt_val early = kt_snapshot_get(snap, KT_BOOT_RESERVED, KT_NO_NODE);

	put(paper, "in use: early boot", 34.55, NONE, kt_ok(early) ? early.value : KT_UNKNOWN,
		paper->installed_bytes);
	put(paper, "in use: with drivers", 44.02, NONE, KT_UNKNOWN, paper->installed_bytes);
	put(paper, "in use: before", 48.55, NONE, in_use(stage_of(stages, "before"), boot_bytes),
		paper->installed_bytes);
	put(paper, "in use: desktop", 372.90, NONE, in_use(stage_of(stages, "desktop"), boot_bytes),
		paper->installed_bytes);
}

static void put_slab(const struct paper *paper, const struct kt_stage *stage, const char *caches,
	const char *waste, double mb, double share)
{
	if (!stage)
		return;
	put(paper, caches, mb, NONE, stage->slab_bytes, paper->installed_bytes);
	put(paper, waste, NONE, share, stage->waste_bytes, stage->slab_bytes);
}

static const struct kt_needs needs_of_mempools = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_iomem, &kt_source_slabinfo,
		&kt_source_mempools)
};

/* Reserves that drivers keep, from kernel memory. */
static int64_t mempools_bytes(struct kt_report *report, const struct kt_machine_opts *opts)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_machine_read(opts, &machine, 0, &needs_of_mempools);
	struct kt_whatif_result result = { 0 };

	if (err || !kt_whatif_compute(&kt_whatif_mempools, &report->arena, machine.snap, &result) ||
		result.state != KT_OK)
		return KT_UNKNOWN;
	return result.now_bytes;
}

static void put_stages(const struct paper *paper, const struct kt_stages *stages)
{
	static const struct {
		const char *figure, *label;
		double mb;
	} figures[] = {
		{ "dentries, inodes: before", "before", NONE },
		{ "dentries, inodes: desktop", "desktop", 7.58 },
		{ "dentries, inodes: build", "built", 23.66 },
		{ "dentries, inodes: find", "walked", 17.94 },
		{ "dentries, inodes: pressure", "pressed", 15.97 },
	};
	const struct kt_stage *before = stage_of(stages, "before");
	const struct kt_stage_cache *sysfs;

	if (!before)
		return;
	sysfs = kt_stage_find(before, "kernfs_node_cache");
	put_slab(paper, before, "slab caches: before", "their waste", 20.93, 0.017);
	put_slab(paper, stage_of(stages, "desktop"), "slab caches: desktop", "their waste, desktop",
		NONE, NONE);
	put(paper, "sysfs nodes", 0.41, NONE, sysfs ? sysfs->bytes : KT_UNKNOWN,
		paper->installed_bytes);
	for (size_t i = 0; i < KT_LEN(figures); i++) {
		const struct kt_stage *stage = stage_of(stages, figures[i].label);

		put(paper, figures[i].figure, figures[i].mb, NONE,
			stage ? stage->files_bytes : KT_UNKNOWN, paper->installed_bytes);
	}
}

struct kt_err *kt_paper_put(struct kt_report *report, const struct kt_machine_opts *opts,
	const struct kt_stages *stages)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(account) struct kt_account account = { 0 };
	struct paper paper = { .report = report };
	struct kt_err *err = kt_machine_read(opts, &machine, 0, NULL);

	if (!err)
		err = kt_account_compute(machine.snap, KT_NO_NODE, &account);
	if (err)
		return err;
	paper.installed_bytes = account.installed_bytes;
	paper.table = kt_report_table(report, "paper",
		"The paper of 2006, on 1 GiB, and this machine", columns, KT_LEN(columns));
	put_rows(&paper, &account);
	put(&paper, "mempools", 0.47, NONE, mempools_bytes(report, opts), paper.installed_bytes);
	put_in_use(&paper, stages, machine.snap, &account);
	put_stages(&paper, stages);
	kt_report_note(report,
		"'in use' has the memory reserved at boot, as in the paper, which has it at four "
		"times: "
		"early boot, with drivers, at the first script, which is compared with the stage "
		"before the loads, and with a desktop. No kernel keeps what was in use when its "
		"drivers had been probed. The paper's build was a kernel's, its find was over /, "
		"its pressure took 900 MB");
	return NULL;
}

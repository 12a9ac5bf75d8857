// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel memory by memory cgroup, next to its limit. A row has the group's own memory, without the
// groups below it, so that rows add up. Memory that no cgroup is charged with is a row too, and
// with it they add up to the kernel row of the account.
//
// memory.stat of a group includes the groups below it. Rows with these numbers would count a leaf
// once for each level of the tree. So the table shows what remains after the groups below are
// subtracted. All groups together are then the root's amount, and the row "(in no cgroup)" is the
// account's kernel row minus that.
//
// The files are read one after the other, so an own amount can be slightly negative. It is shown as
// it is: a 0 instead would break the sum.

#include "cmd/list/cgroups.h"
#include "analysis/cgroup.h"
#include "base/human.h"
#include "cmd/charges.h"
#include "machine/machine.h"

#include <string.h>

/* the account's files: the last row is the account's kernel memory minus the groups */
static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_stat_refresh,
		&kt_source_vmstat, &kt_source_zoneinfo, &kt_source_meminfo, &kt_source_hugepages,
		&kt_source_bracket, &kt_source_firmware, &kt_source_iomem, &kt_source_dmi,
		&kt_source_kexec, &kt_source_kmsg, &kt_source_btf, &kt_source_vmap_users,
		&kt_source_vmallocinfo, &kt_source_slabinfo, &kt_source_balloon, &kt_source_blocks,
		&kt_source_cgroup_count, &kt_source_cgroups)
};

#define NEAR_LIMIT 0.5 /* share of a limit: memory of programs comes on top */
#define MANY_DYING 100
#define OLD_S	   2  /* between cgroups and account */
#define LEFT_SHARE 10 /* a tenth of the kernel memory, left by removed groups */

/*
 * KERNEL and its parts are of the group alone and are summed. WITH BELOW, CURRENT and OF LIMIT are
 * of the group with all groups below it, because a limit is for the whole subtree; they have no
 * sum. SOCKETS is not part of KERNEL.
 */
enum {
	COL_NAME,
	COL_KERNEL,
	COL_GROWTH,
	COL_RATE,
	COL_SLAB,
	COL_STACKS,
	COL_TABLES,
	COL_PERCPU,
	COL_VMALLOC,
	COL_OTHER,
	COL_SOCK,
	COL_ALL,
	COL_CURRENT,
	COL_LIMIT,
	COL_SHARE,
	COL_DYING,
	COL_PATH,
	NR_COLUMNS,
};

#define AMOUNT KT_CELL_BYTES
#define PART   (KT_COL_SUM | KT_COL_WIDE)

static const struct kt_column columns[NR_COLUMNS] = {
	[COL_NAME] = { .key = "name", .title = "CGROUP", .flags = KT_COL_KEY | KT_COL_LABEL },
	[COL_KERNEL] = { .key = "bytes",
		.title = "KERNEL",
		.type = AMOUNT,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK | KT_COL_SIGNED,
		.metric = KT_FAMILY(CGROUP_KERNEL_BYTES),
		.help = "Kernel memory of its own, without the groups below it. Signed, as its "
			"parts: the groups are read one after the other." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(AMOUNT, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(AMOUNT, KT_COL_SUM),
	[COL_SLAB] = { .key = "slab_bytes",
		.title = "SLAB",
		.type = AMOUNT,
		.flags = KT_COL_SUM | KT_COL_SIGNED },
	[COL_STACKS] = { .key = "stacks_bytes",
		.title = "STACKS",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_TABLES] = { .key = "page_tables_bytes",
		.title = "TABLES",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_PERCPU] = { .key = "percpu_bytes",
		.title = "PERCPU",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_VMALLOC] = { .key = "vmalloc_bytes",
		.title = "VMALLOC",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_OTHER] = { .key = "other_bytes",
		.title = "OTHER",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_SOCK] = { .key = "sock_bytes",
		.title = "SOCKETS",
		.type = AMOUNT,
		.flags = PART | KT_COL_SIGNED },
	[COL_ALL] = { .key = "with_below_bytes",
		.title = "WITH BELOW",
		.type = AMOUNT,
		.flags = KT_COL_WIDE },
	[COL_CURRENT] = { .key = "current_bytes",
		.title = "CURRENT",
		.type = AMOUNT,
		.flags = KT_COL_WIDE },
	[COL_LIMIT] = { .key = "limit_bytes",
		.title = "LIMIT",
		.type = AMOUNT,
		.metric = KT_FAMILY(CGROUP_LIMIT_BYTES),
		.help = "Null where there is no limit, or it is not known." },
	[COL_SHARE] = { .key = "limit_share",
		.title = "OF LIMIT",
		.type = KT_CELL_SHARE,
		.num = COL_ALL,
		.den = COL_LIMIT },
	[COL_DYING] = { .key = "dying",
		.title = "DYING",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM | KT_COL_SIGNED },
	[COL_PATH] = { .key = "path",
		.title = "PATH",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE,
		.help = "Below the hierarchy; bytes that are not printable ASCII as \\x01." },
};

static const struct {
	size_t column;
	enum kt_row_id rows[2]; /* bytes; the part of these rows that no group has is outside */
} kinds[KT_CGROUP_NR_KINDS] = {
	[KT_CGROUP_KIND_KERNEL] = { COL_KERNEL, { KT_ROW_KERNEL, KT_ROW_NONE } },
	[KT_CGROUP_KIND_SLAB] = { COL_SLAB, { KT_ROW_SLAB, KT_ROW_NONE } },
	[KT_CGROUP_KIND_STACKS] = { COL_STACKS, { KT_ROW_KERNEL_STACKS, KT_ROW_NONE } },
	[KT_CGROUP_KIND_TABLES] = { COL_TABLES, { KT_ROW_PAGE_TABLES, KT_ROW_SEC_PAGE_TABLES } },
	[KT_CGROUP_KIND_PERCPU] = { COL_PERCPU, { KT_ROW_PERCPU, KT_ROW_NONE } },
	[KT_CGROUP_KIND_VMALLOC] = { COL_VMALLOC, { KT_ROW_VMALLOC, KT_ROW_NONE } },
	[KT_CGROUP_KIND_OTHER] = { COL_OTHER, { KT_ROW_NONE, KT_ROW_NONE } },
	[KT_CGROUP_KIND_SOCK] = { COL_SOCK, { KT_ROW_NONE, KT_ROW_NONE } },
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	struct kt_cgroup_sums sums;
	struct kt_cgroup_amount outside[KT_CGROUP_NR_KINDS]; /* not charged to any group */
	struct kt_cgroup_amount kernel;			     /* of the machine */
	bool limits;					     /* some group has one */
};

static struct kt_cell cell_of(struct kt_cgroup_amount amount)
{
	return amount.known ? kt_cell_number(amount.bytes) : kt_cell_missing(KT_ABSENT, NULL);
}

static struct kt_cell cell_known(int64_t bytes)
{
	return bytes >= 0 ? kt_cell_number(bytes) : kt_cell_missing(KT_ABSENT, NULL);
}

/* A group without a limit has the largest number that the kernel can write, which is no limit. */
static bool has_limit(const struct kt_cgroup *group)
{
	return group->limit >= 0 && group->limit != KT_CGROUP_NO_LIMIT;
}

/* ---- what no group is charged with ---- */

/*
 * The first row decides whether the sum is known. The second one is secondary page tables, which
 * older kernels do not count at all.
 */
static struct kt_cgroup_amount of_account(
	const struct kt_account *account, const enum kt_row_id rows[2])
{
	struct kt_cgroup_amount sum = { 0 };

	for (size_t i = 0; i < 2 && rows[i] != KT_ROW_NONE; i++) {
		const struct kt_line *line = kt_account_line(account, rows[i]);

		if (!line || !kt_ok(line->val)) {
			if (i == 0)
				return sum;
			continue;
		}
		sum.known = true;
		sum.bytes += line->val.value;
	}
	return sum;
}

/* Kinds add up to KERNEL here too, because OTHER takes the rest of the named kinds. */
static void fill_outside(struct view *view, const struct kt_account *account)
{
	struct kt_cgroup_amount *outside = view->outside, other;

	for (size_t i = 0; i < KT_CGROUP_NR_KINDS; i++) {
		struct kt_cgroup_amount all = of_account(account, kinds[i].rows);

		if (i == KT_CGROUP_KIND_KERNEL)
			view->kernel = all;
		if (all.known && view->sums.total[i].known)
			outside[i] = (struct kt_cgroup_amount){ true,
				all.bytes - view->sums.total[i].bytes };
	}
	other = outside[KT_CGROUP_KIND_KERNEL];
	if (!view->sums.total[KT_CGROUP_KIND_OTHER].known)
		return;
	for (size_t i = KT_CGROUP_KIND_SLAB; i < KT_CGROUP_KIND_OTHER; i++)
		other.bytes -= outside[i].bytes;
	outside[KT_CGROUP_KIND_OTHER] = other;
}

/* A root with a counter of its own is a group of a larger machine: a container's view. */
static bool is_part(const struct kt_snapshot *snap)
{
	return !snap->cgroups.v1 && snap->cgroups.groups.items[0].current >= 0;
}

/* ---- the table ---- */

/*
 * In a container the groups of the host are outside, so the row has another name there: its memory
 * may well be charged to a group.
 */
static void put_outside(struct view *view, struct kt_table *table)
{
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	row->cells[COL_NAME] =
		kt_cell_text(is_part(view->snap) ? "(outside these cgroups)" : "(in no cgroup)");
	for (size_t i = 0; i < KT_CGROUP_NR_KINDS; i++)
		row->cells[kinds[i].column] = cell_of(view->outside[i]);
	row->strong = true;
}

static void put_group(struct view *view, struct kt_table *table, size_t index)
{
	const struct kt_cgroup *group = &view->snap->cgroups.groups.items[index];
	const struct kt_cgroup_amounts *amounts = &view->sums.groups[index];
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	row->cells[COL_NAME] = kt_cell_text(kt_cgroup_name(&view->report->arena, group->path));
	row->cells[COL_PATH] = kt_report_text(view->report, group->path);
	for (size_t i = 0; i < KT_CGROUP_NR_KINDS; i++)
		row->cells[kinds[i].column] = cell_of(amounts->own[i]);
	row->cells[COL_ALL] = cell_of(amounts->all[KT_CGROUP_KIND_KERNEL]);
	row->cells[COL_CURRENT] = cell_known(group->current);
	if (has_limit(group))
		row->cells[COL_LIMIT] = kt_cell_number(group->limit);
	row->cells[COL_DYING] = cell_of(amounts->own_dying);
}

/* The own amounts of folded groups include the groups below them: rows still add up. */
static void put_others(struct view *view, struct kt_table *table)
{
	const struct kt_cgroup_amounts *others = &view->sums.others;
	struct kt_report_row *row = kt_table_row(view->report, table);

	if (!row)
		return;
	row->cells[COL_NAME] = kt_cell_text(KT_CGROUP_OTHERS);
	for (size_t i = 0; i < KT_CGROUP_NR_KINDS; i++)
		row->cells[kinds[i].column] = cell_of(others->own[i]);
	row->cells[COL_ALL] = cell_of(others->all[KT_CGROUP_KIND_KERNEL]);
	row->cells[COL_DYING] = cell_of(others->own_dying);
	row->strong = true;
}

/* Columns that this kernel does not fill, or that do not fit into 80 columns, are wide. */
static const struct kt_column *choose_columns(const struct view *view, bool followed)
{
	struct kt_column *chosen = kt_arena_alloc(&view->report->arena, sizeof(columns));

	if (!chosen)
		return columns;
	memcpy(chosen, columns, sizeof(columns));
	if (!view->sums.kinds)
		chosen[COL_SLAB].flags |= KT_COL_WIDE;
	if (followed || !view->limits) {
		chosen[COL_LIMIT].flags |= KT_COL_WIDE;
		chosen[COL_SHARE].flags |= KT_COL_WIDE;
	}
	if (view->snap->cgroups.v1 || !view->sums.nr_dying.known || !view->sums.nr_dying.bytes)
		chosen[COL_DYING].flags |= KT_COL_WIDE;
	return chosen;
}

static void put_table(struct view *view, bool followed)
{
	struct kt_table *table = kt_report_list(
		view->report, "cgroups", NULL, choose_columns(view, followed), NR_COLUMNS);

	for (size_t i = 0; table && i < view->snap->cgroups.groups.count; i++) {
		if (!view->snap->cgroups.groups.items[i].nr_folded)
			put_group(view, table, i);
	}
	if (table && view->snap->cgroups.nr_folded)
		put_others(view, table);
	if (table && view->outside[KT_CGROUP_KIND_KERNEL].known)
		put_outside(view, table);
}

/* ---- headlines and notes ---- */

static void put_fields(struct view *view)
{
	const struct kt_cgroups *cgroups = &view->snap->cgroups;
	struct kt_report *report = view->report;
	const struct {
		const char *key;
		const struct kt_family *metric;
		enum kt_cell_type type;
		struct kt_cell cell;
	} fields[] = {
		{ "version", NULL, KT_CELL_TEXT, kt_cell_text(cgroups->v1 ? "v1" : "v2") },
		{ "groups", KT_FAMILY(CGROUPS), KT_CELL_COUNT,
			kt_cell_number(kt_cgroups_count(cgroups)) },
		{ "dying", KT_FAMILY(CGROUPS_DYING), KT_CELL_COUNT, cell_of(view->sums.nr_dying) },
		{ "kernel_bytes", NULL, AMOUNT, cell_of(view->kernel) },
		{ "charged_bytes", NULL, AMOUNT, cell_of(view->sums.total[KT_CGROUP_KIND_KERNEL]) },
		{ "uncharged_bytes", NULL, AMOUNT, cell_of(view->outside[KT_CGROUP_KIND_KERNEL]) },
		{ "lower_bound", NULL, KT_CELL_BOOL, kt_cell_number(view->sums.lower_bound) },
	};

	for (size_t i = 0; i < KT_LEN(fields); i++) {
		struct kt_field *field = kt_report_field(
			report, NULL, fields[i].key, fields[i].type, fields[i].cell);

		if (field)
			field->metric = fields[i].metric;
	}
}

static void say_split(struct view *view)
{
	struct kt_cgroup_amount inside = view->sums.total[KT_CGROUP_KIND_KERNEL];
	int64_t nr_groups = kt_cgroups_count(&view->snap->cgroups);
	char all[24], charged[24], left[24];

	if (!view->kernel.known || !inside.known)
		return;
	kt_human_bytes(view->kernel.bytes, all);
	kt_human_bytes(inside.bytes, charged);
	kt_human_bytes(view->outside[KT_CGROUP_KIND_KERNEL].bytes, left);
	kt_report_headline(view->report, "%s of kernel memory: %s%s in %lld cgroup%s, %s %s", all,
		view->sums.lower_bound ? "at least " : "", charged, (long long)nr_groups,
		nr_groups == 1 ? "" : "s", left,
		is_part(view->snap) ? "outside of all cgroups" : "in no cgroup");
}

/*
 * Memory charged to a removed group moves to its parent: objects at once; pages were always in the
 * counters of both groups. In the parent it is own memory of a group with groups below it, together
 * with the memory of the parent's own programs.
 */
static int64_t left_to_parents(const struct view *view)
{
	const struct kt_cgroup_amounts *groups = view->sums.groups;
	int64_t sum = 0;

	for (size_t i = 0; i < view->snap->cgroups.groups.count; i++) {
		struct kt_cgroup_amount own = groups[i].own[KT_CGROUP_KIND_KERNEL];
		bool gone = groups[i].own_dying.known && groups[i].own_dying.bytes > 0;

		if (own.known && own.bytes > 0 && (gone || groups[i].has_children))
			sum += own.bytes;
	}
	return sum;
}

/*
 * Few dying groups are normal, since a removed group stays until its last page is freed. They are
 * worth a sentence when they are many or hold much.
 */
static void say_dying(struct view *view)
{
	struct kt_cgroup_amount dying = view->sums.nr_dying;
	int64_t left = left_to_parents(view);
	char human[24];

	if (!dying.known || !dying.bytes ||
		(dying.bytes < MANY_DYING && left < view->kernel.bytes / LEFT_SHARE))
		return;
	kt_human_bytes(left, human);
	kt_report_headline(view->report,
		"%lld dying cgroup%s (removed, still charged); up to %s of kernel memory was "
		"reparented",
		(long long)dying.bytes, dying.bytes == 1 ? "" : "s", human);
}

/*
 * Only the group that is nearest to its limit is named. Half of the limit is much: memory of the
 * kernel cannot be swapped out, and the programs of the group need the rest.
 */
static void say_limits(struct view *view)
{
	const struct kt_cgroup *worst = NULL;
	double most = NEAR_LIMIT;

	for (size_t i = 0; i < view->snap->cgroups.groups.count; i++) {
		const struct kt_cgroup *group = &view->snap->cgroups.groups.items[i];
		struct kt_cgroup_amount all = view->sums.groups[i].all[KT_CGROUP_KIND_KERNEL];
		double share;

		if (!all.known || !has_limit(group) || !group->limit)
			continue;
		share = (double)all.bytes / (double)group->limit;
		if (share >= most) {
			most = share;
			worst = group;
		}
	}
	if (worst)
		kt_report_headline(view->report, "kernel memory fills %.0f %% of the limit of %s",
			most * 100, kt_cgroup_name(&view->report->arena, worst->path));
}

static void note_recorded(struct view *view)
{
	const struct kt_cgroups *cgroups = &view->snap->cgroups;
	int64_t taken_s = view->snap->host.taken_s;
	long long begun_s = taken_s - cgroups->taken_s, ended_s = taken_s - cgroups->read_s;

	if (cgroups->taken_s && kt_known(taken_s) && begun_s >= OLD_S)
		kt_report_note(view->report,
			"a recording reads cgroups every ten minutes: these were read %lld s "
			"before this sample%s, the account was not",
			begun_s,
			ended_s == begun_s
				? ""
				: kt_arena_printf(&view->report->arena,
					  " and later, until %lld s before it", ended_s));
	if (cgroups->nr_unrecorded)
		kt_report_note(view->report,
			"recorded without the %lld smallest cgroups: the numbers of the "
			"groups above contain them",
			(long long)cgroups->nr_unrecorded);
}

static void put_notes(struct view *view)
{
	struct kt_report *report = view->report;

	kt_machine_put_notes(report, view->snap);
	note_recorded(view);
	if (view->sums.lower_bound)
		kt_report_note(report,
			"memory.stat of this kernel has no sum of kernel memory: KERNEL "
			"is the sum of its kernel keys, and other memory of a cgroup is "
			"in the row (in no cgroup)");
	if (view->sums.without_tables)
		kt_report_note(report, "memory.stat of this kernel has 0 for page tables although "
				       "there are some: they are in the rest of KERNEL");
	if (view->snap->cgroups.v1 && !view->sums.kinds)
		kt_report_note(report, "cgroup v1 counts kernel memory in one sum: it does not "
				       "separate slab, stacks and page tables");
	if (!view->outside[KT_CGROUP_KIND_KERNEL].known)
		kt_report_note(report,
			"memory that no cgroup is charged with is not known: the "
			"account of the machine, or a part of the cgroups, is missing");
}

static void find_limits(struct view *view)
{
	for (size_t i = 0; i < view->snap->cgroups.groups.count; i++)
		view->limits |= has_limit(&view->snap->cgroups.groups.items[i]);
}

bool kt_cgroups_put(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_account *account)
{
	struct view view = { .report = report, .snap = snap };

	if (!kt_cgroup_sums(snap, &report->arena, &view.sums))
		return false;
	fill_outside(&view, account);
	find_limits(&view);
	put_table(&view, false);
	return true;
}

static const struct kt_column field_columns[] = {
	{ .key = "version",
		.flags = KT_COL_SET,
		.words = "v1|v2",
		.help = "Of the cgroup hierarchy that has the memory controller." },
	{ .key = "groups", .type = KT_CELL_COUNT },
	{ .key = "dying",
		.type = KT_CELL_COUNT,
		.help = "Removed cgroups that are still charged with memory." },
	{ .key = "kernel_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "The row 'kernel' of the account." },
	{ .key = "charged_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Kernel memory charged to the cgroups." },
	{ .key = "uncharged_bytes",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SIGNED,
		.help = "Kernel memory charged to none of them." },
	{ .key = "lower_bound",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "The kernel has no sum of kernel memory: charged_bytes is the sum of what "
			"it names." },
};

const struct kt_part kt_cgroups_metrics_part = {
	.key = "cgroups",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.optional = KT_ANY_FORM,
	.help = "As in 'ktally cgroups'; missing where nothing could be read.",
};
static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
	.forms = KT_CHARGES_OTHER,
};
static const struct kt_part cgroups_part = {
	.key = "cgroups",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
	.forms = KT_CHARGES_OTHER,
	.help = "Not with --by cache.",
};

static const struct kt_shape shape = {
	.schema = "ktally/cgroups/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &cgroups_part, &kt_charges_of_cgroups_part),
};

enum { BY_CGROUP, BY_CACHE }; /* in the order of the option's words */

struct cgroups_args {
	int by;
};

/*
 * Without an account of the machine the groups are still shown; only the row of uncharged memory is
 * missing.
 */
static struct kt_err *examine(struct view *view)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	if (!kt_cgroup_sums(view->snap, &view->report->arena, &view->sums))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_account_compute((struct kt_snapshot *)view->snap, KT_NO_NODE, &account);
	if (err && kt_err_code(err) == KT_ERR_NOMEM)
		view->report->arena.failed = true;
	if (!err)
		fill_outside(view, &account);
	return NULL;
}

/* ---- by cache ---- */

static const struct kt_needs needs_of_caches = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_zoneinfo,
		&kt_source_meminfo, &kt_source_iomem, &kt_source_slub, &kt_source_slab_cgroups)
};

static struct kt_err *run_by_cache(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_err *err = kt_machine_read(&call->machine, &machine, 0, &needs_of_caches);

	if (!err)
		err = kt_machine_lacks(
			&call->machine, &machine, &kt_source_slab_cgroups, "--by cache");
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	kt_charges_put(report, machine.snap, NULL, true);
	for (size_t i = 0; i < machine.snap->notes.count; i++)
		kt_report_note(report, "%s", machine.snap->notes.items[i]);
	return NULL;
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	const struct cgroups_args *args = kt_call_own(call);
	struct view view = { .report = report };
	struct kt_err *err;

	kt_report_begin(report, &shape);
	if (args->by == BY_CACHE)
		return run_by_cache(call, report);
	err = kt_machine_read(&call->machine, &machine, 0, &needs);
	if (err)
		return err;
	view.snap = machine.snap;
	if (!machine.snap->cgroups.groups.count && machine.snap->cgroups.reading)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				"the recorder had not yet read all cgroups; take a later sample"));
	if (!machine.snap->cgroups.groups.count)
		return kt_machine_blame(&call->machine,
			kt_err_new(KT_ERR_ABSENT,
				call->machine.cheap ? "the memory cgroups are left out by --cheap"
						    : "no memory cgroups below sys/fs/cgroup"));
	err = examine(&view);
	if (err)
		return err;
	find_limits(&view);
	kt_machine_describe(&machine, report);
	put_fields(&view);
	say_split(&view);
	say_dying(&view);
	say_limits(&view);
	put_table(&view, call->interval_s > 0);
	put_notes(&view);
	return NULL;
}

static const struct kt_option options[] = {
	{ 0, "by", "GROUP", "group by; cache needs root", .kind = KT_ARG_CHOICE,
		KT_AT(struct cgroups_args, by), .choices = "cgroup cache" },
};

static const struct kt_example examples[] = {
	{ "ktally cgroups", "the groups with most kernel memory" },
	{ "ktally cgroups --sort dying", "the cgroups with most dying descendants" },
	{ "ktally cgroups -a --filter docker",
		"every column of the groups whose names contain docker" },
	{ "ktally cgroups --by cache --filter docker",
		"the slab caches whose objects these groups are charged with" },
};

const struct kt_cmd kt_cmd_cgroups = {
	.name = "cgroups",
	.summary = "kernel memory by cgroup; dying cgroups",
	.help = "Lists the memory cgroups (services, containers, sessions) and the kernel "
		"memory that each is charged with. No process shows that memory, and the "
		"limit of the cgroup counts it. KERNEL is a group's own memory, without "
		"its descendants. WITH BELOW (-a) includes them and is what OF LIMIT compares.\n\n"
		"Memory that the kernel has for itself, and free objects in slabs, are "
		"charged to no group: (in no cgroup). With that row the rows add up to the "
		"row 'kernel' of the account.\n\n"
		"A group with descendants seldom runs programs: its own memory was left by "
		"removed groups. DYING counts removed groups that are still charged, at the "
		"nearest group above that exists. Each costs slab and memory on every CPU "
		"until its last page or object is freed. Timers, health checks and short "
		"containers leave thousands. "
		"'echo 2 >/proc/sys/vm/drop_caches' frees what only caches hold; 'ktally "
		"percpu' shows the cost.\n\n"
		"--by cache counts slab objects in kernel memory, through /proc/kcore or a BPF "
		"program that only reads: which caches the slab of each cgroup is in. When a "
		"cgroup is removed, its objects are charged to the cgroup above it: LEFT is their "
		"size.\n\n"
		"-a adds kinds of memory, socket buffers and paths. ktally reads "
		"three or four files per cgroup; for some the kernel sums its per-CPU counters.",
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct cgroups_args),
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.shape = &shape,
	.run = run,
};

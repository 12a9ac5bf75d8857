// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel memory by memory cgroup, next to its limit. A row has what is its own group's, so
// that rows add up; what no cgroup is charged with is a row too, and with it they add up
// to the kernel row of the account.

#include "cmd/cgroups.h"
#include "analysis/cgroup.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

/* all that the account reads, of which the last row is what the groups leave */
#define SOURCES                                                                                \
	"host meta stat_refresh vmstat zoneinfo meminfo hugepages bracket firmware iomem dmi " \
	"kexec "                                                                               \
	"kmsg vmallocinfo btf slabinfo balloon blocks cgroup_count cgroups"

#define NEAR_LIMIT 0.5 /* kernel memory of a limit: what programs use comes on top */
#define MANY_DYING 100
#define LEFT_SHARE 10 /* of the kernel memory, a tenth, left by removed groups */

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
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_cgroup_kernel_bytes",
		.help = "Kernel memory charged to a cgroup, without the cgroups below it." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(AMOUNT, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(AMOUNT, KT_COL_SUM),
	[COL_SLAB] = { .key = "slab_bytes", .title = "SLAB", .type = AMOUNT, .flags = KT_COL_SUM },
	[COL_STACKS] = { .key = "stacks_bytes", .title = "STACKS", .type = AMOUNT, .flags = PART },
	[COL_TABLES] = { .key = "page_tables_bytes",
		.title = "TABLES",
		.type = AMOUNT,
		.flags = PART },
	[COL_PERCPU] = { .key = "percpu_bytes", .title = "PERCPU", .type = AMOUNT, .flags = PART },
	[COL_VMALLOC] = { .key = "vmalloc_bytes",
		.title = "VMALLOC",
		.type = AMOUNT,
		.flags = PART },
	[COL_OTHER] = { .key = "other_bytes", .title = "OTHER", .type = AMOUNT, .flags = PART },
	[COL_SOCK] = { .key = "sock_bytes", .title = "SOCKETS", .type = AMOUNT, .flags = PART },
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
		.metric = "ktally_cgroup_limit_bytes",
		.help = "Limit of all memory of a cgroup and those below it." },
	[COL_SHARE] = { .key = "limit_share",
		.title = "OF LIMIT",
		.type = KT_CELL_SHARE,
		.num = COL_ALL,
		.den = COL_LIMIT },
	[COL_DYING] = { .key = "dying",
		.title = "DYING",
		.type = KT_CELL_COUNT,
		.flags = KT_COL_SUM },
	[COL_PATH] = { .key = "path",
		.title = "PATH",
		.flags = KT_COL_KEY | KT_COL_LABEL | KT_COL_WIDE },
};

static const struct {
	size_t column;
	const char *rows[2]; /* of the account: what of them no group has is nobody's */
} kinds[KT_CGROUP_NR_KINDS] = {
	[KT_CGROUP_KIND_KERNEL] = { COL_KERNEL, { "kernel" } },
	[KT_CGROUP_KIND_SLAB] = { COL_SLAB, { "slab" } },
	[KT_CGROUP_KIND_STACKS] = { COL_STACKS, { "kernel_stacks" } },
	[KT_CGROUP_KIND_TABLES] = { COL_TABLES, { "page_tables", "sec_page_tables" } },
	[KT_CGROUP_KIND_PERCPU] = { COL_PERCPU, { "percpu" } },
	[KT_CGROUP_KIND_VMALLOC] = { COL_VMALLOC, { "vmalloc" } },
	[KT_CGROUP_KIND_OTHER] = { COL_OTHER, { NULL } },
	[KT_CGROUP_KIND_SOCK] = { COL_SOCK, { NULL } },
};

struct view {
	struct kt_report *report;
	const struct kt_snapshot *snap;
	struct kt_cgroup_sums sums;
	struct kt_cgroup_amount outside[KT_CGROUP_NR_KINDS]; /* charged to none of the groups */
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

static bool has_limit(const struct kt_cgroup *group)
{
	return group->limit >= 0 && group->limit != KT_CGROUP_NO_LIMIT;
}

/* ---- what no group is charged with ---- */

static struct kt_cgroup_amount of_account(
	const struct kt_account *account, const char *const rows[2])
{
	struct kt_cgroup_amount sum = { 0 };

	for (size_t i = 0; i < 2 && rows[i]; i++) {
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

/* Kinds add up to KERNEL here too, because OTHER takes what the named ones leave. */
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

/* Columns that this kernel does not fill, or that 80 columns have no room for, are wide. */
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

	for (size_t i = 0; table && i < view->snap->cgroups.groups.count; i++)
		put_group(view, table, i);
	if (table && view->outside[KT_CGROUP_KIND_KERNEL].known)
		put_outside(view, table);
}

/* ---- what stands above it and below ---- */

static void put_fields(struct view *view)
{
	const struct kt_cgroups *cgroups = &view->snap->cgroups;
	struct kt_report *report = view->report;
	const struct {
		const char *key, *metric, *help;
		enum kt_cell_type type;
		struct kt_cell cell;
	} fields[] = {
		{ "version", NULL, NULL, KT_CELL_TEXT, kt_cell_text(cgroups->v1 ? "v1" : "v2") },
		{ "groups", "ktally_cgroups", "Memory cgroups.", KT_CELL_COUNT,
			kt_cell_number((int64_t)cgroups->groups.count) },
		{ "dying", "ktally_cgroups_dying",
			"Memory cgroups that were removed and still hold memory.", KT_CELL_COUNT,
			cell_of(view->sums.nr_dying) },
		{ "kernel_bytes", NULL, NULL, AMOUNT, cell_of(view->kernel) },
		{ "charged_bytes", NULL, NULL, AMOUNT,
			cell_of(view->sums.total[KT_CGROUP_KIND_KERNEL]) },
		{ "uncharged_bytes", NULL, NULL, AMOUNT,
			cell_of(view->outside[KT_CGROUP_KIND_KERNEL]) },
		{ "lower_bound", NULL, NULL, KT_CELL_BOOL, kt_cell_number(view->sums.lower_bound) },
	};

	for (size_t i = 0; i < KT_LEN(fields); i++) {
		struct kt_field *field = kt_report_field(
			report, NULL, fields[i].key, fields[i].type, fields[i].cell);

		if (field) {
			field->metric = fields[i].metric;
			field->help = fields[i].help;
		}
	}
}

static void say_split(struct view *view)
{
	struct kt_cgroup_amount inside = view->sums.total[KT_CGROUP_KIND_KERNEL];
	size_t nr_groups = view->snap->cgroups.groups.count;
	char all[24], charged[24], left[24];

	if (!view->kernel.known || !inside.known)
		return;
	kt_human_bytes(view->kernel.bytes, all);
	kt_human_bytes(inside.bytes, charged);
	kt_human_bytes(view->outside[KT_CGROUP_KIND_KERNEL].bytes, left);
	kt_report_headline(view->report, "%s of kernel memory: %s%s in %zu cgroup%s, %s %s", all,
		view->sums.lower_bound ? "at least " : "", charged, nr_groups,
		nr_groups == 1 ? "" : "s", left,
		is_part(view->snap) ? "outside of them" : "in none");
}

/*
 * What is charged to a removed group moves to the group that it was in: its objects at
 * once, its pages as the counters have always had them in both. There it is own memory of
 * a group that others are below, together with what that group's own programs have.
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
		"%lld cgroups are dying: removed, and still charged with memory; up to %s of "
		"kernel memory was left to the groups they were in",
		(long long)dying.bytes, human);
}

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

static void put_notes(struct view *view)
{
	struct kt_report *report = view->report;

	for (size_t i = 0; i < view->snap->notes.count; i++)
		kt_report_note(report, "%s", view->snap->notes.items[i]);
	if (view->sums.lower_bound)
		kt_report_note(report,
			"memory.stat of this kernel has no sum of kernel memory: KERNEL is what "
			"its "
			"keys name, and the rest of what a cgroup has is in the row of none");
	if (view->snap->cgroups.v1 && !view->sums.kinds)
		kt_report_note(report,
			"cgroup v1 counts kernel memory in one sum: it does not tell slab from "
			"stacks or page tables");
	if (!view->outside[KT_CGROUP_KIND_KERNEL].known)
		kt_report_note(report,
			"what no cgroup is charged with cannot be told: the account of the "
			"machine, or a part of the cgroups, is missing");
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

static struct kt_err *examine(struct view *view)
{
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	if (!kt_cgroup_sums(view->snap, &view->report->arena, &view->sums))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	err = kt_account_compute((struct kt_snapshot *)view->snap, KT_NO_NODE, &account);
	if (!err)
		fill_outside(view, &account);
	return NULL;
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct view view = { .report = report };
	struct kt_err *err;

	kt_report_init(report, "ktally/cgroups/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0, SOURCES);
	if (err)
		return err;
	view.snap = session.snap;
	if (!session.snap->cgroups.groups.count)
		return kt_session_blame(options,
			kt_err_new(KT_ERR_ABSENT,
				options->cheap ? "the memory cgroups are left out by --cheap"
					       : "no memory cgroups below sys/fs/cgroup"));
	err = examine(&view);
	if (err)
		return err;
	find_limits(&view);
	kt_session_describe(&session, options, report);
	put_fields(&view);
	say_split(&view);
	say_dying(&view);
	say_limits(&view);
	put_table(&view, options->interval_s > 0);
	put_notes(&view);
	return NULL;
}

const struct kt_cmd kt_cmd_cgroups = {
	.name = "cgroups",
	.summary = "kernel memory by cgroup, next to its limit; dying ones",
	.help = "Lists the memory cgroups (services, containers, sessions) and the kernel "
		"memory each is charged with: no process shows it, its limit counts it. KERNEL "
		"is a group's own, without the groups below it; WITH BELOW (-a) has them in it "
		"and is what OF LIMIT compares.\n\n"
		"What the kernel has for itself, and free objects in slabs, are charged to "
		"nobody: (in no cgroup). With it the rows add up to the row 'kernel' of the "
		"account.\n\n"
		"A group that others are below seldom runs programs: what it owns was left by "
		"removed groups. DYING counts those of them that are still charged; each costs "
		"slab and memory on every CPU until its last page or object goes. Timers, "
		"health checks and short containers leave thousands. 'echo 2 "
		">/proc/sys/vm/drop_caches' frees what only caches hold; 'ktally percpu' shows "
		"the cost.\n\n"
		"-a adds kinds of memory, socket buffers and paths. Reads three or four small "
		"files a group, for which the kernel adds up its counters.",
	.repeats = true,
	.run = run,
};

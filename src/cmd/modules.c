// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/modules.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "output/output.h"

#include <string.h>

#define FOREIGN_NAMED 12

enum {
	COL_NAME,
	COL_BYTES,
	COL_GROWTH,
	COL_RATE,
	COL_IMAGE,
	COL_VMALLOC,
	COL_ALLOCATED,
	COL_REFS,
	COL_STATE,
	COL_TAINTS,
	COL_FLAGS,
	COL_USERS, /* last: it may be long */
};

static const struct kt_column columns[] = {
	[COL_NAME] = { .key = "name",
		.title = "MODULE",
		.flags = KT_COL_KEY | KT_COL_LABEL,
		.label = "module" },
	[COL_BYTES] = { .key = "bytes",
		.title = "MEMORY",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM | KT_COL_RANK | KT_COL_TRACK,
		.metric = "ktally_module_bytes",
		.help = "Memory of a module: its image and what it is known to have allocated." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_IMAGE] = { .key = "image_bytes",
		.title = "IMAGE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = "ktally_module_image_bytes",
		.help = "Code and data of a module." },
	[COL_VMALLOC] = { .key = "vmalloc_bytes",
		.title = "VMALLOC",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = "ktally_module_vmalloc_bytes",
		.help = "Memory in vmalloc areas that a module asked for." },
	[COL_ALLOCATED] = { .key = "allocated_bytes",
		.title = "ALLOCATED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = "ktally_module_allocated_bytes",
		.help = "Memory of all kinds that a module allocated, by /proc/allocinfo." },
	[COL_REFS] = { .key = "references", .title = "REFS", .type = KT_CELL_COUNT },
	[COL_STATE] = { .key = "state", .title = "STATE", .flags = KT_COL_DATA_ONLY },
	[COL_TAINTS] = { .key = "taints", .title = "TAINTS", .flags = KT_COL_DATA_ONLY },
	[COL_FLAGS] = { .key = "flags", .title = "NOTABLE" },
	[COL_USERS] = { .key = "used_by", .title = "USED BY", .flags = KT_COL_WIDE },
};

/* Where no module has allocations that are known, the column would be empty. */
static struct kt_table *make_table(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_options *options)
{
	struct kt_column *all = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!all)
		return NULL;
	memcpy(all, columns, sizeof(columns));
	if (!snap->has_allocinfo)
		all[COL_ALLOCATED].flags |= KT_COL_WIDE;
	if (options->interval_s)
		all[COL_FLAGS].flags |= KT_COL_WIDE;
	return kt_report_list(report, "modules", NULL, all, KT_LEN(columns));
}

static const char *join(struct kt_report *report, const char *text, const char *more)
{
	return kt_arena_printf(&report->arena, "%s%s%s", text, *text ? ", " : "", more);
}

/* kernel/panic.c: taint_flags, those that a module can have. */
static const char *flags_of(struct kt_report *report, const struct kt_module *module)
{
	static const struct {
		char letter;
		const char *name;
	} taints[] = {
		{ 'O', "out of tree" },
		{ 'P', "proprietary" },
		{ 'C', "staging" },
		{ 'E', "unsigned" },
		{ 'F', "forced" },
		{ 'K', "live patch" },
		{ 'N', "test" },
	};
	const char *text = "";

	if (module->state && strcmp(module->state, "Loading") == 0)
		text = "loading";
	if (module->state && strcmp(module->state, "Unloading") == 0)
		text = "unloading";
	for (size_t i = 0; module->taints && i < KT_LEN(taints); i++) {
		if (strchr(module->taints, taints[i].letter))
			text = join(report, text, taints[i].name);
	}
	return *text ? text : NULL;
}

static void put_use(
	struct kt_report *report, struct kt_table *table, const struct kt_module_use *use)
{
	struct kt_report_row *row = kt_table_row(report, table);
	const struct kt_module *module = use->module;

	if (!row)
		return;
	row->cells[COL_NAME] = kt_report_text(report, use->name);
	row->cells[COL_BYTES] = kt_cell_known(use->bytes);
	row->cells[COL_IMAGE] = kt_cell_known(use->image_bytes);
	row->cells[COL_VMALLOC] = kt_cell_known(use->vmalloc_bytes);
	row->cells[COL_ALLOCATED] = kt_cell_known(use->allocated_bytes);
	if (!module)
		return;
	row->cells[COL_REFS] = kt_cell_known(module->nr_refs);
	row->cells[COL_USERS] = kt_report_text(report, module->users);
	row->cells[COL_STATE] = kt_report_text(report, module->state);
	row->cells[COL_TAINTS] = kt_report_text(report, module->taints);
	row->cells[COL_FLAGS] = kt_cell_text(flags_of(report, module));
}

static void put_summary(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_modules *modules, bool loadable)
{
	int64_t images = 0;
	char human[24];

	for (size_t i = 0; i < modules->uses.count; i++)
		images += modules->uses.items[i].image_bytes > 0
				  ? modules->uses.items[i].image_bytes
				  : 0;
	kt_report_field(report, NULL, "loadable", KT_CELL_BOOL, kt_cell_number(loadable));
	kt_report_field(report, NULL, "image_areas_bytes", KT_CELL_BYTES,
		kt_cell_known(modules->image_areas_bytes));
	kt_human_bytes(images, human);
	if (!loadable)
		kt_report_headline(report, "this kernel has no loadable modules");
	else if (!modules->uses.count)
		kt_report_headline(report, "no module is loaded");
	else if (snap->modules.count)
		kt_report_headline(report,
			"%zu module%s, images of %s, which the account has in vmalloc",
			snap->modules.count, snap->modules.count == 1 ? "" : "s", human);
}

/* The first suspects; in a list by size they may stand anywhere. */
static void note_foreign(struct kt_report *report, const struct kt_snapshot *snap)
{
	const char *names = "";
	size_t count = 0;

	for (size_t i = 0; i < snap->modules.count; i++) {
		const struct kt_module *module = &snap->modules.items[i];

		if (!module->taints || !strpbrk(module->taints, "OPC"))
			continue;
		if (count++ < FOREIGN_NAMED)
			names = join(report, names, module->name);
	}
	if (count)
		kt_report_note(report,
			"out of tree, proprietary or staging, and so the first suspects of a leak: "
			"%s%s",
			names, count > FOREIGN_NAMED ? ", ..." : "");
}

static void put_notes(struct kt_report *report, const struct kt_session *session)
{
	const struct kt_source_state *areas = kt_session_source(session, "vmallocinfo");

	if (!session->snap->areas.count)
		kt_report_note(report, "the vmalloc memory of modules is not known: %s",
			areas && areas->why ? areas->why : "it was not read");
	if (session->snap->has_allocinfo)
		return;
	kt_report_note(report,
		"what modules hold in slab caches and pages is not known: only a kernel "
		"with allocation profiling tells (CONFIG_MEM_ALLOC_PROFILING)");
	note_foreign(report, session->snap);
}

/* On the running machine the kernel answers; a capture may just have left the file out. */
static struct kt_err *check(const struct kt_options *options, const struct kt_session *session,
	const struct kt_modules *modules, bool *ret_loadable)
{
	const struct kt_source_state *source = kt_session_source(session, "modules");
	bool missing = !source || source->state != KT_OK;

	*ret_loadable = !missing || modules->uses.count;
	if (!missing || modules->uses.count ||
		(session->snap->host.live && source && source->state == KT_ABSENT))
		return NULL;
	if (source && source->state != KT_ABSENT)
		return kt_session_blame(options,
			kt_err_new(source->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_PARSE,
				"%.300s", source->why));
	return kt_session_blame(options,
		kt_err_new(KT_ERR_ABSENT,
			"no list of modules: the kernel has no loadable ones, or the capture left "
			"it out"));
}

static struct kt_err *run(const struct kt_options *options, struct kt_report *report)
{
	KT_CLEANUP(session) struct kt_session session = { 0 };
	struct kt_modules modules;
	struct kt_table *table;
	struct kt_err *err;
	bool loadable;

	kt_report_init(report, "ktally/modules/1");
	err = kt_session_open(options, &session);
	if (!err)
		err = kt_session_collect(&session, options, 0,
			"host meta meminfo vmstat vmallocinfo modules allocinfo");
	if (err)
		return err;
	kt_modules_join(&report->arena, session.snap, &modules);
	err = check(options, &session, &modules, &loadable);
	if (err)
		return err;
	kt_session_describe(&session, options, report);
	put_summary(report, session.snap, &modules, loadable);
	table = make_table(report, session.snap, options);
	for (size_t i = 0; table && i < modules.uses.count; i++)
		put_use(report, table, &modules.uses.items[i]);
	if (modules.uses.count)
		put_notes(report, &session);
	return NULL;
}

const struct kt_cmd kt_cmd_modules = {
	.name = "modules",
	.summary = "memory of each loaded module",
	.help = "Lists the loaded modules of the kernel with the memory that is known to be "
		"theirs: IMAGE is code and data, whose init part is gone once it has run; "
		"VMALLOC is in vmalloc areas that the module's code asked for, which takes "
		"root to read; ALLOCATED is everything that its code allocated, of all kinds, "
		"on kernels that keep count (CONFIG_MEM_ALLOC_PROFILING). MEMORY is the image "
		"and what was allocated, as far as known: without ALLOCATED, slab objects, "
		"pages and per-CPU memory of the module are missing from it. REFS is how often "
		"it is in use, -a shows by which modules; NOTABLE says what is out of tree, "
		"proprietary, unsigned, staging or being loaded.\n\n"
		"A module with much VMALLOC or ALLOCATED that grows ('ktally modules -i 10') "
		"is suspect: 'ktally vmalloc --filter MODULE' shows which of its functions "
		"holds the memory. Unloading a module gives its image back, and what it "
		"allocated if it cleans up. A kernel without loadable modules shows none; "
		"drivers that are built in are not listed.",
	.repeats = true,
	.run = run,
};

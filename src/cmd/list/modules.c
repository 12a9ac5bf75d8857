// SPDX-License-Identifier: GPL-2.0-or-later
//
// Joins three files by the name of the module: /proc/modules has the images, /proc/vmallocinfo the
// vmalloc areas with the module of their caller, /proc/allocinfo all allocations by module. Few
// kernels have the last one. Without it slab objects and pages of a module are not known, and
// MEMORY is a lower bound.
//
// The images are vmalloc areas too, whose caller is the loader and not the module. So IMAGE and
// VMALLOC do not overlap. ALLOCATED contains VMALLOC: MEMORY is the image plus the larger of the
// two, and never plus both.

#include "analysis/modules.h"
#include "base/buf.h"
#include "base/human.h"
#include "cli/cmd.h"
#include "machine/machine.h"

#include <string.h>

#define FOREIGN_NAMED 12

/*
 * Bytes, summed over the modules. REFS is the use count. A module that is in no list of modules but
 * has areas, because it was unloaded or hidden, has no image.
 */
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
		.metric = KT_FAMILY(MODULE_BYTES),
		.help = "The image and what is known to be allocated." },
	[COL_GROWTH] = KT_COLUMN_GROWTH(KT_CELL_BYTES, KT_COL_SUM),
	[COL_RATE] = KT_COLUMN_RATE(KT_CELL_BYTES, KT_COL_SUM),
	[COL_IMAGE] = { .key = "image_bytes",
		.title = "IMAGE",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(MODULE_IMAGE_BYTES),
		.help = "null where proc/modules does not have the module." },
	[COL_VMALLOC] = { .key = "vmalloc_bytes",
		.title = "VMALLOC",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(MODULE_VMALLOC_BYTES),
		.help = "Of vmalloc areas that its code asked for." },
	[COL_ALLOCATED] = { .key = "allocated_bytes",
		.title = "ALLOCATED",
		.type = KT_CELL_BYTES,
		.flags = KT_COL_SUM,
		.metric = KT_FAMILY(MODULE_ALLOCATED_BYTES),
		.help = "By its code, of all kinds; null without proc/allocinfo." },
	[COL_REFS] = { .key = "references",
		.title = "REFS",
		.type = KT_CELL_COUNT,
		.help = "null where the kernel cannot unload modules." },
	[COL_STATE] = { .key = "state", .title = "STATE", .flags = KT_COL_DATA_ONLY },
	[COL_TAINTS] = { .key = "taints",
		.title = "TAINTS",
		.flags = KT_COL_DATA_ONLY,
		.help = "Letters, as in proc/modules." },
	[COL_FLAGS] = { .key = "flags", .title = "NOTABLE" },
	[COL_USERS] = { .key = "used_by",
		.title = "USED BY",
		.flags = KT_COL_WIDE,
		.help = "Names with commas between." },
};

/* If no module has known allocations, the column would be empty. */
static struct kt_table *make_table(
	struct kt_report *report, const struct kt_snapshot *snap, const struct kt_call *call)
{
	struct kt_column *all = kt_arena_alloc(&report->arena, sizeof(columns));

	if (!all)
		return NULL;
	memcpy(all, columns, sizeof(columns));
	if (!kt_snapshot_users(snap, KT_USERS_SITES))
		all[COL_ALLOCATED].flags |= KT_COL_WIDE;
	if (call->interval_s)
		all[COL_FLAGS].flags |= KT_COL_WIDE;
	return kt_report_list(report, "modules", NULL, all, KT_LEN(columns));
}

/*
 * kernel/panic.c: taint_flags that a module can have. Letters of /proc/modules in words; a letter
 * without a word here stays visible in the column "taints".
 */
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
	struct kt_buf text = { 0 };

	if (module->state && strcmp(module->state, "Loading") == 0)
		kt_buf_puts(&text, "loading");
	if (module->state && strcmp(module->state, "Unloading") == 0)
		kt_buf_puts(&text, "unloading");
	for (size_t i = 0; module->taints && i < KT_LEN(taints); i++) {
		if (strchr(module->taints, taints[i].letter))
			kt_buf_join(&text, ", ", "%s", taints[i].name);
	}
	return text.size || text.failed ? kt_arena_text(&report->arena, &text) : NULL;
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
	kt_report_field(report, NULL, "modules_quality", KT_CELL_TEXT,
		kt_cell_text(snap->modules_partial ? "lower_bound" : "exact"));
	kt_human_bytes(images, human);
	if (!loadable)
		kt_report_headline(report, "this kernel has no loadable modules");
	else if (!modules->uses.count)
		kt_report_headline(report, "no module is loaded");
	else if (snap->modules.count)
		kt_report_headline(report,
			"%s%zu module%s, images of %s, part of vmalloc in the account",
			snap->modules_partial ? "at least " : "", snap->modules.count,
			snap->modules.count == 1 ? "" : "s", human);
}

/*
 * The first suspects; they may be anywhere in a list by size. They are named by taint and not by
 * size: a leak of slab objects shows in no column without allocation profiling.
 */
static void note_foreign(struct kt_report *report, const struct kt_snapshot *snap)
{
	struct kt_buf names = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < snap->modules.count; i++) {
		const struct kt_module *module = &snap->modules.items[i];

		if (!module->taints || !strpbrk(module->taints, "OPC"))
			continue;
		if (count++ < FOREIGN_NAMED)
			kt_buf_join(&names, ", ", "%s", module->name);
	}
	if (count || names.failed)
		kt_report_note(report,
			"first suspects of a leak (out of tree, proprietary or staging): %s%s",
			kt_arena_text(&report->arena, &names),
			count > FOREIGN_NAMED ? ", ..." : "");
}

static void put_notes(struct kt_report *report, const struct kt_machine *machine)
{
	const struct kt_source_state *areas =
		kt_source_outcome(machine->snap, &kt_source_vmallocinfo);

	if (machine->snap->modules_partial || machine->snap->areas_partial)
		kt_machine_put_notes(report, machine->snap);
	if (!machine->snap->areas.count)
		kt_report_note(report, "the vmalloc memory of modules is not known: %s",
			areas && areas->why ? areas->why : "it was not read");
	if (kt_snapshot_users(machine->snap, KT_USERS_SITES))
		return;
	kt_report_note(report,
		"memory of modules in slab caches and pages is not known: only a kernel "
		"with allocation profiling counts it (CONFIG_MEM_ALLOC_PROFILING)");
	note_foreign(report, machine->snap);
}

/*
 * On the running machine the kernel has no modules; a capture may have left the file out. No file
 * on the running machine means a kernel without modules, which is an answer. The same in a capture
 * may be a file that was not packed, which is an error.
 */
static struct kt_err *check(const struct kt_call *call, const struct kt_machine *machine,
	const struct kt_modules *modules, bool *ret_loadable)
{
	const struct kt_source_state *source = kt_source_outcome(machine->snap, &kt_source_modules);
	bool missing = !source || source->state != KT_OK;

	*ret_loadable = !missing || modules->uses.count;
	if (!missing || modules->uses.count ||
		(machine->snap->host.live && source && source->state == KT_ABSENT))
		return NULL;
	if (source && source->state != KT_ABSENT)
		return kt_machine_blame(&call->machine,
			kt_err_new(source->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_PARSE,
				"%.300s", source->why));
	return kt_machine_blame(&call->machine,
		kt_err_new(KT_ERR_ABSENT,
			"no list of modules: the kernel has no loadable modules, or the "
			"capture left the file out"));
}

static const struct kt_column field_columns[] = {
	{ .key = "loadable",
		.type = KT_CELL_BOOL,
		.flags = KT_COL_SET,
		.help = "false: the kernel has no loadable modules." },
	{ .key = "modules_quality",
		.flags = KT_COL_SET,
		.words = "exact|lower_bound",
		.help = "lower_bound: a dump lacks modules, so their number is a lower bound." },
	{ .key = "image_areas_bytes",
		.type = KT_CELL_BYTES,
		.help = "Memory of the images of all modules, by the vmalloc areas that hold "
			"them." },
};

static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};
static const struct kt_part modules_part = {
	.key = "modules",
	.kind = KT_PART_LIST,
	KT_COLUMNS_OF(columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/modules/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &modules_part),
};

static const struct kt_needs needs = {
	.only = KT_SOURCES(&kt_source_host, &kt_source_meta, &kt_source_meminfo, &kt_source_vmstat,
		&kt_source_vmallocinfo, &kt_source_modules, &kt_source_allocinfo)
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	struct kt_modules modules;
	struct kt_table *table;
	struct kt_err *err;
	bool loadable;

	kt_report_begin(report, &shape);
	err = kt_machine_read(&call->machine, &machine, KT_WANT_AREAS, &needs);
	if (err)
		return err;
	kt_modules_join(&report->arena, machine.snap, &modules);
	err = check(call, &machine, &modules, &loadable);
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	put_summary(report, machine.snap, &modules, loadable);
	table = make_table(report, machine.snap, call);
	for (size_t i = 0; table && i < modules.uses.count; i++)
		put_use(report, table, &modules.uses.items[i]);
	if (modules.uses.count)
		put_notes(report, &machine);
	return NULL;
}

static const struct kt_example examples[] = {
	{ "ktally modules -i 10", "which modules grow, every 10 seconds" },
	{ "ktally modules --filter 'nf_*'", "the modules whose names begin with nf_" },
	{ "ktally modules -a", "with the modules that use each, and every column" },
};

const struct kt_cmd kt_cmd_modules = {
	.name = "modules",
	.summary = "memory of each loaded module",
	.help = "Lists the loaded modules of the kernel with the memory that is known to be "
		"theirs. IMAGE is code and data; its init part is freed once it has run. "
		"VMALLOC is memory in vmalloc areas that the module's code asked for; reading "
		"it needs root. ALLOCATED is all memory that its code allocated, on kernels "
		"that count it (CONFIG_MEM_ALLOC_PROFILING). MEMORY is the image plus the "
		"allocations, as far as known: without ALLOCATED, slab objects, pages and "
		"per-CPU memory of the module are missing. REFS is the use count; -a shows "
		"the modules that use it. NOTABLE marks modules that are out of tree, "
		"proprietary, unsigned, staging or being loaded.\n\n"
		"A module whose VMALLOC or ALLOCATED grows is suspect: 'ktally vmalloc "
		"--filter MODULE' shows which of its functions holds the memory. Unloading a "
		"module frees its image, and its allocations if it cleans up. A kernel "
		"without loadable modules shows none; built-in drivers are not listed.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.web = KT_WEB_LISTS,
	.shape = &shape,
	.run = run,
};

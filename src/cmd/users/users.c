// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who holds kernel memory, by the files in which the kernel itself keeps it: call sites, stacks of
// pages and of slab objects, unreferenced objects, callers of vmalloc.

#include "cmd/users/users.h"
#include "cmd/object_lists.h"
#include "cmd/users/users_profile.h"
#include "cmd/users/users_stacks.h"
#include "cmd/users/users_watch.h"

#include "account/row.h"
#include "machine/machine.h"
#include "source/lists/slabs.h"

#include <string.h>

#define BIT(part) (1u << KT_USERS_PART_##part)
#define PAGES	  (BIT(PAGES) | BIT(STACKS))
#define SITES	  (BIT(SITES) | BIT(REPORT))

/* Sources of users with their parts, in the order in which the sentence about a lack names them. */
static const struct {
	const struct kt_source *source;
	unsigned parts;
	bool unnamed; /* it cannot be asked for: it is there or not */
} sources[] = {
	{ &kt_source_slab_traces, BIT(OBJECTS) | BIT(FREED) },
	{ &kt_source_allocinfo, BIT(SITES) },
	{ &kt_source_page_stacks, BIT(STACKS) },
	{ &kt_source_page_owner, BIT(PAGES) },
	{ &kt_source_kmemleak, BIT(LEAKS) },
	{ &kt_source_vmallocinfo, BIT(VMALLOC) },
	{ &kt_source_page_handles, PAGES, .unnamed = true },
	{ &kt_source_memreport, BIT(REPORT), .unnamed = true },
};

/*
 * Words of the user: parts of the list, and rows of the account. A row of memory that users share
 * with others is found by the purpose of the users.
 */
static const struct {
	const char *word;
	unsigned parts;
	const char *what; /* purpose of the users; NULL: any */
	const char *pool; /* purpose of the pools; NULL: none */
} topics[] = {
	{ "sites", SITES, NULL, NULL },
	{ "pages", PAGES, NULL, NULL },
	{ "objects", BIT(OBJECTS), NULL, NULL },
	{ "leaks", BIT(LEAKS), NULL, NULL },
	{ "watched", 0, NULL, NULL },
	{ "vmalloc", BIT(VMALLOC), NULL, NULL },
	{ "percpu", PAGES | SITES, "per-CPU memory", "pages of per-CPU memory" },
	{ "slab", BIT(OBJECTS), NULL, NULL },
	{ "slab_reclaimable", BIT(OBJECTS), NULL, NULL },
	{ "slab_unreclaimable", BIT(OBJECTS), NULL, NULL },
	{ "unattributed", PAGES | SITES, NULL, NULL },
	{ "kernel", KT_USERS_ALL & ~BIT(FREED), NULL, NULL },
	{ "ram", KT_USERS_ALL & ~BIT(FREED), NULL, NULL },
	{ "page_tables", PAGES | SITES, "page tables", NULL },
	{ "kernel_stacks", PAGES | SITES | BIT(VMALLOC), "stacks", NULL },
	{ "anonymous", PAGES | SITES, "of processes", NULL },
	{ "page_cache", PAGES | SITES, "page cache", NULL },
	{ "shmem", PAGES | SITES, "shared memory", NULL },
	{ "hugetlb", PAGES | SITES, "huge page pool", NULL },
	{ "zsmalloc", PAGES | SITES, "zsmalloc", NULL },
	{ "balloon", PAGES | SITES, "balloon", NULL },
};

static size_t topic_of(const char *word)
{
	enum kt_row_id row = kt_row_find(word);
	const char *name = row == KT_ROW_NONE ? word : kt_row_id_name(row);
	size_t i = 0;

	while (i < KT_LEN(topics) && strcmp(topics[i].word, word) != 0 &&
		strcmp(topics[i].word, name) != 0)
		i++;
	return i;
}

static bool is_cache(const struct kt_snapshot *snap, const char *word)
{
	for (size_t i = 0; i < snap->users.count; i++) {
		if (snap->users.items[i].cache && strcmp(snap->users.items[i].cache, word) == 0)
			return true;
	}
	for (size_t i = 0; i < snap->caches.count; i++) {
		if (strcmp(snap->caches.items[i].name, word) == 0)
			return true;
	}
	return false;
}

static struct kt_users_choice choose_cache(const char *cache, bool details)
{
	return (struct kt_users_choice){ .parts = BIT(OBJECTS) | (details ? BIT(FREED) : 0),
		.cache = cache };
}

/* A dump has no directories of caches, and a text of /proc/slabinfo that is made of its memory. */
static bool is_listed(struct kt_root *root, const char *word)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_span rest, line, name;
	struct kt_err *err;
	bool found = false;

	if (!kt_root_has_memory(root))
		return false;
	err = kt_root_read(root, KT_FILE_SLABINFO, &text);
	rest = kt_text_span(&text);
	while (!err && !found && kt_span_line(&rest, &line))
		found = kt_span_word(&line, &name) && kt_span_eq(name, word);
	kt_err_free(err);
	return found;
}

/*
 * Finds what a word of the user means, before anything is read. Only what was read shows that a
 * name that no directory has is the name of a cache, so it is a function's until then.
 */
static struct kt_users_choice choose(struct kt_root *root, const char *word, bool details)
{
	size_t topic = word ? topic_of(word) : KT_LEN(topics);
	struct kt_users_choice choice = { .parts = KT_USERS_ALL & ~BIT(FREED) };

	if (topic < KT_LEN(topics)) {
		choice.parts = topics[topic].parts;
		choice.what = topics[topic].what;
		choice.pool = topics[topic].pool;
	} else if (word && (kt_slabs_has(root, word) || is_listed(root, word))) {
		return choose_cache(word, details);
	} else if (word) {
		choice.parts = KT_USERS_ALL;
		choice.name = word;
	}
	if (details && (choice.parts & BIT(OBJECTS)))
		choice.parts |= BIT(FREED);
	return choice;
}

/* ---- what is missing ---- */

/* "proc/allocinfo (CONFIG_..., and root)", for each source that has none of the parts. */
static const char *providers(const struct kt_machine *machine, unsigned parts,
	struct kt_report *report, bool *ret_denied)
{
	struct kt_buf text = { 0 };

	for (size_t i = 0; i < KT_LEN(sources); i++) {
		const struct kt_source *source = sources[i].source;
		const struct kt_source_state *state = kt_source_outcome(machine->snap, source);

		if (sources[i].unnamed || !(sources[i].parts & parts) ||
			(state && state->state == KT_OK && state->wanted))
			continue;
		*ret_denied |= state && state->state == KT_DENIED;
		kt_buf_join(&text, "; ", "%s (%s%s)", source->paths[0],
			state && state->state == KT_DENIED ? "permission denied: " : "",
			source->gives);
	}
	return kt_arena_text(&report->arena, &text);
}

/* A cache has also its objects at call sites, which do not name it. */
static struct kt_err *nothing(const struct kt_call *call, const struct kt_machine *machine,
	const struct kt_users_choice *choice, struct kt_report *report)
{
	const char *word = call->nr_operands ? call->operands[0] : NULL;
	bool denied = false;
	const char *text = providers(machine, choice->parts, report, &denied);

	if (word && !*text)
		return kt_err_new(KT_ERR_ABSENT, "no file lists a user of '%.100s'", word);
	return kt_err_new(denied ? KT_ERR_DENIED : KT_ERR_ABSENT,
		"no file that could be read says who allocated %s%.100s%s; these would: %s",
		word ? "'" : "kernel memory", word ? word : "", word ? "'" : "", text);
}

static void put_notes(struct kt_report *report, const struct kt_machine *machine,
	const struct kt_users_choice *choice)
{
	const struct kt_snapshot *snap = machine->snap;
	bool sites = kt_snapshot_users(snap, KT_USERS_SITES);

	if ((choice->parts & SITES) && sites)
		kt_report_note(report, "a call site of per-CPU memory has the size of one CPU's "
				       "copy; slab objects have "
				       "the size of their slots");
	if ((choice->parts & BIT(LEAKS)) && kt_snapshot_users(snap, KT_USERS_LEAKS))
		kt_report_note(report, "kmemleak's objects are suspects: a pointer may be where "
				       "kmemleak does not look");
	if (!(choice->parts & BIT(PAGES)) || !machine->snap->host.live)
		return;
	if (kt_snapshot_users(snap, KT_USERS_PAGE_STACKS) &&
		!kt_snapshot_users(snap, KT_USERS_PAGES))
		kt_report_note(report, "page_owner was not read, because page_owner_stacks has the "
				       "same sums; --expensive reads it");
}

/* A source that could not be read although it exists says why. */
static void put_failures(struct kt_report *report, const struct kt_machine *machine)
{
	for (size_t i = 0; i < KT_LEN(sources); i++) {
		const struct kt_source_state *state =
			kt_source_outcome(machine->snap, sources[i].source);

		if (!sources[i].unnamed && state && state->wanted &&
			(state->state == KT_DENIED || state->state == KT_BAD))
			kt_report_note(report, "not read: %s", state->why);
	}
}

/* ---- objects in memory ---- */

/* The objects that are there already, by content: a holder that began long ago is seen only here.
 */
static size_t put_objects(struct kt_report *report, const struct kt_snapshot *snap,
	const struct kt_users_choice *choice)
{
	const struct kt_source_state *state = kt_source_outcome(snap, &kt_source_objects);

	if (!choice->cache)
		return 0;
	if (state && state->wanted && state->state != KT_OK)
		kt_report_note(report, "objects in memory were not read: %s", state->why);
	return kt_object_lists_put(report, snap, kt_users_slot_bytes(snap, choice->cache));
}

/* ---- the command ---- */

/* Sources of all parts: sizes of pages and of objects. */
static const struct kt_source *const common[] = { &kt_source_host, &kt_source_meta,
	&kt_source_vmstat, &kt_source_meminfo, &kt_source_slabinfo };

/*
 * Only the files of the parts are read, because some of them disturb the machine. Where a cache is
 * named, only its own files are: the kernel looks at each of its objects.
 */
static struct kt_err *collect(struct kt_machine *machine, const struct kt_users_choice *choice)
{
	static const struct kt_source *const objects[] = { &kt_source_iomem, &kt_source_slabs,
		&kt_source_objects };
	const struct kt_source *list[KT_LEN(common) + KT_LEN(objects) + KT_LEN(sources) + 2] = {
		NULL
	};
	const struct kt_needs needs = { .only = list };
	size_t count = 0;

	while (count < KT_LEN(common)) {
		list[count] = common[count];
		count++;
	}
	for (size_t i = 0;
		choice->cache && kt_root_has_memory(machine->root) && i < KT_LEN(objects); i++)
		list[count++] = objects[i];
	for (size_t i = 0; i < KT_LEN(sources); i++) {
		if (sources[i].parts & choice->parts)
			list[count++] = sources[i].source;
	}
	if (kt_root_has(machine->root, kt_source_watched.paths[0]))
		list[count++] = &kt_source_watched;
	if (choice->cache)
		machine->snap->asked_cache =
			kt_arena_name(&machine->snap->arena, kt_span_str(choice->cache));
	return kt_machine_collect(machine,
		KT_WANT_AREAS | (choice->parts & BIT(FREED) ? KT_WANT_DETAILS : 0), &needs);
}

static const struct kt_column field_columns[] = {
	{ .key = "what", .help = "The operand; null without one." },
};
static const struct kt_part fields_part = {
	KT_COLUMNS_OF(field_columns),
};

static const struct kt_shape shape = {
	.schema = "ktally/users/1",
	.parts = KT_PARTS(&kt_host_part, &fields_part, &kt_users_part_sites, &kt_users_part_report,
		&kt_users_part_pages, &kt_users_part_page_stacks, &kt_users_part_objects,
		&kt_users_part_freed, &kt_users_part_leaks, &kt_users_part_vmalloc,
		&kt_users_part_pools, &kt_users_part_details, &kt_object_kinds_part,
		&kt_object_groups_part, &kt_object_holders_part, &kt_users_part_watch,
		&kt_users_part_watched, &kt_users_part_profile, &kt_users_part_watches),
};

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	const struct kt_users_args *args = kt_call_own(call);
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	const char *word = call->nr_operands ? call->operands[0] : NULL;
	bool details = args->details || args->stacks;
	struct kt_users_choice choice;
	struct kt_err *err;

	kt_report_begin(report, &shape);
	err = kt_machine_open(&call->machine, &machine);
	if (err)
		return err;
	if (args->watch.seconds > 0)
		return kt_users_watch(call, &args->watch, details, &machine, report);
	choice = choose(machine.root, word, details);
	err = collect(&machine, &choice);
	if (err)
		return err;
	if (choice.name && is_cache(machine.snap, choice.name))
		choice = choose_cache(choice.name, details);
	kt_machine_describe(&machine, report);
	kt_report_field(report, NULL, "what", KT_CELL_TEXT, kt_report_text(report, word));
	if (kt_users_put(report, call, machine.snap, &choice, details) +
			put_objects(report, machine.snap, &choice) +
			kt_users_put_watched(report, machine.snap, word, details) ==
		0)
		return kt_machine_blame(&call->machine, nothing(call, &machine, &choice, report));
	put_notes(report, &machine, &choice);
	put_failures(report, &machine);
	return NULL;
}

static const struct kt_operand operands[] = { { "WHAT", KT_ARG_CACHE, .optional = true,
	.web = "what" } };

static const struct kt_option options[] = {
	{ 0, "stacks", NULL, "the same as --details", .kind = KT_ARG_FLAG,
		KT_AT(struct kt_users_args, stacks) },
	{ 0, "details", NULL, "show stacks in full, and where objects were last freed",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_users_args, details) },
	{ 0, "watch", "TIME",
		"see who allocates for this time, and what is not freed: 60s, 10m; needs root",
		.kind = KT_ARG_SECONDS, KT_AT(struct kt_users_args, watch.seconds) },
	{ 0, "cpu", "PERCENT", "of one CPU that --watch may take, over ten minutes or more: 1",
		.kind = KT_ARG_NUMBER, KT_AT(struct kt_users_args, watch.cpu_percent), .min = 0,
		.max = 100, .takes = "a number from 1 to 100" },
};

static const struct kt_example examples[] = {
	{ "ktally users", "which functions hold kernel memory, by every file that says it" },
	{ "ktally users vmalloc", "only the callers of vmalloc" },
	{ "ktally users kmalloc-256", "what the objects of a cache are, and who allocated them" },
	{ "ktally users kmalloc-256 --watch 60s", "who allocates from it now, and does not free" },
	{ "ktally users slab --watch 30s -o flame > slab.svg", "a flame graph of all caches" },
	{ "ktally -s page_owner.txt users pages --details", "a file of page_owner, by stack" },
};

const struct kt_cmd kt_cmd_users = {
	.name = "users",
	.alias = "kmausers",
	.summary = "functions that allocated kernel memory",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.help = "Lists the functions that hold kernel memory, by the files in which the kernel "
		"keeps who allocated what. Each file has a list of its own, because the same "
		"memory may be in several:\n\n"
		"Call sites are from /proc/allocinfo (memory allocation profiling). They have all "
		"memory by line of code. The pages of slab caches and of per-CPU memory are in a "
		"table of pools, because their objects are at other call sites. Pages are from "
		"page_owner or its list of stacks. Slab objects are from alloc_traces, "
		"or alloc_calls before Linux 5.14; MEMORY is their number times the size in "
		"slabinfo. Objects without a pointer are from kmemleak and are only suspects. A "
		"memory report in a kernel log has its largest call sites with rounded sizes. "
		"Callers of vmalloc are in the last list; 'ktally vmalloc' shows more of "
		"them.\n\n"
		"A stack has the name of its first function that is no allocator, and WHERE shows "
		"who called it. --details shows stacks in full.\n\n"
		"WHAT selects: the name of a slab cache or function, a row of the account such as "
		"page_tables or unattributed, or one of sites, pages, objects, leaks, vmalloc, "
		"percpu. For a slab cache, root also sees its objects in kernel memory, by what "
		"they are or point to: a holder that began long ago is seen there.\n\n"
		"Most kernels keep none of these files, apart from vmallocinfo, until they are "
		"booted for it. --watch needs no such kernel: for the given time, BPF programs "
		"see who allocates from WHAT (a slab cache, slab, pages, percpu, vmalloc or "
		"kernel_stacks). In the first half they see allocations and frees, in the "
		"second half frees only. They draw a sample by bytes, so HELD is an estimate: "
		"in 99 of 100 cases the amount is within \302\261 of it. KEPT is the share of "
		"objects "
		"that outlived the watch: 100 % is a holder, 0 % is turnover. FOR is the process, "
		"or the function of the kernel's own work; in an interrupt the process that ran "
		"is a bystander.\n\n"
		"At the end, what is left is looked up in kernel memory, and what events showed is "
		"held against exact counts. Some kernels free objects where no event shows it: a "
		"note then says that the events are no evidence, and HELD is what memory still "
		"has. A watch takes at most 1 % of a CPU over ten minutes (--cpu) and 8 MiB of "
		"kernel memory; it says how much it took. Everything is detached when the "
		"program ends, however it ends.\n\n"
		"-o flame draws the stacks, -o folded, pprof and speedscope pass them on to other "
		"viewers.\n\n"
		"Reading alloc_traces stops allocations from its cache meanwhile. page_owner is "
		"read where it has no list of stacks, or with --expensive on a running machine. Of "
		"a dump the "
		"same lists are read from kernel memory.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.repeats = true,
	.lists = true,
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct kt_users_args),
	.shape = &shape,
	.run = run,
};

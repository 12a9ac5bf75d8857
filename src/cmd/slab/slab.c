// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab caches: what each holds, and what it wastes, by cause.
//
// The numbers are from /proc/slabinfo, details from /sys/kernel/slab. In use + free + padding +
// tail = held for each cache. The caches and one last row add up to Slab: kmalloc of more than two
// pages takes pages directly, is counted in Slab, and is in no cache.

#include "cmd/slab/slab.h"

#include "base/buf.h"
#include "base/human.h"
#include "cmd/charges.h"
#include "machine/machine.h"
#include "report/list.h"
#include "report/memreport_text.h"

#include <stdlib.h>
#include <string.h>

#define MERGED_MAX 6 /* caches whose names are listed */

/* Names that stand for the largest caches: any of them may grow. */
static void note_merged(
	struct kt_report *report, const struct kt_slab_uses *uses, const char *filter)
{
	const struct kt_slab_use *last = NULL;
	KT_CLEANUP(buf) struct kt_buf list = { 0 };

	for (int n = 0; n < MERGED_MAX; n++) {
		const struct kt_slab_use *largest = NULL;

		for (size_t i = 0; i < uses->items.count; i++) {
			const struct kt_slab_use *use = &uses->items.items[i];

			if (!use->folder || use->folder->names.count < 2 || use->held_bytes <= 0 ||
				(last && (use->held_bytes > last->held_bytes ||
						 (use->held_bytes == last->held_bytes &&
							 use <= last))))
				continue;
			if (filter && !kt_list_matches(filter, use->cache->name))
				continue;
			if (!largest || use->held_bytes > largest->held_bytes)
				largest = use;
		}
		if (!largest)
			break;
		kt_buf_join(&list, "; ", "%s (%s)", largest->cache->name,
			kt_slab_shortened(report,
				kt_slab_aliases(largest, largest->cache->name, &report->arena)));
		last = largest;
	}
	if (list.size || list.failed)
		kt_report_note(report, "merged with others, the largest: %s",
			kt_arena_text(&report->arena, &list));
}

static void put_notes(struct kt_report *report, const struct kt_call *call,
	const struct kt_snapshot *snap, const struct kt_slab_uses *uses)
{
	char human[24];

	kt_machine_put_notes(report, snap);
	if (uses->uncertain_bytes > 0) {
		kt_human_bytes(uses->uncertain_bytes, human);
		kt_report_note(report,
			"≤: some slabs of the cache were made smaller than planned; all "
			"caches together hold up to %s less, which is in TAIL here",
			human);
	}
	if (uses->nr_unread || uses->nr_unsplit)
		kt_report_note(report,
			"%zu caches cannot be read and have no numbers, or none of their objects "
			"in use: the sums are lower bounds",
			uses->nr_unread > uses->nr_unsplit ? uses->nr_unread : uses->nr_unsplit);
	if (uses->at_least)
		kt_report_note(report, "≥: the list counts objects but no slabs; a cache holds "
				       "more than its objects");
	if (uses->rounded_bytes > 0) {
		kt_human_bytes(uses->rounded_bytes, human);
		kt_report_note(report,
			"≈: sizes of objects are rounded in this list; IN USE, FREE and TAIL of "
			"all caches together may be off by up to %s, HELD is exact",
			human);
	}
	if (uses->rest_bytes < 0) {
		kt_human_bytes(-uses->rest_bytes, human);
		kt_report_note(report,
			"the caches add up to %s more than Slab: slabs were made "
			"smaller than planned, or the files come from different times",
			human);
	}
	if (uses->meminfo_bytes >= 0 && uses->slab_bytes >= 0 &&
		uses->meminfo_bytes != uses->slab_bytes) {
		kt_human_bytes(llabs(uses->meminfo_bytes - uses->slab_bytes), human);
		kt_report_note(report, "Slab in /proc/meminfo, read at another time, is %s %s",
			human, uses->meminfo_bytes > uses->slab_bytes ? "more" : "less");
	}
	if (uses->held_bytes < 0 && uses->in_use_bytes >= 0)
		kt_report_note(report, "HELD needs the page size, which is not known here");
	if (uses->slab_bytes < 0)
		kt_report_note(report,
			"no file has the Slab counter: memory in no cache (large kmalloc) is "
			"not known");
	if (!call->interval_s && !kt_slab_needs_details(call))
		note_merged(report, uses, call->list.filter);
	if (call->interval_s || kt_slab_needs_details(call) || uses->in_use_bytes < 0 ||
		uses->cached_bytes >= 0)
		return;
	kt_report_note(report,
		"IN USE includes free objects cached per CPU (--exact counts them)%s. 'ktally "
		"slab CACHE' explains a cache",
		snap->cache_folders.count ? ""
					  : ", and a name may stand for several merged caches");
}

/* Returns why there is no list: the source's own reason. */
static struct kt_err *nothing(const struct kt_snapshot *snap)
{
	const struct kt_source_state *source = kt_source_outcome(snap, &kt_source_slabinfo);
	const struct kt_source_state *tools = kt_source_outcome(snap, &kt_source_tools);

	if (tools && tools->state == KT_BAD)
		return kt_err_new(KT_ERR_ABSENT, "no list of slab caches: %s", tools->why);
	if (source && source->why && !source->wanted)
		return kt_err_new(
			KT_ERR_ABSENT, "no list of slab caches: slabinfo is %s", source->why);
	if (source && source->why)
		return kt_err_new(source->state == KT_DENIED ? KT_ERR_DENIED : KT_ERR_ABSENT,
			"cannot read slab caches: %s%s", source->why,
			source->state == KT_DENIED   ? " (root can)"
			: source->state == KT_ABSENT ? " (a kernel with CONFIG_SLUB_DEBUG has it)"
						     : "");
	if (kt_memreport_of(snap))
		return kt_err_new(KT_ERR_ABSENT,
			"this memory report lists no slab caches: the OOM killer lists "
			"unreclaimable ones, from 4.15 on, and only if they have more "
			"than all processes and cache");
	return kt_err_new(KT_ERR_ABSENT, "no list of slab caches: no proc/slabinfo");
}

static bool has_numbers(const struct kt_slab_uses *uses)
{
	for (size_t i = 0; i < uses->items.count; i++) {
		if (uses->items.items[i].cache->nr_objs >= 0 ||
			uses->items.items[i].held_bytes >= 0)
			return true;
	}
	return false;
}

#define FILES                                                                     \
	&kt_source_host, &kt_source_meta, &kt_source_vmstat, &kt_source_zoneinfo, \
		&kt_source_meminfo, &kt_source_slabinfo, &kt_source_tools, &kt_source_slabs

/* With CACHE the details of one cache are cheap, so they are read without --details. */
static const struct kt_needs needs_of_list = { .only = KT_SOURCES(FILES, &kt_source_slab_names) };
static const struct kt_needs needs_of_cache = { .only = KT_SOURCES(
							FILES, &kt_source_slab_details) };
static const struct kt_needs needs_of_exact_list = {
	.only = KT_SOURCES(FILES, &kt_source_slub, &kt_source_slab_names, &kt_source_iomem)
};
static const struct kt_needs needs_of_exact_cache = {
	.only = KT_SOURCES(FILES, &kt_source_slub, &kt_source_slab_details, &kt_source_iomem,
		&kt_source_occupancy)
};
static const struct kt_needs needs_of_drawing = { .only = KT_SOURCES(FILES, &kt_source_slub,
							  &kt_source_slab_details, &kt_source_iomem,
							  &kt_source_slab_drawing) };
static const struct kt_needs needs_of_objects = { .only = KT_SOURCES(FILES, &kt_source_slub,
							  &kt_source_slab_details, &kt_source_iomem,
							  &kt_source_objects) };
static const struct kt_needs needs_of_cgroups = { .only = KT_SOURCES(FILES, &kt_source_slub,
							  &kt_source_slab_names, &kt_source_iomem,
							  &kt_source_slab_cgroups) };
static const struct kt_needs needs_of_cgroups_of_one = {
	.only = KT_SOURCES(FILES, &kt_source_slub, &kt_source_slab_details, &kt_source_iomem,
		&kt_source_slab_cgroups)
};

static bool reads_memory(const struct kt_slab_args *args, struct kt_root *root)
{
	return args->exact || (args->view && !kt_root_has_memory(root) &&
				      kt_root_has(root, kt_source_slub.paths[0]));
}

static const struct kt_needs *needs_of(
	bool one, const struct kt_slab_args *args, struct kt_root *root)
{
	if (args->by == KT_SLAB_BY_CGROUP)
		return one ? &needs_of_cgroups_of_one : &needs_of_cgroups;
	if (one && args->draw)
		return &needs_of_drawing;
	if (one && args->objects)
		return &needs_of_objects;
	if (reads_memory(args, root))
		return one ? &needs_of_exact_cache : &needs_of_exact_list;
	return one ? &needs_of_cache : &needs_of_list;
}

/* Without kernel memory, an option that reads it must not show other numbers. */
static struct kt_err *check_memory(
	const struct kt_snapshot *snap, const struct kt_source *wanted, const char *option)
{
	const struct kt_source_state *source = kt_source_outcome(snap, wanted);

	if (!source || source->state == KT_OK)
		return NULL;
	return kt_err_new(source->state == KT_DENIED   ? KT_ERR_DENIED
			  : source->state == KT_ABSENT ? KT_ERR_ABSENT
						       : KT_ERR_PARSE,
		"%s: %s", option, source->why);
}

/* The layout of a slab is known without kernel memory, its objects are not. */
static struct kt_err *check_drawing(const struct kt_snapshot *snap)
{
	struct kt_err *err = check_memory(snap, &kt_source_slab_drawing, "--draw"), *told;

	if (!err)
		return NULL;
	told = kt_err_new(kt_err_code(err),
		"%s; 'ktally slab CACHE' draws the layout of a slab without its objects",
		kt_err_text(err));
	kt_err_free(err);
	return told;
}

static struct kt_err *check_options(const struct kt_slab_args *args, const char *asked)
{
	if (args->objects && !asked)
		return kt_err_new(
			KT_ERR_USAGE, "--objects takes one cache: 'ktally slab CACHE --objects'");
	if (args->draw && !asked)
		return kt_err_new(
			KT_ERR_USAGE, "--draw takes one cache: 'ktally slab CACHE --draw'");
	if (args->draw && (args->objects || args->by == KT_SLAB_BY_CGROUP))
		return kt_err_new(KT_ERR_USAGE, "--draw draws slabs; leave out %s",
			args->objects ? "--objects" : "--by cgroup");
	if (args->by == KT_SLAB_BY_CGROUP && (args->families || args->details || args->objects))
		return kt_err_new(KT_ERR_USAGE, "--by cgroup has rows of its own; leave out %s",
			args->families	? "--families"
			: args->details ? "--details"
					: "--objects");
	return NULL;
}

static struct kt_err *collect(const struct kt_call *call, struct kt_machine *machine)
{
	const struct kt_slab_args *args = kt_call_own(call);
	const char *asked = call->operands[0];
	struct kt_err *err = check_options(args, asked);

	if (!err)
		err = kt_machine_open(&call->machine, machine);
	if (err)
		return err;
	machine->snap->asked_beyond =
		args->exact && !args->view && !asked && args->by != KT_SLAB_BY_CGROUP;
	if (asked)
		machine->snap->asked_cache =
			kt_arena_name(&machine->snap->arena, kt_span_str(asked));
	err = kt_machine_collect(machine, kt_slab_needs_details(call) ? KT_WANT_DETAILS : 0,
		needs_of(asked != NULL, args, machine->root));
	if (!err && args->exact)
		err = check_memory(machine->snap, &kt_source_slub, "--exact");
	if (!err && args->objects)
		err = check_memory(machine->snap, &kt_source_objects, "--objects");
	if (!err && args->draw)
		err = check_drawing(machine->snap);
	if (!err && args->by == KT_SLAB_BY_CGROUP)
		err = check_memory(machine->snap, &kt_source_slab_cgroups, "--by cgroup");
	return err ? kt_machine_blame(&call->machine, err) : NULL;
}

static const struct kt_shape shape = {
	.schema = "ktally/slab/1",
	.parts = KT_PARTS(&kt_host_part, &kt_slab_whole_part, &kt_slab_caches_part,
		&kt_slab_large_part, &kt_slab_large_sum_part, &kt_slab_rcu_part,
		&kt_charges_of_caches_part),
};

static void put_cgroups(struct kt_report *report, const struct kt_snapshot *snap)
{
	kt_charges_put(report, snap, NULL, false);
	for (size_t i = 0; i < snap->notes.count; i++)
		kt_report_note(report, "%s", snap->notes.items[i]);
}

static struct kt_err *run(const struct kt_call *call, struct kt_report *report)
{
	KT_CLEANUP(machine) struct kt_machine machine = { 0 };
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	const struct kt_slab_args *args = kt_call_own(call);
	struct kt_err *err;

	kt_report_begin(report, call->nr_operands ? &kt_slab_cache_shape : &shape);
	err = collect(call, &machine);
	if (!err)
		err = kt_machine_blame(&call->machine, kt_slab_analyse(machine.snap, &uses));
	if (!err && !uses.items.count)
		err = kt_machine_blame(&call->machine, nothing(machine.snap));
	if (!err && !call->nr_operands && !has_numbers(&uses))
		err = kt_machine_blame(&call->machine, nothing(machine.snap));
	if (err)
		return err;
	kt_machine_describe(&machine, report);
	if (call->nr_operands)
		return kt_slab_cache_report(
			machine.snap, &uses, machine.snap->asked_cache, args, report);
	kt_slab_put_whole(report, machine.snap, &uses);
	if (args->by == KT_SLAB_BY_CGROUP) {
		put_cgroups(report, machine.snap);
		return NULL;
	}
	kt_slab_put_caches(call, args, report, machine.snap, &uses);
	if (args->exact && !args->view) {
		kt_slab_put_large(report, machine.snap, &uses);
		kt_slab_put_rcu(report, machine.snap);
	}
	put_notes(report, call, machine.snap, &uses);
	return NULL;
}

static const struct kt_operand operands[] = { { "CACHE", KT_ARG_CACHE, .optional = true,
	.web = "cache" } };

static const struct kt_option options[] = {
	{ 0, "families", NULL, "show one row for all kmalloc caches of a size", .kind = KT_ARG_FLAG,
		KT_AT(struct kt_slab_args, families), .web = true },
	{ 0, "details", NULL,
		"show what only /sys/kernel/slab has: padding, cached objects, merged "
		"names, makers",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_slab_args, details), .web = true },
	{ 0, "exact", NULL,
		"count objects in kernel memory: in use, cached per CPU, free; needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_slab_args, exact) },
	{ 0, "objects", NULL, "with CACHE: group its objects by what they are; needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_slab_args, objects) },
	{ 0, "draw", NULL,
		"with CACHE: draw some of its slabs, slot by slot (-o svg: a picture); needs root",
		.kind = KT_ARG_FLAG, KT_AT(struct kt_slab_args, draw) },
	{ 0, "by", "GROUP", "group by; cgroup needs root", .kind = KT_ARG_CHOICE,
		KT_AT(struct kt_slab_args, by), .choices = "cache cgroup" },
};

static const struct kt_example examples[] = {
	{ "ktally slab -i 10", "which caches grow, every 10 seconds, the fastest first" },
	{ "ktally slab dentry", "one cache: its layout, its use, what makes it grow" },
	{ "ktally slab kmalloc-512 --objects",
		"whose objects are in a cache that many callers share" },
	{ "ktally slab filp --objects",
		"which open files there are, by file system and operations" },
	{ "ktally slab dentry --draw", "slabs of a cache, slot by slot: in use, free, left over" },
	{ "ktally slab --by cgroup", "which cgroups have the objects of which caches" },
	{ "ktally slab --sort free_bytes --top 5",
		"the five caches with most memory in free objects" },
};

const struct kt_cmd kt_cmd_slab = {
	.name = "slab",
	.alias = "kmastat", /* of the Solaris debuggers, with the same contents */
	.summary = "slab caches: what each holds and wastes",
	.operands = operands,
	.nr_operands = KT_LEN(operands),
	.repeats = true,
	.help = "Lists the slab caches, in which the kernel keeps its objects, largest first. "
		"HELD is what a cache takes: slabs times pages per slab. FREE is free slots in "
		"its slabs, empty slabs included; TAIL is the unused end of each slab; the "
		"rest is USED. The rows add up to slab in the account: (large kmalloc) is in no "
		"cache.\n\n"
		"-i 10 shows what grows, the fastest first. A straight line near 100 % used "
		"is a leak; a curve that flattens is a cache at work. --families adds up the "
		"kinds of kmalloc of one size. With CACHE: a picture of one slab, the use of "
		"the cache, what makes it grow and what to do.\n\n"
		"--details, -a and CACHE also read /sys/kernel/slab: six files per cache (235 "
		"caches: 11 ms of CPU; slabinfo: 1.7 ms). They add PADDING around objects and "
		"who made a cache. READY: upper bound of free objects cached per CPU; "
		"slabinfo counts them as used. MERGED WITH "
		"lists the caches that the kernel merged because they are alike; slabinfo has "
		"only the name of the first.\n\n"
		"--exact counts the objects in kernel memory, through /proc/kcore or a BPF "
		"program that only reads. It separates CACHED: free objects that CPUs keep "
		"ready, or that wait for RCU. slabinfo counts them as in use, for many caches "
		"more than half. USED is then exact; READY is what moved while it was counted. "
		"A bundle that root captured has these counts too. Large kmalloc, which is in no "
		"cache, is found in the memory map, by order, where the kernel marks its pages, "
		"and held against the counter. Objects that wait for RCU in batches of kfree_rcu() "
		"count as in use; a note says how many. With CACHE, it also shows how "
		"full the slabs are: an almost empty slab is held by its last objects.\n\n"
		"--by cgroup reads to which cgroup each object is charged, and shows caches and "
		"cgroups together. When a cgroup is removed, its objects are charged to the cgroup "
		"above it: LEFT is their size.\n\n"
		"CACHE --objects reads every allocated object. Dentries and inodes are grouped by "
		"file system, open files also by operations, sockets by protocol, state, network "
		"namespace and owner, packets by socket or device, tasks by name, credentials by "
		"user, nodes of sysfs and cgroups by directory. Other objects are grouped by the "
		"functions and the kernel's data that they point to: objects that one driver made "
		"for one purpose are alike in this. Objects that point to nothing with a name, "
		"where "
		"they are many, are grouped by what points to them, or to the first one of their "
		"list: a variable, a slab cache, an area of vmalloc. Objects without a pointer to "
		"them may be lost.\n\n"
		"CACHE --draw draws some slabs to scale: the fullest, the emptiest and slabs "
		"between them. Each slot is in use, or free in one of the places where the "
		"kernel keeps free objects; the end of a slab may be left over. With -o svg, "
		"arrows follow the slab's list of free objects.\n\n"
		"≤ marks a cache that may hold less than HELD: some of its slabs were made "
		"smaller than planned. UNCERTAIN (-a) is the largest possible difference. "
		"Where a cache has more than 10,000 slabs with free objects, USED is an "
		"estimate by the kernel.",
	.examples = examples,
	.nr_examples = KT_LEN(examples),
	.web = KT_WEB_LISTS,
	.options = options,
	.nr_options = KT_LEN(options),
	KT_OWN(struct kt_slab_args),
	.shape = &shape,
	.shape_of_one = &kt_slab_cache_shape,
	.run = run,
};

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads three things from the kernel's type data. First, the sizes of the structs that each memory
// cgroup has once for every CPU, and once for every CPU and node. Second, the size of the record of
// a slot of bounce buffers. Third, whether a function exists that came with a pool.

#include "kernel/btf.h"
#include "model/holdings.h"
#include "source/source.h"

#define PATH	   KT_FILE_BTF
#define STRUCT_MAX (1 << 20) /* bytes */

/*
 * block/bio-integrity.c, bio_integrity_initfn: two blocks of 2 MiB for the checksums of data on
 * disks, taken at boot, even where no disk has checksums. The function that allocates from them was
 * added together with them (ec7f31b2a2d3). Both numbers are constants in the kernel's source and in
 * no type data, so they give an upper bound.
 */
#define INTEGRITY_FUNC	"bio_integrity_alloc_buf"
#define INTEGRITY_BYTES (2 * (2ll << 20)) /* bytes; two blocks of 2 MiB */

/*
 * Before 2d146aa3aa84 (mm/memcontrol.c: mem_cgroup_alloc) a cgroup had its statistics twice: its
 * own, and the sum with its children. Before 7e1c0d6f5820 the same held for the statistics of a
 * node, under another name (alloc_mem_cgroup_per_node_info). A member of the struct shows which
 * version it is.
 */
static void take_struct(struct kt_percpu *percpu, struct kt_span name, int64_t size)
{
	if (kt_span_eq(name, "memcg_vmstats_percpu"))
		percpu->cgroup_bytes = size;
	else if (kt_span_eq(name, "lruvec_stats_percpu") || kt_span_eq(name, "lruvec_stat"))
		percpu->cgroup_node_bytes = size;
}

static void take_members(
	struct kt_percpu *percpu, const struct kt_btf *btf, const struct kt_btf_type *type)
{
	if (kt_span_eq(type->name, "mem_cgroup"))
		percpu->cgroup_twice = kt_btf_has_member(btf, type, "vmstats_local");
	else if (kt_span_eq(type->name, "mem_cgroup_per_node"))
		percpu->cgroup_node_twice = kt_btf_has_member(btf, type, "lruvec_stat_local");
}

/* Older kernels have two arrays in place of the struct. */
static void take_slot(struct kt_snapshot *snap, struct kt_span name, int64_t size)
{
	if (kt_span_eq(name, "io_tlb_slot"))
		kt_snapshot_put(snap, (struct kt_entry){ .metric = KT_SWIOTLB_RECORD,
					      .node = KT_NO_NODE,
					      .unit = KT_BYTES,
					      .raw = size,
					      .path = PATH,
					      .field = "io_tlb_slot" });
}

static void note_integrity(struct kt_snapshot *snap, bool complete, bool has_function)
{
	struct kt_search search = { .why = has_function ? PATH ": " INTEGRITY_FUNC
							: PATH ": no such function" };

	if (has_function)
		kt_holding_put(snap, (struct kt_holding){ .kind = KT_HELD_INTEGRITY,
					     .high_bytes = INTEGRITY_BYTES });
	else if (!complete)
		search = (struct kt_search){ .state = KT_BAD,
			.why = PATH " has kinds of types that it does not describe" };
	kt_holding_searched(snap, KT_HELD_INTEGRITY, search);
}

static struct kt_err *parse(struct kt_snapshot *snap, const struct kt_text *text)
{
	struct kt_btf_walk walk;
	struct kt_btf_type type;
	struct kt_btf btf;
	bool has_function = false;
	struct kt_err *err = kt_btf_parse(kt_text_span(text), &btf);

	if (err)
		return kt_err_prepend(err, PATH);
	kt_btf_walk_begin(&walk, &btf);
	while (kt_btf_next(&walk, &type)) {
		has_function |= type.kind == KT_BTF_FUNC && kt_span_eq(type.name, INTEGRITY_FUNC);
		if (type.kind != KT_BTF_STRUCT || type.size >= STRUCT_MAX)
			continue;
		take_struct(&snap->percpu, type.name, type.size);
		take_members(&snap->percpu, &btf, &type);
		take_slot(snap, type.name, type.size);
	}
	note_integrity(snap, kt_btf_walk_is_complete(&walk), has_function);
	return NULL;
}

/*
 * Does not use kt_root_read(), because a capture packs every text read by it: this one has
 * megabytes.
 */
static struct kt_err *read_it(struct kt_root *root, struct kt_snapshot *snap)
{
	KT_CLEANUP(text) struct kt_text text = { 0 };
	struct kt_err *err = kt_root_read_at(root, PATH, 0, KT_ROOT_FILE_MAX, &text);

	return err ? err : parse(snap, &text);
}

const struct kt_source kt_source_btf_sizes = {
	.name = "btf_sizes",
	.summary = "type data of the kernel: per-CPU memory of a memory cgroup, and two pools",
	.paths = { PATH },
	.cost = KT_COST_WALK,
	.extra = true,
	.lack = "per-CPU memory of memory cgroups is not estimated, and 'ktally explain "
		"unattributed' does not show whether the block layer has integrity buffers",
	.gives = "CONFIG_DEBUG_INFO_BTF",
	.provides = { KT_SWIOTLB_RECORD },
	.nr_provides = 1,
	.parse = parse,
	.read = read_it,
};

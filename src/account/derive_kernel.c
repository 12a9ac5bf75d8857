// SPDX-License-Identifier: GPL-2.0-or-later
//
// Derives kernel memory whose counters overlap or are wrong: vmalloc, stacks, per-CPU, large
// kmalloc, balloon.

#include "account/derive.h"
#include "account/step.h"

#include <string.h>

#define MIB (1ll << 20)

/*
 * Whether the areas are right and the counter is too small. Kernels from b944afc9d64d (v5.10) to
 * a2e740e216f5 and its backports subtract pages that i915 mapped and that were never added
 * (mm/vmalloc.c, vfree(), __vunmap()). Areas read at another time, as in recordings, prove nothing.
 * Nor does a difference where the counter is known to be right: areas come and go between two
 * readings.
 */
static bool areas_know_better(struct kt_step *step, struct kt_val used, struct kt_val areas)
{
	struct kt_val undercounts = kt_step_get_machine(step, KT_VMALLOC_UNDERCOUNTS);

	if (!kt_ok(areas) || areas.quality != KT_EXACT || areas.value <= used.value)
		return false;
	if (kt_ok(undercounts))
		return undercounts.value;
	return areas.value > used.value + MIB + used.value / 50;
}

/* Says why the counter is not memory from vmalloc, and sets the state; NULL: it is. */
static const char *why_no_counter(
	struct kt_step *step, struct kt_val used, enum kt_state *ret_state)
{
	struct kt_val chunk = kt_step_get(step, KT_VMALLOC_CHUNK);
	struct kt_val stacks = kt_step_get(step, KT_KERNEL_STACK);
	struct kt_val vmapped = kt_step_get_machine(step, KT_STACK_VMAPPED);

	*ret_state = KT_UNSUPPORTED;
	if (kt_ok(chunk) && chunk.value > 0)
		return "VmallocUsed of this kernel is address space, not memory";
	if (used.value == 0)
		return "VmallocUsed of this kernel is always 0";
	*ret_state = KT_BAD;
	if (kt_ok(vmapped) && vmapped.value && kt_ok(stacks) && used.value < stacks.value)
		return "VmallocUsed is less than the task stacks that it contains; some kernels "
		       "subtract too much on vfree()";
	*ret_state = KT_OK;
	return NULL;
}

static void believe_areas(struct kt_step *step, struct kt_val used, struct kt_val areas)
{
	if (step->node == KT_NO_NODE)
		kt_snapshot_note(step->snap,
			"VmallocUsed (%lld KiB) is less than the vmalloc areas hold (%lld KiB); "
			"the areas are used instead, because some kernels subtract too much on "
			"vfree()",
			(long long)(used.value / 1024), (long long)(areas.value / 1024));
	/*
	 * one of two files that disagree is wrong; a driver that is known to cause it proves which
	 */
	if (!kt_ok(kt_step_get_machine(step, KT_VMALLOC_UNDERCOUNTS)))
		areas.quality = KT_ESTIMATE;
	kt_step_put(step, KT_VMALLOC, areas, "pages= of the vmalloc areas");
}

/*
 * VmallocUsed has had three meanings. Until 4.3 it is address space, ioremap included, and
 * VmallocChunk next to it is not 0. Until 5.2 both are constants of 0 (a5ad88ce8c7f, v4.4). From
 * 5.3 (97105f0ab7b8) it counts pages. Where it may be too small and no area proves it, it is a
 * lower bound.
 */
static void choose_vmalloc(struct kt_step *step)
{
	struct kt_val used = kt_step_get(step, KT_VMALLOC_USED);
	struct kt_val areas = kt_step_get(step, KT_VMALLOC_AREAS);
	struct kt_val undercounts = kt_step_get_machine(step, KT_VMALLOC_UNDERCOUNTS);
	bool exact = !kt_ok(undercounts) || !undercounts.value ||
		     (kt_ok(areas) && areas.quality == KT_EXACT);
	enum kt_state state = used.state;
	const char *why = used.reason;

	if (kt_ok(used))
		why = why_no_counter(step, used, &state);
	if (kt_ok(used) && state != KT_UNSUPPORTED && areas_know_better(step, used, areas))
		believe_areas(step, used, areas);
	else if (state == KT_OK && exact)
		kt_step_put(step, KT_VMALLOC, used, "VmallocUsed");
	else if (state == KT_OK)
		kt_step_put_bytes(step, KT_VMALLOC, used.value, KT_LOWER_BOUND,
			"VmallocUsed, which i915 makes too small");
	else if (kt_ok(areas))
		kt_step_put(step, KT_VMALLOC, areas,
			areas.quality == KT_EXACT ? "pages= of the vmalloc areas"
			: areas.quality == KT_LOWER_BOUND
				? "pages= of the vmalloc areas found"
				: "pages= of the vmalloc areas as last read");
	else
		kt_step_lack(step, KT_VMALLOC, state, why);
}

enum stack_place { STACKS_VMALLOC, STACKS_VMALLOC_ASSUMED, STACKS_SLAB, STACKS_DIRECT };

/* Whether areas may hold stacks: only a complete list of areas rules it out. */
static bool may_be_in_vmalloc(struct kt_step *step, struct kt_val areas)
{
	struct kt_val vmalloc = kt_step_get_machine(step, KT_VMALLOC);
	struct kt_val used = kt_step_get_machine(step, KT_VMALLOC_USED);
	struct kt_val lacking = kt_val_sub(used, kt_step_get_machine(step, KT_VMALLOC_AREAS));
	bool all_areas = areas.quality != KT_LOWER_BOUND &&
			 (!kt_ok(lacking) || lacking.value <= used.value / 10);

	return !(kt_ok(areas) && all_areas) && kt_ok(vmalloc) &&
	       vmalloc.value >= kt_step_get_machine(step, KT_KERNEL_STACK).value;
}

/*
 * Finds where task stacks are: in vmalloc (VMAP_STACK), in a slab cache where a stack is smaller
 * than a page, otherwise directly from the page allocator. In the first two cases another counter
 * contains them.
 */
static enum stack_place stack_place(struct kt_step *step)
{
	struct kt_val areas = kt_step_get_machine(step, KT_VMALLOC_STACK);
	struct kt_val vmapped = kt_step_get_machine(step, KT_STACK_VMAPPED);
	struct kt_val slab;

	if (kt_ok(areas) && areas.value > 0)
		return STACKS_VMALLOC;
	if (kt_ok(vmapped) && vmapped.value)
		return STACKS_VMALLOC;
	slab = kt_step_get_machine(step, KT_SLAB_STACKS);
	if (kt_ok(slab) && slab.value > 0)
		return STACKS_SLAB;
	if (!kt_ok(vmapped) && may_be_in_vmalloc(step, areas))
		return STACKS_VMALLOC_ASSUMED;
	return step->snap->host.page_bytes >= 65536 ? STACKS_SLAB : STACKS_DIRECT;
}

static struct kt_val lack_like(struct kt_val val)
{
	return kt_val_lack(val.state, val.reason);
}

/*
 * Uncounted stacks stay in the counter of their place. Only where the place is an assumption is it
 * open which counter that is.
 */
static void derive_stacks(struct kt_step *step)
{
	struct kt_val stacks = kt_step_get(step, KT_KERNEL_STACK);
	struct kt_val none = kt_val_bytes(0, KT_EXACT);
	enum stack_place place = stack_place(step);
	bool assumed =
		place == STACKS_VMALLOC_ASSUMED || (!kt_ok(stacks) && place != STACKS_VMALLOC);
	struct kt_val in_vmalloc = none, in_slab = none;

	if (!kt_ok(stacks) && assumed)
		in_vmalloc = in_slab = lack_like(stacks);
	else if (place == STACKS_VMALLOC || place == STACKS_VMALLOC_ASSUMED)
		in_vmalloc = stacks;
	else if (place == STACKS_SLAB)
		in_slab = stacks;
	if (kt_ok(in_vmalloc) && assumed)
		in_vmalloc.quality = KT_ESTIMATE;
	kt_step_put(step, KT_STACKS_IN_VMALLOC, in_vmalloc,
		assumed		   ? "KernelStack, assumed to come from vmalloc"
		: in_vmalloc.value ? "KernelStack: task stacks come from vmalloc"
				   : "task stacks do not come from vmalloc");
	kt_step_put(step, KT_STACKS_IN_SLAB, in_slab,
		in_slab.value ? "KernelStack: task stacks come from a slab cache"
			      : "task stacks do not come from slab");
}

/*
 * Percpu is (populated pages) x (units). It contains the first chunk, which comes from the boot
 * allocator and is outside MemTotal. A chunk may have more units than CPUs; a unit without a CPU
 * holds no memory.
 */
static void derive_percpu(struct kt_step *step)
{
	struct kt_val all = kt_step_get(step, KT_PERCPU);
	struct kt_val unit = kt_step_get(step, KT_PERCPU_FIRST_UNIT);
	struct kt_val units = kt_step_get(step, KT_PERCPU_UNITS);
	const struct kt_host *host = &step->snap->host;
	int64_t nr_cpus = host->nr_cpus_possible, nr_units, first, rest;

	if (step->node != KT_NO_NODE) {
		kt_step_lack(step, KT_PERCPU_DYNAMIC, KT_UNSUPPORTED,
			"the kernel does not count per-CPU memory by node");
		return;
	}
	if (!kt_ok(all)) {
		kt_step_lack(step, KT_PERCPU_DYNAMIC, all.state, all.reason);
		return;
	}
	nr_units = kt_ok(units) ? units.value : kt_known_of(nr_cpus, host->nr_cpus);
	nr_cpus = kt_known(nr_cpus) && nr_cpus <= nr_units ? nr_cpus : nr_units;
	if (!kt_ok(unit) || nr_units <= 0 || __builtin_mul_overflow(unit.value, nr_units, &first)) {
		kt_step_put(step, KT_PERCPU_DYNAMIC,
			kt_val_add(all, kt_val_bytes(0, KT_UPPER_BOUND)),
			"Percpu, including the first chunk, whose size only the kernel log has");
		return;
	}
	rest = all.value - first;
	if (rest < 0) {
		kt_step_lack(step, KT_PERCPU_DYNAMIC, KT_BAD,
			"Percpu is less than its first chunk in the kernel log");
		return;
	}
	kt_step_put_bytes(step, KT_PERCPU_FIRST, unit.value * nr_cpus, unit.quality,
		"pages of a unit x possible CPUs, by the kernel log");
	kt_step_put_bytes(step, KT_PERCPU_DYNAMIC, rest / nr_units * nr_cpus,
		kt_quality_join(all.quality, kt_quality_flip(unit.quality)),
		"Percpu - first chunk");
}

/*
 * Large kmalloc is in SUnreclaim and in no cache. slabinfo counts every slab at the size that its
 * cache prefers. So the sum of the caches can only be too high, and the difference only too low.
 */
static void derive_kmalloc_large(struct kt_step *step)
{
	struct kt_val r = kt_step_get(step, KT_SLAB_R), u = kt_step_get(step, KT_SLAB_U);
	struct kt_val caches = kt_step_get(step, KT_SLABINFO);
	struct kt_val large = kt_val_sub(kt_val_add(r, u), caches);

	if (!kt_ok(large)) {
		if (caches.entry)
			kt_step_lack(step, KT_KMALLOC_LARGE, caches.state, caches.reason);
		return;
	}
	if (large.value < 0 || large.value > u.value)
		kt_step_lack(step, KT_KMALLOC_LARGE, KT_UNSUPPORTED,
			large.value < 0
				? "the caches of slabinfo add up to more than Slab"
				: "the caches of slabinfo do not belong to this value of Slab");
	else
		kt_step_put(step, KT_KMALLOC_LARGE, large, "Slab - pages of all caches");
}

/*
 * Slab is the sum of SReclaimable and SUnreclaim (fs/proc/meminfo.c), so two of the three lines
 * give the third. Lines of different files may be of different times.
 */
static void derive_slab_part(
	struct kt_step *step, enum kt_metric part, enum kt_metric other, const char *how)
{
	struct kt_val all = kt_step_get(step, KT_SLAB), known = kt_step_get(step, other);
	struct kt_val rest = kt_val_sub(all, known);

	if (kt_step_has(step, part) || !kt_ok(rest))
		return;
	if (rest.value < 0) {
		kt_step_lack(step, part, KT_BAD, "Slab is less than one of its parts");
		return;
	}
	if (all.entry && known.entry && all.entry->path != known.entry->path &&
		strcmp(all.entry->path ? all.entry->path : "",
			known.entry->path ? known.entry->path : "") != 0)
		rest.quality = KT_ESTIMATE;
	kt_step_put(step, part, rest, how);
}

/* Kernels before 2.6.19 have one slab counter. */
static void derive_slab(struct kt_step *step)
{
	struct kt_val all = kt_step_get(step, KT_SLAB);

	derive_slab_part(step, KT_SLAB_U, KT_SLAB_R, "Slab - SReclaimable");
	derive_slab_part(step, KT_SLAB_R, KT_SLAB_U, "Slab - SUnreclaim");
	if (kt_step_has(step, KT_SLAB_U) || kt_step_has(step, KT_SLAB_R)) {
		kt_step_none(step, KT_SLAB_UNSPLIT,
			"this kernel splits slab into reclaimable and unreclaimable");
		return;
	}
	kt_step_put(step, KT_SLAB_UNSPLIT, all, "Slab");
	if (!kt_ok(all))
		return;
	kt_step_none(step, KT_SLAB_R, "it is in slab, which is not split here");
	kt_step_none(step, KT_SLAB_U, "it is in slab, which is not split here");
}

static void derive_zswap(struct kt_step *step)
{
	struct kt_val pool = kt_step_get(step, KT_ZSWAP);

	if (kt_ok(pool))
		kt_step_put(step, KT_ZSWAP_POOL, pool, "Zswap");
}

/*
 * zswap may keep its pool in zbud or z3fold, whose pages only Zswap counts. Where no file names the
 * allocator, the part of Zswap beyond zsmalloc's pages must be elsewhere.
 */
static void derive_zswap_in_zspages(struct kt_step *step)
{
	struct kt_val pool = kt_step_get(step, KT_ZSWAP), part = kt_step_get(step, KT_ZSPAGES);
	struct kt_val inside = kt_step_get_machine(step, KT_ZSWAP_IN_ZSMALLOC);

	if (!kt_ok(pool))
		return;
	if (!pool.value || (kt_ok(inside) && !inside.value))
		part = kt_val_bytes(0, KT_EXACT);
	else if (kt_ok(part)) {
		/* zram keeps pages in zsmalloc too, so zswap need not hold all of them */
		part.quality =
			kt_ok(inside) && part.value >= pool.value ? KT_EXACT : KT_UPPER_BOUND;
		part.value = part.value < pool.value ? part.value : pool.value;
	}
	kt_step_put(step, KT_ZSWAP_IN_ZSPAGES, part,
		part.value ? "pages of zsmalloc, no more than Zswap"
			   : "the allocator of zswap is not zsmalloc");
}

static struct kt_val balloon_size(struct kt_step *step)
{
	struct kt_val now = kt_step_get(step, KT_BALLOON);
	struct kt_val in = kt_step_get(step, KT_BALLOON_INFLATE);
	struct kt_val out = kt_step_get(step, KT_BALLOON_DEFLATE);

	return kt_ok(now) || !kt_ok(in) || !kt_ok(out) ? now : kt_val_sub(in, out);
}

/*
 * Decides whether a balloon whose driver reports its size is outside MemTotal; on older kernels it
 * is not. It cannot be outside where less is missing from MemTotal, besides the memory map, than
 * the balloon has.
 */
static void derive_driver_balloon(struct kt_step *step, int64_t size_bytes)
{
	struct kt_val present = kt_step_get(step, KT_PRESENT);
	struct kt_val managed = kt_step_get(step, KT_MANAGED);
	bool in = kt_ok(present) && kt_ok(managed) &&
		  present.value - managed.value - present.value / 64 < size_bytes;

	kt_step_put_bytes(step, KT_BALLOON_OUT, in ? 0 : size_bytes, KT_EXACT,
		"the size that the balloon driver reports");
	kt_step_put_bytes(step, KT_BALLOON_IN, in ? size_bytes : 0, KT_EXACT,
		"the size that the balloon driver reports; less than that is missing from "
		"MemTotal");
}

/* A balloon's pages leave MemTotal or stay in it, depending on the driver and the host. */
static void derive_balloon(struct kt_step *step)
{
	struct kt_val size = balloon_size(step), driver = kt_step_get(step, KT_BALLOON_DRIVER);
	struct kt_val inside = kt_step_get_machine(step, KT_BALLOON_INSIDE);
	struct kt_val present = kt_step_get(step, KT_PRESENT);
	struct kt_val managed = kt_step_get(step, KT_MANAGED);
	const char *hypervisor = step->snap->host.hypervisor;
	bool in = kt_ok(inside) && inside.value, known = kt_ok(inside);

	if (kt_ok(driver) && driver.value > 0) {
		derive_driver_balloon(step, driver.value);
		return;
	}
	if (!kt_ok(size))
		return;
	/* the VMware driver never takes its pages out of MemTotal */
	if (hypervisor && strcmp(hypervisor, "VMware") == 0)
		in = known = true;
	if (!known && kt_ok(present) && kt_ok(managed) &&
		present.value - managed.value < size.value)
		in = known = true;
	kt_step_put_bytes(step, KT_BALLOON_OUT, in ? 0 : size.value,
		known || !size.value ? KT_EXACT : KT_ESTIMATE,
		known || !size.value ? "balloon pages outside MemTotal"
				     : "balloon pages, assumed to be outside MemTotal");
	kt_step_put_bytes(step, KT_BALLOON_IN, in ? size.value : 0, KT_EXACT,
		"balloon pages inside MemTotal");
	if (size.value > 0 && step->node == KT_NO_NODE)
		kt_snapshot_note(step->snap, "the hypervisor holds %lld MiB in a balloon%s",
			(long long)(size.value / MIB),
			known ? "" : "; it is assumed to be outside MemTotal");
}

/* The rule for stacks comes after VMALLOC is chosen, because the choice may contain the stacks. */
static const struct kt_rule rules[] = {
	{ choose_vmalloc, KT_MAKES(KT_VMALLOC) },
	{ derive_stacks, KT_MAKES(KT_STACKS_IN_VMALLOC, KT_STACKS_IN_SLAB) },
	{ derive_slab, KT_MAKES(KT_SLAB_UNSPLIT, KT_SLAB_R, KT_SLAB_U) },
	{ derive_kmalloc_large, KT_MAKES(KT_KMALLOC_LARGE) },
	{ derive_zswap, KT_MAKES(KT_ZSWAP_POOL) },
	{ derive_zswap_in_zspages, KT_MAKES(KT_ZSWAP_IN_ZSPAGES) },
	{ derive_balloon, KT_MAKES(KT_BALLOON_OUT, KT_BALLOON_IN) },
	{ derive_percpu, KT_MAKES(KT_PERCPU_FIRST, KT_PERCPU_DYNAMIC) },
};

void kt_derive_kernel(struct kt_snapshot *snap, int node)
{
	kt_step_run(snap, node, rules, KT_LEN(rules));
}

static int64_t value_or(
	const struct kt_snapshot *snap, enum kt_metric metric, int node, int64_t otherwise)
{
	struct kt_val val = kt_snapshot_get(snap, metric, node);

	return kt_ok(val) ? val.value : otherwise;
}

/* Bytes that may be twice in the account, or missing, because an overlap could not be settled. */
int64_t kt_derive_doubt(const struct kt_snapshot *snap, int node, enum kt_metric metric)
{
	struct kt_val vmalloc = kt_snapshot_get(snap, KT_VMALLOC, node);

	switch (metric) {
	case KT_VMALLOC:
		return vmalloc.quality == KT_EXACT ? value_or(snap, KT_STACKS_IN_VMALLOC, node, -1)
						   : -1;
	case KT_PERCPU_DYNAMIC: return value_or(snap, KT_PERCPU, node, -1);
	case KT_ANON: return value_or(snap, KT_ANON_HUGE, node, -1);
	case KT_ZSWAP_POOL: return value_or(snap, KT_ZSWAP_IN_ZSPAGES, node, -1);
	case KT_BOOT_FTRACE: return value_or(snap, KT_BOOT_FTRACE, node, -1);
	case KT_BALLOON_OUT: return value_or(snap, KT_BALLOON_OUT, node, -1);
	case KT_MEMMAP_LATE: return value_or(snap, KT_MEMMAP_LATE, node, -1);
	case KT_SWAP_CACHE_ONLY:
		if (!kt_ok(kt_snapshot_get(snap, KT_SWAP_CACHE_ONLY, node)))
			return value_or(snap, KT_SWAP_CACHED, node, 0);
		/* pages in per-CPU LRU batches: up to 6 batches of 31 on each CPU (PAGEVEC_SIZE) */
		return 6ll * 31 * kt_known_of(snap->host.nr_cpus, 0) *
		       kt_known_of(snap->host.page_bytes, 0);
	case KT_LRU_ONLY: /* wrong by the same batches; where there is no swap, see bound_error() */
	case KT_METRIC_NONE: return 0;
	default: return -1;
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel memory whose counters overlap or lie: vmalloc, stacks, per-CPU, large kmalloc,
// balloon.

#include "model/derive.h"

#include <string.h>

#define GET(metric) kt_snapshot_get(snap, KT_##metric, node)

#define MIB (1ll << 20)

/*
 * What VmallocUsed means changed. Until 4.3 it is address space, ioremap included, and
 * VmallocChunk beside it is not 0. Until 5.2 both are constants of 0 (a5ad88ce8c7f, v4.4).
 * From 5.3 (97105f0ab7b8) it counts pages, but kernels seen from 6.2 to 6.9 subtract pages
 * on vfree() that were never added; then the areas, added up, are the truth.
 */
static void choose_vmalloc(struct kt_snapshot *snap, int node)
{
	struct kt_val used = GET(VMALLOC_USED), areas = GET(VMALLOC_AREAS);
	struct kt_val chunk = GET(VMALLOC_CHUNK);
	enum kt_state state = used.state;
	const char *why = used.reason;

	if (kt_ok(used) && kt_ok(chunk) && chunk.value > 0) {
		state = KT_UNSUPPORTED;
		why = "VmallocUsed of this kernel is address space, not memory";
	} else if (kt_ok(used) && used.value == 0) {
		state = KT_UNSUPPORTED;
		why = "VmallocUsed of this kernel is always 0";
	}
	if (state == KT_OK && kt_ok(areas) && areas.value > used.value + MIB + used.value / 50) {
		state = KT_BAD;
		if (node == KT_NO_NODE)
			kt_snapshot_note(snap,
				"VmallocUsed (%lld KiB) is less than the vmalloc areas hold (%lld "
				"KiB); the areas are believed, because some kernels subtract too "
				"much on vfree()",
				(long long)(used.value / 1024), (long long)(areas.value / 1024));
	}
	if (state == KT_OK)
		kt_snapshot_derive(snap, KT_VMALLOC, node, used.value, KT_EXACT, "VmallocUsed");
	else if (kt_ok(areas))
		kt_snapshot_derive(snap, KT_VMALLOC, node, areas.value, KT_EXACT,
			"pages= of the vmalloc areas");
	else
		kt_snapshot_lack(snap, KT_VMALLOC, node, state, why);
}

enum stack_place { STACKS_VMALLOC, STACKS_VMALLOC_ASSUMED, STACKS_SLAB, STACKS_DIRECT };

/*
 * Where task stacks are: in vmalloc (VMAP_STACK), in a slab cache where a stack is smaller
 * than a page, else straight from the page allocator. In the first two cases another
 * counter contains them.
 */
static enum stack_place stack_place(const struct kt_snapshot *snap)
{
	const int node = KT_NO_NODE;
	struct kt_val areas = GET(VMALLOC_STACK), vmapped = GET(STACK_VMAPPED);
	struct kt_val slab = GET(SLAB_STACKS), vmalloc = GET(VMALLOC), stacks = GET(KERNEL_STACK);

	if (kt_ok(areas) && areas.value > 0)
		return STACKS_VMALLOC;
	if (kt_ok(vmapped) && vmapped.value)
		return STACKS_VMALLOC;
	if (kt_ok(slab) && slab.value > 0)
		return STACKS_SLAB;
	if (!kt_ok(areas) && !kt_ok(vmapped) && kt_ok(vmalloc) && vmalloc.value >= stacks.value)
		return STACKS_VMALLOC_ASSUMED;
	return snap->host.page_bytes >= 65536 ? STACKS_SLAB : STACKS_DIRECT;
}

static void derive_stacks(struct kt_snapshot *snap, int node)
{
	struct kt_val stacks = GET(KERNEL_STACK);
	int64_t in_vmalloc = 0, in_slab = 0;
	enum stack_place place;

	if (!kt_ok(stacks))
		return;
	place = stack_place(snap);
	if (place == STACKS_VMALLOC || place == STACKS_VMALLOC_ASSUMED)
		in_vmalloc = stacks.value;
	else if (place == STACKS_SLAB)
		in_slab = stacks.value;
	kt_snapshot_derive(snap, KT_STACKS_IN_VMALLOC, node, in_vmalloc,
		place == STACKS_VMALLOC_ASSUMED ? KT_ESTIMATE : KT_EXACT,
		place == STACKS_VMALLOC_ASSUMED ? "KernelStack, assumed to come from vmalloc"
		: in_vmalloc			? "KernelStack: task stacks come from vmalloc"
						: "task stacks do not come from vmalloc");
	kt_snapshot_derive(snap, KT_STACKS_IN_SLAB, node, in_slab, KT_EXACT,
		in_slab ? "KernelStack: task stacks come from a slab cache"
			: "task stacks do not come from slab");
}

/*
 * Percpu is (populated pages) x (units), with the first chunk in it, which comes from the
 * boot allocator and is outside MemTotal. A chunk may have more units than CPUs; a unit
 * without a CPU holds no memory.
 */
static void derive_percpu(struct kt_snapshot *snap, int node)
{
	struct kt_val all = GET(PERCPU), unit = GET(PERCPU_FIRST_UNIT), units = GET(PERCPU_UNITS);
	int64_t nr_cpus = snap->host.nr_cpus_possible, nr_units, first, rest;

	if (!kt_ok(all)) {
		kt_snapshot_lack(snap, KT_PERCPU_DYNAMIC, node, all.state, all.reason);
		return;
	}
	nr_units = kt_ok(units) ? units.value : nr_cpus ? nr_cpus : snap->host.nr_cpus;
	nr_cpus = nr_cpus && nr_cpus <= nr_units ? nr_cpus : nr_units;
	if (!kt_ok(unit) || !nr_units || __builtin_mul_overflow(unit.value, nr_units, &first)) {
		kt_snapshot_derive(snap, KT_PERCPU_DYNAMIC, node, all.value, KT_UPPER_BOUND,
			"Percpu, with the first chunk, whose size only the kernel log tells");
		return;
	}
	rest = all.value - first;
	if (rest < 0) {
		kt_snapshot_lack(snap, KT_PERCPU_DYNAMIC, node, KT_BAD,
			"Percpu is less than its first chunk by the kernel log");
		return;
	}
	kt_snapshot_derive(snap, KT_PERCPU_FIRST, node, unit.value * nr_cpus, KT_EXACT,
		"pages of a unit x possible CPUs, by the kernel log");
	kt_snapshot_derive(snap, KT_PERCPU_DYNAMIC, node, rest / nr_units * nr_cpus, KT_EXACT,
		"Percpu - first chunk");
}

/*
 * Large kmalloc is in SUnreclaim and in no cache. slabinfo counts every slab at the size
 * its cache prefers, so it can only be too high, and the difference only too low.
 */
static void derive_kmalloc_large(struct kt_snapshot *snap, int node)
{
	struct kt_val r = GET(SLAB_R), u = GET(SLAB_U), caches = GET(SLABINFO);
	int64_t large;

	if (!kt_ok(r) || !kt_ok(u) || !kt_ok(caches)) {
		if (caches.entry)
			kt_snapshot_lack(snap, KT_KMALLOC_LARGE, node, caches.state, caches.reason);
		return;
	}
	large = r.value + u.value - caches.value;
	if (large < 0 || large > u.value)
		kt_snapshot_lack(snap, KT_KMALLOC_LARGE, node, KT_UNSUPPORTED,
			large < 0 ? "the caches of slabinfo add up to more than Slab"
				  : "the caches of slabinfo do not belong to this Slab");
	else
		kt_snapshot_derive(snap, KT_KMALLOC_LARGE, node, large, KT_LOWER_BOUND,
			"Slab - pages of all caches");
}

/* Kernels before 2.6.19 have one slab counter. */
static void derive_slab(struct kt_snapshot *snap, int node)
{
	struct kt_val all = GET(SLAB), split = GET(SLAB_U);

	if (!kt_ok(split) && kt_ok(all))
		kt_snapshot_derive(snap, KT_SLAB_UNSPLIT, node, all.value, KT_EXACT, "Slab");
}

/*
 * zswap may keep its pool in zbud or z3fold, whose pages only its own counter knows. Where
 * it does not say so, what is more than zsmalloc holds must be elsewhere.
 */
static void derive_zswap(struct kt_snapshot *snap, int node)
{
	struct kt_val pool = GET(ZSWAP), zsmalloc = GET(ZSPAGES);
	struct kt_val inside = kt_snapshot_get(snap, KT_ZSWAP_IN_ZSMALLOC, KT_NO_NODE);
	int64_t outside;

	if (!kt_ok(pool))
		return;
	if (kt_ok(inside) && !inside.value) {
		kt_snapshot_derive(snap, KT_ZSWAP_OUTSIDE, node, pool.value, KT_EXACT,
			"Zswap, whose allocator is not zsmalloc");
		return;
	}
	outside = kt_ok(zsmalloc) ? pool.value - zsmalloc.value : pool.value;
	kt_snapshot_derive(snap, KT_ZSWAP_OUTSIDE, node, outside > 0 ? outside : 0,
		outside > 0 ? KT_LOWER_BOUND : KT_EXACT, "Zswap - pages of zsmalloc");
}

static struct kt_val balloon_size(const struct kt_snapshot *snap, int node)
{
	struct kt_val now = GET(BALLOON), in = GET(BALLOON_INFLATE), out = GET(BALLOON_DEFLATE);

	if (kt_ok(now) || !kt_ok(in) || !kt_ok(out))
		return now;
	in.value -= out.value;
	return in;
}

/* A balloon's pages leave MemTotal or stay in it, depending on the driver and the host. */
static void derive_balloon(struct kt_snapshot *snap, int node)
{
	struct kt_val size = balloon_size(snap, node);
	struct kt_val inside = kt_snapshot_get(snap, KT_BALLOON_INSIDE, KT_NO_NODE);
	struct kt_val driver = GET(BALLOON_DRIVER), present = GET(PRESENT), managed = GET(MANAGED);
	bool in = kt_ok(inside) && inside.value, known = kt_ok(inside);

	if (kt_ok(driver) && driver.value > 0) {
		kt_snapshot_derive(snap, KT_BALLOON_OUT, node, driver.value, KT_EXACT,
			"the balloon driver's own number");
		return;
	}
	if (!kt_ok(size))
		return;
	/* the VMware driver never takes its pages out of MemTotal */
	if (snap->host.hypervisor && strcmp(snap->host.hypervisor, "VMware") == 0)
		in = known = true;
	if (!known && kt_ok(present) && kt_ok(managed) &&
		present.value - managed.value < size.value)
		in = known = true;
	kt_snapshot_derive(snap, KT_BALLOON_OUT, node, in ? 0 : size.value,
		known || !size.value ? KT_EXACT : KT_ESTIMATE,
		known || !size.value ? "balloon pages outside MemTotal"
				     : "balloon pages, assumed to be outside MemTotal");
	kt_snapshot_derive(snap, KT_BALLOON_IN, node, in ? size.value : 0, KT_EXACT,
		"balloon pages inside MemTotal");
	if (size.value > 0 && node == KT_NO_NODE)
		kt_snapshot_note(snap, "the hypervisor holds %lld MiB in a balloon%s",
			(long long)(size.value / MIB),
			known ? "" : "; it is assumed to be outside MemTotal");
}

void kt_derive_kernel(struct kt_snapshot *snap, int node)
{
	choose_vmalloc(snap, node);
	derive_stacks(snap, node);
	derive_kmalloc_large(snap, node);
	derive_slab(snap, node);
	derive_zswap(snap, node);
	derive_balloon(snap, node);
	if (node == KT_NO_NODE)
		derive_percpu(snap, node);
	else
		kt_snapshot_lack(snap, KT_PERCPU_DYNAMIC, node, KT_UNSUPPORTED,
			"the kernel does not count per-CPU memory by node");
}

/* What may be counted twice or not at all because an overlap could not be settled. */
int64_t kt_derive_doubt(const struct kt_snapshot *snap, int node)
{
	struct kt_val stacks = GET(STACKS_IN_VMALLOC), percpu = GET(PERCPU_DYNAMIC);
	struct kt_val swap = GET(SWAP_CACHE_ONLY), cached = GET(SWAP_CACHED);
	struct kt_val out = GET(BALLOON_OUT);
	int64_t doubt = 0;

	if (kt_ok(stacks) && stacks.quality == KT_ESTIMATE)
		doubt += stacks.value;
	if (kt_ok(percpu) && percpu.quality == KT_UPPER_BOUND)
		doubt += percpu.value;
	if (!kt_ok(swap) && kt_ok(cached))
		doubt += cached.value;
	if (kt_ok(out) && out.quality == KT_ESTIMATE)
		doubt += out.value;
	/* pages in per-CPU LRU batches: up to 6 batches of 31 on each CPU (PAGEVEC_SIZE) */
	if (kt_ok(swap) && swap.quality == KT_ESTIMATE)
		doubt += 6ll * 31 * snap->host.nr_cpus * snap->host.page_bytes;
	return doubt;
}

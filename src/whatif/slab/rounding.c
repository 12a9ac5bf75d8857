// SPDX-License-Identifier: GPL-2.0-or-later
//
// The page allocator gives blocks of 2^n pages, so kmalloc of 33 KiB takes 64 KiB: kmalloc of more
// than two pages has no slab cache (___kmalloc_large_node() in mm/slub.c). Callers that need no
// block can take exactly the pages they asked for, by kvmalloc() or alloc_pages_exact().
//
// The kernel does not keep what was asked for: only a watch of allocations sees it. Each block has
// an upper bound, because an order less would have been enough for half of it.

#include "analysis/frames.h"
#include "analysis/slab.h"
#include "whatif/slab/counts.h"
#include "whatif/whatif.h"

#include <string.h>

/* ---- the bound ---- */

struct bound {
	int64_t given, saves; /* bytes */
	int64_t nr_blocks;    /* KT_UNKNOWN: not counted */
	const char *from;
};

/* A block of 2^order pages was asked for at least half of it and one byte: so many may be won. */
static int64_t pages_won(int order)
{
	return order > 0 ? (1ll << (order - 1)) - 1 : 0;
}

static const struct kt_large_kmalloc *walked(const struct kt_snapshot *snap)
{
	const struct kt_large_kmalloc *large =
		snap->large_kmallocs.count ? &snap->large_kmallocs.items[0] : NULL;

	return large && !large->why ? large : NULL;
}

/* False: a sum is impossible. */
static bool by_blocks(struct kt_arena *arena, const struct kt_large_kmalloc *large, int64_t page,
	struct kt_whatif_result *ret, struct bound *bound)
{
	*bound = (struct bound){ .from = "kernel memory" };
	for (int order = 0; order < KT_KMALLOC_ORDERS; order++) {
		int64_t nr = large->nr_blocks[order];
		int64_t given = kt_known_times(kt_known_times(nr, 1ll << order), page);
		int64_t saves = kt_known_times(nr, pages_won(order) * page);

		if (!kt_known(given) || given > KT_AMOUNT_MAX - bound->given)
			return false;
		if (!nr)
			continue;
		bound->nr_blocks += nr;
		bound->given += given;
		bound->saves += saves;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){
				.name = kt_arena_printf(arena, "kmalloc of %lld KiB, or less",
					(long long)((page << order) / 1024)),
				.count = nr,
				.now_bytes = given,
				.then_bytes = given - saves,
				.saves_bytes = saves });
	}
	return true;
}

/* Without the blocks: less than half of what slab caches do not have. */
static bool by_rest(struct kt_arena *arena, const struct kt_snapshot *snap, struct bound *bound)
{
	struct kt_slab_uses uses = { 0 };
	KT_CLEANUP(err) struct kt_err *err = kt_slab_analyse(snap, &uses);
	bool known = !err && uses.rest_is_large && uses.has_rest && uses.rest_bytes >= 0 &&
		     uses.nr_unread == 0 && !uses.at_least;

	if (known)
		*bound = (struct bound){ .given = uses.rest_bytes,
			.saves = uses.rest_bytes / 2,
			.nr_blocks = KT_UNKNOWN,
			.from = "Slab minus the caches" };
	if (!err)
		kt_slab_uses_cleanup(&uses);
	else if (kt_err_code(err) == KT_ERR_NOMEM)
		arena->failed = true;
	return known;
}

/* ---- call sites that were watched ---- */

/*
 * Adds the blocks of one stack. Only the mean of what they asked for is known, so the part is exact
 * where all ask for the same.
 */
static bool put_site(struct kt_arena *arena, const struct kt_watched *watched, int64_t page,
	struct kt_whatif_result *ret)
{
	const struct kt_sampled_sum *held = &watched->held, *asked = &watched->requested;
	struct kt_span function = { 0 };
	double given, each, then;
	int64_t whole;

	if (held->nr <= 0 || asked->nr != held->nr || held->objects < 1 ||
		held->bytes > (double)(1ll << 50))
		return false;
	given = held->bytes / held->objects;
	each = asked->bytes / held->objects;
	if (given < 4 * (double)page || each > given || each <= 0)
		return false;
	whole = (int64_t)each / page * page;
	whole += whole < (int64_t)each ? page : 0;
	then = (double)whole;
	if (watched->nr_frames)
		function = kt_frame_function(
			watched->frames[kt_frames_wanting(watched->frames, watched->nr_frames)]);
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){
			.name = kt_arena_printf(arena, "%.*s: %lld of %lld bytes", (int)function.n,
				function.p ? function.p : "", (long long)each, (long long)given),
			.count = (int64_t)held->objects,
			.now_bytes = (int64_t)held->bytes,
			.then_bytes = (int64_t)(then * held->objects),
			.saves_bytes = then < given ? (int64_t)((given - then) * held->objects) : 0,
			.how = "kvmalloc() or alloc_pages_exact()" });
	return true;
}

static size_t put_sites(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < snap->watched.count; i++)
		count += put_site(arena, &snap->watched.items[i], snap->host.page_bytes, ret);
	return count;
}

/* ---- vmalloc ---- */

/* Areas of vmalloc are of whole pages; what they have beyond the last page asked for is won. */
static int64_t put_vmalloc(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	const struct kt_lazy_areas *areas =
		snap->lazy_areas.count ? &snap->lazy_areas.items[0] : NULL;
	int64_t more, ends;

	if (!areas || areas->nr_asked <= 0 || !kt_known(areas->asked_bytes) ||
		areas->taken_bytes < areas->asked_bytes) {
		kt_whatif_note(arena, ret,
			"vmalloc gives whole pages; what was asked of it is not known, which "
			"needs --exact and a kernel that keeps it");
		return 0;
	}
	more = areas->taken_bytes - areas->asked_bytes;
	ends = kt_known_times(areas->nr_asked, snap->host.page_bytes - 1);
	kt_whatif_input_bytes(arena, ret, "asked of vmalloc", areas->asked_bytes, "kernel memory");
	kt_whatif_input_bytes(
		arena, ret, "pages of these areas", areas->taken_bytes, "kernel memory");
	kt_whatif_note(arena, ret,
		"vmalloc gives whole pages, %lld KiB more than asked for in %lld areas: the ends "
		"of "
		"pages cannot be won",
		(long long)(more / 1024), (long long)areas->nr_asked);
	return kt_known(ends) && more > ends ? more - ends : 0;
}

/* ---- the result ---- */

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	const struct kt_large_kmalloc *large = walked(snap);
	int64_t page = snap->host.page_bytes, vmalloc;
	struct bound bound;
	size_t nr_sites;

	if (large && !by_blocks(arena, large, page, ret, &bound)) {
		kt_whatif_unknown(ret, "the counts of large kmalloc are impossible");
		return;
	}
	if (!large && !by_rest(arena, snap, &bound)) {
		kt_whatif_unknown(ret,
			"how much large kmalloc there is, is not known: that needs the slab caches "
			"and Slab of this kernel, or --exact");
		return;
	}
	ret->now_bytes = bound.given;
	if (kt_known(bound.nr_blocks))
		kt_whatif_input_count(
			arena, ret, "blocks of large kmalloc", bound.nr_blocks, bound.from);
	kt_whatif_input_bytes(arena, ret, "large kmalloc", bound.given, bound.from);
	vmalloc = put_vmalloc(arena, snap, ret);
	kt_whatif_saves(ret, bound.saves + vmalloc, KT_UPPER_BOUND, page);
	nr_sites = put_sites(arena, snap, ret);
	if (snap->large_kmallocs.count && snap->large_kmallocs.items[0].why)
		kt_whatif_note(arena, ret, "the blocks are not known: %s",
			snap->large_kmallocs.items[0].why);
	if (!nr_sites)
		kt_whatif_note(arena, ret,
			"which call site asked for how much is not kept by the kernel: 'ktally "
			"users "
			"slab --watch' sees it, and so does a recording with --users");
	kt_whatif_cut(arena, ret, "orders and call sites");
}

const struct kt_whatif kt_whatif_rounding = {
	.name = "rounding",
	.title = "large kmalloc of exactly the pages asked for",
	.needs = KT_WHATIF_KERNEL,
	.how = "kvmalloc() or alloc_pages_exact() at call sites that need no block",
	.algorithm =
		"A block of 2^n pages was asked for more than half of it, or an order less would "
		"have been enough: at most one page less than half of each block is won. "
		"Without the blocks: half of large kmalloc, which is Slab minus all caches. Call "
		"sites that were watched: the mean of what they asked for, in whole pages, "
		"against what they got.",
	.parts_counted = "blocks",
	.sources = KT_SOURCES(&kt_source_slabinfo, &kt_source_watched),
	.exact = KT_SOURCES(&kt_source_iomem, &kt_source_slub, &kt_source_lazy_areas),
	.compute = compute,
};

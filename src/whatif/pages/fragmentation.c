// SPDX-License-Identifier: GPL-2.0-or-later
//
// Blocks of the size of a huge page that few pages keep from being free. The kernel moves pages of
// processes and of the page cache when it compacts memory; it can move none of its own, so one such
// page keeps a block for as long as it lives.

#include "whatif/whatif.h"

/* Blocks and fixed pages of a step and all below it. */
struct below {
	int64_t nr_blocks, nr_pages, nr_clear, nr_clear_pages;
};

static struct below below(const struct kt_fragments *fragments, int64_t most_pages)
{
	struct below sum = { 0 };

	for (size_t i = 0; i < KT_FRAGMENT_STEPS && 1ll << i <= most_pages; i++) {
		sum.nr_blocks += fragments->steps[i].nr_blocks;
		sum.nr_pages += fragments->steps[i].nr_pages;
		sum.nr_clear += fragments->steps[i].nr_clear;
		sum.nr_clear_pages += fragments->steps[i].nr_clear_pages;
	}
	return sum;
}

static void put_point(struct kt_arena *arena, struct kt_whatif_result *ret, const char *choice,
	int64_t nr_pages, int64_t saves)
{
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = choice,
			.count = nr_pages,
			.bytes = KT_UNKNOWN,
			.saves_bytes = saves });
}

/* Compaction makes at most as many blocks as the free pages of other blocks have room for. */
static int64_t compactable(const struct kt_fragments *fragments)
{
	int64_t room = fragments->nr_spare_pages / fragments->block_pages;

	return room < fragments->nr_movable ? room : fragments->nr_movable;
}

static void put_curve(struct kt_arena *arena, const struct kt_fragments *fragments,
	int64_t block_bytes, struct kt_whatif_result *ret)
{
	put_point(arena, ret, "compaction alone, at most", 0, compactable(fragments) * block_bytes);
	for (int64_t most = 1; most <= fragments->block_pages; most *= 2) {
		struct below sum = below(fragments, most);

		if (!sum.nr_blocks)
			continue;
		put_point(arena, ret,
			kt_arena_printf(arena, "up to %lld pages a block freed", (long long)most),
			sum.nr_clear_pages, sum.nr_clear * block_bytes);
		put_point(arena, ret,
			kt_arena_printf(
				arena, "up to %lld, and compaction, at most", (long long)most),
			sum.nr_pages, sum.nr_blocks * block_bytes);
	}
}

static void put_pins(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t block_bytes,
	struct kt_whatif_result *ret)
{
	for (size_t i = 0; i < snap->fragment_pins.count; i++) {
		const struct kt_fragment_pin *pin = &snap->fragment_pins.items[i];

		if (!pin->nr_alone)
			continue;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = pin->owner,
				.count = pin->nr_alone_pages,
				.now_bytes = pin->nr_alone * block_bytes,
				.then_bytes = (pin->nr_alone - pin->nr_clear) * block_bytes,
				.saves_bytes = pin->nr_clear * block_bytes,
				.how = kt_arena_printf(arena, "%lld pages, %lld huge pages",
					(long long)pin->nr_clear_pages,
					(long long)pin->nr_clear) });
	}
	kt_whatif_cut(arena, ret, "owners");
}

static void put_inputs(
	struct kt_arena *arena, const struct kt_fragments *fragments, struct kt_whatif_result *ret)
{
	const struct {
		const char *name;
		int64_t count;
	} inputs[] = { { "blocks", fragments->nr_blocks }, { "free blocks", fragments->nr_free },
		{ "huge pages of pools", fragments->nr_huge },
		{ "blocks with nothing but free and movable pages", fragments->nr_movable },
		{ "free pages in blocks that are not free", fragments->nr_spare_pages } };

	for (size_t i = 0; i < KT_LEN(inputs); i++)
		kt_whatif_input_count(arena, ret, inputs[i].name, inputs[i].count, "kernel memory");
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	const struct kt_fragments *fragments = snap->fragments.items;
	int64_t page_bytes = snap->host.page_bytes, block_bytes;
	struct below few;

	if (!snap->fragments.count) {
		kt_whatif_lacks(ret, &kt_source_fragments);
		return;
	}
	if (!fragments->nr_blocks || fragments->block_pages <= 0) {
		kt_whatif_unknown(ret, "no whole block of memory could be read");
		return;
	}
	block_bytes = fragments->block_pages * page_bytes;
	few = below(fragments, KT_FRAGMENT_FEW);
	ret->now_bytes = few.nr_blocks * block_bytes;
	put_inputs(arena, fragments, ret);
	put_curve(arena, fragments, block_bytes, ret);
	put_pins(arena, snap, block_bytes, ret);
	kt_whatif_saves(ret, few.nr_clear * block_bytes, KT_UPPER_BOUND, page_bytes);
	kt_whatif_note(arena, ret,
		"%lld pages keep %lld huge pages that would else be free, and %lld pages another "
		"%lld "
		"that also have pages to be moved",
		(long long)few.nr_clear_pages, (long long)few.nr_clear,
		(long long)(few.nr_pages - few.nr_clear_pages),
		(long long)(few.nr_blocks - few.nr_clear));
	if (fragments->nr_unread)
		kt_whatif_note(arena, ret,
			"%lld pages could not be read: their blocks are left out",
			(long long)fragments->nr_unread);
}

const struct kt_whatif kt_whatif_fragmentation = {
	.name = "fragmentation",
	.title = "no few pages of the kernel in blocks that would else be free",
	.needs = KT_WHATIF_SETTING,
	.how = "end what has the pages; vm.compact_memory moves pages that can be moved",
	.algorithm =
		"Memory in blocks of the size of a huge page. Free pages, and pages of processes "
		"and of the page cache, are no obstacle; each other page is fixed. SAVES is the "
		"blocks that have at most 8 fixed pages and no page to be moved. It is memory in "
		"one piece and not more memory, and an upper bound, because pages that are pinned "
		"cannot be moved, and some owners never free theirs. Parts are owners that alone "
		"keep blocks.",
	.counted = "fixed pages",
	.parts_counted = "fixed pages",
	.sources = KT_SOURCES(NULL),
	.exact = KT_SOURCES(&kt_source_iomem, &kt_source_fragments),
	.compute = compute,
};

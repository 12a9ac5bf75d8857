// SPDX-License-Identifier: GPL-2.0-or-later
//
// A slabinfo of any version through to what it means: sums hold, and no part is negative.
// The first byte tells whether the page size is known, and where a free object has its pointer; the
// second is an object's size.

#include "analysis/slab.h"
#include "analysis/slab_layout.h"
#include "fuzz.h"

static void check(bool truth, const char *what, const struct kt_slab_use *use)
{
	if (truth)
		return;
	fprintf(stderr, "%s: %s\n", use->cache->name, what);
	abort();
}

static int64_t known(int64_t value)
{
	return value > 0 ? value : 0;
}

static void check_layout(const struct kt_slab_use *use, int64_t pointer_at)
{
	struct kt_slab_layout layout;
	int64_t end = 0;

	kt_slab_lay_out(use, pointer_at, &layout);
	for (size_t i = 0; i < layout.nr_pieces; i++) {
		check(layout.pieces[i].start == end && layout.pieces[i].bytes > 0, "a gap", use);
		end += layout.pieces[i].bytes;
	}
	check(end == known(use->slot_bytes), "the pieces are not the slot", use);
}

static void check_use(const struct kt_slab_use *use, int64_t pointer_at)
{
	/* without a page size, objects have a size and slabs have none */
	if (use->in_use_bytes >= 0 && use->held_bytes >= 0)
		check(use->in_use_bytes + known(use->cached_bytes) + use->free_bytes +
					known(use->padding_bytes) + known(use->tail_bytes) ==
				use->held_bytes,
			"the parts are not the whole", use);
	check(use->ready_bytes <= use->held_bytes, "more is ready than held", use);
	check(use->uncertain_bytes <= known(use->tail_bytes), "more is uncertain than tail", use);
	check_layout(use, KT_UNKNOWN);
	check_layout(use, pointer_at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = NULL;
	KT_CLEANUP(slab_uses) struct kt_slab_uses uses = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;

	if (size < 2)
		return 0;
	snap = fuzz_machine(data[0] & 1);
	fuzz_parse(snap, &kt_source_slabinfo, "proc/slabinfo", data + 2, size - 2);
	for (size_t i = 0; i < snap->caches.count && i < 4; i++) {
		struct kt_cache_folder *folder = kt_list_push(&snap->arena, &snap->cache_folders);

		*folder = (struct kt_cache_folder){ .name = snap->caches.items[i].name,
			.object_bytes = data[1],
			.align_bytes = data[1],
			.nr_cpu_slabs = data[1],
			.sheaf_capacity = data[0],
			.red_zone = data[1] & 1,
			.rcu = data[1] & 2,
			.store_user = data[1] & 4 };
	}
	err = kt_slab_analyse(snap, &uses);
	for (size_t i = 0; !err && i < uses.items.count; i++)
		check_use(&uses.items.items[i], data[0]);
	return 0;
}

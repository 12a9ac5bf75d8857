// SPDX-License-Identifier: GPL-2.0-or-later
//
// Size classes of kmalloc chosen for the objects in use, instead of powers of two.
//
// The requested sizes are known where the kernel keeps who allocated each object (slub_debug=U): a
// line of alloc_traces has how many bytes of its objects were not asked for ("waste=", since Linux
// 6.1, commit 6edf2576a6cc). Elsewhere only the class is known, and what rounding costs has an
// upper bound.

#include "analysis/frames.h"
#include "analysis/slab.h"
#include "whatif/size_classes.h"
#include "whatif/whatif.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_BYTES 8 /* ARCH_KMALLOC_MINALIGN of most machines */
#define PAGE_BYTES  4096
#define LARGEST	    8192 /* KMALLOC_MAX_CACHE_SIZE with such pages */
#define NR_SLOTS    (LARGEST / ALIGN_BYTES + 1)
#define PARTS_MAX   20
#define OBJS_MAX    (1ll << 44)

/* Size of the objects of a kmalloc cache, by its name: 1024 for "kmalloc-cg-1k"; else KT_UNKNOWN.
 */
static int64_t class_of(struct kt_arena *arena, const char *name)
{
	const char *family = name ? kt_slab_family(name, arena) : NULL;
	struct kt_span span;
	uint64_t bytes;

	if (!family || strncmp(family, "kmalloc-", 8) != 0)
		return KT_UNKNOWN;
	span = kt_span_str(family + 8);
	if (!kt_span_take_u64(&span, &bytes) || bytes > LARGEST)
		return KT_UNKNOWN;
	bytes *= kt_span_skip(&span, "k") ? 1024 : 1;
	return span.n || !bytes || bytes > LARGEST ? KT_UNKNOWN : (int64_t)bytes;
}

/* The objects in use by requested size and by class, in slots of ALIGN_BYTES. */
struct objects {
	int64_t requested[NR_SLOTS], class[NR_SLOTS];
	int64_t nr_objs, requested_bytes, class_bytes;
	int64_t nr_left_out; /* lines whose numbers do not belong together */
	int64_t nr_cpus, page_bytes;
};

/* Size of a slot for what each object of the line requested; KT_UNKNOWN: not known. */
static int64_t slot_of(const struct kt_user *user, int64_t class)
{
	int64_t waste = kt_known_of(user->waste_bytes, 0), each;

	if (!kt_known(class) || user->nr <= 0 || user->nr > OBJS_MAX || waste % user->nr)
		return KT_UNKNOWN;
	each = class - waste / user->nr;
	return each <= 0 ? KT_UNKNOWN : (each + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

/* ---- call sites ---- */

static int by_saves(const void *a, const void *b)
{
	const struct kt_whatif_part *x = a, *y = b;

	return (x->saves_bytes < y->saves_bytes) - (x->saves_bytes > y->saves_bytes);
}

/* The share of its class's slabs that a call site fills now, and slabs of its own. */
static void put_site(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct objects *objects, const struct kt_user *user, int64_t class, int64_t slot)
{
	struct kt_packing today = kt_slub_packing(class, objects->nr_cpus, objects->page_bytes);
	struct kt_packing own = kt_slub_packing(slot, objects->nr_cpus, objects->page_bytes);
	int64_t now, then = kt_packing_pages(&own, user->nr) * objects->page_bytes;
	struct kt_span function = { 0 };

	if (today.objs_per_slab <= 0)
		return;
	now = user->nr * today.pages_per_slab / today.objs_per_slab * objects->page_bytes;
	if (now <= then)
		return;
	if (user->nr_frames)
		function = kt_frame_function(
			user->frames[kt_frames_wanting(user->frames, user->nr_frames)]);
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){
			.name = kt_arena_printf(arena, "%.*s: up to %lld bytes in %lld",
				(int)function.n, function.p, (long long)slot, (long long)class),
			.count = user->nr,
			.now_bytes = now,
			.then_bytes = then,
			.saves_bytes = now - then,
			.how = "a cache of its own (kmem_cache_create)" });
}

/* ---- the histogram ---- */

/* Kernels before 6.1 print no waste at all; later ones leave out a waste of 0. */
static bool has_waste(const struct kt_snapshot *snap)
{
	for (size_t i = 0; i < snap->users.count; i++) {
		if (snap->users.items[i].file == KT_USERS_OBJECTS &&
			kt_known(snap->users.items[i].waste_bytes))
			return true;
	}
	return false;
}

static void add_users(struct kt_arena *arena, const struct kt_snapshot *snap,
	struct objects *objects, struct kt_whatif_result *ret)
{
	for (size_t i = 0; i < snap->users.count; i++) {
		const struct kt_user *user = &snap->users.items[i];
		int64_t class =
			user->file == KT_USERS_OBJECTS ? class_of(arena, user->cache) : KT_UNKNOWN;
		int64_t slot = slot_of(user, class);

		if (!kt_known(class))
			continue;
		if (!kt_known(slot) || objects->nr_objs > OBJS_MAX) {
			objects->nr_left_out++;
			continue;
		}
		objects->requested[slot / ALIGN_BYTES] += user->nr;
		objects->class[class / ALIGN_BYTES] += user->nr;
		objects->nr_objs += user->nr;
		objects->class_bytes += class * user->nr;
		objects->requested_bytes += class * user->nr - kt_known_of(user->waste_bytes, 0);
		put_site(arena, ret, objects, user, class, slot);
	}
}

/* Pages of today's classes, and of one slab of each class, which may be partly filled. */
struct pages {
	int64_t all, one_each;
	size_t nr_classes;
};

static struct pages pages_today(const struct objects *objects)
{
	struct pages pages = { 0 };

	for (size_t i = 0; i < NR_SLOTS; i++) {
		struct kt_packing packing = kt_slub_packing(
			(int64_t)i * ALIGN_BYTES, objects->nr_cpus, objects->page_bytes);

		if (!objects->class[i])
			continue;
		pages.nr_classes++;
		pages.all += kt_packing_pages(&packing, objects->class[i]);
		pages.one_each += packing.pages_per_slab;
	}
	return pages;
}

static size_t list_sizes(const struct objects *objects, struct kt_size_count sizes[NR_SLOTS])
{
	size_t count = 0;

	for (size_t i = 0; i < NR_SLOTS; i++) {
		if (objects->requested[i])
			sizes[count++] = (struct kt_size_count){ (int64_t)i * ALIGN_BYTES,
				objects->requested[i] };
	}
	return count;
}

static const char *classes_text(
	struct kt_arena *arena, const struct kt_classes *classes, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = kt_arena_printf(arena, "%s%s%lld", text, i ? ", " : "",
			(long long)classes->bytes[count - 1][i]);
	return text;
}

/* ---- the result ---- */

static void put_curve(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct kt_classes *classes, const struct pages *today, int64_t page_bytes)
{
	kt_whatif_point(arena, ret,
		(struct kt_whatif_point){ .choice = "today's classes",
			.count = (int64_t)today->nr_classes,
			.bytes = today->all * page_bytes,
			.saves_bytes = 0 });
	for (size_t k = 0; k < classes->count; k++) {
		int64_t saves = today->all - classes->pages[k];

		kt_whatif_point(arena, ret,
			(struct kt_whatif_point){ .choice = "best classes",
				.count = (int64_t)k + 1,
				.bytes = classes->pages[k] * page_bytes,
				.saves_bytes = saves < 0 ? KT_UNKNOWN : saves * page_bytes });
	}
}

/* The number of classes, at most today's, with fewest pages. */
static size_t best_count(const struct kt_classes *classes, size_t most)
{
	size_t best = 1;

	for (size_t k = 1; k < classes->count && k < most; k++) {
		if (classes->pages[k] < classes->pages[best - 1])
			best = k + 1;
	}
	return best;
}

static void put_inputs(
	struct kt_arena *arena, struct kt_whatif_result *ret, const struct objects *objects)
{
	const char *from = "alloc_traces below /sys/kernel/debug/slab";

	kt_whatif_input_count(arena, ret, "objects in use", objects->nr_objs, from);
	kt_whatif_input_bytes(arena, ret, "requested", objects->requested_bytes, from);
	kt_whatif_input_bytes(arena, ret, "in today's classes", objects->class_bytes, from);
	kt_whatif_input_bytes(arena, ret, "alignment of a slot", ALIGN_BYTES, "assumed");
	kt_whatif_input_count(arena, ret, "CPUs", objects->nr_cpus, "/" KT_FILE_CPUS_PRESENT);
}

static void put_result(struct kt_arena *arena, const struct kt_snapshot *snap,
	const struct objects *objects, struct kt_whatif_result *ret)
{
	struct kt_size_count *sizes = kt_arena_alloc(arena, NR_SLOTS * sizeof(*sizes));
	struct kt_classes *classes = kt_arena_alloc(arena, sizeof(*classes));
	int64_t page_bytes = objects->page_bytes, saves, low, high, lists;
	struct pages today = pages_today(objects);
	size_t count = sizes ? list_sizes(objects, sizes) : 0, best;

	if (!sizes || !classes ||
		!kt_classes_best(
			arena, sizes, count, KT_CLASSES_MAX, objects->nr_cpus, page_bytes, classes))
		return;
	best = best_count(classes, today.nr_classes);
	saves = today.all - classes->pages[best - 1];
	/* each class has a partly filled slab for each CPU and node, at most */
	lists = objects->nr_cpus + kt_known_of(snap->host.nr_nodes, 1);
	low = high = saves;
	for (size_t i = 0; i < best; i++)
		low -= lists *
		       kt_slub_packing(classes->bytes[best - 1][i], objects->nr_cpus, page_bytes)
			       .pages_per_slab;
	high += lists * today.one_each;
	ret->now_bytes = today.all * page_bytes;
	put_inputs(arena, ret, objects);
	put_curve(arena, ret, classes, &today, page_bytes);
	kt_whatif_saves(ret, saves * page_bytes, KT_ESTIMATE, page_bytes);
	kt_whatif_interval(ret, low * page_bytes, high * page_bytes, page_bytes);
	kt_whatif_note(arena, ret, "best %zu class%s: %s bytes", best, best == 1 ? "" : "es",
		classes_text(arena, classes, best));
	kt_whatif_note(arena, ret,
		"all kinds of kmalloc count together: caches for cgroups, reclaimable objects and "
		"random copies have slabs of their own");
	if (objects->nr_left_out)
		kt_whatif_note(arena, ret,
			"%lld call sites are left out: their numbers do not belong "
			"together",
			(long long)objects->nr_left_out);
}

/* ---- without requested sizes ---- */

/* The next smaller class of the machine; 0: none. */
static int64_t class_below(struct kt_arena *arena, const struct kt_snapshot *snap, int64_t class)
{
	int64_t below = 0;

	for (size_t i = 0; i < snap->caches.count; i++) {
		int64_t other = class_of(arena, snap->caches.items[i].name);

		if (other < class && other > below)
			below = other;
	}
	return below;
}

static void bound(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	int64_t sum = 0, now = 0;

	if (snap->caches_partial) {
		kt_whatif_unknown(ret, "some slab caches are missing in the list");
		return;
	}
	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];
		int64_t class = class_of(arena, cache->name), below, held, least, lost;

		if (!kt_known(class))
			continue;
		below = class_below(arena, snap, class);
		held = kt_known_times(kt_known_times(cache->nr_slabs, cache->pages_per_slab),
			snap->host.page_bytes);
		least = kt_known_times(cache->nr_objs, below + ALIGN_BYTES);
		if (!kt_known(least) || !kt_known(held) || held > KT_AMOUNT_MAX - now) {
			kt_whatif_unknown(ret, "a kmalloc cache has no number of objects or slabs");
			return;
		}
		lost = held > least ? held - least : 0;
		sum += lost;
		now += held;
		kt_whatif_part(arena, ret,
			(struct kt_whatif_part){ .name = cache->name,
				.count = cache->nr_objs,
				.now_bytes = held,
				.then_bytes = held - lost,
				.saves_bytes = lost });
	}
	if (!ret->parts.count) {
		kt_whatif_lacks(ret, &kt_source_slabinfo);
		return;
	}
	ret->now_bytes = now;
	kt_whatif_input_bytes(arena, ret, "slabs of kmalloc", now, "/" KT_FILE_SLABINFO);
	kt_whatif_saves(ret, sum, KT_UPPER_BOUND, snap->host.page_bytes);
	kt_whatif_note(arena, ret,
		"the requested sizes are not known: this is the cost of rounding and of the ends "
		"of "
		"slabs if each slot has an object that only just needs its class. --exact on a "
		"kernel "
		"with slub_debug=U reads them");
}

static void compute(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct kt_whatif_result *ret)
{
	struct objects *objects = kt_arena_alloc(arena, sizeof(*objects));

	if (!objects)
		return;
	if (snap->host.page_bytes != PAGE_BYTES) {
		kt_whatif_unknown(ret, "only the size classes for pages of 4 KiB are known");
		return;
	}
	objects->page_bytes = snap->host.page_bytes;
	objects->nr_cpus = snap->host.nr_cpus_present > 1 ? snap->host.nr_cpus_present
							  : snap->host.nr_cpus_possible;
	if (has_waste(snap) && objects->nr_cpus > 0)
		add_users(arena, snap, objects, ret);
	if (objects->nr_objs)
		put_result(arena, snap, objects, ret);
	else
		bound(arena, snap, ret);
	if (ret->parts.count)
		qsort(ret->parts.items, ret->parts.count, sizeof(*ret->parts.items), by_saves);
	if (ret->parts.count > PARTS_MAX)
		ret->parts.count = PARTS_MAX;
}

const struct kt_whatif kt_whatif_kmalloc = {
	.name = "kmalloc",
	.title = "size classes of kmalloc for the sizes that are requested",
	.needs = KT_WHATIF_KERNEL,
	.how = "a cache of its own for a call site with many objects",
	.algorithm = "The classes whose slabs have fewest pages, for each number of classes, by "
		     "dynamic programming over the requested sizes of all objects in use, with "
		     "the order of slabs that SLUB would choose. The interval has a partly filled "
		     "slab for each class, CPU and node. Without requested sizes: an upper bound, "
		     "as if each slot had an object just above the next smaller class.",
	.counted = "classes",
	.parts_counted = "objects",
	.sources = KT_SOURCES(&kt_source_slabinfo),
	.exact = KT_SOURCES(&kt_source_slab_traces),
	.compute = compute,
};

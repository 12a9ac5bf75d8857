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
#include "whatif/slab/counts.h"
#include "whatif/whatif.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_BYTES 8	/* ARCH_KMALLOC_MINALIGN of most machines */
#define ALIGN_MOST  256 /* and the largest one */
#define PAGE_BYTES  4096
#define LARGEST	    8192 /* KMALLOC_MAX_CACHE_SIZE with such pages */
#define NR_SLOTS    (LARGEST / ALIGN_BYTES + 1)
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

/*
 * The objects in use by requested size and by class, in slots of ALIGN_BYTES. Slots of each object
 * in FRACTIONS: today's slabs have free slots, and objects that move to another class take their
 * share of them along.
 */
struct objects {
	const char *families[KT_FAMILIES_MAX]; /* "kmalloc-", "kmalloc-cg-": each has its slabs */
	size_t nr_families;
	struct kt_size_count requested[NR_SLOTS], class[NR_SLOTS]; /* of FRACTIONS of a slot */
	int64_t nr_objs, nr_slots, requested_bytes, class_bytes;
	int64_t nr_left_out; /* lines whose numbers do not belong together */
	int64_t align_bytes;
	struct kt_slabs_of machine;
};

#define FRACTIONS 1024

/* The name of a kmalloc cache in front of its size; the index of its family, or KT_FAMILIES_MAX. */
static size_t family_of(struct kt_arena *arena, struct objects *objects, const char *cache)
{
	const char *size = strrchr(cache, '-');
	const char *name = kt_arena_printf(arena, "%.*s", size ? (int)(size - cache) : 0, cache);

	for (size_t i = 0; name && i < objects->nr_families; i++) {
		if (strcmp(objects->families[i], name) == 0)
			return i;
	}
	if (!name || objects->nr_families == KT_FAMILIES_MAX)
		return KT_FAMILIES_MAX;
	objects->families[objects->nr_families] = name;
	return objects->nr_families++;
}

/* Bytes that each of the objects requested; KT_UNKNOWN: not known. */
static int64_t requested_of(const struct kt_user_size *size, int64_t class)
{
	if (size->nr <= 0 || size->nr > OBJS_MAX || size->waste_bytes < 0 ||
		size->waste_bytes >= class)
		return KT_UNKNOWN;
	return class - size->waste_bytes;
}

static int64_t slot_of(const struct objects *objects, int64_t requested)
{
	int64_t align = objects->align_bytes;

	return (requested + align - 1) / align * align;
}

/*
 * kmalloc() aligns what is requested to the largest power of 2 that divides it: powers of 2 since
 * Linux 5.4 (commit 59bb47985c1d), and other sizes where create_boot_cache() of mm/slab_common.c
 * aligns each class so.
 */
static int64_t align_of(int64_t requested)
{
	int64_t align = requested & -requested;

	return align < LARGEST ? align : LARGEST;
}

/* ---- call sites ---- */

/* Objects of one function in one class: its own cache has room for the largest of them. */
struct site {
	struct kt_span function; /* empty: not known */
	int64_t class, nr, largest;
};

struct sites {
	KT_LIST(struct site) list;
};

static void add_site(struct kt_arena *arena, struct sites *sites, const struct kt_user *user,
	const struct kt_user_size *line, int64_t class)
{
	struct site *site = kt_list_push(arena, &sites->list);

	if (!site)
		return;
	*site = (struct site){
		.class = class, .nr = line->nr, .largest = class - line->waste_bytes
	};
	if (user->nr_frames)
		site->function = kt_frame_function(
			user->frames[kt_frames_wanting(user->frames, user->nr_frames)]);
}

static int by_site(const void *a, const void *b)
{
	const struct site *x = a, *y = b;
	size_t n = x->function.n < y->function.n ? x->function.n : y->function.n;
	int order = n ? memcmp(x->function.p, y->function.p, n) : 0;

	if (order)
		return order;
	if (x->function.n != y->function.n)
		return x->function.n < y->function.n ? -1 : 1;
	return (x->class > y->class) - (x->class < y->class);
}

/* The share of its class's slabs that a call site fills now, and slabs of its own. */
static void put_site(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct objects *objects, const struct site *site)
{
	int64_t slot = (site->largest + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
	struct kt_packing today =
		kt_slub_packing(site->class, objects->machine.nr_cpus, objects->machine.page_bytes);
	struct kt_packing own =
		kt_slub_packing(slot, objects->machine.nr_cpus, objects->machine.page_bytes);
	int64_t now, then = kt_packing_pages(&own, site->nr) * objects->machine.page_bytes;

	if (today.objs_per_slab <= 0 || site->nr > OBJS_MAX)
		return;
	now = site->nr * today.pages_per_slab / today.objs_per_slab * objects->machine.page_bytes;
	if (now <= then)
		return;
	kt_whatif_part(arena, ret,
		(struct kt_whatif_part){
			.name = kt_arena_printf(arena, "%.*s: up to %lld bytes in %lld",
				(int)site->function.n, site->function.p, (long long)slot,
				(long long)site->class),
			.count = site->nr,
			.now_bytes = now,
			.then_bytes = then,
			.saves_bytes = now - then,
			.how = "a cache of its own (kmem_cache_create)" });
}

/* Adds up the lines of each function and class. */
static void put_sites(struct kt_arena *arena, struct kt_whatif_result *ret,
	const struct objects *objects, struct sites *sites)
{
	struct site *all = sites->list.items;
	size_t count = sites->list.count;

	if (!count)
		return;
	qsort(all, count, sizeof(*all), by_site);
	for (size_t i = 0; i < count;) {
		struct site sum = all[i];

		for (i++; i < count && by_site(&all[i], &sum) == 0; i++) {
			sum.nr += all[i].nr;
			sum.largest = all[i].largest > sum.largest ? all[i].largest : sum.largest;
		}
		put_site(arena, ret, objects, &sum);
	}
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

static int64_t objs_of(const struct kt_snapshot *snap, const char *cache)
{
	int64_t sum = 0;

	for (size_t i = 0; i < snap->users.count; i++) {
		const struct kt_user *user = &snap->users.items[i];

		if (user->file == KT_USERS_OBJECTS && user->nr > 0 && user->nr <= OBJS_MAX &&
			sum <= OBJS_MAX && user->cache && strcmp(user->cache, cache) == 0)
			sum += user->nr;
	}
	return sum;
}

/* FRACTIONS of a slot for each object of a cache: more than one slot where some are free. */
static int64_t fractions_of(const struct kt_snapshot *snap, const char *cache)
{
	int64_t nr_objs = objs_of(snap, cache);

	for (size_t i = 0; nr_objs && i < snap->caches.count; i++) {
		const struct kt_cache *other = &snap->caches.items[i];

		if (!other->name || strcmp(other->name, cache) != 0)
			continue;
		if (!kt_known(other->nr_objs) || other->nr_objs <= nr_objs ||
			other->nr_objs > OBJS_MAX)
			break;
		return (int64_t)((double)other->nr_objs * FRACTIONS / (double)nr_objs);
	}
	return FRACTIONS;
}

static void add_objs(struct kt_size_count *size, int64_t bytes, size_t family, int64_t nr)
{
	size->bytes = bytes;
	size->nr_objs[family] += nr;
}

/* The objects of one line. False: its numbers do not belong together. */
static bool add_line(struct objects *objects, const struct kt_user_size *line, int64_t class,
	size_t family, int64_t fractions)
{
	int64_t requested = requested_of(line, class), slot, slots;
	struct kt_size_count *size;

	if (!kt_known(requested) || objects->nr_slots > OBJS_MAX * FRACTIONS)
		return false;
	slot = slot_of(objects, requested);
	slots = line->nr * fractions;
	size = &objects->requested[slot / ALIGN_BYTES];
	add_objs(size, slot, family, slots);
	add_objs(&objects->class[class / ALIGN_BYTES], class, family, slots);
	if (align_of(requested) > size->align_bytes)
		size->align_bytes = align_of(requested);
	objects->nr_objs += line->nr;
	objects->nr_slots += slots;
	objects->class_bytes += class * line->nr;
	objects->requested_bytes += requested * line->nr;
	return true;
}

static void add_users(struct kt_arena *arena, const struct kt_snapshot *snap,
	struct objects *objects, struct sites *sites)
{
	const char *last = NULL;
	int64_t fractions = FRACTIONS;

	for (size_t i = 0; i < snap->users.count; i++) {
		const struct kt_user *user = &snap->users.items[i];
		int64_t class =
			user->file == KT_USERS_OBJECTS ? class_of(arena, user->cache) : KT_UNKNOWN;
		size_t family;

		if (!kt_known(class))
			continue;
		family = family_of(arena, objects, user->cache);
		if (!last || strcmp(last, user->cache) != 0)
			fractions = fractions_of(snap, user->cache);
		last = user->cache;
		objects->nr_left_out += user->nr_unsized > 0;
		for (const struct kt_user_size *line = user->sizes; line; line = line->next) {
			if (family == KT_FAMILIES_MAX ||
				!add_line(objects, line, class, family, fractions))
				objects->nr_left_out++;
			else
				add_site(arena, sites, user, line, class);
		}
	}
}

/* Rounds up to whole slots. */
static void make_whole(struct objects *objects)
{
	for (size_t i = 0; i < NR_SLOTS; i++) {
		for (size_t k = 0; k < objects->nr_families; k++) {
			int64_t *asked = &objects->requested[i].nr_objs[k];
			int64_t *given = &objects->class[i].nr_objs[k];

			*asked = (*asked + FRACTIONS - 1) / FRACTIONS;
			*given = (*given + FRACTIONS - 1) / FRACTIONS;
		}
	}
}

/* The classes that the kernel has, with objects or without, and what all are aligned to. */
static void add_classes(
	struct kt_arena *arena, const struct kt_snapshot *snap, struct objects *objects)
{
	int64_t least = LARGEST;

	for (size_t i = 0; i < snap->caches.count; i++) {
		int64_t class = class_of(arena, snap->caches.items[i].name);

		if (!kt_known(class))
			continue;
		objects->class[class / ALIGN_BYTES].bytes = class;
		least = class < least ? class : least;
	}
	/* machines whose DMA needs more have no smaller class either */
	objects->align_bytes = ALIGN_BYTES;
	if (least <= ALIGN_MOST && !(least & (least - 1)) && !snap->caches_partial)
		objects->align_bytes = least;
	objects->class[NR_SLOTS - 1].bytes = LARGEST;
}

/* Pages of today's classes, and of one slab of each cache, which may be partly filled. */
struct pages {
	int64_t all, one_each;
	size_t nr_classes;
};

static struct pages pages_today(const struct objects *objects)
{
	struct pages pages = { 0 };

	for (size_t i = 0; i < NR_SLOTS; i++) {
		struct kt_packing packing = kt_slub_packing((int64_t)i * ALIGN_BYTES,
			objects->machine.nr_cpus, objects->machine.page_bytes);

		if (!objects->class[i].bytes)
			continue;
		pages.nr_classes++;
		for (size_t k = 0; k < objects->nr_families; k++) {
			if (!objects->class[i].nr_objs[k])
				continue;
			pages.all += kt_slabs_pages(
				&objects->machine, &packing, objects->class[i].nr_objs[k]);
			pages.one_each += packing.pages_per_slab;
		}
	}
	return pages;
}

/* The distinct sizes; the largest class stays, for what no caller requested so far. */
static size_t list_sizes(const struct objects *objects, struct kt_size_count sizes[NR_SLOTS])
{
	size_t count = 0;

	for (size_t i = 0; i < NR_SLOTS; i++) {
		if (objects->requested[i].bytes || i == NR_SLOTS - 1) {
			sizes[count] = objects->requested[i];
			sizes[count++].bytes = (int64_t)i * ALIGN_BYTES;
		}
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

/* Pages of one slab of each cache that has objects. */
static int64_t one_each(const struct objects *objects, const int64_t *classes, size_t count)
{
	bool has[KT_CLASSES_MAX][KT_FAMILIES_MAX] = { 0 };
	int64_t pages = 0;

	for (size_t i = 0, class = 0; i < NR_SLOTS && class < count; i++) {
		while (class + 1 < count && classes[class] < objects->requested[i].bytes)
			class ++;
		for (size_t k = 0; k < objects->nr_families; k++)
			has[class][k] |= objects->requested[i].nr_objs[k] > 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct kt_packing packing = kt_slub_packing(
			classes[i], objects->machine.nr_cpus, objects->machine.page_bytes);

		for (size_t k = 0; k < objects->nr_families; k++)
			pages += has[i][k] ? packing.pages_per_slab : 0;
	}
	return pages;
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
	kt_whatif_input_count(arena, ret, "slots, with the free ones",
		objects->nr_slots / FRACTIONS, "/" KT_FILE_SLABINFO);
	kt_whatif_input_bytes(
		arena, ret, "alignment of a slot", objects->align_bytes, "the smallest class");
	kt_whatif_input_count(
		arena, ret, "CPUs", objects->machine.nr_cpus, "/" KT_FILE_CPUS_PRESENT);
}

static void put_result(
	struct kt_arena *arena, const struct objects *objects, struct kt_whatif_result *ret)
{
	struct kt_size_count *sizes = kt_arena_alloc(arena, NR_SLOTS * sizeof(*sizes));
	struct kt_classes *classes = kt_arena_alloc(arena, sizeof(*classes));
	int64_t page_bytes = objects->machine.page_bytes, saves, unsure;
	struct pages today = pages_today(objects);
	size_t count = sizes ? list_sizes(objects, sizes) : 0, best;

	if (!sizes || !classes ||
		!kt_classes_best(arena, sizes, count, KT_CLASSES_MAX, &objects->machine, classes))
		return;
	best = best_count(classes, today.nr_classes);
	saves = today.all - classes->pages[best - 1];
	/* the slab of each list is half full, more or less by a half */
	unsure = (one_each(objects, classes->bytes[best - 1], best) + today.one_each) *
		 objects->machine.nr_lists / 2;
	ret->now_bytes = today.all * page_bytes;
	put_inputs(arena, ret, objects);
	put_curve(arena, ret, classes, &today, page_bytes);
	kt_whatif_saves(ret, saves * page_bytes, KT_ESTIMATE, page_bytes);
	kt_whatif_interval(
		ret, (saves - unsure) * page_bytes, (saves + unsure) * page_bytes, page_bytes);
	kt_whatif_note(arena, ret, "best %zu class%s: %s bytes", best, best == 1 ? "" : "es",
		classes_text(arena, classes, best));
	kt_whatif_note(arena, ret,
		"each class has slabs of its own for %zu kind%s of kmalloc, such as that for "
		"cgroups, and is aligned as what is requested of it: an object of 1024 bytes to "
		"1024",
		objects->nr_families, objects->nr_families == 1 ? "" : "s");
	if (objects->nr_left_out)
		kt_whatif_note(arena, ret,
			"%lld sizes of call sites are left out: their numbers do not belong "
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
	struct sites sites = { 0 };

	if (!objects)
		return;
	if (snap->host.page_bytes != PAGE_BYTES) {
		kt_whatif_unknown(ret, "only the size classes for pages of 4 KiB are known");
		return;
	}
	objects->machine = kt_slabs_machine(snap);
	add_classes(arena, snap, objects);
	if (has_waste(snap) && objects->machine.nr_cpus > 0)
		add_users(arena, snap, objects, &sites);
	put_sites(arena, ret, objects, &sites);
	make_whole(objects);
	if (objects->nr_objs)
		put_result(arena, objects, ret);
	else
		bound(arena, snap, ret);
	kt_whatif_sort(ret);
	if (ret->parts.count > KT_WHATIF_PARTS)
		ret->parts.count = KT_WHATIF_PARTS;
}

const struct kt_whatif kt_whatif_kmalloc = {
	.name = "kmalloc",
	.title = "size classes of kmalloc for the sizes that are requested",
	.needs = KT_WHATIF_KERNEL,
	.how = "a cache of its own for a call site with many objects",
	.algorithm = "The classes whose slabs have fewest pages, for each number of classes, by "
		     "dynamic programming over the requested sizes of all objects in use, with "
		     "the order of slabs that SLUB would choose. Objects take their share of the "
		     "free slots of their class of today along, so slabs are as full as they are. "
		     "Each cache has one slab more for each CPU and node, which is half full; the "
		     "interval has them empty or full. Without "
		     "requested sizes: an upper bound, "
		     "as if each slot had an object just above the next smaller class.",
	.counted = "classes",
	.parts_counted = "objects",
	.sources = KT_SOURCES(&kt_source_slabinfo),
	.exact = KT_SOURCES(&kt_source_slab_traces),
	.compute = compute,
};

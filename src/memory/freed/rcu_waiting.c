// SPDX-License-Identifier: GPL-2.0-or-later
//
// kfree_rcu() puts pointers to objects into arrays of a page. Each CPU has arrays that are being
// filled, and arrays of two batches that wait for the end of a grace period ("struct
// kfree_rcu_cpu"). When there is no page, objects are chained by their own "struct rcu_head". With
// sheaves, objects go into a sheaf instead; a full one is a callback of its CPU until the grace
// period ends.
//
// Nothing is locked: a list that changes is read again.

#include "memory/freed/rcu_waiting.h"

#include "base/attr.h"

#include <stddef.h>

#define TRIES	   3u
#define CHAIN_MAX  (1u << 20) /* objects of one chain, callbacks of one CPU */
#define BLOCKS_MAX (1u << 18) /* arrays of one list */
#define WORKS_MAX  16u
#define SHEAF_MAX  4096u /* objects */

struct layout {
	struct kt_field next, func;		 /* struct callback_head */
	struct kt_field head, arrays, works;	 /* struct kfree_rcu_cpu */
	struct kt_field nr_spare;		 /* struct kfree_rcu_cpu */
	struct kt_field head_free, arrays_free;	 /* struct kfree_rcu_cpu_work */
	struct kt_field nr_records, link, after; /* struct kvfree_rcu_bulk_data */
	struct kt_field callbacks, bypass;	 /* struct rcu_data */
	struct kt_field sheaf_callback, sheaf_size, sheaf_cache;
	uint32_t work_bytes;
	bool old_arrays; /* arrays are chained by a pointer; else they are lists */
};

#define AT(member) offsetof(struct layout, member)

/* Arrays were chained by a pointer until they became lists; the members have other names then. */
static const struct kt_field_want wants[] = {
	{ "callback_head", "next", AT(next), true },
	{ "callback_head", "func", AT(func), true },
	{ "kfree_rcu_cpu", "head", AT(head), false },
	{ "kfree_rcu_cpu", "bulk_head", AT(arrays), false },
	{ "kfree_rcu_cpu", "krw_arr", AT(works), false },
	{ "kfree_rcu_cpu", "nr_bkv_objs", AT(nr_spare), false },
	{ "kfree_rcu_cpu_work", "head_free", AT(head_free), false },
	{ "kfree_rcu_cpu_work", "bulk_head_free", AT(arrays_free), false },
	{ "kvfree_rcu_bulk_data", "nr_records", AT(nr_records), false },
	{ "kvfree_rcu_bulk_data", "list", AT(link), false },
	{ "kvfree_rcu_bulk_data", "next", AT(after), false },
	{ "rcu_data", "cblist.head", AT(callbacks), false },
	{ "rcu_data", "nocb_bypass.head", AT(bypass), false },
	{ "slab_sheaf", "callback_head", AT(sheaf_callback), false },
	{ "slab_sheaf", "size", AT(sheaf_size), false },
	{ "slab_sheaf", "cache", AT(sheaf_cache), false },
};

struct walk {
	struct kt_target *target;
	struct layout layout;
	struct kt_rcu_waiting *waiting;
	uint64_t free_sheaf[2]; /* functions; 0: the kernel has none of this name */
};

/* Counts of one list; they are added when the whole list was read. */
struct counts {
	int64_t nr_objs, nr_pages;
};

/* Finds a circle in a chain without a way back: a mark is set anew after 1, 2, 4, ... steps. */
static bool is_circle(uint64_t *mark, uint32_t step, uint64_t at)
{
	if (step && at == *mark)
		return true;
	if (!(step & (step + 1)))
		*mark = at;
	return false;
}

/* ---- batches of kfree_rcu() ---- */

static bool count_chain(struct walk *walk, uint64_t at, struct counts *counts)
{
	uint64_t mark = 0;

	for (uint32_t i = 0; at; i++) {
		if (i >= CHAIN_MAX || !kt_target_is_pointer(walk->target, at) ||
			is_circle(&mark, i, at) ||
			!kt_target_pointer(walk->target, at + walk->layout.next.offset, &at))
			return false;
		counts->nr_objs++;
	}
	return true;
}

/* Adds the records of an array, which fits a page. */
static bool add_array(struct walk *walk, uint64_t array, struct counts *counts)
{
	const struct kt_field *field = &walk->layout.nr_records;
	uint64_t number;

	if (!kt_target_is_pointer(walk->target, array) ||
		!kt_target_number(walk->target, array + field->offset, field->size, &number) ||
		number > walk->target->page_bytes / walk->target->types.pointer_bytes)
		return false;
	counts->nr_objs += (int64_t)number;
	counts->nr_pages++;
	return true;
}

static bool count_old_arrays(struct walk *walk, uint64_t head, struct counts *counts)
{
	uint64_t at, mark = 0;

	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at; i++) {
		if (i >= BLOCKS_MAX || is_circle(&mark, i, at) || !add_array(walk, at, counts) ||
			!kt_target_pointer(walk->target, at + walk->layout.after.offset, &at))
			return false;
	}
	return true;
}

/* A head that is not initialised, all zero, is empty. */
static bool count_list(struct walk *walk, uint64_t head, struct counts *counts)
{
	uint32_t bytes = walk->target->types.pointer_bytes;
	uint64_t at, prev, before = head;

	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at != head && !(i == 0 && !at); i++) {
		if (i >= BLOCKS_MAX || !add_array(walk, at - walk->layout.link.offset, counts) ||
			!kt_target_pointer(walk->target, at + bytes, &prev) || prev != before)
			return false;
		before = at;
		if (!kt_target_pointer(walk->target, at, &at))
			return false;
	}
	return true;
}

static void add_counts(struct walk *walk, const struct counts *counts, bool whole)
{
	if (whole) {
		walk->waiting->nr_batch_objs += counts->nr_objs;
		walk->waiting->nr_batch_pages += counts->nr_pages;
	} else
		walk->waiting->nr_torn++;
}

/* The arrays for objects of slab caches, and for objects of vmalloc. */
static void add_arrays(struct walk *walk, uint64_t at, const struct kt_field *field)
{
	uint32_t bytes = walk->target->types.pointer_bytes * (walk->layout.old_arrays ? 1 : 2);

	for (uint32_t i = 0; i < field->count && i < WORKS_MAX; i++) {
		uint64_t head = at + field->offset + (uint64_t)i * bytes;
		struct counts counts = { 0 };
		bool whole = false;

		for (unsigned try = 0; !whole && try < TRIES; try++) {
			counts = (struct counts){ 0 };
			whole = walk->layout.old_arrays ? count_old_arrays(walk, head, &counts)
							: count_list(walk, head, &counts);
		}
		add_counts(walk, &counts, whole);
	}
}

static void add_chain(struct walk *walk, uint64_t head)
{
	struct counts counts = { 0 };
	bool whole = false;
	uint64_t at;

	for (unsigned try = 0; !whole && try < TRIES; try++) {
		counts = (struct counts){ 0 };
		whole = kt_target_pointer(walk->target, head, &at) &&
			count_chain(walk, at, &counts);
	}
	add_counts(walk, &counts, whole);
}

static void add_batches(struct walk *walk, uint64_t at)
{
	const struct layout *layout = &walk->layout;
	uint64_t nr_spare;

	add_chain(walk, at + layout->head.offset);
	add_arrays(walk, at, &layout->arrays);
	for (uint32_t i = 0; i < layout->works.count && i < WORKS_MAX; i++) {
		uint64_t work = at + layout->works.offset + (uint64_t)i * layout->work_bytes;

		add_chain(walk, work + layout->head_free.offset);
		add_arrays(walk, work, &layout->arrays_free);
	}
	if (layout->nr_spare.exists &&
		kt_target_number(walk->target, at + layout->nr_spare.offset, layout->nr_spare.size,
			&nr_spare) &&
		nr_spare <= BLOCKS_MAX)
		walk->waiting->nr_spare_pages += (int64_t)nr_spare;
}

/* ---- sheaves on their way ---- */

static bool add_sheaf(struct walk *walk, uint64_t callback, int64_t *nr_sheaves, int64_t *nr_objs)
{
	const struct layout *layout = &walk->layout;
	uint64_t sheaf = callback - layout->sheaf_callback.offset, cache, size;

	if (!kt_target_pointer(walk->target, sheaf + layout->sheaf_cache.offset, &cache) ||
		!kt_target_number(walk->target, sheaf + layout->sheaf_size.offset,
			layout->sheaf_size.size, &size) ||
		!kt_target_is_pointer(walk->target, cache) || size > SHEAF_MAX)
		return false;
	++*nr_sheaves;
	*nr_objs += (int64_t)size;
	return true;
}

static bool count_callbacks(
	struct walk *walk, uint64_t head, int64_t *ret_sheaves, int64_t *ret_objs)
{
	uint64_t at, func, mark = 0;

	*ret_sheaves = *ret_objs = 0;
	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at; i++) {
		if (i >= CHAIN_MAX || !kt_target_is_pointer(walk->target, at) ||
			is_circle(&mark, i, at) ||
			!kt_target_pointer(walk->target, at + walk->layout.func.offset, &func))
			return false;
		if (func && (func == walk->free_sheaf[0] || func == walk->free_sheaf[1]) &&
			!add_sheaf(walk, at, ret_sheaves, ret_objs))
			return false;
		if (!kt_target_pointer(walk->target, at + walk->layout.next.offset, &at))
			return false;
	}
	return true;
}

static void add_callbacks(struct walk *walk, uint64_t head)
{
	int64_t nr_sheaves, nr_objs;

	for (unsigned try = 0; try < TRIES; try++) {
		if (!count_callbacks(walk, head, &nr_sheaves, &nr_objs))
			continue;
		walk->waiting->nr_sheaves += nr_sheaves;
		walk->waiting->nr_sheaf_objs += nr_objs;
		return;
	}
	walk->waiting->nr_torn++;
}

/* ---- CPUs ---- */

/* Calls `add` with the variable of each CPU; false: where they are is not known. */
static bool each_cpu(
	struct walk *walk, const char *variable, void (*add)(struct walk *walk, uint64_t at))
{
	uint64_t at, offset;

	if (!kt_symbols_find(&walk->target->symbols, variable, &at) ||
		!kt_target_cpu_offset(walk->target, 0, &offset))
		return false;
	for (uint32_t cpu = 0; cpu < walk->target->nr_cpus; cpu++) {
		if (kt_target_cpu_offset(walk->target, cpu, &offset) &&
			kt_target_is_pointer(walk->target, (at + offset) & ~7ull))
			add(walk, at + offset);
		else
			walk->waiting->nr_torn++;
	}
	return true;
}

static void add_lists(struct walk *walk, uint64_t data)
{
	add_callbacks(walk, data + walk->layout.callbacks.offset);
	if (walk->layout.bypass.exists)
		add_callbacks(walk, data + walk->layout.bypass.offset);
}

static bool find_batches(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;

	layout->old_arrays = !layout->arrays.exists;
	if (layout->old_arrays) {
		kt_types_field(types, "kfree_rcu_cpu", "bkvhead", &layout->arrays);
		kt_types_field(types, "kfree_rcu_cpu_work", "bkvhead_free", &layout->arrays_free);
	}
	layout->work_bytes = kt_types_size(types, "kfree_rcu_cpu_work");
	return layout->head.exists && layout->arrays.exists && layout->works.exists &&
	       layout->head_free.exists && layout->arrays_free.exists &&
	       layout->nr_records.exists && layout->work_bytes &&
	       (layout->old_arrays ? layout->after.exists : layout->link.exists);
}

static bool find_sheaves(struct walk *walk)
{
	static const char *const names[] = { "rcu_free_sheaf", "rcu_free_sheaf_nobarn" };
	const struct layout *layout = &walk->layout;

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (!kt_symbols_find(&walk->target->symbols, names[i], &walk->free_sheaf[i]))
			walk->free_sheaf[i] = 0;
	}
	return walk->free_sheaf[0] && layout->callbacks.exists && layout->sheaf_callback.exists &&
	       layout->sheaf_size.exists && layout->sheaf_cache.exists;
}

struct kt_err *kt_rcu_waiting_walk(struct kt_target *target, struct kt_rcu_waiting *ret_waiting)
{
	struct walk walk = { .target = target, .waiting = ret_waiting };
	struct kt_err *err = kt_types_fields(&target->types, wants, KT_LEN(wants), &walk.layout);

	*ret_waiting = (struct kt_rcu_waiting){ 0 };
	if (err)
		return err;
	if (!find_batches(&walk) || !each_cpu(&walk, "krc", add_batches))
		ret_waiting->nr_batch_objs = ret_waiting->nr_batch_pages =
			ret_waiting->nr_spare_pages = KT_UNKNOWN;
	if (!find_sheaves(&walk) || !each_cpu(&walk, "rcu_data", add_lists))
		ret_waiting->nr_sheaves = ret_waiting->nr_sheaf_objs = KT_UNKNOWN;
	if (!kt_known(ret_waiting->nr_batch_objs) && !kt_known(ret_waiting->nr_sheaves))
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not name the lists of its CPUs (CONFIG_KALLSYMS_ALL), or "
			"has no batches of kfree_rcu()");
	return NULL;
}

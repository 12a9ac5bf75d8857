// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/evictions.h"

#include "base/attr.h"
#include "memory/objects/object_rules.h"
#include "memory/objects/unused.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PINS_MAX   256u
#define AT(member) offsetof(struct list_fields, member)

/* Members that say who refers to an object. */
struct list_fields {
	struct kt_field d_next, d_flags, i_next, i_count, i_state;
};

static const struct kt_field_want wants[] = {
	{ "dentry", "d_lru.next", AT(d_next), true },
	{ "dentry", "d_flags", AT(d_flags), true },
	{ "inode", "i_lru.next", AT(i_next), true },
	{ "inode", "i_count.counter", AT(i_count), true },
	{ "inode", "i_state", AT(i_state), false },
};

struct walk {
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	struct kt_describing describing;
	struct list_fields fields;
	uint64_t d_referenced, i_referenced, i_dirty; /* bits of flags */
	bool is_dentry;				      /* the cache that the user named */
	bool pages_are_listed; /* inodes with page cache are in lists: evicting takes it too */
	struct kt_unused dentries, objects; /* dentries: only where inodes are asked for */
	KT_LIST(const char *) owners;
	struct kt_slub_cache cache;
	struct kt_slab_objects sum; /* of the walk that goes on: slabs before this one */
	struct kt_slab_eviction *ret;
	struct kt_slab_pin pins[PINS_MAX];
	uint64_t last_slab[PINS_MAX]; /* plus 1, in which the pin was counted */
	size_t nr_pins;
};

/*
 * Bits of flags: enumerators since they are ones, constants before. Bits of an inode's state moved
 * when the first three became bits to wait for.
 */
static void find_bits(struct walk *walk)
{
	const struct kt_types *types = &walk->memmap->target->types;
	int64_t value;

	walk->d_referenced = kt_types_enum(types, "dentry_flags", "DCACHE_REFERENCED", &value)
				     ? (uint64_t)value
				     : 1u << 6;
	if (kt_types_enum(types, "inode_state_bits", "__I_LRU_ISOLATING", &value) && value == 2) {
		walk->i_referenced = 1u << 9;
		walk->i_dirty = 7u << 3;
	} else {
		walk->i_referenced = 1u << 8;
		walk->i_dirty = 7u;
	}
	if (kt_types_enum(types, "inode_state_flags_t", "I_REFERENCED", &value) ||
		kt_types_enum(types, "inode_state_flags_enum", "I_REFERENCED", &value))
		walk->i_referenced = (uint64_t)value;
}

/* Place of a file system's name, plus 1; 0: there is none. Names are few, and made once. */
static uint32_t owner_of(struct walk *walk, uint64_t super)
{
	const char *name = kt_object_super(&walk->describing, super);
	const char **slot;

	for (size_t i = walk->owners.count; name && i > 0; i--) {
		if (walk->owners.items[i - 1] == name)
			return (uint32_t)i;
	}
	slot = name && walk->owners.count < PINS_MAX
		       ? kt_list_push(&walk->describing.arena, &walk->owners)
		       : NULL;
	if (!slot)
		return 0;
	*slot = name;
	return (uint32_t)walk->owners.count;
}

/* ---- the objects ---- */

static uint64_t next_of(uint64_t next, uint64_t own, uint32_t offset)
{
	return next && next != own + offset ? next - offset : 0;
}

static void take_dentry(struct walk *walk, struct kt_unused *to, uint64_t address, const char *copy)
{
	struct kt_describing *describing = &walk->describing;
	const struct kt_file_structs *files = &describing->files;
	struct kt_unused_object *object = kt_unused_add(to);

	if (!object)
		return;
	object->address = address;
	object->slab = (uint32_t)walk->sum.nr_slabs;
	object->next = next_of(kt_object_get(describing, &walk->fields.d_next, copy, 0), address,
		walk->fields.d_next.offset);
	object->parent = kt_object_get(describing, &files->d_parent, copy, 0);
	object->inode = kt_object_get(describing, &files->d_inode, copy, 0);
	object->left = (int32_t)kt_object_get(describing, &files->d_count, copy, 0);
	object->referenced = (kt_object_get(describing, &walk->fields.d_flags, copy, 0) &
				     walk->d_referenced) != 0;
	if (walk->is_dentry)
		object->owner = owner_of(walk, kt_object_get(describing, &files->d_sb, copy, 0));
}

static void take_any_dentry(void *arg, uint64_t address, const char *copy)
{
	struct walk *walk = arg;

	take_dentry(walk, walk->is_dentry ? &walk->objects : &walk->dentries, address, copy);
}

/* Finds the reason for which an inode itself is kept; KT_PIN_USED: there is none. */
static enum kt_pin_reason held_by(const struct walk *walk, const char *copy, uint32_t at)
{
	const struct kt_describing *describing = &walk->describing;

	if (kt_object_get(describing, &describing->files.i_nrpages, copy, at))
		return KT_PIN_PAGES;
	if (kt_object_get(describing, &walk->fields.i_state, copy, at) & walk->i_dirty)
		return KT_PIN_DIRTY;
	return KT_PIN_USED;
}

static void take_inode(void *arg, uint64_t address, const char *copy)
{
	struct walk *walk = arg;
	struct kt_describing *describing = &walk->describing;
	struct kt_unused_object *object = kt_unused_add(&walk->objects);
	uint32_t at;

	if (!object)
		return;
	object->address = address;
	object->slab = (uint32_t)walk->sum.nr_slabs;
	object->left = 1; /* not an inode: it stays */
	if (!kt_object_inode(describing, address, copy))
		return;
	at = describing->inode_offset;
	object->address = address + at;
	object->next = next_of(kt_object_get(describing, &walk->fields.i_next, copy, at),
		object->address, walk->fields.i_next.offset);
	object->left = (int32_t)kt_object_get(describing, &walk->fields.i_count, copy, at);
	object->referenced = (kt_object_get(describing, &walk->fields.i_state, copy, at) &
				     walk->i_referenced) != 0;
	object->pin = (uint8_t)held_by(walk, copy, at);
	object->owner =
		owner_of(walk, kt_object_get(describing, &describing->files.i_sb, copy, at));
	/* 51b8c1fe250d: these wait for their page cache outside of the lists */
	walk->pages_are_listed |= object->next && !object->left && object->pin == KT_PIN_PAGES;
}

/* ---- inodes that dentries hold ---- */

static int by_inode(const void *a, const void *b)
{
	const struct kt_unused_object *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Takes away the references of unused dentries; their inodes come to the end of a list. */
static void drop_names(struct walk *walk)
{
	struct kt_unused *dentries = &walk->dentries;

	if (dentries->count)
		qsort(dentries->items, dentries->count, sizeof(*dentries->items), by_inode);
	for (size_t i = 0; i < dentries->count; i++) {
		const struct kt_unused_object *dentry = &dentries->items[i];
		struct kt_unused_object *inode =
			dentry->unused ? kt_unused_find(&walk->objects, dentry->inode) : NULL;

		if (!inode)
			continue;
		inode->left--;
		if (inode->turn < 2 + dentry->turn)
			inode->turn = 2 + dentry->turn;
	}
}

static void mark_inodes(struct walk *walk)
{
	for (size_t i = 0; i < walk->objects.count; i++) {
		struct kt_unused_object *inode = &walk->objects.items[i];
		bool named = inode->turn >= 2;

		if (inode->left > 0 || (!named && !inode->next))
			continue;
		if (inode->pin == KT_PIN_DIRTY ||
			(inode->pin == KT_PIN_PAGES && !walk->pages_are_listed))
			continue;
		inode->unused = true;
		walk->ret->nr_named += named;
	}
}

/* ---- slabs ---- */

struct slab {
	double turn; /* of the last of its objects */
	int64_t nr_objs;
};

struct slabs {
	struct slab *items; /* in which all objects are unused */
	size_t count;
	double *turns; /* of all unused objects */
	size_t nr_turns;
};

static int by_turn(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_objs(const void *a, const void *b)
{
	const struct slab *x = a, *y = b;

	return (x->nr_objs > y->nr_objs) - (x->nr_objs < y->nr_objs);
}

static void count_pin(
	struct walk *walk, const struct kt_unused_object *object, uint64_t slab, bool alone)
{
	const char *owner = object->owner ? walk->owners.items[object->owner - 1] : NULL;
	enum kt_pin_reason reason = object->left > 0 ? KT_PIN_USED : object->pin;
	struct kt_slab_pin *pin;
	size_t i = 0;

	while (i < walk->nr_pins &&
		(walk->pins[i].owner != owner || walk->pins[i].reason != reason))
		i++;
	if (i == PINS_MAX)
		return;
	pin = &walk->pins[i];
	if (i == walk->nr_pins) {
		*pin = (struct kt_slab_pin){ .owner = owner, .reason = reason };
		walk->nr_pins++;
	}
	pin->nr_objs++;
	pin->nr_slabs += walk->last_slab[i] != slab + 1;
	pin->nr_alone += alone;
	walk->last_slab[i] = slab + 1;
}

static void add_slab(
	struct walk *walk, struct slabs *slabs, size_t first, size_t end, uint64_t number)
{
	const struct kt_unused_object *items = walk->objects.items;
	struct slab slab = { .nr_objs = (int64_t)(end - first) };
	size_t nr_pinned = 0;

	for (size_t i = first; i < end; i++) {
		nr_pinned += !items[i].unused;
		if (!items[i].unused)
			continue;
		slabs->turns[slabs->nr_turns++] = items[i].turn;
		slab.turn = items[i].turn > slab.turn ? items[i].turn : slab.turn;
	}
	walk->ret->nr_slabs++;
	for (size_t i = first; nr_pinned && i < end; i++) {
		if (!items[i].unused)
			count_pin(walk, &items[i], number, nr_pinned == 1);
	}
	if (!nr_pinned)
		slabs->items[slabs->count++] = slab;
}

static void find_slabs(struct walk *walk, struct slabs *slabs)
{
	const struct kt_unused *objects = &walk->objects;
	size_t first = 0;

	for (size_t i = 0; i < objects->count; i++) {
		if (i + 1 < objects->count && objects->items[i + 1].slab == objects->items[i].slab)
			continue;
		add_slab(walk, slabs, first, i + 1, objects->items[i].slab);
		first = i + 1;
	}
}

/* The same number of evictions in two orders, in steps of equal size. */
static void find_steps(struct walk *walk, struct slabs *slabs)
{
	int64_t evicted = 0;
	size_t slab = 0;

	qsort(slabs->turns, slabs->nr_turns, sizeof(double), by_turn);
	for (size_t k = 0; k < KT_EVICTION_STEPS; k++) {
		size_t nr = slabs->nr_turns * (k + 1) / KT_EVICTION_STEPS;

		walk->ret->steps[k].nr_evicted = (int64_t)nr;
		for (size_t i = 0; nr && i < slabs->count; i++)
			walk->ret->steps[k].nr_freed +=
				slabs->items[i].turn <= slabs->turns[nr - 1];
	}
	qsort(slabs->items, slabs->count, sizeof(*slabs->items), by_objs);
	for (size_t k = 0; k < KT_EVICTION_STEPS; k++) {
		while (slab < slabs->count &&
			evicted + slabs->items[slab].nr_objs <= walk->ret->steps[k].nr_evicted)
			evicted += slabs->items[slab++].nr_objs;
		walk->ret->steps[k].nr_freed_emptiest = (int64_t)slab;
	}
}

static struct kt_err *judge_slabs(struct walk *walk)
{
	size_t count = walk->objects.count ? walk->objects.count : 1;
	struct slabs slabs = { .items = calloc(count, sizeof(*slabs.items)),
		.turns = calloc(count, sizeof(*slabs.turns)) };
	bool ok = slabs.items && slabs.turns;

	if (ok) {
		find_slabs(walk, &slabs);
		find_steps(walk, &slabs);
		walk->ret->nr_unused = (int64_t)slabs.nr_turns;
		walk->ret->nr_freed = (int64_t)slabs.count;
		walk->ret->nr_loose = walk->objects.nr_loose + walk->dentries.nr_loose;
	}
	free(slabs.items);
	free(slabs.turns);
	return ok ? NULL : kt_err_new(KT_ERR_NOMEM, "out of memory");
}

/* ---- the walk ---- */

static struct kt_err *check(const struct kt_unused *unused)
{
	if (unused->too_many)
		return kt_err_new(
			KT_ERR_LIMIT, "the cache has more than %u objects", KT_UNUSED_OBJECTS_MAX);
	return unused->failed ? kt_err_new(KT_ERR_NOMEM, "out of memory") : NULL;
}

static struct kt_err *read_dentries(
	struct walk *walk, struct kt_unused *to, const struct kt_slub_cache *cache)
{
	struct kt_err *err;

	walk->describing.bytes = (size_t)cache->size;
	err = kt_slab_objects(walk->slub, walk->memmap, cache, take_any_dentry, walk, &walk->sum);
	if (err)
		return err;
	kt_unused_sort(to);
	kt_unused_order(to);
	kt_unused_dentries(to);
	return check(to);
}

static struct kt_err *read_inodes(struct walk *walk)
{
	static const char *const names[] = { "dentry", NULL };
	struct kt_slub_cache dentries;
	struct kt_err *err;

	if (!kt_slub_find(walk->slub, &walk->describing.arena, names, &dentries))
		return kt_err_new(KT_ERR_ABSENT, "no cache of dentries is in kernel memory");
	err = read_dentries(walk, &walk->dentries, &dentries);
	if (err)
		return err;
	walk->describing.bytes = (size_t)walk->cache.size;
	err = kt_slab_objects(walk->slub, walk->memmap, &walk->cache, take_inode, walk, &walk->sum);
	if (err)
		return err;
	kt_unused_sort(&walk->objects);
	kt_unused_order(&walk->objects);
	drop_names(walk);
	mark_inodes(walk);
	return check(&walk->objects);
}

static int by_slabs(const void *a, const void *b)
{
	const struct kt_slab_pin *x = a, *y = b;

	return (x->nr_slabs < y->nr_slabs) - (x->nr_slabs > y->nr_slabs);
}

static void put_pins(struct walk *walk, struct kt_snapshot *snap)
{
	qsort(walk->pins, walk->nr_pins, sizeof(*walk->pins), by_slabs);
	for (size_t i = 0; i < walk->nr_pins; i++) {
		struct kt_slab_pin *pin = kt_list_push(&snap->arena, &snap->slab_pins);

		if (!pin)
			return;
		*pin = walk->pins[i];
		if (pin->owner)
			pin->owner = kt_arena_printf(&snap->arena, "%s", pin->owner);
	}
}

static struct kt_err *begin(struct walk *walk, const struct kt_slub_opts *opts,
	const char *const *names, const struct kt_snapshot *snap)
{
	const struct kt_object_rule *rule = kt_object_rule_of(names);
	struct kt_err *err;

	if (rule != &kt_rule_dentry && rule != &kt_rule_inode)
		return kt_err_new(KT_ERR_ABSENT,
			"only of dentries and inodes the kernel has lists of unused ones");
	walk->is_dentry = rule == &kt_rule_dentry;
	err = kt_slub_new(walk->memmap->target, opts, &walk->slub);
	walk->describing.target = walk->memmap->target;
	walk->describing.snap = snap;
	if (!err)
		err = kt_describing_begin(&walk->describing, rule);
	if (!err)
		err = kt_types_fields(
			&walk->memmap->target->types, wants, KT_LEN(wants), &walk->fields);
	if (!err && !kt_slub_find(walk->slub, &walk->describing.arena, names, &walk->cache))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache of this name is in kernel memory");
	if (!err)
		err = kt_memmap_find_direct(walk->memmap);
	if (!err)
		find_bits(walk);
	return err;
}

static void walk_free(struct walk *walk)
{
	kt_describing_end(&walk->describing);
	kt_unused_fini(&walk->dentries);
	kt_unused_fini(&walk->objects);
	kt_slub_free(walk->slub);
	free(walk);
}

struct kt_err *kt_slab_evictions(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, struct kt_snapshot *snap)
{
	struct kt_slab_eviction eviction = { 0 }, *slot;
	struct walk *walk = calloc(1, sizeof(*walk));
	struct kt_err *err;

	if (!walk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	walk->memmap = memmap;
	walk->ret = &eviction;
	err = begin(walk, opts, names, snap);
	eviction.pages_per_slab = walk->cache.memory.pages_per_slab;
	eviction.objs_per_slab = walk->cache.objs_per_slab;
	if (!err)
		err = walk->is_dentry ? read_dentries(walk, &walk->objects, &walk->cache)
				      : read_inodes(walk);
	eviction.nr_objs = (int64_t)walk->objects.count;
	if (!err && eviction.pages_per_slab <= 0)
		err = kt_err_new(KT_ERR_ABSENT, "the size of a slab is not known");
	if (!err)
		err = judge_slabs(walk);
	if (!err && kt_describing_failed(&walk->describing))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err)
		put_pins(walk, snap);
	slot = err ? NULL : kt_list_push(&snap->arena, &snap->slab_evictions);
	if (slot)
		*slot = eviction;
	walk_free(walk);
	return err;
}

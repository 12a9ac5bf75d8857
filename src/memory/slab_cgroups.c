// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/slab_cgroups.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define TRIES	      4u	 /* readings of a slab that changes meanwhile */
#define PAGE_MAX      256u	 /* bytes of a struct page */
#define OBJECTS_MAX   32768u	 /* 15 bits */
#define POINTERS_MAX  (2u << 20) /* bytes from a slab's first pointer to its last */
#define CACHES_MAX    65536u
#define GROUPS_MAX    (1u << 20)
#define DEPTH_MAX     256u /* of a cgroup */
#define EXT_WORDS_MAX 8u   /* of struct slabobj_ext */
#define PATH_BYTES    4096u
#define NAME_BYTES    256u
#define TAG_MASK      7ull /* enum page_memcg_data_flags, enum objext_flags */
#define REF_DEAD      2ull /* include/linux/percpu-refcount.h, __PERCPU_REF_DEAD */
#define NONE	      0u
#define NOT_KNOWN     UINT32_MAX

struct layout {
	struct kt_field pointers; /* of a slab: address of its pointers, with tags */
	struct kt_field stride;	  /* of a slab: bytes between two pointers, from 7.0 */
	uint32_t pointer_step;	  /* bytes between two pointers, before */
	uint32_t pointer_at;	  /* of the pointer in its struct */
	/* struct obj_cgroup */
	struct kt_field memcg, references;
	/* struct mem_cgroup, cgroup_subsys, cgroup, kernfs_node */
	struct kt_field css_cgroup, css_flags, css_ss, ss_name, kn, kn_parent, kn_name;
	uint64_t online; /* of css_flags; 0: not known */
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "obj_cgroup", "memcg", AT(memcg), true },
	{ "obj_cgroup", "refcnt.percpu_count_ptr", AT(references), false },
	{ "mem_cgroup", "css.cgroup", AT(css_cgroup), true },
	{ "mem_cgroup", "css.flags", AT(css_flags), true },
	{ "mem_cgroup", "css.ss", AT(css_ss), true },
	{ "cgroup_subsys", "name", AT(ss_name), true },
	{ "cgroup", "kn", AT(kn), true },
	{ "kernfs_node", "name", AT(kn_name), true },
};

struct cache {
	const char *name;
	int64_t slot_bytes;
	uint32_t red_left_pad;
	size_t first_waiting, nr_waiting; /* in `waiting` */
};

struct group {
	const char *path;
	bool dying;
};

/* An obj_cgroup: a cgroup owns objects through it, and leaves it to its parent when removed. */
struct owner {
	uint32_t group; /* index */
	bool left;
};

/* Objects of a cache that a cgroup is charged with. */
struct pair {
	uint32_t cache, group; /* indices */
	int64_t nr_objs, waiting_objs, left_objs;
};

struct pair_key {
	uint32_t cache, group;
};

struct slab {
	uint32_t cache; /* index */
	uint64_t objects_at, nr_objects, pointers, stride;
};

struct walk {
	struct kt_target *target;
	struct kt_memmap *memmap;
	struct kt_slub *slub;
	struct kt_snapshot *snap;
	struct kt_slab_cgroups_sum *sum;
	struct layout layout;
	struct kt_arena arena;
	/* address, or a pair_key -> index in the list of the same name, plus 1 */
	struct kt_map cache_map, group_map, owner_map, pair_map;
	KT_LIST(struct cache) caches;
	KT_LIST(struct group) groups;
	KT_LIST(struct owner) owners;
	KT_LIST(struct pair) pairs;
	KT_LIST(uint64_t) waiting; /* objects in sheaves that wait for a grace period */
	uint64_t last_owner;	   /* address */
	uint32_t last_owner_index;
	char *copy; /* of the pointers of a slab */
	size_t room;
	uint32_t
		owner_of[OBJECTS_MAX]; /* of each object of a slab: index plus 1, NONE, NOT_KNOWN */
};

static uint32_t *find(const struct kt_map *map, uint64_t address)
{
	return kt_map_find(map, (struct kt_span){ (const char *)&address, sizeof(address) });
}

static uint32_t *add(struct walk *walk, struct kt_map *map, uint64_t address)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };

	return kt_map_add(map, key, &walk->arena, NULL);
}

/* ---- cgroups ---- */

/* A path that grows at its front. */
struct path {
	char bytes[PATH_BYTES];
	size_t start;
};

static bool prepend(struct path *path, const char *text, size_t length)
{
	if (length > path->start)
		return false;
	path->start -= length;
	memcpy(path->bytes + path->start, text, length);
	return true;
}

/* The path of a cgroup, from its end on; false: its nodes lead nowhere. */
static bool read_path(struct walk *walk, uint64_t node, struct path *path)
{
	const struct layout *layout = &walk->layout;
	char name[NAME_BYTES];
	uint64_t parent, text;

	path->start = PATH_BYTES - 1;
	path->bytes[path->start] = '\0';
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (!kt_target_pointer(walk->target, node + layout->kn_parent.offset, &parent))
			return false;
		if (!parent)
			return depth || prepend(path, "/", 1);
		if (!kt_target_pointer(walk->target, node + layout->kn_name.offset, &text) ||
			!kt_target_name(walk->target, text, name, sizeof(name)) ||
			!prepend(path, name, strlen(name)) || !prepend(path, "/", 1))
			return false;
		node = parent;
	}
	return false;
}

/* Reads a memory cgroup; false: there is none at this address. */
static bool read_group(struct walk *walk, uint64_t address, struct group *ret_group)
{
	const struct layout *layout = &walk->layout;
	struct kt_target *target = walk->target;
	struct path path;
	char name[16];
	uint64_t ss, text, flags, cgroup, node;

	if (!kt_target_pointer(target, address + layout->css_ss.offset, &ss) ||
		!kt_target_pointer(target, ss + layout->ss_name.offset, &text) ||
		!kt_target_text(target, text, name, sizeof(name)) || strcmp(name, "memory") != 0 ||
		!kt_target_number(target, address + layout->css_flags.offset,
			layout->css_flags.size, &flags) ||
		!kt_target_pointer(target, address + layout->css_cgroup.offset, &cgroup) ||
		!kt_target_pointer(target, cgroup + layout->kn.offset, &node) ||
		!read_path(walk, node, &path))
		return false;
	*ret_group = (struct group){ kt_arena_name(&walk->snap->arena,
					     kt_span_str(path.bytes + path.start)),
		layout->online && !(flags & layout->online) };
	return true;
}

/*
 * The index of a memory cgroup, plus 1; NOT_KNOWN: there is none at this address. There may be one
 * in the next reading, so such an address is not remembered.
 */
static uint32_t group_of(struct walk *walk, uint64_t address)
{
	uint32_t *index = find(&walk->group_map, address);
	struct group group, *slot;

	if (index)
		return *index;
	if (walk->groups.count >= GROUPS_MAX || !read_group(walk, address, &group))
		return NOT_KNOWN;
	index = add(walk, &walk->group_map, address);
	slot = index ? kt_list_push(&walk->arena, &walk->groups) : NULL;
	if (!slot)
		return NOT_KNOWN;
	*slot = group;
	*index = (uint32_t)walk->groups.count;
	return *index;
}

static uint32_t owner_at(struct walk *walk, uint64_t address)
{
	const struct layout *layout = &walk->layout;
	uint32_t *index = find(&walk->owner_map, address), group;
	uint64_t memcg, references = 0;
	struct owner *slot;

	if (index)
		return *index;
	if (!kt_target_pointer(walk->target, address + layout->memcg.offset, &memcg))
		return NOT_KNOWN;
	if (layout->references.exists &&
		!kt_target_number(walk->target, address + layout->references.offset,
			layout->references.size, &references))
		return NOT_KNOWN;
	group = group_of(walk, memcg);
	if (group == NOT_KNOWN)
		return NOT_KNOWN;
	index = add(walk, &walk->owner_map, address);
	slot = index ? kt_list_push(&walk->arena, &walk->owners) : NULL;
	if (!slot)
		return NOT_KNOWN;
	*slot = (struct owner){ group - 1, references & REF_DEAD };
	*index = (uint32_t)walk->owners.count;
	return *index;
}

/* Neighbours often have the same owner. */
static uint32_t owner_of(struct walk *walk, uint64_t address)
{
	if (!address)
		return NONE;
	if (address != walk->last_owner) {
		walk->last_owner = address;
		walk->last_owner_index = owner_at(walk, address);
	}
	return walk->last_owner_index;
}

/* ---- caches ---- */

static void add_waiting(void *arg, uint64_t object)
{
	struct walk *walk = arg;
	uint64_t *slot = kt_list_push(&walk->arena, &walk->waiting);

	if (slot)
		*slot = object;
}

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void find_waiting(struct walk *walk, const struct kt_slub_cache *cache, struct cache *found)
{
	struct kt_slub *slub = walk->slub;

	found->first_waiting = walk->waiting.count;
	for (uint32_t i = 0; cache->has_sheaves && i < slub->nr_cpus; i++) {
		if (kt_slub_copy(slub, cache->cpu_sheaves + slub->cpu_offsets[i],
			    slub->layout.sheaves_bytes))
			kt_slub_sheaf_objects(slub, cache,
				kt_slub_get(slub, &slub->layout.rcu_free), add_waiting, walk);
	}
	found->nr_waiting = walk->waiting.count - found->first_waiting;
	if (found->nr_waiting)
		qsort(walk->waiting.items + found->first_waiting, found->nr_waiting,
			sizeof(uint64_t), by_address);
}

/* The index of a slab cache; NOT_KNOWN: there is none at this address. */
static uint32_t cache_of(struct walk *walk, uint64_t address)
{
	uint32_t *index = find(&walk->cache_map, address);
	struct kt_slub_cache cache;
	struct cache *slot;

	if (index)
		return *index - 1;
	if (walk->caches.count >= CACHES_MAX ||
		!kt_slub_read_cache(walk->slub, address, &walk->snap->arena, &cache))
		return NOT_KNOWN;
	index = add(walk, &walk->cache_map, address);
	slot = index ? kt_list_push(&walk->arena, &walk->caches) : NULL;
	if (!slot)
		return NOT_KNOWN;
	*slot = (struct cache){ .name = cache.memory.name,
		.slot_bytes = cache.size,
		.red_left_pad = cache.red_left_pad };
	find_waiting(walk, &cache, slot);
	*index = (uint32_t)walk->caches.count;
	return *index - 1;
}

static bool is_waiting(const struct walk *walk, const struct cache *cache, uint64_t object)
{
	return cache->nr_waiting && bsearch(&object, walk->waiting.items + cache->first_waiting,
					    cache->nr_waiting, sizeof(uint64_t), by_address);
}

/* ---- slabs ---- */

static uint64_t pointers_of(const struct walk *walk, const char *page)
{
	return kt_field_get(&walk->layout.pointers, page, walk->memmap->page_struct_bytes) &
	       ~TAG_MASK;
}

/* Reads a slab out of its struct page; false: it does not hold together. */
static bool read_slab(struct walk *walk, uint64_t pfn, const char *page, struct slab *ret_slab)
{
	const struct kt_memmap *memmap = walk->memmap;
	uint32_t bytes = memmap->page_struct_bytes;
	uint64_t last;

	*ret_slab = (struct slab){ .pointers = pointers_of(walk, page),
		.nr_objects = kt_field_get(&memmap->objects, page, bytes),
		.stride = walk->layout.stride.exists
				  ? kt_field_get(&walk->layout.stride, page, bytes)
				  : walk->layout.pointer_step,
		.cache = cache_of(walk, kt_field_get(&memmap->slab_cache, page, bytes)) };
	if (ret_slab->cache == NOT_KNOWN || !ret_slab->nr_objects ||
		ret_slab->nr_objects > OBJECTS_MAX ||
		ret_slab->stride < walk->target->types.pointer_bytes)
		return false;
	ret_slab->objects_at =
		kt_memmap_virtual(memmap, pfn) + walk->caches.items[ret_slab->cache].red_left_pad;
	last = (ret_slab->nr_objects - 1) * ret_slab->stride;
	return last + walk->layout.pointer_at + sizeof(uint64_t) <= POINTERS_MAX;
}

enum reading { UNREAD, TORN, WHOLE };

static bool make_room(struct walk *walk, size_t bytes)
{
	char *copy = bytes > walk->room ? realloc(walk->copy, bytes) : walk->copy;

	if (!copy) {
		walk->arena.failed = true;
		return false;
	}
	walk->room = bytes > walk->room ? bytes : walk->room;
	walk->copy = copy;
	return true;
}

/* Reads the owners of a slab's objects; TORN: at least one pointer leads to no cgroup. */
static enum reading read_owners(struct walk *walk, const struct slab *slab)
{
	struct kt_field pointer = {
		.exists = true, .size = walk->target->types.pointer_bytes, .count = 1
	};
	uint64_t bytes = (slab->nr_objects - 1) * slab->stride + pointer.size;
	enum reading reading = WHOLE;

	if (!make_room(walk, bytes) ||
		!kt_target_read(
			walk->target, slab->pointers + walk->layout.pointer_at, walk->copy, bytes))
		return UNREAD;
	walk->last_owner = 0;
	for (uint64_t i = 0; i < slab->nr_objects; i++) {
		uint64_t address =
			kt_field_get(&pointer, walk->copy + i * slab->stride, pointer.size);

		walk->owner_of[i] = owner_of(walk, address);
		if (walk->owner_of[i] == NOT_KNOWN)
			reading = TORN;
	}
	return reading;
}

/* The objects of a cache and a cgroup; NULL: out of memory. */
static struct pair *pair_of(struct walk *walk, uint32_t cache, uint32_t group)
{
	struct pair_key key = { cache, group };
	bool added = false;
	uint32_t *index = kt_map_add(&walk->pair_map,
		(struct kt_span){ (const char *)&key, sizeof(key) }, &walk->arena, &added);
	struct pair *slot;

	if (!index || (!added && !*index))
		return NULL;
	if (!added)
		return &walk->pairs.items[*index - 1];
	slot = kt_list_push(&walk->arena, &walk->pairs);
	if (slot) {
		*slot = (struct pair){ .cache = cache, .group = group };
		*index = (uint32_t)walk->pairs.count;
	}
	return slot;
}

static void count(struct walk *walk, const struct slab *slab)
{
	const struct cache *cache = &walk->caches.items[slab->cache];
	struct pair *pair = NULL;

	for (uint64_t i = 0; i < slab->nr_objects; i++) {
		uint32_t of = walk->owner_of[i], group = NOT_KNOWN;
		bool left = false, waiting;

		if (of == NONE)
			continue;
		if (of != NOT_KNOWN) {
			group = walk->owners.items[of - 1].group;
			left = walk->owners.items[of - 1].left;
		}
		if (!pair || pair->group != group)
			pair = pair_of(walk, slab->cache, group);
		if (!pair)
			return;
		waiting =
			is_waiting(walk, cache, slab->objects_at + i * (uint64_t)cache->slot_bytes);
		pair->nr_objs += !waiting;
		pair->waiting_objs += waiting;
		pair->left_objs += left;
	}
}

static void take_slab(void *arg, uint64_t pfn, const char *page)
{
	struct walk *walk = arg;
	enum reading reading = UNREAD;
	char copy[PAGE_MAX];
	struct slab slab;

	if (!pointers_of(walk, page))
		return;
	memcpy(copy, page, walk->memmap->page_struct_bytes);
	for (unsigned i = 0; reading != WHOLE && i < TRIES; i++) {
		/* it may be freed meanwhile */
		if (i &&
			(!kt_memmap_read_slab(walk->memmap, pfn, copy) || !pointers_of(walk, copy)))
			return;
		reading = read_slab(walk, pfn, copy, &slab) ? read_owners(walk, &slab) : UNREAD;
	}
	walk->sum->nr_slabs++;
	walk->sum->nr_unread += reading == UNREAD;
	walk->sum->nr_torn += reading == TORN;
	if (reading != UNREAD)
		count(walk, &slab);
}

/* ---- all ---- */

/* A slab was described by struct page until d122019bf061. */
static bool find_in_slab(const struct kt_types *types, const char *member, struct kt_field *ret)
{
	return kt_types_field(types, "slab", member, ret) ||
	       kt_types_field(types, "page", member, ret);
}

/* The owner has another name from 7.3 on; under any name it is the only pointer. */
static bool find_owner(const struct kt_types *types, uint32_t *ret_at)
{
	bool words[EXT_WORDS_MAX] = { false };
	unsigned nr_pointers = 0;
	struct kt_field owner;

	if (kt_types_field(types, "slabobj_ext", "objcg", &owner) ||
		kt_types_field(types, "slabobj_ext", "_objcg", &owner)) {
		*ret_at = owner.offset;
		return true;
	}
	kt_types_pointers(types, "slabobj_ext", words, KT_LEN(words));
	for (uint32_t i = 0; i < KT_LEN(words); i++) {
		if (words[i] && !nr_pointers++)
			*ret_at = i * types->pointer_bytes;
	}
	return nr_pointers == 1;
}

/*
 * The pointers were page->obj_cgroups (286e04b8ed7a), page->memcg_data (270c6a71460e), and are
 * slab->obj_exts, whose elements are structs, since 21c690a349ba.
 */
static struct kt_err *find_members(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	int64_t online;

	if (!find_in_slab(types, "obj_exts", &layout->pointers) &&
		!find_in_slab(types, "memcg_data", &layout->pointers) &&
		!find_in_slab(types, "obj_cgroups", &layout->pointers))
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not charge slab objects to cgroups one by one "
			"(CONFIG_MEMCG, from Linux 5.9 on)");
	find_in_slab(types, "stride", &layout->stride);
	layout->pointer_step = kt_types_size(types, "slabobj_ext");
	if (!layout->pointer_step)
		layout->pointer_step = types->pointer_bytes;
	else if (!find_owner(types, &layout->pointer_at))
		return kt_err_new(KT_ERR_ABSENT,
			"this kernel does not charge slab objects to cgroups (CONFIG_MEMCG), or "
			"its struct slabobj_ext is not understood");
	/* parent until 633488947ef6 */
	if (!kt_types_field(types, "kernfs_node", "__parent", &layout->kn_parent) &&
		!kt_types_field(types, "kernfs_node", "parent", &layout->kn_parent))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has no member parent in struct kernfs_node");
	if (kt_types_enum(types, "", "CSS_ONLINE", &online))
		layout->online = (uint64_t)online;
	return kt_types_fields(types, wants, KT_LEN(wants), layout);
}

static void put_pairs(struct walk *walk)
{
	for (size_t i = 0; i < walk->pairs.count; i++) {
		const struct pair *pair = &walk->pairs.items[i];
		const struct cache *cache = &walk->caches.items[pair->cache];
		struct kt_slab_charge *slot =
			kt_list_push(&walk->snap->arena, &walk->snap->slab_charges);

		if (!slot)
			return;
		*slot = (struct kt_slab_charge){ .cache = cache->name,
			.slot_bytes = cache->slot_bytes,
			.nr_objs = pair->nr_objs,
			.rcu_objs = pair->waiting_objs,
			.left_objs = pair->left_objs };
		if (pair->group == NOT_KNOWN)
			continue;
		slot->cgroup = walk->groups.items[pair->group].path;
		slot->dying = walk->groups.items[pair->group].dying;
	}
}

static struct kt_err *run(struct walk *walk)
{
	struct kt_err *err = find_members(walk);

	if (!err)
		err = kt_memmap_find_direct(walk->memmap);
	if (!err && walk->memmap->page_struct_bytes > PAGE_MAX)
		err = kt_err_new(KT_ERR_LIMIT, "struct page has more than %u bytes", PAGE_MAX);
	if (err)
		return err;
	walk->sum->nr_unread += kt_memmap_slabs(walk->memmap, 0, take_slab, walk);
	put_pairs(walk);
	return walk->cache_map.failed || walk->group_map.failed || walk->owner_map.failed ||
			       walk->pair_map.failed || walk->arena.failed
		       ? kt_err_new(KT_ERR_NOMEM, "out of memory")
		       : NULL;
}

struct kt_err *kt_slab_cgroups_walk(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	struct kt_snapshot *snap, struct kt_slab_cgroups_sum *ret_sum)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);
	struct walk *walk;

	*ret_sum = (struct kt_slab_cgroups_sum){ 0 };
	if (err)
		return err;
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	walk->target = memmap->target;
	walk->memmap = memmap;
	walk->slub = slub;
	walk->snap = snap;
	walk->sum = ret_sum;
	err = run(walk);
	kt_map_fini(&walk->cache_map);
	kt_map_fini(&walk->group_map);
	kt_map_fini(&walk->owner_map);
	kt_map_fini(&walk->pair_map);
	kt_arena_fini(&walk->arena);
	free(walk->copy);
	free(walk);
	return err;
}

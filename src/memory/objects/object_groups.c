// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/objects/object_groups.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/map.h"
#include "memory/objects/object_ages.h"
#include "memory/objects/object_holders.h"
#include "memory/objects/object_rules.h"
#include "memory/place_names.h"

#include <stdlib.h>
#include <string.h>

#define MARKS_MAX   3u	   /* pointers that tell groups apart: the first of an object */
#define GROUPS_MAX  16384u /* further objects are of no group */
#define SAMPLES_MAX 64u	   /* kinds of which an object is named: the largest */

/* A pointer at the same offset of each object of a group. */
struct mark {
	uint64_t offset, address;
};

struct group {
	const char *kind; /* by the rule; NULL: by its marks */
	uint64_t first;	  /* address of one of its objects */
	struct mark marks[MARKS_MAX];
	unsigned nr_marks;
	int64_t nr_objs;
	struct kt_object_ages ages;
};

struct walk {
	struct kt_target *target;
	struct kt_place_names *names;
	struct kt_object_holders *holders;
	const struct kt_object_rule *rule; /* NULL: there is none */
	struct kt_describing describing;
	struct kt_buf line;
	struct kt_arena arena;
	struct kt_map groups; /* kind or marks -> index, plus 1 */
	KT_LIST(struct group) all;
	size_t slot_bytes;
	int64_t nr_others; /* objects beyond GROUPS_MAX */
};

/* ---- objects ---- */

/* Returns the object's group; NULL: it is beyond the last. */
static struct group *count_object(struct walk *walk, struct kt_span key, const struct group *group)
{
	struct group *slot;
	bool added = false;
	uint32_t *index = kt_map_find(&walk->groups, key);

	if (!index && walk->all.count < GROUPS_MAX)
		index = kt_map_add(&walk->groups, key, &walk->arena, &added);
	if (added) {
		slot = kt_list_push(&walk->arena, &walk->all);
		if (!slot)
			return NULL;
		*slot = *group;
		if (group->kind)
			slot->kind = kt_arena_name(&walk->arena, key);
		*index = (uint32_t)walk->all.count;
	}
	if (!index || !*index) {
		walk->nr_others++;
		return NULL;
	}
	slot = &walk->all.items[*index - 1];
	slot->nr_objs++;
	return slot;
}

/* False: no rule says what the object is. */
static bool take_kind(struct walk *walk, uint64_t address, const char *object)
{
	struct group group = { .first = address }, *slot;
	int64_t age_s;

	walk->line.size = 0;
	if (!walk->rule || !walk->rule->describe(&walk->describing, address, object, &walk->line) ||
		walk->line.failed)
		return false;
	group.kind = walk->line.data;
	slot = count_object(walk, (struct kt_span){ walk->line.data, walk->line.size }, &group);
	if (slot && walk->rule->age && walk->rule->age(&walk->describing, address, object, &age_s))
		kt_object_ages_add(&slot->ages, &walk->arena, age_s);
	return true;
}

static void take_object(void *arg, uint64_t address, const char *object)
{
	struct walk *walk = arg;
	struct group group = { .first = address };

	if (take_kind(walk, address, object))
		return;
	for (size_t at = 0; at + sizeof(uint64_t) <= walk->slot_bytes && group.nr_marks < MARKS_MAX;
		at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, object + at, sizeof(word));
		if (word >= walk->target->page_bytes && kt_place_name(walk->names, word))
			group.marks[group.nr_marks++] = (struct mark){ at, word };
	}
	if (!group.nr_marks)
		kt_object_holders_add(walk->holders, address);
	count_object(walk,
		(struct kt_span){ (const char *)group.marks, group.nr_marks * sizeof(struct mark) },
		&group);
}

/* ---- owners of the objects ---- */

struct owners {
	struct walk *walk;
	const struct kt_object_rule *rule;
};

static void take_owner(void *arg, uint64_t address, const char *object)
{
	struct owners *owners = arg;
	struct kt_describing *describing = &owners->walk->describing;
	struct kt_buf *line = &owners->walk->line;

	line->size = 0;
	if (owners->rule->describe(describing, address, object, line) && !line->failed)
		owners->rule->own(
			describing, address, object, (struct kt_span){ line->data, line->size });
}

/* A kernel may lack a cache of owners. Owners may have owners. */
static struct kt_err *find_owners(struct walk *walk, struct kt_slub *slub, struct kt_memmap *memmap,
	const struct kt_object_rule *of)
{
	const struct kt_object_rule *const *rule = of ? of->owners : NULL;
	struct kt_err *err = NULL;

	for (; rule && *rule && !err; rule++) {
		struct owners owners = { walk, *rule };
		struct kt_slub_cache cache;
		struct kt_slab_objects sum;

		err = find_owners(walk, slub, memmap, *rule);
		if (err || !kt_slub_find(slub, &walk->arena, (*rule)->caches, &cache))
			continue;
		walk->describing.bytes = (size_t)cache.size;
		err = kt_slab_objects(slub, memmap, &cache, take_owner, &owners, &sum);
	}
	walk->describing.bytes = walk->slot_bytes;
	return err;
}

/* ---- the result ---- */

static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->nr_objs < y->nr_objs) - (x->nr_objs > y->nr_objs);
}

static const char *describe(struct walk *walk, const struct group *group, struct kt_arena *arena)
{
	struct kt_buf text = { 0 };

	for (unsigned i = 0; i < group->nr_marks; i++) {
		const struct mark *mark = &group->marks[i];
		const char *name = kt_place_name(walk->names, mark->address);

		kt_buf_join(&text, ", ", "+%llu %s", (unsigned long long)mark->offset,
			name ? name : "?");
	}
	return group->nr_marks ? kt_arena_text(arena, &text) : NULL;
}

/* The object may be another one by now: it is a name for people. */
static const char *name_first(struct walk *walk, const struct group *group, struct kt_arena *arena)
{
	walk->line.size = 0;
	return walk->rule->name && walk->rule->name(&walk->describing, group->first, &walk->line) &&
			       walk->line.size
		       ? kt_arena_name(arena, (struct kt_span){ walk->line.data, walk->line.size })
		       : NULL;
}

static void put_kind(struct walk *walk, const struct group *group, struct kt_snapshot *snap)
{
	struct kt_object_group *slot = kt_list_push(&snap->arena, &snap->object_groups);

	if (!slot)
		return;
	*slot = (struct kt_object_group){
		.kind = kt_arena_name(&snap->arena, kt_span_str(group->kind)),
		.nr_objs = group->nr_objs,
		.age_median_s = kt_object_ages_median(&group->ages),
		.age_oldest_s = group->ages.nr_objs ? group->ages.oldest_s : KT_UNKNOWN,
		.nr_aged = group->ages.nr_objs,
	};
	if (snap->object_groups.count <= SAMPLES_MAX)
		slot->sample = name_first(walk, group, &snap->arena);
}

/* Groups with the same names are one: structs without a name of their own may share a function. */
static void put_groups(struct walk *walk, struct kt_snapshot *snap)
{
	KT_CLEANUP(map) struct kt_map texts = { 0 };
	struct kt_object_group *slot;

	if (walk->all.count)
		qsort(walk->all.items, walk->all.count, sizeof(*walk->all.items), by_count);
	for (size_t i = 0; i < walk->all.count; i++) {
		const struct group *group = &walk->all.items[i];
		const char *text;
		bool added = false;
		uint32_t *index;

		if (group->kind) {
			put_kind(walk, group, snap);
			continue;
		}
		text = describe(walk, group, &snap->arena);
		index = kt_map_add(&texts, kt_span_str(text ? text : ""), &walk->arena, &added);
		slot = added ? kt_list_push(&snap->arena, &snap->object_groups) : NULL;
		if (slot) {
			*slot = (struct kt_object_group){ .holds = text,
				.age_median_s = KT_UNKNOWN,
				.age_oldest_s = KT_UNKNOWN };
			*index = (uint32_t)snap->object_groups.count;
		}
		if (index && *index)
			snap->object_groups.items[*index - 1].nr_objs += group->nr_objs;
	}
	walk->arena.failed |= texts.failed;
	slot = walk->nr_others ? kt_list_push(&snap->arena, &snap->object_groups) : NULL;
	if (slot)
		*slot = (struct kt_object_group){ .holds = "groups beyond the first 16,384",
			.age_median_s = KT_UNKNOWN,
			.age_oldest_s = KT_UNKNOWN,
			.nr_objs = walk->nr_others };
}

/* ---- all ---- */

/* The groups are right without them. */
static struct kt_err *find_holders(struct walk *walk, struct kt_memmap *memmap,
	struct kt_slub *slub, const struct kt_symbol_table *symbols, uint64_t nr_objects,
	struct kt_snapshot *snap)
{
	struct kt_err *err = kt_object_holders_find(
		walk->holders, memmap, slub, symbols, walk->names, nr_objects, snap);

	if (!err || kt_err_code(err) == KT_ERR_NOMEM)
		return err;
	kt_snapshot_note(snap, "what points to the objects is not known: %s", kt_err_text(err));
	kt_err_free(err);
	return NULL;
}

/* Without the members that its rule needs, objects are grouped by pointers, and a note says so. */
static void find_rule(struct walk *walk, const char *const *names, struct kt_snapshot *snap)
{
	struct kt_err *err;

	walk->rule = kt_object_rule_of(names);
	if (!walk->rule)
		return;
	walk->describing.target = walk->target;
	walk->describing.places = walk->names;
	walk->describing.snap = snap;
	walk->describing.bytes = walk->slot_bytes;
	err = kt_describing_begin(&walk->describing, walk->rule);
	if (!err) {
		if (walk->rule->note)
			kt_snapshot_note(snap, "%s", walk->rule->note);
		return;
	}
	walk->rule = NULL;
	kt_snapshot_note(snap, "what the objects are is not known, only what they point to: %s",
		kt_err_text(err));
	kt_err_free(err);
}

struct kt_err *kt_object_groups(struct kt_memmap *memmap, const struct kt_slub_opts *opts,
	const char *const *names, const struct kt_symbol_table *symbols, struct kt_snapshot *snap,
	struct kt_slab_objects *ret_objects)
{
	KT_CLEANUP(slub) struct kt_slub *slub = NULL;
	KT_CLEANUP(place_names) struct kt_place_names *places = NULL;
	KT_CLEANUP(object_holders) struct kt_object_holders *holders = NULL;
	struct walk walk = { .target = memmap->target };
	struct kt_slub_cache cache = { 0 };
	struct kt_err *err = kt_slub_new(memmap->target, opts, &slub);

	if (!err)
		err = kt_place_names_new(memmap->target, symbols, &places);
	walk.names = places;
	if (!err && !kt_slub_find(slub, &walk.arena, names, &cache))
		err = kt_err_new(KT_ERR_ABSENT, "no slab cache of this name is in kernel memory");
	if (!err)
		err = kt_memmap_find_direct(memmap);
	walk.slot_bytes = (size_t)cache.size;
	if (!err)
		err = kt_object_holders_new(&cache, &holders);
	walk.holders = holders;
	if (!err)
		find_rule(&walk, names, snap);
	if (!err)
		err = find_owners(&walk, slub, memmap, walk.rule);
	if (!err)
		err = kt_slab_objects(slub, memmap, &cache, take_object, &walk, ret_objects);
	if (!err)
		put_groups(&walk, snap);
	if (!err)
		err = find_holders(&walk, memmap, slub, symbols, ret_objects->nr_objects, snap);
	if (!err &&
		(walk.arena.failed || walk.groups.failed || walk.line.failed ||
			kt_describing_failed(&walk.describing) || kt_place_names_failed(places)))
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_describing_end(&walk.describing);
	kt_map_fini(&walk.groups);
	kt_buf_cleanup(&walk.line);
	kt_arena_fini(&walk.arena);
	return err;
}

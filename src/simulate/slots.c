// SPDX-License-Identifier: GPL-2.0-or-later
//
// SLUB, and the slab allocator of 1994, take the object of a slab that was freed last. The free
// objects of a slab are on its own list, or elsewhere: on the list of a CPU, in sheaves or in
// magazines. A model knows how many there are; objects go from one list to the other as soon as
// its numbers say so. Of objects that are elsewhere, the one that came last is allocated first.

#include "simulate/slots.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

struct slab {
	uint32_t stamp; /* of the slab with this number; 0: none is followed */
	uint32_t nr_objs, nr_free, nr_away;
	uint16_t *free, *away; /* slots: the last one is allocated first */
};

struct kt_sim_slots {
	const struct kt_sim_allocator *allocator;
	const struct kt_sim_model *model;
	uint32_t cache;
	struct slab *slabs;
	uint32_t count, room;
	struct kt_sim_places places; /* slots by object */
	uint16_t *order;	     /* of the cache, in which new slabs have their slots */
	uint32_t nr_order;
	bool shuffled;
	uint64_t random;
};

struct kt_sim_slots *kt_sim_slots_new(const struct kt_sim_allocator *allocator,
	const struct kt_sim_model *model, uint32_t cache, bool shuffled)
{
	struct kt_sim_slots *slots = calloc(1, sizeof(*slots));

	if (slots)
		*slots = (struct kt_sim_slots){ .allocator = allocator,
			.model = model,
			.cache = cache,
			.shuffled = shuffled,
			.random = 88172645463325252ull };
	return slots;
}

void kt_sim_slots_free(struct kt_sim_slots *slots)
{
	if (!slots)
		return;
	for (uint32_t i = 0; i < slots->count; i++)
		free(slots->slabs[i].free);
	free(slots->slabs);
	free(slots->places.items);
	free(slots->order);
	free(slots);
}

static uint32_t draw(struct kt_sim_slots *slots, uint32_t below)
{
	slots->random ^= slots->random << 13;
	slots->random ^= slots->random >> 7;
	slots->random ^= slots->random << 17;
	return (uint32_t)((slots->random >> 32) * below >> 32);
}

/* ---- a slab ---- */

/* cache_random_seq_create(): one order for all slabs of a cache, by exchanges from the end. */
static bool set_order(struct kt_sim_slots *slots, uint32_t nr_objs)
{
	if (slots->nr_order >= nr_objs)
		return true;
	free(slots->order);
	slots->order = calloc(nr_objs, sizeof(*slots->order));
	slots->nr_order = slots->order ? nr_objs : 0;
	for (uint32_t i = 0; i < slots->nr_order; i++)
		slots->order[i] = (uint16_t)i;
	for (uint32_t i = slots->nr_order; slots->shuffled && i-- > 1;) {
		uint32_t other = draw(slots, i + 1);
		uint16_t slot = slots->order[i];

		slots->order[i] = slots->order[other];
		slots->order[other] = slot;
	}
	return slots->order;
}

/* shuffle_freelist(): each slab starts somewhere in this order, without slots it does not have. */
static bool begin(
	struct kt_sim_slots *slots, struct slab *slab, const struct kt_sim_slab_view *view)
{
	uint32_t at = 0;

	free(slab->free);
	*slab = (struct slab){ .nr_objs = view->nr_objs };
	slab->free = calloc(2 * (size_t)view->nr_objs, sizeof(*slab->free));
	if (!slab->free || !set_order(slots, view->nr_objs))
		return false;
	slab->stamp = view->stamp;
	slab->away = slab->free + view->nr_objs;
	if (slots->shuffled)
		at = draw(slots, slots->nr_order);
	for (uint32_t i = 0; i < slots->nr_order && slab->nr_free < slab->nr_objs; i++) {
		uint32_t slot = slots->order[(at + i) % slots->nr_order];

		if (slot < slab->nr_objs)
			slab->free[slab->nr_objs - ++slab->nr_free] = (uint16_t)slot;
	}
	return true;
}

/* The slab with a number, as the model has it now. NULL: out of memory. */
static struct slab *slab_at(
	struct kt_sim_slots *slots, uint32_t number, const struct kt_sim_slab_view *view)
{
	while (slots->count <= number) {
		struct slab *grown = kt_sim_more(
			slots->slabs, slots->count, &slots->room, sizeof(*slots->slabs));

		if (!grown)
			return NULL;
		slots->slabs = grown;
		slots->count++;
	}
	if (slots->slabs[number].stamp != view->stamp && !begin(slots, &slots->slabs[number], view))
		return NULL;
	return &slots->slabs[number];
}

/* Moves objects between the lists until the slab's own has as many as in the model. */
static void settle(struct slab *slab, uint32_t nr_free)
{
	uint32_t count = slab->nr_free > nr_free ? slab->nr_free - nr_free : 0;

	memcpy(slab->away + slab->nr_away, slab->free + slab->nr_free - count,
		count * sizeof(*slab->free));
	slab->nr_away += count;
	slab->nr_free -= count;
	count = nr_free > slab->nr_free ? nr_free - slab->nr_free : 0;
	if (count > slab->nr_away)
		count = slab->nr_away;
	memcpy(slab->free + slab->nr_free, slab->away, count * sizeof(*slab->free));
	slab->nr_free += count;
	slab->nr_away -= count;
	memmove(slab->away, slab->away + count, slab->nr_away * sizeof(*slab->free));
}

/* ---- events ---- */

static bool follow_alloc(struct kt_sim_slots *slots, uint32_t object, struct slab *slab,
	const struct kt_sim_slab_view *view)
{
	uint32_t slot = KT_SIM_NONE;

	if (slab->nr_away)
		slot = slab->away[--slab->nr_away];
	else if (slab->nr_free)
		slot = slab->free[--slab->nr_free];
	settle(slab, view->nr_free);
	return kt_sim_place(&slots->places, object, slot);
}

static void follow_free(const struct kt_sim_slots *slots, uint32_t object, struct slab *slab,
	const struct kt_sim_slab_view *view)
{
	uint32_t slot = object < slots->places.room ? slots->places.items[object] : KT_SIM_NONE;

	if (slot >= slab->nr_objs || slab->nr_free + slab->nr_away >= slab->nr_objs)
		return;
	if (slab->nr_free + 1 == view->nr_free)
		slab->free[slab->nr_free++] = (uint16_t)slot;
	else
		slab->away[slab->nr_away++] = (uint16_t)slot;
	settle(slab, view->nr_free);
}

bool kt_sim_slots_follow(struct kt_sim_slots *slots, const struct kt_sim_event *event)
{
	uint32_t number = slots->allocator->slab_of(slots->model, event->object);
	struct kt_sim_slab_view view;
	struct slab *slab;

	if (!slots->allocator->look(slots->model, number, &view) || view.cache != slots->cache)
		return true; /* the slab is gone with its last object */
	slab = slab_at(slots, number, &view);
	if (!slab)
		return false;
	if (event->kind != KT_SIM_FREE)
		return follow_alloc(slots, event->object, slab, &view);
	follow_free(slots, event->object, slab, &view);
	return true;
}

/* ---- the drawing ---- */

/* A slab that may be drawn. */
struct candidate {
	uint32_t number, nr_used;
};

static uint32_t nr_away(const struct kt_sim_slab_view *view, const struct kt_sim_away *away)
{
	return view->nr_ready + away->nr_sheaf + away->nr_node + away->nr_rcu + away->nr_magazine;
}

static uint32_t used_of(const struct kt_sim_slab_view *view, const struct kt_sim_away *away)
{
	uint64_t unused = (uint64_t)view->nr_free + nr_away(view, away);

	return unused < view->nr_objs ? view->nr_objs - (uint32_t)unused : 0;
}

/* Letters of the objects that are away, from the one that is allocated first. */
static char letter_of(
	uint32_t at, const struct kt_sim_slab_view *view, const struct kt_sim_away *away)
{
	const struct {
		uint32_t count;
		char letter;
	} kinds[] = { { view->nr_ready, KT_SLOT_CPU }, { away->nr_sheaf, KT_SLOT_SHEAF },
		{ away->nr_node, KT_SLOT_NODE }, { away->nr_rcu, KT_SLOT_RCU },
		{ away->nr_magazine, KT_SLOT_MAGAZINE } };

	for (size_t i = 0; i < KT_LEN(kinds); i++) {
		if (at < kinds[i].count)
			return kinds[i].letter;
		at -= kinds[i].count;
	}
	return KT_SLOT_USED; /* in use since before the events, which have no word of it */
}

static bool draw_slab(struct kt_sim_slots *slots, struct kt_arena *arena, uint32_t number,
	const struct kt_sim_away *away, struct kt_drawn_slab *ret)
{
	struct kt_sim_slab_view view;
	struct slab *slab;
	uint16_t *rank;
	char *map;

	if (!slots->allocator->look(slots->model, number, &view))
		return false;
	slab = slab_at(slots, number, &view);
	map = kt_arena_alloc(arena, view.nr_objs + 1);
	rank = kt_arena_alloc(arena, view.nr_objs * sizeof(*rank));
	if (!slab || !map || !rank)
		return false;
	settle(slab, view.nr_free);
	memset(map, KT_SLOT_USED, view.nr_objs);
	for (uint32_t i = 0; i < slab->nr_free; i++) {
		map[slab->free[i]] = KT_SLOT_FREE;
		rank[slab->free[i]] = (uint16_t)(slab->nr_free - i);
	}
	for (uint32_t i = 0; i < slab->nr_away; i++) {
		uint32_t at = slab->nr_away - 1 - i;

		map[slab->away[i]] = letter_of(at, &view, away);
		rank[slab->away[i]] = at < view.nr_ready ? (uint16_t)(at + 1) : 0;
	}
	ret->pfn = number;
	ret->state = view.state;
	ret->cpu = view.cpu == KT_SIM_NONE ? KT_UNKNOWN : (int64_t)view.cpu;
	ret->nr_objs = view.nr_objs;
	ret->used_objs = used_of(&view, away);
	ret->start = view.colour_bytes;
	ret->map = map;
	ret->rank = rank;
	return true;
}

static int compare(const void *first, const void *second)
{
	const struct candidate *a = first, *b = second;

	if (a->nr_used != b->nr_used)
		return a->nr_used < b->nr_used ? 1 : -1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Slabs of the cache, the fullest first. */
static size_t list_slabs(struct kt_sim_slots *slots, const struct kt_sim_away *away,
	struct candidate *ret, size_t *ret_of_cpu)
{
	struct kt_sim_slab_view view;
	uint32_t of_cpu = KT_SIM_NONE;
	size_t count = 0;

	for (uint32_t i = 0; i < slots->allocator->nr_slabs(slots->model); i++) {
		if (!slots->allocator->look(slots->model, i, &view) || view.cache != slots->cache)
			continue;
		if (view.state == KT_SLAB_CPU && of_cpu == KT_SIM_NONE)
			of_cpu = i;
		ret[count++] = (struct candidate){ i, used_of(&view, &away[i]) };
	}
	qsort(ret, count, sizeof(*ret), compare);
	*ret_of_cpu = count;
	for (size_t i = 0; i < count; i++) {
		if (ret[i].number == of_cpu)
			*ret_of_cpu = i;
	}
	return count;
}

static bool draw_one(struct kt_sim_slots *slots, struct kt_arena *arena,
	const struct candidate *candidates, size_t count, size_t at, const struct kt_sim_away *away,
	enum kt_drawn_role role, struct kt_slab_drawing *ret)
{
	struct kt_drawn_slab *slab;

	for (size_t i = 0; i < ret->slabs.count; i++) {
		const struct kt_drawn_slab *drawn = &ret->slabs.items[i];

		if (drawn->pfn == candidates[at].number ||
			(role < KT_DRAWN_OF_CPU && drawn->used_objs == candidates[at].nr_used))
			return true;
	}
	slab = kt_list_push(arena, &ret->slabs);
	if (slab)
		*slab = (struct kt_drawn_slab){ 0 };
	if (!slab ||
		!draw_slab(slots, arena, candidates[at].number, &away[candidates[at].number], slab))
		return false;
	slab->role = role;
	for (size_t i = 0; i < count; i++)
		slab->nr_alike += candidates[i].nr_used == candidates[at].nr_used;
	return true;
}

/* The first slab whose number of objects in use is nearest. */
static size_t nearest(const struct candidate *candidates, size_t count, uint32_t nr_used)
{
	size_t best = 0;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < count; i++) {
		uint32_t used = candidates[i].nr_used;
		uint32_t off = used > nr_used ? used - nr_used : nr_used - used;

		if (off < least) {
			least = off;
			best = i;
		}
	}
	return best;
}

static int fuller_first(const void *first, const void *second)
{
	const struct kt_drawn_slab *a = first, *b = second;

	if (a->used_objs != b->used_objs)
		return a->used_objs < b->used_objs ? 1 : -1;
	return a->pfn < b->pfn ? -1 : a->pfn > b->pfn;
}

/* As for real slabs: the first role that fits is kept. */
static bool choose(struct kt_sim_slots *slots, struct kt_arena *arena,
	const struct candidate *candidates, size_t count, const struct kt_sim_away *away,
	struct kt_slab_drawing *ret)
{
	uint32_t most = candidates[0].nr_used, least = candidates[count - 1].nr_used;
	uint32_t median = candidates[(count - 1) / 2].nr_used;
	const struct {
		enum kt_drawn_role role;
		uint32_t nr_used;
	} wanted[KT_DRAWN_SLABS] = { { KT_DRAWN_FULLEST, most }, { KT_DRAWN_EMPTIEST, least },
		{ KT_DRAWN_MEDIAN, median }, { KT_DRAWN_FULLER, median + (most - median) / 2 },
		{ KT_DRAWN_EMPTIER, least + (median - least) / 2 } };
	bool all = count <= KT_DRAWN_SLABS;

	for (size_t i = 0; i < (all ? count : KT_DRAWN_SLABS); i++) {
		size_t at = all ? i : nearest(candidates, count, wanted[i].nr_used);

		if (!draw_one(slots, arena, candidates, count, at, away,
			    all ? KT_DRAWN_ALL : wanted[i].role, ret))
			return false;
	}
	qsort(ret->slabs.items, ret->slabs.count, sizeof(*ret->slabs.items), fuller_first);
	return true;
}

bool kt_sim_slots_draw(
	struct kt_sim_slots *slots, struct kt_arena *arena, struct kt_slab_drawing *ret)
{
	uint32_t nr_slabs = slots->allocator->nr_slabs(slots->model);
	struct candidate *candidates = calloc(nr_slabs + 1, sizeof(*candidates));
	struct kt_sim_away *away = calloc(nr_slabs + 1, sizeof(*away));
	size_t count, of_cpu;
	bool drawn = false;

	if (candidates && away) {
		if (slots->allocator->count_away)
			slots->allocator->count_away(slots->model, slots->cache, away);
		count = list_slabs(slots, away, candidates, &of_cpu);
		ret->nr_slabs = (int64_t)count;
		drawn = !count || choose(slots, arena, candidates, count, away, ret);
		if (drawn && of_cpu < count)
			drawn = draw_one(slots, arena, candidates, count, of_cpu, away,
				KT_DRAWN_OF_CPU, ret);
	}
	free(candidates);
	free(away);
	return drawn;
}

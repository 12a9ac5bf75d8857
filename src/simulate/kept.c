// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/kept.h"

#include "base/arena.h"
#include "record/pack.h"
#include "simulate/allocator.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_BYTES (sizeof(KT_EVENTS_MAGIC) - 1)
#define OBJS_MAX    32767u /* of a slab: 15 bits */
#define PAGES_MAX   1024u  /* of a slab */
#define LISTED_MAX  4096u  /* objects of a sheaf, partial slabs: more than any kernel has */

enum used { UNUSED, USED, WAITING /* freed already where CPUs have sheaves */ };

struct kt_sim_kept {
	kt_sim_kept_read read;
	void *arg;
	uint64_t file_bytes, at;
	struct kt_arena arena;
	struct kt_sim_kept_facts facts;
	KT_LIST(struct kt_sim_cache) caches;
	KT_LIST(const char *) phases;
	KT_LIST(const uint32_t *) reals;
	KT_LIST(struct kt_events_slab) slabs;
	KT_LIST(struct kt_events_sheaf) sheaves;
	uint32_t *left;	 /* objects of each slab of the start that are in use */
	uint32_t *first; /* number of the first of them */
	uint32_t nr_old;
	bool sheaves_free; /* an object is free to the allocator at once after kfree_rcu() */
	bool has_events, ended, done;
	/* the second reading */
	unsigned char *block; /* its content, at most KT_EVENTS_BLOCK_MAX bytes */
	const unsigned char *next, *end;
	size_t next_old, old_of; /* slab of the start, object of it */
	uint32_t nr_marks;
	uint8_t *used; /* by number, enum used */
	uint32_t *unused;
	uint32_t nr_unused, unused_room, nr_objects, used_room;
	uint32_t cpu, cache;
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *damaged(const char *what)
{
	return kt_err_new(KT_ERR_PARSE, "damaged: %s", what);
}

bool kt_sim_is_kept(const char *bytes, size_t size)
{
	return size >= MAGIC_BYTES && memcmp(bytes, KT_EVENTS_MAGIC, MAGIC_BYTES) == 0;
}

void kt_sim_kept_free(struct kt_sim_kept *kept)
{
	if (!kept)
		return;
	kt_arena_fini(&kept->arena);
	free(kept->block);
	free(kept->used);
	free(kept->unused);
	free(kept->left);
	free(kept->first);
	free(kept);
}

/* ---- blocks ---- */

/* Reads the head of the next block; false: the end of the file. */
static struct kt_err *read_head(
	struct kt_sim_kept *kept, char *ret_kind, uint32_t *ret_bytes, uint32_t *ret_crc)
{
	unsigned char head[KT_EVENTS_HEAD];
	struct kt_span rest = { (const char *)head + 1, sizeof(head) - 1 };

	if (kept->file_bytes - kept->at < sizeof(head) ||
		!kept->read(kept->arg, kept->at, head, sizeof(head)))
		return damaged("it ends before its last block");
	*ret_kind = (char)head[0];
	if (!kt_take_u32(&rest, ret_bytes) || !kt_take_u32(&rest, ret_crc) ||
		*ret_bytes > KT_EVENTS_BLOCK_MAX)
		return damaged("a block is too large");
	kept->at += sizeof(head);
	if (kept->file_bytes - kept->at < *ret_bytes)
		return damaged("it ends in a block");
	return NULL;
}

/* Reads the content of the block, if the kind is wanted. */
static struct kt_err *read_block(
	struct kt_sim_kept *kept, bool events, char *ret_kind, struct kt_span *ret_content)
{
	uint32_t bytes = 0, crc = 0;
	struct kt_err *err = read_head(kept, ret_kind, &bytes, &crc);

	if (err)
		return err;
	*ret_content = (struct kt_span){ (const char *)kept->block, 0 };
	if ((*ret_kind == 'e') == events || *ret_kind == 'm' || *ret_kind == 'z') {
		if (!kept->read(kept->arg, kept->at, kept->block, bytes))
			return damaged("it cannot be read");
		if (kt_crc32c(0, kept->block, bytes) != crc)
			return damaged("the sum of a block is wrong");
		ret_content->n = bytes;
	}
	kept->at += bytes;
	return NULL;
}

/* ---- the first reading ---- */

static bool take(struct kt_span *rest, uint32_t most, uint32_t *ret)
{
	uint64_t number;

	if (!kt_take_varint(rest, &number) || number > most)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* A number that may be unknown; with a `least`, it is known and not below it. */
static bool take_known(struct kt_span *rest, uint32_t least, uint32_t most, uint32_t *ret)
{
	uint32_t number;

	if (!take(rest, most + 1, &number) || (least && number <= least))
		return false;
	*ret = number ? number - 1 : KT_EVENTS_UNKNOWN;
	return true;
}

static bool take_name(struct kt_sim_kept *kept, struct kt_span *rest, const char **ret_name)
{
	struct kt_span name;

	if (!kt_take_text(rest, &name))
		return false;
	name.n = name.n < 1024 ? name.n : 1024;
	*ret_name = kt_arena_name(&kept->arena, name);
	return *ret_name != NULL;
}

static bool take_machine(struct kt_sim_kept *kept, struct kt_span *rest)
{
	struct kt_events_head *head = &kept->facts.head;
	uint32_t version;

	if (!take(rest, KT_EVENTS_VERSION, &version) || version != KT_EVENTS_VERSION ||
		!take(rest, 65536, &head->page_bytes) || !take(rest, 8, &head->word_bytes) ||
		!take(rest, KT_SIM_CPUS_MAX, &head->nr_cpus) ||
		!take(rest, 4096, &head->nr_nodes) || !take(rest, UINT32_MAX, &head->flags) ||
		!take(rest, UINT32_MAX, &head->one_in) || !kt_take_varint(rest, &head->real_ms) ||
		!take_name(kept, rest, &head->release))
		return false;
	kept->sheaves_free = head->flags & KT_EVENTS_SHEAVES;
	return head->page_bytes && head->nr_cpus;
}

static bool take_cache(struct kt_sim_kept *kept, struct kt_span *rest)
{
	struct kt_sim_cache *cache = kt_list_push(&kept->arena, &kept->caches);
	uint32_t flags;

	if (!cache || kept->caches.count > KT_EVENTS_CACHES ||
		!take_name(kept, rest, &cache->name) ||
		!take_known(rest, 1, KT_SIM_BYTES_MAX, &cache->bytes) ||
		!take_known(rest, 1, KT_SIM_BYTES_MAX, &cache->slot_bytes) ||
		!take_known(rest, 1, PAGES_MAX, &cache->pages_per_slab) ||
		!take_known(rest, 1, OBJS_MAX, &cache->objs_per_slab) ||
		!take_known(rest, 0, LISTED_MAX, &cache->min_partial) ||
		!take_known(rest, 0, LISTED_MAX, &cache->cpu_partial) ||
		!take_known(rest, 0, LISTED_MAX, &cache->cpu_partial_slabs) ||
		!take_known(rest, 0, LISTED_MAX, &cache->sheaf_capacity) || !take(rest, 1, &flags))
		return false;
	cache->counted = true;
	return cache->slot_bytes >= cache->bytes &&
	       (uint64_t)cache->slot_bytes * cache->objs_per_slab <=
		       (uint64_t)cache->pages_per_slab * kept->facts.head.page_bytes;
}

static bool take_slab(struct kt_sim_kept *kept, struct kt_span *rest)
{
	struct kt_events_slab *slab = kt_list_push(&kept->arena, &kept->slabs);
	uint64_t pfn;

	if (!slab || kept->slabs.count > KT_EVENTS_SLABS || !take(rest, UINT32_MAX, &slab->cache) ||
		slab->cache >= kept->caches.count || !kt_take_varint(rest, &pfn) ||
		!take(rest, kept->caches.items[slab->cache].objs_per_slab, &slab->nr_objs) ||
		!take(rest, slab->nr_objs, &slab->nr_free) ||
		!take(rest, slab->nr_objs - slab->nr_free, &slab->nr_ready) ||
		!take(rest, KT_EVENTS_FULL, &slab->where) ||
		!take(rest, kept->facts.head.nr_cpus - 1, &slab->cpu))
		return false;
	slab->pfn = pfn;
	if (slab->nr_ready && slab->where != KT_EVENTS_CPU_SLAB)
		return false;
	/* a list has only slabs with free objects, and only these are on one */
	if ((slab->where == KT_EVENTS_NODE || slab->where == KT_EVENTS_CPU_PARTIAL) &&
		!slab->nr_free)
		slab->where = KT_EVENTS_FULL;
	return slab->nr_objs && (slab->where != KT_EVENTS_FULL || !slab->nr_free);
}

static bool take_sheaf(struct kt_sim_kept *kept, struct kt_span *rest)
{
	struct kt_events_sheaf *sheaf = kt_list_push(&kept->arena, &kept->sheaves);

	if (!sheaf || !take(rest, UINT32_MAX, &sheaf->cache) ||
		!take(rest, UINT32_MAX, &sheaf->slab) ||
		!take(rest, KT_EVENTS_BARN, &sheaf->where) || !take(rest, UINT32_MAX, &sheaf->of))
		return false;
	return sheaf->slab < kept->slabs.count &&
	       kept->slabs.items[sheaf->slab].cache == sheaf->cache &&
	       (sheaf->where == KT_EVENTS_BARN || sheaf->of < kept->facts.head.nr_cpus);
}

static bool take_mark(struct kt_sim_kept *kept, struct kt_span *rest)
{
	const char **phase = kt_list_push(&kept->arena, &kept->phases);
	const uint32_t **reals = kt_list_push(&kept->arena, &kept->reals);
	uint64_t ms, count;
	uint32_t *real;

	if (!phase || !reals || kept->phases.count > KT_EVENTS_MARKS ||
		!take_name(kept, rest, phase) || !kt_take_varint(rest, &ms) ||
		!kt_take_count(rest, &count) || count > KT_EVENTS_CACHES)
		return false;
	real = kt_arena_alloc(&kept->arena, KT_EVENTS_CACHES * sizeof(*real));
	*reals = real;
	for (size_t i = 0; real && i < KT_EVENTS_CACHES; i++) {
		real[i] = KT_EVENTS_UNKNOWN;
		if (i < count && !take_known(rest, 0, UINT32_MAX - 2, &real[i]))
			return false;
	}
	return real != NULL;
}

static bool take_end(struct kt_sim_kept *kept, struct kt_span *rest)
{
	struct kt_events_end *end = &kept->facts.end;

	kept->ended = true;
	return kt_take_varint(rest, &end->nr_events) && kt_take_varint(rest, &end->nr_lost) &&
	       kt_take_varint(rest, &end->nr_nested) && kt_take_varint(rest, &end->nr_again) &&
	       kt_take_varint(rest, &end->nr_unknown) && kt_take_varint(rest, &end->nr_foreign) &&
	       kt_take_varint(rest, &end->nr_moving) && kt_take_varint(rest, &end->nr_unread) &&
	       kt_take_varint(rest, &end->lasted_ms) && take_name(kept, rest, &kept->facts.why) &&
	       take_name(kept, rest, &kept->facts.unwatched);
}

/* Takes all that a block has. */
static struct kt_err *learn_block(struct kt_sim_kept *kept, char kind, struct kt_span content)
{
	bool good = true;

	if ((kind == 'h') != !kept->facts.head.page_bytes)
		return damaged("it does not begin with its header");
	if ((kind == 's' || kind == 'o') && kept->has_events)
		return damaged("slabs of the start come after events");
	switch (kind) {
	case 'h': good = take_machine(kept, &content); break;
	case 'c':
		while (good && content.n)
			good = take_cache(kept, &content);
		break;
	case 's':
		while (good && content.n)
			good = take_slab(kept, &content);
		break;
	case 'o':
		while (good && content.n)
			good = take_sheaf(kept, &content);
		break;
	case 'm': good = take_mark(kept, &content); break;
	case 'e': kept->has_events = true; break;
	case 'z': good = take_end(kept, &content); break;
	default: break; /* of a later version */
	}
	if (kept->arena.failed)
		return no_memory();
	return good ? NULL : damaged("a block has numbers that cannot be");
}

/* Numbers the objects that are in use at the start. */
static struct kt_err *number_old(struct kt_sim_kept *kept)
{
	size_t count = kept->slabs.count;
	uint64_t sum = 0;

	kept->left = calloc(count + 1, sizeof(*kept->left));
	kept->first = calloc(count + 1, sizeof(*kept->first));
	if (!kept->left || !kept->first)
		return no_memory();
	for (size_t i = 0; i < count; i++)
		kept->left[i] = kept->slabs.items[i].nr_objs - kept->slabs.items[i].nr_free -
				kept->slabs.items[i].nr_ready;
	for (size_t i = 0; i < kept->sheaves.count; i++) {
		if (!kept->left[kept->sheaves.items[i].slab])
			return damaged("a sheaf has more objects of a slab than it has");
		kept->left[kept->sheaves.items[i].slab]--;
	}
	for (size_t i = 0; i < count; i++) {
		kept->first[i] = (uint32_t)sum;
		sum += kept->left[i];
		if (sum > KT_SIM_OBJECTS_MAX)
			return kt_err_new(KT_ERR_LIMIT, "more objects are in use than ktally "
							"simulates");
	}
	kept->nr_old = (uint32_t)sum;
	kept->facts.old_objs = sum;
	return NULL;
}

struct kt_err *kt_sim_kept_open(
	kt_sim_kept_read read, void *arg, uint64_t file_bytes, struct kt_sim_kept **ret_kept)
{
	struct kt_sim_kept *kept = calloc(1, sizeof(*kept));
	struct kt_err *err = NULL;

	*ret_kept = kept;
	if (kept)
		kept->block = malloc(KT_EVENTS_BLOCK_MAX);
	if (!kept || !kept->block)
		return no_memory();
	kept->read = read;
	kept->arg = arg;
	kept->file_bytes = file_bytes;
	kept->at = MAGIC_BYTES;
	if (file_bytes < MAGIC_BYTES)
		err = damaged("it ends before its first block");
	while (!err && !kept->ended) {
		struct kt_span content;
		char kind = 0;

		err = read_block(kept, false, &kind, &content);
		if (!err)
			err = learn_block(kept, kind, content);
	}
	if (!err && !kept->caches.count)
		err = damaged("it has no caches");
	if (!err)
		err = number_old(kept);
	kept->at = MAGIC_BYTES;
	return err;
}

/* ---- the second reading ---- */

static inline bool number(struct kt_sim_kept *kept, uint64_t *ret)
{
	const unsigned char *next = kept->next;
	uint64_t value = 0;

	for (unsigned shift = 0; next < kept->end && shift < 64; shift += 7) {
		unsigned char byte = *next++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			kept->next = next;
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool room_for(struct kt_sim_kept *kept)
{
	uint8_t *grown;

	if (kept->nr_objects < kept->used_room)
		return true;
	grown = kt_sim_more(kept->used, kept->nr_objects, &kept->used_room, sizeof(*grown));
	if (grown)
		kept->used = grown;
	return grown != NULL;
}

static bool give_back(struct kt_sim_kept *kept, uint32_t object)
{
	uint32_t *grown =
		kt_sim_more(kept->unused, kept->nr_unused, &kept->unused_room, sizeof(*grown));

	if (!grown)
		return false;
	kept->unused = grown;
	kept->unused[kept->nr_unused++] = object;
	kept->used[object] = UNUSED;
	return true;
}

static struct kt_err *take_alloc(
	struct kt_sim_kept *kept, unsigned char first, struct kt_sim_event *ret)
{
	uint64_t cache = kept->cache, bytes, address;
	uint32_t object;

	if ((first & KT_EVENTS_CACHE) && !number(kept, &cache))
		return damaged("an event is cut");
	if (cache >= kept->caches.count)
		return damaged("an event has a cache that is not there");
	bytes = kept->caches.items[cache].bytes;
	if (((first & KT_EVENTS_REQUESTED) && !number(kept, &bytes)) || !number(kept, &address))
		return damaged("an event is cut");
	if (bytes > kept->caches.items[cache].bytes)
		return damaged("an event asks for more than an object has");
	if (kept->nr_unused) {
		object = kept->unused[--kept->nr_unused];
	} else {
		if (kept->nr_objects >= KT_SIM_OBJECTS_MAX - kept->nr_old || !room_for(kept))
			return no_memory();
		object = kept->nr_objects++;
	}
	kept->used[object] = USED;
	kept->cache = (uint32_t)cache;
	*ret = (struct kt_sim_event){ .kind = KT_SIM_ALLOC,
		.object = kept->nr_old + object,
		.bytes = (uint32_t)bytes,
		.cache = (uint16_t)cache,
		.cpu = (uint16_t)kept->cpu };
	return NULL;
}

static struct kt_sim_event free_of(const struct kt_sim_kept *kept, uint32_t object, bool later)
{
	return (struct kt_sim_event){
		.kind = KT_SIM_FREE, .object = object, .cpu = (uint16_t)kept->cpu, .later = later
	};
}

static struct kt_err *take_free(struct kt_sim_kept *kept, enum kt_events_kind kind,
	struct kt_sim_event *ret, size_t *ret_count)
{
	bool waited;
	uint64_t object;

	if (!number(kept, &object) || object >= kept->nr_objects || kept->used[object] == UNUSED)
		return damaged("an event frees what is not in use");
	waited = kept->used[object] == WAITING;
	if (kind == KT_EVENTS_LATER) {
		if (!kept->sheaves_free || waited)
			return NULL;
		kept->used[object] = WAITING;
	} else if (!give_back(kept, (uint32_t)object)) {
		return no_memory();
	} else if (waited) {
		return NULL;
	}
	*ret = free_of(kept, kept->nr_old + (uint32_t)object, kind == KT_EVENTS_LATER);
	*ret_count = 1;
	return NULL;
}

static struct kt_err *take_old(struct kt_sim_kept *kept, enum kt_events_kind kind,
	struct kt_sim_event *ret, size_t *ret_count)
{
	bool later = kind == KT_EVENTS_OLD_LATER;
	uint64_t slab;

	if (!number(kept, &slab) || slab >= kept->slabs.count)
		return damaged("an event frees an object of a slab that is not there");
	if (later && !kept->sheaves_free)
		return NULL;
	if (!kept->left[slab])
		return damaged("an event frees more objects of a slab than it has");
	*ret = free_of(kept, kept->first[slab] + --kept->left[slab], later);
	*ret_count = 1;
	return NULL;
}

/* Takes an event of the block; it may be none for the models. */
static inline struct kt_err *take_event(
	struct kt_sim_kept *kept, struct kt_sim_event *ret, size_t *ret_count)
{
	unsigned char first = *kept->next++;
	uint64_t time, cpu = kept->cpu;

	*ret_count = 0;
	if (!number(kept, &time) || ((first & KT_EVENTS_CPU) && !number(kept, &cpu)))
		return damaged("an event is cut");
	if (cpu >= kept->facts.head.nr_cpus)
		return damaged("an event is on a CPU that is not there");
	kept->cpu = (uint32_t)cpu;
	switch ((enum kt_events_kind)(first & KT_EVENTS_KIND)) {
	case KT_EVENTS_ALLOC: *ret_count = 1; return take_alloc(kept, first, ret);
	case KT_EVENTS_FREE:
	case KT_EVENTS_LATER:
		return take_free(
			kept, (enum kt_events_kind)(first & KT_EVENTS_KIND), ret, ret_count);
	case KT_EVENTS_OLD_FREE:
	case KT_EVENTS_OLD_LATER:
		return take_old(
			kept, (enum kt_events_kind)(first & KT_EVENTS_KIND), ret, ret_count);
	case KT_EVENTS_NR_KINDS: break;
	}
	return damaged("an event is of no known kind");
}

/* The objects of the start. */
static size_t put_old(struct kt_sim_kept *kept, struct kt_sim_event *events, size_t room)
{
	size_t count = 0;

	while (count < room && kept->next_old < kept->slabs.count) {
		size_t slab = kept->next_old;

		if (kept->old_of == kept->left[slab]) {
			kept->next_old++;
			kept->old_of = 0;
			continue;
		}
		events[count++] = (struct kt_sim_event){ .kind = KT_SIM_OLD,
			.object = kept->first[slab] + (uint32_t)kept->old_of++,
			.bytes = (uint32_t)slab,
			.cache = (uint16_t)kept->slabs.items[slab].cache };
	}
	return count;
}

/* Finds the next block of events, or mark. */
static struct kt_err *next_block(
	struct kt_sim_kept *kept, struct kt_sim_event *ret_event, size_t *ret_count)
{
	struct kt_span content;
	char kind = 0;
	struct kt_err *err = read_block(kept, true, &kind, &content);

	if (err)
		return err;
	if (kind == 'e') {
		kept->next = kept->block;
		kept->end = kept->block + content.n;
	} else if (kind == 'm' && kept->nr_marks < kept->phases.count) {
		*ret_event =
			(struct kt_sim_event){ .kind = KT_SIM_MARK, .object = kept->nr_marks++ };
		*ret_count = 1;
	}
	kept->done = kind == 'z';
	return NULL;
}

static struct kt_err *read_events(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct kt_sim_kept *kept = arg;
	struct kt_err *err = NULL;
	size_t count = put_old(kept, ret_events, room), more;

	if (kept->next_old < kept->slabs.count)
		room = count;
	while (!err && count < room && !kept->done) {
		more = 0;
		if (kept->next < kept->end)
			err = take_event(kept, &ret_events[count], &more);
		else
			err = next_block(kept, &ret_events[count], &more);
		count += more;
	}
	*ret_count = err ? 0 : count;
	return err;
}

struct kt_sim_stream kt_sim_kept_stream(struct kt_sim_kept *kept)
{
	const struct kt_events_head *head = &kept->facts.head;

	return (struct kt_sim_stream){
		.machine = { .page_bytes = head->page_bytes,
			.word_bytes = head->word_bytes,
			.nr_cpus = head->nr_cpus,
			.partial_by_objects = (head->flags & KT_EVENTS_BY_OBJECTS) != 0 },
		.caches = kept->caches.items,
		.nr_caches = kept->caches.count,
		.phases = kept->phases.items,
		.nr_phases = kept->phases.count,
		.start = { kept->slabs.items, kept->slabs.count, kept->sheaves.items,
			kept->sheaves.count },
		.read = read_events,
		.arg = kept,
	};
}

const struct kt_sim_kept_facts *kt_sim_kept_facts(const struct kt_sim_kept *kept)
{
	return &kept->facts;
}

const uint32_t *kt_sim_kept_real(const struct kt_sim_kept *kept, size_t phase)
{
	return phase < kept->reals.count ? kept->reals.items[phase] : NULL;
}

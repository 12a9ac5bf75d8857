// SPDX-License-Identifier: GPL-2.0-or-later
#include "events/writer.h"

#include "record/pack.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_BYTES (KT_EVENTS_BLOCK_MAX - 4096u) /* a name or an event fits after it */
#define OBJECTS_MAX (1u << 25)			  /* in use at the same time */
#define TABLE_FIRST (1u << 12)

/* An object in use, by its address in units of KT_EVENTS_LEAST, plus 1; 0: an empty slot. */
struct object {
	uint64_t key;
	uint32_t number;
	bool later; /* it waits for a grace period */
	bool old;   /* it is from the start; the number is the place of its slab in `ranges` */
	bool freed; /* a second free of it is none: a program may show an event twice */
};

struct cache {
	uint32_t object_bytes, pages_per_slab;
	uint64_t last; /* key of the last address */
};

struct range {
	uint64_t first, end; /* pages */
	uint32_t slab, left; /* its index, objects of it that are not freed */
};

struct kt_events_writer {
	kt_events_write write;
	void *arg;
	struct kt_err *err;
	uint64_t bytes;
	struct kt_buf block;
	char kind; /* of the block; 0: none is begun */
	struct kt_events_head head;
	struct cache *caches;
	uint32_t nr_caches, caches_room;
	struct range *ranges; /* slabs of the start; sorted when the first event comes */
	uint32_t nr_ranges, ranges_room;
	bool sorted;
	uint64_t last_pfn;
	struct object *objects;
	uint32_t nr_objects, mask; /* freed ones included */
	uint32_t *unused;
	uint32_t nr_unused, unused_room, next_number;
	uint64_t time; /* of the last event, in its units */
	uint32_t cpu, cache;
	struct kt_events_end end;
};

static void fail(struct kt_events_writer *writer, struct kt_err *err)
{
	if (writer->err)
		kt_err_free(err);
	else
		writer->err = err;
}

static void no_memory(struct kt_events_writer *writer)
{
	if (!writer->err)
		fail(writer, kt_err_new(KT_ERR_NOMEM, "out of memory"));
}

/* Returns the items with room for one more; NULL when out of memory. */
static void *more(
	struct kt_events_writer *writer, void *items, uint32_t count, uint32_t *room, size_t bytes)
{
	uint32_t wanted = *room ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return items;
	grown = wanted > *room ? reallocarray(items, wanted, bytes) : NULL;
	if (!grown) {
		no_memory(writer);
		return NULL;
	}
	*room = wanted;
	return grown;
}

struct kt_events_writer *kt_events_writer_new(kt_events_write write, void *arg)
{
	struct kt_events_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->write = write;
	writer->arg = arg;
	writer->objects = calloc(TABLE_FIRST, sizeof(*writer->objects));
	writer->mask = TABLE_FIRST - 1;
	if (!writer->objects)
		no_memory(writer);
	return writer;
}

void kt_events_writer_free(struct kt_events_writer *writer)
{
	if (!writer)
		return;
	kt_err_free(writer->err);
	kt_buf_cleanup(&writer->block);
	free(writer->caches);
	free(writer->ranges);
	free(writer->objects);
	free(writer->unused);
	free(writer);
}

uint64_t kt_events_bytes(const struct kt_events_writer *writer)
{
	return writer->bytes + writer->block.size;
}

bool kt_events_failed(const struct kt_events_writer *writer)
{
	return writer->err != NULL;
}

struct kt_err *kt_events_err(struct kt_events_writer *writer)
{
	struct kt_err *err = writer->err;

	writer->err = NULL;
	return err;
}

/* ---- blocks ---- */

static void put(struct kt_events_writer *writer, const char *data, size_t size)
{
	struct kt_err *err = writer->err ? NULL : writer->write(writer->arg, data, size);

	if (err)
		fail(writer, err);
	writer->bytes += size;
}

static void end_block(struct kt_events_writer *writer)
{
	struct kt_buf head = { 0 };

	if (writer->block.failed)
		no_memory(writer);
	if (!writer->kind || writer->err)
		return;
	kt_buf_add(&head, &writer->kind, 1);
	kt_pack_u32(&head, (uint32_t)writer->block.size);
	kt_pack_u32(&head, kt_crc32c(0, writer->block.data, writer->block.size));
	if (head.failed)
		no_memory(writer);
	else
		put(writer, head.data, head.size);
	put(writer, writer->block.data, writer->block.size);
	kt_buf_cleanup(&head);
	writer->block.size = 0;
	writer->kind = 0;
}

/* Goes on with a block of a kind, or begins one. */
static struct kt_buf *block(struct kt_events_writer *writer, char kind)
{
	if (writer->kind && (writer->kind != kind || writer->block.size > FLUSH_BYTES))
		end_block(writer);
	writer->kind = kind;
	return &writer->block;
}

/* Writes numbers; one that may be unknown is written plus 1. */
static void pack_known(struct kt_buf *buf, uint32_t number)
{
	kt_pack_varint(buf, number == KT_EVENTS_UNKNOWN ? 0 : (uint64_t)number + 1);
}

static struct kt_span short_text(const char *text)
{
	struct kt_span span = kt_span_str(text);

	span.n = span.n < 1024 ? span.n : 1024;
	return span;
}

void kt_events_begin(struct kt_events_writer *writer, const struct kt_events_head *head)
{
	struct kt_buf *buf;

	writer->head = *head;
	put(writer, KT_EVENTS_MAGIC, sizeof(KT_EVENTS_MAGIC) - 1);
	buf = block(writer, 'h');
	kt_pack_varint(buf, KT_EVENTS_VERSION);
	kt_pack_varint(buf, head->page_bytes);
	kt_pack_varint(buf, head->word_bytes);
	kt_pack_varint(buf, head->nr_cpus);
	kt_pack_varint(buf, head->nr_nodes);
	kt_pack_varint(buf, head->flags);
	kt_pack_varint(buf, head->one_in);
	kt_pack_varint(buf, head->real_ms);
	kt_pack_text(buf, short_text(head->release));
}

void kt_events_add_cache(struct kt_events_writer *writer, const struct kt_events_cache *cache)
{
	struct cache *grown = more(
		writer, writer->caches, writer->nr_caches, &writer->caches_room, sizeof(*grown));
	struct kt_buf *buf;

	if (!grown)
		return;
	writer->caches = grown;
	writer->caches[writer->nr_caches++] =
		(struct cache){ cache->object_bytes, cache->pages_per_slab, 0 };
	buf = block(writer, 'c');
	kt_pack_text(buf, short_text(cache->name));
	pack_known(buf, cache->object_bytes);
	pack_known(buf, cache->slot_bytes);
	pack_known(buf, cache->pages_per_slab);
	pack_known(buf, cache->objs_per_slab);
	pack_known(buf, cache->min_partial);
	pack_known(buf, cache->cpu_partial_objs);
	pack_known(buf, cache->cpu_partial_slabs);
	pack_known(buf, cache->sheaf_capacity);
	kt_pack_varint(buf, cache->generic);
}

void kt_events_add_slab(struct kt_events_writer *writer, const struct kt_events_slab *slab)
{
	struct range *grown;
	struct kt_buf *buf;

	if (slab->cache >= writer->nr_caches)
		return;
	grown = more(
		writer, writer->ranges, writer->nr_ranges, &writer->ranges_room, sizeof(*grown));
	if (!grown)
		return;
	writer->ranges = grown;
	writer->ranges[writer->nr_ranges] =
		(struct range){ slab->pfn, slab->pfn + writer->caches[slab->cache].pages_per_slab,
			writer->nr_ranges, slab->nr_objs - slab->nr_free - slab->nr_ready };
	writer->nr_ranges++;
	buf = block(writer, 's');
	kt_pack_varint(buf, slab->cache);
	kt_pack_varint(buf, kt_zigzag((int64_t)(slab->pfn - writer->last_pfn)));
	kt_pack_varint(buf, slab->nr_objs);
	kt_pack_varint(buf, slab->nr_free);
	kt_pack_varint(buf, slab->nr_ready);
	kt_pack_varint(buf, slab->where);
	kt_pack_varint(buf, slab->cpu);
	writer->last_pfn = slab->pfn;
}

bool kt_events_add_sheaf(struct kt_events_writer *writer, const struct kt_events_sheaf *sheaf)
{
	struct kt_buf *buf;

	/* slabs and sheaves are read one after the other while the kernel goes on */
	if (sheaf->slab >= writer->nr_ranges || !writer->ranges[sheaf->slab].left)
		return false;
	writer->ranges[sheaf->slab].left--;
	buf = block(writer, 'o');
	kt_pack_varint(buf, sheaf->cache);
	kt_pack_varint(buf, sheaf->slab);
	kt_pack_varint(buf, sheaf->where);
	kt_pack_varint(buf, sheaf->of);
	return true;
}

/* ---- objects ---- */

static uint32_t slot_of(const struct kt_events_writer *writer, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & writer->mask;
}

static struct object *find(struct kt_events_writer *writer, uint64_t key)
{
	uint32_t at = slot_of(writer, key);

	while (writer->objects[at].key && writer->objects[at].key != key)
		at = (at + 1) & writer->mask;
	return &writer->objects[at];
}

/* Makes room for one more object: freed ones are forgotten, and the table grows if it must. */
static bool grow(struct kt_events_writer *writer)
{
	size_t room = (size_t)writer->mask + 1, old_room = room;
	uint32_t in_use = 0;
	struct object *old = writer->objects, *grown;

	if (writer->nr_objects < room / 2)
		return true;
	for (size_t i = 0; i < old_room; i++)
		in_use += old[i].key && !old[i].freed;
	if (in_use >= OBJECTS_MAX) {
		fail(writer,
			kt_err_new(KT_ERR_LIMIT, "more than %u objects are in use", OBJECTS_MAX));
		return false;
	}
	if (in_use >= room / 4)
		room *= 2;
	grown = calloc(room, sizeof(*grown));
	if (!grown) {
		no_memory(writer);
		return false;
	}
	writer->objects = grown;
	writer->mask = (uint32_t)(room - 1);
	writer->nr_objects = in_use;
	for (size_t i = 0; i < old_room; i++) {
		if (old[i].key && !old[i].freed)
			*find(writer, old[i].key) = old[i];
	}
	free(old);
	return true;
}

/* Gives the number of a freed object back. */
static void give_back(struct kt_events_writer *writer, uint32_t number)
{
	uint32_t *grown = more(
		writer, writer->unused, writer->nr_unused, &writer->unused_room, sizeof(*grown));

	if (!grown)
		return;
	writer->unused = grown;
	writer->unused[writer->nr_unused++] = number;
}

static int by_page(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* The slab of the start that has an object, if one of its objects is left. */
static struct range *range_of(struct kt_events_writer *writer, uint64_t address)
{
	uint64_t page = address / writer->head.page_bytes;
	size_t low = 0, high = writer->nr_ranges;

	if (!writer->sorted && high)
		qsort(writer->ranges, high, sizeof(*writer->ranges), by_page);
	writer->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (writer->ranges[middle].first <= page)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || page >= writer->ranges[low - 1].end || !writer->ranges[low - 1].left)
		return NULL;
	return &writer->ranges[low - 1];
}

/* ---- events ---- */

/* Writes what all events have; room for the rest of it is there. */
static unsigned char *begin_event(struct kt_events_writer *writer,
	const struct kt_events_event *event, unsigned kind, unsigned char *to)
{
	uint64_t time = event->time_ns >> KT_EVENTS_TIME_BITS;
	bool cpu = event->cpu != writer->cpu;

	/* events of several CPUs may come a little out of order */
	if (time < writer->time)
		time = writer->time;
	*to++ = (unsigned char)(kind | (cpu ? KT_EVENTS_CPU : 0));
	to += kt_varint(to, time - writer->time);
	if (cpu)
		to += kt_varint(to, event->cpu);
	writer->time = time;
	writer->cpu = event->cpu;
	writer->end.nr_events++;
	return to;
}

static void put_number(struct kt_events_writer *writer, const struct kt_events_event *event,
	unsigned kind, uint32_t number)
{
	unsigned char bytes[4 * KT_VARINT_MAX], *to = begin_event(writer, event, kind, bytes);

	to += kt_varint(to, number);
	kt_buf_add(block(writer, 'e'), (const char *)bytes, (size_t)(to - bytes));
}

static bool has_sheaves(const struct kt_events_writer *writer)
{
	return writer->head.flags & KT_EVENTS_SHEAVES;
}

/* An object from the start is freed, for good. */
static void free_old(
	struct kt_events_writer *writer, const struct kt_events_event *event, struct range *range)
{
	range->left--;
	put_number(writer, event, KT_EVENTS_OLD_FREE, range->slab);
}

/* Writes the free of a known object. Of the start, it was written when it was handed over. */
static void free_object(struct kt_events_writer *writer, const struct kt_events_event *event,
	const struct object *object)
{
	if (!object->old) {
		put_number(writer, event, KT_EVENTS_FREE, object->number);
		give_back(writer, object->number);
	} else if (!has_sheaves(writer) && writer->ranges[object->number].left) {
		free_old(writer, event, &writer->ranges[object->number]);
	}
}

/* Frees what was at the address of an allocation: the free of it was not seen. */
static void free_again(struct kt_events_writer *writer, const struct kt_events_event *event,
	const struct object *object)
{
	writer->end.nr_again += !object->later;
	free_object(writer, event, object);
}

void kt_events_alloc(struct kt_events_writer *writer, const struct kt_events_event *event)
{
	unsigned char bytes[8 * KT_VARINT_MAX], *to;
	uint64_t key = event->address / KT_EVENTS_LEAST + 1;
	bool cache = event->cache != writer->cache;
	struct cache *of;
	bool requested;
	struct object *object;

	if (writer->err || event->cache >= writer->nr_caches || !grow(writer))
		return;
	of = &writer->caches[event->cache];
	requested = event->bytes && event->bytes != of->object_bytes;
	object = find(writer, key);
	if (object->key && !object->freed)
		free_again(writer, event, object);
	writer->nr_objects += !object->key;
	*object = (struct object){ .key = key,
		.number = writer->nr_unused ? writer->unused[--writer->nr_unused]
					    : writer->next_number++ };
	to = begin_event(writer, event,
		KT_EVENTS_ALLOC | (cache ? KT_EVENTS_CACHE : 0u) |
			(requested ? KT_EVENTS_REQUESTED : 0u),
		bytes);
	if (cache)
		to += kt_varint(to, event->cache);
	if (requested)
		to += kt_varint(to, event->bytes);
	to += kt_varint(to, kt_zigzag((int64_t)(key - of->last)));
	of->last = key;
	writer->cache = event->cache;
	kt_buf_add(block(writer, 'e'), (const char *)bytes, (size_t)(to - bytes));
}

/* The object will be freed after a grace period. It stays known, as its free may be seen then. */
static void free_later(
	struct kt_events_writer *writer, const struct kt_events_event *event, struct object *object)
{
	struct range *range;

	if (object->key) {
		if (!object->later && !object->freed)
			put_number(writer, event, KT_EVENTS_LATER, object->number);
		object->later = true;
		return;
	}
	range = range_of(writer, event->address);
	if (!range) {
		writer->end.nr_unknown++;
		return;
	}
	put_number(writer, event, KT_EVENTS_OLD_LATER, range->slab);
	range->left -= has_sheaves(writer);
	writer->nr_objects++;
	*object = (struct object){ .key = event->address / KT_EVENTS_LEAST + 1,
		.number = (uint32_t)(range - writer->ranges),
		.later = true,
		.old = true };
}

static void free_known(
	struct kt_events_writer *writer, const struct kt_events_event *event, struct object *object)
{
	if (object->freed)
		return;
	object->freed = true;
	free_object(writer, event, object);
}

void kt_events_free(
	struct kt_events_writer *writer, const struct kt_events_event *event, bool later)
{
	uint64_t key = event->address / KT_EVENTS_LEAST + 1;
	struct object *object;
	struct range *range;

	if (writer->err || !grow(writer))
		return;
	object = find(writer, key);
	if (later) {
		free_later(writer, event, object);
		return;
	}
	if (object->key) {
		free_known(writer, event, object);
		return;
	}
	range = range_of(writer, event->address);
	if (!range) {
		writer->end.nr_unknown++;
		return;
	}
	free_old(writer, event, range);
	writer->nr_objects++;
	*object = (struct object){ .key = key, .old = true, .freed = true };
}

bool kt_events_has(struct kt_events_writer *writer, uint64_t address)
{
	const struct object *object = find(writer, address / KT_EVENTS_LEAST + 1);

	return object->key ? !object->freed : range_of(writer, address) != NULL;
}

void kt_events_mark(struct kt_events_writer *writer, const char *name, uint64_t ms,
	const uint32_t *slabs, size_t count)
{
	struct kt_buf *buf;

	end_block(writer);
	buf = block(writer, 'm');
	kt_pack_text(buf, short_text(name));
	kt_pack_varint(buf, ms);
	kt_pack_varint(buf, count);
	for (size_t i = 0; i < count; i++)
		pack_known(buf, slabs[i]);
	end_block(writer);
}

void kt_events_finish(struct kt_events_writer *writer, struct kt_events_end *end, const char *why,
	const char *unwatched)
{
	struct kt_buf *buf = block(writer, 'z');

	end->nr_events = writer->end.nr_events;
	end->nr_again = writer->end.nr_again;
	end->nr_unknown = writer->end.nr_unknown;
	kt_pack_varint(buf, end->nr_events);
	kt_pack_varint(buf, end->nr_lost);
	kt_pack_varint(buf, end->nr_nested);
	kt_pack_varint(buf, end->nr_again);
	kt_pack_varint(buf, end->nr_unknown);
	kt_pack_varint(buf, end->nr_foreign);
	kt_pack_varint(buf, end->nr_moving);
	kt_pack_varint(buf, end->nr_unread);
	kt_pack_varint(buf, end->lasted_ms);
	kt_pack_text(buf, short_text(why));
	kt_pack_text(buf, short_text(unwatched ? unwatched : ""));
	end_block(writer);
}

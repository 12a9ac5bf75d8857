// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/simulate.h"

#include "simulate/slots.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 2048u /* events that an allocator replays before the next one does */

/* An object in use. */
struct live {
	uint32_t bytes;
	uint16_t cache;
	bool used;
};

struct run {
	struct kt_arena *arena;
	const struct kt_sim_stream *stream;
	const struct kt_sim_allocator *const *allocators;
	size_t nr_allocators;
	struct kt_sim_model *models[KT_SIM_ALLOCATORS_MAX];
	struct kt_sim_buddy *buddies[KT_SIM_ALLOCATORS_MAX]; /* NULL: none is below */
	const struct kt_sim_wants *wants;
	struct kt_sim_slots *slots; /* of the first allocator; NULL: nothing is drawn */
	uint32_t drawn;		    /* cache; KT_SIM_NONE: none */
	struct live *objects;
	uint32_t room;
	uint64_t nr_objs, asked_bytes;
	uint64_t *cache_objs, *cache_bytes;
	uint64_t nr_events; /* for messages */
	bool moved;	    /* something happened since the last phase ended */
	struct kt_sim_result *result;
};

static struct kt_err *no_memory(void)
{
	return kt_err_new(KT_ERR_NOMEM, "out of memory");
}

static struct kt_err *bad(const struct run *run, const char *what)
{
	return kt_err_new(KT_ERR_PARSE, "event %llu %s", (unsigned long long)run->nr_events, what);
}

/* ---- events ---- */

static struct kt_err *check_alloc(struct run *run, const struct kt_sim_event *event)
{
	uint32_t bytes = event->bytes;

	if (event->cache >= run->stream->nr_caches)
		return bad(run, "has a cache that the header does not have");
	if (event->kind == KT_SIM_OLD && event->bytes >= run->stream->start.nr_slabs)
		return bad(run, "has a slab that is not there at the start");
	if (event->kind == KT_SIM_OLD)
		bytes = run->stream->caches[event->cache].bytes;
	if (bytes > KT_SIM_BYTES_MAX)
		return bad(run, "asks for more bytes than an object can have");
	if (event->object >= KT_SIM_OBJECTS_MAX)
		return bad(run, "has more objects in use than ktally simulates");
	while (event->object >= run->room) {
		struct live *grown =
			kt_sim_more(run->objects, run->room, &run->room, sizeof(*grown));

		if (!grown)
			return no_memory();
		run->objects = grown;
	}
	if (run->objects[event->object].used)
		return bad(run, "allocates an object that is in use");
	run->objects[event->object] = (struct live){ bytes, event->cache, true };
	run->cache_objs[event->cache]++;
	run->cache_bytes[event->cache] += bytes;
	run->asked_bytes += bytes;
	run->result->nr_allocs += event->kind == KT_SIM_ALLOC;
	if (++run->nr_objs > run->result->most_objs)
		run->result->most_objs = run->nr_objs;
	return NULL;
}

/* Fills in what the allocation said. */
static struct kt_err *check_free(struct run *run, struct kt_sim_event *event)
{
	struct live *object = event->object < run->room ? &run->objects[event->object] : NULL;

	if (!object || !object->used)
		return bad(run, "frees an object that is not in use");
	event->bytes = object->bytes;
	event->cache = object->cache;
	object->used = false;
	run->cache_objs[event->cache]--;
	run->cache_bytes[event->cache] -= event->bytes;
	run->asked_bytes -= event->bytes;
	run->nr_objs--;
	run->result->nr_frees++;
	return NULL;
}

static struct kt_err *check(struct run *run, struct kt_sim_event *event)
{
	run->nr_events++;
	if (event->cpu >= run->stream->machine.nr_cpus)
		return bad(run, "is on a CPU that the header does not have");
	switch ((enum kt_sim_kind)event->kind) {
	case KT_SIM_OLD:
	case KT_SIM_ALLOC: return check_alloc(run, event);
	case KT_SIM_FREE: return check_free(run, event);
	case KT_SIM_REAP: return NULL;
	case KT_SIM_MARK:
		if (event->object >= run->stream->nr_phases)
			return bad(run, "ends a phase that the header does not have");
		return NULL;
	case KT_SIM_NR_KINDS: break;
	}
	return bad(run, "is of an unknown kind");
}

/* An object of the start: where its slab means nothing, it is allocated. */
static bool put_old(const struct run *run, const struct kt_sim_allocator *allocator,
	struct kt_sim_model *model, const struct kt_sim_event *event)
{
	struct kt_sim_event alloc = *event;

	if (allocator->old)
		return allocator->old(model, event);
	alloc.kind = KT_SIM_ALLOC;
	alloc.bytes = run->stream->caches[event->cache].bytes;
	return allocator->alloc(model, &alloc);
}

/* An event of the drawn cache, which the first allocator has replayed. */
static bool follow(const struct run *run, const struct kt_sim_event *event)
{
	return event->kind == KT_SIM_REAP || event->cache != run->drawn ||
	       kt_sim_slots_follow(run->slots, event);
}

static bool replay(
	const struct run *run, size_t number, const struct kt_sim_event *events, size_t count)
{
	const bool drawn = run->slots && number == 0;
	const struct kt_sim_allocator *allocator = run->allocators[number];
	struct kt_sim_model *model = run->models[number];

	for (size_t i = 0; i < count; i++) {
		if (run->buddies[number])
			kt_sim_buddy_set_cpu(run->buddies[number], events[i].cpu);
		if (events[i].kind == KT_SIM_ALLOC) {
			if (!allocator->alloc(model, &events[i]))
				return false;
		} else if (events[i].kind == KT_SIM_FREE) {
			if (!allocator->free(model, &events[i]))
				return false;
		} else if (events[i].kind == KT_SIM_OLD) {
			if (!put_old(run, allocator, model, &events[i]))
				return false;
		} else if (events[i].kind == KT_SIM_REAP && allocator->reap) {
			allocator->reap(model);
		}
		if (drawn && !follow(run, &events[i]))
			return false;
	}
	return true;
}

/* ---- figures ---- */

static uint64_t *copy(struct run *run, const uint64_t *numbers)
{
	uint64_t *copied = kt_arena_alloc(run->arena, run->stream->nr_caches * sizeof(*copied));

	for (size_t i = 0; copied && i < run->stream->nr_caches; i++)
		copied[i] = numbers[i];
	return copied;
}

static void measure(struct run *run, size_t number, struct kt_sim_figures *ret)
{
	const struct kt_sim_allocator *allocator = run->allocators[number];
	uint64_t *pages = kt_arena_alloc(run->arena, run->stream->nr_caches * sizeof(*pages));
	struct kt_sim_held held = { 0 };

	if (!pages)
		return;
	allocator->measure(run->models[number], &held, pages);
	ret->pages = held.pages;
	ret->held_bytes = held.pages * run->stream->machine.page_bytes + held.table_bytes;
	ret->cache_pages = allocator->by_cache ? pages : NULL;
	run->result->held[number] = held;
}

/* Notes what more is wanted, at the end of the wanted phase. False when out of memory. */
static bool look(struct run *run, const char *phase)
{
	const char *wanted = run->wants->phase;

	if (wanted && (run->result->looked || strcmp(phase ? phase : KT_SIM_LAST_END, wanted) != 0))
		return true;
	run->result->looked = true;
	for (size_t i = 0; i < run->nr_allocators; i++) {
		if (run->buddies[i])
			kt_sim_buddy_measure(run->buddies[i], &run->result->blocks[i]);
	}
	run->result->drawing.slabs.count = 0;
	return !run->slots || kt_sim_slots_draw(run->slots, run->arena, &run->result->drawing);
}

static struct kt_err *end_phase(struct run *run, const char *phase)
{
	struct kt_sim_end *end;

	if (run->result->ends.count >= KT_SIM_PHASES_MAX)
		return bad(run, "is the end of too many phases");
	end = kt_list_push(run->arena, &run->result->ends);
	if (!end)
		return no_memory();
	*end = (struct kt_sim_end){ .phase = phase,
		.nr_objs = run->nr_objs,
		.asked_bytes = run->asked_bytes,
		.cache_objs = copy(run, run->cache_objs),
		.cache_bytes = copy(run, run->cache_bytes) };
	end->figures = kt_arena_alloc(run->arena, run->nr_allocators * sizeof(*end->figures));
	for (size_t i = 0; end->figures && i < run->nr_allocators; i++)
		measure(run, i, &end->figures[i]);
	run->moved = false;
	return !look(run, phase) || run->arena->failed ? no_memory() : NULL;
}

/* ---- the run ---- */

/* Replays events up to the end of a phase or of the batch. */
static struct kt_err *run_part(struct run *run, struct kt_sim_event *events, size_t count)
{
	for (size_t i = 0; i < run->nr_allocators; i++) {
		if (!replay(run, i, events, count))
			return no_memory();
	}
	run->moved |= count > 0;
	return NULL;
}

static struct kt_err *run_batch(struct run *run, struct kt_sim_event *events, size_t count)
{
	size_t from = 0;

	for (size_t i = 0; i < count; i++) {
		struct kt_err *err = check(run, &events[i]);

		if (err)
			return err;
		if (events[i].kind != KT_SIM_MARK)
			continue;
		err = run_part(run, events + from, i - from);
		if (!err)
			err = end_phase(run, run->stream->phases[events[i].object]);
		if (err)
			return err;
		from = i + 1;
	}
	return run_part(run, events + from, count - from);
}

static struct kt_err *run_all(struct run *run)
{
	struct kt_sim_event *events = kt_arena_alloc(run->arena, BATCH * sizeof(*events));
	struct kt_err *err = NULL;
	size_t count = 0;

	if (!events)
		return no_memory();
	do {
		err = run->stream->read(run->stream->arg, events, BATCH, &count);
		if (!err)
			err = run_batch(run, events, count);
	} while (!err && count);
	if (err)
		return err;
	return run->moved || !run->result->ends.count ? end_phase(run, NULL) : NULL;
}

static struct kt_err *check_header(const struct kt_sim_stream *stream, size_t nr_allocators)
{
	const struct kt_sim_machine *machine = &stream->machine;

	if (machine->page_bytes < 4096 || machine->page_bytes > 65536 ||
		(machine->page_bytes & (machine->page_bytes - 1)))
		return kt_err_new(
			KT_ERR_PARSE, "the size of a page is no power of two from 4 to 64 KiB");
	if (machine->word_bytes != 4 && machine->word_bytes != 8)
		return kt_err_new(KT_ERR_PARSE, "a pointer has neither 4 nor 8 bytes");
	if (!machine->nr_cpus || machine->nr_cpus > KT_SIM_CPUS_MAX)
		return kt_err_new(
			KT_ERR_PARSE, "the number of CPUs is not from 1 to %u", KT_SIM_CPUS_MAX);
	if (!stream->nr_caches || stream->nr_caches > KT_SIM_CACHES_MAX)
		return kt_err_new(KT_ERR_PARSE, "the number of caches is not from 1 to %u",
			KT_SIM_CACHES_MAX);
	if (stream->nr_caches * machine->nr_cpus > KT_SIM_LISTS_MAX)
		return kt_err_new(KT_ERR_LIMIT,
			"%zu caches and %u CPUs are more than ktally simulates", stream->nr_caches,
			machine->nr_cpus);
	if (!nr_allocators || nr_allocators > KT_SIM_ALLOCATORS_MAX)
		return kt_err_new(
			KT_ERR_USAGE, "give from 1 to %u allocators", KT_SIM_ALLOCATORS_MAX);
	return NULL;
}

/* Opens a model, above a page allocator if one is wanted. False when out of memory. */
static bool open_model(struct run *run, size_t number)
{
	const struct kt_sim_allocator *allocator = run->allocators[number];
	struct kt_sim_stream stream = *run->stream;

	stream.buddy = NULL;
	if (run->wants->buddy && allocator->by_blocks) {
		stream.buddy = kt_sim_buddy_new(stream.machine.page_bytes, stream.machine.nr_cpus);
		if (!stream.buddy)
			return false;
		run->buddies[number] = stream.buddy;
	}
	run->models[number] = allocator->open(&stream);
	return run->models[number];
}

/* Begins to follow the objects of the drawn cache. */
static struct kt_err *open_slots(struct run *run)
{
	const struct kt_sim_stream *stream = run->stream;
	const struct kt_sim_allocator *allocator = run->allocators[0];
	struct kt_slab_drawing *drawing = &run->result->drawing;
	struct kt_sim_slab_form form;
	uint32_t cache = 0;

	if (!run->wants->drawn)
		return NULL;
	while (cache < stream->nr_caches &&
		strcmp(stream->caches[cache].name, run->wants->drawn) != 0)
		cache++;
	if (cache == stream->nr_caches)
		return kt_err_new(
			KT_ERR_USAGE, "the input has no cache '%.64s'", run->wants->drawn);
	if (!allocator->form)
		return kt_err_new(KT_ERR_USAGE, "%s has no slabs to draw", allocator->name);
	if (!allocator->form(run->models[0], cache, &form))
		return kt_err_new(KT_ERR_USAGE, "objects of '%.64s' have many sizes in %s",
			run->wants->drawn, allocator->name);
	*drawing = (struct kt_slab_drawing){ .slot_bytes = form.slot_bytes,
		.object_bytes = stream->caches[cache].bytes,
		.objs_per_slab = form.objs_per_slab,
		.pages_per_slab = form.pages_per_slab,
		.page_bytes = stream->machine.page_bytes };
	run->drawn = cache;
	run->slots = kt_sim_slots_new(allocator, run->models[0], cache, run->wants->shuffled);
	return run->slots ? NULL : no_memory();
}

struct kt_err *kt_simulate(struct kt_arena *arena, const struct kt_sim_stream *stream,
	const struct kt_sim_allocator *const *allocators, size_t nr_allocators,
	const struct kt_sim_wants *wants, struct kt_sim_result *ret)
{
	static const struct kt_sim_wants nothing = { 0 };
	struct run run = { .arena = arena,
		.stream = stream,
		.allocators = allocators,
		.nr_allocators = nr_allocators,
		.wants = wants ? wants : &nothing,
		.result = ret };
	struct kt_err *err = check_header(stream, nr_allocators);
	size_t opened = 0;

	*ret = (struct kt_sim_result){ 0 };
	if (err)
		return err;
	run.cache_objs = kt_arena_alloc(arena, stream->nr_caches * sizeof(*run.cache_objs));
	run.cache_bytes = kt_arena_alloc(arena, stream->nr_caches * sizeof(*run.cache_bytes));
	while (opened < nr_allocators && open_model(&run, opened))
		opened++;
	if (opened == nr_allocators && run.cache_objs && run.cache_bytes)
		err = open_slots(&run);
	else
		err = no_memory();
	if (!err)
		err = run_all(&run);
	kt_sim_slots_free(run.slots);
	for (size_t i = 0; i < nr_allocators; i++) {
		allocators[i]->close(run.models[i]);
		kt_sim_buddy_free(run.buddies[i]);
	}
	free(run.objects);
	return err;
}

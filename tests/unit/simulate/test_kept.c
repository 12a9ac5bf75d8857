// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files of events: what the writer makes of addresses is what the models get.

#include "test.h"

#include "base/buf.h"
#include "events/writer.h"
#include "simulate/kept.h"
#include "simulate/simulate.h"

#include "base/attr.h"

#include <string.h>

static struct kt_err *add(void *arg, const char *data, size_t size)
{
	kt_buf_add(arg, data, size);
	return NULL;
}

static bool read_at(void *arg, uint64_t at, void *to, size_t size)
{
	const struct kt_buf *file = arg;

	if (at > file->size || size > file->size - at)
		return false;
	memcpy(to, file->data + at, size);
	return true;
}

static const struct kt_events_cache four = { .name = "four",
	.object_bytes = 1000,
	.slot_bytes = 1024,
	.pages_per_slab = 1,
	.objs_per_slab = 4,
	.min_partial = 1,
	.cpu_partial_objs = 8,
	.cpu_partial_slabs = 2,
	.sheaf_capacity = KT_EVENTS_UNKNOWN };

static struct kt_events_writer *begin(struct kt_buf *file, uint32_t flags)
{
	struct kt_events_writer *writer = kt_events_writer_new(add, file);

	kt_events_begin(writer, &(struct kt_events_head){ .page_bytes = 4096,
					.word_bytes = 8,
					.nr_cpus = 2,
					.nr_nodes = 1,
					.flags = flags,
					.one_in = 1,
					.release = "6.12.0" });
	kt_events_add_cache(writer, &four);
	return writer;
}

static void finish(struct kt_events_writer *writer)
{
	struct kt_events_end end = { .nr_lost = 7 };

	kt_events_finish(writer, &end, "the time", "");
	CHECK(!kt_events_err(writer));
	kt_events_writer_free(writer);
}

/* An object of the slab at a page. */
static struct kt_events_event at(uint64_t page, uint64_t object, uint32_t cpu)
{
	return (struct kt_events_event){ .address = page * 4096 + object * 1024, .cpu = cpu };
}

static uint64_t pages_at_end(struct kt_sim_kept *kept, const char *name,
	struct kt_sim_result *ret_result, struct kt_arena *arena)
{
	const struct kt_sim_allocator *allocator = kt_sim_allocator_find(name);
	struct kt_sim_stream stream = kt_sim_kept_stream(kept);
	const struct kt_sim_end *end;

	CHECK(!kt_simulate(arena, &stream, &allocator, 1, NULL, ret_result));
	if (!ret_result->ends.count)
		return 0;
	end = &ret_result->ends.items[ret_result->ends.count - 1];
	return end->figures[0].pages;
}

/*
 * At the start CPU 0 allocates from page 10, where one object is in use and three are ready; page
 * 20 is full; page 30 is on the list with one object in use.
 */
static void write_start(struct kt_events_writer *writer)
{
	kt_events_add_slab(
		writer, &(struct kt_events_slab){ 10, 0, 4, 0, 3, KT_EVENTS_CPU_SLAB, 0 });
	kt_events_add_slab(writer, &(struct kt_events_slab){ 30, 0, 4, 3, 0, KT_EVENTS_NODE, 0 });
	kt_events_add_slab(writer, &(struct kt_events_slab){ 20, 0, 4, 0, 0, KT_EVENTS_FULL, 0 });
}

TEST(a_model_begins_with_the_slabs_of_the_start)
{
	struct kt_buf file = { 0 };
	struct kt_events_writer *writer = begin(&file, KT_EVENTS_START);
	struct kt_arena arena = { 0 };
	struct kt_sim_kept *kept;
	struct kt_sim_result result;

	write_start(writer);
	kt_events_mark(writer, "start", 0, &(uint32_t){ 3 }, 1);
	/* three that are ready, then the list's slab: no page is new */
	for (unsigned i = 1; i < 4; i++)
		kt_events_alloc(
			writer, &(struct kt_events_event){ .address = 10 * 4096 + i * 1024 });
	for (unsigned i = 1; i < 4; i++)
		kt_events_alloc(
			writer, &(struct kt_events_event){ .address = 30 * 4096 + i * 1024 });
	kt_events_mark(writer, "filled", 5, &(uint32_t){ 3 }, 1);
	/* a fourth page; then the objects of the one at page 20, which is then empty */
	kt_events_alloc(writer, &(struct kt_events_event){ .address = 40 * 4096, .bytes = 900 });
	for (unsigned i = 0; i < 4; i++)
		kt_events_free(writer, &(struct kt_events_event){ .address = 20 * 4096 + i * 1024 },
			false);
	kt_events_mark(writer, "end", 9, &(uint32_t){ 4 }, 1);
	finish(writer);

	CHECK(!kt_sim_kept_open(read_at, &file, file.size, &kept));
	CHECK_INT(kt_sim_kept_facts(kept)->old_objs, 6);
	CHECK_INT(kt_sim_kept_facts(kept)->end.nr_events, 11);
	CHECK_INT(kt_sim_kept_facts(kept)->end.nr_lost, 7);
	CHECK_INT(kt_sim_kept_real(kept, 2)[0], 4);
	/* a CPU keeps an empty slab on its list of partial ones */
	CHECK_INT(pages_at_end(kept, "slub", &result, &arena), 4);
	CHECK_INT(result.ends.count, 3);
	CHECK_INT(result.ends.items[0].figures[0].pages, 3);
	CHECK_INT(result.ends.items[1].figures[0].pages, 3);
	CHECK_INT(result.ends.items[1].nr_objs, 12);
	CHECK_INT(result.ends.items[2].nr_objs, 9);
	CHECK_INT(result.ends.items[2].asked_bytes, 8 * 1000 + 900);
	kt_sim_kept_free(kept);
	kt_arena_fini(&arena);
	kt_buf_cleanup(&file);
}

TEST(an_object_that_waits_for_a_grace_period_is_freed_once)
{
	static const uint32_t flags[] = { KT_EVENTS_START, KT_EVENTS_START | KT_EVENTS_SHEAVES };

	for (size_t i = 0; i < KT_LEN(flags); i++) {
		struct kt_buf file = { 0 };
		struct kt_events_writer *writer = begin(&file, flags[i]);
		struct kt_arena arena = { 0 };
		struct kt_events_event object = at(50, 0, 0), old = at(20, 1, 1);
		struct kt_sim_result result;
		struct kt_sim_kept *kept;

		write_start(writer);
		kt_events_alloc(writer, &object);
		kt_events_free(writer, &object, true);
		kt_events_free(writer, &old, true);
		kt_events_mark(writer, "later", 0, NULL, 0);
		kt_events_free(writer, &object, false);
		kt_events_free(writer, &old, false);
		kt_events_alloc(writer, &object);
		finish(writer);
		CHECK(!kt_sim_kept_open(read_at, &file, file.size, &kept));
		pages_at_end(kept, "slub", &result, &arena);
		/* where CPUs have sheaves, the allocator has the object at once */
		CHECK_INT(result.ends.items[0].nr_objs, i ? 5 : 7);
		CHECK_INT(result.ends.items[1].nr_objs, 6);
		CHECK_INT(kt_sim_kept_facts(kept)->end.nr_again, 0);
		kt_sim_kept_free(kept);
		kt_arena_fini(&arena);
		kt_buf_cleanup(&file);
	}
}

TEST(frees_and_allocations_that_were_not_seen_are_counted)
{
	struct kt_buf file = { 0 };
	struct kt_events_writer *writer = begin(&file, KT_EVENTS_START);
	struct kt_events_event object = at(50, 0, 0), unknown = at(60, 0, 0);
	struct kt_sim_kept *kept;

	kt_events_alloc(writer, &object);
	kt_events_alloc(writer, &object);
	kt_events_free(writer, &unknown, false);
	/* what a program shows twice is one free */
	kt_events_free(writer, &object, false);
	kt_events_free(writer, &object, false);
	finish(writer);
	CHECK(!kt_sim_kept_open(read_at, &file, file.size, &kept));
	CHECK_INT(kt_sim_kept_facts(kept)->end.nr_again, 1);
	CHECK_INT(kt_sim_kept_facts(kept)->end.nr_unknown, 1);
	CHECK_INT(kt_sim_kept_facts(kept)->end.nr_events, 4);
	kt_sim_kept_free(kept);
	kt_buf_cleanup(&file);
}

/* Sheaves of the start: what is in them is not in use, and is what a CPU takes first. */
TEST(sheaves_of_the_start_are_filled)
{
	static const struct kt_events_cache sheafy = { .name = "sheafy",
		.object_bytes = 1000,
		.slot_bytes = 1024,
		.pages_per_slab = 1,
		.objs_per_slab = 4,
		.min_partial = 0,
		.cpu_partial_objs = KT_EVENTS_UNKNOWN,
		.cpu_partial_slabs = KT_EVENTS_UNKNOWN,
		.sheaf_capacity = 2 };
	struct kt_buf file = { 0 };
	struct kt_events_writer *writer = begin(&file, KT_EVENTS_START | KT_EVENTS_SHEAVES);
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	struct kt_sim_kept *kept;

	kt_events_add_cache(writer, &sheafy);
	kt_events_add_slab(writer, &(struct kt_events_slab){ 10, 1, 4, 0, 0, KT_EVENTS_FULL, 0 });
	for (uint32_t i = 0; i < 2; i++)
		kt_events_add_sheaf(writer, &(struct kt_events_sheaf){ 1, 0, KT_EVENTS_MAIN, 1 });
	kt_events_add_sheaf(writer, &(struct kt_events_sheaf){ 1, 0, KT_EVENTS_BARN, 0 });
	/* a slab that was empty when it was read, and one of its objects in a sheaf by then */
	kt_events_add_slab(writer, &(struct kt_events_slab){ 20, 1, 4, 4, 0, KT_EVENTS_NODE, 0 });
	CHECK(!kt_events_add_sheaf(writer, &(struct kt_events_sheaf){ 1, 1, KT_EVENTS_BARN, 0 }));
	for (unsigned i = 0; i < 3; i++)
		kt_events_alloc(
			writer, &(struct kt_events_event){
					.address = 10 * 4096 + i * 1024, .cpu = 1, .cache = 1 });
	finish(writer);
	CHECK(!kt_sim_kept_open(read_at, &file, file.size, &kept));
	CHECK_INT(kt_sim_kept_facts(kept)->old_objs, 1);
	CHECK_INT(pages_at_end(kept, "sheaves", &result, &arena), 2);
	kt_sim_kept_free(kept);
	kt_arena_fini(&arena);
	kt_buf_cleanup(&file);
}

/*
 * Models of SLUB count objects without a slab in pages. An object of the start has a slab, however
 * large it is, so that its free takes no such pages back.
 */
TEST(large_objects_of_the_start_have_slabs)
{
	static const struct kt_events_cache large = { .name = "large",
		.object_bytes = 16384,
		.slot_bytes = 16384,
		.pages_per_slab = 8,
		.objs_per_slab = 2,
		.min_partial = 1,
		.cpu_partial_objs = 0,
		.cpu_partial_slabs = 0,
		.sheaf_capacity = KT_EVENTS_UNKNOWN };
	static const char *const models[] = { "slub", "sheaves" };
	struct kt_buf file = { 0 };
	struct kt_events_writer *writer = begin(&file, KT_EVENTS_START);

	kt_events_add_cache(writer, &large);
	kt_events_add_slab(writer, &(struct kt_events_slab){ 64, 1, 2, 0, 0, KT_EVENTS_FULL, 0 });
	for (uint64_t i = 0; i < 2; i++)
		kt_events_free(writer,
			&(struct kt_events_event){
				.address = 64ull * 4096 + i * 16384, .cache = 1 },
			false);
	finish(writer);
	for (size_t i = 0; i < KT_LEN(models); i++) {
		struct kt_arena arena = { 0 };
		struct kt_sim_result result;
		struct kt_sim_kept *kept;

		CHECK(!kt_sim_kept_open(read_at, &file, file.size, &kept));
		CHECK_INT(kt_sim_kept_facts(kept)->old_objs, 2);
		CHECK(pages_at_end(kept, models[i], &result, &arena) <= 8);
		CHECK_INT(result.nr_frees, 2);
		kt_sim_kept_free(kept);
		kt_arena_fini(&arena);
	}
	kt_buf_cleanup(&file);
}

TEST(a_cache_needs_the_number_of_objects_in_its_slabs)
{
	static const uint32_t wrong[] = { 0, KT_EVENTS_UNKNOWN };

	for (size_t i = 0; i < KT_LEN(wrong); i++) {
		struct kt_buf file = { 0 };
		struct kt_events_writer *writer = begin(&file, 0);
		struct kt_events_cache cache = four;
		struct kt_sim_kept *kept;
		struct kt_err *err;

		cache.objs_per_slab = wrong[i];
		kt_events_add_cache(writer, &cache);
		finish(writer);
		err = kt_sim_kept_open(read_at, &file, file.size, &kept);
		CHECK(err && strstr(kt_err_text(err), "numbers that cannot be"));
		kt_err_free(err);
		kt_sim_kept_free(kept);
		kt_buf_cleanup(&file);
	}
}

TEST(damage_is_noticed)
{
	struct kt_buf file = { 0 };
	struct kt_events_writer *writer = begin(&file, KT_EVENTS_START);
	struct kt_events_event object = at(50, 0, 0);

	write_start(writer);
	kt_events_alloc(writer, &object);
	finish(writer);
	for (size_t i = 0; i < file.size; i++) {
		struct kt_arena arena = { 0 };
		const struct kt_sim_allocator *slub = kt_sim_allocator_find("slub");
		struct kt_sim_kept *kept;
		struct kt_sim_result result;
		struct kt_err *err;

		err = kt_sim_kept_open(read_at, &file, i, &kept);
		CHECK(err);
		kt_err_free(err);
		kt_sim_kept_free(kept);
		if (i < sizeof(KT_EVENTS_MAGIC) - 1)
			continue;
		file.data[i] ^= 0x10;
		err = kt_sim_kept_open(read_at, &file, file.size, &kept);
		if (!err) {
			struct kt_sim_stream stream = kt_sim_kept_stream(kept);

			err = kt_simulate(&arena, &stream, &slub, 1, NULL, &result);
		}
		/* the kind of a block is in no sum: an unknown kind is of a later version */
		kt_err_free(err);
		file.data[i] ^= 0x10;
		kt_sim_kept_free(kept);
		kt_arena_fini(&arena);
	}
	kt_buf_cleanup(&file);
}

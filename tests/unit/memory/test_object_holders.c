// SPDX-License-Identifier: GPL-2.0-or-later
//
// What points to objects that have no name themselves, in memory that was made by hand.

#include "objects_bytes.h"
#include "test.h"

#define SLOTS (4096 / OBJECT_BYTES)
#define USED  (SLOTS - 4) /* a free one shows where the map of all memory is */

struct held_bytes {
	struct objects_bytes objects;
	uint64_t cache, slab; /* kmalloc-64 and its first object */
};

/* A slab of kmalloc-64, with zeros. */
static void held_init(struct held_bytes *held)
{
	objects_init(&held->objects, objects_types);
	kt_symbol_table_fini(&held->objects.symbols);
	kt_symbol_table_take(&held->objects.symbols, KT_SPAN("ffffffff81000000 T _stext\n"
							     "ffffffff81001000 T one_read\n"
							     "ffffffff81011000 d one_list\n"
							     "ffffffff81012000 d other_list\n"
							     "ffffffff81013000 d end\n"));
	if (kt_symbol_table_end(&held->objects.symbols))
		abort();
	held->cache = slub_cache(
		&held->objects.files.slub, "kmalloc-64", OBJECT_BYTES, OBJECT_BYTES, SLOTS);
	held->slab = files_slab(&held->objects.files, held->cache, OBJECT_BYTES, USED);
}

static uint64_t object_at(const struct held_bytes *held, unsigned i)
{
	return held->slab + (uint64_t)i * OBJECT_BYTES;
}

static void point(struct held_bytes *held, uint64_t at, uint64_t to)
{
	slub_set64(&held->objects.files.slub, at, to);
}

static void data_points(struct held_bytes *held, uint64_t at, uint64_t to)
{
	memcpy(held->objects.files.data + (at - FILES_DATA), &to, sizeof(to));
}

/* A list through a word of objects; ends with 0. */
static void chain(struct held_bytes *held, unsigned first, unsigned end, unsigned word)
{
	for (unsigned i = first; i + 1 < end; i++)
		point(held, object_at(held, i) + word, object_at(held, i + 1));
}

static void check_held(const struct held_bytes *held, const char *name, int64_t nr_objs)
{
	const struct kt_snapshot *snap = held->objects.snap;
	int64_t found = 0;

	for (size_t i = 0; i < snap->object_holders.count; i++) {
		const struct kt_object_holder *holder = &snap->object_holders.items[i];

		if (name ? holder->is_known && holder->name && strcmp(holder->name, name) == 0
			 : !holder->is_known)
			found += holder->nr_objs;
	}
	CHECK_INT(found, nr_objs);
}

TEST(a_list_is_held_by_the_variable_that_points_to_its_first_object)
{
	struct held_bytes held;

	held_init(&held);
	chain(&held, 0, 40, 0);
	data_points(&held, 0xffffffff81011010ull, object_at(&held, 0));
	/* left pointers to the middle do not give the rest of the list a name */
	data_points(&held, 0xffffffff81012000ull, object_at(&held, 20));
	data_points(&held, 0xffffffff81012008ull, object_at(&held, 30));
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, "one_list", 40);
	check_held(&held, "other_list", 0);
	check_held(&held, NULL, USED - 40);
	objects_fini(&held.objects);
}

TEST(a_ring_is_held_by_what_points_into_it_and_a_ring_that_nothing_holds_ends)
{
	struct held_bytes held;

	held_init(&held);
	chain(&held, 0, 20, 8);
	point(&held, object_at(&held, 19) + 8, object_at(&held, 0));
	chain(&held, 20, 30, 8);
	point(&held, object_at(&held, 29) + 8, object_at(&held, 20));
	data_points(&held, 0xffffffff81012000ull, object_at(&held, 7));
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, "other_list", 20);
	check_held(&held, NULL, USED - 20);
	objects_fini(&held.objects);
}

TEST(objects_are_held_through_objects_of_other_caches)
{
	struct held_bytes held;
	uint64_t middle, tasks, nameless;

	held_init(&held);
	middle = objects_cache(&held.objects, "kmalloc-128", 128, 4);
	tasks = objects_cache(&held.objects, "task_struct_like", 128, 4);
	nameless = objects_cache(&held.objects, "kmalloc-256", 256, 4);
	/* a variable -> an object without a name -> a list */
	data_points(&held, 0xffffffff81011000ull, middle);
	point(&held, middle + 32, object_at(&held, 0));
	chain(&held, 0, 10, 0);
	/* a cache with one purpose */
	point(&held, tasks + 8, object_at(&held, 20));
	/* an object that has a name by what it points to */
	point(&held, middle + 128, TEXT_FIRST + 0x1000);
	point(&held, middle + 128 + 16, object_at(&held, 30));
	/* an object that nothing holds */
	point(&held, nameless + 8, object_at(&held, 40));
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, "one_list", 10);
	check_held(&held, "task_struct_like", 1);
	check_held(&held, "kmalloc-128: one_read", 1);
	check_held(&held, "kmalloc-256: objects without a name", 1);
	check_held(&held, NULL, USED - 13);
	objects_fini(&held.objects);
}

TEST(objects_are_held_by_pages)
{
	struct held_bytes held;
	uint64_t object;

	held_init(&held);
	object = object_at(&held, 5);
	/* a word of the struct page of a page that is no slab */
	memcpy(held.objects.files.map + (size_t)(FILES_FIRST + 100) * PAGE_BYTES + 40, &object,
		sizeof(object));
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, "struct page", 1);
	check_held(&held, NULL, USED - 1);
	objects_fini(&held.objects);
}

/* struct list_head at the same place of each object, and its head in another one. */
TEST(lists_that_lead_into_objects_are_followed)
{
	struct held_bytes held;
	uint64_t head;

	held_init(&held);
	head = objects_cache(&held.objects, "queue", 128, 1);
	slub_list(&held.objects.files.slub, head + 16);
	for (unsigned i = 0; i < 16; i++)
		slub_link(&held.objects.files.slub, head + 16, object_at(&held, i) + 24);
	/* inside of an object, where no list is */
	data_points(&held, 0xffffffff81012000ull, object_at(&held, 50) + 40);
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, "queue", 16);
	check_held(&held, "other_list", 1);
	check_held(&held, NULL, USED - 17);
	objects_fini(&held.objects);
}

TEST(what_points_to_no_object_names_none_and_few_objects_are_not_looked_for)
{
	struct held_bytes held;

	held_init(&held);
	data_points(&held, 0xffffffff81011000ull, held.slab - 8);
	data_points(&held, 0xffffffff81011008ull, held.slab + 4096);
	data_points(&held, 0xffffffff81011010ull, UINT64_MAX);
	/* an object that points to itself, and two to each other */
	point(&held, object_at(&held, 0), object_at(&held, 0));
	point(&held, object_at(&held, 1), object_at(&held, 2));
	point(&held, object_at(&held, 2), object_at(&held, 1));
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	check_held(&held, NULL, USED);
	CHECK_INT(held.objects.snap->object_holders.count, 1);
	held.objects.snap->object_holders.count = 0;
	for (unsigned i = 0; i < USED - 1; i++)
		point(&held, object_at(&held, i) + 8, TEXT_FIRST + 0x1000);
	held.objects.snap->object_groups.count = 0;
	CHECK(!objects_walk(&held.objects, "kmalloc-64"));
	CHECK_INT(held.objects.snap->object_holders.count, 0);
	objects_fini(&held.objects);
}

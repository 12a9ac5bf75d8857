// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/modules.h"
#include "feed.h"
#include "test.h"

struct fixture {
	struct kt_snapshot *snap;
	struct kt_arena arena;
	struct kt_modules modules;
};

static void join(
	struct fixture *fixture, const char *modules, const char *areas, const char *allocs)
{
	*fixture = (struct fixture){ .snap = machine(4096) };
	if (modules)
		FEED(fixture->snap, modules, "proc/modules", modules);
	if (areas)
		FEED(fixture->snap, vmallocinfo, "proc/vmallocinfo", areas);
	if (allocs)
		FEED(fixture->snap, allocinfo, "proc/allocinfo", allocs);
	kt_modules_join(&fixture->arena, fixture->snap, &fixture->modules);
}

static void fini(struct fixture *fixture)
{
	kt_arena_fini(&fixture->arena);
	kt_snapshot_free(fixture->snap);
}

static const struct kt_module_use *use_of(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->modules.uses.count; i++) {
		if (strcmp(fixture->modules.uses.items[i].name, name) == 0)
			return &fixture->modules.uses.items[i];
	}
	return NULL;
}

static const char two[] = "a 5000 0 - Live 0x0\nb 8192 0 - Live 0x0\n";
static const char areas[] = "0x1-0x2 8192 f+0x1/0x2 [a] pages=1 vmalloc\n"
			    "0x1-0x2 8192 g+0x1/0x2 [a] pages=2 vmalloc\n"
			    "0x1-0x2 8192 g+0x1/0x2 [a] phys=0x1000 ioremap\n"
			    "0x1-0x2 8192 pin+0x1/0x2 [a] pages=9 vmap\n"
			    "0x1-0x2 8192 load_module+0x1/0x2 pages=4 vmalloc\n";

TEST(a_module_is_its_image_and_the_areas_that_its_code_asked_for)
{
	struct fixture one;

	join(&one, two, areas, NULL);
	CHECK_INT(one.modules.uses.count, 2);
	CHECK_INT(use_of(&one, "a")->image_bytes, 8192);
	CHECK_INT(use_of(&one, "a")->vmalloc_bytes, 3 * 4096);
	CHECK_INT(use_of(&one, "a")->allocated_bytes, -1);
	CHECK_INT(use_of(&one, "a")->bytes, 5 * 4096);
	CHECK_INT(use_of(&one, "b")->vmalloc_bytes, 0);
	CHECK_INT(use_of(&one, "b")->bytes, 8192);
	CHECK_INT(one.modules.image_areas_bytes, 4 * 4096);
	fini(&one);
}

TEST(vmalloc_memory_is_part_of_what_was_allocated)
{
	struct fixture one;

	join(&one, two, areas,
		"allocinfo - version: 1.0\n"
		"100000 1 a.c:1 [a] func:f\n5 1 k.c:1 func:k\n50 1 a.c:2 [a] func:f\n");
	CHECK_INT(use_of(&one, "a")->allocated_bytes, 100050);
	CHECK_INT(use_of(&one, "a")->bytes, 8192 + 100050);
	CHECK_INT(use_of(&one, "b")->allocated_bytes, 0);
	fini(&one);
}

TEST(files_that_were_not_read_say_nothing)
{
	struct fixture one;

	join(&one, two, NULL, NULL);
	CHECK_INT(use_of(&one, "a")->vmalloc_bytes, -1);
	CHECK_INT(use_of(&one, "a")->allocated_bytes, -1);
	CHECK_INT(use_of(&one, "a")->bytes, 8192);
	CHECK_INT(one.modules.image_areas_bytes, -1);
	fini(&one);
}

TEST(a_module_that_only_its_areas_name_has_no_image)
{
	struct fixture one;

	join(&one, NULL, areas, NULL);
	CHECK_INT(one.modules.uses.count, 1);
	CHECK(!use_of(&one, "a")->module);
	CHECK_INT(use_of(&one, "a")->image_bytes, -1);
	CHECK_INT(use_of(&one, "a")->bytes, 3 * 4096);
	fini(&one);
}

TEST(a_name_that_is_there_twice_is_two_modules)
{
	struct fixture one;

	join(&one, "a 4096 0 - Live 0x0\na 8192 0 - Live 0x0\n", areas, NULL);
	CHECK_INT(one.modules.uses.count, 2);
	CHECK_INT(one.modules.uses.items[0].bytes + one.modules.uses.items[1].bytes,
		(1 + 2 + 3) * 4096);
	fini(&one);
}

TEST(amounts_are_capped)
{
	struct fixture one;

	join(&one, two,
		"0x1-0x2 8192 f+0x1/0x2 [a] pages=1099511627776 vmalloc\n"
		"0x1-0x2 8192 g+0x1/0x2 [a] pages=1099511627776 vmalloc\n"
		"0x1-0x2 8192 h+0x1/0x2 [a] pages=1099511627776 vmalloc\n",
		"allocinfo - version: 1.0\n9007199254740992 1 a.c:1 [a] func:f\n");
	CHECK(use_of(&one, "a")->bytes <= KT_AMOUNT_MAX && use_of(&one, "a")->bytes > 0);
	fini(&one);
}

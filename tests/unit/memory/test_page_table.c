// SPDX-License-Identifier: GPL-2.0-or-later
//
// Page tables of each form, made by hand, and damaged ones.

#include "kernel_bytes.h"
#include "random.h"
#include "test.h"

#include "memory/page_table.h"

#define FIRST 0x1000u /* PFN of the first page of memory */
#define PAGES 48u
#define MM    (PAGES - 1) /* page with the kernel's mm_struct */
#define MAP   0xffffea0000000000ull
#define IMAGE 0xfffffff081000000ull /* of the kernel */

struct form {
	unsigned shift, va_bits, levels;
	bool arm;
};

static const struct form forms[] = {
	{ 12, 48, 4, false },
	{ 12, 57, 5, false },
	{ 12, 48, 4, true },
	{ 12, 39, 3, true },
	{ 12, 52, 5, true },
	{ 14, 47, 3, true },
	{ 14, 48, 4, true },
	{ 14, 52, 4, true },
	{ 16, 48, 3, true },
	{ 16, 52, 3, true },
	{ 16, 42, 2, true },
};

struct made {
	struct form form;
	char *memory, *types;
	uint64_t direct;   /* address of PFN 0 */
	uint32_t nr_taken; /* pages that are tables */
	struct kt_target_piece piece;
	struct kt_target *target;
	struct kt_memmap memmap;
	struct kt_pfn_range range;
};

static uint64_t address_of(const struct made *made, uint64_t pfn)
{
	return made->direct + (pfn << made->form.shift);
}

static uint64_t *entry_of(struct made *made, uint64_t table, uint64_t address, unsigned level)
{
	unsigned step = made->form.shift - 3, shift = made->form.shift + level * step;
	uint64_t below = address & ((1ull << made->form.va_bits) - 1);
	char *at = made->memory + ((table - FIRST) << made->form.shift);

	return (uint64_t *)(void *)at + (below >> shift & ((1ull << step) - 1));
}

/* Maps 1, or with `level` the pages of an entry of that level. */
static void map(struct made *made, uint64_t address, uint64_t pfn, unsigned level)
{
	uint64_t table = FIRST, *entry;

	for (unsigned at = made->form.levels - 1; at > level; at--) {
		entry = entry_of(made, table, address, at);
		if (!*entry)
			*entry = (uint64_t)(FIRST + made->nr_taken++) << made->form.shift | 3;
		table = *entry >> made->form.shift;
	}
	entry = entry_of(made, table, address, level);
	*entry = pfn << made->form.shift | (made->form.arm && level ? 1 : 3) |
		 (!made->form.arm && level ? 1 << 7 : 0);
}

static void init(struct made *made, const struct form *form)
{
	struct made_types types = { 0 };
	uint32_t word = made_int(&types, "long", 8);
	const struct made_member pgd[] = { { "pgd", made_pointer(&types, word), 64, 0 } };
	uint64_t root;
	size_t size;

	*made = (struct made){ .form = *form,
		.memory = calloc(PAGES, 1ull << form->shift),
		.direct = ~0ull << (form->va_bits - !form->arm), /* x86-64: the upper half */
		.nr_taken = 1,
		.range = { FIRST, FIRST + PAGES } };
	made_struct(&types, "mm_struct", 64, pgd, 1);
	made_struct(&types, form->arm ? "user_pt_regs" : "x86_hw_tss", 64, pgd, 1);
	made->types = made_file(&types, &size);
	made_fini(&types);
	made->piece = (struct kt_target_piece){ address_of(made, FIRST), made->memory,
		(size_t)PAGES << form->shift };
	if (kt_target_of_bytes(&made->piece, 1, &made->target) ||
		kt_types_init(&made->target->types, (struct kt_span){ made->types, size }, 8))
		abort();
	made->target->page_bytes = 1u << form->shift;
	kt_symbols_add(&made->target->symbols, KT_SPAN("init_mm"), address_of(made, FIRST + MM));
	kt_symbols_add(&made->target->symbols, KT_SPAN("_stext"), IMAGE);
	root = address_of(made, FIRST);
	memcpy(made->memory + ((size_t)MM << form->shift) + 8, &root, sizeof(root));
	made->memmap = (struct kt_memmap){ .target = made->target,
		.ranges = &made->range,
		.nr_ranges = 1,
		.base = MAP,
		.direct = made->direct,
		.has_direct = true };
	for (unsigned i = 0; i < PAGES; i++)
		map(made, address_of(made, FIRST + i), FIRST + i, 0);
	map(made, IMAGE, FIRST + 7, 0);
}

static void fini(struct made *made)
{
	kt_target_close(made->target);
	free(made->memory);
	free(made->types);
}

TEST(a_page_table_of_each_form_is_recognised_and_leads_to_pages)
{
	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct kt_page_table table;
		uint64_t area, large, pfn, pages;
		struct made made;

		init(&made, &forms[i]);
		area = made.direct + (1ull << (forms[i].va_bits - 2));
		large = area + (1ull << (forms[i].shift + forms[i].shift - 3));
		map(&made, area, FIRST + 5, 0);
		map(&made, area + (1ull << forms[i].shift), 0x777777, 0);
		map(&made, large, 1ull << (forms[i].shift - 3), 1);
		CHECK(!kt_page_table_find(&made.memmap, &table));
		CHECK_INT(table.form->va_bits, forms[i].va_bits);
		CHECK(kt_page_table_look(&table, IMAGE, &pfn, &pages));
		CHECK_INT(pfn, FIRST + 7);
		CHECK(kt_page_table_look(&table, area + 123, &pfn, &pages));
		CHECK_INT(pfn, FIRST + 5);
		CHECK_INT(pages, 1);
		CHECK(kt_page_table_look(&table, area + (1ull << forms[i].shift), &pfn, &pages));
		CHECK_INT(pfn, 0x777777);
		CHECK(kt_page_table_look(
			&table, large + (3ull << forms[i].shift) + 1, &pfn, &pages));
		CHECK_INT(pfn, (1ull << (forms[i].shift - 3)) + 3);
		CHECK_INT(pages, 1ull << (forms[i].shift - 3));
		CHECK(!kt_page_table_look(&table, area + (2ull << forms[i].shift), &pfn, &pages));
		CHECK(!kt_page_table_look(&table, 0, &pfn, &pages));
		fini(&made);
	}
}

struct visited {
	const struct kt_page_table *table;
	uint64_t nr_tables, nr_pages, nr_entries, next; /* `next`: the address after the last one */
};

static void take_mapped(void *arg, uint64_t address, uint64_t pfn, uint64_t nr_pages)
{
	struct visited *visited = arg;
	uint64_t found = 0, pages = 0;

	CHECK(address >= visited->next);
	CHECK(kt_page_table_look(visited->table, address, &found, &pages));
	CHECK_INT(found, pfn);
	CHECK_INT(pages, nr_pages);
	visited->next = address + nr_pages * visited->table->memmap->target->page_bytes;
	visited->nr_pages += nr_pages;
	visited->nr_entries++;
}

static void take_table(void *arg, uint64_t pfn)
{
	struct visited *visited = arg;

	CHECK(pfn >= FIRST && pfn < FIRST + MM);
	visited->nr_tables++;
}

TEST(a_walk_over_the_table_meets_each_page_and_each_table_once)
{
	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct kt_page_table table;
		struct visited visited = { .table = &table };
		const struct kt_page_table_visit visit = {
			.mapped = take_mapped, .table = take_table, .arg = &visited
		};
		uint64_t area, below, nr_large = 1ull << (forms[i].shift - 3);
		struct made made;

		init(&made, &forms[i]);
		area = made.direct + (1ull << (forms[i].va_bits - 2));
		map(&made, area, FIRST + 5, 0);
		map(&made, area + (1ull << (forms[i].shift + forms[i].shift - 3)), nr_large, 1);
		/* what processes have is left out */
		if (!forms[i].arm)
			map(&made, 0x1000, FIRST + 6, 0);
		CHECK(!kt_page_table_find(&made.memmap, &table));
		CHECK(!kt_page_table_each(&table, &visit));
		CHECK_INT(visited.nr_entries, PAGES + 3);
		CHECK_INT(visited.nr_pages, PAGES + 2 + nr_large);
		/* the tables of the lower half are one of each level below the root */
		CHECK_INT(visited.nr_tables,
			made.nr_taken - (forms[i].arm ? 0 : forms[i].levels - 1));
		CHECK(kt_page_table_below(&table, 5ull << forms[i].shift | 3, &below));
		CHECK_INT(below, 5);
		CHECK(!kt_page_table_below(&table, 5ull << forms[i].shift | 2, &below));
		CHECK(!kt_page_table_below(
			&table, 5ull << forms[i].shift | (forms[i].arm ? 1 : 0x83), &below));
		fini(&made);
	}
}

TEST(a_table_that_leads_to_itself_ends_the_walk)
{
	struct kt_page_table table;
	struct visited visited = { .table = &table };
	const struct kt_page_table_visit visit = {
		.mapped = take_mapped, .table = take_table, .arg = &visited
	};
	struct kt_err *err;
	struct made made;

	init(&made, &forms[0]);
	CHECK(!kt_page_table_find(&made.memmap, &table));
	/* each entry of the highest table, as a table of each lower level */
	for (unsigned i = 256; i < 512; i++)
		*entry_of(&made, FIRST, (uint64_t)i << 39, 3) = (uint64_t)FIRST << 12 | 3;
	visited.next = 0;
	made.target->nr_reads = 0;
	err = kt_page_table_each(&table, &visit);
	CHECK(err && kt_err_code(err) == KT_ERR_LIMIT);
	CHECK(visited.nr_tables <= PAGES);
	CHECK(made.target->nr_reads < 1000000);
	kt_err_free(err);
	fini(&made);
}

TEST(a_table_that_leads_elsewhere_is_none)
{
	struct kt_page_table table;
	struct made made;
	struct kt_err *err;

	init(&made, &forms[0]);
	map(&made, address_of(&made, FIRST + PAGES / 2), FIRST + 1, 0);
	err = kt_page_table_find(&made.memmap, &table);
	CHECK(err != NULL);
	kt_err_free(err);
	fini(&made);
}

TEST(a_damaged_page_table_ends_the_walk)
{
	for (size_t i = 0; i < KT_LEN(forms); i++) {
		struct made made;
		size_t bytes;
		char *whole;

		init(&made, &forms[i]);
		bytes = (size_t)made.nr_taken << forms[i].shift;
		whole = malloc(bytes);
		memcpy(whole, made.memory, bytes);
		for (unsigned round = 0; round < 10000 / KT_LEN(forms); round++) {
			struct kt_page_table table;
			uint64_t pfn, pages;

			for (unsigned k = 0; k < 32; k++)
				made.memory[dice(bytes)] ^= (char)(1 << dice(8));
			*entry_of(&made, FIRST, made.direct, forms[i].levels - 1) ^=
				dice(2) ? dice(UINT64_MAX) : 0;
			made.target->nr_reads = 0;
			kt_err_free(kt_page_table_find(&made.memmap, &table));
			if (table.form)
				kt_page_table_look(
					&table, made.direct + dice(1ull << 38), &pfn, &pages);
			CHECK(made.target->nr_reads < 100);
			memcpy(made.memory, whole, bytes);
		}
		free(whole);
		fini(&made);
	}
}

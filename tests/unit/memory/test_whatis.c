// SPDX-License-Identifier: GPL-2.0-or-later
//
// Addresses looked up in memory that was made by hand, and in damaged memory.

#include "files_bytes.h"
#include "random.h"
#include "test.h"

#include "memory/whatis.h"

#define CODE 0xffffffff81000000ull

static struct kt_err *ask(struct files_bytes *files, const uint64_t *addresses, size_t count,
	struct kt_snapshot *snap)
{
	const struct kt_slub_opts opts = { .nr_node_ids = 1 };
	const struct kt_page_sample sample = { .address = FILES_MAP };
	const struct kt_pfn_range range = { FILES_FIRST, FILES_FIRST + 64 };
	KT_CLEANUP(symbol_table) struct kt_symbol_table symbols = { 0 };
	struct kt_memmap memmap;
	struct kt_err *err = kt_memmap_open(files->slub.target, &sample, &range, 1, &memmap);

	kt_symbol_table_take(&symbols, KT_SPAN("ffffffff81000000 T start\n"
					       "ffffffff81000100 t inner\n"));
	if (!err)
		err = kt_symbol_table_end(&symbols);
	return err ? err : kt_whatis(&memmap, &opts, &symbols, addresses, count, snap);
}

TEST(an_address_is_an_object_a_page_a_symbol_or_unknown)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct files_bytes files;
	uint64_t slab, questions[8];
	const struct kt_kernel_address *found;

	files_init(&files);
	slab = files_slab(&files, files.dentries, DENTRY_BYTES, 10);
	questions[0] = slab + 3 * DENTRY_BYTES + 24;
	questions[1] = slab + 12 * DENTRY_BYTES;
	questions[2] = CODE + 0x123;
	questions[3] = (slab - SLUB_BASE) / 4096;
	questions[4] = FILES_MAP + questions[3] * PAGE_BYTES + 8;
	questions[5] = slab + 4096;
	questions[6] = 0xffffc90000000000ull;
	questions[7] = 0x7fff00000000ull;
	CHECK(!ask(&files, questions, 8, snap));
	CHECK_INT(snap->addresses.count, 8);
	found = snap->addresses.items;
	CHECK_INT(found[0].kind, KT_PLACE_MEMORY);
	CHECK_STR(found[0].cache, "dentry");
	CHECK_INT(found[0].state, KT_OBJECT_ALLOCATED);
	CHECK_INT(found[0].object_offset, 24);
	CHECK_INT(found[0].object == slab + 3 * DENTRY_BYTES, true);
	CHECK_INT(found[0].object_bytes, DENTRY_BYTES);
	CHECK_INT(found[0].pfn, questions[3]);
	CHECK_INT(found[1].state, KT_OBJECT_FREE);
	CHECK_INT(found[1].object_offset, 0);
	CHECK_INT(found[2].kind, KT_PLACE_SYMBOL);
	CHECK_STR(found[2].symbol, "inner");
	CHECK_INT(found[2].symbol_offset, 0x23);
	CHECK_INT(found[2].pfn, KT_UNKNOWN);
	CHECK_INT(found[3].kind, KT_PLACE_PAGE);
	CHECK_INT(found[3].class, KT_PAGE_SLAB);
	CHECK_INT(found[4].kind, KT_PLACE_PAGE_INFO);
	CHECK_INT(found[4].pfn, questions[3]);
	CHECK_INT(found[5].kind, KT_PLACE_MEMORY);
	CHECK(!found[5].cache);
	CHECK_INT(found[6].kind, KT_PLACE_UNKNOWN);
	CHECK_INT(found[7].kind, KT_PLACE_UNKNOWN);
	kt_snapshot_free(snap);
	files_fini(&files);
}

TEST(the_end_of_a_slab_is_no_object)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct files_bytes files;
	uint64_t cache, question;

	files_init(&files);
	cache = slub_cache(&files.slub, "odd", 96, 96, 42);
	question = files_slab(&files, cache, 96, 20) + 42 * 96;
	CHECK(!ask(&files, &question, 1, snap));
	CHECK_STR(snap->addresses.items[0].cache, "odd");
	CHECK_INT(snap->addresses.items[0].state, KT_OBJECT_OUTSIDE);
	CHECK_INT(snap->addresses.items[0].object_offset, KT_UNKNOWN);
	kt_snapshot_free(snap);
	files_fini(&files);
}

TEST(damaged_memory_ends_the_look)
{
	struct files_bytes files;
	uint64_t slab;

	files_init(&files);
	slab = files_slab(&files, files.dentries, DENTRY_BYTES, 10);
	for (unsigned i = 0; i < 10000; i++) {
		struct kt_snapshot *snap = kt_snapshot_new();
		bool in_map = dice(2);
		char *memory = in_map ? files.map : files.slub.memory;
		size_t room = in_map ? (FILES_PAGES - 1) * PAGE_BYTES : SLUB_BYTES - 8;
		size_t at = in_map && dice(2) ? FILES_FIRST * PAGE_BYTES + dice(PAGE_BYTES)
					      : dice(room);
		uint64_t before, value = dice(2) ? dice(UINT64_MAX) : SLUB_BASE + dice(SLUB_BYTES);
		uint64_t question = dice(4) ? slab + dice(4096) : SLUB_BASE + dice(SLUB_BYTES);

		memcpy(&before, memory + at, sizeof(before));
		memcpy(memory + at, &value, 1ull << dice(4));
		kt_err_free(ask(&files, &question, 1, snap));
		CHECK(files.slub.target->nr_reads < 100000);
		files.slub.target->nr_reads = 0;
		memcpy(memory + at, &before, sizeof(before));
		kt_snapshot_free(snap);
	}
	files_fini(&files);
}

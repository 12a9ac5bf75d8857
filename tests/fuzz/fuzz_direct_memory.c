// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who has direct pages, in damaged memory. The first byte chooses what the kernel has, then the
// input is a list of changes to memory that was made by hand: a place in memory, in the memory map
// or in the kernel's data, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/direct_bytes.h"

#define READS_MAX 1000000u /* more is no bounded walk */

static void fill_blocks(struct direct_bytes *direct)
{
	direct_exact(direct, DIRECT_FIRST + 8, 8);
	direct_set64(direct, direct_variable(DIRECT_HASH), direct_page(DIRECT_FIRST + 8));
	direct_compound(direct, DIRECT_FIRST + 16, 4);
	direct_set64(direct, direct_kmalloc(direct, 0), direct_page(DIRECT_FIRST + 17));
	direct_set64(direct, direct_kmalloc(direct, 1), direct_kmalloc(direct, 0));
	direct_block(direct, DIRECT_FIRST + 20, 4);
	direct_keep(direct, 0, DIRECT_FIRST + 24);
	direct_keep(direct, 1, DIRECT_FIRST + 25);
}

static void fill(struct direct_bytes *direct, bool mapped)
{
	for (unsigned i = 0; i < 8; i++)
		direct_use(direct, DIRECT_FIRST + i);
	direct_set64(direct, direct_page(DIRECT_FIRST) + 8, direct_info(DIRECT_FIRST + 2));
	direct_set64(direct, direct_user(direct, 0) + DUSER_PAGE, direct_info(DIRECT_FIRST + 1));
	direct_list(direct, direct_user(direct, 1) + DUSER_LIST);
	for (unsigned i = 4; i < 8; i++)
		direct_link(direct, direct_user(direct, 1) + DUSER_LIST,
			direct_info(DIRECT_FIRST + i) + DPAGE_LRU);
	fill_blocks(direct);
	if (!mapped)
		return;
	direct_map_all(direct);
	direct_area(direct, DIRECT_AREA, 3, 2, DIRECT_TEXT + 0x210);
	direct_map(direct, DIRECT_AREA, DIRECT_FIRST);
}

static void add_hash(struct kt_snapshot *snap)
{
	struct kt_hash *hash = kt_list_push(&snap->arena, &snap->hashes);

	if (!hash)
		abort();
	*hash = (struct kt_hash){
		.name = "Mount-cache", .size_bytes = 8 * 4096, .place = KT_HASH_DIRECT
	};
}

static uint64_t value_of(uint64_t value, uint32_t kind)
{
	switch (kind % 4) {
	case 0: return value;
	case 1: return SLUB_BASE + value % SLUB_BYTES;
	case 2: return direct_info(value % (DIRECT_PAGES + 2));
	default: return DIRECT_DATA + value % 4096;
	}
}

/* Most changes are near what was made. */
static void damage(struct direct_bytes *direct, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = value_of(change.value, at >> 28);
		char *place;

		at &= 0xfffffff;
		switch (at % 5) {
		case 0: place = direct->data + at / 5 % 320; break;
		case 1:
			place = direct->map + (size_t)DIRECT_SLABS * DPAGE_BYTES +
				at / 5 % (40 * DPAGE_BYTES);
			break;
		case 2:
			place = direct_at(direct, direct->user_slab) + at / 5 % (3 * 4096 - 8);
			break;
		case 3:
			place = direct_at(direct, direct_page(DIRECT_TABLES)) +
				at / 5 % (16 * 4096 - 8);
			break;
		default: place = direct->slub.memory + at / 5 % direct->slub.used;
		}
		memcpy(place, &value, sizeof(value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_direct_pages_sum sum;
	struct kt_fragments *fragments;
	struct direct_bytes direct;
	struct kt_snapshot *snap;

	if (!size)
		return 0;
	snap = kt_snapshot_new();
	if (!snap)
		abort();
	direct_init(&direct, data[0] & 1);
	fill(&direct, data[0] & 2);
	add_hash(snap);
	damage(&direct, data + 1, size - 1);
	fragments = kt_list_push(&snap->arena, &snap->fragments);
	if (!fragments)
		abort();
	*fragments = (struct kt_fragments){ .block_pages = 16 };
	kt_err_free(direct_walk(&direct, snap, &sum));
	for (size_t i = 0; i < snap->fragment_pins.count; i++) {
		const struct kt_fragment_pin *pin = &snap->fragment_pins.items[i];

		if (pin->nr_clear > pin->nr_alone || pin->nr_alone > pin->nr_blocks ||
			pin->nr_blocks > pin->nr_pages)
			abort();
	}
	if (direct_sum(snap) > DIRECT_PAGES || direct.slub.target->nr_reads > READS_MAX)
		abort();
	for (size_t i = 0; i < snap->page_owners.count; i++) {
		const struct kt_page_owner *owner = &snap->page_owners.items[i];

		if (owner->nr_pages <= 0 || owner->nr_blocks < 0 ||
			owner->nr_blocks > owner->nr_pages)
			abort();
	}
	direct_fini(&direct);
	kt_snapshot_free(snap);
	return 0;
}

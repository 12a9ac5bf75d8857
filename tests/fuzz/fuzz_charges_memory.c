// SPDX-License-Identifier: GPL-2.0-or-later
//
// Slab objects charged to cgroups, in damaged memory. The first byte chooses a kernel, then the
// input is a list of changes to memory that was made by hand: a place in memory or in the memory
// map, and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/charges_bytes.h"

#define READS_MAX    1000000u /* more is no bounded walk */
#define OBJECT_BYTES 256u

static void fill(struct charges_bytes *charges)
{
	uint64_t cache = slub_cache(&charges->slub, "filp", OBJECT_BYTES, OBJECT_BYTES, 16);
	uint64_t node = charges_node(charges, charges->root, "a");
	uint64_t group = charges_group(charges, charges_node(charges, node, "b"), true);
	uint32_t slab = charges_slab(charges, cache, OBJECT_BYTES);

	charges_own(charges, slab, OBJECT_BYTES, 0, 5, charges_owner(charges, group, false));
	charges_own(charges, slab, OBJECT_BYTES, 7, 5, charges_owner(charges, group, true));
	if (charges->slub.sheaves)
		slub_set64(&charges->slub, slub_cpu(&charges->slub, cache, 0) + 16,
			slub_sheaf(&charges->slub, cache, 1));
}

/* Most changes are near what was made. */
static void damage(struct charges_bytes *charges, const uint8_t *data, size_t size)
{
	for (struct fuzz_change change; fuzz_change(&data, &size, &change);) {
		uint32_t at = change.at;
		uint64_t value = change.value;

		if (at >> 31)
			value = SLUB_BASE + value % SLUB_BYTES;
		at &= 0x7fffffff;
		if (at % 4 == 0)
			memcpy(charges->map + CHARGES_FIRST * CHARGES_PAGE +
					at / 4 % (4 * CHARGES_PAGE),
				&value, sizeof(value));
		else if (at % 4 == 1)
			memcpy(charges->slub.memory + CHARGES_FIRST * 4096 + at / 4 % 8192, &value,
				sizeof(value));
		else
			memcpy(charges->slub.memory + at / 4 % (charges->slub.used - 8), &value,
				sizeof(value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_snapshot *snap;
	struct kt_slab_cgroups_sum sum;
	struct charges_bytes charges;

	if (!size)
		return 0;
	snap = kt_snapshot_new();
	if (!snap)
		abort();
	charges_init(&charges, (enum charges_kind)(data[0] % 3), data[0] & 128);
	fill(&charges);
	damage(&charges, data + 1, size - 1);
	kt_err_free(charges_walk(&charges, snap, &sum));
	for (size_t i = 0; i < snap->slab_charges.count; i++) {
		const struct kt_slab_charge *charge = &snap->slab_charges.items[i];

		if (charge->nr_objs < 0 || charge->rcu_objs < 0 ||
			charge->left_objs > charge->nr_objs + charge->rcu_objs)
			abort();
	}
	if (charges.slub.target->nr_reads > READS_MAX)
		abort();
	charges_fini(&charges);
	kt_snapshot_free(snap);
	return 0;
}

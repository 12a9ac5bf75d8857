// SPDX-License-Identifier: GPL-2.0-or-later
//
// Freed areas of vmalloc in damaged memory. The first byte chooses where such areas wait, then the
// input is a list of changes to memory that was made by hand: a place and eight bytes.

#include "fuzz.h"
#include "fuzz_memory.h"

#include "memory/lazy_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_lazy_areas areas;
	struct lazy_bytes lazy;
	struct kt_err *err;

	if (!size)
		return 0;
	lazy_init(&lazy, data[0] % LAZY_FORMS, 3);
	for (unsigned i = 0; i < 6; i++)
		lazy_add(&lazy, lazy_head(&lazy, i % LAZY_NODES), i);
	for (unsigned i = 0; lazy.form == LAZY_BY_NODE && i < 4; i++)
		lazy_add_busy(&lazy, i + 1, i * 4096 + 1, 2);
	fuzz_damage(lazy.memory, lazy.used, LAZY_BASE, data + 1, size - 1);
	err = kt_lazy_areas_walk(lazy.target, &areas);
	if (!err && (areas.lazy_bytes < areas.nr_lazy * 4096 ||
			    (kt_known(areas.taken_bytes) && areas.taken_bytes < areas.asked_bytes)))
		abort();
	kt_err_free(err);
	if (lazy.target->nr_reads > LAZY_READS_MAX)
		abort();
	lazy_fini(&lazy);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines of slabinfo or zoneinfo, which are folded. Whatever they are, the sums that are read of the
// shorter text are those of the whole.

#include "fuzz_record.h"

#include "source/fold.h"
#include "source/source.h"

#define PAGES_MAX (1ll << 40) /* more in one list is not believed */

static int64_t pages_of(const struct kt_snapshot *snap)
{
	int64_t sum = 0;

	for (size_t i = 0; i < snap->caches.count; i++) {
		const struct kt_cache *cache = &snap->caches.items[i];

		if (cache->nr_slabs >= 0 && cache->pages_per_slab >= 0)
			sum += cache->nr_slabs * cache->pages_per_slab;
	}
	return sum;
}

static struct kt_snapshot *read_text(const struct kt_source *source, const struct kt_buf *buf)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_text text = { buf->data, buf->size, source->paths[0], false };

	fuzz_must(snap != NULL, "out of memory");
	kt_err_free(source->parse(snap, &text));
	return snap;
}

/* Lines that cannot be read are those of neither text. */
static void compare(
	const struct kt_source *source, const struct kt_buf *whole, const struct kt_buf *folded)
{
	struct kt_snapshot *before = read_text(source, whole), *after = read_text(source, folded);

	fuzz_must(pages_of(before) == pages_of(after), "the pages are others");
	fuzz_must(before->zones.count == after->zones.count, "there are other zones");
	for (size_t i = 0; i < before->zones.count; i++) {
		const struct kt_zone *x = &before->zones.items[i], *y = &after->zones.items[i];

		fuzz_must(x->free == y->free && x->nr_cpus == y->nr_cpus &&
				  x->threshold == y->threshold,
			"a zone is another");
		fuzz_must(x->pcp == y->pcp || x->pcp >= PAGES_MAX || y->pcp < 0,
			"the lists of CPUs are others");
	}
	kt_snapshot_free(before);
	kt_snapshot_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(buf) struct kt_buf whole = { 0 }, folded = { 0 };
	struct kt_fold fold = { .caches_max = 2, .zone_bytes_max = 1 };

	kt_buf_add(&whole, (const char *)data, size);
	if (kt_fold_slabinfo(&fold, (struct kt_span){ whole.data, whole.size }, &folded))
		compare(&kt_source_slabinfo, &whole, &folded);
	folded.size = 0;
	if (kt_fold_zoneinfo(&fold, (struct kt_span){ whole.data, whole.size }, &folded))
		compare(&kt_source_zoneinfo, &whole, &folded);
	kt_fold_fini(&fold);
	return 0;
}

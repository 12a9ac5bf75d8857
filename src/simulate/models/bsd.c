// SPDX-License-Identifier: GPL-2.0-or-later
//
// malloc() of the 4.4BSD kernel (McKusick and Karels 1988): powers of two up to two pages, larger
// requests in pages. Pages that were cut into pieces of one size keep it for ever.

#include "simulate/allocator.h"

#include <stdlib.h>

#define BUCKETS	   32u
#define BUCKET_MIN 4u /* 16 bytes */

struct kt_sim_model {
	uint32_t page_bytes;
	uint64_t nr_free[BUCKETS]; /* pieces by the logarithm of their size */
	uint64_t bucket_pages, large_pages;
};

static struct kt_sim_model *bsd_open(const struct kt_sim_stream *stream)
{
	struct kt_sim_model *model = calloc(1, sizeof(*model));

	if (model)
		model->page_bytes = stream->machine.page_bytes;
	return model;
}

static void bsd_close(struct kt_sim_model *model)
{
	free(model);
}

/* The bucket of a request; BUCKETS: it is pages of its own. */
static uint32_t bucket_of(const struct kt_sim_model *model, uint32_t bytes)
{
	uint32_t bucket = BUCKET_MIN;

	if (bytes > 2 * model->page_bytes)
		return BUCKETS;
	while (1u << bucket < bytes)
		bucket++;
	return bucket;
}

static bool bsd_alloc(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t bucket = bucket_of(model, event->bytes);

	if (bucket == BUCKETS) {
		model->large_pages += kt_sim_pages(event->bytes, model->page_bytes);
		return true;
	}
	if (!model->nr_free[bucket]) {
		uint64_t pages = kt_sim_pages(1u << bucket, model->page_bytes);

		model->bucket_pages += pages;
		model->nr_free[bucket] += pages * model->page_bytes >> bucket;
	}
	model->nr_free[bucket]--;
	return true;
}

static bool bsd_free(struct kt_sim_model *model, const struct kt_sim_event *event)
{
	uint32_t bucket = bucket_of(model, event->bytes);

	if (bucket == BUCKETS)
		model->large_pages -= kt_sim_pages(event->bytes, model->page_bytes);
	else
		model->nr_free[bucket]++;
	return true;
}

static void bsd_measure(
	const struct kt_sim_model *model, struct kt_sim_held *ret, uint64_t *ret_pages)
{
	(void)ret_pages;
	ret->pages = model->bucket_pages + model->large_pages;
}

const struct kt_sim_allocator kt_sim_bsd = {
	.name = "bsd",
	.title = "powers of two of 4.4BSD (McKusick and Karels 1988)",
	.open = bsd_open,
	.close = bsd_close,
	.alloc = bsd_alloc,
	.free = bsd_free,
	.measure = bsd_measure,
};

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two bytes number of samples, then operations. What passes the check covers every sample,
// looks the same from whichever end it is read, and can be written again.

#include "fuzz_record.h"

#include "record/series.h"

#define SAMPLES_HERE 2048u /* kt_series_at() begins anew each time */

static void walk(struct kt_span ops, uint32_t nr_samples)
{
	struct kt_series_reader reader;
	struct kt_series_run run;
	struct kt_series series;
	uint32_t at = 0, step = nr_samples / SAMPLES_HERE + 1;
	int64_t value;

	kt_series_init(&series);
	kt_series_read(&reader, ops, nr_samples);
	while (kt_series_next(&reader, &run)) {
		fuzz_must(run.count > 0 && run.count <= nr_samples - at, "a run is too long");
		for (uint32_t end = at + run.count; at < end; at++) {
			if (run.absent)
				kt_series_set_absent(&series, at);
			else
				kt_series_set(&series, at, run.value);
			if (at % step == 0)
				fuzz_must(kt_series_at(ops, at, &value) != run.absent &&
						  (run.absent || value == run.value),
					"a sample has two values");
		}
	}
	fuzz_must(at == nr_samples, "some samples are not covered");
	struct kt_span packed = kt_series_ops(&series, nr_samples);

	fuzz_must(kt_series_check(packed, nr_samples), "what was written cannot be read");
	for (at = 0; at < nr_samples; at += step) {
		int64_t other;
		bool there = kt_series_at(ops, at, &value);

		fuzz_must(kt_series_at(packed, at, &other) == there && (!there || other == value),
			"what was written is something else");
	}
	kt_series_fini(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kt_span ops = { (const char *)data + 2, size - 2 };
	struct kt_series_reader reader;
	struct kt_series_run run;
	uint64_t sum = 0;
	uint32_t nr_samples;

	if (size < 2)
		return 0;
	nr_samples = data[0] | (uint32_t)data[1] << 8;
	if (kt_series_check(ops, nr_samples))
		walk(ops, nr_samples);
	kt_series_read(&reader, ops, nr_samples);
	while (kt_series_next(&reader, &run))
		sum += run.count;
	fuzz_must(sum <= nr_samples, "more samples than there are");
	return 0;
}

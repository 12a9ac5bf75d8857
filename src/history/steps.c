// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/steps.h"

#include "base/when.h"
#include "record/block.h"
#include "record/recording.h"
#include "root/root.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct kt_steps {
	struct kt_recording *recording;
	char path[PATH_MAX];
	size_t block;
	uint32_t sample;
	int64_t real_ms;
};

static bool stand_at(struct kt_steps *steps, size_t index, uint32_t sample)
{
	const struct kt_block *block;
	struct kt_err *err = kt_recording_block(steps->recording, index, &block);
	bool good = !err && block->nr_samples > 0;

	kt_err_free(err);
	if (!good)
		return false;
	steps->block = index;
	steps->sample = sample < block->nr_samples ? sample : block->nr_samples - 1;
	steps->real_ms = kt_block_real_ms(block, steps->sample);
	return true;
}

static int64_t last_ms(const struct kt_steps *steps)
{
	size_t count = kt_recording_nr_blocks(steps->recording);

	return count ? kt_recording_frame(steps->recording, count - 1)->last_ms : 0;
}

bool kt_steps_go(struct kt_steps *steps, int64_t time_ms)
{
	size_t index;
	uint32_t sample;
	struct kt_err *err = kt_recording_find(steps->recording, time_ms, &index, &sample);
	bool found = !err && index != KT_NO_BLOCK && stand_at(steps, index, sample);

	kt_err_free(err);
	return found;
}

bool kt_steps_go_typed(struct kt_steps *steps, const char *when)
{
	int64_t time_ms;

	return kt_when(kt_span_str(when), KT_WHEN_LOCAL, last_ms(steps), &time_ms) &&
	       kt_steps_go(steps, time_ms);
}

/* Opens the recording and moves to the sample; `ret_any`: false without such a sample. */
static struct kt_err *begin(struct kt_steps *steps, const char *when, bool *ret_any)
{
	struct kt_err *err = kt_recording_open(steps->path, &steps->recording);
	size_t count = err ? 0 : kt_recording_nr_blocks(steps->recording);
	int64_t when_ms = INT64_MAX;

	*ret_any = false;
	if (!count)
		return err;
	if (when && !kt_when(kt_span_str(when), KT_WHEN_LOCAL, last_ms(steps), &when_ms))
		return NULL;
	*ret_any = kt_steps_go(steps, when_ms);
	return NULL;
}

struct kt_err *kt_steps_open(const char *source, struct kt_steps **ret_steps)
{
	struct kt_steps *steps = calloc(1, sizeof(*steps));
	const char *when = NULL;
	struct kt_err *err = NULL;
	bool any = false;

	*ret_steps = NULL;
	if (!steps)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!kt_root_cut_time(source, steps->path, &when))
		snprintf(steps->path, sizeof(steps->path), "%s", source);
	if (kt_is_recording(steps->path))
		err = begin(steps, when, &any);
	if (any)
		*ret_steps = steps;
	else
		kt_steps_free(steps);
	return err;
}

void kt_steps_free(struct kt_steps *steps)
{
	if (!steps)
		return;
	kt_recording_free(steps->recording);
	free(steps);
}

bool kt_steps_move(struct kt_steps *steps, int by)
{
	size_t count = kt_recording_nr_blocks(steps->recording), index = steps->block;

	if (by < 0 && steps->sample)
		return stand_at(steps, index, steps->sample - 1);
	if (by > 0) {
		uint32_t before = steps->sample;

		if (stand_at(steps, index, before + 1) && steps->sample != before)
			return true;
	}
	/* goes to the next block; skips damaged blocks */
	while (by < 0 ? index > 0 : index + 1 < count) {
		index += by < 0 ? (size_t)-1 : 1;
		if (stand_at(steps, index, by < 0 ? UINT32_MAX : 0))
			return true;
	}
	return false;
}

const char *kt_steps_path(const struct kt_steps *steps)
{
	return steps->path;
}

int64_t kt_steps_time_ms(const struct kt_steps *steps)
{
	return steps->real_ms;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "top/moments.h"

#include "base/when.h"
#include "record/block.h"
#include "record/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LONG 480

struct kt_moments {
	struct kt_recording *recording;
	char path[PATH_LONG];
	size_t block;
	uint32_t sample;
	int64_t real_ms;
};

/* "FILE@TIME" or FILE, no longer than PATH_LONG: gives TIME, or NULL. */
static const char *split(const char *source, char path[PATH_LONG])
{
	size_t n = strlen(source);
	const char *at = strrchr(source, '@');

	memcpy(path, source, n + 1);
	if (!at || kt_is_recording(source))
		return NULL;
	path[at - source] = '\0';
	return at + 1;
}

static bool stand_at(struct kt_moments *moments, size_t index, uint32_t sample)
{
	const struct kt_block *block;
	struct kt_err *err = kt_recording_block(moments->recording, index, &block);
	bool good = !err && block->nr_samples > 0;

	kt_err_free(err);
	if (!good)
		return false;
	moments->block = index;
	moments->sample = sample < block->nr_samples ? sample : block->nr_samples - 1;
	moments->real_ms = kt_block_real_ms(block, moments->sample);
	return true;
}

/* The sample that "FILE@TIME" means. */
static bool find(struct kt_moments *moments, int64_t when_ms)
{
	for (size_t i = kt_recording_nr_blocks(moments->recording); i > 0; i--) {
		const struct kt_block *block;
		struct kt_err *err;

		if (kt_recording_frame(moments->recording, i - 1)->first_ms > when_ms)
			continue;
		err = kt_recording_block(moments->recording, i - 1, &block);
		kt_err_free(err);
		if (!err && stand_at(moments, i - 1, kt_block_sample_at(block, when_ms)))
			return true;
	}
	return false;
}

struct kt_err *kt_moments_open(const char *source, struct kt_moments **ret_moments)
{
	struct kt_moments *moments = calloc(1, sizeof(*moments));
	int64_t when_ms = INT64_MAX, last_ms;
	struct kt_err *err = NULL;
	const char *when;
	size_t count;

	*ret_moments = NULL;
	if (!moments)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	when = strlen(source) < PATH_LONG ? split(source, moments->path) : NULL;
	if (!*moments->path || !kt_is_recording(moments->path)) {
		free(moments);
		return NULL;
	}
	err = kt_recording_open(moments->path, &moments->recording);
	count = err ? 0 : kt_recording_nr_blocks(moments->recording);
	if (count) {
		last_ms = kt_recording_frame(moments->recording, count - 1)->last_ms;
		if (when && !kt_when(kt_span_str(when), last_ms, &when_ms))
			count = 0;
	}
	/* what is wrong with it is told by the commands that read it */
	if (err || !count || !find(moments, when_ms)) {
		kt_moments_free(moments);
		return err;
	}
	*ret_moments = moments;
	return NULL;
}

void kt_moments_free(struct kt_moments *moments)
{
	if (!moments)
		return;
	kt_recording_free(moments->recording);
	free(moments);
}

bool kt_moments_move(struct kt_moments *moments, int by)
{
	size_t count = kt_recording_nr_blocks(moments->recording), index = moments->block;

	if (by < 0 && moments->sample)
		return stand_at(moments, index, moments->sample - 1);
	if (by > 0) {
		uint32_t before = moments->sample;

		if (stand_at(moments, index, before + 1) && moments->sample != before)
			return true;
	}
	/* to the block beside it; a damaged one is passed over */
	while (by < 0 ? index > 0 : index + 1 < count) {
		index += by < 0 ? (size_t)-1 : 1;
		if (stand_at(moments, index, by < 0 ? UINT32_MAX : 0))
			return true;
	}
	return false;
}

bool kt_moments_source(const struct kt_moments *moments, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s@%lld.%03lld", moments->path,
		(long long)(moments->real_ms / 1000), (long long)(moments->real_ms % 1000));

	return n > 0 && (size_t)n < size;
}

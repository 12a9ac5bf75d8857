// SPDX-License-Identifier: GPL-2.0-or-later
#include "history/steps.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/writer.h"

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#define START_MS   1790000000000ll
#define NR_SAMPLES 10
#define A_BLOCK	   4 /* samples */

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* A sample each second, in three blocks. */
static const char *write_recording(void)
{
	static const struct kt_writer_opts opts = { .samples_max = A_BLOCK, .bytes_max = 1 << 20 };
	static char path[64];
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;

	snprintf(path, sizeof(path), "/tmp/ktally-test-steps-%d", (int)getpid());
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	for (int i = 0; i < NR_SAMPLES; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		kt_sampler_text(sampler, draft, "proc/meminfo", kt_span_str("MemFree: 1 kB\n"));
		kt_draft_end_sample(draft, START_MS + i * 1000ll, i * 1000ll);
		if (kt_writer_is_full(writer)) {
			CHECK(fine(kt_writer_turn(writer)));
			kt_sampler_restart(sampler);
		}
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
	return path;
}

static void remove_recording(const char *path)
{
	char tail[80];

	unlink(path);
	snprintf(tail, sizeof(tail), "%s.tail", path);
	unlink(tail);
}

/* Overwrites a byte of the second block. */
static void damage(const char *path)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	FILE *file = fopen(path, "r+");
	long at;

	if (!CHECK(file != NULL) || !CHECK(fine(kt_recording_open(path, &recording))))
		return;
	at = (long)kt_recording_frame(recording, 1)->offset + KT_FRAME_HEAD + 5;
	fseek(file, at, SEEK_SET);
	at = fgetc(file);
	fseek(file, -1, SEEK_CUR);
	fputc((int)at ^ 0xff, file);
	fclose(file);
}

static int second_of(const struct kt_steps *steps)
{
	return (int)((kt_steps_time_ms(steps) - START_MS) / 1000);
}

TEST(steps_go_through_all_blocks_and_stop_at_the_ends)
{
	const char *path = write_recording();
	struct kt_steps *steps = NULL;

	if (CHECK(fine(kt_steps_open(path, &steps))) && CHECK(steps != NULL)) {
		CHECK_STR(kt_steps_path(steps), path);
		for (int i = NR_SAMPLES - 1; i >= 0; i--) {
			CHECK_INT(second_of(steps), i);
			CHECK_INT(kt_steps_move(steps, -1), i > 0);
		}
		for (int i = 0; i < NR_SAMPLES; i++) {
			CHECK_INT(second_of(steps), i);
			CHECK_INT(kt_steps_move(steps, 1), i + 1 < NR_SAMPLES);
		}
		CHECK_INT(second_of(steps), NR_SAMPLES - 1);
	}
	kt_steps_free(steps);
	remove_recording(path);
}

TEST(a_time_chooses_the_sample_before_it)
{
	const char *path = write_recording();
	struct kt_steps *steps = NULL;
	char source[100];

	snprintf(source, sizeof(source), "%s@-3s", path);
	if (CHECK(fine(kt_steps_open(source, &steps))) && CHECK(steps != NULL)) {
		CHECK_INT(second_of(steps), NR_SAMPLES - 1 - 3);
		CHECK_STR(kt_steps_path(steps), path);
	}
	kt_steps_free(steps);
	/* commands that read it say what is wrong */
	snprintf(source, sizeof(source), "%s@1999-01-01T00:00", path);
	CHECK(fine(kt_steps_open(source, &steps)) && !steps);
	snprintf(source, sizeof(source), "%s@nonsense", path);
	CHECK(fine(kt_steps_open(source, &steps)) && !steps);
	CHECK(fine(kt_steps_open("/dev/null", &steps)) && !steps);
	CHECK(fine(kt_steps_open("/nonexistent@-1s", &steps)) && !steps);
	remove_recording(path);
}

TEST(damaged_blocks_are_skipped)
{
	const char *path = write_recording();
	struct kt_steps *steps = NULL;
	int nr = 1;

	damage(path);
	if (CHECK(fine(kt_steps_open(path, &steps))) && CHECK(steps != NULL)) {
		while (kt_steps_move(steps, -1))
			nr++;
		CHECK_INT(nr, NR_SAMPLES - A_BLOCK);
		CHECK_INT(second_of(steps), 0);
		while (kt_steps_move(steps, 1))
			;
		CHECK_INT(second_of(steps), NR_SAMPLES - 1);
	}
	kt_steps_free(steps);
	remove_recording(path);
}

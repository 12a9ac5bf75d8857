// SPDX-License-Identifier: GPL-2.0-or-later
//
// What happens to a recording while it is written, one byte each: samples, flushes, blocks,
// thinning, the end of the writer with and without a flush, a tail that is cut, a file that is
// removed or renamed. Each sample tells its number, and what is read back is what was written.

#include "fuzz_record.h"

#include "base/memory.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/tail.h"
#include "record/writer.h"

#include <sys/stat.h>
#include <unistd.h>

#define STEPS_MAX 96u

static const struct kt_writer_opts opts = { .samples_max = 5, .bytes_max = 1 << 16 };
static const struct kt_keep keep = {
	.fine_ms = 4000, .minute_ms = 90000, .days_ms = 200000, .size_max = 1 << 14
};

struct run {
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	uint32_t next; /* sample */
};

/*
 * Stand in for base/memory.c: to give the pages of this program back and to fault them in again
 * at each block would take twice the time of all the rest.
 */
void kt_memory_keep_small(void)
{
}

void kt_memory_give_back(void)
{
}

static char paths[3][64]; /* FILE, its tail, and another name of FILE */

static void name_files(void)
{
	if (paths[0][0])
		return;
	snprintf(paths[0], sizeof(paths[0]), "/dev/shm/ktally-fuzz-%d", (int)getpid());
	snprintf(paths[1], sizeof(paths[1]), "%s%s", paths[0], KT_TAIL_SUFFIX);
	snprintf(paths[2], sizeof(paths[2]), "%s.moved", paths[0]);
}

static void remove_files(void)
{
	for (size_t i = 0; i < KT_LEN(paths); i++)
		unlink(paths[i]);
}

/* What was not an error before is none now: nothing here damages a whole block. */
static void must(struct kt_err *err)
{
	if (err)
		fprintf(stderr, "%s\n", kt_err_text(err));
	fuzz_must(!err, "a writer failed");
}

static void open_writer(struct run *run)
{
	must(kt_writer_open(paths[0], &opts, &run->writer));
	run->sampler = kt_sampler_new();
}

static void close_writer(struct run *run)
{
	must(kt_writer_close(run->writer));
	kt_sampler_free(run->sampler);
}

static void put_sample(struct run *run, uint8_t byte)
{
	struct kt_draft *draft = kt_writer_draft(run->writer);
	char text[64];
	int n = snprintf(text, sizeof(text), "number %u\nline-%c 7\n", run->next, 'a' + byte % 3);

	kt_sampler_text(run->sampler, draft, "a", (struct kt_span){ text, (size_t)n });
	if (!draft->block.facts.count)
		kt_draft_fact(draft, "boot_id", "one");
	kt_draft_end_sample(draft, 1000000 + run->next * 1000ll, run->next);
	run->next++;
	if (!kt_writer_is_full(run->writer))
		return;
	must(kt_writer_turn(run->writer));
	kt_sampler_restart(run->sampler);
}

static void check_place(struct run *run)
{
	bool moved;

	must(kt_writer_check_place(run->writer, &moved));
	if (moved)
		kt_sampler_restart(run->sampler);
}

static void cut_tail(uint8_t byte)
{
	struct stat status;

	if (stat(paths[1], &status) == 0 && truncate(paths[1], status.st_size * byte / 256) < 0)
		return;
}

static void step(struct run *run, uint8_t byte)
{
	switch (byte % 16) {
	case 0: must(kt_writer_flush(run->writer)); break;
	case 1:
		must(kt_writer_turn(run->writer));
		kt_sampler_restart(run->sampler);
		break;
	case 2: must(kt_writer_keep(run->writer, &keep, 1 + byte / 16)); break;
	case 3:
		close_writer(run);
		cut_tail(byte);
		open_writer(run);
		break;
	case 4:
		unlink(paths[byte / 16 % 2]);
		check_place(run);
		break;
	case 5:
		if (rename(paths[0], paths[2]) == 0)
			check_place(run);
		break;
	case 6: kt_writer_spill(run->writer); break;
	default: put_sample(run, byte); break;
	}
}

/* Samples in order, each as it was written; thinned ones stand for others. */
static void check(const char *path, uint32_t end)
{
	struct kt_recording *recording;
	int64_t last = -1;

	must(kt_recording_open(path, &recording));
	fuzz_must(kt_recording_nr_damages(recording) == 0, "something is damaged");
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_block *block;
		struct kt_cursor cursor;

		must(kt_recording_block(recording, i, &block));
		cursor = fuzz_cursor(block);
		for (uint32_t k = 0; k < block->nr_samples; k++) {
			int64_t number = -1;

			kt_cursor_move(&cursor, k);
			kt_cursor_value(&cursor, &block->lines.items[0], 0, KT_VALUE_LAST, &number);
			fuzz_must(number > last && number < end &&
					  kt_block_real_ms(block, k) == 1000000 + number * 1000,
				"a sample is another than was written");
			last = number;
		}
		kt_cursor_fini(&cursor);
	}
	kt_recording_free(recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { 0 };

	name_files();
	remove_files();
	open_writer(&run);
	for (size_t i = 0; i < size && i < STEPS_MAX; i++)
		step(&run, data[i]);
	close_writer(&run);
	check(paths[0], run.next);
	if (access(paths[2], F_OK) == 0)
		check(paths[2], run.next);
	remove_files();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writers that are killed, files that are cut, bytes that are changed: what is read back is
// held against what was written. KTALLY_SURVIVAL=50 does fifty times as much of it: killed
// 1,000 times and 1,000 times while thinning, cut 1,000 times, changed 10,000 times.

#include "record/cursor.h"
#include "record/pack.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/tail.h"
#include "record/writer.h"

#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS      1700000000000ll
#define STEP_MS	      1000
#define BLOCK_SAMPLES 24
#define FLUSH_SAMPLES 3
#define KILLS	      20
#define CUTS	      20
#define CHANGES	      200
#define FILE_MAX      (4u << 20)
#define PATIENCE      50000 /* tenths of a millisecond, for a writer to come as far as it shall */

static const struct kt_writer_opts opts = { .samples_max = BLOCK_SAMPLES, .bytes_max = 1 << 20 };

static uint64_t random_state = 1;

static uint64_t next_random(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 33;
}

static int times(int count)
{
	const char *factor = getenv("KTALLY_SURVIVAL");

	return count * (factor ? (int)strtol(factor, NULL, 10) : 1);
}

static const char *path_of(bool tail)
{
	static char paths[2][128];
	static pid_t pid; /* a child has its parent's files */

	pid = pid ? pid : getpid();
	snprintf(paths[tail], sizeof(paths[0]), "/tmp/ktally-survival-%d.rec%s", (int)pid,
		tail ? KT_TAIL_SUFFIX : "");
	return paths[tail];
}

static void start_anew(void)
{
	unlink(path_of(false));
	unlink(path_of(true));
}

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* ---- what is written ---- */

/* Any number of any sample, worked out from its place alone. */
static uint64_t number_at(uint32_t sample, int line)
{
	uint64_t x = ((uint64_t)(sample / (1 + line % 4)) << 8 | (uint64_t)line) + 1;

	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return (x ^ x >> 32) >> (20 + line);
}

static void make_text(uint32_t sample, struct kt_buf *text)
{
	text->size = 0;
	for (int line = 0; line < 20; line++) {
		/* lines come and go */
		if (number_at(sample, line + 20) % 50 != 0)
			kt_buf_printf(text, "line-%d %llu of %d\n", line,
				(unsigned long long)number_at(sample, line), (int)sample);
	}
}

static bool is_gone(uint32_t sample)
{
	return sample % 11 == 5;
}

static void put_sample(struct kt_sampler *sampler, struct kt_draft *draft, uint32_t sample)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	make_text(sample, &text);
	kt_sampler_text(sampler, draft, "proc/one", (struct kt_span){ text.data, text.size });
	if (is_gone(sample))
		kt_sampler_gone(sampler, draft, "proc/two");
	else
		kt_sampler_text(sampler, draft, "proc/two", KT_SPAN("a 1\n"));
	if (!draft->block.facts.count)
		kt_draft_fact(draft, "boot_id", "one");
	kt_draft_end_sample(draft, START_MS + (int64_t)sample * STEP_MS, (int64_t)sample * STEP_MS);
}

/* Writes samples; `flushed`, where it is not NULL, follows what no crash may cost. */
static struct kt_err *write_samples(
	uint32_t first, uint32_t end, const struct kt_keep *keep, volatile uint32_t *flushed)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer;
	struct kt_err *err = kt_writer_open(path_of(false), &opts, &writer);

	for (uint32_t i = first; i < end && !err; i++) {
		put_sample(sampler, kt_writer_draft(writer), i);
		if ((i + 1) % FLUSH_SAMPLES && !kt_writer_is_full(writer))
			continue;
		err = kt_writer_flush(writer);
		if (!err && flushed)
			*flushed = i + 1;
		if (!err && kt_writer_is_full(writer)) {
			err = kt_writer_turn(writer);
			kt_sampler_restart(sampler);
			if (!err && keep)
				err = kt_writer_keep(writer, keep, KT_KEEP_ALL);
		}
	}
	if (writer && !err)
		err = kt_writer_close(writer);
	kt_sampler_free(sampler);
	return err;
}

/* ---- what is read ---- */

struct found {
	uint32_t first, last, count; /* samples */
	size_t nr_damages;
	bool invented, opened;
};

static bool same_text(const struct kt_cursor *cursor, uint32_t sample)
{
	static struct kt_buf wanted, found;
	int one = kt_block_file(cursor->block, "proc/one");
	int two = kt_block_file(cursor->block, "proc/two");

	make_text(sample, &wanted);
	found.size = 0;
	if (one < 0 || !kt_cursor_text(cursor, (uint32_t)one, &found) ||
		found.size != wanted.size || memcmp(found.data, wanted.data, found.size) != 0)
		return false;
	found.size = 0;
	return (two >= 0 && kt_cursor_text(cursor, (uint32_t)two, &found)) != is_gone(sample) &&
	       (is_gone(sample) || (found.size == 4 && memcmp(found.data, "a 1\n", 4) == 0));
}

/* Of a thinned stretch: its last sample is one of ours, extremes and mean enclose it. */
static bool same_stretch(const struct kt_cursor *cursor)
{
	for (size_t i = 0; i < cursor->block->lines.count; i++) {
		const struct kt_block_line *line = &cursor->block->lines.items[i];

		for (uint32_t k = 0; k < line->nr_numbers / 4; k++) {
			int64_t last, min, max, mean;

			if (!kt_cursor_value(cursor, line, k, KT_VALUE_LAST, &last))
				continue;
			if (!kt_cursor_value(cursor, line, k, KT_VALUE_MIN, &min) ||
				!kt_cursor_value(cursor, line, k, KT_VALUE_MAX, &max) ||
				!kt_cursor_value(cursor, line, k, KT_VALUE_MEAN, &mean) ||
				min > last || last > max || min > mean || mean > max)
				return false;
		}
	}
	return true;
}

static void read_block(const struct kt_block *block, struct found *found)
{
	struct kt_cursor cursor;

	if (!fine(kt_cursor_init(&cursor, block)))
		return;
	for (uint32_t i = 0; i < block->nr_samples; i++) {
		int64_t at_ms = kt_block_real_ms(block, i) - START_MS;
		uint32_t sample = (uint32_t)(at_ms / STEP_MS);

		kt_cursor_move(&cursor, i);
		if (at_ms < 0 || at_ms % STEP_MS || (found->count && sample <= found->last) ||
			!same_text(&cursor, sample) ||
			(block->values_per_number == 4 && !same_stretch(&cursor)))
			found->invented = true;
		if (!found->count)
			found->first = sample;
		found->last = sample;
		found->count++;
	}
	kt_cursor_fini(&cursor);
}

static struct found read_back(void)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_err *err = kt_recording_open(path_of(false), &recording);
	struct found found = { .opened = !err };

	for (size_t i = 0; !err && i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_block *block;
		struct kt_err *bad = kt_recording_block(recording, i, &block);

		if (!bad)
			read_block(block, &found);
		kt_err_free(bad);
	}
	found.nr_damages = err ? 1 : kt_recording_nr_damages(recording);
	kt_err_free(err);
	return found;
}

/* ---- killed ---- */

static void kill_some_time(uint32_t first, const struct kt_keep *keep, volatile uint32_t *flushed)
{
	uint32_t wanted = *flushed + (uint32_t)(next_random() % (BLOCK_SAMPLES + 1));
	pid_t pid = fork();

	if (pid == 0) {
		kt_err_free(write_samples(first, UINT32_MAX, keep, flushed));
		_exit(0);
	}
	/* by what it has done, because others may use the machine; then at any moment */
	for (int i = 0; i < PATIENCE && *flushed < wanted; i++)
		usleep(100);
	usleep((useconds_t)(next_random() % 2000));
	/* what it is in the middle of may be the very first thing */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void kill_often(int count, const struct kt_keep *keep, int anew_each)
{
	volatile uint32_t *flushed = mmap(
		NULL, sizeof(*flushed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t next = 0, most = 0;

	start_anew();
	*flushed = 0;
	for (int i = 0; i < count; i++) {
		struct found found;

		if (i % anew_each == 0) {
			start_anew();
			next = *flushed = 0;
		}
		kill_some_time(next, keep, flushed);
		found = access(path_of(false), F_OK) == 0 ? read_back() : (struct found){ 0 };
		next = found.count ? found.last + 1 : 0;
		most = next > most ? next : most;
		if (!CHECK(!found.invented) || !CHECK(next >= *flushed) ||
			!CHECK_INT(found.nr_damages, 0) || !CHECK(keep || found.count == next))
			break;
	}
	printf("  killed %d times, at most %u samples in a file\n", count, most);
	CHECK(most > BLOCK_SAMPLES);
	munmap((void *)flushed, sizeof(*flushed));
	start_anew();
}

TEST(killed_at_any_moment_nothing_that_was_flushed_is_lost)
{
	kill_often(times(KILLS), NULL, 25);
}

TEST(killed_while_old_samples_are_dropped_or_thinned_nothing_young_is_lost)
{
	static const struct kt_keep small = {
		.fine_ms = INT64_MAX, .minute_ms = INT64_MAX, .days_ms = INT64_MAX, .size_max = 4000
	};
	static const struct kt_keep thin = {
		.fine_ms = 60000, .minute_ms = 3600000, .days_ms = 1ll << 40, .size_max = 1 << 30
	};

	kill_often(times(KILLS) / 2, &small, 40);
	kill_often(times(KILLS) / 2, &thin, 40);
}

/* ---- cut and changed ---- */

/* The two files, and which bytes of them hold which samples. */
struct piece {
	bool tail;
	size_t offset, size;
	uint32_t nr_samples;
};

struct whole {
	char *bytes[2]; /* file, tail */
	size_t sizes[2];
	struct piece pieces[64];
	size_t nr_pieces;
	uint32_t nr_samples;
};

static void load(struct whole *whole, bool tail)
{
	int fd = open(path_of(tail), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	whole->bytes[tail] = malloc(FILE_MAX);
	n = read(fd, whole->bytes[tail], FILE_MAX);
	whole->sizes[tail] = n < 0 ? 0 : (size_t)n;
	close(fd);
}

static void store(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(write(fd, bytes, size) == (ssize_t)size);
	close(fd);
}

static void add_piece(struct whole *whole, bool tail, size_t offset, size_t size, uint32_t samples)
{
	if (CHECK(whole->nr_pieces < KT_LEN(whole->pieces)))
		whole->pieces[whole->nr_pieces++] = (struct piece){ tail, offset, size, samples };
}

/* Eight blocks and half a tail. */
static void make_whole(struct whole *whole)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_span rest;
	uint32_t size, crc;

	*whole = (struct whole){ .nr_samples = 8 * BLOCK_SAMPLES + 13 };
	start_anew();
	CHECK(fine(write_samples(0, whole->nr_samples, NULL, NULL)));
	load(whole, false);
	load(whole, true);
	CHECK(fine(kt_recording_open(path_of(false), &recording)));
	for (size_t i = 0; i < 8; i++) {
		const struct kt_frame *frame = kt_recording_frame(recording, i);

		add_piece(whole, false, frame->offset, KT_FRAME_HEAD + frame->stored_size,
			frame->nr_samples);
	}
	rest = (struct kt_span){ whole->bytes[1], whole->sizes[1] };
	add_piece(whole, true, 0, 20, 0);
	rest = kt_span_from(rest, 20);
	while (rest.n && kt_take_u32(&rest, &size) && kt_take_u32(&rest, &crc)) {
		uint32_t left = whole->nr_samples % BLOCK_SAMPLES -
				(uint32_t)(whole->nr_pieces - 9) * FLUSH_SAMPLES;

		add_piece(whole, true, whole->sizes[1] - rest.n - 8, size + 8,
			left < FLUSH_SAMPLES ? left : FLUSH_SAMPLES);
		rest = kt_span_from(rest, size);
	}
	CHECK_INT(whole->nr_pieces, 9 + 5);
}

static void free_whole(struct whole *whole)
{
	free(whole->bytes[0]);
	free(whole->bytes[1]);
	start_anew();
}

/* Samples of all pieces that are whole; of a tail, only those before the first that is not. */
static uint32_t expected(const struct whole *whole, const bool *bad)
{
	uint32_t sum = 0;
	bool tail_ended = false;

	for (size_t i = 0; i < whole->nr_pieces; i++) {
		tail_ended |= whole->pieces[i].tail && bad[i];
		if (!bad[i] && !(whole->pieces[i].tail && tail_ended))
			sum += whole->pieces[i].nr_samples;
	}
	return sum;
}

/* The files as they were, with `count` bytes changed; says which pieces that concerns. */
static void put_back(const struct whole *whole, uint64_t count, bool *bad)
{
	static char copies[2][FILE_MAX];

	for (int i = 0; i < 2; i++)
		memcpy(copies[i], whole->bytes[i], whole->sizes[i]);
	for (; count; count--) {
		bool tail = next_random() % 3 == 0;
		size_t at = next_random() % whole->sizes[tail];

		copies[tail][at] ^= (char)(1 + next_random() % 255);
		for (size_t k = 0; k < whole->nr_pieces; k++)
			bad[k] |= whole->pieces[k].tail == tail &&
				  copies[tail][at] != whole->bytes[tail][at] &&
				  at - whole->pieces[k].offset < whole->pieces[k].size;
	}
	store(path_of(false), copies[0], whole->sizes[0]);
	store(path_of(true), copies[1], whole->sizes[1]);
}

TEST(a_file_or_tail_that_is_cut_anywhere_loses_what_is_behind_the_cut)
{
	struct whole whole;
	int count = times(CUTS);

	make_whole(&whole);
	for (int i = 0; i < count; i++) {
		bool tail = next_random() % 2, bad[64] = { false };
		size_t cut = next_random() % whole.sizes[tail];
		struct found found;

		for (size_t k = 0; k < whole.nr_pieces; k++)
			bad[k] = whole.pieces[k].tail == tail &&
				 whole.pieces[k].offset + whole.pieces[k].size > cut;
		put_back(&whole, 0, NULL);
		CHECK(truncate(path_of(tail), (off_t)cut) == 0);
		found = read_back();
		if (!CHECK(!found.invented) || !CHECK_INT(found.count, expected(&whole, bad)))
			break;
	}
	printf("  cut %d times\n", count);
	free_whole(&whole);
}

/* And a writer that comes then loses nothing more. */
static bool goes_on(const struct whole *whole, uint32_t good)
{
	struct kt_err *err = write_samples(whole->nr_samples, whole->nr_samples + 30, NULL, NULL);
	struct found found;

	if (err && kt_err_code(err) == KT_ERR_PARSE) {
		kt_err_free(err); /* its first bytes are gone: it is left alone */
		return true;
	}
	if (!CHECK(fine(err)))
		return false;
	found = read_back();
	return CHECK(!found.invented) && CHECK_INT(found.count, good + 30);
}

TEST(bytes_that_are_changed_anywhere_cost_their_block_and_invent_nothing)
{
	struct whole whole;
	int count = times(CHANGES);

	make_whole(&whole);
	for (int i = 0; i < count; i++) {
		bool bad[64] = { false };
		struct found found;

		put_back(&whole, 1 + next_random() % 3 * (next_random() % 4), bad);
		found = read_back();
		if (!CHECK(!found.invented) || !CHECK_INT(found.count, expected(&whole, bad)) ||
			!CHECK(found.nr_damages || found.count >= 8 * BLOCK_SAMPLES) ||
			(i % 10 == 0 && !goes_on(&whole, found.count)))
			break;
	}
	printf("  changed %d times\n", count);
	free_whole(&whole);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/cursor.h"
#include "record/pack.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/tail.h"
#include "record/writer.h"

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct kt_writer_opts opts = { .samples_max = 40, .bytes_max = 1 << 20 };

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* A file of each test's own; gives the path of its tail too. */
static const char *fresh(const char *name)
{
	static char path[256];
	char tail[300];

	snprintf(path, sizeof(path), "/tmp/ktally-test-%d-%s", (int)getpid(), name);
	snprintf(tail, sizeof(tail), "%s%s", path, KT_TAIL_SUFFIX);
	unlink(path);
	unlink(tail);
	return path;
}

static void remove_both(const char *path)
{
	char tail[300];

	snprintf(tail, sizeof(tail), "%s%s", path, KT_TAIL_SUFFIX);
	unlink(path);
	unlink(tail);
}

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

/* A slabinfo of which lines come and go, and numbers of every kind move. */
static void make_text(uint64_t *state, uint32_t sample, struct kt_buf *text)
{
	text->size = 0;
	kt_buf_puts(text, "# name <active_objs> <num_objs>\n");
	for (int i = 0; i < 30; i++) {
		if (next_random(state) % 40 == 0)
			continue;
		kt_buf_printf(text, "cache-%d %llu 64 : slabdata %d -%d 0x%x\n", i % 20,
			(unsigned long long)next_random(state) % (i + 1), i, i * 7,
			(unsigned)(sample / 100));
	}
	if (sample % 17 == 0)
		kt_buf_puts(text, "new line 18446744073709551615 007 1.25\n");
}

static struct kt_err *write_samples(struct kt_writer *writer, struct kt_sampler *sampler,
	uint64_t *state, uint32_t first, uint32_t count)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_err *err = NULL;

	for (uint32_t i = first; i < first + count && !err; i++) {
		struct kt_draft *draft = kt_writer_draft(writer);

		make_text(state, i, &text);
		kt_sampler_text(
			sampler, draft, "proc/slabinfo", (struct kt_span){ text.data, text.size });
		if (i % 5 == 2)
			kt_sampler_gone(sampler, draft, "proc/other");
		else
			kt_sampler_text(sampler, draft, "proc/other", KT_SPAN("a 1\nb 2\n"));
		kt_draft_end_sample(draft, 1000000 + (int64_t)i * 1000, (int64_t)i * 1000);
		err = kt_writer_flush(writer);
		if (!err && kt_writer_is_full(writer)) {
			err = kt_writer_turn(writer);
			kt_sampler_restart(sampler);
		}
	}
	return err;
}

/* Samples that are there and equal what was written; -1: one that was never written. */
static int compare(const char *path, uint64_t seed, uint32_t count)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	KT_CLEANUP(buf) struct kt_buf expected = { 0 }, found = { 0 };
	uint64_t state = seed;
	uint32_t at = 0;
	int good = 0;

	if (!fine(kt_recording_open(path, &recording)))
		return -1;
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_block *block;
		struct kt_err *err = kt_recording_block(recording, i, &block);

		if (err) {
			kt_err_free(err);
			continue;
		}
		KT_CLEANUP(cursor) struct kt_cursor cursor = { 0 };

		if (!fine(kt_cursor_init(&cursor, block)))
			return -1;
		for (uint32_t k = 0; k < block->nr_samples; k++, good++) {
			int64_t index = (kt_block_real_ms(block, k) - 1000000) / 1000;

			if (index < at || index >= count)
				return -1;
			for (; at <= index; at++)
				make_text(&state, at, &expected);
			found.size = 0;
			kt_cursor_move(&cursor, k);
			kt_cursor_text(
				&cursor, (uint32_t)kt_block_file(block, "proc/slabinfo"), &found);
			if (found.size != expected.size ||
				memcmp(found.data, expected.data, found.size) != 0)
				return -1;
			bool gone = !kt_block_layout_at(
				block, (uint32_t)kt_block_file(block, "proc/other"), k);

			if (gone != (index % 5 == 2))
				return -1;
		}
	}
	return good;
}

static void write_whole(const char *path, uint64_t seed, uint32_t count, bool turn)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	uint64_t state = seed;

	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	CHECK(fine(write_samples(writer, sampler, &state, 0, count)));
	if (turn)
		CHECK(fine(kt_writer_turn(writer)));
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
}

static size_t read_all(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, to, room);

	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static void write_all(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	CHECK(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

TEST(what_was_sampled_is_read_back_to_the_byte)
{
	const char *path = fresh("whole");

	for (uint64_t seed = 1; seed <= 5; seed++) {
		remove_both(path);
		write_whole(path, seed, 130, true);
		CHECK_INT(compare(path, seed, 130), 130);
	}
	remove_both(path);
}

TEST(what_is_in_the_tail_is_read_and_the_next_writer_takes_it_over)
{
	const char *path = fresh("tail");
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	uint64_t state = 9;

	write_whole(path, 9, 57, false);
	CHECK_INT(compare(path, 9, 57), 57);
	CHECK(kt_is_recording(path));
	/* the same numbers again, up to where the second writer begins */
	for (uint32_t i = 0; i < 57; i++) {
		KT_CLEANUP(buf) struct kt_buf text = { 0 };

		make_text(&state, i, &text);
	}
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	CHECK(fine(write_samples(writer, sampler, &state, 57, 30)));
	CHECK(fine(kt_writer_close(writer)));
	CHECK_INT(compare(path, 9, 87), 87);
	kt_sampler_free(sampler);
	remove_both(path);
}

TEST(what_a_sample_of_everything_does_not_tell_of_is_gone)
{
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_span text = kt_span_str("a 1\n");
	struct kt_draft draft;

	kt_draft_init(&draft);
	kt_sampler_text(sampler, &draft, "stays", text);
	kt_sampler_text(sampler, &draft, "goes", text);
	kt_draft_end_sample(&draft, 1, 1);
	kt_sampler_text(sampler, &draft, "stays", text);
	kt_sampler_drop_untold(sampler, &draft);
	kt_draft_end_sample(&draft, 2, 2);
	kt_draft_finish(&draft);
	CHECK(kt_block_layout_at(&draft.block, 0, 1) != NULL);
	CHECK(kt_block_layout_at(&draft.block, 1, 0) != NULL);
	CHECK(!kt_block_layout_at(&draft.block, 1, 1));
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}

/* Cgroups come and go: over months there are more than a block can hold. */
TEST(files_of_earlier_blocks_take_no_place)
{
	struct kt_sampler *sampler = kt_sampler_new();
	uint32_t nr_files = 0;

	for (int block = 0; block < 3; block++) {
		struct kt_draft draft;
		char path[64];

		kt_draft_init(&draft);
		for (int i = 0; i < 3000; i++) {
			snprintf(path, sizeof(path), "cgroup/%d/%d", block, i);
			kt_sampler_text(sampler, &draft, path, kt_span_str("a 1\n"));
		}
		nr_files = (uint32_t)draft.block.files.count;
		kt_draft_fini(&draft);
		kt_sampler_restart(sampler);
	}
	CHECK_INT(nr_files, 3000);
	kt_sampler_free(sampler);
}

/* All that a writer has left that died in its first block: an empty file and a tail. */
TEST(a_recording_without_a_whole_block_goes_on)
{
	const char *path = fresh("young");
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	uint64_t state = 6;

	write_whole(path, 6, 0, false);
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	CHECK(fine(write_samples(writer, sampler, &state, 0, 11)));
	CHECK(fine(kt_writer_close(writer)));
	CHECK_INT(compare(path, 6, 11), 11);
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	kt_sampler_restart(sampler);
	CHECK(fine(write_samples(writer, sampler, &state, 11, 5)));
	CHECK(fine(kt_writer_close(writer)));
	CHECK_INT(compare(path, 6, 16), 16);
	kt_sampler_free(sampler);
	remove_both(path);
}

static size_t nr_damages(const char *path)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;

	return fine(kt_recording_open(path, &recording)) ? kt_recording_nr_damages(recording) : 99;
}

/* The block of samples up to `count`, as far as it came; the tail still has its samples. */
static void break_off(const char *path, uint32_t count, size_t at, bool zeros)
{
	static char whole[1 << 18];
	char donor[64];
	size_t size;

	snprintf(donor, sizeof(donor), "/tmp/ktally-test-donor-%d", (int)getpid());
	remove_both(path);
	remove_both(donor);
	write_whole(donor, 8, count, true);
	write_whole(path, 8, count, false);
	size = read_all(donor, whole, sizeof(whole));
	remove_both(donor);
	if (zeros)
		memset(whole + at, 0, size - at);
	write_all(path, whole, zeros ? size : at < size ? at : size);
}

TEST(half_a_block_is_made_good_by_the_tail)
{
	const char *path = fresh("half");

	for (uint32_t count = 20; count <= 60; count += 40) {
		size_t start = count == 20 ? 0 : 1, least = 1;

		if (start) { /* behind the first block */
			KT_CLEANUP(recording) struct kt_recording *recording = NULL;

			remove_both(path);
			write_whole(path, 8, count, false);
			CHECK(fine(kt_recording_open(path, &recording)));
			least = KT_FRAME_HEAD + kt_recording_frame(recording, 0)->stored_size + 1;
		}
		for (size_t at = least; at < least + 2000; at += 1 + at % 37) {
			struct kt_sampler *sampler = kt_sampler_new();
			struct kt_writer *writer = NULL;
			uint64_t state = 8;
			KT_CLEANUP(buf) struct kt_buf text = { 0 };

			break_off(path, count, at, false);
			if (!CHECK(kt_is_recording(path)) ||
				!CHECK_INT(compare(path, 8, count), count) ||
				!CHECK_INT(nr_damages(path), 0))
				break;
			for (uint32_t i = 0; i < count; i++)
				make_text(&state, i, &text);
			if (!CHECK(fine(kt_writer_open(path, &opts, &writer))))
				break;
			CHECK(fine(write_samples(writer, sampler, &state, count, 9)));
			CHECK(fine(kt_writer_close(writer)));
			kt_sampler_free(sampler);
			if (!CHECK_INT(compare(path, 8, count + 9), count + 9) ||
				!CHECK_INT(nr_damages(path), 0))
				break;
		}
	}
	remove_both(path);
}

/* A file may be as long as it was to be and not hold it all: the machine died. */
TEST(a_block_that_never_reached_the_disk_is_made_good_by_the_tail)
{
	const char *path = fresh("zeros");

	for (size_t at = 1; at < 1000; at += 33) {
		break_off(path, 20, at, true);
		if (!CHECK_INT(compare(path, 8, 20), 20))
			break;
	}
	remove_both(path);
}

/* Damage that no tail makes good may be worth something to somebody with better tools. */
TEST(a_damaged_last_block_stays_in_the_file)
{
	const char *path = fresh("lastly");
	static char whole[1 << 18], after[1 << 18];
	struct kt_writer *writer = NULL;
	size_t size;

	write_whole(path, 8, 100, true);
	size = read_all(path, whole, sizeof(whole));
	for (size_t at = size - 1; whole[at] != 'R' || whole[at - 1] != 0x1a; at--)
		whole[at] ^= 1;
	write_all(path, whole, size);
	CHECK(fine(kt_writer_open(path, &opts, &writer)));
	CHECK(fine(kt_writer_close(writer)));
	CHECK_INT(read_all(path, after, sizeof(after)), size);
	CHECK(memcmp(whole, after, size) == 0);
	remove_both(path);
}

TEST(a_file_has_one_writer)
{
	const char *path = fresh("two");
	struct kt_writer *first = NULL, *second = NULL;
	struct kt_err *err;

	CHECK(fine(kt_writer_open(path, &opts, &first)));
	err = kt_writer_open(path, &opts, &second);
	CHECK(err && kt_err_code(err) == KT_ERR_REFUSED && strstr(kt_err_text(err), "one writer"));
	kt_err_free(err);
	CHECK(fine(kt_writer_close(first)));
	remove_both(path);
}

TEST(a_file_that_is_no_recording_is_left_as_it_is)
{
	const char *path = fresh("other");
	struct kt_writer *writer = NULL;
	struct kt_err *err;
	struct stat status;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	CHECK(write(fd, "somebody's letters\n", 19) == 19);
	close(fd);
	err = kt_writer_open(path, &opts, &writer);
	CHECK(err && kt_err_code(err) == KT_ERR_PARSE);
	kt_err_free(err);
	CHECK(stat(path, &status) == 0 && status.st_size == 19);
	remove_both(path);
}

TEST(damage_anywhere_costs_its_block_and_invents_nothing)
{
	const char *path = fresh("damage");
	static char whole[1 << 18], copy[1 << 18];
	uint64_t state = 77;
	size_t size;
	int least = 1000;

	write_whole(path, 3, 130, true);
	size = read_all(path, whole, sizeof(whole));
	CHECK(size > 1000 && size < sizeof(whole));
	for (int turn = 0; turn < 400; turn++) {
		int good;

		memcpy(copy, whole, size);
		copy[next_random(&state) % size] ^= (char)(1 + next_random(&state) % 255);
		write_all(path, copy, size);
		good = compare(path, 3, 130);
		least = good < least ? good : least;
	}
	/* four blocks of at most 40 samples: one of them at most is lost */
	CHECK(least >= 90);
	remove_both(path);
}

TEST(a_cut_anywhere_costs_what_is_behind_it)
{
	const char *path = fresh("cut");
	char tail[300];
	static char whole[1 << 18];
	uint64_t state = 5;
	int last = -1, turns = 0;
	size_t size;

	write_whole(path, 4, 70, false);
	snprintf(tail, sizeof(tail), "%s%s", path, KT_TAIL_SUFFIX);
	size = read_all(tail, whole, sizeof(whole));
	CHECK(size > 100);
	for (size_t cut = size; cut > 0; cut -= cut > 40 ? 1 + next_random(&state) % 40 : cut) {
		int good;

		write_all(tail, whole, cut);
		good = compare(path, 4, 70);
		CHECK(good >= 40 && (last < 0 || good <= last));
		last = good;
		turns++;
	}
	CHECK(turns > 20 && last == 40);
	remove_both(path);
}

/* One line of 64 KiB, which the file has a million times: 64 GiB of text in a small block. */
TEST(a_text_is_never_larger_than_what_can_be_written)
{
	KT_CLEANUP(buf) struct kt_buf line = { 0 }, text = { 0 };
	struct kt_draft draft;
	struct kt_cursor cursor;
	static uint32_t lines[1 << 20];

	kt_buf_repeat(&line, "long", 1 << 14);
	kt_draft_init(&draft);
	kt_draft_file(&draft, "proc/meminfo");
	kt_draft_line(&draft, 0, (struct kt_span){ line.data, line.size });
	kt_draft_layout(&draft, 0, lines, KT_LEN(lines));
	kt_draft_end_sample(&draft, 1000, 1000);
	kt_draft_finish(&draft);
	CHECK(!kt_draft_failed(&draft) && fine(kt_cursor_init(&cursor, &draft.block)));
	CHECK(!kt_cursor_text(&cursor, 0, &text));
	CHECK_INT(text.size, 0);
	CHECK(text.room <= 4ull * KT_BLOCK_BYTES_MAX);
	kt_cursor_fini(&cursor);
	kt_draft_fini(&draft);
}

/* What cannot be kept is missing; its last text is not told again. */
TEST(a_text_that_is_too_large_is_absent)
{
	KT_CLEANUP(buf) struct kt_buf large = { 0 }, text = { 0 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_draft draft;
	struct kt_cursor cursor;

	kt_draft_init(&draft);
	for (uint32_t i = 0; i < 3; i++) {
		kt_buf_puts(&large, "a 1\n");
		kt_sampler_text(sampler, &draft, "f", (struct kt_span){ large.data, large.size });
		kt_draft_end_sample(&draft, i, i);
		/* then too many bytes, then too many lines */
		large.size = 0;
		kt_buf_repeat(&large, i ? "\n" : "b", KT_BLOCK_BYTES_MAX - (i ? 100 : 0));
	}
	kt_draft_finish(&draft);
	CHECK(!kt_draft_failed(&draft) && fine(kt_cursor_init(&cursor, &draft.block)));
	CHECK(kt_cursor_text(&cursor, 0, &text));
	kt_cursor_move(&cursor, 1);
	CHECK(!kt_cursor_text(&cursor, 0, &text));
	kt_cursor_move(&cursor, 2);
	CHECK(!kt_cursor_text(&cursor, 0, &text));
	kt_cursor_fini(&cursor);
	kt_draft_fini(&draft);
	kt_sampler_free(sampler);
}

TEST(a_block_with_more_than_it_may_have_is_refused)
{
	static const struct {
		uint64_t count; /* of facts, of marks, of layouts */
		const char *one;
		size_t size, at;
	} parts[] = { { KT_BLOCK_FACTS_MAX, "\0\0", 2, 0 }, { KT_BLOCK_MARKS_MAX, "\0\0\0", 3, 1 },
		{ KT_BLOCK_LAYOUT_MAX, "\0\0", 2, 2 } };

	for (size_t i = 0; i < KT_LEN(parts); i++) {
		for (uint64_t more = 0; more <= 1; more++) {
			KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
			uint64_t count = parts[i].count + more;
			struct kt_block block;
			struct kt_err *err;

			kt_buf_add(&bytes, "\0\1\0\0\1\0", 2 + parts[i].at);
			if (parts[i].at == 2)
				kt_buf_add(&bytes, "\1\0", 2); /* a file without a name */
			kt_pack_varint(&bytes, count);
			for (uint64_t k = 0; k < count; k++)
				kt_buf_add(&bytes, parts[i].one, parts[i].size);
			kt_buf_add(&bytes, "\0\0\0", 3 - parts[i].at);
			/* no guesses, no values, and two clocks without one */
			kt_buf_add(&bytes, "\0\0\2\xfd\xfd", 5);
			err = kt_block_decode((struct kt_span){ bytes.data, bytes.size }, &block);
			CHECK_INT(!err, !more);
			if (!err)
				kt_block_cleanup(&block);
			kt_err_free(err);
		}
	}
}

TEST(a_clock_is_in_every_sample_and_near_our_days)
{
	static const struct {
		const char *firsts; /* of both clocks, then controls, and low bits */
		size_t size;
		bool good;
	} clocks[] = {
		{ "\2\2\2\2\xff\xff", 6, true },
		{ "\2\2\2\3\x82\xff\xff", 7, true },  /* told one by one */
		{ "\1\2\2\xff\xfd", 5, false },	      /* none for the second */
		{ "\2\2\2\3\xc2\xfe\xff", 7, false }, /* none in the second sample */
		{ "\2\2\2\3\xde\xff\xff", 7, false }, /* none in the first */
		{ "\2\1\2\2\xff\xff", 6, false },     /* before 1970 */
		{ "\2\2\2\3\x83\xff\xff", 7, false }, /* of a third sample */
		{ "\2\2\2\3\x6a\xff\xff\xff\xff\xff\xff\xff\xff\x0f", 14, true }, /* 2^53 */
		{ "\2\2\2\3\x6c\xff\xff\0\0\0\0\0\0\0", 14, false },		  /* and 1 */
		{ "\2\2\2\2\xff\xff\0", 7, false }, /* bits that nobody takes */
		{ "\2\2\2\3\xff\xff\xff", 7, false },
		{ "", 0, false },
	};

	for (size_t i = 0; i < KT_LEN(clocks); i++) {
		KT_CLEANUP(buf) struct kt_buf bytes = { 0 };
		struct kt_block block;
		struct kt_err *err;

		/* two samples, no facts, marks, files, lines, guesses */
		kt_buf_add(&bytes, "\2\1\0\0\0\0\0", 7);
		kt_buf_add(&bytes, clocks[i].firsts, clocks[i].size);
		err = kt_block_decode((struct kt_span){ bytes.data, bytes.size }, &block);
		CHECK_INT(!err, clocks[i].good);
		if (!err)
			kt_block_cleanup(&block);
		kt_err_free(err);
	}
}

TEST(lines_keep_their_words_and_give_their_numbers_away)
{
	static const struct {
		const char *line, *text;
		uint32_t nr_numbers;
		int64_t first;
	} lines[] = {
		{ "MemFree:         123 kB", "MemFree: \x01 kB", 1, 123 },
		{ "largest 999999999999999999", "largest \x01", 1, 999999999999999999 },
		{ "larger 9999999999999999999", "larger 9999999999999999999", 0, 0 },
		{ "kmalloc-64   5   64 : tunables", "kmalloc-64 \x01 \x01 : tunables", 2, 5 },
		{ "Node 0, zone  DMA32", "Node \x01, zone DMA32", 1, 0 },
		{ "        present  9", "        present \x01", 1, 9 },
		{ "x -5 -0 007 1.5", "x \x01 -0 007 \x01.5", 2, -5 },
		{ "0x12 0X1 18446744073709551615", "0x12 0X1 18446744073709551615", 0, 0 },
		{ "a=1,b=2(3)", "a=\x01,b=\x01(\x01)", 3, 1 },
		{ "odd\x01one", "odd?one", 0, 0 },
		{ "", "", 0, 0 },
	};
	static struct kt_line_parts parts;

	for (size_t i = 0; i < KT_LEN(lines); i++) {
		kt_line_split(kt_span_str(lines[i].line), &parts);
		kt_buf_add(&parts.text, "", 1);
		CHECK_STR(parts.text.data, lines[i].text);
		CHECK_INT(parts.nr_numbers, lines[i].nr_numbers);
		if (lines[i].nr_numbers)
			CHECK_INT(parts.numbers[0], lines[i].first);
	}
	kt_buf_cleanup(&parts.text);
}

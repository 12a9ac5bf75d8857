// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/writer.h"

#include "record/cursor.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/tail.h"

#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static bool fine(struct kt_err *err)
{
	if (err)
		printf("  %s\n", kt_err_text(err));
	kt_err_free(err);
	return !err;
}

static const char *path_of(const char *suffix)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/x.rec%s", folder, suffix);
	return path;
}

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/ktally-writer-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
	static const char *const suffixes[] = { "", KT_TAIL_SUFFIX, ".new", ".1" };

	for (size_t i = 0; i < KT_LEN(suffixes); i++)
		unlink(path_of(suffixes[i]));
	CHECK(rmdir(folder) == 0);
}

/* ---- when a block is full ---- */

static void put_caches(
	struct kt_sampler *sampler, struct kt_writer *writer, uint32_t count, uint32_t sample)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	for (uint32_t i = 0; i < count; i++)
		kt_buf_printf(
			&text, "cache-number-%u- %u %u 64\n", i, sample * 7 * (i % 50 == 0), i);
	kt_sampler_text(sampler, kt_writer_draft(writer), "proc/slabinfo",
		(struct kt_span){ text.data, text.size });
	kt_draft_end_sample(kt_writer_draft(writer), 1000 + sample, sample);
}

/* The text of this machine alone is more than `bytes_max`. */
TEST(a_machine_with_much_text_does_not_get_a_block_for_each_sample)
{
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 64 << 10 };
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	struct stat status;
	off_t one = 0;

	make_folder();
	CHECK(fine(kt_writer_open(path_of(""), &opts, &writer)));
	for (uint32_t i = 0; i < 300; i++) {
		put_caches(sampler, writer, 4000, i);
		CHECK(fine(kt_writer_flush(writer)));
		if (!kt_writer_is_full(writer))
			continue;
		if (!CHECK_INT(i % 100, 99) || !CHECK(fine(kt_writer_turn(writer))))
			break;
		kt_sampler_restart(sampler);
		if (i == 99 && CHECK(stat(path_of(""), &status) == 0))
			one = status.st_size;
	}
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
	CHECK(fine(kt_recording_open(path_of(""), &recording)));
	CHECK_INT(kt_recording_nr_blocks(recording), 3);
	CHECK(stat(path_of(""), &status) == 0 && status.st_size < 4 * one);
	remove_folder();
}

/* What the samples after the first add is bounded all the same. */
TEST(a_block_ends_when_its_samples_have_added_enough)
{
	static const struct kt_writer_opts opts = { .samples_max = 3600, .bytes_max = 4096 };
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *writer = NULL;
	uint32_t i = 0;

	make_folder();
	CHECK(fine(kt_writer_open(path_of(""), &opts, &writer)));
	for (; i < 3600 && !kt_writer_is_full(writer); i++)
		put_caches(sampler, writer, 4000, i * i);
	/* 80 numbers of two bytes or so in each */
	CHECK(i > 10 && i < 60);
	CHECK(fine(kt_writer_turn(writer)));
	CHECK(fine(kt_writer_close(writer)));
	kt_sampler_free(sampler);
	remove_folder();
}

/* ---- files that cannot be read ---- */

/* "text", "denied", "unread", or "" where the file is not there. */
static const char *state_at(const struct kt_block *block, uint32_t sample, const char **ret_why)
{
	const struct kt_block_mark *mark;
	int file = kt_block_file(block, "proc/slabinfo");

	*ret_why = "";
	if (file < 0)
		return "";
	if (kt_block_layout_at(block, (uint32_t)file, sample))
		return "text";
	mark = kt_block_unread_at(block, (uint32_t)file, sample, ret_why);
	return mark ? mark->kind : "";
}

static void put_states(struct kt_sampler *sampler, struct kt_draft *draft)
{
	static const struct {
		const char *kind, *why;
	} told[] = { { "denied", "no" }, { "denied", "no" }, { "text", NULL }, { "gone", NULL },
		{ "unread", "out of memory" }, { "unread", "Too many open files" },
		{ "gone", NULL }, { "unread", "again" }, { "text", NULL } };

	for (uint32_t i = 0; i < KT_LEN(told); i++) {
		/* another file of which the path begins alike */
		kt_sampler_unread(sampler, draft, "proc/slabinfo2", KT_MARK_UNREAD, "other");
		if (strcmp(told[i].kind, "text") == 0)
			kt_sampler_text(sampler, draft, "proc/slabinfo", KT_SPAN("a 1\n"));
		else if (strcmp(told[i].kind, "gone") == 0)
			kt_sampler_gone(sampler, draft, "proc/slabinfo");
		else
			kt_sampler_unread(
				sampler, draft, "proc/slabinfo", told[i].kind, told[i].why);
		kt_draft_end_sample(draft, 1000 * (i + 1), i);
	}
}

TEST(why_a_file_could_not_be_read_is_known_of_each_sample)
{
	static const struct kt_writer_opts opts = { .samples_max = 100, .bytes_max = 64 << 10 };
	static const char *const wanted[][2] = { { "denied", "no" }, { "denied", "no" },
		{ "text", "" }, { "", "" }, { "unread", "out of memory" },
		{ "unread", "Too many open files" }, { "", "" }, { "unread", "again" },
		{ "text", "" } };

	/* out of the tail, and out of a block */
	for (int turned = 0; turned < 2; turned++) {
		KT_CLEANUP(recording) struct kt_recording *recording = NULL;
		struct kt_sampler *sampler = kt_sampler_new();
		struct kt_writer *writer = NULL;
		const struct kt_block *block;

		make_folder();
		CHECK(fine(kt_writer_open(path_of(""), &opts, &writer)));
		put_states(sampler, kt_writer_draft(writer));
		CHECK(!turned || fine(kt_writer_turn(writer)));
		CHECK(fine(kt_writer_close(writer)));
		kt_sampler_free(sampler);
		CHECK(fine(kt_recording_open(path_of(""), &recording)));
		CHECK(fine(kt_recording_block(recording, 0, &block)));
		for (uint32_t i = 0; i < KT_LEN(wanted); i++) {
			const char *why;

			CHECK_STR(state_at(block, i, &why), wanted[i][0]);
			CHECK_STR(why, wanted[i][1]);
		}
		CHECK_INT(block->marks.count, 1 + 5);
		remove_folder();
	}
}

/* ---- the name of the file ---- */

static const struct kt_writer_opts small_opts = { .samples_max = 100, .bytes_max = 64 << 10 };

static void put_number(struct kt_sampler *sampler, struct kt_writer *writer, uint32_t number)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_buf_printf(&text, "x %u\n", number);
	kt_sampler_text(
		sampler, kt_writer_draft(writer), "a", (struct kt_span){ text.data, text.size });
	kt_draft_end_sample(kt_writer_draft(writer), 1000 + number, number);
	CHECK(fine(kt_writer_flush(writer)));
}

/* Samples of a file, as their times less 1,000, one digit each. */
static const char *samples_of(const char *path)
{
	KT_CLEANUP(recording) struct kt_recording *recording = NULL;
	static char digits[4][16];
	static unsigned turn;
	char *text = digits[turn++ % 4];
	size_t n = 0;

	text[0] = '\0';
	if (!fine(kt_recording_open(path, &recording)))
		return "none";
	CHECK_INT(kt_recording_nr_damages(recording), 0);
	for (size_t i = 0; i < kt_recording_nr_blocks(recording); i++) {
		const struct kt_block *block;

		if (!CHECK(fine(kt_recording_block(recording, i, &block))))
			continue;
		for (uint32_t k = 0; k < block->nr_samples && n < 15; k++)
			text[n++] = (char)('0' + kt_block_real_ms(block, k) - 1000);
	}
	text[n] = '\0';
	return text;
}

struct both {
	struct kt_sampler *sampler;
	struct kt_writer *writer;
};

static struct both begin_both(void)
{
	struct both both = { .sampler = kt_sampler_new() };

	make_folder();
	CHECK(fine(kt_writer_open(path_of(""), &small_opts, &both.writer)));
	for (uint32_t i = 0; i < 3; i++)
		put_number(both.sampler, both.writer, i);
	return both;
}

static void go_on(const struct both *both, bool wanted)
{
	bool moved = false;

	CHECK(fine(kt_writer_check_place(both->writer, &moved)));
	CHECK_INT(moved, wanted);
	if (moved)
		kt_sampler_restart(both->sampler);
	for (uint32_t i = 3; i < 5; i++)
		put_number(both->sampler, both->writer, i);
}

static void end_both(const struct both *both)
{
	CHECK(fine(kt_writer_turn(both->writer)));
	CHECK(fine(kt_writer_close(both->writer)));
	kt_sampler_free(both->sampler);
}

TEST(a_file_in_its_place_stays)
{
	struct both both = begin_both();

	go_on(&both, false);
	CHECK_STR(samples_of(path_of("")), "01234");
	end_both(&both);
	CHECK_STR(samples_of(path_of("")), "01234");
	remove_folder();
}

TEST(a_file_that_was_removed_is_made_anew_with_what_was_in_no_block)
{
	for (int what = 1; what < 4; what++) {
		struct both both = begin_both();

		if (what & 1)
			CHECK(unlink(path_of("")) == 0);
		if (what & 2)
			CHECK(unlink(path_of(KT_TAIL_SUFFIX)) == 0);
		go_on(&both, true);
		CHECK_STR(samples_of(path_of("")), "01234");
		end_both(&both);
		CHECK_STR(samples_of(path_of("")), "01234");
		remove_folder();
	}
}

TEST(a_file_that_was_renamed_has_its_samples_and_a_new_one_the_rest)
{
	struct both both = begin_both();

	CHECK(rename(path_of(""), path_of(".1")) == 0);
	go_on(&both, true);
	CHECK_STR(samples_of(path_of(".1")), "012");
	CHECK_STR(samples_of(path_of("")), "34");
	end_both(&both);
	CHECK_STR(samples_of(path_of("")), "34");
	remove_folder();
}

TEST(another_recorder_can_have_the_name_of_a_renamed_file)
{
	struct both both = begin_both();
	struct kt_sampler *sampler = kt_sampler_new();
	struct kt_writer *second = NULL;
	struct kt_err *err;
	bool moved;

	CHECK(rename(path_of(""), path_of(".1")) == 0);
	CHECK(fine(kt_writer_open(path_of(""), &small_opts, &second)));
	put_number(sampler, second, 7);
	err = kt_writer_check_place(both.writer, &moved);
	CHECK(moved && err && kt_err_code(err) == KT_ERR_REFUSED);
	kt_err_free(err);
	kt_err_free(kt_writer_close(both.writer));
	kt_sampler_free(both.sampler);
	put_number(sampler, second, 8);
	CHECK(fine(kt_writer_close(second)));
	kt_sampler_free(sampler);
	CHECK_STR(samples_of(path_of(".1")), "012");
	CHECK_STR(samples_of(path_of("")), "78");
	remove_folder();
}

/* ---- who may write to it ---- */

static bool is_refused(void)
{
	struct kt_writer *writer = NULL;
	KT_CLEANUP(err) struct kt_err *err = kt_writer_open(path_of(""), &small_opts, &writer);

	if (!err)
		CHECK(fine(kt_writer_close(writer)));
	return err && kt_err_code(err) == KT_ERR_REFUSED;
}

static bool make_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");
	bool good = file && fputs(text, file) >= 0 && fclose(file) == 0;

	return good && chmod(path, mode) == 0;
}

TEST(what_others_can_write_to_is_refused_and_nothing_is_left)
{
	make_folder();
	CHECK(make_file(path_of(""), "", 0666) && is_refused());
	CHECK(access(path_of(KT_TAIL_SUFFIX), F_OK) != 0);
	unlink(path_of(""));
	CHECK(make_file(path_of(KT_TAIL_SUFFIX), "", 0666) && is_refused());
	CHECK(access(path_of(""), F_OK) != 0);
	unlink(path_of(KT_TAIL_SUFFIX));
	/* not what this program wrote, under any owner */
	CHECK(make_file(path_of(KT_TAIL_SUFFIX), "letters of somebody", 0600) && is_refused());
	CHECK(access(path_of(""), F_OK) != 0);
	if (geteuid() == 0) {
		CHECK(make_file(path_of(KT_TAIL_SUFFIX), "", 0600));
		CHECK(chown(path_of(KT_TAIL_SUFFIX), 65534, 65534) == 0 && is_refused());
		CHECK(access(path_of(""), F_OK) != 0);
	}
	unlink(path_of(KT_TAIL_SUFFIX));
	CHECK(!is_refused());
	remove_folder();
}

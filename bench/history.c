// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a recording up, for what reads recordings: the files of a captured tree, whose
// numbers walk at random. Reboots, caches and files that vanish and come back, a clock that is
// set back and thinned blocks are in it where they are asked for: thin=1 thins after minutes,
// thin=2 as the recorder does.
//
//   history TREE RECORDING [samples=N] [interval=SECONDS] [seed=N] [events=1] [thin=1]
//
// With calm=N the sizes of slab caches stay, as on a real machine, and of the numbers that walk
// only one in N does: calm=50 is a machine at rest, calm=5 one at work.

#include "record/keep.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "source/source.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX  4096
#define SLOW_EVERY 600 /* samples */

static struct kt_writer_opts opts = { .samples_max = 3600, .bytes_max = 288u << 10, .sync = false };

static const char *const fast_files[] = { "proc/meminfo", "proc/vmstat", "proc/zoneinfo",
	"proc/slabinfo", "proc/buddyinfo", "proc/modules" };

struct file {
	const char *path;
	char *text;
	size_t size;
	bool fast, gone;
};

static struct {
	struct file files[FILES_MAX];
	size_t count, root_length;
	struct kt_arena arena;
	uint64_t random;
} made;

static void must(struct kt_err *err)
{
	if (!err)
		return;
	fprintf(stderr, "history: %s\n", kt_err_text(err));
	exit(EXIT_FAILURE);
}

static uint32_t draw(uint32_t below)
{
	made.random = made.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(made.random >> 33) % below;
}

static bool is_fast(const char *path)
{
	for (size_t i = 0; i < KT_LEN(fast_files); i++) {
		if (strcmp(path, fast_files[i]) == 0)
			return true;
	}
	return false;
}

static int take_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *inside = path + made.root_length + 1;
	struct file *file = &made.files[made.count];
	FILE *stream;

	(void)st, (void)where;
	if (kind != FTW_F || made.count == FILES_MAX || !kt_source_wants_path(inside))
		return 0;
	stream = fopen(path, "re");
	if (!stream)
		return 0;
	*file = (struct file){ .path = kt_arena_printf(&made.arena, "%s", inside),
		.text = kt_arena_alloc(&made.arena, 1 << 18),
		.fast = is_fast(inside) };
	file->size = file->text ? fread(file->text, 1, 1 << 18, stream) : 0;
	fclose(stream);
	made.count++;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number keeps its length, so that the file keeps its own; not the first of a line. */
static void walk_numbers(struct file *file, uint32_t calm)
{
	bool is_list = calm && strcmp(file->path, "proc/slabinfo") == 0, after = !is_list;

	for (size_t i = 1; i < file->size; i++) {
		size_t end = i;

		/* the numbers of slabs come last, and the size of objects stays */
		if (is_list && file->text[i] == ':')
			after = i + 10 < file->size &&
				memcmp(file->text + i, ": slabdata", 10) == 0;
		else if (is_list && file->text[i] == '\n')
			after = false;
		if (!after || (calm && draw(calm)))
			continue;
		while (end < file->size && is_digit(file->text[end]))
			end++;
		if (end - i >= 3 && file->text[i - 1] == ' ' && !draw(6))
			file->text[end - 1] = (char)('0' + draw(10));
		if (end - i >= 5 && file->text[i - 1] == ' ' && !draw(20))
			file->text[end - 2] = (char)('0' + draw(10));
		i = end > i ? end - 1 : i; /* the end of a line is looked at, too */
	}
}

/* Puts a file without one of its lines: a cache or counter that is not there. */
static void put_without_a_line(
	struct kt_sampler *sampler, struct kt_draft *draft, const struct file *file)
{
	struct kt_span rest = { file->text, file->size }, line;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	uint32_t at = draw(60) + 3;

	for (uint32_t i = 0; kt_span_line(&rest, &line); i++) {
		if (i != at)
			kt_buf_printf(&text, "%.*s\n", (int)line.n, line.p);
	}
	kt_sampler_text(sampler, draft, file->path, (struct kt_span){ text.data, text.size });
}

struct maker {
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	bool events, fresh;
	uint32_t calm;
	uint32_t boot, without; /* which file lacks a line for now, plus one */
	int64_t real_ms, boot_ms, interval_ms;
};

static void put_files(struct maker *maker, bool all)
{
	struct kt_draft *draft = kt_writer_draft(maker->writer);

	for (size_t i = 0; i < made.count; i++) {
		struct file *file = &made.files[i];

		if (!file->fast && !all)
			continue;
		if (file->fast)
			walk_numbers(file, maker->calm);
		if (file->gone)
			kt_sampler_gone(maker->sampler, draft, file->path);
		else if (maker->without == i + 1)
			put_without_a_line(maker->sampler, draft, file);
		else
			kt_sampler_text(maker->sampler, draft, file->path,
				(struct kt_span){ file->text, file->size });
	}
}

static void put_facts(struct maker *maker)
{
	struct kt_draft *draft = kt_writer_draft(maker->writer);
	char text[32];

	snprintf(text, sizeof(text), "boot-%u", maker->boot);
	kt_draft_fact(draft, "boot_id", text);
	kt_draft_fact(draft, "release", "6.12.1");
	kt_draft_fact(draft, "page_bytes", "4096");
	maker->fresh = false;
}

static void turn(struct maker *maker)
{
	must(kt_writer_turn(maker->writer));
	kt_sampler_restart(maker->sampler);
	maker->fresh = true;
}

/* What a recording of months has in it sooner or later. */
static void happen(struct maker *maker)
{
	uint32_t what = draw(400);

	if (what == 0 && !maker->fresh) {
		turn(maker);
		maker->boot++;
		maker->boot_ms = 5000;
		maker->real_ms += 60000;
	} else if (what < 4) {
		maker->without = maker->without ? 0 : draw((uint32_t)made.count) + 1;
	} else if (what < 8) {
		struct file *file = &made.files[draw((uint32_t)made.count)];

		file->gone = !file->gone;
	} else if (what == 8) {
		maker->real_ms -= 5000;
	}
}

static void make(struct maker *maker, uint32_t nr_samples)
{
	for (uint32_t i = 0; i < nr_samples; i++) {
		if (maker->events)
			happen(maker);
		if (maker->fresh)
			put_facts(maker);
		put_files(maker, i % SLOW_EVERY == 0 || maker->boot_ms == 5000);
		kt_draft_end_sample(kt_writer_draft(maker->writer), maker->real_ms, maker->boot_ms);
		maker->real_ms += maker->interval_ms;
		maker->boot_ms += maker->interval_ms;
		if (kt_writer_is_full(maker->writer))
			turn(maker);
	}
}

static uint32_t number_of(int argc, char **argv, const char *key, uint32_t otherwise)
{
	for (int i = 3; i < argc; i++) {
		if (strncmp(argv[i], key, strlen(key)) == 0)
			return (uint32_t)strtoul(argv[i] + strlen(key), NULL, 10);
	}
	return otherwise;
}

int main(int argc, char **argv)
{
	struct maker maker = { .fresh = true, .boot_ms = 5000, .real_ms = 1767225600000 };

	if (argc < 3) {
		fprintf(stderr, "usage: history TREE RECORDING [samples=N] [seed=N] [events=1] "
				"[thin=1] [interval=SECONDS] [calm=N]\n");
		return EXIT_FAILURE;
	}
	made.root_length = strlen(argv[1]);
	made.random = number_of(argc, argv, "seed=", 1);
	maker.events = number_of(argc, argv, "events=", 0);
	maker.calm = number_of(argc, argv, "calm=", 0);
	maker.interval_ms = 1000ll * number_of(argc, argv, "interval=", 1);
	nftw(argv[1], take_file, 16, FTW_PHYS);
	must(kt_writer_open(argv[2], &opts, &maker.writer));
	maker.sampler = kt_sampler_new();
	make(&maker, number_of(argc, argv, "samples=", 10000));
	if (number_of(argc, argv, "thin=", 0)) {
		const struct kt_keep early = { .fine_ms = 600000,
			.minute_ms = 7200000,
			.days_ms = 86400000000,
			.size_max = UINT64_MAX };
		const bool usual = number_of(argc, argv, "thin=", 0) == 2;

		must(kt_writer_turn(maker.writer));
		must(kt_writer_keep(maker.writer, usual ? &kt_keep_default : &early, KT_KEEP_ALL));
	}
	must(kt_writer_close(maker.writer));
	kt_sampler_free(maker.sampler);
	kt_arena_fini(&made.arena);
	return EXIT_SUCCESS;
}

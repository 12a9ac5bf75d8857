// SPDX-License-Identifier: GPL-2.0-or-later
//
// Takes the texts of the running machine's files and plays them back into recordings.
//
//   recording take SECONDS INTERVAL_MS STREAM RECORDING   both from the same readings
//   recording check STREAM RECORDING                      is every text read back?
//   recording replay STREAM RECORDING [samples=N] [bytes=N] [every=N] [times=N]
//                    [sync=1]                             what it takes, per sample
//   recording month STREAM RECORDING [days=N]             a sample every ten seconds
//   recording soak TREE RECORDING [samples=N]             does its memory grow?
//
// A replay keeps a sample of `every`, and goes over the stream `times` times. A month is the
// stream over and over, with caches that grow each at its own pace, thinned as the recorder
// does it.

#include "stream.h"

#include "record/cursor.h"
#include "record/keep.h"
#include "record/recording.h"
#include "record/sampler.h"
#include "record/writer.h"
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOW_MS	 600000
#define FLUSH_MS 10000

/* As in cmd/record/record.c. */
static const struct kt_source *const fast_sources[] = { &kt_source_vmstat, &kt_source_zoneinfo,
	&kt_source_meminfo, &kt_source_hugepages, &kt_source_slabinfo, &kt_source_buddyinfo,
	&kt_source_modules };

static struct kt_writer_opts opts = { .samples_max = 3600, .bytes_max = 384u << 10, .sync = false };

static void must(struct kt_err *err)
{
	if (!err)
		return;
	fprintf(stderr, "recording: %s\n", kt_err_text(err));
	exit(EXIT_FAILURE);
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* VmRSS or VmHWM of this process, KiB. */
static long rss_kib(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtol(line + strlen(key) + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return kib;
}

/* Bytes that this process has written, to whatever. */
static unsigned long long written(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	unsigned long long bytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "wchar: %llu", &bytes);
	if (file)
		fclose(file);
	return bytes;
}

/* ---- writing as the recorder does ---- */

struct sink {
	struct kt_writer *writer;
	struct kt_sampler *sampler;
	int64_t flush_ms;
	bool restarted; /* a block has begun: it needs everything */
};

static void sink_open(struct sink *sink, const char *path)
{
	must(kt_writer_open(path, &opts, &sink->writer));
	sink->sampler = kt_sampler_new();
	sink->restarted = true;
}

static void sink_end_sample(struct sink *sink, int64_t real_ms, int64_t boot_ms)
{
	bool full;

	kt_draft_end_sample(kt_writer_draft(sink->writer), real_ms, boot_ms);
	sink->restarted = false;
	full = kt_writer_is_full(sink->writer);
	if (!full && boot_ms - sink->flush_ms < FLUSH_MS)
		return;
	must(kt_writer_flush(sink->writer));
	sink->flush_ms = boot_ms;
	if (!full)
		return;
	must(kt_writer_turn(sink->writer));
	kt_sampler_restart(sink->sampler);
	sink->restarted = true;
}

static void sink_close(struct sink *sink)
{
	must(kt_writer_turn(sink->writer));
	must(kt_writer_close(sink->writer));
	kt_sampler_free(sink->sampler);
}

/* ---- take ---- */

struct take {
	struct kt_root *root;
	struct stream_out *out;
	struct sink sink;
};

static void keep_text(struct take *take, const char *path, const char *text, size_t size)
{
	stream_put_file(take->out, path, text, size);
	kt_sampler_text(take->sink.sampler, kt_writer_draft(take->sink.writer), path,
		(struct kt_span){ text, size });
}

static void keep_gone(struct take *take, const char *path)
{
	stream_put_gone(take->out, path);
	kt_sampler_gone(take->sink.sampler, kt_writer_draft(take->sink.writer), path);
}

static void take_fast(struct take *take)
{
	struct kt_arena arena = { 0 };
	kt_names files = { 0 };

	for (size_t i = 0; i < KT_LEN(fast_sources); i++)
		must(kt_source_files(take->root, fast_sources[i], &arena, &files));
	for (size_t i = 0; i < files.count; i++) {
		struct kt_text text = { 0 };
		struct kt_err *err = kt_root_read(take->root, files.items[i], &text);

		if (err)
			keep_gone(take, files.items[i]);
		else
			keep_text(take, files.items[i], text.data, text.size);
		kt_err_free(err);
		kt_text_cleanup(&text);
	}
	kt_arena_fini(&arena);
}

static void on_read(
	void *arg, const char *path, const struct kt_text *text, const struct kt_err *err)
{
	struct take *take = arg;
	const struct kt_source *source = kt_source_of(path);
	KT_CLEANUP(buf) struct kt_buf condensed = { 0 };

	path = kt_source_bundle_name(path);
	if (source == &kt_source_bracket)
		return;
	if (err) {
		keep_gone(take, path);
		return;
	}
	if (source && source->condense) {
		source->condense(text, &condensed);
		keep_text(take, path, condensed.data ? condensed.data : "", condensed.size);
		return;
	}
	keep_text(take, path, text->data, text->size);
}

static void take_slow(struct take *take)
{
	struct kt_snapshot *snap = kt_snapshot_new();
	struct kt_collect_opts collect = { 0 };

	snap->host.live = true;
	snap->host.privileged = geteuid() == 0;
	snap->host.page_bytes = sysconf(_SC_PAGESIZE);
	kt_root_set_watch(take->root, on_read, take);
	must(kt_collect(take->root, &collect, snap));
	kt_root_set_watch(take->root, NULL, NULL);
	kt_snapshot_free(snap);
}

static int run_take(int seconds, int64_t interval_ms, const char *stream, const char *recording)
{
	struct take take = { .out = stream_create(stream) };
	int64_t slow_ms = 0, end_ms = clock_ms(CLOCK_BOOTTIME) + seconds * 1000ll;

	must(kt_root_open_live(&take.root));
	sink_open(&take.sink, recording);
	while (clock_ms(CLOCK_BOOTTIME) < end_ms) {
		int64_t real_ms = clock_ms(CLOCK_REALTIME), boot_ms = clock_ms(CLOCK_BOOTTIME);
		int64_t rest_ms = interval_ms - real_ms % interval_ms;
		struct timespec until = { rest_ms / 1000, rest_ms % 1000 * 1000000 };

		take_fast(&take);
		if (take.sink.restarted || boot_ms - slow_ms >= SLOW_MS) {
			take_slow(&take);
			slow_ms = boot_ms;
		}
		stream_put_end(take.out, real_ms, boot_ms);
		sink_end_sample(&take.sink, real_ms, boot_ms);
		nanosleep(&until, NULL);
	}
	sink_close(&take.sink);
	stream_close(take.out);
	kt_root_free(take.root);
	return EXIT_SUCCESS;
}

/* ---- check ---- */

/*
 * A text as a recording keeps it, worked out from the words of docs/RECORDING.md and not
 * with its code: runs of blanks behind a line's first word become one, every line ends.
 */
static void normalize(const char *text, size_t size, struct kt_buf *ret)
{
	bool begun = false, blank = false;

	ret->size = 0;
	for (size_t i = 0; i < size; i++) {
		char c = text[i] == 1 || !text[i] ? '?' : text[i];

		if (c == '\n')
			begun = blank = false;
		else if (c != ' ')
			begun = true;
		if (c == ' ' && blank && begun)
			continue;
		blank = c == ' ' && begun;
		kt_buf_add(ret, &c, 1);
	}
	if (size && text[size - 1] != '\n')
		kt_buf_puts(ret, "\n");
}

/* Of every file, what the stream said last. */
struct expected {
	char *path;
	struct kt_buf text;
	bool present, fresh; /* told in this sample: the first text counts */
};

struct check {
	struct kt_recording *recording;
	size_t index;
	const struct kt_block *block;
	struct kt_cursor cursor;
	uint32_t sample;
	KT_LIST(struct expected) files;
	struct kt_arena arena;
	struct kt_buf found;
	uint64_t nr_samples, nr_texts, nr_bytes, nr_numbers, nr_wrong;
};

static struct expected *expected_of(struct check *check, const char *path)
{
	struct expected *file;

	for (size_t i = 0; i < check->files.count; i++) {
		if (strcmp(check->files.items[i].path, path) == 0)
			return &check->files.items[i];
	}
	file = kt_list_push(&check->arena, &check->files);
	*file = (struct expected){ .path = strdup(path) };
	return file;
}

static bool next_block(struct check *check)
{
	if (check->block)
		kt_cursor_fini(&check->cursor);
	check->block = NULL;
	if (check->index >= kt_recording_nr_blocks(check->recording))
		return false;
	must(kt_recording_block(check->recording, check->index++, &check->block));
	must(kt_cursor_init(&check->cursor, check->block));
	check->sample = 0;
	/* a block tells everything anew; what it does not know is not there */
	for (size_t i = 0; i < check->files.count; i++) {
		if (!check->files.items[i].fresh)
			check->files.items[i].present = false;
	}
	return true;
}

static void wrong(struct check *check, const char *path, const char *what)
{
	if (check->nr_wrong++ < 10)
		printf("  sample %llu: %s: %s\n", (unsigned long long)check->nr_samples, path,
			what);
}

static void check_file(struct check *check, struct expected *file)
{
	int index = kt_block_file(check->block, file->path);
	bool there;

	check->found.size = 0;
	there = index >= 0 && kt_cursor_text(&check->cursor, (uint32_t)index, &check->found);
	if (there != file->present) {
		wrong(check, file->path, there ? "is there" : "is missing");
		return;
	}
	if (there && (check->found.size != file->text.size ||
			     memcmp(check->found.data, file->text.data, file->text.size) != 0))
		wrong(check, file->path, "has another text");
	check->nr_texts += there;
	check->nr_bytes += there ? check->found.size : 0;
}

static void check_sample(struct check *check, const struct stream_item *item)
{
	int64_t boot_ms = 0;

	while (!check->block || check->sample >= check->block->nr_samples) {
		if (!next_block(check)) {
			wrong(check, "the recording", "has ended");
			return;
		}
	}
	kt_cursor_move(&check->cursor, check->sample);
	kt_series_at(check->block->boot_ms, check->sample, &boot_ms);
	if (kt_block_real_ms(check->block, check->sample) != item->real_ms ||
		boot_ms != item->boot_ms)
		wrong(check, "the clocks", "differ");
	for (size_t i = 0; i < check->files.count; i++)
		check_file(check, &check->files.items[i]);
	for (size_t i = 0; i < check->block->lines.count; i++) {
		const struct kt_block_line *line = &check->block->lines.items[i];
		int64_t value;

		for (uint32_t k = 0; k < line->nr_numbers; k++)
			check->nr_numbers +=
				kt_cursor_value(&check->cursor, line, k, KT_VALUE_LAST, &value);
	}
	for (size_t i = 0; i < check->files.count; i++)
		check->files.items[i].fresh = false;
	check->sample++;
	check->nr_samples++;
}

static int run_check(const char *stream, const char *recording)
{
	struct check check = { 0 };
	struct stream_in *in = stream_open(stream);
	enum stream_event event;
	struct stream_item item;

	must(kt_recording_open(recording, &check.recording));
	while ((event = stream_next(in, &item)) != STREAM_END) {
		if (event == STREAM_SAMPLE) {
			check_sample(&check, &item);
			continue;
		}
		struct expected *file = expected_of(&check, item.path);

		/* what is told twice in a sample: the first text counts, "gone" always */
		if (event == STREAM_FILE && !file->fresh)
			normalize(item.text, item.size, &file->text);
		if (event == STREAM_GONE || !file->fresh)
			file->present = event == STREAM_FILE;
		file->fresh = true;
	}
	if ((check.block && check.sample < check.block->nr_samples) || next_block(&check))
		wrong(&check, "the recording", "goes on");
	printf("samples %llu, texts %llu, numbers %llu, bytes of text %llu: %llu differ\n",
		(unsigned long long)check.nr_samples, (unsigned long long)check.nr_texts,
		(unsigned long long)check.nr_numbers, (unsigned long long)check.nr_bytes,
		(unsigned long long)check.nr_wrong);
	return check.nr_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- replay ---- */

struct values {
	double relevant, all; /* per sample, of the files that are read every time */
};

static bool is_fast(const char *path)
{
	const struct kt_source *source = kt_source_of(path);

	for (size_t i = 0; source && i < KT_LEN(fast_sources); i++) {
		if (source == fast_sources[i])
			return true;
	}
	return false;
}

/*
 * What the account is made of: every number of meminfo, vmstat, zoneinfo, buddyinfo and the
 * huge page pools, and of each cache its active objects, objects and slabs.
 */
static void count_values(const struct stream_item *item, struct values *values)
{
	static struct kt_line_parts parts;
	struct kt_span rest = { item->text, item->size }, line;
	bool slab = strcmp(item->path, "proc/slabinfo") == 0;

	if (!is_fast(item->path))
		return;
	while (kt_span_line(&rest, &line)) {
		kt_line_split(line, &parts);
		values->all += parts.nr_numbers;
		values->relevant += slab ? parts.nr_numbers > 3 ? 3 : 0 : parts.nr_numbers;
	}
}

static uint64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static long number_after(int argc, char **argv, const char *key, long otherwise)
{
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], key, strlen(key)) == 0 && argv[i][strlen(key)] == '=')
			return strtol(argv[i] + strlen(key) + 1, NULL, 10);
	}
	return otherwise;
}

struct replay {
	struct sink sink;
	struct values values;
	int64_t nr_samples, first_ms, last_ms;
	double cpu_s;
	long every;
};

/* One pass over the stream, `shift_ms` later than it was. */
static void play(struct replay *replay, const char *stream, int64_t shift_ms)
{
	struct stream_in *in = stream_open(stream);
	enum stream_event event;
	struct stream_item item;
	long at = 0;

	while ((event = stream_next(in, &item)) != STREAM_END) {
		struct kt_draft *draft = kt_writer_draft(replay->sink.writer);
		bool wanted = at % replay->every == 0;
		double before = cpu_s();

		/* what is read seldom belongs to the next sample that is kept */
		if (event == STREAM_SAMPLE) {
			at++;
			if (!wanted)
				continue;
			sink_end_sample(
				&replay->sink, item.real_ms + shift_ms, item.boot_ms + shift_ms);
			replay->nr_samples++;
			replay->last_ms = item.real_ms + shift_ms;
			if (!replay->first_ms)
				replay->first_ms = replay->last_ms;
		} else if (!wanted) {
			continue;
		} else if (event == STREAM_GONE) {
			kt_sampler_gone(replay->sink.sampler, draft, item.path);
		} else {
			kt_sampler_text(replay->sink.sampler, draft, item.path,
				(struct kt_span){ item.text, item.size });
		}
		replay->cpu_s += cpu_s() - before;
		if (event == STREAM_FILE)
			count_values(&item, &replay->values);
	}
	stream_free(in);
}

static int run_replay(int argc, char **argv)
{
	struct replay replay = { .every = number_after(argc, argv, "every", 1) };
	long times = number_after(argc, argv, "times", 1), before_kib = rss_kib("VmRSS");
	double n, days, relevant, all, bytes;

	opts.samples_max = (uint32_t)number_after(argc, argv, "samples", opts.samples_max);
	opts.bytes_max = (uint32_t)number_after(argc, argv, "bytes", opts.bytes_max);
	opts.sync = number_after(argc, argv, "sync", 0);
	unlink(argv[3]);
	sink_open(&replay.sink, argv[3]);
	for (long i = 0; i < times; i++)
		play(&replay, argv[2], i ? replay.last_ms - replay.first_ms + 1000 : 0);
	sink_close(&replay.sink);
	n = (double)replay.nr_samples;
	bytes = (double)size_of(argv[3]);
	days = (double)(replay.last_ms - replay.first_ms) / 86400e3;
	relevant = replay.values.relevant / n;
	all = replay.values.all / n;
	printf("blocks of %u samples or %u KiB: %.0f samples, %.0f values, %.0f "
	       "numbers\n",
		opts.samples_max, opts.bytes_max >> 10, n, relevant, all);
	printf("  %.0f bytes, %.1f a sample, %.4f a value, %.4f a number, %.2f MB a day\n", bytes,
		bytes / n, bytes / n / relevant, bytes / n / all, bytes / days / 1e6);
	printf("  CPU %.1f us a sample, RSS %ld KiB (peak %ld), %ld before, %llu bytes written\n",
		replay.cpu_s / n * 1e6, rss_kib("VmRSS"), rss_kib("VmHWM"), before_kib, written());
	return EXIT_SUCCESS;
}

/* ---- month ---- */

#define MONTH_INTERVAL_MS 10000

/* Slab caches of kmalloc grow by one to seven slabs an hour. */
static void drift(const struct stream_item *item, int64_t hours, struct kt_buf *ret)
{
	struct kt_span rest = { item->text, item->size }, line;

	ret->size = 0;
	while (kt_span_line(&rest, &line)) {
		unsigned long long used, total, size, per_slab, pages, slabs;
		char name[64], text[512];

		snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
		if (sscanf(text,
			    "%63s %llu %llu %llu %llu %llu : tunables 0 0 0 : slabdata %llu %*u 0",
			    name, &used, &total, &size, &per_slab, &pages, &slabs) != 7 ||
			strncmp(name, "kmalloc", 7) != 0) {
			kt_buf_printf(ret, "%s\n", text);
			continue;
		}
		slabs += (unsigned long long)hours * (strlen(name) % 7 + 1);
		used += (unsigned long long)hours * (strlen(name) % 7 + 1) * per_slab;
		kt_buf_printf(ret,
			"%s %llu %llu %llu %llu %llu : tunables 0 0 0 : slabdata %llu %llu 0\n",
			name, used, slabs * per_slab, size, per_slab, pages, slabs, slabs);
	}
}

static int run_month(int argc, char **argv)
{
	int64_t end = number_after(argc, argv, "days", 30) * 86400000ll, at = 0, nr_samples = 0;
	int64_t start = clock_ms(CLOCK_REALTIME) / MONTH_INTERVAL_MS * MONTH_INTERVAL_MS - end;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct sink sink = { 0 };

	unlink(argv[3]);
	sink_open(&sink, argv[3]);
	while (at < end) {
		struct stream_in *in = stream_open(argv[2]);
		enum stream_event event;
		struct stream_item item;

		while (at < end && (event = stream_next(in, &item)) != STREAM_END) {
			struct kt_draft *draft = kt_writer_draft(sink.writer);
			struct kt_span span = { item.text, item.size };

			if (event == STREAM_SAMPLE) {
				sink_end_sample(&sink, start + at, at);
				at += MONTH_INTERVAL_MS;
				nr_samples++;
				if (sink.restarted)
					must(kt_writer_keep(
						sink.writer, &kt_keep_default, KT_KEEP_ALL));
				continue;
			}
			if (event == STREAM_GONE) {
				kt_sampler_gone(sink.sampler, draft, item.path);
				continue;
			}
			if (strcmp(item.path, "proc/slabinfo") == 0) {
				drift(&item, at / 3600000, &text);
				span = (struct kt_span){ text.data, text.size };
			}
			kt_sampler_text(sink.sampler, draft, item.path, span);
		}
		stream_free(in);
	}
	sink_close(&sink);
	printf("%lld samples, %llu bytes, CPU %.1f s\n", (long long)nr_samples,
		(unsigned long long)size_of(argv[3]), cpu_s());
	return EXIT_SUCCESS;
}

/* ---- soak ---- */

/* The text with the last digits of a third of its lines counted on. */
static void count_on(const struct kt_text *text, int64_t number, struct kt_buf *ret)
{
	int64_t line = 0;

	ret->size = 0;
	kt_buf_add(ret, text->data, text->size);
	for (size_t i = 0; i + 1 < ret->size; i++) {
		if (ret->data[i] == '\n')
			line++;
		else if (line % 3 == number % 3 && ret->data[i] >= '0' && ret->data[i] <= '9' &&
			 ret->data[i + 1] == '\n' && i && ret->data[i - 1] != ' ')
			ret->data[i] = (char)('0' + (number + line) % 10);
	}
}

static int run_soak(int argc, char **argv)
{
	int64_t count = number_after(argc, argv, "samples", 100000);
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct take take = { 0 };
	struct sink sink = { 0 };

	unlink(argv[3]);
	must(kt_root_open(argv[2], kt_source_inside, &take.root));
	sink_open(&sink, argv[3]);
	for (int64_t i = 0; i < count; i++) {
		for (size_t k = 0; k < KT_LEN(fast_sources); k++) {
			KT_CLEANUP(text) struct kt_text read = { 0 };
			char path[64];

			snprintf(path, sizeof(path), "proc/%s", fast_sources[k]->name);
			kt_err_free(kt_root_read(take.root, path, &read));
			count_on(&read, i, &text);
			kt_sampler_text(sink.sampler, kt_writer_draft(sink.writer), path,
				(struct kt_span){ text.data, text.size });
		}
		sink_end_sample(&sink, 1700000000000ll + i * 1000, i * 1000);
		if (i % (count / 10) == 0)
			printf("  %lld samples: %ld KiB resident, %ld at most\n", (long long)i,
				rss_kib("VmRSS"), rss_kib("VmHWM"));
	}
	sink_close(&sink);
	printf("  %lld samples: %ld KiB resident, %ld at most, %llu bytes, CPU %.1f s\n",
		(long long)count, rss_kib("VmRSS"), rss_kib("VmHWM"),
		(unsigned long long)size_of(argv[3]), cpu_s());
	kt_root_free(take.root);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "take") == 0)
		return run_take((int)strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10), argv[4],
			argv[5]);
	if (argc == 4 && strcmp(argv[1], "check") == 0)
		return run_check(argv[2], argv[3]);
	if (argc >= 4 && strcmp(argv[1], "replay") == 0)
		return run_replay(argc, argv);
	if (argc >= 4 && strcmp(argv[1], "month") == 0)
		return run_month(argc, argv);
	if (argc >= 4 && strcmp(argv[1], "soak") == 0)
		return run_soak(argc, argv);
	fprintf(stderr, "usage: recording take SECONDS INTERVAL_MS STREAM RECORDING\n"
			"       recording check STREAM RECORDING\n"
			"       recording replay STREAM RECORDING [samples=N] [bytes=N] "
			"[every=N] [times=N] [sync=1]\n"
			"       recording month STREAM RECORDING [days=N]\n"
			"       recording soak TREE RECORDING [samples=N]\n");
	return EXIT_FAILURE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// Events a second that each model of an allocator replays on one core, and all of the simulator's
// own work on them: the checks of each event, without reading them from a file.
//
//   simulate_cost [SCALE [CPUS]]
//   simulate_cost FILE
//
// The events are the four phases, kept in memory before the clock starts; or a file of `ktally
// trace`, whose bytes are in memory, and whose reading is measured too.

#include "simulate/kept.h"
#include "simulate/phases.h"
#include "simulate/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct kept {
	struct kt_sim_event *items;
	size_t count, room, nr_read;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void keep_all(const struct kt_sim_stream *stream, struct kept *kept)
{
	size_t count = 1;

	while (count) {
		if (kept->room - kept->count < 4096) {
			kept->room = kept->room ? kept->room * 2 : 1 << 20;
			kept->items = reallocarray(kept->items, kept->room, sizeof(*kept->items));
		}
		if (!kept->items ||
			stream->read(stream->arg, kept->items + kept->count, 4096, &count))
			exit(EXIT_FAILURE);
		kept->count += count;
	}
}

static struct kt_err *read_kept(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct kept *kept = arg;
	size_t count = kept->count - kept->nr_read;

	count = count < room ? count : room;
	if (count)
		memcpy(ret_events, kept->items + kept->nr_read, count * sizeof(*ret_events));
	kept->nr_read += count;
	*ret_count = count;
	return NULL;
}

static void measure(const struct kt_sim_stream *stream, struct kept *kept,
	const struct kt_sim_allocator *allocator)
{
	struct kt_arena arena = { 0 };
	struct kt_sim_result result;
	double best = 0;

	for (int i = 0; i < 3; i++) {
		double from = now_s(), rate;

		kept->nr_read = 0;
		if (kt_simulate(&arena, stream, &allocator, 1, NULL, &result))
			exit(EXIT_FAILURE);
		rate = (double)kept->count / (now_s() - from);
		best = rate > best ? rate : best;
	}
	printf("%-10s %6.1f million events a second\n", allocator->name, best / 1e6);
	kt_arena_fini(&arena);
}

/* ---- a file ---- */

struct bytes {
	char *data;
	size_t size;
};

static bool read_at(void *arg, uint64_t at, void *to, size_t size)
{
	const struct bytes *bytes = arg;

	if (at > bytes->size || size > bytes->size - at)
		return false;
	memcpy(to, bytes->data + at, size);
	return true;
}

static struct bytes read_file(const char *path)
{
	struct bytes bytes = { 0 };
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END) || ftell(file) <= 0)
		exit(EXIT_FAILURE);
	bytes.size = (size_t)ftell(file);
	bytes.data = malloc(bytes.size);
	rewind(file);
	if (!bytes.data || fread(bytes.data, 1, bytes.size, file) != bytes.size)
		exit(EXIT_FAILURE);
	fclose(file);
	return bytes;
}

static void measure_file(struct bytes *bytes, const struct kt_sim_allocator *allocator)
{
	double best = 0;

	for (int i = 0; i < 5; i++) {
		struct kt_arena arena = { 0 };
		struct kt_sim_result result;
		struct kt_sim_stream stream;
		struct kt_sim_kept *kept;
		double from = now_s(), rate;

		if (kt_sim_kept_open(read_at, bytes, bytes->size, &kept))
			exit(EXIT_FAILURE);
		stream = kt_sim_kept_stream(kept);
		if (kt_simulate(&arena, &stream, &allocator, 1, NULL, &result))
			exit(EXIT_FAILURE);
		rate = (double)kt_sim_kept_facts(kept)->end.nr_events / (now_s() - from);
		best = rate > best ? rate : best;
		kt_sim_kept_free(kept);
		kt_arena_fini(&arena);
	}
	printf("%-10s %6.1f million events a second, with reading\n", allocator->name, best / 1e6);
}

static int measure_files(const char *path)
{
	struct bytes bytes = read_file(path);

	for (size_t i = 0; i < kt_nr_sim_allocators; i++)
		measure_file(&bytes, kt_sim_allocators[i]);
	free(bytes.data);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	uint32_t scale = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10;
	uint32_t nr_cpus = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
	struct kt_sim_phases *phases = scale ? kt_sim_phases_new(1, nr_cpus, scale) : NULL;
	struct kt_sim_stream stream;
	struct kept kept = { 0 };

	if (argc > 1 && !scale)
		return measure_files(argv[1]);
	if (!phases)
		return EXIT_FAILURE;
	stream = kt_sim_phases_stream(phases);
	keep_all(&stream, &kept);
	stream.read = read_kept;
	stream.arg = &kept;
	printf("%zu events, best of 3\n", kept.count);
	for (size_t i = 0; i < kt_nr_sim_allocators; i++)
		measure(&stream, &kept, kt_sim_allocators[i]);
	kt_sim_phases_free(phases);
	free(kept.items);
	return EXIT_SUCCESS;
}

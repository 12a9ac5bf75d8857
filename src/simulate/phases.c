// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulate/phases.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096u
#define WORD_BYTES 4u

/*
 * The only number that is fitted: with it, 4.4BSD wastes as much after the spike as published, and
 * the kernel takes a quarter of 16 MiB.
 */
#define DRIVER_OBJECTS 8000u
#define FIRST_TASKS    25u
#define FIRST_INODES   250u
#define SPIKE_TASKS    256u
#define FOUND_FILES    3000u
#define MIX_STEPS      6000u
#define MIX_TASKS      100u
#define INODES_MAX     1000u /* cached: ufs_ninode for 16 MiB */
#define NAMES_MAX      1000u /* cached: ncsize */
#define REAP_EVERY     64u   /* steps after the boot: 16 MiB are short all the time */
#define REAPS_IDLE     2u    /* at the end of such a phase */

enum cache {
	C_PROCESS,
	C_LWP,
	C_THREAD,
	C_TURNSTILE,
	C_AS,
	C_SEG,
	C_SEGVN,
	C_ANON,
	C_CRED,
	C_FILE,
	C_INODE,
	C_NAME,
	C_SNODE,
	C_STREAM,
	C_QUEUE,
	C_MESSAGE,
	C_DATA_64,
	C_DATA_256,
	C_DATA_2048,
	C_GENERIC,
};

static const struct kt_sim_cache caches[] = {
	[C_PROCESS] = { .name = "process", .bytes = 584, .constructed = true },
	[C_LWP] = { .name = "lwp", .bytes = 472, .constructed = true },
	[C_THREAD] = { .name = "thread", .bytes = 224, .constructed = true },
	[C_TURNSTILE] = { .name = "turnstile", .bytes = 28, .constructed = true },
	[C_AS] = { .name = "as", .bytes = 60, .constructed = true },
	[C_SEG] = { .name = "seg", .bytes = 52, .constructed = true },
	[C_SEGVN] = { .name = "segvn", .bytes = 44, .constructed = true },
	[C_ANON] = { .name = "anon", .bytes = 28 },
	[C_CRED] = { .name = "cred", .bytes = 48 },
	[C_FILE] = { .name = "file", .bytes = 36, .constructed = true },
	[C_INODE] = { .name = "ufs_inode", .bytes = 288, .constructed = true },
	[C_NAME] = { .name = "dnlc", .bytes = 56 },
	[C_SNODE] = { .name = "snode", .bytes = 128 },
	[C_STREAM] = { .name = "stream_head", .bytes = 136, .constructed = true },
	[C_QUEUE] = { .name = "queue", .bytes = 188, .constructed = true },
	[C_MESSAGE] = { .name = "streams_mblk", .bytes = 28 },
	[C_DATA_64] = { .name = "streams_dblk_64", .bytes = 96 },
	[C_DATA_256] = { .name = "streams_dblk_256", .bytes = 288 },
	[C_DATA_2048] = { .name = "streams_dblk_2048", .bytes = 2080 },
	[C_GENERIC] = { .name = "kmem_alloc", .generic = true },
};

static const char *const names[] = { "boot", "spike", "find", "kenbus" };
enum phase { P_BOOT, P_SPIKE, P_FIND, P_MIX, P_END };

/* Objects that are freed together. */
struct group {
	uint32_t *objects;
	uint32_t count, room;
};

/* Objects that are freed in the order they came, when there are too many. */
struct line {
	uint32_t *objects; /* a ring */
	uint32_t first, count, most;
};

struct kt_sim_phases {
	uint64_t random;
	uint32_t nr_cpus, scale;
	bool failed; /* out of memory */
	enum phase phase;
	uint32_t step; /* of the phase */
	uint16_t cpu;
	struct group unused; /* numbers of freed objects */
	uint32_t nr_objects; /* numbers given so far */
	struct group tasks[SPIKE_TASKS + FIRST_TASKS];
	uint32_t nr_tasks;
	struct line inodes, names;
	struct kt_sim_event *events; /* made and not read */
	uint32_t nr_events, nr_read, room;
};

/* splitmix64: a number below `most` */
static uint32_t draw(struct kt_sim_phases *phases, uint32_t most)
{
	uint64_t z = phases->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (uint32_t)((z >> 32) * most >> 32);
}

/* ---- events ---- */

static void *more(
	struct kt_sim_phases *phases, void *items, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t wanted = *room ? *room * 2 : 32;
	void *grown = items;

	if (count == *room) {
		grown = wanted > *room ? reallocarray(items, wanted, size) : NULL;
		if (grown)
			*room = wanted;
		else
			phases->failed = true;
	}
	return grown;
}

static void emit(struct kt_sim_phases *phases, struct kt_sim_event event)
{
	struct kt_sim_event *grown =
		more(phases, phases->events, phases->nr_events, &phases->room, sizeof(*grown));

	if (!grown)
		return;
	phases->events = grown;
	event.cpu = phases->cpu;
	phases->events[phases->nr_events++] = event;
}

static void add(struct kt_sim_phases *phases, struct group *group, uint32_t object)
{
	uint32_t *grown = more(phases, group->objects, group->count, &group->room, sizeof(*grown));

	if (!grown)
		return;
	group->objects = grown;
	group->objects[group->count++] = object;
}

static uint32_t take_bytes(struct kt_sim_phases *phases, enum cache cache, uint32_t bytes)
{
	uint32_t object = phases->unused.count ? phases->unused.objects[--phases->unused.count]
					       : phases->nr_objects++;

	emit(phases, (struct kt_sim_event){ .kind = KT_SIM_ALLOC,
			     .object = object,
			     .cache = (uint16_t)cache,
			     .bytes = bytes });
	return object;
}

static uint32_t take(struct kt_sim_phases *phases, enum cache cache)
{
	return take_bytes(phases, cache, caches[cache].bytes);
}

static void give(struct kt_sim_phases *phases, uint32_t object)
{
	emit(phases, (struct kt_sim_event){ .kind = KT_SIM_FREE, .object = object });
	add(phases, &phases->unused, object);
}

/* Bytes between two powers of two, small ones more often: each doubling is as likely. */
static uint32_t draw_bytes(struct kt_sim_phases *phases, uint32_t least, uint32_t doublings)
{
	uint32_t base = least << draw(phases, doublings);

	return base + draw(phases, base);
}

static void queue_up(struct kt_sim_phases *phases, struct line *line, uint32_t object)
{
	if (line->count == line->most) {
		give(phases, line->objects[line->first]);
		line->first = (line->first + 1) % line->most;
		line->count--;
	}
	line->objects[(line->first + line->count++) % line->most] = object;
}

/* ---- steps ---- */

/* A file is looked up and opened: its name and its inode stay cached. */
static void open_file(struct kt_sim_phases *phases, struct group *task)
{
	uint32_t path = take_bytes(phases, C_GENERIC, 1024);

	if (draw(phases, 4)) {
		queue_up(phases, &phases->names, take(phases, C_NAME));
		queue_up(phases, &phases->inodes, take(phases, C_INODE));
	}
	add(phases, task, take(phases, C_FILE));
	give(phases, path);
}

static void send_message(struct kt_sim_phases *phases)
{
	static const enum cache sizes[] = { C_DATA_64, C_DATA_64, C_DATA_256, C_DATA_2048 };
	uint32_t header = take(phases, C_MESSAGE);

	give(phases, take(phases, sizes[draw(phases, KT_LEN(sizes))]));
	give(phases, header);
}

static void open_stream(struct kt_sim_phases *phases, struct group *task)
{
	add(phases, task, take(phases, C_STREAM));
	add(phases, task, take(phases, C_SNODE));
	for (int i = 0; i < 4; i++)
		add(phases, task, take(phases, C_QUEUE));
	add(phases, task, take_bytes(phases, C_GENERIC, draw_bytes(phases, 32, 3)));
	for (uint32_t i = draw(phases, 8); i; i--)
		send_message(phases);
}

/* fork() and exec(): arguments exist only meanwhile. */
static void start_task(struct kt_sim_phases *phases)
{
	static const enum cache own[] = { C_PROCESS, C_LWP, C_THREAD, C_TURNSTILE, C_AS };
	struct group *task = &phases->tasks[phases->nr_tasks++];
	uint32_t arguments = take_bytes(phases, C_GENERIC, draw_bytes(phases, 64, 5));

	for (size_t i = 0; i < KT_LEN(own); i++)
		add(phases, task, take(phases, own[i]));
	if (!draw(phases, 4))
		add(phases, task, take(phases, C_CRED));
	for (uint32_t i = 6 + draw(phases, 8); i; i--) {
		add(phases, task, take(phases, C_SEG));
		add(phases, task, take(phases, C_SEGVN));
		if (draw(phases, 2))
			add(phases, task, take_bytes(phases, C_GENERIC, draw_bytes(phases, 16, 6)));
	}
	for (uint32_t i = 8 + draw(phases, 40); i; i--)
		add(phases, task, take(phases, C_ANON));
	add(phases, task, take_bytes(phases, C_GENERIC, 192)); /* open files */
	for (int i = 0; i < 3; i++)
		add(phases, task, take(phases, C_FILE));
	give(phases, arguments);
}

static void end_task(struct kt_sim_phases *phases, uint32_t number)
{
	struct group *task = &phases->tasks[number], last = phases->tasks[phases->nr_tasks - 1];
	struct group ended = *task;

	for (uint32_t i = 0; i < ended.count; i++)
		give(phases, ended.objects[i]);
	ended.count = 0;
	*task = last;
	phases->tasks[--phases->nr_tasks] = ended;
}

/* Objects of drivers and tables, which stay; a quarter is freed at once. */
static void load_driver(struct kt_sim_phases *phases)
{
	uint32_t object = take_bytes(phases, C_GENERIC, draw_bytes(phases, 16, 7));

	if (!draw(phases, 4))
		give(phases, object);
	if (!draw(phases, 100))
		take_bytes(phases, C_GENERIC, draw_bytes(phases, 4096, 3));
}

/* ---- phases; each function is a step and returns false after the last one ---- */

static bool boot(struct kt_sim_phases *phases)
{
	uint32_t step = phases->step++;

	load_driver(phases);
	if (step < FIRST_INODES)
		queue_up(phases, &phases->inodes, take(phases, C_INODE));
	if (step % (DRIVER_OBJECTS / FIRST_TASKS) == 0) {
		start_task(phases);
		open_stream(phases, &phases->tasks[phases->nr_tasks - 1]);
	}
	return step + 1 < DRIVER_OBJECTS;
}

static bool spike(struct kt_sim_phases *phases)
{
	uint32_t step = phases->step++;

	if (step < SPIKE_TASKS) {
		start_task(phases);
		open_stream(phases, &phases->tasks[phases->nr_tasks - 1]);
	} else {
		end_task(phases, FIRST_TASKS + draw(phases, phases->nr_tasks - FIRST_TASKS));
	}
	return phases->nr_tasks > FIRST_TASKS || step + 1 < SPIKE_TASKS;
}

static bool find(struct kt_sim_phases *phases)
{
	uint32_t number = phases->nr_tasks;

	start_task(phases);
	open_file(phases, &phases->tasks[number]);
	open_file(phases, &phases->tasks[number]);
	send_message(phases);
	end_task(phases, number);
	phases->step++;
	return phases->step < FOUND_FILES * phases->scale;
}

static bool mix(struct kt_sim_phases *phases)
{
	uint32_t others = phases->nr_tasks - FIRST_TASKS;
	bool over = phases->step >= MIX_STEPS * phases->scale;

	phases->step++;
	if (over && !others)
		return false;
	if (over || draw(phases, MIX_TASKS) < others) {
		end_task(phases, FIRST_TASKS + draw(phases, others));
	} else {
		start_task(phases);
		if (draw(phases, 2))
			open_stream(phases, &phases->tasks[phases->nr_tasks - 1]);
	}
	for (uint32_t i = draw(phases, 4); i && !over && phases->nr_tasks > FIRST_TASKS; i--) {
		open_file(phases,
			&phases->tasks[FIRST_TASKS + draw(phases, phases->nr_tasks - FIRST_TASKS)]);
		send_message(phases);
	}
	return true;
}

/* ---- the stream ---- */

static void make_step(struct kt_sim_phases *phases)
{
	static bool (*const steps[])(struct kt_sim_phases *) = { boot, spike, find, mix };

	phases->cpu = (uint16_t)draw(phases, phases->nr_cpus);
	if (steps[phases->phase](phases)) {
		if (phases->phase != P_BOOT && phases->step % REAP_EVERY == 0)
			emit(phases, (struct kt_sim_event){ .kind = KT_SIM_REAP });
		return;
	}
	for (uint32_t i = 0; i < REAPS_IDLE && phases->phase != P_BOOT; i++)
		emit(phases, (struct kt_sim_event){ .kind = KT_SIM_REAP });
	emit(phases,
		(struct kt_sim_event){ .kind = KT_SIM_MARK, .object = (uint32_t)phases->phase });
	phases->phase++;
	phases->step = 0;
}

static struct kt_err *read_events(
	void *arg, struct kt_sim_event *ret_events, size_t room, size_t *ret_count)
{
	struct kt_sim_phases *phases = arg;
	size_t count;

	if (phases->nr_read == phases->nr_events)
		phases->nr_read = phases->nr_events = 0;
	while (phases->nr_events < room && phases->phase < P_END && !phases->failed)
		make_step(phases);
	if (phases->failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	count = phases->nr_events - phases->nr_read;
	count = count < room ? count : room;
	if (count)
		memcpy(ret_events, phases->events + phases->nr_read, count * sizeof(*ret_events));
	phases->nr_read += (uint32_t)count;
	*ret_count = count;
	return NULL;
}

struct kt_sim_phases *kt_sim_phases_new(uint64_t seed, uint32_t nr_cpus, uint32_t scale)
{
	struct kt_sim_phases *phases = calloc(1, sizeof(*phases));

	if (!phases)
		return NULL;
	phases->random = seed;
	phases->nr_cpus = nr_cpus;
	phases->scale = scale;
	phases->inodes.most = INODES_MAX;
	phases->names.most = NAMES_MAX;
	phases->inodes.objects = calloc(INODES_MAX, sizeof(uint32_t));
	phases->names.objects = calloc(NAMES_MAX, sizeof(uint32_t));
	if (phases->inodes.objects && phases->names.objects)
		return phases;
	kt_sim_phases_free(phases);
	return NULL;
}

void kt_sim_phases_free(struct kt_sim_phases *phases)
{
	if (!phases)
		return;
	for (size_t i = 0; i < KT_LEN(phases->tasks); i++)
		free(phases->tasks[i].objects);
	free(phases->unused.objects);
	free(phases->inodes.objects);
	free(phases->names.objects);
	free(phases->events);
	free(phases);
}

struct kt_sim_stream kt_sim_phases_stream(struct kt_sim_phases *phases)
{
	return (struct kt_sim_stream){
		.machine = { .page_bytes = PAGE_BYTES,
			.word_bytes = WORD_BYTES,
			.nr_cpus = phases->nr_cpus },
		.caches = caches,
		.nr_caches = KT_LEN(caches),
		.phases = names,
		.nr_phases = KT_LEN(names),
		.read = read_events,
		.arg = phases,
	};
}

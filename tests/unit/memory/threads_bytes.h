// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_THREADS_BYTES_H
#define KT_TEST_THREADS_BYTES_H

/**
 * A kernel made by hand with processes, their threads, and the stacks of these. A stack is two
 * pages, so that a test stays small.
 */

#include "kernel_bytes.h"

#include "memory/stacks.h"

#define THREADS_BASE  0xffff888000000000ull
#define THREADS_BYTES (1u << 20)
#define THREADS_CPUS  3u
#define STACK_BYTES   8192u
#define STACK_MARK    0x57ac6e9du

/* Places of members. */
enum {
	TASK_STACK = 8,
	TASK_FLAGS = 16,
	TASK_FAIR = 24,
	TASK_TASKS = 32,
	TASK_PID = 48,
	TASK_TGID = 52,
	TASK_LEADER = 56,
	TASK_NODE = 64,
	TASK_NAME = 80,
	TASK_SIGNAL = 96,
	TASK_AREA = 104,
	TASK_BYTES = 128,
	SIGNAL_HEAD = 16,
	SIGNAL_BYTES = 32,
	AREA_AT = 8,
	AREA_PAGES = 16,
	AREA_BYTES = 24,
};

struct threads_bytes {
	char *memory, *types;
	uint32_t used;
	uint64_t init;	   /* the task with which the ring begins */
	uint64_t fair, rq; /* of the CPUs: queues, one behind the other */
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void threads_set(
	struct threads_bytes *threads, uint64_t address, uint64_t value, size_t size)
{
	memcpy(threads->memory + (address - THREADS_BASE), &value, size);
}

static inline uint64_t threads_get(const struct threads_bytes *threads, uint64_t address)
{
	uint64_t value;

	memcpy(&value, threads->memory + (address - THREADS_BASE), sizeof(value));
	return value;
}

static inline uint64_t threads_take(struct threads_bytes *threads, uint32_t bytes, uint32_t align)
{
	uint64_t address;

	threads->used = (threads->used + align - 1) / align * align;
	address = THREADS_BASE + threads->used;
	threads->used += bytes;
	if (threads->used > THREADS_BYTES)
		abort();
	return address;
}

/* Puts an element at the end of a list. */
static inline void threads_link(struct threads_bytes *threads, uint64_t head, uint64_t element)
{
	uint64_t last = threads_get(threads, head + 8);

	threads_set(threads, element, head, 8);
	threads_set(threads, element + 8, last, 8);
	threads_set(threads, last, element, 8);
	threads_set(threads, head + 8, element, 8);
}

static inline void threads_list(struct threads_bytes *threads, uint64_t head)
{
	threads_set(threads, head, head, 8);
	threads_set(threads, head + 8, head, 8);
}

/* `areas`: stacks are in vmalloc; else only a type has their size. */
static inline char *threads_types(bool areas, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t number = made_int(&made, "int", 4), word = made_int(&made, "long", 8);
	uint32_t byte = made_int(&made, "char", 1), name = made_array(&made, byte, 16);
	uint32_t pointer = made_pointer(&made, 0);
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	const struct made_member of_entity[] = { { "cfs_rq", pointer, 0, 0 } };
	uint32_t entity = made_struct(&made, "sched_entity", 8, of_entity, 1);
	const struct made_member of_task[] = { { "thread_info", word, 0, 0 },
		{ "stack", pointer, TASK_STACK * 8, 0 }, { "flags", number, TASK_FLAGS * 8, 0 },
		{ "se", entity, TASK_FAIR * 8, 0 }, { "tasks", list, TASK_TASKS * 8, 0 },
		{ "pid", number, TASK_PID * 8, 0 }, { "tgid", number, TASK_TGID * 8, 0 },
		{ "group_leader", pointer, TASK_LEADER * 8, 0 },
		{ "thread_node", list, TASK_NODE * 8, 0 }, { "comm", name, TASK_NAME * 8, 0 },
		{ "signal", pointer, TASK_SIGNAL * 8, 0 },
		{ areas ? "stack_vm_area" : "no_area", pointer, TASK_AREA * 8, 0 } };
	const struct made_member of_signal[] = { { "thread_head", list, SIGNAL_HEAD * 8, 0 } };
	const struct made_member of_area[] = { { "addr", pointer, AREA_AT * 8, 0 },
		{ "nr_pages", number, AREA_PAGES * 8, 0 } };
	const struct made_member of_queue[] = { { "tg", pointer, 0, 0 }, { "rq", pointer, 64, 0 } };
	const struct made_member of_group[] = { { "cfs_rq", pointer, 0, 0 } };
	const struct made_member of_rq[] = { { "idle", pointer, 0, 0 } };
	char *file;

	made_struct(&made, "task_struct", TASK_BYTES, of_task, KT_LEN(of_task));
	made_struct(&made, "signal_struct", SIGNAL_BYTES, of_signal, KT_LEN(of_signal));
	made_struct(&made, "vm_struct", AREA_BYTES, of_area, KT_LEN(of_area));
	made_struct(&made, "cfs_rq", 16, of_queue, KT_LEN(of_queue));
	made_struct(&made, "task_group", 8, of_group, KT_LEN(of_group));
	made_struct(&made, "rq", 8, of_rq, KT_LEN(of_rq));
	if (!areas)
		made_struct(&made, "thread_union", STACK_BYTES, NULL, 0);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* A stack of which `used` bytes from its top were used, in its area. */
static inline void threads_stack(struct threads_bytes *threads, uint64_t task, uint32_t used)
{
	uint64_t stack = threads_take(threads, STACK_BYTES, 4096);
	uint64_t area = threads_take(threads, AREA_BYTES, 8);

	threads_set(threads, stack, STACK_MARK, 8);
	if (used)
		threads_set(threads, stack + STACK_BYTES - used, 0x1234, 8);
	threads_set(threads, area + AREA_AT, stack, 8);
	threads_set(threads, area + AREA_PAGES, STACK_BYTES / 4096, 4);
	threads_set(threads, task + TASK_STACK, stack, 8);
	threads_set(threads, task + TASK_AREA, area, 8);
}

static inline uint64_t threads_task(
	struct threads_bytes *threads, const char *name, uint32_t pid, uint32_t tgid, bool kernel)
{
	uint64_t task = threads_take(threads, TASK_BYTES, 64);

	memcpy(threads->memory + (task + TASK_NAME - THREADS_BASE), name, strlen(name));
	threads_set(threads, task + TASK_PID, pid, 4);
	threads_set(threads, task + TASK_TGID, tgid, 4);
	threads_set(threads, task + TASK_FLAGS, kernel ? 0x00200000 : 0, 4);
	threads_set(threads, task + TASK_FAIR, threads->fair, 8);
	return task;
}

/* A process with one thread. */
static inline uint64_t threads_process(
	struct threads_bytes *threads, const char *name, uint32_t pid, bool kernel, uint32_t used)
{
	uint64_t task = threads_task(threads, name, pid, pid, kernel);
	uint64_t signal = threads_take(threads, SIGNAL_BYTES, 8);

	threads_list(threads, signal + SIGNAL_HEAD);
	threads_link(threads, signal + SIGNAL_HEAD, task + TASK_NODE);
	threads_set(threads, task + TASK_SIGNAL, signal, 8);
	threads_set(threads, task + TASK_LEADER, task, 8);
	if (threads->init)
		threads_link(threads, threads->init + TASK_TASKS, task + TASK_TASKS);
	else
		threads_list(threads, task + TASK_TASKS);
	threads_stack(threads, task, used);
	return task;
}

/* One thread more of a process. */
static inline uint64_t threads_add(
	struct threads_bytes *threads, uint64_t leader, uint32_t pid, uint32_t used)
{
	uint32_t tgid = (uint32_t)threads_get(threads, leader + TASK_TGID);
	uint64_t task = threads_task(threads, "other", pid, tgid, false);
	uint64_t signal = threads_get(threads, leader + TASK_SIGNAL);

	threads_set(threads, task + TASK_SIGNAL, signal, 8);
	threads_set(threads, task + TASK_LEADER, leader, 8);
	threads_link(threads, signal + SIGNAL_HEAD, task + TASK_NODE);
	threads_stack(threads, task, used);
	return task;
}

/* The idle threads of all CPUs but the first. */
static inline void threads_idle(struct threads_bytes *threads, uint32_t used)
{
	for (unsigned i = 1; i < THREADS_CPUS; i++) {
		uint64_t task = threads_task(threads, "swapper/1", 0, 0, true);

		threads_set(threads, task + TASK_LEADER, task, 8);
		threads_set(threads, task + TASK_SIGNAL,
			threads_get(threads, threads->init + TASK_SIGNAL), 8);
		threads_stack(threads, task, used);
		threads_set(threads, threads->rq + 8ull * i, task, 8);
	}
}

static inline void threads_init(struct threads_bytes *threads, bool areas)
{
	uint64_t group, queues;
	size_t size;

	*threads = (struct threads_bytes){ .memory = calloc(1, THREADS_BYTES), .used = 4096 };
	threads->types = threads_types(areas, &size);
	threads->piece = (struct kt_target_piece){ THREADS_BASE, threads->memory, THREADS_BYTES };
	if (!threads->memory || kt_target_of_bytes(&threads->piece, 1, &threads->target) ||
		kt_types_init(&threads->target->types, (struct kt_span){ threads->types, size }, 8))
		abort();
	threads->target->nr_cpus = THREADS_CPUS;
	threads->fair = threads_take(threads, 16 * THREADS_CPUS, 8);
	threads->rq = threads_take(threads, 8 * THREADS_CPUS, 8);
	group = threads_take(threads, 8, 8);
	queues = threads_take(threads, 8 * THREADS_CPUS, 8);
	threads_set(threads, group, queues, 8);
	for (unsigned i = 0; i < THREADS_CPUS; i++) {
		threads_set(threads, threads->fair + 16ull * i, group, 8);
		threads_set(threads, threads->fair + 16ull * i + 8, threads->rq + 8ull * i, 8);
		threads_set(threads, queues + 8ull * i, threads->fair + 16ull * i, 8);
	}
	threads->init = threads_process(threads, "swapper/0", 0, true, 64);
	threads_set(threads, threads->init + TASK_AREA, 0, 8);
	kt_symbols_add(&threads->target->symbols, KT_SPAN("init_task"), threads->init);
}

static inline void threads_fini(struct threads_bytes *threads)
{
	kt_target_close(threads->target);
	free(threads->memory);
	free(threads->types);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel has a ring of all processes (task_struct.tasks), and each process a list of its
// threads (signal_struct.thread_head). Idle threads are in neither; the queue of each CPU has its
// own. Threads start and end while the lists are read, so a list that leads elsewhere is read
// again, and a thread is taken once; one that is no longer there by then is dropped.

#include "memory/stacks.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define THREADS_MAX (1u << 22) /* PID_MAX_LIMIT */
#define TRIES	    4u
#define TASK_MAX    16384u /* bytes that are read of a task_struct */
#define STACK_MIN   4096u  /* bytes of a stack */
#define STACK_MAX   (1u << 20)
#define STACK_END   0x57ac6e9du /* STACK_END_MAGIC, include/uapi/linux/magic.h */
#define KTHREAD	    0x00200000u /* PF_KTHREAD, include/linux/sched.h */
#define NAME_BYTES  16u		/* TASK_COMM_LEN */

struct layout {
	/* struct task_struct */
	struct kt_field tasks, thread_node, leader, signal, name, pid, tgid, flags, stack;
	struct kt_field area; /* of vmalloc, if stacks are there */
	struct kt_field thread_head, area_at, area_pages;
	/* the way to the idle threads */
	struct kt_field fair, fair_group, fair_cpu, group_cpus, idle;
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "task_struct", "tasks", AT(tasks), true },
	{ "task_struct", "thread_node", AT(thread_node), true },
	{ "task_struct", "group_leader", AT(leader), true },
	{ "task_struct", "signal", AT(signal), true },
	{ "task_struct", "comm", AT(name), true },
	{ "task_struct", "pid", AT(pid), true },
	{ "task_struct", "tgid", AT(tgid), true },
	{ "task_struct", "flags", AT(flags), true },
	{ "task_struct", "stack", AT(stack), true },
	{ "signal_struct", "thread_head", AT(thread_head), true },
	{ "task_struct", "stack_vm_area", AT(area), false },
	{ "vm_struct", "addr", AT(area_at), false },
	{ "vm_struct", "nr_pages", AT(area_pages), false },
	{ "task_struct", "se.cfs_rq", AT(fair), false },
	{ "cfs_rq", "tg", AT(fair_group), false },
	{ "cfs_rq", "rq", AT(fair_cpu), false },
	{ "task_group", "cfs_rq", AT(group_cpus), false },
	{ "rq", "idle", AT(idle), false },
};

/* A thread, from one copy of its task_struct. */
struct thread {
	uint64_t address, next, previous; /* the last two: of the list that is walked */
	uint64_t leader, signal, stack, area, fair;
	int64_t pid, tgid;
	bool kernel;
	char name[NAME_BYTES + 1];
};

/* A thread that a try saw; one with a stack has an element in the snapshot, in the same order. */
struct taken {
	uint64_t address;
	bool ended;
};

struct walk {
	struct kt_target *target;
	struct layout layout;
	struct kt_snapshot *snap;
	struct kt_stack_walk *sum;
	uint32_t task_first, task_end; /* bytes of a task_struct that are read */
	uint32_t skip;		       /* bytes below the mark at the end of a stack */
	char *stack;		       /* a copy of one */
	struct kt_arena arena;
	struct kt_map seen; /* address of a thread -> last try that saw it */
	KT_LIST(struct taken) taken;
	KT_LIST(uint32_t) failed; /* tries that another try of the same list made up for; rising */
	uint32_t nr_tries;
	uint32_t first_try; /* of this turn around the ring */
	uint64_t fair;	    /* a queue of fair scheduling; 0: none was seen */
};

/* ---- one thread ---- */

/* The head of a list comes second in memory; both parts are pointers. */
static struct kt_field link_of(const struct walk *walk, const struct kt_field *list, bool previous)
{
	uint32_t bytes = walk->target->types.pointer_bytes;

	return (struct kt_field){ .exists = list->exists,
		.offset = list->offset + (previous ? bytes : 0),
		.size = bytes,
		.count = 1 };
}

static void include(struct walk *walk, const struct kt_field *field, uint32_t size)
{
	if (!field->exists)
		return;
	if (field->offset < walk->task_first)
		walk->task_first = field->offset;
	if (field->offset + size > walk->task_end)
		walk->task_end = field->offset + size;
}

/* Copies a thread; `list` is the member through which it was reached. */
static bool read_thread(
	struct walk *walk, uint64_t address, const struct kt_field *list, struct thread *ret)
{
	const struct layout *layout = &walk->layout;
	struct kt_field next = link_of(walk, list, false), previous = link_of(walk, list, true);
	uint32_t end = walk->task_end;
	char task[TASK_MAX];

	if (!kt_target_read(walk->target, address + walk->task_first, task + walk->task_first,
		    end - walk->task_first))
		return false;
	*ret = (struct thread){ .address = address,
		.next = kt_field_get(&next, task, end),
		.previous = kt_field_get(&previous, task, end),
		.leader = kt_field_get(&layout->leader, task, end),
		.signal = kt_field_get(&layout->signal, task, end),
		.stack = kt_field_get(&layout->stack, task, end),
		.area = kt_field_get(&layout->area, task, end),
		.fair = kt_field_get(&layout->fair, task, end),
		.pid = (int32_t)kt_field_get(&layout->pid, task, end),
		.tgid = (int32_t)kt_field_get(&layout->tgid, task, end),
		.kernel = kt_field_get(&layout->flags, task, end) & KTHREAD };
	memcpy(ret->name, task + layout->name.offset, NAME_BYTES);
	return ret->pid >= 0 && ret->pid <= (int64_t)THREADS_MAX && ret->tgid >= 0 &&
	       ret->tgid <= (int64_t)THREADS_MAX && ret->leader && ret->signal;
}

/* ---- its stack ---- */

/* Bytes from the top of the stack to its deepest word that is not 0. */
static int64_t depth_of(const struct walk *walk, uint64_t size)
{
	uint64_t at = walk->skip + walk->target->types.pointer_bytes, word = 0;

	for (; at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, walk->stack + at, sizeof(word));
		if (word)
			break;
	}
	return (int64_t)(size - at);
}

/* A stack may be given back, and to another thread, while it is read. */
static int64_t read_depth(struct walk *walk, const struct thread *thread)
{
	uint64_t size = (uint64_t)walk->sum->each_bytes, stack = 0;
	uint32_t mark;

	if (thread->stack % STACK_MIN ||
		!kt_target_read(walk->target, thread->stack, walk->stack, size) ||
		!kt_target_pointer(
			walk->target, thread->address + walk->layout.stack.offset, &stack) ||
		stack != thread->stack)
		return KT_UNKNOWN;
	memcpy(&mark, walk->stack + walk->skip, sizeof(mark));
	return mark == STACK_END ? depth_of(walk, size) : KT_UNKNOWN;
}

static bool is_stack_size(uint64_t bytes)
{
	return bytes >= STACK_MIN && bytes <= STACK_MAX && !(bytes & (bytes - 1));
}

/* A stack in vmalloc is as large as its area. Returns 0 where that is not known. */
static uint64_t size_by_area(
	struct kt_target *target, const struct layout *layout, uint64_t area, uint64_t stack)
{
	uint64_t at, nr_pages;

	if (!area || !layout->area_at.exists || !layout->area_pages.exists ||
		!kt_target_pointer(target, area + layout->area_at.offset, &at) || at != stack ||
		!kt_target_number(target, area + layout->area_pages.offset, layout->area_pages.size,
			&nr_pages) ||
		nr_pages > STACK_MAX || !is_stack_size(nr_pages * target->page_bytes))
		return 0;
	return nr_pages * target->page_bytes;
}

/* All stacks are as large as the stack of the first thread, which is in the image; 0: unknown. */
static uint64_t size_of_first(const struct kt_target *target)
{
	static const char *const marks[][2] = { { "__start_init_stack", "__end_init_stack" },
		{ "__start_init_task", "__end_init_task" } };
	uint64_t size = kt_types_size(&target->types, "thread_union"), start, end;

	for (size_t i = 0; i < KT_LEN(marks) && !is_stack_size(size); i++) {
		if (kt_symbols_find(&target->symbols, marks[i][0], &start) &&
			kt_symbols_find(&target->symbols, marks[i][1], &end))
			size = end - start;
	}
	return is_stack_size(size) ? size : 0;
}

uint64_t kt_stack_bytes(struct kt_target *target, uint64_t task)
{
	struct layout layout;
	struct kt_err *err = kt_types_fields(&target->types, wants, KT_LEN(wants), &layout);
	uint64_t area, stack, bytes = 0;

	kt_err_free(err);
	if (!err && task && layout.area.exists &&
		kt_target_pointer(target, task + layout.area.offset, &area) &&
		kt_target_pointer(target, task + layout.stack.offset, &stack))
		bytes = size_by_area(target, &layout, area, stack);
	return bytes ? bytes : size_of_first(target);
}

/* The size is known from the first thread on whose stack is in vmalloc. */
static bool has_size(struct walk *walk, const struct thread *thread)
{
	uint64_t bytes;

	if (walk->stack)
		return true;
	bytes = size_by_area(walk->target, &walk->layout, thread->area, thread->stack);
	if (!bytes)
		bytes = size_of_first(walk->target);
	if (!bytes)
		return false;
	walk->sum->each_bytes = (int64_t)bytes;
	walk->stack = malloc((size_t)walk->sum->each_bytes);
	if (!walk->stack)
		walk->arena.failed = true;
	return walk->stack != NULL;
}

/* ---- threads ---- */

/*
 * Notes that a try saw a thread. False: it did before, so the list leads in a circle. `ret_first`:
 * no try before did.
 */
static bool see(struct walk *walk, uint64_t address, uint32_t try, bool *ret_first)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	uint32_t *seen = kt_map_add(&walk->seen, key, &walk->arena, ret_first);

	if (!seen || *seen == try)
		return false;
	*seen = try;
	return true;
}

static void take_thread(struct walk *walk, const struct thread *thread, const char *name)
{
	struct taken *taken = kt_list_push(&walk->arena, &walk->taken);
	struct kt_stack_use *slot;

	if (!walk->fair)
		walk->fair = thread->fair;
	if (taken)
		*taken = (struct taken){ thread->address, !thread->stack };
	if (!thread->stack)
		return;
	slot = kt_list_push(&walk->snap->arena, &walk->snap->stack_uses);
	if (slot)
		*slot = (struct kt_stack_use){ .name = name,
			.pid = thread->tgid,
			.kernel = thread->kernel,
			.used_bytes =
				has_size(walk, thread) ? read_depth(walk, thread) : KT_UNKNOWN };
}

/* The threads of a process, the leader included; false: the list leads elsewhere. */
static bool take_threads(struct walk *walk, const struct thread *leader, const char *name)
{
	const struct kt_field *list = &walk->layout.thread_node;
	uint64_t head = leader->signal + walk->layout.thread_head.offset, at, previous = head;

	if (!kt_target_pointer(walk->target, head, &at))
		return false;
	for (uint32_t i = 0; at != head && i < THREADS_MAX; i++) {
		struct thread thread;
		bool first = false;

		if (!read_thread(walk, at - list->offset, list, &thread) ||
			thread.previous != previous || thread.signal != leader->signal ||
			!see(walk, thread.address, walk->nr_tries, &first))
			return false;
		if (first)
			take_thread(walk, &thread, name);
		previous = at;
		at = thread.next;
	}
	return at == head;
}

static void take_process(struct walk *walk, const struct thread *leader)
{
	const char *name;
	uint32_t first = walk->nr_tries + 1, *failed;
	unsigned tries = 0;

	/* the first idle thread, with which the ring begins, has its stack in the image */
	if (!leader->pid)
		return;
	name = kt_arena_name(&walk->snap->arena,
		(struct kt_span){ leader->name, strnlen(leader->name, NAME_BYTES) });
	do {
		walk->nr_tries++;
	} while (!take_threads(walk, leader, name) && ++tries < TRIES);
	walk->sum->nr_torn += tries == TRIES;
	while (tries < TRIES && first < walk->nr_tries) {
		failed = kt_list_push(&walk->arena, &walk->failed);
		if (failed)
			*failed = first;
		first++;
	}
}

/* ---- processes ---- */

static bool find_start(struct walk *walk, uint64_t *ret_start)
{
	struct kt_target *target = walk->target;

	if (kt_symbols_find(&target->symbols, "init_task", ret_start))
		return true;
	return target->ops->current_task && target->ops->current_task(target, ret_start) &&
	       kt_target_pointer(target, *ret_start + walk->layout.leader.offset, ret_start);
}

/* One turn around the ring, counted from 1; false: it leads elsewhere. */
static bool take_processes(struct walk *walk, uint64_t start, uint32_t turn)
{
	const struct kt_field *list = &walk->layout.tasks;
	uint64_t at = start, previous = 0;

	walk->sum->nr_torn = 0;
	walk->first_try = walk->nr_tries + 1;
	for (uint32_t i = 0; i < THREADS_MAX; i++) {
		struct thread leader;

		/* no thread begins at an odd address, so this is a key of its own */
		if (!read_thread(walk, at, list, &leader) || leader.leader != at ||
			(previous && leader.previous != previous + list->offset) ||
			!see(walk, at + 1, turn, NULL))
			return false;
		take_process(walk, &leader);
		previous = at;
		at = leader.next - list->offset;
		if (at == start)
			return true;
	}
	return false;
}

/* ---- threads that have ended meanwhile ---- */

static bool has_failed(const struct walk *walk, uint32_t try)
{
	size_t low = 0, high = walk->failed.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (walk->failed.items[middle] < try)
			low = middle + 1;
		else
			high = middle;
	}
	return low < walk->failed.count && walk->failed.items[low] == try;
}

/* Drops threads that the list no longer had when it was read again. `whole`: the ring was read. */
static void drop_gone(struct walk *walk, bool whole)
{
	struct kt_stack_use *uses = walk->snap->stack_uses.items;
	size_t nr_kept = 0, at = 0;

	for (size_t i = 0; i < walk->taken.count; i++) {
		const struct taken *taken = &walk->taken.items[i];
		struct kt_span key = { (const char *)&taken->address, sizeof(taken->address) };
		const uint32_t *seen = kt_map_find(&walk->seen, key);
		bool gone = !seen || (whole && *seen < walk->first_try) || has_failed(walk, *seen);

		walk->sum->nr_ended += taken->ended && !gone;
		if (!taken->ended && !gone)
			uses[nr_kept++] = uses[at];
		at += !taken->ended;
	}
	walk->snap->stack_uses.count = nr_kept;
}

/* ---- idle threads ---- */

/* A queue of fair scheduling leads to its group, which has one queue for each CPU. */
static void take_idle(struct walk *walk)
{
	const struct layout *layout = &walk->layout;
	struct kt_target *target = walk->target;
	uint32_t bytes = target->types.pointer_bytes;
	uint64_t at;

	if (!walk->fair || !layout->fair_group.exists || !layout->fair_cpu.exists ||
		!layout->group_cpus.exists || !layout->idle.exists ||
		!kt_target_pointer(target, walk->fair + layout->fair_group.offset, &at) ||
		!kt_target_pointer(target, at + layout->group_cpus.offset, &at))
		return;
	walk->nr_tries++;
	for (uint32_t i = 1; i < target->nr_cpus; i++) {
		struct thread thread;
		uint64_t task;
		bool first = false;

		if (!kt_target_pointer(target, at + (uint64_t)i * bytes, &task) ||
			!kt_target_pointer(target, task + layout->fair_cpu.offset, &task) ||
			!kt_target_pointer(target, task + layout->idle.offset, &task) ||
			!read_thread(walk, task, &layout->tasks, &thread) || thread.pid ||
			strncmp(thread.name, "swapper", 7) != 0 ||
			!see(walk, task, walk->nr_tries, &first) || !first)
			continue;
		thread.kernel = true;
		take_thread(walk, &thread, "swapper");
	}
}

/* ---- all ---- */

static bool is_out_of_memory(const struct walk *walk)
{
	return walk->arena.failed || walk->seen.failed || walk->snap->arena.failed;
}

static struct kt_err *find_members(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), &walk->layout);
	struct kt_field in_task;

	if (err)
		return err;
	walk->task_first = TASK_MAX;
	for (size_t i = 0; i < KT_LEN(wants); i++) {
		const struct kt_field *field =
			(const void *)((char *)&walk->layout + wants[i].place);

		if (strcmp(wants[i].type, "task_struct") == 0)
			include(walk, field,
				field == &walk->layout.name ? NAME_BYTES
							    : 2 * types->pointer_bytes);
	}
	if (walk->task_end > TASK_MAX || walk->layout.name.size != 1 ||
		walk->layout.name.count < NAME_BYTES)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct task_struct that is not understood");
	/* where a task has no thread_info, that is at the low end of its stack */
	if (!kt_types_field(types, "task_struct", "thread_info", &in_task))
		walk->skip = kt_types_size(types, "thread_info");
	if (walk->skip > STACK_MIN / 2)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct thread_info that is not understood");
	return NULL;
}

static struct kt_err *run(struct walk *walk)
{
	struct kt_err *err = find_members(walk);
	uint64_t start;
	uint32_t turn = 0;
	bool whole = false;

	if (err)
		return err;
	if (!find_start(walk, &start))
		return kt_err_new(KT_ERR_ABSENT,
			"no thread can be found in kernel memory (CONFIG_KALLSYMS_ALL, or BPF)");
	while (turn < TRIES && !whole) {
		whole = take_processes(walk, start, ++turn);
		walk->sum->nr_torn += !whole;
	}
	/* without memory the two lists differ in length */
	if (!is_out_of_memory(walk))
		drop_gone(walk, whole);
	take_idle(walk);
	if (is_out_of_memory(walk))
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!walk->snap->stack_uses.count)
		return kt_err_new(KT_ERR_ABSENT, "the list of threads cannot be read");
	return walk->stack ? NULL
			   : kt_err_new(KT_ERR_ABSENT,
				     "neither the type data nor a symbol has the size of a stack");
}

struct kt_err *kt_stacks_walk(struct kt_target *target, struct kt_snapshot *snap)
{
	struct walk walk = { .target = target, .snap = snap, .sum = &snap->stack_walk };
	struct kt_err *err;

	snap->stack_walk = kt_stack_walk_unknown();
	err = run(&walk);
	kt_map_fini(&walk.seen);
	kt_arena_fini(&walk.arena);
	free(walk.stack);
	return err;
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// The CPU that panics notes its number (kernel/panic.c, panic_cpu), and runs the task that did it:
// each CPU's queue of tasks has the current one (kernel/sched/sched.h, struct rq).

#include "memory/kernel/last_moment.h"

#include "model/unknown.h"

#include <string.h>

#define SECONDS_MAX (1ll << 40)
#define NO_CPU	    0xffffffffu /* PANIC_CPU_INVALID, include/linux/panic.h */

static int64_t seconds_at(
	struct kt_target *target, uint64_t keeper, const char *member, const char *type)
{
	struct kt_field field;
	uint64_t value;

	return kt_types_field(&target->types, type, member, &field) &&
			       kt_target_number(
				       target, keeper + field.offset, field.size, &value) &&
			       value && value < (uint64_t)SECONDS_MAX
		       ? (int64_t)value
		       : KT_UNKNOWN;
}

/*
 * The clock and its copy are one struct since 6.13, the first of several later; before, the copy
 * has a name of its own.
 */
static void read_clock(struct kt_target *target, struct kt_last_moment *moment)
{
	struct kt_field inside = { 0 };
	uint64_t keeper;

	if (kt_types_field(&target->types, "tk_data", "timekeeper", &inside)) {
		if (!kt_symbols_find(&target->symbols, "timekeeper_data", &keeper) &&
			!kt_symbols_find(&target->symbols, "tk_core", &keeper))
			return;
		keeper += inside.offset;
	} else if (!kt_symbols_find(&target->symbols, "shadow_timekeeper", &keeper))
		return;
	moment->taken_s = seconds_at(target, keeper, "xtime_sec", "timekeeper");
	moment->uptime_s = seconds_at(target, keeper, "ktime_sec", "timekeeper");
}

static void read_task(struct kt_target *target, struct kt_last_moment *moment)
{
	struct kt_field current, pid, comm;
	uint64_t queues, offset, task, number;

	if (!kt_types_field(&target->types, "rq", "curr", &current) ||
		!kt_types_field(&target->types, "task_struct", "pid", &pid) ||
		!kt_types_field(&target->types, "task_struct", "comm", &comm) ||
		!kt_symbols_find(&target->symbols, "runqueues", &queues) ||
		!kt_target_cpu_offset(target, (unsigned)moment->cpu, &offset) ||
		!kt_target_pointer(target, queues + offset + current.offset, &task) ||
		!kt_target_number(target, task + pid.offset, 4, &number) || number > INT32_MAX ||
		!kt_target_text(target, task + comm.offset, moment->comm, sizeof(moment->comm)))
		moment->comm[0] = '\0';
	else {
		moment->pid = (int64_t)number;
		moment->task = task;
	}
}

void kt_last_moment_read(struct kt_target *target, struct kt_last_moment *ret_moment)
{
	const struct kt_symbols *symbols = &target->symbols;
	struct kt_field machine;
	uint64_t at, line, cpu;

	*ret_moment = (struct kt_last_moment){
		.taken_s = KT_UNKNOWN, .uptime_s = KT_UNKNOWN, .cpu = KT_UNKNOWN, .pid = KT_UNKNOWN
	};
	read_clock(target, ret_moment);
	if (!kt_symbols_find(symbols, "init_uts_ns", &at) ||
		!kt_types_field(&target->types, "uts_namespace", "name.machine", &machine) ||
		!kt_target_text(target, at + machine.offset, ret_moment->machine,
			sizeof(ret_moment->machine)))
		ret_moment->machine[0] = '\0';
	ret_moment->has_taints = kt_symbols_find(symbols, "tainted_mask", &at) &&
				 kt_target_pointer(target, at, &ret_moment->taints);
	if (!kt_symbols_find(symbols, "saved_command_line", &at) ||
		!kt_target_pointer(target, at, &line) ||
		!kt_target_text(
			target, line, ret_moment->command_line, sizeof(ret_moment->command_line)))
		ret_moment->command_line[0] = '\0';
	if (!kt_symbols_find(symbols, "panic_cpu", &at) ||
		!kt_target_number(target, at, sizeof(uint32_t), &cpu) || cpu == NO_CPU ||
		cpu >= target->nr_cpus)
		return;
	ret_moment->cpu = (int64_t)cpu;
	read_task(target, ret_moment);
}

/* kernel/panic.c, taint_flags[] */
void kt_taint_letters(uint64_t taints, char ret_letters[KT_TAINT_LETTERS])
{
	static const char letters[] = "PFSRMBUDAWCIOELKXTNJ";
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		if (taints >> i & 1)
			ret_letters[n++] = letters[i];
	}
	ret_letters[n] = '\0';
}

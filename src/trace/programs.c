// SPDX-License-Identifier: GPL-2.0-or-later
//
// Registers while a program runs: 6 its context, 7 the address of the object, 8 its bytes, 9 the
// counts of this CPU. The stack has, from its top, the address as a key, the number of the object
// in an array, a parameter, length and address of the array, and the sample.

#include "trace/programs.h"

#include <errno.h>
#include <stddef.h>

#define KEY	   (-8)
#define INDEX	   (-16)
#define TAKEN	   (-24)
#define LIMIT	   (-32)
#define ARRAY	   (-40)
#define SAMPLE	   (-40 - (int)sizeof(struct kt_trace_sample))
#define PLACE(of)  (SAMPLE + (int)offsetof(struct kt_trace_sample, of))
#define EVENT(of)  (SAMPLE + (int)offsetof(struct kt_trace_event, of))
#define COUNT(of)  ((int)offsetof(struct kt_trace_counts, of))
#define TOLD(of)   ((int)offsetof(struct kt_trace_sample, of))
#define PARAM(of)  ((int16_t)((of)*8))
#define NO_WAKE_UP 1ull /* BPF_RB_NO_WAKEUP, which older headers have not */

/* Objects of one call that are looked at: the kernel's own arrays have no more (slab: 512). */
#define ALLOC_MAX 64
#define FREE_MAX  512
/* Samples of one CPU between two looks of the process, after which it draws half as many. */
#define BURST_MAX    384
#define INTERVAL_MAX (1ull << 38)

struct writing {
	const struct kt_trace_hook *hook;
	uint32_t number;
	const struct kt_trace_opts *opts;
	const struct kt_trace_maps *maps;
	struct kt_bpf_code *code;
	uint32_t out;  /* label: the end of the program */
	uint32_t next; /* label: done with this object */
};

static void count(struct writing *to, int place)
{
	KT_PUT(to->code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_9, place), KT_ADD(BPF_REG_1, 1),
		KT_STORE(BPF_DW, BPF_REG_9, place, BPF_REG_1));
}

/*
 * A parameter, into a register. A program at a function gets them by type, and kernels differ in
 * which pointers they let it have (const void *, void **): reading the context as memory gives any.
 */
static void put_param(struct writing *to, int reg, int param)
{
	struct kt_bpf_code *code = to->code;

	if (to->hook->way == KT_TRACE_POINT) {
		KT_PUT(code, KT_LOAD(BPF_DW, reg, BPF_REG_6, PARAM(param)));
		return;
	}
	KT_PUT(code, KT_STORE_K(BPF_DW, BPF_REG_10, TAKEN, 0), KT_COPY(BPF_REG_1, BPF_REG_10),
		KT_ADD(BPF_REG_1, TAKEN), KT_NUMBER(BPF_REG_2, 8), KT_COPY(BPF_REG_3, BPF_REG_6),
		KT_ADD(BPF_REG_3, PARAM(param)), KT_CALL(BPF_FUNC_probe_read_kernel),
		KT_LOAD(BPF_DW, reg, BPF_REG_10, TAKEN));
}

/* The counts of this CPU, into register 9. */
static void put_counts(struct writing *to)
{
	uint32_t at =
		to->maps->counts_at + (to->number * to->opts->nr_cpus << KT_TRACE_COUNTS_SHIFT);

	KT_PUT(to->code, KT_CALL(BPF_FUNC_get_smp_processor_id));
	kt_code_jump(to->code, KT_IF(BPF_JGE, BPF_REG_0, (int32_t)to->opts->nr_cpus, 0), to->out);
	KT_PUT(to->code, KT_MATH(BPF_LSH, BPF_REG_0, KT_TRACE_COUNTS_SHIFT),
		KT_VALUE(BPF_REG_9, to->maps->state, (int32_t)at),
		KT_MATH_X(BPF_ADD, BPF_REG_9, BPF_REG_0));
	count(to, COUNT(runs));
}

/*
 * The kernel skips a program for events that come while it runs on their CPU, as of an interrupt.
 * So each hook has two such programs. The first one that gets the object, or the array, of register
 * 7 leaves its address, by which the other one knows that it is done, and removes it.
 */
static void put_claim(struct writing *to)
{
	struct kt_bpf_code *code = to->code;
	uint32_t mine = kt_code_label(code);

	KT_PUT(code, KT_COPY(BPF_REG_1, BPF_REG_7), KT_MATH(BPF_RSH, BPF_REG_1, 4),
		KT_MATH(BPF_AND, BPF_REG_1, KT_TRACE_CLAIMS - 1), KT_MATH(BPF_LSH, BPF_REG_1, 3),
		KT_COPY(BPF_REG_2, BPF_REG_9), KT_MATH_X(BPF_ADD, BPF_REG_2, BPF_REG_1),
		KT_LOAD(BPF_DW, BPF_REG_3, BPF_REG_2, 0));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_3, BPF_REG_7, 0, 0), mine);
	KT_PUT(code, KT_STORE_K(BPF_DW, BPF_REG_2, 0, 0));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), to->out);
	kt_code_place(code, mine);
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_2, 0, BPF_REG_7));
}

/* Leaves the program unless the event is of the watched cache, as far as it names one. */
static void put_filter(struct writing *to)
{
	const struct kt_trace_hook *hook = to->hook;

	if (to->opts->cache && hook->cache >= 0) {
		put_param(to, BPF_REG_1, hook->cache);
		KT_PUT(to->code, KT_LONG(BPF_REG_2, to->opts->cache));
		kt_code_jump(to->code,
			KT_INSN(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0), to->out);
	}
	if (to->opts->movable && hook->flags >= 0) {
		put_param(to, BPF_REG_1, hook->flags);
		kt_code_jump(to->code, KT_IF(BPF_JSET, BPF_REG_1, (int32_t)to->opts->movable, 0),
			to->out);
	}
}

/* Size of the objects of the event's cache, into register 8. */
static void put_size(struct writing *to)
{
	const struct kt_trace_hook *hook = to->hook;
	struct kt_bpf_code *code = to->code;

	if (to->opts->typed && hook->way == KT_TRACE_POINT) {
		KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, PARAM(hook->cache)),
			KT_LOAD(BPF_W, BPF_REG_8, BPF_REG_1, (int16_t)to->opts->size_offset));
		return;
	}
	put_param(to, BPF_REG_3, hook->cache);
	KT_PUT(code, KT_ADD(BPF_REG_3, (int32_t)to->opts->size_offset),
		KT_COPY(BPF_REG_1, BPF_REG_10), KT_ADD(BPF_REG_1, KEY),
		KT_STORE_K(BPF_DW, BPF_REG_10, KEY, 0), KT_NUMBER(BPF_REG_2, 4),
		KT_CALL(BPF_FUNC_probe_read_kernel), KT_LOAD(BPF_W, BPF_REG_8, BPF_REG_10, KEY));
}

/* Bytes of the object, into register 8; `array`: of an allocation without a size of its own. */
static void put_bytes(struct writing *to)
{
	const struct kt_trace_hook *hook = to->hook;
	const struct kt_trace_opts *opts = to->opts;
	struct kt_bpf_code *code = to->code;

	if (hook->bytes >= 0) {
		put_param(to, BPF_REG_8, hook->bytes);
	} else if (hook->order >= 0) {
		put_param(to, BPF_REG_1, hook->order);
		KT_PUT(code, KT_MATH(BPF_AND, BPF_REG_1, 31),
			KT_NUMBER(BPF_REG_8, (int32_t)opts->page_bytes),
			KT_MATH_X(BPF_LSH, BPF_REG_8, BPF_REG_1));
	} else if (opts->cache && hook->cache >= 0) {
		KT_PUT(code, KT_NUMBER(BPF_REG_8, (int32_t)opts->slot_bytes));
	} else if (hook->cache >= 0) {
		put_size(to);
	} else {
		put_param(to, BPF_REG_8, hook->requested);
		if (opts->pool == KT_TRACE_PERCPU)
			KT_PUT(code, KT_MATH(BPF_MUL, BPF_REG_8, (int32_t)opts->nr_cpus));
		if (hook->areas) /* with a page that guards its end */
			KT_PUT(code, KT_ADD(BPF_REG_8, -(int32_t)opts->page_bytes));
		if (opts->pool == KT_TRACE_VMALLOC)
			KT_PUT(code, KT_ADD(BPF_REG_8, (int32_t)opts->page_bytes - 1),
				KT_MATH(BPF_AND, BPF_REG_8, -(int32_t)opts->page_bytes));
	}
	/* events of kmalloc() do not name the cache: it is one of those with objects of this size
	 */
	if (opts->cache && hook->cache < 0)
		kt_code_jump(
			code, KT_IF(BPF_JNE, BPF_REG_8, (int32_t)opts->slot_bytes, 0), to->next);
}

/* Draws the gap to the next sample: a quantile of the exponential distribution. */
static void put_draw(struct writing *to)
{
	uint32_t calm = kt_code_label(to->code);
	struct kt_bpf_code *code = to->code;

	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_8, BPF_REG_9, COUNT(next_bytes)),
		KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_9, COUNT(burst)), KT_ADD(BPF_REG_1, 1));
	kt_code_jump(code, KT_IF(BPF_JLE, BPF_REG_1, BURST_MAX, 0), calm);
	KT_PUT(code, KT_NUMBER(BPF_REG_1, 0), KT_LONG(BPF_REG_2, INTERVAL_MAX));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_8, BPF_REG_2, 0, 0), calm);
	KT_PUT(code, KT_MATH(BPF_LSH, BPF_REG_8, 1));
	kt_code_place(code, calm);
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_9, COUNT(burst), BPF_REG_1),
		KT_STORE(BPF_DW, BPF_REG_9, COUNT(next_bytes), BPF_REG_8),
		KT_STORE(BPF_DW, BPF_REG_9, COUNT(interval_bytes), BPF_REG_8),
		KT_CALL(BPF_FUNC_get_prandom_u32), KT_LOW(BPF_REG_1, BPF_REG_0),
		KT_LOW(BPF_REG_2, BPF_REG_0), KT_MATH(BPF_AND, BPF_REG_1, KT_TRACE_GAPS - 1),
		KT_MATH(BPF_LSH, BPF_REG_1, 3), KT_MATH(BPF_RSH, BPF_REG_2, 12),
		KT_VALUE(BPF_REG_3, to->maps->state, (int32_t)to->maps->gaps_at),
		KT_MATH_X(BPF_ADD, BPF_REG_3, BPF_REG_1), KT_LOAD(BPF_DW, BPF_REG_4, BPF_REG_3, 0),
		KT_LOAD(BPF_DW, BPF_REG_5, BPF_REG_3, 8), KT_MATH_X(BPF_SUB, BPF_REG_5, BPF_REG_4),
		KT_MATH_X(BPF_MUL, BPF_REG_5, BPF_REG_2),
		KT_MATH(BPF_RSH, BPF_REG_5, KT_TRACE_UNIT),
		KT_MATH_X(BPF_ADD, BPF_REG_5, BPF_REG_4), KT_MATH_X(BPF_MUL, BPF_REG_5, BPF_REG_8),
		KT_MATH(BPF_RSH, BPF_REG_5, KT_TRACE_UNIT),
		KT_STORE(BPF_DW, BPF_REG_9, COUNT(left), BPF_REG_5));
}

/* Puts a parameter of the event into the sample; -1: 0. */
static void keep_param(struct writing *to, int param, int place)
{
	if (param < 0) {
		KT_PUT(to->code, KT_STORE_K(BPF_DW, BPF_REG_10, (int16_t)place, 0));
		return;
	}
	put_param(to, BPF_REG_1, param);
	KT_PUT(to->code, KT_STORE(BPF_DW, BPF_REG_10, (int16_t)place, BPF_REG_1));
}

static void put_result(struct writing *to, int helper, int place)
{
	KT_PUT(to->code, KT_CALL(helper), KT_STORE(BPF_DW, BPF_REG_10, (int16_t)place, BPF_REG_0));
}

/* Makes the sample. */
static void put_sample(struct writing *to)
{
	struct kt_bpf_code *code = to->code;
	uint32_t kept = kt_code_label(code);

	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, PLACE(address), BPF_REG_7),
		KT_STORE(BPF_DW, BPF_REG_10, PLACE(bytes), BPF_REG_8),
		KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_9, COUNT(interval_bytes)),
		KT_STORE(BPF_DW, BPF_REG_10, PLACE(interval_bytes), BPF_REG_1),
		KT_STORE_K(BPF_DW, BPF_REG_10, PLACE(freed_ns), 0),
		KT_STORE_K(BPF_W, BPF_REG_10, PLACE(hook), (int32_t)to->number),
		KT_STORE_K(BPF_W, BPF_REG_10, PLACE(freed_by), 0),
		KT_STORE_K(BPF_W, BPF_REG_10, PLACE(unused), 0));
	keep_param(to, to->hook->requested, PLACE(requested_bytes));
	keep_param(to, to->hook->site, PLACE(site));
	put_result(to, BPF_FUNC_ktime_get_boot_ns, PLACE(taken_ns));
	put_result(to, BPF_FUNC_get_current_cgroup_id, PLACE(cgroup));
	put_result(to, BPF_FUNC_get_current_pid_tgid, PLACE(pid_tgid));
	KT_PUT(code, KT_COPY(BPF_REG_1, BPF_REG_10), KT_ADD(BPF_REG_1, PLACE(comm)),
		KT_NUMBER(BPF_REG_2, KT_TRACE_COMM), KT_CALL(BPF_FUNC_get_current_comm),
		KT_COPY(BPF_REG_1, BPF_REG_6), KT_MAP(BPF_REG_2, to->maps->stacks),
		KT_NUMBER(BPF_REG_3, 0), KT_CALL(BPF_FUNC_get_stackid),
		KT_STORE(BPF_W, BPF_REG_10, PLACE(stack), BPF_REG_0));
	kt_code_jump(code, KT_IF(BPF_JSGE, BPF_REG_0, 0, 0), kept);
	count(to, COUNT(no_stack));
	kt_code_place(code, kept);
}

static void put_update(struct writing *to, int32_t flags)
{
	KT_PUT(to->code, KT_MAP(BPF_REG_1, to->maps->live), KT_COPY(BPF_REG_2, BPF_REG_10),
		KT_ADD(BPF_REG_2, KEY), KT_COPY(BPF_REG_3, BPF_REG_10), KT_ADD(BPF_REG_3, SAMPLE),
		KT_NUMBER(BPF_REG_4, flags), KT_CALL(BPF_FUNC_map_update_elem));
}

/* Keeps the sample. An address that is still in the table was freed without a free that was seen.
 */
static void put_keep(struct writing *to)
{
	struct kt_bpf_code *code = to->code;
	uint32_t full = kt_code_label(code), kept = kt_code_label(code);

	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, KEY, BPF_REG_7));
	put_update(to, BPF_NOEXIST);
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_0, 0, 0), kept);
	kt_code_jump(code, KT_IF(BPF_JNE, BPF_REG_0, -EEXIST, 0), full);
	count(to, COUNT(again));
	put_update(to, BPF_EXIST);
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_0, 0, 0), kept);
	kt_code_place(code, full);
	count(to, COUNT(full));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), to->next);
	kt_code_place(code, kept);
	count(to, COUNT(samples));
}

/* An object of register 7 was allocated. */
static void put_alloc(struct writing *to)
{
	struct kt_bpf_code *code = to->code;

	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_7, 0, 0), to->next);
	put_bytes(to);
	count(to, COUNT(objects));
	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_9, COUNT(bytes)),
		KT_MATH_X(BPF_ADD, BPF_REG_1, BPF_REG_8),
		KT_STORE(BPF_DW, BPF_REG_9, COUNT(bytes), BPF_REG_1),
		KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_9, COUNT(left)),
		KT_MATH_X(BPF_SUB, BPF_REG_1, BPF_REG_8),
		KT_STORE(BPF_DW, BPF_REG_9, COUNT(left), BPF_REG_1));
	kt_code_jump(code, KT_IF(BPF_JSGT, BPF_REG_1, 0, 0), to->next);
	put_sample(to);
	put_draw(to);
	put_keep(to);
}

/* An object of register 7 was freed. */
static void put_free(struct writing *to)
{
	struct kt_bpf_code *code = to->code;
	uint32_t told = kt_code_label(code);

	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_7, 0, 0), to->next);
	count(to, COUNT(objects));
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, KEY, BPF_REG_7),
		KT_MAP(BPF_REG_1, to->maps->live), KT_COPY(BPF_REG_2, BPF_REG_10),
		KT_ADD(BPF_REG_2, KEY), KT_CALL(BPF_FUNC_map_lookup_elem));
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_0, 0, 0), to->next);
	KT_PUT(code, KT_COPY(BPF_REG_8, BPF_REG_0), KT_CALL(BPF_FUNC_ktime_get_boot_ns),
		KT_STORE(BPF_DW, BPF_REG_8, TOLD(freed_ns), BPF_REG_0),
		KT_STORE_K(BPF_W, BPF_REG_8, TOLD(freed_by), (int32_t)to->number),
		KT_MAP(BPF_REG_1, to->maps->ended), KT_COPY(BPF_REG_2, BPF_REG_8),
		KT_NUMBER(BPF_REG_3, (int32_t)sizeof(struct kt_trace_sample)),
		KT_NUMBER(BPF_REG_4, (int32_t)NO_WAKE_UP), KT_CALL(BPF_FUNC_ringbuf_output));
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_0, 0, 0), told);
	count(to, COUNT(not_told));
	kt_code_place(code, told);
	count(to, COUNT(ended));
	KT_PUT(code, KT_MAP(BPF_REG_1, to->maps->live), KT_COPY(BPF_REG_2, BPF_REG_10),
		KT_ADD(BPF_REG_2, KEY), KT_CALL(BPF_FUNC_map_delete_elem));
}

/* ---- each event ---- */

/* Reads 8 bytes at an offset from register 8 to the stack; jumps if they cannot be read. */
static void put_read(struct writing *to, uint32_t offset, int place, uint32_t failed)
{
	KT_PUT(to->code, KT_COPY(BPF_REG_1, BPF_REG_10), KT_ADD(BPF_REG_1, place),
		KT_NUMBER(BPF_REG_2, 8), KT_COPY(BPF_REG_3, BPF_REG_8),
		KT_ADD(BPF_REG_3, (int32_t)offset), KT_CALL(BPF_FUNC_probe_read_kernel));
	kt_code_jump(to->code, KT_IF(BPF_JNE, BPF_REG_0, 0, 0), failed);
}

/* Makes a tail page in register 8 its head, as kt_memmap_head() does. */
static void put_head(struct writing *to, uint32_t failed)
{
	struct kt_bpf_code *code = to->code;
	uint32_t pointer = kt_code_label(code), head = kt_code_label(code);

	put_read(to, to->opts->map.head_offset, KEY, failed);
	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, KEY), KT_COPY(BPF_REG_2, BPF_REG_1),
		KT_MATH(BPF_AND, BPF_REG_2, 1), KT_MATH(BPF_AND, BPF_REG_1, -2),
		KT_NUMBER(BPF_REG_3, 0), KT_MATH_X(BPF_SUB, BPF_REG_3, BPF_REG_1),
		KT_COPY(BPF_REG_4, BPF_REG_3), KT_ADD(BPF_REG_4, -1),
		KT_MATH_X(BPF_AND, BPF_REG_4, BPF_REG_3));
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_2, 0, 0), head);
	kt_code_jump(code, KT_IF(BPF_JNE, BPF_REG_4, 0, 0), pointer);
	KT_PUT(code, KT_MATH(BPF_RSH, BPF_REG_3, 32));
	kt_code_jump(code, KT_IF(BPF_JNE, BPF_REG_3, 0, 0), pointer);
	KT_PUT(code, KT_MATH_X(BPF_AND, BPF_REG_8, BPF_REG_1));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), head);
	kt_code_place(code, pointer);
	KT_PUT(code, KT_COPY(BPF_REG_8, BPF_REG_1));
	kt_code_place(code, head);
}

/* The slab cache of the page of the object in register 7, into the event. */
static void put_cache(struct writing *to)
{
	const struct kt_trace_map *map = &to->opts->map;
	struct kt_bpf_code *code = to->code;
	uint32_t none = kt_code_label(code), done = kt_code_label(code);

	KT_PUT(code, KT_COPY(BPF_REG_8, BPF_REG_7), KT_LONG(BPF_REG_1, map->direct),
		KT_MATH_X(BPF_SUB, BPF_REG_8, BPF_REG_1), KT_LONG(BPF_REG_1, map->direct_bytes));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JGE | BPF_X, BPF_REG_8, BPF_REG_1, 0, 0), none);
	KT_PUT(code, KT_MATH(BPF_RSH, BPF_REG_8, (int32_t)map->page_shift),
		KT_MATH(BPF_MUL, BPF_REG_8, (int32_t)map->page_struct_bytes),
		KT_LONG(BPF_REG_1, map->pages), KT_MATH_X(BPF_ADD, BPF_REG_8, BPF_REG_1));
	put_head(to, none);
	put_read(to, map->cache_offset, EVENT(cache), none);
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0), done);
	kt_code_place(code, none);
	KT_PUT(code, KT_STORE_K(BPF_DW, BPF_REG_10, EVENT(cache), 0));
	kt_code_place(code, done);
}

/* Hands the event of the object in register 7 to the process. */
static void put_event(struct writing *to)
{
	struct kt_bpf_code *code = to->code;

	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_7, 0, 0), to->next);
	if (to->opts->one_in > 1) {
		KT_PUT(code, KT_COPY(BPF_REG_1, BPF_REG_7), KT_MATH(BPF_RSH, BPF_REG_1, 3),
			KT_MATH(BPF_MUL, BPF_REG_1, 0x61c88647), KT_LOW(BPF_REG_1, BPF_REG_1),
			KT_MATH(BPF_RSH, BPF_REG_1, 8),
			KT_MATH(BPF_MOD, BPF_REG_1, (int32_t)to->opts->one_in));
		kt_code_jump(code, KT_IF(BPF_JNE, BPF_REG_1, 0, 0), to->next);
	}
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, EVENT(address), BPF_REG_7),
		KT_STORE_K(BPF_DW, BPF_REG_10, EVENT(cache), 0));
	put_cache(to);
	keep_param(to, to->hook->requested, EVENT(requested_bytes));
	put_result(to, BPF_FUNC_ktime_get_boot_ns, EVENT(time_ns));
	KT_PUT(code, KT_CALL(BPF_FUNC_get_smp_processor_id),
		KT_STORE(BPF_W, BPF_REG_10, EVENT(cpu), BPF_REG_0),
		KT_STORE_K(BPF_W, BPF_REG_10, EVENT(hook), (int32_t)to->number),
		KT_MAP(BPF_REG_1, to->maps->ended), KT_COPY(BPF_REG_2, BPF_REG_10),
		KT_ADD(BPF_REG_2, SAMPLE),
		KT_NUMBER(BPF_REG_3, (int32_t)sizeof(struct kt_trace_event)),
		KT_NUMBER(BPF_REG_4, (int32_t)NO_WAKE_UP), KT_CALL(BPF_FUNC_ringbuf_output));
	count(to, COUNT(objects));
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_0, 0, 0), to->next);
	count(to, COUNT(not_told));
}

static void put_object(struct writing *to)
{
	if (to->opts->keep)
		put_event(to);
	else if (to->hook->frees)
		put_free(to);
	else
		put_alloc(to);
}

/*
 * Objects in an array. The kernel's verifier follows the loop, so it has a constant end; the number
 * of the object is on the stack, where helpers leave it alone.
 */
static void put_array(struct writing *to)
{
	const struct kt_trace_hook *hook = to->hook;
	struct kt_bpf_code *code = to->code;
	uint32_t again = kt_code_label(code);
	int count_param = hook->way == KT_TRACE_EXIT ? (int)hook->nr_params : hook->count;

	put_param(to, BPF_REG_2, count_param);
	if (hook->way == KT_TRACE_EXIT) /* an int */
		KT_PUT(code, KT_LOW(BPF_REG_2, BPF_REG_2));
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, LIMIT, BPF_REG_2));
	put_param(to, BPF_REG_3, hook->array);
	KT_PUT(code, KT_STORE(BPF_DW, BPF_REG_10, ARRAY, BPF_REG_3),
		KT_STORE_K(BPF_DW, BPF_REG_10, INDEX, 0));
	kt_code_place(code, again);
	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, INDEX),
		KT_LOAD(BPF_DW, BPF_REG_2, BPF_REG_10, LIMIT));
	kt_code_jump(code, KT_INSN(BPF_JMP | BPF_JGE | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0), to->out);
	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_3, BPF_REG_10, ARRAY), KT_MATH(BPF_LSH, BPF_REG_1, 3),
		KT_MATH_X(BPF_ADD, BPF_REG_3, BPF_REG_1), KT_COPY(BPF_REG_1, BPF_REG_10),
		KT_ADD(BPF_REG_1, KEY), KT_NUMBER(BPF_REG_2, 8),
		KT_CALL(BPF_FUNC_probe_read_kernel), KT_LOAD(BPF_DW, BPF_REG_7, BPF_REG_10, KEY));
	kt_code_jump(code, KT_IF(BPF_JNE, BPF_REG_0, 0, 0), to->next);
	put_object(to);
	kt_code_place(code, to->next);
	KT_PUT(code, KT_LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, INDEX), KT_ADD(BPF_REG_1, 1),
		KT_STORE(BPF_DW, BPF_REG_10, INDEX, BPF_REG_1));
	kt_code_jump(code, KT_IF(BPF_JLT, BPF_REG_1, hook->frees ? FREE_MAX : ALLOC_MAX, 0), again);
}

/* Reads what register 7 points to into it; 0 where nothing can be read, as of an error. */
static void put_indirect(struct writing *to)
{
	KT_PUT(to->code, KT_STORE_K(BPF_DW, BPF_REG_10, TAKEN, 0), KT_COPY(BPF_REG_1, BPF_REG_10),
		KT_ADD(BPF_REG_1, TAKEN), KT_NUMBER(BPF_REG_2, 8), KT_COPY(BPF_REG_3, BPF_REG_7),
		KT_ADD(BPF_REG_3, (int32_t)to->hook->address_at),
		KT_CALL(BPF_FUNC_probe_read_kernel), KT_LOAD(BPF_DW, BPF_REG_7, BPF_REG_10, TAKEN));
}

/* Address of the object, into register 7. */
static void put_address(struct writing *to)
{
	const struct kt_trace_hook *hook = to->hook;
	struct kt_bpf_code *code = to->code;
	int param = hook->way == KT_TRACE_EXIT ? (int)hook->nr_params : hook->address;
	uint32_t done;

	if (param >= 0) {
		put_param(to, BPF_REG_7, param);
		if (hook->is_indirect)
			put_indirect(to);
		return;
	}
	/* the offset of a head in its object, or the object, if there is no head */
	done = kt_code_label(code);
	put_param(to, BPF_REG_7, hook->rcu_offset);
	put_param(to, BPF_REG_1, hook->rcu_head);
	kt_code_jump(code, KT_IF(BPF_JEQ, BPF_REG_1, 0, 0), done);
	KT_PUT(code, KT_MATH_X(BPF_SUB, BPF_REG_1, BPF_REG_7), KT_COPY(BPF_REG_7, BPF_REG_1));
	kt_code_place(code, done);
}

bool kt_trace_program(const struct kt_trace_hook *hook, uint32_t number,
	const struct kt_trace_opts *opts, const struct kt_trace_maps *maps,
	struct kt_bpf_code *ret_code)
{
	struct writing to = {
		.hook = hook, .number = number, .opts = opts, .maps = maps, .code = ret_code
	};

	kt_code_begin(ret_code);
	to.out = kt_code_label(ret_code);
	KT_PUT(ret_code, KT_COPY(BPF_REG_6, BPF_REG_1));
	put_filter(&to);
	put_counts(&to);
	if (hook->array >= 0) {
		to.next = kt_code_label(ret_code);
		if (opts->keep) {
			put_param(&to, BPF_REG_7, hook->array);
			put_claim(&to);
		}
		put_array(&to);
	} else {
		to.next = to.out;
		put_address(&to);
		if (opts->keep)
			put_claim(&to);
		put_object(&to);
	}
	kt_code_place(ret_code, to.out);
	KT_PUT(ret_code, KT_NUMBER(BPF_REG_0, 0), KT_EXIT);
	return kt_code_end(ret_code);
}

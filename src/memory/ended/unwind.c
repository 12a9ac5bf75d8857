// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps are the kernel's own (arch/x86/kernel/unwind_orc.c, unwind_next_frame();
// arch/arm64/kernel/stacktrace.c). Memory may be damaged, so each step has to reach code and a
// place on a stack that no step before had.

#include "memory/ended/unwind.h"

#include "memory/ended/call_scan.h"
#include "memory/ended/orc.h"

#define WORDS_MAX   8192u  /* of a stack that are scanned */
#define TESTS_MAX   512u   /* of these words, for code before them */
#define NEAR_WORDS  128u   /* of a stack, in which the frame of a caller is looked for */
#define STACK_BYTES 16384u /* the smallest stack of a task */
#define META_FINAL  1u	   /* FRAME_META_TYPE_*, arch/arm64/include/asm/stacktrace/frame.h */
#define META_REGS   2u
#define KERNEL_BITS 0xffff000000000000ull

enum step { STEP_ON, STEP_END, STEP_LOST };

struct walk {
	struct kt_target *target;
	const struct kt_register_form *form;
	struct kt_orc orc;
	bool has_orc;
	struct kt_field meta, in_regs; /* of arm64: struct frame_record_meta */
	struct kt_frame *frames;
	uint64_t places[KT_FRAMES_MAX]; /* stack pointer of each frame */
	size_t count;
};

static bool word_at(struct walk *walk, uint64_t at, uint64_t *ret_word)
{
	return at % sizeof(uint64_t) == 0 && kt_target_number(walk->target, at, 8, ret_word);
}

/* ---- x86-64, by ORC ---- */

/*
 * The stack pointer of the caller. SP_INDIRECT: until aafeb14e9da2 (5.12) the word is at the
 * offset, since then the offset counts from the word. The form whose place has a return address is
 * the right one.
 */
static bool find_indirect(
	struct walk *walk, const struct kt_registers *now, int64_t offset, uint64_t *ret_at)
{
	uint64_t word, to;

	if (word_at(walk, now->sp, &word)) {
		*ret_at = word + (uint64_t)offset;
		if (word_at(walk, *ret_at - 8, &to) && kt_is_code(walk->target, to))
			return true;
	}
	return word_at(walk, now->sp + (uint64_t)offset, ret_at);
}

static bool find_frame(struct walk *walk, const struct kt_registers *now,
	const struct kt_orc_entry *entry, uint64_t *ret_at)
{
	uint64_t offset = (uint64_t)entry->sp_offset;

	switch (entry->sp_reg) {
	case KT_ORC_SP: *ret_at = now->sp + offset; return true;
	case KT_ORC_BP: *ret_at = now->fp + offset; return true;
	case KT_ORC_SP_INDIRECT: return find_indirect(walk, now, entry->sp_offset, ret_at);
	case KT_ORC_BP_INDIRECT: return word_at(walk, now->fp + offset, ret_at);
	case KT_ORC_DX: *ret_at = now->dx + offset; return now->has_rest;
	case KT_ORC_DI: *ret_at = now->di + offset; return now->has_rest;
	case KT_ORC_R10: *ret_at = now->r10 + offset; return now->has_rest;
	case KT_ORC_R13: *ret_at = now->r13 + offset; return now->has_rest;
	default: return false;
	}
}

static bool find_fp(struct walk *walk, const struct kt_registers *now,
	const struct kt_orc_entry *entry, uint64_t at, uint64_t *ret_fp)
{
	uint64_t offset = (uint64_t)entry->bp_offset;

	switch (entry->bp_reg) {
	case KT_ORC_UNDEFINED: return true;
	case KT_ORC_PREV_SP: return word_at(walk, at + offset, ret_fp);
	case KT_ORC_BP: return word_at(walk, now->fp + offset, ret_fp);
	default: return false;
	}
}

static enum step take_saved(struct walk *walk, uint64_t at, struct kt_registers *next)
{
	char copy[KT_REGISTERS_MAX];

	if (!kt_target_read(walk->target, at, copy, walk->form->bytes))
		return STEP_LOST;
	return kt_registers_take(walk->form, copy, next) ? STEP_ON : STEP_END;
}

/* The CPU itself pushes ip, cs, flags, sp and ss at an interrupt. */
static enum step take_pushed(struct walk *walk, uint64_t at, struct kt_registers *next)
{
	uint64_t cs;

	if (!word_at(walk, at, &next->ip) || !word_at(walk, at + 8, &cs) ||
		!word_at(walk, at + 24, &next->sp))
		return STEP_LOST;
	next->is_exact = true;
	return cs & 3 ? STEP_END : STEP_ON;
}

static enum step step_orc(struct walk *walk, const struct kt_registers *now,
	const struct kt_orc_entry *entry, struct kt_registers *next)
{
	uint64_t at, fp = now->fp;
	enum step step = STEP_ON;

	if (entry->type == KT_ORC_END)
		return STEP_END;
	if (entry->type == KT_ORC_LOST || !find_frame(walk, now, entry, &at))
		return STEP_LOST;
	*next = (struct kt_registers){ .fp = fp };
	if (entry->type == KT_ORC_REGS)
		step = take_saved(walk, at, next);
	else if (entry->type == KT_ORC_REGS_PARTIAL)
		step = take_pushed(walk, at, next);
	else {
		next->sp = at;
		if (!word_at(walk, at - 8, &next->ip))
			return STEP_LOST;
	}
	if (step == STEP_ON && !find_fp(walk, now, entry, at, &next->fp))
		return STEP_LOST;
	return step;
}

/* ---- frame pointers ---- */

/* An exception has a record of its own since c2c6b27b5aa1 (6.13), in which both words are 0. */
static enum step step_meta(
	struct walk *walk, const struct kt_registers *now, struct kt_registers *next)
{
	uint64_t type;

	if (!walk->meta.exists)
		return STEP_END;
	if (!kt_target_number(walk->target, now->fp + walk->meta.offset, walk->meta.size, &type))
		return STEP_LOST;
	if (type != META_REGS || !walk->in_regs.exists)
		return type == META_FINAL ? STEP_END : STEP_LOST;
	return take_saved(walk, now->fp - walk->in_regs.offset, next);
}

/* A record of two words: the caller's frame pointer, and where it goes on. */
static enum step step_fp(
	struct walk *walk, const struct kt_registers *now, struct kt_registers *next)
{
	uint64_t fp, ip;

	if (!kt_target_is_pointer(walk->target, now->fp) || !word_at(walk, now->fp, &fp) ||
		!word_at(walk, now->fp + 8, &ip))
		return STEP_LOST;
	if (!fp && !ip)
		return walk->form->arm64 ? step_meta(walk, now, next) : STEP_LOST;
	/* bits of an authentication code, where bit 55 says that it is the kernel's */
	if (walk->form->arm64 && ip >> 55 & 1)
		ip |= KERNEL_BITS;
	if (!walk->form->arm64 && !kt_follows_call(walk->target, false, ip))
		return STEP_LOST;
	*next = (struct kt_registers){ .ip = ip, .sp = now->fp + 16, .fp = fp };
	return STEP_ON;
}

/* ---- all ---- */

static void add(struct walk *walk, uint64_t address, uint64_t place, bool is_return, bool is_guess)
{
	if (walk->count == KT_FRAMES_MAX)
		return;
	walk->places[walk->count] = place;
	walk->frames[walk->count++] = (struct kt_frame){ address, is_return, is_guess };
}

/*
 * A stack goes up, and from one stack to another one it never comes back. Stacks begin at multiples
 * of their size.
 */
static bool is_new_place(const struct walk *walk, uint64_t now, uint64_t next)
{
	if (next <= now && now / STACK_BYTES == next / STACK_BYTES)
		return false;
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->places[i] == next)
			return false;
	}
	return true;
}

static bool is_sound(const struct walk *walk, uint64_t now, const struct kt_registers *next)
{
	return is_new_place(walk, now, next->sp) && kt_is_code(walk->target, next->ip);
}

/*
 * The saved instruction pointer may be of another place in its function than the stack pointer: the
 * compiler chooses where the label is that crash_setup_regs() saves (_THIS_IP_). The frame of the
 * caller is where the stack returns from a call of this function.
 */
static enum step find_caller(
	struct walk *walk, const struct kt_registers *now, struct kt_registers *next)
{
	uint64_t word;

	for (uint64_t at = now->sp; at < now->sp + NEAR_WORDS * sizeof(word); at += sizeof(word)) {
		if (!word_at(walk, at, &word))
			return STEP_LOST;
		*next = (struct kt_registers){ .ip = word, .sp = at + sizeof(word), .fp = now->fp };
		if (word >> 63 && kt_returns_from(walk->target, word, now->ip) &&
			is_sound(walk, now->sp, next))
			return STEP_ON;
	}
	return STEP_LOST;
}

/* Code that no table has, such as a BPF program, keeps frame pointers. */
static enum step step_on(struct walk *walk, struct kt_registers *now)
{
	struct kt_registers next;
	struct kt_orc_entry entry;
	bool by_table = walk->has_orc && kt_orc_find(&walk->orc, now->ip - !now->is_exact, &entry);
	enum step step = by_table ? step_orc(walk, now, &entry, &next) : step_fp(walk, now, &next);

	if (step == STEP_ON && !is_sound(walk, now->sp, &next))
		step = STEP_LOST;
	if (step == STEP_LOST && by_table)
		step = find_caller(walk, now, &next);
	if (step == STEP_ON)
		*now = next;
	return step;
}

static void scan(struct walk *walk, uint64_t from, uint64_t top)
{
	uint64_t end = from + WORDS_MAX * sizeof(uint64_t), word;
	unsigned nr_tests = 0;

	if (top <= from)
		top = from / walk->target->page_bytes * walk->target->page_bytes +
		      walk->target->page_bytes;
	for (uint64_t at = from; at < top && at < end && nr_tests < TESTS_MAX; at += sizeof(word)) {
		if (!word_at(walk, at, &word))
			return;
		if (walk->form->arm64 && word >> 55 & 1)
			word |= KERNEL_BITS;
		if (!(word >> 63) || !kt_follows_call(walk->target, walk->form->arm64, word))
			continue;
		nr_tests++;
		if (kt_is_code(walk->target, word))
			add(walk, word, at, true, true);
	}
}

size_t kt_unwind(struct kt_target *target, const struct kt_register_form *form,
	const struct kt_registers *start, uint64_t top, struct kt_frame ret_frames[KT_FRAMES_MAX])
{
	struct walk walk = { .target = target, .form = form, .frames = ret_frames };
	struct kt_registers now = *start;
	enum step step = STEP_ON;

	if (!kt_is_code(target, now.ip))
		return 0;
	walk.has_orc = !form->arm64 && kt_orc_open(target, &walk.orc);
	if (form->arm64 &&
		kt_types_field(&target->types, "frame_record_meta", "type", &walk.meta) &&
		!kt_types_field(&target->types, "pt_regs", "stackframe", &walk.in_regs))
		walk.in_regs.exists = false;
	while (step == STEP_ON && walk.count < KT_FRAMES_MAX) {
		add(&walk, now.ip, now.sp, !now.is_exact, false);
		step = step_on(&walk, &now);
	}
	if (step == STEP_LOST)
		scan(&walk, (now.sp + 7) & ~7ull, top);
	return walk.count;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_ENDED_BYTES_H
#define KT_TEST_ENDED_BYTES_H

/**
 * A kernel made by hand that crashed: code with calls, tables for the walk of stacks, stacks, and
 * registers that its CPU saved.
 */

#include "state_bytes.h"

#include "memory/ended/last_stack.h"
#include "memory/ended/orc.h"

#define ENDED_CODE   0xffffffff81000000ull
#define ENDED_MODULE 0xffffffffc0000000ull
#define ENDED_BYTES  8192u /* of the image; the tables come after the code */
#define ENDED_TEXT   4096u

/*
 * x86-64 before and since the types of its tables changed, since registers have other numbers, and
 * without tables; arm64.
 */
enum ended_form { ENDED_OLD, ENDED_NEW, ENDED_RENUMBERED, ENDED_PLAIN, ENDED_ARM64, ENDED_FORMS };

struct ended_bytes {
	struct state_bytes state; /* memory with the stacks */
	enum ended_form form;
	char *code;
	uint64_t notes, stack, other_stack;
	uint32_t nr_entries;
	struct kt_last_moment moment;
};

enum { ENDED_REGS = 272, ENDED_ENTRY = 6, ENDED_TABLE = 5120, ENDED_ENTRIES = 6144 };

static inline void ended_code(struct ended_bytes *ended, uint32_t at, uint64_t value, size_t n)
{
	memcpy(ended->code + at, &value, n);
}

/* ---- types ---- */

static inline void ended_x86_types(
	struct made_types *made, const struct state_ids *ids, enum ended_form form)
{
	const struct made_member of_regs[] = { { "r13", ids->word, 16 * 8, 0 },
		{ "bp", ids->word, 32 * 8, 0 }, { "r10", ids->word, 56 * 8, 0 },
		{ "dx", ids->word, 96 * 8, 0 }, { "di", ids->word, 112 * 8, 0 },
		{ "ip", ids->word, 128 * 8, 0 }, { "cs", ids->half, 136 * 8, 0 },
		{ "sp", ids->word, 152 * 8, 0 } };
	const struct made_member of_entry[] = {
		{ "sp_offset", ids->half, 0, 0 }, { "bp_offset", ids->half, 16, 0 },
		{ "sp_reg", ids->byte, 32, 4 }, { "bp_reg", ids->byte, 36, 4 },
		{ "type", ids->byte, 40, form == ENDED_OLD ? 2 : 3 },
		{ form == ENDED_OLD ? "end" : "signal", ids->byte, form == ENDED_OLD ? 42 : 43, 1 }
	};

	made_struct(made, "pt_regs", 168, of_regs, KT_LEN(of_regs));
	if (form != ENDED_PLAIN)
		made_struct(made, "orc_entry", ENDED_ENTRY, of_entry, KT_LEN(of_entry));
}

static inline void ended_arm64_types(struct made_types *made, const struct state_ids *ids)
{
	const struct made_member of_record[] = { { "fp", ids->word, 0, 0 },
		{ "lr", ids->word, 64, 0 } };
	uint32_t record = made_struct(made, "frame_record", 16, of_record, 2);
	const struct made_member of_meta[] = { { "record", record, 0, 0 },
		{ "type", ids->word, 128, 0 } };
	uint32_t meta = made_struct(made, "frame_record_meta", 24, of_meta, 2);
	const struct made_member of_regs[] = { { "regs", made_array(made, ids->word, 31), 0, 0 },
		{ "sp", ids->word, 248 * 8, 0 }, { "pc", ids->word, 256 * 8, 0 },
		{ "pstate", ids->word, 264 * 8, 0 }, { "stackframe", meta, 272 * 8, 0 } };

	made_struct(made, "pt_regs", 296, of_regs, KT_LEN(of_regs));
}

static inline char *ended_types(enum ended_form form, size_t *ret_size)
{
	struct made_types made = { 0 };
	struct state_ids ids = state_ids(&made);
	char *file;

	const struct made_member of_status[] = { { "pr_reg",
		made_array(&made, ids.word, form == ENDED_ARM64 ? 34 : 27), 112 * 8, 0 } };
	const struct made_member of_union[] = { { "stack",
		made_array(&made, ids.word, 2048 / 8 * 4), 0, 0 } };
	const struct made_member of_task[] = { { "stack", ids.pointer, 0, 0 } };

	state_module_types(&made, &ids, STATE_NEW);
	made_struct(&made, "elf_prstatus", 392, of_status, 1);
	made_struct(&made, "thread_union", 8192, of_union, 1);
	made_struct(&made, "task_struct", 16, of_task, 1);
	if (form == ENDED_ARM64)
		ended_arm64_types(&made, &ids);
	else
		ended_x86_types(&made, &ids, form);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* ---- code ---- */

/* A call of the function at `called` that ends at `after`, on x86-64. */
static inline void ended_call_of(struct ended_bytes *ended, uint32_t after, uint32_t called)
{
	ended_code(ended, after - 5, 0xe8, 1);
	ended_code(ended, after - 4, called - after, 4);
}

/* A call that ends at `after`. */
static inline void ended_call(struct ended_bytes *ended, uint32_t after)
{
	if (ended->form == ENDED_ARM64)
		ended_code(ended, after - 4, 0x94000010, 4);
	else
		ended_code(ended, after - 5, 0xe8, 1);
}

/* Adds an entry to tables, for code from `address` on, and makes it the last one. */
static inline void ended_entry(struct ended_bytes *ended, uint64_t address, int64_t sp_offset,
	unsigned sp_reg, int64_t bp_offset, unsigned bp_reg, enum kt_orc_type type)
{
	static const unsigned before[] = { 3, 4, 0, 1, 2 }; /* 4: the bit `end` */
	static const unsigned numbers[] = { 0, 8, 2, 5, 4, 3, 6, 7, 10, 9 };
	bool renumbered = ended->form == ENDED_RENUMBERED;
	uint32_t i = ended->nr_entries++, at = ENDED_ENTRIES + i * ENDED_ENTRY;
	unsigned number = ended->form == ENDED_OLD ? before[type] : type;

	ended_code(ended, ENDED_TABLE + i * 4,
		(uint32_t)(address - (ENDED_CODE + ENDED_TABLE + i * 4)), 4);
	ended_code(ended, at, (uint16_t)sp_offset | (uint64_t)(uint16_t)bp_offset << 16, 4);
	ended_code(ended, at + 4,
		renumbered ? numbers[sp_reg] | numbers[bp_reg] << 4 : sp_reg | bp_reg << 4, 1);
	ended_code(ended, at + 5, number, 1);
}

/* ---- stacks ---- */

static inline void ended_word(struct ended_bytes *ended, uint64_t at, uint64_t value)
{
	state_set(&ended->state, at, value, 8);
}

/* Writes the registers of a struct pt_regs, at its address or that of the saved ones. */
static inline void ended_regs(
	struct ended_bytes *ended, uint64_t at, uint64_t ip, uint64_t sp, uint64_t fp, bool user)
{
	bool arm64 = ended->form == ENDED_ARM64;

	ended_word(ended, at + (arm64 ? 256 : 128), ip);
	ended_word(ended, at + (arm64 ? 248 : 152), sp);
	ended_word(ended, at + (arm64 ? 29 * 8 : 32), fp);
	if (arm64)
		ended_word(ended, at + 264, user ? 0 : 5);
	else
		ended_word(ended, at + 136, user ? 0x33 : 0x10);
}

static inline void ended_note(struct ended_bytes *ended)
{
	ended->notes = state_take(&ended->state, 12 + 8 + 392);
	state_set(&ended->state, ended->notes, 5, 4);
	state_set(&ended->state, ended->notes + 4, ended->form == ENDED_ARM64 ? 392 : 336, 4);
	state_set(&ended->state, ended->notes + 8, 1, 4);
	memcpy(ended->state.memory + (ended->notes + 12 - STATE_BASE), "CORE", 5);
	state_variable(&ended->state, "crash_notes", ended->notes, 8);
}

static inline uint64_t ended_saved(const struct ended_bytes *ended)
{
	return ended->notes + 12 + 8 + 112;
}

static inline void ended_symbol(struct ended_bytes *ended, const char *name, uint64_t address)
{
	kt_symbols_add(&ended->state.target->symbols, kt_span_str(name), address);
}

/* Names the tables, when all entries were added. */
static inline void ended_tables(struct ended_bytes *ended)
{
	uint64_t table = ENDED_CODE + ENDED_TABLE, entries = ENDED_CODE + ENDED_ENTRIES;

	ended_symbol(ended, "__start_orc_unwind_ip", table);
	ended_symbol(ended, "__stop_orc_unwind_ip", table + ended->nr_entries * 4);
	ended_symbol(ended, "__start_orc_unwind", entries);
	ended_symbol(ended, "__stop_orc_unwind", entries + ended->nr_entries * ENDED_ENTRY);
}

static inline void ended_init(struct ended_bytes *ended, enum ended_form form)
{
	struct state_bytes *state = &ended->state;
	struct kt_target_piece pieces[2];
	uint64_t task;
	size_t size;

	*ended = (struct ended_bytes){ .form = form, .code = calloc(1, ENDED_BYTES) };
	*state = (struct state_bytes){
		.form = STATE_NEW, .memory = calloc(1, STATE_BYTES), .used = 4096
	};
	state->types = ended_types(form, &size);
	pieces[0] = (struct kt_target_piece){ STATE_BASE, state->memory, STATE_BYTES };
	pieces[1] = (struct kt_target_piece){ ENDED_CODE, ended->code, ENDED_BYTES };
	if (!state->memory || !ended->code || kt_target_of_bytes(pieces, 2, &state->target) ||
		kt_types_init(&state->target->types, (struct kt_span){ state->types, size }, 8))
		abort();
	state->target->page_bytes = 4096;
	state->target->nr_cpus = 1;
	ended_symbol(ended, "_stext", ENDED_CODE);
	ended_symbol(ended, "_etext", ENDED_CODE + ENDED_TEXT);
	state_variable(state, "__per_cpu_offset", 0, 8);
	state->modules = state_variable(state, "modules", 0, 8);
	state_empty(state, state->modules);
	ended_note(ended);
	state->used = (state->used + 16383) / 16384 * 16384;
	ended->stack = state_take(state, 16384); /* of which a task has 8192 */
	ended->other_stack = state_take(state, 8192) + 4096;
	task = state_take(state, 16);
	state_set(state, task, ended->stack, 8);
	ended->moment = (struct kt_last_moment){ .cpu = 0, .task = task };
}

static inline void ended_fini(struct ended_bytes *ended)
{
	state_fini(&ended->state);
	free(ended->code);
}

/*
 * The stack of a function that crashed in an interrupt on a stack of its own: with tables, its
 * frames are at 0x150, 0x250, 0x350 in the code, then 0x420 of the interrupted task and 0x550, and
 * the end.
 */
static inline void ended_interrupt(struct ended_bytes *ended)
{
	uint64_t other = ended->other_stack, stack = ended->stack + 4096;

	ended_regs(ended, ended_saved(ended), ENDED_CODE + 0x150, other, other + 0x80, false);
	ended_entry(ended, ENDED_CODE + 0x100, 16, KT_ORC_SP, 0, KT_ORC_UNDEFINED, KT_ORC_CALL);
	ended_word(ended, other + 8, ENDED_CODE + 0x250);
	ended_entry(ended, ENDED_CODE + 0x200, 16, KT_ORC_BP, -16, KT_ORC_PREV_SP, KT_ORC_CALL);
	ended_word(ended, other + 0x80, 7);
	ended_word(ended, other + 0x88, ENDED_CODE + 0x350);
	ended_entry(ended, ENDED_CODE + 0x300, 8, KT_ORC_SP, 0, KT_ORC_UNDEFINED, KT_ORC_REGS);
	ended_regs(ended, other + 0x98, ENDED_CODE + 0x420, stack, 9, false);
	ended_entry(ended, ENDED_CODE + 0x400, 24, KT_ORC_SP, 0, KT_ORC_UNDEFINED, KT_ORC_CALL);
	ended_word(ended, stack + 16, ENDED_CODE + 0x550);
	ended_entry(
		ended, ENDED_CODE + 0x500, 0, KT_ORC_UNDEFINED, 0, KT_ORC_UNDEFINED, KT_ORC_END);
	for (uint32_t at = 0x250; at <= 0x550; at += 0x100)
		ended_call(ended, at);
	ended_tables(ended);
}

/* Frames by frame pointers at 0x150, 0x250 and 0x350; on arm64, 0x450 of an exception's registers.
 */
static inline void ended_records(struct ended_bytes *ended)
{
	uint64_t stack = ended->stack + 4096;

	ended_regs(ended, ended_saved(ended), ENDED_CODE + 0x150, stack, stack + 0x20, false);
	ended_word(ended, stack + 0x20, stack + 0x80);
	ended_word(ended, stack + 0x28, ENDED_CODE + 0x250);
	ended_word(ended, stack + 0x80, stack + 0x100 + 272);
	ended_word(ended, stack + 0x88, ENDED_CODE + 0x350);
	if (ended->form == ENDED_ARM64) {
		ended_word(ended, stack + 0x100 + 272 + 16, 2);
		ended_regs(ended, stack + 0x100, ENDED_CODE + 0x450, stack + 0x400, stack + 0x400,
			false);
		ended_word(ended, stack + 0x400 + 16, 1);
	}
	ended_call(ended, 0x250);
	ended_call(ended, 0x350);
}

#endif

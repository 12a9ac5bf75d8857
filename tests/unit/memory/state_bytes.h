// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_STATE_BYTES_H
#define KT_TEST_STATE_BYTES_H

/** A kernel made by hand with a log, modules, areas of vmalloc and a panic. */

#include "kernel_bytes.h"

#include "memory/kernel/device_tree.h"
#include "memory/kernel/kernel_log.h"
#include "memory/kernel/last_moment.h"
#include "memory/kernel/modules.h"
#include "memory/kernel/vmap_areas.h"

#include <string.h>

#define STATE_BASE	0xffff888000000000ull
#define STATE_BYTES	(1u << 16)
#define STATE_ADDRESSES 0xffffc90000000000ull
#define STATE_DESCS	8u
#define STATE_RING	512u /* bytes of texts */

/* Kernels in which all that differs is old, or new. */
enum state_form { STATE_OLD, STATE_NEW, STATE_FORMS };

enum {
	AREA_BYTES = 72,
	AREA_LINK = 40,
	AREA_VM = 56,
	VM_STRUCT_BYTES = 64,
	NODE_BUSY_HEAD = 8,
	VMAP_NODE_BYTES = 32,
	MODULE_BYTES = 256,
	MODULE_LIST = 8,
	MODULE_NAME = 24,
	MODULE_RANGES = 88,
	MODULE_KALLSYMS = 200,
	MODULE_ORC = 208,
	DESC_BYTES = 24,
	INFO_BYTES = 24,
	RECORD_BYTES = 16,
};

struct state_bytes {
	enum state_form form;
	char *memory, *types;
	uint32_t used;
	uint64_t next_start, nodes, modules;
	uint64_t chosen;		       /* node of the device tree; 0: there is none */
	uint64_t descs, infos, texts, head_at; /* of the log */
	uint64_t next_id, next_lpos;	       /* of the next record; of old ones, its index */
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void state_set(struct state_bytes *state, uint64_t address, uint64_t value, size_t n)
{
	memcpy(state->memory + (address - STATE_BASE), &value, n);
}

static inline uint64_t state_get(const struct state_bytes *state, uint64_t address)
{
	uint64_t value;

	memcpy(&value, state->memory + (address - STATE_BASE), sizeof(value));
	return value;
}

static inline uint64_t state_take(struct state_bytes *state, uint32_t bytes)
{
	uint64_t address = STATE_BASE + state->used;

	state->used += (bytes + 15) / 16 * 16;
	if (state->used > STATE_BYTES)
		abort();
	return address;
}

static inline uint64_t state_text(struct state_bytes *state, const char *text)
{
	uint64_t at = state_take(state, (uint32_t)strlen(text) + 1);

	memcpy(state->memory + (at - STATE_BASE), text, strlen(text) + 1);
	return at;
}

static inline uint64_t state_variable(
	struct state_bytes *state, const char *name, uint64_t value, uint32_t bytes)
{
	uint64_t at = state_take(state, 16);

	state_set(state, at, value, bytes);
	kt_symbols_add(&state->target->symbols, kt_span_str(name), at);
	return at;
}

/* ---- types ---- */

struct state_ids {
	uint32_t word, number, half, byte, pointer, list;
};

static inline void state_log_types(
	struct made_types *made, const struct state_ids *ids, enum state_form form)
{
	const struct made_member of_place[] = { { "begin", ids->word, 0, 0 },
		{ "next", ids->word, 64, 0 } };
	const struct made_member of_ring[] = { { "count_bits", ids->number, 0, 0 },
		{ "descs", ids->pointer, 64, 0 }, { "infos", ids->pointer, 128, 0 },
		{ "head_id", ids->word, 192, 0 }, { "tail_id", ids->word, 256, 0 } };
	const struct made_member of_texts[] = { { "size_bits", ids->number, 0, 0 },
		{ "data", ids->pointer, 64, 0 } };
	const struct made_member of_info[] = { { "seq", ids->word, 0, 0 },
		{ "ts_nsec", ids->word, 64, 0 }, { "text_len", ids->half, 128, 0 },
		{ "facility", ids->byte, 144, 0 }, { "flags", ids->byte, 152, 5 },
		{ "level", ids->byte, 157, 3 }, { "caller_id", ids->number, 160, 0 } };
	const struct made_member of_record[] = { { "ts_nsec", ids->word, 0, 0 },
		{ "len", ids->half, 64, 0 }, { "text_len", ids->half, 80, 0 },
		{ "facility", ids->byte, 112, 0 }, { "flags", ids->byte, 120, 5 },
		{ "level", ids->byte, 125, 3 } };

	if (form == STATE_OLD) {
		made_struct(made, "printk_log", RECORD_BYTES, of_record, KT_LEN(of_record));
		return;
	}
	uint32_t place = made_struct(made, "prb_data_blk_lpos", 16, of_place, 2);
	uint32_t ring = made_struct(made, "prb_desc_ring", 40, of_ring, KT_LEN(of_ring));
	uint32_t texts = made_struct(made, "prb_data_ring", 16, of_texts, KT_LEN(of_texts));
	const struct made_member of_desc[] = { { "state_var", ids->word, 0, 0 },
		{ "text_blk_lpos", place, 64, 0 } };
	const struct made_member of_rings[] = { { "desc_ring", ring, 0, 0 },
		{ "text_data_ring", texts, 320, 0 } };

	made_struct(made, "prb_desc", DESC_BYTES, of_desc, KT_LEN(of_desc));
	made_struct(made, "printk_ringbuffer", 56, of_rings, KT_LEN(of_rings));
	made_struct(made, "printk_info", INFO_BYTES, of_info, KT_LEN(of_info));
}

static inline void state_module_types(
	struct made_types *made, const struct state_ids *ids, enum state_form form)
{
	const struct made_member of_range[] = { { "base", ids->pointer, 0, 0 },
		{ "size", ids->number, 64, 0 } };
	const struct made_member of_symbols[] = { { "symtab", ids->pointer, 0, 0 },
		{ "num_symtab", ids->number, 64, 0 }, { "strtab", ids->pointer, 128, 0 } };
	uint32_t range = made_struct(
		made, form == STATE_OLD ? "module_layout" : "module_memory", 16, of_range, 2);
	uint32_t ranges = form == STATE_OLD ? range : made_array(made, range, 7);
	uint32_t name = made_array(made, ids->byte, 64);
	const struct made_member of_arch[] = { { "orc_unwind_ip", ids->pointer, 0, 0 },
		{ "orc_unwind", ids->pointer, 64, 0 }, { "num_orcs", ids->number, 128, 0 } };
	uint32_t arch = made_struct(made, "mod_arch_specific", 24, of_arch, 3);
	const struct made_member of_module[] = { { "state", ids->number, 0, 0 },
		{ "list", ids->list, MODULE_LIST * 8, 0 }, { "name", name, MODULE_NAME * 8, 0 },
		{ form == STATE_OLD ? "core_layout" : "mem", ranges, MODULE_RANGES * 8, 0 },
		{ "kallsyms", ids->pointer, MODULE_KALLSYMS * 8, 0 },
		{ "arch", arch, MODULE_ORC * 8, 0 } };

	made_struct(made, "module", MODULE_BYTES, of_module, KT_LEN(of_module));
	made_struct(made, "mod_kallsyms", 24, of_symbols, KT_LEN(of_symbols));
	if (form == STATE_NEW)
		made_enum(made, "mod_mem_type", "MOD_INIT_TEXT", 4);
}

static inline void state_area_types(
	struct made_types *made, const struct state_ids *ids, enum state_form form)
{
	const struct made_member of_area[] = { { "va_start", ids->word, 0, 0 },
		{ "va_end", ids->word, 64, 0 }, { "list", ids->list, AREA_LINK * 8, 0 },
		{ "vm", ids->pointer, AREA_VM * 8, 0 } };
	const struct made_member of_vm[] = { { "addr", ids->pointer, 64, 0 },
		{ "size", ids->word, 128, 0 }, { "flags", ids->word, 192, 0 },
		{ "pages", ids->pointer, 256, 0 }, { "nr_pages", ids->number, 320, 0 },
		{ "phys_addr", ids->word, 384, 0 }, { "caller", ids->pointer, 448, 0 } };
	const struct made_member of_rb[] = { { "root", ids->pointer, 0, 0 },
		{ "head", ids->list, 64, 0 } };

	made_struct(made, "vmap_area", AREA_BYTES, of_area, KT_LEN(of_area));
	made_struct(made, "vm_struct", VM_STRUCT_BYTES, of_vm, KT_LEN(of_vm));
	if (form == STATE_NEW) {
		uint32_t rb = made_struct(made, "rb_list", 24, of_rb, 2);
		const struct made_member of_node[] = { { "busy", rb, 0, 0 } };

		made_struct(made, "vmap_node", VMAP_NODE_BYTES, of_node, 1);
	}
}

static inline void state_moment_types(
	struct made_types *made, const struct state_ids *ids, enum state_form form)
{
	uint32_t comm = made_array(made, ids->byte, 16);
	const struct made_member of_queue[] = { { "curr", ids->pointer, 64, 0 } };
	const struct made_member of_task[] = { { "pid", ids->number, 0, 0 },
		{ "comm", comm, 64, 0 } };
	const struct made_member of_clock[] = { { "xtime_sec", ids->word, 64, 0 },
		{ "ktime_sec", ids->word, 128, 0 } };
	uint32_t clock = made_struct(made, "timekeeper", 24, of_clock, 2);
	const struct made_member of_both[] = { { "timekeeper", clock, 64, 0 } };

	made_struct(made, "rq", 16, of_queue, 1);
	made_struct(made, "task_struct", 32, of_task, 2);
	if (form == STATE_NEW)
		made_struct(made, "tk_data", 64, of_both, 1);
}

static inline void state_tree_types(struct made_types *made, const struct state_ids *ids)
{
	const struct made_member of_node[] = { { "name", ids->pointer, 0, 0 },
		{ "properties", ids->pointer, 64, 0 } };
	const struct made_member of_property[] = { { "name", ids->pointer, 0, 0 },
		{ "length", ids->number, 64, 0 }, { "value", ids->pointer, 128, 0 },
		{ "next", ids->pointer, 192, 0 } };

	made_struct(made, "device_node", 16, of_node, KT_LEN(of_node));
	made_struct(made, "property", 32, of_property, KT_LEN(of_property));
}

/* Types that the others are made of. */
static inline struct state_ids state_ids(struct made_types *made)
{
	struct state_ids ids = { .word = made_int(made, "long", 8),
		.number = made_int(made, "int", 4),
		.half = made_int(made, "short", 2),
		.byte = made_int(made, "char", 1) };

	ids.pointer = made_pointer(made, ids.word);
	const struct made_member of_list[] = { { "next", ids.pointer, 0, 0 },
		{ "prev", ids.pointer, 64, 0 } };
	ids.list = made_struct(made, "list_head", 16, of_list, 2);
	return ids;
}

static inline char *state_types(enum state_form form, size_t *ret_size)
{
	struct made_types made = { 0 };
	struct state_ids ids = state_ids(&made);
	char *file;

	state_log_types(&made, &ids, form);
	state_module_types(&made, &ids, form);
	state_area_types(&made, &ids, form);
	state_moment_types(&made, &ids, form);
	state_tree_types(&made, &ids);
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

/* ---- lists ---- */

static inline void state_empty(struct state_bytes *state, uint64_t head)
{
	state_set(state, head, head, 8);
	state_set(state, head + 8, head, 8);
}

static inline void state_link(struct state_bytes *state, uint64_t head, uint64_t link)
{
	uint64_t last = state_get(state, head + 8);

	state_set(state, link, head, 8);
	state_set(state, link + 8, last, 8);
	state_set(state, last, link, 8);
	state_set(state, head + 8, link, 8);
}

/* Adds an area with a guard page; `caller` 0: of vm_map_ram(). Returns its vm_struct. */
static inline uint64_t state_area(
	struct state_bytes *state, uint64_t nr_pages, uint64_t flags, uint64_t caller)
{
	uint64_t area = state_take(state, AREA_BYTES), vm = state_take(state, VM_STRUCT_BYTES);

	state_set(state, area, state->next_start, 8);
	state_set(state, area + 8, state->next_start + (nr_pages + 1) * 4096, 8);
	state_set(state, vm + 8, state->next_start, 8);
	state_set(state, vm + 16, (nr_pages + 1) * 4096, 8);
	state_set(state, vm + 24, flags, 8);
	state_set(state, vm + 40, flags & 2 ? nr_pages : 0, 4);
	state_set(state, vm + 56, caller, 8);
	state_set(state, area + AREA_VM, caller ? vm : 0, 8);
	state->next_start += (nr_pages + 2) * 4096;
	state_link(state, state->nodes + (state->form == STATE_NEW ? NODE_BUSY_HEAD : 0),
		area + AREA_LINK);
	return vm;
}

struct state_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, bytes;
};

/* Adds a module with a function at its start, and one that is of another module. */
static inline uint64_t state_module(
	struct state_bytes *state, const char *name, uint64_t start, const char *function)
{
	uint64_t module = state_take(state, MODULE_BYTES), kallsyms = state_take(state, 24);
	uint64_t names = state_text(state, function);
	uint64_t symtab = state_take(state, 2 * sizeof(struct state_symbol));
	const struct state_symbol symbols[] = { { 0, 0, 0, 0, start + 64, 0 },
		{ 0, 0, 0, 1, start, 100 } };

	memcpy(state->memory + (module + MODULE_NAME - STATE_BASE), name, strlen(name) + 1);
	memcpy(state->memory + (symtab - STATE_BASE), symbols, sizeof(symbols));
	state_set(state, kallsyms, symtab, 8);
	state_set(state, kallsyms + 8, KT_LEN(symbols), 4);
	state_set(state, kallsyms + 16, names, 8);
	state_set(state, module + MODULE_KALLSYMS, kallsyms, 8);
	for (uint64_t i = 0; i < (state->form == STATE_NEW ? 7 : 1); i++) {
		state_set(state, module + MODULE_RANGES + i * 16, start + i * 4096, 8);
		state_set(state, module + MODULE_RANGES + i * 16 + 8, 4096, 4);
	}
	state_link(state, state->modules, module + MODULE_LIST);
	return module;
}

/* ---- log ---- */

static inline void state_log_new(struct state_bytes *state, const char *text, uint64_t level)
{
	uint64_t id = state->next_id++, index = id % STATE_DESCS, begin = state->next_lpos;
	uint64_t bytes = (8 + strlen(text) + 7) / 8 * 8, next = begin + bytes, at;
	uint64_t desc = state->descs + index * DESC_BYTES, info = state->infos + index * INFO_BYTES;

	/* a text that does not fit at the end begins anew at the start of the ring */
	if (begin / STATE_RING != (next - 1) / STATE_RING)
		next = next / STATE_RING * STATE_RING + bytes;
	at = begin / STATE_RING == (next - 1) / STATE_RING ? begin % STATE_RING : 0;
	if (!*text)
		begin = next = 3; /* EMPTY_LINE_LPOS: it has no place */
	else
		state->next_lpos = next;
	if (*text)
		state_set(state, state->texts + at, id, 8);
	memcpy(state->memory + (state->texts + at + 8 - STATE_BASE), text, strlen(text));
	state_set(state, desc, 2ull << 62 | id, 8);
	state_set(state, desc + 8, begin, 8);
	state_set(state, desc + 16, next, 8);
	state_set(state, info, id, 8);
	state_set(state, info + 8, 1500000 * id, 8);
	state_set(state, info + 16, strlen(text), 2);
	state_set(state, info + 18, 0, 1);
	state_set(state, info + 19, level << 5, 1);
	state_set(state, info + 20, 1, 4);
	state_set(state, state->head_at, id, 8);
	if (id >= STATE_DESCS)
		state_set(state, state->head_at + 8, id - STATE_DESCS + 1, 8);
}

static inline void state_log_old(struct state_bytes *state, const char *text, uint64_t level)
{
	uint64_t bytes = (RECORD_BYTES + strlen(text) + 7) / 8 * 8, at;

	at = state->texts + state->next_lpos;
	state_set(state, at, 1500000 * state->next_id, 8);
	state_set(state, at + 8, bytes, 2);
	state_set(state, at + 10, strlen(text), 2);
	state_set(state, at + 14, 0, 1);
	state_set(state, at + 15, level << 5, 1);
	memcpy(state->memory + (at + RECORD_BYTES - STATE_BASE), text, strlen(text));
	state->next_id++;
	state->next_lpos += bytes;
	state_set(state, state->head_at, state->next_lpos, 4);
}

static inline void state_log(struct state_bytes *state, const char *text, uint64_t level)
{
	if (state->form == STATE_OLD)
		state_log_old(state, text, level);
	else
		state_log_new(state, text, level);
}

static inline void state_init_log(struct state_bytes *state)
{
	uint64_t rings = state_take(state, 56);

	state->texts = state_take(state, STATE_RING);
	if (state->form == STATE_OLD) {
		state_variable(state, "log_buf", state->texts, 8);
		state_variable(state, "log_buf_len", STATE_RING, 4);
		state_variable(state, "log_first_idx", 0, 4);
		state->head_at = state_variable(state, "log_next_idx", 0, 4);
		return;
	}
	state->descs = state_take(state, STATE_DESCS * DESC_BYTES);
	state->infos = state_take(state, STATE_DESCS * INFO_BYTES);
	state->head_at = rings + 24;
	state_set(state, rings, 3, 4);
	state_set(state, rings + 8, state->descs, 8);
	state_set(state, rings + 16, state->infos, 8);
	state_set(state, rings + 40, 9, 4);
	state_set(state, rings + 48, state->texts, 8);
	state_variable(state, "prb", rings, 8);
}

/* ---- all ---- */

static inline void state_init_moment(struct state_bytes *state)
{
	uint64_t clock = state_take(state, 64), task = state_take(state, 32);
	uint64_t queue = state_take(state, 16), keeper = clock + (state->form == STATE_NEW ? 8 : 0);

	state_set(state, keeper + 8, 1700000000, 8);
	state_set(state, keeper + 16, 4242, 8);
	kt_symbols_add(&state->target->symbols,
		kt_span_str(state->form == STATE_NEW ? "tk_core" : "shadow_timekeeper"), clock);
	state_set(state, task, 77, 4);
	memcpy(state->memory + (task + 8 - STATE_BASE), "worker", 7);
	state_set(state, queue + 8, task, 8);
	kt_symbols_add(&state->target->symbols, kt_span_str("runqueues"), queue);
	state_variable(state, "__per_cpu_offset", 0, 8);
	state_variable(state, "panic_cpu", 0, 4);
	state_variable(state, "tainted_mask", 1u << 12 | 1u << 13, 8);
	state_variable(state, "saved_command_line", state_text(state, "root=/dev/vda quiet"), 8);
}

/* Adds a property of the device tree's node "chosen" before the others; returns its address. */
static inline uint64_t state_property(
	struct state_bytes *state, const char *name, const void *value, uint32_t bytes)
{
	uint64_t property = state_take(state, 32), contents = state_take(state, bytes), node;

	if (!state->chosen) {
		state->chosen = state_take(state, 16);
		state_variable(state, "of_chosen", state->chosen, 8);
	}
	node = state->chosen;
	memcpy(state->memory + (contents - STATE_BASE), value, bytes);
	state_set(state, property, state_text(state, name), 8);
	state_set(state, property + 8, bytes, 4);
	state_set(state, property + 16, contents, 8);
	state_set(state, property + 24, state_get(state, node + 8), 8);
	state_set(state, node + 8, property, 8);
	return property;
}

static inline void state_init(struct state_bytes *state, enum state_form form)
{
	size_t size;

	*state = (struct state_bytes){ .form = form,
		.memory = calloc(1, STATE_BYTES),
		.used = 4096,
		.next_start = STATE_ADDRESSES };
	state->types = state_types(form, &size);
	state->piece = (struct kt_target_piece){ STATE_BASE, state->memory, STATE_BYTES };
	if (!state->memory || kt_target_of_bytes(&state->piece, 1, &state->target) ||
		kt_types_init(&state->target->types, (struct kt_span){ state->types, size }, 8))
		abort();
	state->target->page_bytes = 4096;
	state->target->nr_cpus = 1;
	state_init_log(state);
	state_init_moment(state);
	state->modules = state_variable(state, "modules", 0, 8);
	state_empty(state, state->modules);
	state->nodes = state_take(state, 2 * VMAP_NODE_BYTES);
	if (form == STATE_OLD) {
		kt_symbols_add(
			&state->target->symbols, kt_span_str("vmap_area_list"), state->nodes);
		state_empty(state, state->nodes);
		return;
	}
	state_empty(state, state->nodes + NODE_BUSY_HEAD);
	state_empty(state, state->nodes + VMAP_NODE_BYTES + NODE_BUSY_HEAD);
	state_variable(state, "vmap_nodes", state->nodes, 8);
	state_variable(state, "nr_vmap_nodes", 2, 4);
}

static inline void state_fini(struct state_bytes *state)
{
	kt_target_close(state->target);
	free(state->memory);
	free(state->types);
}

#endif

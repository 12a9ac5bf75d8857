// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_LAZY_BYTES_H
#define KT_TEST_LAZY_BYTES_H

/** A kernel made by hand with freed areas of vmalloc: in a chain, in a list, in lists of nodes. */

#include "kernel_bytes.h"

#include "memory/freed/lazy_areas.h"

#define LAZY_BASE      0xffff888000000000ull
#define LAZY_BYTES     (1u << 15)
#define LAZY_ADDRESSES 0xffffc90000000000ull
#define LAZY_NODES     2u
#define LAZY_POOLS     4u
/* Each word a list of every node, with three tries of at most two reads an area. */
#define LAZY_READS_MAX (3u * LAZY_BYTES)

enum lazy_form { LAZY_CHAIN, LAZY_LIST, LAZY_BY_NODE, LAZY_FORMS };

enum {
	LAZY_START = 0,
	LAZY_END = 8,
	LAZY_LINK = 40, /* two words */
	LAZY_VM = 56,	/* the chain shares its place */
	LAZY_AREA_BYTES = 72,
	VM_ADDR = 8,
	VM_FLAGS = 24,
	VM_NR_PAGES = 40,
	VM_ASKED = 64,
	VM_BYTES = 72,
	NODE_POOL = 0, /* LAZY_POOLS of 24 bytes */
	NODE_BUSY = 96,
	NODE_LAZY = 128,
	NODE_PURGING = 160,
	NODE_BYTES = 192,
};

struct lazy_bytes {
	enum lazy_form form;
	char *memory, *types;
	uint32_t used;
	uint64_t next_start;	     /* addresses of the next area */
	uint64_t head, nodes, count; /* variables */
	struct kt_target_piece piece;
	struct kt_target *target;
};

static inline void lazy_set(struct lazy_bytes *lazy, uint64_t address, uint64_t value, size_t size)
{
	memcpy(lazy->memory + (address - LAZY_BASE), &value, size);
}

static inline uint64_t lazy_get(const struct lazy_bytes *lazy, uint64_t address)
{
	uint64_t value;

	memcpy(&value, lazy->memory + (address - LAZY_BASE), sizeof(value));
	return value;
}

static inline uint64_t lazy_take(struct lazy_bytes *lazy, uint32_t bytes)
{
	uint64_t address = LAZY_BASE + lazy->used;

	lazy->used += (bytes + 15) / 16 * 16;
	if (lazy->used > LAZY_BYTES)
		abort();
	return address;
}

static inline char *lazy_types(enum lazy_form form, size_t *ret_size)
{
	struct made_types made = { 0 };
	uint32_t word = made_int(&made, "long", 8), number = made_int(&made, "int", 4);
	uint32_t pointer = made_pointer(&made, word);
	const struct made_member of_list[] = { { "next", pointer, 0, 0 },
		{ "prev", pointer, 64, 0 } };
	uint32_t list = made_struct(&made, "list_head", 16, of_list, 2);
	const struct made_member of_area[] = { { "va_start", word, LAZY_START * 8, 0 },
		{ "va_end", word, LAZY_END * 8, 0 }, { "list", list, LAZY_LINK * 8, 0 },
		{ "vm", pointer, LAZY_VM * 8, 0 },
		{ form == LAZY_CHAIN ? "purge_list" : "no_list", pointer, LAZY_VM * 8, 0 } };
	const struct made_member of_vm[] = { { "addr", pointer, VM_ADDR * 8, 0 },
		{ "flags", word, VM_FLAGS * 8, 0 }, { "nr_pages", number, VM_NR_PAGES * 8, 0 },
		{ "requested_size", word, VM_ASKED * 8, 0 } };
	const struct made_member of_rb[] = { { "root", pointer, 0, 0 }, { "head", list, 64, 0 } };
	const struct made_member of_pool[] = { { "head", list, 0, 0 }, { "len", word, 128, 0 } };
	char *file;

	made_struct(&made, "vmap_area", LAZY_AREA_BYTES, of_area, KT_LEN(of_area));
	made_struct(&made, "vm_struct", VM_BYTES, of_vm,
		form == LAZY_BY_NODE ? KT_LEN(of_vm) : KT_LEN(of_vm) - 1);
	if (form == LAZY_BY_NODE) {
		uint32_t rb = made_struct(&made, "rb_list", 32, of_rb, 2);
		uint32_t pool = made_struct(&made, "vmap_pool", 24, of_pool, 2);
		uint32_t pools = made_array(&made, pool, LAZY_POOLS);
		const struct made_member of_node[] = { { "pool", pools, NODE_POOL * 8, 0 },
			{ "busy", rb, NODE_BUSY * 8, 0 }, { "lazy", rb, NODE_LAZY * 8, 0 },
			{ "purge_list", list, NODE_PURGING * 8, 0 } };

		made_struct(&made, "vmap_node", NODE_BYTES, of_node, KT_LEN(of_node));
	}
	file = made_file(&made, ret_size);
	made_fini(&made);
	return file;
}

static inline uint64_t lazy_variable(
	struct lazy_bytes *lazy, const char *name, uint64_t value, uint32_t bytes)
{
	uint64_t at = lazy_take(lazy, 16);

	lazy_set(lazy, at, value, bytes);
	kt_symbols_add(&lazy->target->symbols, kt_span_str(name), at);
	return at;
}

static inline void lazy_empty(struct lazy_bytes *lazy, uint64_t head)
{
	lazy_set(lazy, head, head, 8);
	lazy_set(lazy, head + 8, head, 8);
}

/* Lists that a kernel of this form has; `node`, `pool`: ignored by the others. */
static inline uint64_t lazy_head(const struct lazy_bytes *lazy, uint32_t node)
{
	return lazy->form == LAZY_BY_NODE ? lazy->nodes + node * NODE_BYTES + NODE_LAZY + 8
					  : lazy->head;
}

static inline uint64_t lazy_pool(const struct lazy_bytes *lazy, uint32_t node, uint32_t pool)
{
	return lazy->nodes + node * NODE_BYTES + NODE_POOL + pool * 24;
}

static inline uint64_t lazy_busy(const struct lazy_bytes *lazy, uint32_t node)
{
	return lazy->nodes + node * NODE_BYTES + NODE_BUSY + 8;
}

/* Adds an area of some pages and a guard page to the start of a list. */
static inline uint64_t lazy_add(struct lazy_bytes *lazy, uint64_t head, uint64_t nr_pages)
{
	uint64_t area = lazy_take(lazy, LAZY_AREA_BYTES), link = area + LAZY_LINK, next;

	lazy_set(lazy, area + LAZY_START, lazy->next_start, 8);
	lazy->next_start += (nr_pages + 1) * 4096;
	lazy_set(lazy, area + LAZY_END, lazy->next_start, 8);
	next = lazy_get(lazy, head);
	if (lazy->form == LAZY_CHAIN) {
		lazy_set(lazy, area + LAZY_VM, next, 8);
		lazy_set(lazy, head, area + LAZY_VM, 8);
		return area;
	}
	lazy_set(lazy, link, next, 8);
	lazy_set(lazy, link + 8, head, 8);
	lazy_set(lazy, next + 8, link, 8);
	lazy_set(lazy, head, link, 8);
	return area;
}

/* Adds an area in use, for which a caller asked some bytes. */
static inline uint64_t lazy_add_busy(
	struct lazy_bytes *lazy, uint64_t nr_pages, uint64_t asked, uint64_t flags)
{
	uint64_t start = lazy->next_start, vm = lazy_take(lazy, VM_BYTES);
	uint64_t area = lazy_add(lazy, lazy_busy(lazy, 1), nr_pages);

	lazy_set(lazy, area + LAZY_VM, vm, 8);
	lazy_set(lazy, vm + VM_ADDR, start, 8);
	lazy_set(lazy, vm + VM_FLAGS, flags, 8);
	lazy_set(lazy, vm + VM_NR_PAGES, nr_pages, 4);
	lazy_set(lazy, vm + VM_ASKED, asked, 8);
	return vm;
}

static inline void lazy_init_nodes(struct lazy_bytes *lazy)
{
	lazy->nodes = lazy_take(lazy, LAZY_NODES * NODE_BYTES);
	for (uint32_t i = 0; i < LAZY_NODES; i++) {
		for (uint32_t k = 0; k < LAZY_POOLS; k++)
			lazy_empty(lazy, lazy_pool(lazy, i, k));
		lazy_empty(lazy, lazy_head(lazy, i));
		lazy_empty(lazy, lazy_busy(lazy, i));
		/* lists of areas that are being purged stay zero until the first purge */
	}
	lazy_variable(lazy, "vmap_nodes", lazy->nodes, 8);
	lazy->count = lazy_variable(lazy, "nr_vmap_nodes", LAZY_NODES, 4);
}

static inline void lazy_init(struct lazy_bytes *lazy, enum lazy_form form, uint64_t counted_pages)
{
	size_t size;

	*lazy = (struct lazy_bytes){ .form = form,
		.memory = calloc(1, LAZY_BYTES),
		.used = 4096,
		.next_start = LAZY_ADDRESSES };
	lazy->types = lazy_types(form, &size);
	lazy->piece = (struct kt_target_piece){ LAZY_BASE, lazy->memory, LAZY_BYTES };
	if (!lazy->memory || kt_target_of_bytes(&lazy->piece, 1, &lazy->target) ||
		kt_types_init(&lazy->target->types, (struct kt_span){ lazy->types, size }, 8))
		abort();
	lazy->target->page_bytes = 4096;
	lazy_variable(lazy, "vmap_lazy_nr", counted_pages, 8);
	if (form == LAZY_CHAIN)
		lazy->head = lazy_variable(lazy, "vmap_purge_list", 0, 8);
	else if (form == LAZY_LIST) {
		lazy->head = lazy_variable(lazy, "purge_vmap_area_list", 0, 8);
		lazy_empty(lazy, lazy->head);
	} else
		lazy_init_nodes(lazy);
}

static inline void lazy_fini(struct lazy_bytes *lazy)
{
	kt_target_close(lazy->target);
	free(lazy->memory);
	free(lazy->types);
}

#endif

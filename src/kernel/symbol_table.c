// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbol_table.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX   (1u << 30) /* bytes */
#define ROOM_FIRST  4096u
#define PADDING_MAX 4096u /* bytes */

/* Marks of code and data on arm64, "$x", which modules keep. */
static bool is_mark(struct kt_span name)
{
	return kt_span_starts(name, "$");
}

/* Room before a function, where the function before it ends for the kernel. */
static bool is_padding(struct kt_span name)
{
	return kt_span_starts(name, "__pfx_");
}

static uint32_t padding_before(struct kt_symbol_table *table, uint64_t address)
{
	uint64_t padding = table->padding;

	table->padding = 0;
	return padding && padding < address && address - padding <= PADDING_MAX
		       ? (uint32_t)(address - padding)
		       : 0;
}

/* An arena would keep each smaller array that a larger one replaces: half as much again. */
static struct kt_symbol *push(struct kt_symbol_table *table)
{
	size_t room = table->symbols.room;
	struct kt_symbol *items;

	if (table->symbols.count < room)
		return &table->symbols.items[table->symbols.count++];
	room = room ? room + room / 2 : ROOM_FIRST;
	items = realloc(table->symbols.items, room * sizeof(*items));
	if (!items) {
		table->failed = true;
		return NULL;
	}
	table->symbols.items = items;
	table->symbols.room = room;
	return &items[table->symbols.count++];
}

void kt_symbol_table_add(
	struct kt_symbol_table *table, uint64_t address, struct kt_span name, struct kt_span module)
{
	struct kt_symbol *slot;

	if (!address || is_mark(name) || table->names.size > NAMES_MAX)
		return;
	if (is_padding(name)) {
		table->padding = address;
		return;
	}
	slot = push(table);
	if (!slot)
		return;
	*slot = (struct kt_symbol){ address, (uint32_t)table->names.size,
		padding_before(table, address) };
	kt_buf_add(&table->names, name.p, name.n);
	if (module.n) {
		kt_buf_puts(&table->names, " ");
		kt_buf_add(&table->names, module.p, module.n);
	}
	kt_buf_add(&table->names, "", 1);
}

void kt_symbol_table_take(struct kt_symbol_table *table, struct kt_span lines)
{
	struct kt_span line, word, type, name;
	uint64_t address;

	while (kt_span_line(&lines, &line)) {
		if (kt_span_word(&line, &word) && kt_span_word(&line, &type) &&
			kt_span_word(&line, &name) && kt_span_hex(word, &address))
			kt_symbol_table_add(table, address, name, kt_span_trim(line));
	}
}

/* Symbols of one address keep their order: the first is the usual name. */
static int by_address(const void *a, const void *b)
{
	const struct kt_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

/*
 * The kernel's own symbols come sorted, and the ones of modules after them: sorting takes as much
 * memory again as is sorted.
 */
static void sort(struct kt_symbol *items, size_t count)
{
	size_t sorted = count > 0;

	while (sorted < count && by_address(&items[sorted - 1], &items[sorted]) <= 0)
		sorted++;
	if (sorted == count)
		return;
	qsort(items + sorted, count - sorted, sizeof(*items), by_address);
	if (by_address(&items[sorted - 1], &items[sorted]) > 0)
		qsort(items, count, sizeof(*items), by_address);
}

struct kt_err *kt_symbol_table_end(struct kt_symbol_table *table)
{
	if (table->failed || table->names.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!table->symbols.count)
		return kt_err_new(KT_ERR_ABSENT, "the kernel does not show its symbols");
	sort(table->symbols.items, table->symbols.count);
	return NULL;
}

const struct kt_symbol *kt_symbol_table_find(const struct kt_symbol_table *table, uint64_t address)
{
	size_t low = 0, high = table->symbols.count;
	const struct kt_symbol *items = table->symbols.items;

	/* the first symbol after the address */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	while (low > 1 && items[low - 2].address == items[low - 1].address)
		low--;
	return &items[low - 1];
}

const char *kt_symbol_name(const struct kt_symbol_table *table, const struct kt_symbol *symbol)
{
	return table->names.data + symbol->name;
}

void kt_symbol_table_fini(struct kt_symbol_table *table)
{
	free(table->symbols.items);
	kt_buf_cleanup(&table->names);
	*table = (struct kt_symbol_table){ 0 };
}

void kt_symbol_table_cleanup(struct kt_symbol_table *table)
{
	kt_symbol_table_fini(table);
}

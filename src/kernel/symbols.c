// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols.h"

#include "base/attr.h"

#include <string.h>

static const struct {
	const char *name, *module;
} wanted[] = {
#define SYMBOL(name)		    { #name, "" },
#define MODULE_SYMBOL(module, name) { #name, "[" #module "]" },
#include "kernel/symbols.def"
#undef SYMBOL
#undef MODULE_SYMBOL
};

/* A kernel has some 100,000 symbols, each of which is looked up here. */
static bool fill_wanted(struct kt_map *map)
{
	for (size_t i = 0; i < KT_LEN(wanted); i++) {
		uint32_t *index = kt_map_add(map, kt_span_str(wanted[i].name), NULL, NULL);

		if (index)
			*index = (uint32_t)i;
	}
	return !map->failed;
}

/* `module`: with brackets, or empty. */
static bool is_wanted(struct kt_symbols *symbols, struct kt_span name, struct kt_span module)
{
	const uint32_t *index;

	if (!symbols->wanted.count && !fill_wanted(&symbols->wanted))
		return false;
	index = kt_map_find(&symbols->wanted, name);
	return index && (!module.n || kt_span_eq(module, wanted[*index].module));
}

bool kt_symbols_wanted(struct kt_symbols *symbols, struct kt_span name)
{
	return is_wanted(symbols, name, (struct kt_span){ 0 });
}

bool kt_symbols_failed(const struct kt_symbols *symbols)
{
	return symbols->names.failed || symbols->wanted.failed || symbols->arena.failed;
}

void kt_symbols_add(struct kt_symbols *symbols, struct kt_span name, uint64_t address)
{
	bool added = false;
	uint32_t *index = kt_map_add(&symbols->names, name, &symbols->arena, &added);
	uint64_t *slot = added ? kt_list_push(&symbols->arena, &symbols->addresses) : NULL;

	if (!slot)
		return;
	*slot = address;
	slot = kt_list_push(&symbols->arena, &symbols->ends);
	if (!slot)
		return;
	*slot = 0;
	*index = (uint32_t)symbols->addresses.count;
}

/* The last symbols that were added have the same address, or it is a line of another one. */
static void end_symbols(struct kt_symbols *symbols, uint64_t address)
{
	for (size_t i = symbols->ends.count; i-- > 0 && !symbols->ends.items[i];) {
		if (address > symbols->addresses.items[i])
			symbols->ends.items[i] = address;
	}
}

void kt_symbols_take(struct kt_symbols *symbols, struct kt_span lines)
{
	struct kt_span line, word, type, name;
	uint64_t address;

	while (kt_span_line(&lines, &line)) {
		if (!kt_span_word(&line, &word) || !kt_span_word(&line, &type) ||
			!kt_span_word(&line, &name))
			continue;
		line = kt_span_trim(line);
		if (!line.n && symbols->ends.count &&
			!symbols->ends.items[symbols->ends.count - 1] &&
			kt_span_hex(word, &address))
			end_symbols(symbols, address);
		if (is_wanted(symbols, name, line) && kt_span_hex(word, &address) && address)
			kt_symbols_add(symbols, name, address);
	}
}

bool kt_symbols_find(const struct kt_symbols *symbols, const char *name, uint64_t *ret_address)
{
	const uint32_t *index = kt_map_find(&symbols->names, kt_span_str(name));

	if (!index || !*index)
		return false;
	*ret_address = symbols->addresses.items[*index - 1];
	return true;
}

bool kt_symbols_room(const struct kt_symbols *symbols, const char *name, uint64_t *ret_bytes)
{
	const uint32_t *index = kt_map_find(&symbols->names, kt_span_str(name));

	if (!index || !*index || *index > symbols->ends.count || !symbols->ends.items[*index - 1])
		return false;
	*ret_bytes = symbols->ends.items[*index - 1] - symbols->addresses.items[*index - 1];
	return true;
}

void kt_symbols_fini(struct kt_symbols *symbols)
{
	kt_map_fini(&symbols->names);
	kt_map_fini(&symbols->wanted);
	kt_arena_fini(&symbols->arena);
	*symbols = (struct kt_symbols){ 0 };
}

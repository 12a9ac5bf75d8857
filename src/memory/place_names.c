// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/place_names.h"

#include "base/attr.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 262144u /* structs of the kernel's data that are looked at */
#define IMAGE_MAX  (1ull << 30)
#define STRUCT_MAX 16u	       /* words of a struct in which a function is looked for */
#define CPU_REST   (1u << 20)  /* bytes after the per-CPU variables: dynamic ones */
#define NEAR_MAX   (64u << 10) /* bytes from the start of a symbol of data */

struct kt_place_names {
	struct kt_target *target;
	const struct kt_symbol_table *symbols;
	struct kt_arena arena;
	struct kt_map places;	     /* address -> index in `names`, plus 1 */
	KT_LIST(const char *) names; /* of an address; NULL: it has none */
	uint64_t text_first, text_end, image_end;
	uint64_t cpu_first, cpu_end; /* addresses of per-CPU variables; both 0: elsewhere */
	bool has_data; /* the kernel names its variables, and not only marks of the linker */
};

/* The function that begins at an address; NULL: none does. */
static const char *function_at(const struct kt_place_names *names, uint64_t address)
{
	const struct kt_symbol *symbol = kt_symbol_table_find(names->symbols, address);

	return symbol && symbol->address == address ? kt_symbol_name(names->symbols, symbol) : NULL;
}

/* Data: its symbol, or the first function that it points to. */
static const char *name_data(struct kt_place_names *names, uint64_t address)
{
	const struct kt_symbol *symbol = kt_symbol_table_find(names->symbols, address);
	uint64_t words[STRUCT_MAX];

	if (symbol && symbol->address == address)
		return kt_symbol_name(names->symbols, symbol);
	/* modules begin where the image may end: what is near a symbol there may be of another */
	if (names->has_data && symbol && symbol->address >= names->text_end &&
		address - symbol->address < NEAR_MAX &&
		!strchr(kt_symbol_name(names->symbols, symbol), '['))
		return kt_arena_printf(&names->arena, "%s+%llu",
			kt_symbol_name(names->symbols, symbol),
			(unsigned long long)(address - symbol->address));
	if (!kt_target_read(names->target, address, words, sizeof(words)))
		return NULL;
	for (size_t i = 0; i < KT_LEN(words); i++) {
		const char *name = words[i] >= names->text_first && words[i] < names->text_end
					   ? function_at(names, words[i])
					   : NULL;

		if (name)
			return kt_arena_printf(&names->arena, "{%s, ...}", name);
	}
	return NULL;
}

/* Looks an address of the kernel's image up once. */
static const char *name_of(struct kt_place_names *names, uint64_t address)
{
	struct kt_span key = { (const char *)&address, sizeof(address) };
	bool added = false;
	uint32_t *index;
	const char **slot;

	if (address < names->text_end)
		return function_at(names, address);
	if (address % sizeof(uint64_t))
		return NULL;
	index = kt_map_find(&names->places, key);
	if (!index && names->names.count < PLACES_MAX)
		index = kt_map_add(&names->places, key, &names->arena, &added);
	if (added) {
		slot = kt_list_push(&names->arena, &names->names);
		if (!slot)
			return NULL;
		*slot = name_data(names, address);
		*index = (uint32_t)names->names.count;
	}
	return index && *index ? names->names.items[*index - 1] : NULL;
}

/* A module's functions and data are outside of the kernel's image: only exact symbols count there.
 */
const char *kt_place_name(struct kt_place_names *names, uint64_t address)
{
	/* a per-CPU pointer is the distance to each CPU's own variables, and nothing is there */
	if (address >= names->cpu_first && address < names->cpu_end)
		return function_at(names, address);
	if (address >= names->text_first && address < names->image_end)
		return name_of(names, address);
	return address >> 47 ? function_at(names, address) : NULL;
}

bool kt_place_names_failed(const struct kt_place_names *names)
{
	return names && (names->arena.failed || names->places.failed);
}

struct kt_err *kt_place_names_new(struct kt_target *target, const struct kt_symbol_table *symbols,
	struct kt_place_names **ret_names)
{
	struct kt_place_names *names = calloc(1, sizeof(*names));
	uint64_t variable;

	*ret_names = names;
	if (!names)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	names->target = target;
	names->symbols = symbols;
	if (!kt_symbols_find(&target->symbols, "_stext", &names->text_first) ||
		!kt_symbols_find(&target->symbols, "_etext", &names->text_end))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel does not show where its code is (kernel.kptr_restrict)");
	if (kt_symbols_find(&target->symbols, "__per_cpu_start", &names->cpu_first) &&
		kt_symbols_find(&target->symbols, "__per_cpu_end", &names->cpu_end))
		names->cpu_end += CPU_REST;
	names->has_data = kt_symbols_find(&target->symbols, "slab_caches", &variable);
	names->image_end = names->text_end + IMAGE_MAX;
	if (names->image_end < names->text_end)
		names->image_end = UINT64_MAX;
	return NULL;
}

void kt_place_names_free(struct kt_place_names *names)
{
	if (!names)
		return;
	kt_map_fini(&names->places);
	kt_arena_fini(&names->arena);
	free(names);
}

void kt_place_names_cleanup(struct kt_place_names **names)
{
	kt_place_names_free(*names);
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// kernel/module: a list of struct module. The image is one range, since 6.4 (ac3b43283923) several.
// Each module keeps an ELF table of its symbols (struct mod_kallsyms): of all with
// CONFIG_KALLSYMS_ALL, else of its functions.

#include "memory/kernel/modules.h"

#include "memory/ring.h"

#include "base/attr.h"
#include "base/kernel_files.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MODULES_MAX 65536u
#define STRUCT_MAX  4096u      /* bytes of a struct module */
#define SYMBOLS_MAX 262144u    /* of one module */
#define ALL_MAX	    (1u << 22) /* symbols of all modules */
#define BATCH	    256u
#define NAME_MAX    512u
#define IMAGE_MAX   (1ull << 32) /* bytes */
#define UNFORMED    3u		 /* MODULE_STATE_UNFORMED, include/linux/module.h */

struct layout {
	struct kt_field state, list, name, core, core_bytes, range, base, bytes, kallsyms;
	struct kt_field symtab, count, strtab;
	uint32_t module_bytes, range_bytes;
	int64_t init_first; /* the first range of `range` that is freed after the start; -1: none */
};

#define AT(member) offsetof(struct layout, member)

static const struct kt_field_want wants[] = {
	{ "module", "state", AT(state), true },
	{ "module", "list", AT(list), true },
	{ "module", "name", AT(name), true },
	{ "module", "core_layout.base", AT(core), false },
	{ "module", "core_layout.size", AT(core_bytes), false },
	{ "module", "mem", AT(range), false },
	{ "module_memory", "base", AT(base), false },
	{ "module_memory", "size", AT(bytes), false },
	{ "module", "kallsyms", AT(kallsyms), false },
	{ "mod_kallsyms", "symtab", AT(symtab), false },
	{ "mod_kallsyms", "num_symtab", AT(count), false },
	{ "mod_kallsyms", "strtab", AT(strtab), false },
};

struct module {
	const char *copy;      /* of its struct */
	char name[64];	       /* MODULE_NAME_LEN */
	uint64_t start, bytes; /* of the image; `start` is its first range */
	bool has_wanted;
};

struct walk {
	struct kt_target *target;
	struct layout layout;
	struct kt_buf *text;
	struct kt_symbol_table *table;
	Elf64_Sym *symbols;
	uint64_t nr_symbols; /* of all modules */
	uint64_t wanted;     /* an address whose module is looked for; 0: none */
	uint64_t found;	     /* its struct */
	uint32_t nr_modules;
};

/* ---- one module ---- */

static bool has(const struct walk *walk, uint64_t first, uint64_t bytes)
{
	return walk->wanted >= first && walk->wanted - first < bytes;
}

/* Adds the ranges that stay; false: one is impossible. */
static bool find_image(const struct walk *walk, struct module *module)
{
	const struct layout *layout = &walk->layout;
	uint32_t count = layout->range.exists ? layout->range.count : 0;

	if (layout->core.exists && layout->core_bytes.exists) {
		module->start = kt_field_get(&layout->core, module->copy, STRUCT_MAX);
		module->bytes = kt_field_get(&layout->core_bytes, module->copy, STRUCT_MAX);
		module->has_wanted = has(walk, module->start, module->bytes);
		return module->bytes < IMAGE_MAX;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct kt_field base = layout->base, bytes = layout->bytes;
		uint64_t more, first;

		if (layout->init_first >= 0 && i >= layout->init_first)
			break;
		base.offset += layout->range.offset + i * layout->range_bytes;
		bytes.offset += layout->range.offset + i * layout->range_bytes;
		more = kt_field_get(&bytes, module->copy, STRUCT_MAX);
		if (more >= IMAGE_MAX)
			return false;
		first = kt_field_get(&base, module->copy, STRUCT_MAX);
		if (!i)
			module->start = first;
		module->has_wanted |= has(walk, first, more);
		module->bytes += more;
	}
	return module->bytes && module->bytes < IMAGE_MAX;
}

/* Columns that the dump would have to be searched for are "-", as where a kernel has none. */
static void put_module(struct walk *walk, const struct module *module)
{
	uint64_t state = kt_field_get(&walk->layout.state, module->copy, STRUCT_MAX);
	static const char *const states[] = { "Live", "Loading", "Unloading" };

	kt_buf_printf(walk->text, "%s %llu - - %s 0x%016llx\n", module->name,
		(unsigned long long)module->bytes, state < KT_LEN(states) ? states[state] : "-",
		(unsigned long long)module->start);
}

static void add_symbol(
	struct walk *walk, const Elf64_Sym *symbol, uint64_t strtab, struct kt_span module)
{
	char name[NAME_MAX];

	/* undefined ones are of other modules, and have no address */
	if (symbol->st_shndx == SHN_UNDEF || !(symbol->st_value >> 63) ||
		!kt_target_text(walk->target, strtab + symbol->st_name, name, sizeof(name)))
		return;
	kt_symbol_table_add(walk->table, symbol->st_value, kt_span_str(name), module);
}

static void add_symbols(struct walk *walk, const struct module *module)
{
	const struct layout *layout = &walk->layout;
	uint64_t kallsyms, symtab, count, strtab;
	char name[sizeof(module->name) + 2];
	struct kt_span bracketed = { name, 0 };

	if (!layout->kallsyms.exists || !layout->symtab.exists || !layout->count.exists ||
		!layout->strtab.exists)
		return;
	kallsyms = kt_field_get(&layout->kallsyms, module->copy, STRUCT_MAX);
	if (!kallsyms ||
		!kt_target_pointer(walk->target, kallsyms + layout->symtab.offset, &symtab) ||
		!kt_target_number(walk->target, kallsyms + layout->count.offset, layout->count.size,
			&count) ||
		!kt_target_pointer(walk->target, kallsyms + layout->strtab.offset, &strtab) ||
		count > SYMBOLS_MAX || count > ALL_MAX - walk->nr_symbols)
		return;
	walk->nr_symbols += count;
	bracketed.n = strlen(module->name) + 2;
	name[0] = '[';
	memcpy(name + 1, module->name, bracketed.n - 2);
	name[bracketed.n - 1] = ']';
	for (uint64_t i = 0; i < count; i += BATCH) {
		uint64_t here = count - i < BATCH ? count - i : BATCH;

		if (!kt_target_read(walk->target, symtab + i * sizeof(Elf64_Sym), walk->symbols,
			    here * sizeof(Elf64_Sym)))
			continue;
		for (uint64_t k = 0; k < here; k++)
			add_symbol(walk, &walk->symbols[k], strtab, bracketed);
	}
}

/* ---- the list ---- */

/* A module that is being loaded has no name and no image yet. */
static bool take_module(void *arg, uint64_t at, const char *copy)
{
	struct walk *walk = arg;
	const struct layout *layout = &walk->layout;
	struct module module = { .copy = copy };

	if (kt_field_get(&layout->state, copy, STRUCT_MAX) == UNFORMED)
		return true;
	if (!kt_target_text(
		    walk->target, at + layout->name.offset, module.name, sizeof(module.name)) ||
		strpbrk(module.name, " []") || !find_image(walk, &module))
		return false;
	walk->nr_modules++;
	if (walk->text)
		put_module(walk, &module);
	if (walk->table)
		add_symbols(walk, &module);
	if (module.has_wanted)
		walk->found = at;
	return true;
}

/* Takes the modules; false: there are others. */
static bool take_list(struct walk *walk, uint64_t head, char copy[STRUCT_MAX])
{
	const struct layout *layout = &walk->layout;
	const struct kt_ring ring = { head, layout->list.offset, layout->module_bytes,
		MODULES_MAX };

	return kt_ring_ends(walk->target, &ring, copy, take_module, walk);
}

static struct kt_err *note_cut(struct walk *walk)
{
	if (!walk->nr_modules)
		return kt_err_new(KT_ERR_PARSE,
			"the kernel's list of modules is damaged, or not in the dump");
	if (walk->text)
		kt_buf_printf(walk->text,
			KT_LIST_CUT
			"%u modules were found; others are damaged or not in the dump\n",
			walk->nr_modules);
	return NULL;
}

static struct kt_err *find_layout(struct walk *walk)
{
	const struct kt_types *types = &walk->target->types;
	struct layout *layout = &walk->layout;
	struct kt_err *err = kt_types_fields(types, wants, KT_LEN(wants), layout);

	if (err)
		return err;
	layout->module_bytes = kt_types_size(types, "module");
	layout->range_bytes = kt_types_size(types, "module_memory");
	if (!kt_types_enum(types, "mod_mem_type", "MOD_INIT_TEXT", &layout->init_first))
		layout->init_first = -1;
	if (layout->module_bytes > STRUCT_MAX)
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel's type data has a struct module that is not understood");
	return NULL;
}

static struct kt_err *walk_modules(struct walk *walk)
{
	struct kt_err *err;
	uint64_t head;
	char *copy;

	if (!kt_symbols_find(&walk->target->symbols, "modules", &head))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel does not name its modules (CONFIG_KALLSYMS_ALL)");
	err = find_layout(walk);
	if (err)
		return err;
	copy = calloc(1, STRUCT_MAX);
	walk->symbols = malloc(BATCH * sizeof(Elf64_Sym));
	if (!copy || !walk->symbols)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	else if (!take_list(walk, head, copy))
		err = note_cut(walk);
	free(walk->symbols);
	free(copy);
	return err;
}

struct kt_err *kt_file_modules(struct kt_target *target, struct kt_buf *ret_text)
{
	struct walk walk = { .target = target, .text = ret_text };

	return walk_modules(&walk);
}

struct kt_err *kt_module_symbols(struct kt_target *target, struct kt_symbol_table *table)
{
	struct walk walk = { .target = target, .table = table };

	return walk_modules(&walk);
}

bool kt_module_at(struct kt_target *target, uint64_t address, uint64_t *ret_module)
{
	struct walk walk = { .target = target, .wanted = address };

	kt_err_free(walk_modules(&walk));
	*ret_module = walk.found;
	return address && walk.found;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/kernel/code_names.h"

#include <string.h>

struct kt_code_names kt_code_names(
	const struct kt_target *target, const struct kt_symbol_table *symbols)
{
	struct kt_code_names names = { .symbols = symbols };

	if (!kt_symbols_find(&target->symbols, "_stext", &names.image_first) ||
		!kt_symbols_find(&target->symbols, "_end", &names.image_end))
		names.image_first = names.image_end = 0;
	return names;
}

void kt_code_name(const struct kt_code_names *names, uint64_t address, bool is_return,
	struct kt_buf *ret_text)
{
	const struct kt_symbol_table *table = names->symbols;
	const struct kt_symbol *symbol =
		kt_symbol_table_find(table, address - (is_return && address));
	const struct kt_symbol *end = table->symbols.items + table->symbols.count, *next = symbol;
	const char *name = symbol ? kt_symbol_name(table, symbol) : "";
	int length = (int)strcspn(name, " ");
	uint64_t last; /* the function's end */
	bool in_image = address >= names->image_first && address < names->image_end;

	/* between the symbols of two modules there may be a module that has none */
	if (!symbol || in_image == (name[length] == ' ')) {
		kt_buf_printf(ret_text, "0x%llx", (unsigned long long)address);
		return;
	}
	while (next < end && next->address == symbol->address)
		next++;
	last = next < end ? next->address - next->padding : address + 1;
	kt_buf_printf(ret_text, "%.*s+0x%llx/0x%llx%s", length, name,
		(unsigned long long)(address - symbol->address),
		(unsigned long long)((last > symbol->address ? last : next->address) -
				     symbol->address),
		name + length);
}

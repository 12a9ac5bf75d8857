// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/ended/orc.h"

#include "memory/kernel/modules.h"

#include <stddef.h>

#define COUNT_MAX   (1u << 26)
#define ENTRY_BYTES 16u
#define SAMPLES	    1024u /* entries that are looked at for the numbers of registers */

#define AT(member) offsetof(struct kt_orc, member)

static const struct kt_field_want wants[] = {
	{ "orc_entry", "sp_offset", AT(sp_offset), true },
	{ "orc_entry", "bp_offset", AT(bp_offset), true },
	{ "orc_entry", "sp_reg", AT(sp_reg), true },
	{ "orc_entry", "bp_reg", AT(bp_reg), true },
	{ "orc_entry", "type", AT(type), true },
	{ "orc_entry", "end", AT(end), false },
	{ "module", "arch.num_orcs", AT(of_module), false },
	{ "module", "arch.orc_unwind_ip", AT(module_addresses), false },
	{ "module", "arch.orc_unwind", AT(module_entries), false },
};

static bool find_tables(struct kt_orc *orc)
{
	const struct kt_symbols *symbols = &orc->target->symbols;
	uint64_t addresses_end, entries_end;

	if (!kt_symbols_find(symbols, "__start_orc_unwind_ip", &orc->addresses) ||
		!kt_symbols_find(symbols, "__stop_orc_unwind_ip", &addresses_end) ||
		!kt_symbols_find(symbols, "__start_orc_unwind", &orc->entries) ||
		!kt_symbols_find(symbols, "__stop_orc_unwind", &entries_end) ||
		addresses_end < orc->addresses || entries_end < orc->entries)
		return false;
	orc->count = (addresses_end - orc->addresses) / sizeof(int32_t);
	return orc->count && orc->count <= COUNT_MAX &&
	       entries_end - orc->entries >= orc->count * orc->entry_bytes;
}

/*
 * The numbers of registers have no names in the type data, and newer kernels have others. Where
 * most frame pointers are found shows which: at PREV_SP, which is 1 or 8. Neither is any other
 * place of a frame pointer.
 */
static bool find_numbers(struct kt_orc *orc)
{
	enum { BEFORE = KT_ORC_PREV_SP, SINCE = 8 };
	uint64_t step = orc->count / SAMPLES + 1, nr_before = 0, nr_since = 0;

	for (uint64_t i = 0; i < orc->count; i += step) {
		char copy[ENTRY_BYTES];
		uint64_t number;

		if (!kt_target_read(orc->target, orc->entries + i * orc->entry_bytes, copy,
			    orc->entry_bytes))
			return false;
		number = kt_field_get(&orc->bp_reg, copy, orc->entry_bytes);
		nr_before += number == BEFORE;
		nr_since += number == SINCE;
	}
	orc->renumbered = nr_since > nr_before;
	return true;
}

bool kt_orc_open(struct kt_target *target, struct kt_orc *ret_orc)
{
	struct kt_err *err;

	*ret_orc = (struct kt_orc){ .target = target,
		.entry_bytes = kt_types_size(&target->types, "orc_entry") };
	err = kt_types_fields(&target->types, wants, sizeof(wants) / sizeof(*wants), ret_orc);
	kt_err_free(err);
	return !err && ret_orc->entry_bytes && ret_orc->entry_bytes <= ENTRY_BYTES &&
	       find_tables(ret_orc) && find_numbers(ret_orc);
}

/* An element of the table of addresses is the distance from itself to the code. */
static bool address_at(
	const struct kt_orc *orc, uint64_t addresses, uint64_t index, uint64_t *ret_ip)
{
	uint64_t at = addresses + index * sizeof(int32_t), distance;

	if (!kt_target_number(orc->target, at, sizeof(int32_t), &distance))
		return false;
	*ret_ip = at + (uint64_t)(int64_t)(int32_t)distance;
	return true;
}

/*
 * Types have numbers and no names in the type data. Before fb799447ae29 (6.4) calls were 0 and the
 * entries had `end`; since then 0 is "not known", and 1 is the end.
 */
static enum kt_orc_type type_of(const struct kt_orc *orc, uint64_t type, bool end, unsigned sp_reg)
{
	static const enum kt_orc_type before[] = { KT_ORC_CALL, KT_ORC_REGS, KT_ORC_REGS_PARTIAL };
	static const enum kt_orc_type since[] = { KT_ORC_LOST, KT_ORC_END, KT_ORC_CALL, KT_ORC_REGS,
		KT_ORC_REGS_PARTIAL };

	if (!orc->end.exists)
		return type < sizeof(since) / sizeof(*since) ? since[type] : KT_ORC_LOST;
	if (sp_reg == KT_ORC_UNDEFINED)
		return end ? KT_ORC_END : KT_ORC_LOST;
	return type < sizeof(before) / sizeof(*before) ? before[type] : KT_ORC_LOST;
}

static unsigned register_of(const struct kt_orc *orc, uint64_t number)
{
	static const unsigned since[] = { KT_ORC_UNDEFINED, KT_ORC_UNKNOWN, KT_ORC_DX, KT_ORC_SP,
		KT_ORC_BP, KT_ORC_DI, KT_ORC_R10, KT_ORC_R13, KT_ORC_PREV_SP, KT_ORC_SP_INDIRECT,
		KT_ORC_BP_INDIRECT };

	if (!orc->renumbered)
		return (unsigned)number;
	return number < sizeof(since) / sizeof(*since) ? since[number] : KT_ORC_UNKNOWN;
}

static bool read_entry(const struct kt_orc *orc, uint64_t at, struct kt_orc_entry *ret_entry)
{
	char copy[ENTRY_BYTES];
	uint32_t bytes = orc->entry_bytes;

	if (!kt_target_read(orc->target, at, copy, bytes))
		return false;
	ret_entry->sp_offset = (int16_t)kt_field_get(&orc->sp_offset, copy, bytes);
	ret_entry->bp_offset = (int16_t)kt_field_get(&orc->bp_offset, copy, bytes);
	ret_entry->sp_reg = register_of(orc, kt_field_get(&orc->sp_reg, copy, bytes));
	ret_entry->bp_reg = register_of(orc, kt_field_get(&orc->bp_reg, copy, bytes));
	ret_entry->type = type_of(orc, kt_field_get(&orc->type, copy, bytes),
		kt_field_get(&orc->end, copy, bytes), ret_entry->sp_reg);
	return true;
}

/* The last element at or before the instruction. */
static bool find_in(const struct kt_orc *orc, uint64_t addresses, uint64_t entries, uint64_t count,
	uint64_t ip, struct kt_orc_entry *ret_entry)
{
	uint64_t low = 0, high = count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2, address;

		if (!address_at(orc, addresses, middle, &address))
			return false;
		if (address <= ip)
			low = middle + 1;
		else
			high = middle;
	}
	return low && read_entry(orc, entries + (low - 1) * orc->entry_bytes, ret_entry);
}

bool kt_orc_find(const struct kt_orc *orc, uint64_t ip, struct kt_orc_entry *ret_entry)
{
	const struct kt_symbols *symbols = &orc->target->symbols;
	uint64_t first, end, module, addresses, entries, count;

	if (!kt_symbols_find(symbols, "_stext", &first) ||
		!kt_symbols_find(symbols, "_etext", &end))
		return false;
	if (ip >= first && ip < end)
		return find_in(orc, orc->addresses, orc->entries, orc->count, ip, ret_entry);
	return orc->of_module.exists && orc->module_addresses.exists &&
	       orc->module_entries.exists && kt_module_at(orc->target, ip, &module) &&
	       kt_target_number(
		       orc->target, module + orc->of_module.offset, orc->of_module.size, &count) &&
	       count <= COUNT_MAX &&
	       kt_target_pointer(orc->target, module + orc->module_addresses.offset, &addresses) &&
	       kt_target_pointer(orc->target, module + orc->module_entries.offset, &entries) &&
	       find_in(orc, addresses, entries, count, ip, ret_entry);
}

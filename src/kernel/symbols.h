// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_KERNEL_SYMBOLS_H
#define KT_KERNEL_SYMBOLS_H

#include "base/arena.h"
#include "base/map.h"
#include "base/span.h"

/**
 * Addresses of the symbols that ktally looks for. A kernel without CONFIG_KALLSYMS_ALL names
 * functions only, so each user of a variable's symbol needs another way.
 */
struct kt_symbols {
	struct kt_arena arena;
	struct kt_map names; /* name -> index in `addresses`, plus 1 */
	KT_LIST(uint64_t) addresses;
	KT_LIST(uint64_t) ends; /* address of the symbol after each; 0: unknown */
	struct kt_map wanted; /* names of kernel/symbols.def; filled when the first is asked for */
};

/** Whether ktally looks for this symbol (kernel/symbols.def). */
bool kt_symbols_wanted(struct kt_symbols *symbols, struct kt_span name);
/** Whether memory ran out, so that symbols may be missing. */
bool kt_symbols_failed(const struct kt_symbols *symbols);
/**
 * Takes lines "ffffffff81000000 T _stext" of /proc/kallsyms, in pieces that end with a whole line.
 * Of a module it takes only symbols that are looked for there. The first symbol of a name is kept.
 */
void kt_symbols_take(struct kt_symbols *symbols, struct kt_span lines);
/** Adds one symbol. */
void kt_symbols_add(struct kt_symbols *symbols, struct kt_span name, uint64_t address);
bool kt_symbols_find(const struct kt_symbols *symbols, const char *name, uint64_t *ret_address);
/**
 * Finds how many bytes a symbol has at most: up to the next symbol. Lines are in the order of
 * addresses, but other data without a name may follow it. False: not known.
 */
bool kt_symbols_room(const struct kt_symbols *symbols, const char *name, uint64_t *ret_bytes);
void kt_symbols_fini(struct kt_symbols *symbols);

#endif

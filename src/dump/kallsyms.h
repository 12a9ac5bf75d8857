// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_DUMP_KALLSYMS_H
#define KT_DUMP_KALLSYMS_H

#include "base/buf.h"
#include "kernel/target.h"

/**
 * The kernel's own table of symbols, decoded from its memory (kernel/kallsyms.c,
 * scripts/kallsyms.c). A name is a list of tokens; its first character is the type that nm shows.
 * Addresses after the kernel was moved (KASLR) are in it, or follow from where the table itself is.
 */
enum kt_kallsyms_form {
	KT_KALLSYMS_ABSOLUTE, /* addresses as they are */
	KT_KALLSYMS_RELATIVE, /* offsets from the base */
	KT_KALLSYMS_PERCPU,   /* the same, but offsets of 0 and more are addresses themselves */
	KT_KALLSYMS_PLACE,    /* offsets from the place of the offset */
};

/** Addresses of the tables; 0: the kernel does not have the table. */
struct kt_kallsyms {
	struct kt_target *target;
	uint64_t names, num_syms, token_table, token_index, offsets, relative_base, addresses;
	/* found by kt_kallsyms_open() */
	enum kt_kallsyms_form form;
	uint64_t base;
	uint32_t count;
	uint16_t index[256];   /* places of the tokens in their table */
	uint16_t lengths[256]; /* bytes of each token, if no more than a name has */
	struct kt_buf tokens;
};

/**
 * Reads the tokens, and finds the form of the addresses: the one that gives the known address of
 * _stext. PARSE: the tables contradict themselves, or no form gives it. The caller cleans up.
 */
struct kt_err *kt_kallsyms_open(struct kt_kallsyms *kallsyms, uint64_t stext) KT_MUST_CHECK;
void kt_kallsyms_cleanup(struct kt_kallsyms *kallsyms);

/** Called with each symbol; false ends the walk. */
typedef bool (*kt_kallsyms_fn)(void *arg, uint32_t index, char type, struct kt_span name);
/** PARSE: a name is cut off or damaged; names before it were passed on. */
struct kt_err *kt_kallsyms_each(
	const struct kt_kallsyms *kallsyms, kt_kallsyms_fn fn, void *arg) KT_MUST_CHECK;
/** Reads `count` addresses from symbol `first` on; false: they cannot be read. */
bool kt_kallsyms_addresses(const struct kt_kallsyms *kallsyms, uint32_t first, uint32_t count,
	uint64_t *ret_addresses);

#endif

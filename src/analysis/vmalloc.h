// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_VMALLOC_H
#define KT_ANALYSIS_VMALLOC_H

#include "model/snapshot.h"

/**
 * Who holds vmalloc memory: the areas of a snapshot, added up by what they have in common.
 * All rows and the difference are what the account takes for vmalloc, stacks included.
 */

enum kt_vmalloc_by {
	KT_VMALLOC_BY_CALLER, /* function */
	KT_VMALLOC_BY_SITE,   /* function and place in it */
	KT_VMALLOC_BY_MODULE,
	KT_VMALLOC_BY_KIND, /* what the memory is for */
};

/** A number is -1 where it is not known; the texts belong to the arena or are literals. */
struct kt_vmalloc_row {
	const char *name;
	const char *module; /* NULL: none, or several */
	const char *kind;   /* word for the kind; NULL: several */
	const char *what;   /* what it is; NULL: not known */
	int64_t nr_areas, size_bytes;
	int64_t bytes;	      /* memory that vmalloc took */
	int64_t mapped_bytes; /* pages that somebody else took */
	KT_LIST(struct kt_area_node) nodes;
};

struct kt_vmalloc {
	KT_LIST(struct kt_vmalloc_row) rows;
	struct kt_val total; /* the account's, stacks included */
	int64_t bytes;	     /* all areas together; -1: the page size is not known */
	bool has_difference;
	int64_t difference_bytes; /* total - what is known of the rows, signed */
	int64_t stack_bytes, mapped_bytes;
	int64_t nr_holders; /* areas with memory of vmalloc's own */
	int64_t nr_kind[KT_AREA_KINDS], kind_bytes[KT_AREA_KINDS]; /* areas, addresses */
};

/** Everything in `ret_vmalloc` lives in `arena`; check arena->failed behind it. */
void kt_vmalloc_group(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_vmalloc_by by,
	struct kt_vmalloc *ret_vmalloc);

/** The word for a kind, for programs: "vmalloc", "ioremap". */
const char *kt_area_kind_word(enum kt_area_kind kind);
/** What the areas of a caller are for, in a few words; NULL where ktally does not know. */
const char *kt_area_what(const struct kt_area *area);
/** Of the areas that hold the images of modules. */
bool kt_area_is_module_image(const struct kt_area *area);

#endif

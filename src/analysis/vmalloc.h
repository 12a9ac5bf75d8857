// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_ANALYSIS_VMALLOC_H
#define KT_ANALYSIS_VMALLOC_H

#include "model/snapshot.h"

/**
 * Owners of vmalloc memory: the areas of a snapshot, added up by a common property. The rows and
 * the difference add up to the account's amount for vmalloc, stacks included.
 */

enum kt_vmalloc_by {
	KT_VMALLOC_BY_CALLER, /* function */
	KT_VMALLOC_BY_SITE,   /* function and offset in it */
	KT_VMALLOC_BY_MODULE,
	KT_VMALLOC_BY_KIND, /* purpose of the memory */
};

/** Numbers are -1 if unknown; texts belong to the arena or are literals. */
struct kt_vmalloc_row {
	const char *name;
	const char *function; /* of a caller or site: the name without the module; else NULL */
	const char *module;   /* NULL: none, or several */
	const char *kind;     /* word for the kind; NULL: several */
	const char *what;     /* purpose; NULL: unknown */
	int64_t nr_areas, size_bytes;
	int64_t bytes;	      /* bytes allocated by vmalloc */
	int64_t mapped_bytes; /* pages allocated by another owner */
	KT_LIST(struct kt_area_node) nodes;
};

struct kt_vmalloc {
	KT_LIST(struct kt_vmalloc_row) rows;
	struct kt_val total; /* from the account, stacks included */
	int64_t bytes;	     /* sum of all areas; -1: the page size is unknown */
	bool partial;	     /* areas are missing: all sums of areas are lower bounds */
	bool has_difference;
	int64_t difference_bytes; /* total - known rows; signed */
	int64_t stack_bytes, mapped_bytes;
	int64_t nr_holders; /* areas with memory allocated by vmalloc */
	int64_t nr_kind[KT_AREA_KINDS], kind_bytes[KT_AREA_KINDS]; /* areas; bytes of addresses */
};

/** Groups the areas. All of `ret_vmalloc` is in `arena`; check arena->failed afterwards. */
void kt_vmalloc_group(struct kt_arena *arena, const struct kt_snapshot *snap, enum kt_vmalloc_by by,
	struct kt_vmalloc *ret_vmalloc);

/** Word for a kind, for programs: "vmalloc", "ioremap". */
const char *kt_area_kind_word(enum kt_area_kind kind);
/** Purpose of the areas of a caller, in a few words; NULL: unknown. */
const char *kt_area_what(const struct kt_area *area);
/** True if the area contains the image of a module. */
bool kt_area_is_module_image(const struct kt_area *area);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_MEMORY_PAGE_TYPES_H
#define KT_MEMORY_PAGE_TYPES_H

#include "kernel/types.h"

#include <stdint.h>

/** Use of a page as its own struct shows it, where it does so at all. */
enum kt_page_type {
	KT_TYPE_NONE, /* no type: mapped by processes, or only its user knows */
	KT_TYPE_BUDDY,
	KT_TYPE_OFFLINE,
	KT_TYPE_TABLE,
	KT_TYPE_GUARD,
	KT_TYPE_HUGETLB,
	KT_TYPE_SLAB,
	KT_TYPE_ZSMALLOC,
	KT_TYPE_UNACCEPTED,
	KT_TYPE_LARGE_KMALLOC,
	KT_PAGE_TYPES
};

/**
 * How this kernel stores the type of a page. The member page_type shares its place with _mapcount:
 * a value below 0 may be a type. Up to 6.11 a type is a bit that is cleared, then a value in the
 * top byte (4ffca5a96678).
 */
struct kt_page_types {
	bool by_value;
	uint32_t base;		       /* bits that every type has set; by_value: unused */
	uint32_t marks[KT_PAGE_TYPES]; /* a bit, or a value; 0: the kernel has no such type */
	uint64_t slab_flag;	       /* in page.flags, up to 6.9; 0: slabs have a type */
	unsigned char of_value[256];   /* type of a top byte; by_value only */
};

/** Finds them in the kernel's type data; ABSENT: it does not say how slabs are marked. */
struct kt_err *kt_page_types_find(
	const struct kt_types *types, struct kt_page_types *ret_types) KT_MUST_CHECK;

/** Type of a page by the values of its members page_type and flags. */
enum kt_page_type kt_page_type_of(
	const struct kt_page_types *types, uint32_t page_type, uint64_t flags);
/** Whether the kernel marks pages of this type. */
bool kt_page_type_exists(const struct kt_page_types *types, enum kt_page_type type);

#endif

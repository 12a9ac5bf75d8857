// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/page_types.h"

#include "base/attr.h"

#define TYPE_SHIFT 24 /* the top byte of page_type is the type, from 6.12 */

/*
 * Enumerators, and the bits of kernels whose types are macros (up to 6.10), which are in no type
 * data. 5.10 has another bit for page tables: see find_by_macro().
 */
static const struct {
	enum kt_page_type type;
	const char *value, *bit;
	uint32_t macro; /* 0: a kernel with macros has no such type */
} names[] = {
	{ KT_TYPE_BUDDY, "PGTY_buddy", "PG_buddy", 0x80 },
	{ KT_TYPE_OFFLINE, "PGTY_offline", "PG_offline", 0x100 },
	{ KT_TYPE_TABLE, "PGTY_table", "PG_table", 0x200 },
	{ KT_TYPE_GUARD, "PGTY_guard", "PG_guard", 0x400 },
	{ KT_TYPE_HUGETLB, "PGTY_hugetlb", "PG_hugetlb", 0x800 },
	{ KT_TYPE_SLAB, "PGTY_slab", "PG_slab", 0x1000 },
	{ KT_TYPE_ZSMALLOC, "PGTY_zsmalloc", "PG_zsmalloc", 0 },
	{ KT_TYPE_UNACCEPTED, "PGTY_unaccepted", "PG_unaccepted", 0 },
	{ KT_TYPE_LARGE_KMALLOC, "PGTY_large_kmalloc", "PG_large_kmalloc", 0 },
};

#define MACRO_BASE	 0xf0000000u
#define MACRO_KMEM_TABLE 0x400u /* page tables, where 0x200 is memory charged to a cgroup */
#define MACRO_KMEM_GUARD 0x800u

/* 6.12 and later. */
static bool find_by_value(const struct kt_types *types, struct kt_page_types *ret)
{
	int64_t value;

	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (!kt_types_enum(types, "pagetype", names[i].value, &value))
			continue;
		ret->marks[names[i].type] = (uint32_t)value & 0xff;
		ret->of_value[value & 0xff] = (unsigned char)names[i].type;
		ret->by_value = true;
	}
	return ret->by_value;
}

/* 6.11: the bits have names. */
static bool find_by_bit(const struct kt_types *types, struct kt_page_types *ret)
{
	int64_t value;

	if (!kt_types_enum(types, "pagetype", "PAGE_TYPE_BASE", &value))
		return false;
	ret->base = (uint32_t)value;
	for (size_t i = 0; i < KT_LEN(names); i++) {
		if (kt_types_enum(types, "pagetype", names[i].bit, &value))
			ret->marks[names[i].type] = (uint32_t)value;
	}
	return true;
}

/*
 * Up to 6.10. Huge pages became a type in 6.9 (d99e3140a4d3) and slabs in 6.10 (46df8e73a4a3):
 * before that the type data has another mark of theirs. Up to 5.10 bit 0x200 marked pages charged
 * to a cgroup; the same change (18b2db3b0385) replaced the member mem_cgroup.
 */
static void find_by_macro(const struct kt_types *types, struct kt_page_types *ret)
{
	struct kt_field field;
	int64_t value;

	ret->base = MACRO_BASE;
	for (size_t i = 0; i < KT_LEN(names); i++)
		ret->marks[names[i].type] = names[i].macro;
	if (kt_types_field(types, "page", "mem_cgroup", &field)) {
		ret->marks[KT_TYPE_TABLE] = MACRO_KMEM_TABLE;
		ret->marks[KT_TYPE_GUARD] = MACRO_KMEM_GUARD;
	}
	if (kt_types_enum(types, "compound_dtor_id", "HUGETLB_PAGE_DTOR", &value) ||
		kt_types_enum(types, "pageflags", "PG_hugetlb", &value))
		ret->marks[KT_TYPE_HUGETLB] = 0;
	if (ret->slab_flag)
		ret->marks[KT_TYPE_SLAB] = 0;
}

struct kt_err *kt_page_types_find(const struct kt_types *types, struct kt_page_types *ret_types)
{
	int64_t value;

	*ret_types = (struct kt_page_types){ 0 };
	if (kt_types_enum(types, "pageflags", "PG_slab", &value) && value >= 0 && value < 64)
		ret_types->slab_flag = 1ull << value;
	if (!find_by_value(types, ret_types) && !find_by_bit(types, ret_types)) {
		if (!ret_types->slab_flag &&
			!kt_types_enum(types, "pageflags", "PG_reserved", &value))
			return kt_err_new(KT_ERR_ABSENT,
				"the kernel's type data does not say how pages are marked "
				"(enum pagetype, enum pageflags)");
		find_by_macro(types, ret_types);
	}
	return kt_page_type_exists(ret_types, KT_TYPE_SLAB)
		       ? NULL
		       : kt_err_new(KT_ERR_ABSENT, "the kernel's type data does not say how slabs "
						   "are marked (PGTY_slab, PG_slab)");
}

bool kt_page_type_exists(const struct kt_page_types *types, enum kt_page_type type)
{
	return types->marks[type] || (type == KT_TYPE_SLAB && types->slab_flag);
}

enum kt_page_type kt_page_type_of(
	const struct kt_page_types *types, uint32_t page_type, uint64_t flags)
{
	if (flags & types->slab_flag)
		return KT_TYPE_SLAB;
	if (types->by_value)
		return (enum kt_page_type)types->of_value[page_type >> TYPE_SHIFT];
	if (!(page_type >> 31) || page_type == UINT32_MAX)
		return KT_TYPE_NONE;
	for (unsigned i = KT_TYPE_BUDDY; i < KT_PAGE_TYPES; i++) {
		if (types->marks[i] && (page_type & (types->base | types->marks[i])) == types->base)
			return (enum kt_page_type)i;
	}
	return KT_TYPE_NONE;
}

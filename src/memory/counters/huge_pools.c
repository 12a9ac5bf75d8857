// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/counters/huge_pools.h"

#include "base/attr.h"

#include <stddef.h>

#define POOLS_MAX  64u
#define STRUCT_MAX (1u << 20) /* bytes: it has arrays with an element a node */
#define ORDER_MAX  30u
#define COUNT_MAX  (1ull << 40)

struct fields {
	struct kt_field order, total, free, reserved, surplus;
};

#define WANT(path, member)                                            \
	{                                                             \
		"hstate", path, offsetof(struct fields, member), true \
	}

static const struct kt_field_want wants[] = {
	WANT("order", order),
	WANT("nr_huge_pages", total),
	WANT("free_huge_pages", free),
	WANT("resv_huge_pages", reserved),
	WANT("surplus_huge_pages", surplus),
};

static bool number_of(struct kt_target *target, uint64_t object, const struct kt_field *field,
	uint64_t max, uint64_t *ret_value)
{
	return kt_target_number(target, object + field->offset, field->size, ret_value) &&
	       *ret_value <= max;
}

static bool read_pool(struct kt_target *target, const struct fields *fields, uint64_t at,
	struct kt_huge_pool *ret_pool)
{
	uint64_t order;

	if (!number_of(target, at, &fields->order, ORDER_MAX, &order) || !order ||
		!number_of(target, at, &fields->total, COUNT_MAX, &ret_pool->nr_total) ||
		!number_of(target, at, &fields->free, COUNT_MAX, &ret_pool->nr_free) ||
		!number_of(target, at, &fields->reserved, COUNT_MAX, &ret_pool->nr_reserved) ||
		!number_of(target, at, &fields->surplus, COUNT_MAX, &ret_pool->nr_surplus))
		return false;
	ret_pool->page_bytes = (uint64_t)target->page_bytes << order;
	return ret_pool->nr_free <= ret_pool->nr_total;
}

struct kt_err *kt_huge_pools_each(struct kt_target *target, kt_huge_pool_fn fn, void *arg)
{
	const struct kt_symbols *symbols = &target->symbols;
	uint32_t bytes = kt_types_size(&target->types, "hstate");
	uint64_t table, count_at, count, default_at, chosen = UINT64_MAX;
	struct fields fields;
	struct kt_err *err;

	if (!bytes || bytes > STRUCT_MAX || !kt_symbols_find(symbols, "hstates", &table) ||
		!kt_symbols_find(symbols, "hugetlb_max_hstate", &count_at))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel has no pools of huge pages, or does not name them");
	err = kt_types_fields(&target->types, wants, KT_LEN(wants), &fields);
	if (err)
		return err;
	if (!kt_target_number(target, count_at, 4, &count) || count > POOLS_MAX)
		return kt_err_new(KT_ERR_PARSE, "the number of huge page sizes cannot be read");
	if (kt_symbols_find(symbols, "default_hstate_idx", &default_at) &&
		!kt_target_number(target, default_at, 4, &chosen))
		chosen = UINT64_MAX;
	for (uint64_t i = 0; i < count; i++) {
		struct kt_huge_pool pool = { .is_default = i == chosen };

		if (!read_pool(target, &fields, table + i * bytes, &pool))
			return kt_err_new(KT_ERR_PARSE, "a pool of huge pages is damaged");
		fn(arg, &pool);
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/sites/stack_depot.h"

#include "base/attr.h"

#include <stddef.h>

#define ALIGN_BITS 4u /* DEPOT_STACK_ALIGN, lib/stackdepot.c */
#define POOLS_MAX  (1u << 21)

/*
 * The number of a pool counts from 1 since 3ee34eabac2a (6.9), and the addresses of pools are an
 * array, or a pointer leads to them. A record has its own handle, which shows the right form.
 */
enum { FORM_FROM_1 = 1, FORM_POINTER = 2, FORMS = 4 };

#define AT(member) offsetof(struct kt_depot, member)

static const struct kt_field_want wants[] = {
	{ "handle_parts", "offset", AT(offset), true },
	{ "stack_record", "size", AT(size), true },
	{ "stack_record", "handle.handle", AT(handle), true },
	{ "stack_record", "entries", AT(frames), true },
};

static bool find_pools(struct kt_depot *depot)
{
	static const char *const members[] = { "pool_index_plus_1", "pool_index", "slabindex" };
	const struct kt_symbols *symbols = &depot->target->symbols;
	bool found = false;

	for (size_t i = 0; i < KT_LEN(members) && !found; i++)
		found = kt_types_field(
			&depot->target->types, "handle_parts", members[i], &depot->pool);
	return found && (kt_symbols_find(symbols, "stack_pools", &depot->pools) ||
				kt_symbols_find(symbols, "stack_slabs", &depot->pools));
}

bool kt_depot_open(struct kt_target *target, struct kt_depot *ret_depot)
{
	struct kt_err *err;
	struct kt_field extra;

	*ret_depot = (struct kt_depot){ .target = target, .mask = UINT32_MAX, .form = -1 };
	err = kt_types_fields(&target->types, wants, KT_LEN(wants), ret_depot);
	kt_err_free(err);
	if (err || !find_pools(ret_depot) || ret_depot->handle.size != sizeof(uint32_t))
		return false;
	/* bits for the user of the handle, which a record does not have */
	if (kt_types_field(&target->types, "handle_parts", "extra", &extra) && extra.bits &&
		extra.bits < 32 && extra.offset < 4)
		ret_depot->mask = ~(((1u << extra.bits) - 1) << (extra.offset * 8 + extra.shift));
	return true;
}

static bool find_record(
	const struct kt_depot *depot, uint32_t handle, int form, uint64_t *ret_record)
{
	struct kt_target *target = depot->target;
	uint64_t pools = depot->pools, record, is;
	uint64_t pool = kt_field_get(&depot->pool, &handle, sizeof(handle));
	uint64_t offset = kt_field_get(&depot->offset, &handle, sizeof(handle));

	if (form & FORM_FROM_1 && !pool--)
		return false;
	if ((form & FORM_POINTER && !kt_target_pointer(target, pools, &pools)) ||
		pool > POOLS_MAX ||
		!kt_target_pointer(target, pools + pool * target->types.pointer_bytes, &record) ||
		!kt_target_is_pointer(target, record))
		return false;
	*ret_record = record + (offset << ALIGN_BITS);
	return kt_target_number(
		       target, *ret_record + depot->handle.offset, sizeof(uint32_t), &is) &&
	       is == (handle & depot->mask);
}

uint32_t kt_depot_record(
	struct kt_depot *depot, uint64_t record, uint64_t ret_frames[KT_DEPOT_FRAMES])
{
	uint64_t count;

	if (!kt_target_number(
		    depot->target, record + depot->size.offset, depot->size.size, &count) ||
		!count || count > KT_DEPOT_FRAMES ||
		!kt_target_read(depot->target, record + depot->frames.offset, ret_frames,
			count * sizeof(uint64_t)))
		return 0;
	return (uint32_t)count;
}

uint32_t kt_depot_stack(
	struct kt_depot *depot, uint32_t handle, uint64_t ret_frames[KT_DEPOT_FRAMES])
{
	uint64_t record;

	if (!handle)
		return 0;
	if (depot->form >= 0)
		return find_record(depot, handle, depot->form, &record)
			       ? kt_depot_record(depot, record, ret_frames)
			       : 0;
	for (int form = FORMS - 1; form >= 0; form--) {
		if (!find_record(depot, handle, form, &record))
			continue;
		depot->form = form;
		return kt_depot_record(depot, record, ret_frames);
	}
	return 0;
}

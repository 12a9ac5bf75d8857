// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory/counters/resources.h"

#include "base/attr.h"

#include <stddef.h>

#define RESOURCES_MAX 65536u
#define DEPTH_MAX     16u
#define BYTES_MAX     512u /* of a struct resource */
#define NAME_MAX      64u

struct fields {
	struct kt_field start, end, name, child, sibling;
};

#define WANT(member)                                                       \
	{                                                                  \
		"resource", #member, offsetof(struct fields, member), true \
	}

static const struct kt_field_want wants[] = {
	WANT(start),
	WANT(end),
	WANT(name),
	WANT(child),
	WANT(sibling),
};

struct walk {
	struct kt_target *target;
	struct fields fields;
	uint32_t bytes; /* of a struct resource */
	uint32_t count;
	kt_resource_fn fn;
	void *arg;
};

/* Takes one range; false: it cannot be read, or is none. */
static bool take(
	struct walk *walk, uint64_t at, unsigned depth, uint64_t *ret_child, uint64_t *ret_sibling)
{
	struct kt_resource resource = { .depth = depth, .name = "<BAD>" };
	char copy[BYTES_MAX], name[NAME_MAX];
	uint64_t address;

	if (!kt_target_read(walk->target, at, copy, walk->bytes))
		return false;
	resource.start = kt_field_get(&walk->fields.start, copy, walk->bytes);
	resource.end = kt_field_get(&walk->fields.end, copy, walk->bytes);
	address = kt_field_get(&walk->fields.name, copy, walk->bytes);
	*ret_child = kt_field_get(&walk->fields.child, copy, walk->bytes);
	*ret_sibling = kt_field_get(&walk->fields.sibling, copy, walk->bytes);
	if (resource.end < resource.start)
		return false;
	if (address && kt_target_text(walk->target, address, name, sizeof(name)))
		resource.name = name;
	walk->fn(walk->arg, &resource);
	return true;
}

/* Takes ranges in their order, each with the ranges inside; false: the tree is damaged. */
static bool take_all(struct walk *walk, uint64_t at)
{
	uint64_t next[DEPTH_MAX]; /* after the range of each depth that is walked */
	unsigned depth = 0;

	for (;;) {
		uint64_t child;

		if (!at) {
			if (!depth)
				return true;
			at = next[--depth];
			continue;
		}
		if (++walk->count > RESOURCES_MAX || !take(walk, at, depth, &child, &next[depth]))
			return false;
		at = next[depth];
		if (child && depth + 1 < DEPTH_MAX) {
			at = child;
			depth++;
		}
	}
}

struct kt_err *kt_resources_each(struct kt_target *target, kt_resource_fn fn, void *arg)
{
	struct walk walk = { .target = target,
		.bytes = kt_types_size(&target->types, "resource"),
		.fn = fn,
		.arg = arg };
	uint64_t root, first;
	struct kt_err *err;

	if (!kt_symbols_find(&target->symbols, "iomem_resource", &root))
		return kt_err_new(KT_ERR_ABSENT,
			"the kernel does not name its map of physical addresses "
			"(CONFIG_KALLSYMS_ALL)");
	err = kt_types_fields(&target->types, wants, KT_LEN(wants), &walk.fields);
	if (err)
		return err;
	if (!walk.bytes || walk.bytes > BYTES_MAX ||
		!kt_target_pointer(target, root + walk.fields.child.offset, &first))
		return kt_err_new(
			KT_ERR_PARSE, "the kernel's map of physical addresses cannot be read");
	return take_all(&walk, first)
		       ? NULL
		       : kt_err_new(KT_ERR_PARSE,
				 "the kernel's map of physical addresses is damaged after %u "
				 "ranges",
				 walk.count);
}

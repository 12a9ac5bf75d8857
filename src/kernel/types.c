// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/types.h"

#include "base/attr.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   16u	   /* nested anonymous structs, chains of typedefs */
#define PATH_MAX    8u	   /* names in the path of a member */
#define MEMBERS_MAX 65536u /* of a struct with all structs in it */

bool kt_types_by_id(const struct kt_types *types, uint32_t id, struct kt_btf_type *ret_type)
{
	struct kt_btf_walk walk = { .btf = &types->btf, .id = id - 1 };

	if (!id || id > types->count)
		return false;
	walk.rest = kt_span_from(types->btf.types, types->starts[id]);
	return kt_btf_next(&walk, ret_type);
}

/* Follows typedefs and qualifiers. */
static bool resolve(const struct kt_types *types, uint32_t id, struct kt_btf_type *ret_type)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (!kt_types_by_id(types, id, ret_type))
			return false;
		switch (ret_type->kind) {
		case KT_BTF_TYPEDEF:
		case KT_BTF_VOLATILE:
		case KT_BTF_CONST:
		case KT_BTF_RESTRICT:
		case KT_BTF_TYPE_TAG: id = ret_type->size; break;
		default: return true;
		}
	}
	return false;
}

/* ---- the index ---- */

static void add_name(struct kt_types *types, const struct kt_btf_type *type)
{
	struct kt_map *map;
	uint32_t *id;
	bool added = false;

	switch (type->kind) {
	case KT_BTF_STRUCT:
	case KT_BTF_UNION: map = &types->structs; break;
	case KT_BTF_ENUM:
	case KT_BTF_ENUM64: map = &types->enums; break;
	case KT_BTF_TYPEDEF: map = &types->typedefs; break;
	default: return;
	}
	if (!type->name.n)
		return;
	id = kt_map_add(map, type->name, NULL, &added);
	if (added)
		*id = type->id;
}

struct kt_err *kt_types_init(struct kt_types *types, struct kt_span file, uint32_t pointer_bytes)
{
	struct kt_btf_walk walk;
	struct kt_btf_type type;
	struct kt_err *err;
	size_t room;

	*types = (struct kt_types){ .pointer_bytes = pointer_bytes };
	err = kt_btf_parse(file, &types->btf);
	if (err)
		return err;
	room = types->btf.types.n / 12 + 2; /* a type has 12 bytes or more */
	types->starts = malloc(room * sizeof(*types->starts));
	if (!types->starts)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	kt_btf_walk_begin(&walk, &types->btf);
	for (;;) {
		uint32_t start = (uint32_t)(types->btf.types.n - walk.rest.n);

		if (!kt_btf_next(&walk, &type))
			break;
		types->starts[type.id] = start;
		types->count = type.id;
		add_name(types, &type);
	}
	if (types->structs.failed || types->enums.failed || types->typedefs.failed)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	return types->count ? NULL : kt_err_new(KT_ERR_PARSE, "type data without a type");
}

void kt_types_fini(struct kt_types *types)
{
	kt_map_fini(&types->structs);
	kt_map_fini(&types->enums);
	kt_map_fini(&types->typedefs);
	free(types->starts);
	*types = (struct kt_types){ 0 };
}

/* A struct, or a typedef of one, by name. */
static bool find_struct(
	const struct kt_types *types, const char *name, struct kt_btf_type *ret_type)
{
	const uint32_t *id = kt_map_find(&types->structs, kt_span_str(name));

	if (!id)
		id = kt_map_find(&types->typedefs, kt_span_str(name));
	return id && resolve(types, *id, ret_type) &&
	       (ret_type->kind == KT_BTF_STRUCT || ret_type->kind == KT_BTF_UNION);
}

uint32_t kt_types_size(const struct kt_types *types, const char *type)
{
	struct kt_btf_type found;

	return find_struct(types, type, &found) ? found.size : 0;
}

/* ---- members ---- */

/* A member, while a path is followed. */
struct place {
	uint64_t bits; /* from the start of the outermost struct */
	uint32_t type, bit_size;
};

/* Finds a name in a struct and in the anonymous structs inside of it, at most `budget` of them. */
/* NOLINTNEXTLINE(misc-no-recursion): bounded by depth and budget */
static bool find_member(const struct kt_types *types, const struct kt_btf_type *type,
	struct kt_span name, unsigned depth, uint32_t *budget, struct place *place)
{
	struct kt_btf_member member;

	for (uint32_t i = 0; kt_btf_member(&types->btf, type, i, &member); i++) {
		struct place inner = { place->bits + member.offset_bits, member.type, member.bits };
		struct kt_btf_type nested;

		/* a member without a name may have a type with one (-fms-extensions) */
		if (!member.name.n) {
			if (!*budget || depth >= DEPTH_MAX)
				continue;
			--*budget;
			if (resolve(types, member.type, &nested) &&
				find_member(types, &nested, name, depth + 1, budget, &inner)) {
				*place = inner;
				return true;
			}
		} else if (kt_span_same(member.name, name)) {
			*place = inner;
			return true;
		}
	}
	return false;
}

/* Elements of an array are described after the type: element, index, count. */
static bool array_of(const struct kt_types *types, const struct kt_btf_type *type,
	uint32_t *ret_element, uint32_t *ret_count)
{
	uint32_t words[3];
	struct kt_span at = kt_span_from(types->btf.types, types->starts[type->id] + 12);

	if (type->kind != KT_BTF_ARRAY || at.n < sizeof(words))
		return false;
	memcpy(words, at.p, sizeof(words));
	*ret_element = words[0];
	*ret_count = words[2];
	return true;
}

/* Size of one element in bytes; arrays of arrays are one array. */
static uint32_t size_of(const struct kt_types *types, uint32_t id, uint32_t *ret_count)
{
	struct kt_btf_type type;
	uint64_t count = 1;

	for (unsigned depth = 0; depth < DEPTH_MAX && resolve(types, id, &type); depth++) {
		uint32_t elements;

		if (!array_of(types, &type, &id, &elements)) {
			*ret_count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
			return type.kind == KT_BTF_PTR ? types->pointer_bytes : type.size;
		}
		count *= elements;
		if (count > UINT32_MAX)
			return 0;
	}
	return 0;
}

static bool enter(const struct kt_types *types, uint32_t id, struct kt_btf_type *ret_type)
{
	for (unsigned depth = 0; depth < DEPTH_MAX && resolve(types, id, ret_type); depth++) {
		uint32_t count;

		if (!array_of(types, ret_type, &id, &count))
			return ret_type->kind == KT_BTF_STRUCT || ret_type->kind == KT_BTF_UNION;
	}
	return false;
}

bool kt_types_field(const struct kt_types *types, const char *type, const char *path,
	struct kt_field *ret_field)
{
	struct kt_span rest = kt_span_str(path), name;
	struct place place = { 0 };
	struct kt_btf_type in;
	uint32_t budget = MEMBERS_MAX;

	*ret_field = (struct kt_field){ 0 };
	if (!find_struct(types, type, &in))
		return false;
	for (unsigned depth = 0; depth < PATH_MAX; depth++) {
		bool more = kt_span_until(&rest, '.', &name);

		if (!more)
			name = rest;
		if (!find_member(types, &in, name, 0, &budget, &place))
			return false;
		if (!more)
			break;
		if (place.bit_size || !enter(types, place.type, &in))
			return false;
	}
	if (place.bits / 8 > UINT32_MAX)
		return false;
	*ret_field = (struct kt_field){ .exists = true,
		.offset = (uint32_t)(place.bits / 8),
		.shift = (uint32_t)(place.bits % 8),
		.bits = place.bit_size };
	ret_field->size = size_of(types, place.type, &ret_field->count);
	return true;
}

/* ---- pointers ---- */

struct marking {
	const struct kt_types *types;
	bool *words;
	size_t nr_words;
	uint32_t budget; /* members that may still be looked at */
	bool cut;	 /* the struct has more of them, or is nested deeper */
};

/* Whether the elements of an array may hold pointers: most long arrays are of numbers. */
static bool has_pointers(const struct kt_types *types, uint32_t element)
{
	struct kt_btf_type type = { 0 };

	return enter(types, element, &type) ||
	       (type.kind != KT_BTF_INT && type.kind != KT_BTF_ENUM && type.kind != KT_BTF_FLOAT);
}

/* Marks the pointers in a value of a type, at `at` bytes from the start of the struct. */
/* NOLINTNEXTLINE(misc-no-recursion): bounded by depth and budget */
static void mark_pointers(struct marking *marking, uint32_t id, uint64_t at, unsigned depth)
{
	const struct kt_types *types = marking->types;
	uint64_t end = (uint64_t)marking->nr_words * types->pointer_bytes;
	struct kt_btf_member member;
	struct kt_btf_type type;
	uint32_t element, count, inner = 0;

	if (depth >= DEPTH_MAX || !marking->budget || !resolve(types, id, &type))
		marking->cut = true;
	if (marking->cut || at >= end)
		return;
	marking->budget--;
	if (type.kind == KT_BTF_PTR) {
		marking->words[at / types->pointer_bytes] = true;
	} else if (array_of(types, &type, &element, &count)) {
		uint64_t bytes = (uint64_t)size_of(types, element, &inner) * inner;

		if (!has_pointers(types, element))
			return;
		/* elements without a size are all at one place */
		for (; count && at < end && !marking->cut; count = bytes ? count - 1 : 0) {
			mark_pointers(marking, element, at, depth + 1);
			at += bytes;
		}
	} else if (type.kind == KT_BTF_STRUCT || type.kind == KT_BTF_UNION) {
		for (uint32_t i = 0; kt_btf_member(&types->btf, &type, i, &member); i++) {
			if (!member.bits)
				mark_pointers(marking, member.type, at + member.offset_bits / 8,
					depth + 1);
		}
	}
}

bool kt_types_pointers(
	const struct kt_types *types, const char *type, bool *ret_words, size_t nr_words)
{
	struct marking marking = { types, ret_words, nr_words, MEMBERS_MAX, false };
	struct kt_btf_type found;

	if (!find_struct(types, type, &found))
		return false;
	for (size_t i = 0; i < nr_words && i * types->pointer_bytes < found.size; i++)
		ret_words[i] = false;
	mark_pointers(&marking, found.id, 0, 0);
	for (size_t i = 0; marking.cut && i < nr_words && i * types->pointer_bytes < found.size;
		i++)
		ret_words[i] = true;
	return true;
}

struct kt_err *kt_types_fields(const struct kt_types *types, const struct kt_field_want *wants,
	size_t count, void *ret_fields)
{
	for (size_t i = 0; i < count; i++) {
		struct kt_field *field = (void *)((char *)ret_fields + wants[i].place);

		if (!kt_types_field(types, wants[i].type, wants[i].path, field) &&
			wants[i].mandatory)
			return kt_err_new(KT_ERR_ABSENT,
				"the kernel's type data has no member %s in struct %s",
				wants[i].path, wants[i].type);
	}
	return NULL;
}

uint64_t kt_field_get(const struct kt_field *field, const void *copy, size_t size)
{
	/* a bit-field may begin in the last bits of a byte, and so touch one byte more */
	size_t bytes = field->bits ? (field->shift + field->bits + 7) / 8 : field->size;
	uint64_t value = 0;

	if (!field->exists || bytes > sizeof(value) || field->offset > size ||
		size - field->offset < bytes)
		return 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, (const char *)copy + field->offset, bytes);
	value >>= field->shift;
#else
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | ((const unsigned char *)copy)[field->offset + i];
	if (field->bits) /* bits count from the most significant one */
		value >>= bytes * 8 - field->shift - field->bits;
#endif
	return field->bits && field->bits < 64 ? value & ((1ull << field->bits) - 1) : value;
}

/* ---- enumerators ---- */

static bool find_value(const struct kt_types *types, const struct kt_btf_type *type,
	struct kt_span name, int64_t *ret_value)
{
	size_t bytes = type->kind == KT_BTF_ENUM64 ? 12 : 8;

	for (uint32_t i = 0; i < type->nr_elems; i++) {
		uint32_t words[3] = { 0 };

		memcpy(words, type->elems.p + i * bytes, bytes);
		if (!kt_span_same(kt_btf_string(&types->btf, words[0]), name))
			continue;
		*ret_value = bytes == 12  ? (int64_t)((uint64_t)words[2] << 32 | words[1])
			     : type->flag ? (int32_t)words[1]
					  : (int64_t)words[1];
		return true;
	}
	return false;
}

/* Enums without a name are in no index. */
static bool find_anonymous(const struct kt_types *types, struct kt_span name, int64_t *ret_value)
{
	for (uint32_t id = 1; id <= types->count; id++) {
		struct kt_btf_type found;

		if (kt_types_by_id(types, id, &found) && !found.name.n &&
			(found.kind == KT_BTF_ENUM || found.kind == KT_BTF_ENUM64) &&
			find_value(types, &found, name, ret_value))
			return true;
	}
	return false;
}

bool kt_types_enum(
	const struct kt_types *types, const char *type, const char *name, int64_t *ret_value)
{
	const uint32_t *id = kt_map_find(&types->enums, kt_span_str(type));
	struct kt_btf_type found;

	if (!*type)
		return find_anonymous(types, kt_span_str(name), ret_value);
	return id && kt_types_by_id(types, *id, &found) &&
	       find_value(types, &found, kt_span_str(name), ret_value);
}

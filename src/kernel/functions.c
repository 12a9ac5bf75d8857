// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/functions.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16u /* qualifiers and pointers of one parameter */

static const char *tag_of(uint32_t kind)
{
	switch (kind) {
	case KT_BTF_STRUCT: return "struct ";
	case KT_BTF_UNION: return "union ";
	case KT_BTF_ENUM:
	case KT_BTF_ENUM64: return "enum ";
	default: return "";
	}
}

/* Writes a type as in source code. A type without a name is a function or an array. */
static void write_type(const struct kt_types *types, uint32_t id, char to[KT_PARAM_TYPE_BYTES])
{
	unsigned stars = 0;

	*to = '\0';
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		struct kt_btf_type type = { 0 };
		struct kt_span name;
		int length;

		if (id && !kt_types_by_id(types, id, &type))
			return;
		if (id && (type.kind == KT_BTF_CONST || type.kind == KT_BTF_VOLATILE ||
				  type.kind == KT_BTF_RESTRICT || type.kind == KT_BTF_TYPE_TAG ||
				  type.kind == KT_BTF_PTR)) {
			stars += type.kind == KT_BTF_PTR;
			id = type.size;
			continue;
		}
		/* a forward declaration is of a struct; a union of that kind is in no parameter */
		name = id ? type.name : kt_span_str("void");
		if (id && type.kind == KT_BTF_FUNC_PROTO)
			name = kt_span_str("function");
		length = snprintf(to, KT_PARAM_TYPE_BYTES, "%s%.*s%s",
			type.kind == KT_BTF_FWD ? "struct " : tag_of(type.kind), (int)name.n,
			name.p ? name.p : "", &" ***"[stars ? 0 : 4]);
		if (length < 0 || (size_t)length >= KT_PARAM_TYPE_BYTES || stars > 3)
			*to = '\0';
		else if (stars)
			to[(size_t)length - 3 + stars] = '\0';
		return;
	}
}

/* Takes the parameters of a prototype, without the first `skip`. */
static bool take_prototype(
	const struct kt_types *types, uint32_t id, uint32_t skip, struct kt_function *function)
{
	struct kt_btf_type type;

	if (!kt_types_by_id(types, id, &type) || type.kind != KT_BTF_FUNC_PROTO ||
		type.nr_elems < skip)
		return false;
	function->nr_params = type.nr_elems - skip;
	for (uint32_t i = 0; i < function->nr_params && i < KT_PARAMS_MAX; i++) {
		uint32_t words[2]; /* name, type */

		memcpy(words, type.elems.p + (size_t)(i + skip) * sizeof(words), sizeof(words));
		write_type(types, words[1], function->params[i]);
	}
	return true;
}

/*
 * The kernel describes a tracepoint by the type of its probe, typedef void (*btf_trace_NAME)(void
 * *data, ...): a program does not get the first parameter (include/trace/bpf_probe.h).
 */
bool kt_types_tracepoint(
	const struct kt_types *types, const char *name, struct kt_function *ret_function)
{
	struct kt_btf_type type;
	char typedef_name[64];
	const uint32_t *id;

	*ret_function = (struct kt_function){ 0 };
	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = kt_map_find(&types->typedefs, kt_span_str(typedef_name));
	if (!id || !kt_types_by_id(types, *id, &type) || !kt_types_by_id(types, type.size, &type) ||
		type.kind != KT_BTF_PTR || !take_prototype(types, type.size, 1, ret_function))
		return false;
	ret_function->id = *id;
	return true;
}

void kt_types_functions(const struct kt_types *types, const char *const *names, size_t count,
	struct kt_function *ret_functions)
{
	struct kt_btf_walk walk;
	struct kt_btf_type type;

	memset(ret_functions, 0, count * sizeof(*ret_functions));
	kt_btf_walk_begin(&walk, &types->btf);
	while (kt_btf_next(&walk, &type)) {
		for (size_t i = 0; type.kind == KT_BTF_FUNC && i < count; i++) {
			struct kt_function *function = &ret_functions[i];

			if (!function->id && kt_span_eq(type.name, names[i]) &&
				take_prototype(types, type.size, 0, function))
				function->id = type.id;
		}
	}
}

int kt_function_param(const struct kt_function *function, const char *type, unsigned nth)
{
	for (uint32_t i = 0; i < function->nr_params && i < KT_PARAMS_MAX; i++) {
		if (strcmp(function->params[i], type) == 0 && !nth--)
			return (int)i;
	}
	return -1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// drivers/of/base.c: the kernel keeps the device tree that the boot loader passed as nodes, each
// with a list of its properties (include/linux/of.h), and names the node "chosen".

#include "memory/kernel/device_tree.h"

#include "base/attr.h"

#include <stddef.h>
#include <string.h>

#define PROPERTIES_MAX 1024u
#define NAME_MAX       64u
#define VALUE_MAX      4096u /* bytes */

struct fields {
	struct kt_field properties, name, length, value, next;
};

static const struct kt_field_want wants[] = {
	{ "device_node", "properties", offsetof(struct fields, properties), true },
	{ "property", "name", offsetof(struct fields, name), true },
	{ "property", "length", offsetof(struct fields, length), true },
	{ "property", "value", offsetof(struct fields, value), true },
	{ "property", "next", offsetof(struct fields, next), true },
};

static struct kt_err *copy_value(struct kt_target *target, const struct fields *fields,
	uint64_t property, struct kt_buf *ret_text)
{
	uint64_t length, value;
	char *to;

	if (!kt_target_number(
		    target, property + fields->length.offset, fields->length.size, &length) ||
		!kt_target_pointer(target, property + fields->value.offset, &value) ||
		length > VALUE_MAX)
		return kt_err_new(KT_ERR_PARSE, "a property of the device tree is damaged");
	to = kt_buf_reserve(ret_text, length);
	if (!to)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!kt_target_read(target, value, to, length))
		return kt_err_new(KT_ERR_PARSE, "a property of the device tree cannot be read");
	ret_text->size += length;
	return NULL;
}

struct kt_err *kt_file_chosen(struct kt_target *target, const char *name, struct kt_buf *ret_text)
{
	uint64_t variable, node, property, text;
	char found[NAME_MAX];
	struct fields fields;
	struct kt_err *err;

	if (!kt_symbols_find(&target->symbols, "of_chosen", &variable) ||
		!kt_target_pointer(target, variable, &node) || !node)
		return kt_err_new(KT_ERR_ABSENT, "the kernel has no device tree, or does not name "
						 "it (CONFIG_KALLSYMS_ALL)");
	err = kt_types_fields(&target->types, wants, KT_LEN(wants), &fields);
	if (err)
		return err;
	if (!kt_target_pointer(target, node + fields.properties.offset, &property))
		return kt_err_new(KT_ERR_PARSE, "the device tree cannot be read");
	for (unsigned i = 0; property && i < PROPERTIES_MAX; i++) {
		if (!kt_target_pointer(target, property + fields.name.offset, &text))
			return kt_err_new(KT_ERR_PARSE, "the device tree is damaged");
		if (kt_target_text(target, text, found, sizeof(found)) && strcmp(found, name) == 0)
			return copy_value(target, &fields, property, ret_text);
		if (!kt_target_pointer(target, property + fields.next.offset, &property))
			return kt_err_new(KT_ERR_PARSE, "the device tree is damaged");
	}
	return kt_err_new(KT_ERR_ABSENT, "the device tree has no such property");
}

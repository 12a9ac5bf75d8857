// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef KT_TEST_KERNEL_BYTES_H
#define KT_TEST_KERNEL_BYTES_H

/**
 * A kernel made by hand: type data with the structs that a test names, and memory at addresses of
 * its choice.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "kernel/target.h"

#include <stdlib.h>

struct made_types {
	struct kt_buf types, strings;
	uint32_t count;
};

struct made_member {
	const char *name; /* "": anonymous */
	uint32_t type, offset_bits, bits;
};

static inline uint32_t made_string(struct made_types *made, const char *text)
{
	uint32_t at;

	if (!made->strings.size)
		kt_buf_add(&made->strings, "", 1);
	at = (uint32_t)made->strings.size;
	if (!*text)
		return 0;
	kt_buf_add(&made->strings, text, strlen(text) + 1);
	return at;
}

static inline void made_words(struct made_types *made, const uint32_t *words, size_t count)
{
	kt_buf_add(&made->types, (const char *)words, count * sizeof(*words));
}

static inline uint32_t made_head(
	struct made_types *made, const char *name, uint32_t info, uint32_t size)
{
	const uint32_t words[] = { made_string(made, name), info, size };

	made_words(made, words, 3);
	return ++made->count;
}

static inline uint32_t made_int(struct made_types *made, const char *name, uint32_t size)
{
	const uint32_t encoding = size * 8;
	uint32_t id = made_head(made, name, KT_BTF_INT << 24, size);

	made_words(made, &encoding, 1);
	return id;
}

static inline uint32_t made_pointer(struct made_types *made, uint32_t to)
{
	return made_head(made, "", KT_BTF_PTR << 24, to);
}

static inline uint32_t made_typedef(struct made_types *made, const char *name, uint32_t of)
{
	return made_head(made, name, KT_BTF_TYPEDEF << 24, of);
}

static inline uint32_t made_array(struct made_types *made, uint32_t element, uint32_t count)
{
	const uint32_t words[] = { element, 1, count };
	uint32_t id = made_head(made, "", KT_BTF_ARRAY << 24, 0);

	made_words(made, words, 3);
	return id;
}

static inline uint32_t made_struct(struct made_types *made, const char *name, uint32_t size,
	const struct made_member *members, size_t count)
{
	uint32_t id = made_head(made, name, 1u << 31 | KT_BTF_STRUCT << 24 | (uint32_t)count, size);

	for (size_t i = 0; i < count; i++) {
		const uint32_t words[] = { made_string(made, members[i].name), members[i].type,
			members[i].offset_bits | members[i].bits << 24 };

		made_words(made, words, 3);
	}
	return id;
}

struct made_value {
	const char *name;
	uint32_t value;
};

static inline uint32_t made_values(
	struct made_types *made, const char *name, const struct made_value *values, size_t count)
{
	uint32_t id = made_head(made, name, KT_BTF_ENUM << 24 | (uint32_t)count, 4);

	for (size_t i = 0; i < count; i++) {
		const uint32_t words[] = { made_string(made, values[i].name), values[i].value };

		made_words(made, words, 2);
	}
	return id;
}

static inline uint32_t made_enum(
	struct made_types *made, const char *name, const char *value_name, uint32_t value)
{
	const struct made_value values[] = { { value_name, value } };

	return made_values(made, name, values, 1);
}

/** The whole file of type data; free() it. */
static inline char *made_file(const struct made_types *made, size_t *ret_size)
{
	const uint32_t header[] = { 0xeb9f | 1u << 16, 24, 0, (uint32_t)made->types.size,
		(uint32_t)made->types.size, (uint32_t)made->strings.size };
	char *file;

	*ret_size = sizeof(header) + made->types.size + made->strings.size;
	file = malloc(*ret_size);
	if (!file)
		abort();
	memcpy(file, header, sizeof(header));
	memcpy(file + sizeof(header), made->types.data, made->types.size);
	memcpy(file + sizeof(header) + made->types.size, made->strings.data, made->strings.size);
	return file;
}

static inline void made_fini(struct made_types *made)
{
	kt_buf_cleanup(&made->types);
	kt_buf_cleanup(&made->strings);
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/btf_find.h"

#include "base/attr.h"
#include "dump/image_search.h"

#include <stdlib.h>
#include <string.h>

#define SIGN	     "\x9f\xeb\x01" /* the magic number and the version */
#define SIGN_BYTES   3u
#define HEADER_MAX   64u	 /* bytes; newer headers are longer */
#define HEADER_BYTES 32u	 /* that are read of it */
#define TYPES_MIN    (1u << 8)	 /* bytes */
#define TYPES_MAX    (64u << 20) /* bytes */
#define SIGNS_MAX    4096u	 /* that are looked at */
#define TRIES_MAX    64u	 /* headers that are followed */

struct finding {
	struct kt_target *target;
	unsigned nr_signs, nr_tries;
	char *bytes;
	size_t size;
	bool starved; /* memory ran out */
};

/* The sections follow each other: types, strings, and where there is one the layout of kinds. */
static bool find_size(struct finding *finding, uint64_t at, size_t *ret_size)
{
	struct kt_btf_header header;
	char head[HEADER_BYTES];
	uint32_t header_bytes;
	uint64_t end;
	struct kt_err *err;

	if (!kt_target_read(finding->target, at, head, sizeof(head)))
		return false;
	memcpy(&header_bytes, head + 4, sizeof(header_bytes));
	err = kt_btf_parse_header((struct kt_span){ head, sizeof(head) }, &header);
	if (err || header_bytes > HEADER_MAX) {
		kt_err_free(err);
		return false;
	}
	end = header.strings_at + header.strings_bytes;
	if (header.types_at < header_bytes || header.strings_at < header.types_at ||
		header.strings_at - header.types_at < header.types_bytes)
		return false;
	if (header.layout_bytes && header.layout_at + header.layout_bytes > end)
		end = header.layout_at + header.layout_bytes;
	*ret_size = (size_t)end;
	return end >= TYPES_MIN && end <= TYPES_MAX && header.strings_bytes;
}

/* Whether all types can be parsed, and the kernel's own are among them. */
static bool is_of_kernel(struct kt_span file)
{
	bool has_cache = false, has_page = false;
	struct kt_btf_walk walk;
	struct kt_btf_type type;
	struct kt_btf btf;
	struct kt_err *err = kt_btf_parse(file, &btf);

	if (err || *btf.strings.p) {
		kt_err_free(err);
		return false;
	}
	kt_btf_walk_begin(&walk, &btf);
	while (kt_btf_next(&walk, &type)) {
		if (type.kind != KT_BTF_STRUCT)
			continue;
		has_cache |= kt_span_eq(type.name, "kmem_cache");
		has_page |= kt_span_eq(type.name, "page");
	}
	return kt_btf_walk_is_complete(&walk) && has_cache && has_page;
}

static bool try_at(struct finding *finding, uint64_t at)
{
	size_t size;
	char *bytes;

	if (!find_size(finding, at, &size))
		return false;
	finding->nr_tries++;
	bytes = malloc(size);
	if (!bytes) {
		finding->starved = true;
		return false;
	}
	if (!kt_target_read(finding->target, at, bytes, size) ||
		!is_of_kernel((struct kt_span){ bytes, size })) {
		free(bytes);
		return false;
	}
	finding->bytes = bytes;
	finding->size = size;
	return true;
}

/* The linker may put it at any address: its section needs no alignment. */
static bool look(void *arg, uint64_t address, const char *bytes, size_t size)
{
	struct finding *finding = arg;

	for (size_t i = 0; size - i >= SIGN_BYTES; i++) {
		const char *next = memmem(bytes + i, size - i, SIGN, SIGN_BYTES);

		if (!next || finding->nr_tries >= TRIES_MAX || finding->nr_signs++ >= SIGNS_MAX)
			return false;
		i = (size_t)(next - bytes);
		if (try_at(finding, address + i))
			return true;
	}
	return false;
}

struct kt_err *kt_btf_find(
	struct kt_target *target, uint64_t from, char **ret_bytes, size_t *ret_size)
{
	struct finding finding = { .target = target };
	bool found;
	struct kt_err *err = kt_image_search(target, from, SIGN_BYTES, look, &finding, &found);

	if (err)
		return err;
	if (!found)
		return finding.starved ? kt_err_new(KT_ERR_NOMEM, "out of memory")
				       : kt_err_new(KT_ERR_ABSENT, "no type data is in its image");
	*ret_bytes = finding.bytes;
	*ret_size = finding.size;
	return NULL;
}

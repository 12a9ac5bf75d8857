// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/btf.h"

#include <string.h>

#define MAGIC	     0xeb9fu	 /* first two bytes of the data; swapped: the other byte order */
#define SECTION_MAX  (64u << 20) /* bytes; longer sections are impossible */
#define LAYOUT_BYTES 4u		 /* first two bytes of struct btf_layout, which are a struct tail */
#define MEMBER_BYTES 12u

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};
_Static_assert(sizeof(struct header) == KT_BTF_HEADER_BYTES, "as in include/uapi/linux/btf.h");

/* Size of the data that follows the name, the info word and the size of a type. */
struct tail {
	uint8_t fixed, each; /* bytes: once, and for each element */
};

static const struct tail tails[KT_BTF_KNOWN_KINDS] = {
	[KT_BTF_INT] = { 4, 0 },
	[KT_BTF_ARRAY] = { 12, 0 },
	[KT_BTF_STRUCT] = { 0, MEMBER_BYTES },
	[KT_BTF_UNION] = { 0, MEMBER_BYTES },
	[KT_BTF_ENUM] = { 0, 8 },
	[KT_BTF_FUNC_PROTO] = { 0, 8 },
	[KT_BTF_VAR] = { 4, 0 },
	[KT_BTF_DATASEC] = { 0, 12 },
	[KT_BTF_DECL_TAG] = { 4, 0 },
	[KT_BTF_ENUM64] = { 0, 12 },
};

struct kt_err *kt_btf_parse_header(struct kt_span head, struct kt_btf_header *ret_header)
{
	struct header header;

	*ret_header = (struct kt_btf_header){ 0 };
	if (head.n < sizeof(header))
		return kt_err_new(KT_ERR_PARSE, "too short for type data");
	memcpy(&header, head.p, sizeof(header));
	if (header.magic != MAGIC || header.hdr_len < sizeof(header) ||
		header.type_len > SECTION_MAX || header.str_len > SECTION_MAX)
		return kt_err_new(KT_ERR_PARSE, "type data of another machine or byte order");
	ret_header->types_at = (uint64_t)header.hdr_len + header.type_off;
	ret_header->types_bytes = header.type_len;
	ret_header->strings_at = (uint64_t)header.hdr_len + header.str_off;
	ret_header->strings_bytes = header.str_len;
	/* newer kernels describe their kinds in a section of struct btf_layout */
	if (header.hdr_len >= sizeof(header) + 2 * sizeof(uint32_t) &&
		head.n >= sizeof(header) + 2 * sizeof(uint32_t)) {
		uint32_t layout[2];

		memcpy(layout, head.p + sizeof(header), sizeof(layout));
		ret_header->layout_at = (uint64_t)header.hdr_len + layout[0];
		ret_header->layout_bytes = layout[1];
	}
	return NULL;
}

static bool take_section(struct kt_span file, uint64_t at, uint64_t bytes, struct kt_span *ret)
{
	*ret = kt_span_from(file, at < file.n ? (size_t)at : file.n);
	if (ret->n < bytes)
		return false;
	ret->n = (size_t)bytes;
	return true;
}

struct kt_err *kt_btf_parse(struct kt_span file, struct kt_btf *ret_btf)
{
	struct kt_btf_header header;
	struct kt_err *err = kt_btf_parse_header(file, &header);

	*ret_btf = (struct kt_btf){ 0 };
	if (err)
		return err;
	if (!take_section(file, header.types_at, header.types_bytes, &ret_btf->types) ||
		!take_section(file, header.strings_at, header.strings_bytes, &ret_btf->strings) ||
		!take_section(file, header.layout_at, header.layout_bytes, &ret_btf->layout))
		return kt_err_new(KT_ERR_PARSE, "type data is cut off");
	return NULL;
}

struct kt_span kt_btf_string(const struct kt_btf *btf, uint32_t offset)
{
	struct kt_span name = kt_span_from(btf->strings, offset);
	const char *end = name.n ? memchr(name.p, '\0', name.n) : NULL;

	name.n = end ? (size_t)(end - name.p) : 0;
	return name;
}

/*
 * Finds the tail of a kind. For a kind that this file does not know, the data itself states the
 * length.
 */
static bool find_tail(const struct kt_btf *btf, uint32_t kind, struct tail *ret_tail)
{
	struct kt_span entry = kt_span_from(btf->layout, (size_t)kind * LAYOUT_BYTES);

	if (kind && kind < KT_BTF_KNOWN_KINDS) {
		*ret_tail = tails[kind];
		return true;
	}
	if (!kind || entry.n < LAYOUT_BYTES)
		return false;
	*ret_tail = (struct tail){ (uint8_t)entry.p[0], (uint8_t)entry.p[1] };
	return true;
}

void kt_btf_walk_begin(struct kt_btf_walk *walk, const struct kt_btf *btf)
{
	*walk = (struct kt_btf_walk){ .btf = btf, .rest = btf->types };
}

/*
 * Reads the next type. The info word had 16 bits for elements, 8 unused and 5 for the kind, and now
 * has 24 and 7. The unused bits were zero, so the wider fields read both forms.
 */
bool kt_btf_next(struct kt_btf_walk *walk, struct kt_btf_type *ret_type)
{
	struct {
		uint32_t name, info, size;
	} head;
	struct tail tail;
	uint32_t kind;
	uint64_t bytes;

	if (walk->rest.n < sizeof(head))
		return false;
	memcpy(&head, walk->rest.p, sizeof(head));
	kind = head.info >> 24 & 0x7f;
	if (!find_tail(walk->btf, kind, &tail))
		return false;
	*ret_type = (struct kt_btf_type){ .id = walk->id + 1,
		.kind = kind,
		.name = kt_btf_string(walk->btf, head.name),
		.size = head.size,
		.nr_elems = head.info & 0xffffff,
		.flag = head.info >> 31 };
	bytes = sizeof(head) + tail.fixed + (uint64_t)tail.each * ret_type->nr_elems;
	if (bytes > walk->rest.n)
		return false;
	ret_type->elems = kt_span_from(walk->rest, sizeof(head) + tail.fixed);
	ret_type->elems.n = (size_t)(bytes - sizeof(head) - tail.fixed);
	walk->rest = kt_span_from(walk->rest, (size_t)bytes);
	walk->id++;
	return true;
}

bool kt_btf_walk_is_complete(const struct kt_btf_walk *walk)
{
	return !walk->rest.n;
}

bool kt_btf_member(const struct kt_btf *btf, const struct kt_btf_type *type, uint32_t index,
	struct kt_btf_member *ret_member)
{
	uint32_t words[3];

	if ((type->kind != KT_BTF_STRUCT && type->kind != KT_BTF_UNION) || index >= type->nr_elems)
		return false;
	memcpy(words, type->elems.p + (size_t)index * MEMBER_BYTES, sizeof(words));
	*ret_member = (struct kt_btf_member){ .name = kt_btf_string(btf, words[0]),
		.type = words[1],
		.offset_bits = type->flag ? words[2] & 0xffffff : words[2],
		.bits = type->flag ? words[2] >> 24 : 0 };
	return true;
}

bool kt_btf_has_member(const struct kt_btf *btf, const struct kt_btf_type *type, const char *name)
{
	struct kt_btf_member member;

	for (uint32_t i = 0; kt_btf_member(btf, type, i, &member); i++) {
		if (kt_span_eq(member.name, name))
			return true;
	}
	return false;
}

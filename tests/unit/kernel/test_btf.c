// SPDX-License-Identifier: GPL-2.0-or-later
//
// Type data made by hand, older and newer than the kernels of today, cut off at every byte.

#include "kernel/btf.h"
#include "test.h"

#define NEWER 0x5fu /* a kind that no table knows */

static const char names[] = "\0int\0list_head\0next\0prev\0refs";

enum { INT = 1, LIST_HEAD = 5, NEXT = 15, PREV = 20, REFS = 25 };

/* With `layout`, the data describes the length of kinds up to NEWER; gives the size in bytes. */
static size_t make(uint32_t *words, bool layout)
{
	const uint32_t types[] = {
		INT,
		KT_BTF_INT << 24,
		4,
		32,
		0,
		NEWER << 24 | 3,
		7,
		1,
		1,
		1,
		1, /* once 4 bytes, and 4 for each of 3 elements */
		LIST_HEAD,
		KT_BTF_STRUCT << 24 | 2,
		16,
		NEXT,
		2,
		0,
		PREV,
		2,
		64,
		LIST_HEAD,
		1u << 31 | KT_BTF_STRUCT << 24 | 1,
		8,
		REFS,
		1,
		3u << 24 | 5,
	};
	uint8_t kinds[(NEWER + 1) * 4] = { 0 };
	uint32_t header = layout ? 32 : 24;
	char *at = (char *)words + header;

	kinds[NEWER * 4] = kinds[NEWER * 4 + 1] = 4;
	words[0] = 0xeb9f | 1u << 16;
	words[1] = header;
	words[2] = 0;
	words[3] = words[4] = sizeof(types);
	words[5] = sizeof(names);
	memcpy(at, types, sizeof(types));
	memcpy(at + sizeof(types), names, sizeof(names));
	if (!layout)
		return header + sizeof(types) + sizeof(names);
	words[6] = sizeof(types) + sizeof(names);
	words[7] = sizeof(kinds);
	memcpy(at + words[6], kinds, sizeof(kinds));
	return header + words[6] + sizeof(kinds);
}

static struct kt_btf parsed(const uint32_t *words, size_t size)
{
	struct kt_span file = { (const char *)words, size };
	struct kt_btf btf;
	struct kt_err *err = kt_btf_parse(file, &btf);

	CHECK(!err);
	kt_err_free(err);
	return btf;
}

TEST(a_newer_kind_has_the_length_that_the_data_states)
{
	uint32_t words[400];
	struct kt_btf btf = parsed(words, make(words, true));
	struct kt_btf_walk walk;
	struct kt_btf_type type;

	kt_btf_walk_begin(&walk, &btf);
	CHECK(kt_btf_next(&walk, &type) && type.id == 1 && kt_span_eq(type.name, "int"));
	CHECK(kt_btf_next(&walk, &type) && type.id == 2 && type.kind == NEWER);
	CHECK(kt_btf_next(&walk, &type) && type.id == 3 && kt_span_eq(type.name, "list_head"));
	CHECK_INT(type.size, 16);
	CHECK(kt_btf_next(&walk, &type) && type.id == 4);
	CHECK(!kt_btf_next(&walk, &type));
	CHECK(kt_btf_walk_is_complete(&walk));
}

TEST(a_kind_that_nothing_describes_ends_the_walk)
{
	uint32_t words[400];
	struct kt_btf btf = parsed(words, make(words, false));
	struct kt_btf_walk walk;
	struct kt_btf_type type;

	kt_btf_walk_begin(&walk, &btf);
	CHECK(kt_btf_next(&walk, &type));
	CHECK(!kt_btf_next(&walk, &type));
	CHECK(!kt_btf_walk_is_complete(&walk));
}

TEST(members_have_offsets_and_bit_fields_have_sizes)
{
	uint32_t words[400];
	struct kt_btf btf = parsed(words, make(words, true));
	struct kt_btf_walk walk;
	struct kt_btf_type type;
	struct kt_btf_member member;

	kt_btf_walk_begin(&walk, &btf);
	for (int i = 0; i < 3; i++)
		kt_btf_next(&walk, &type);
	CHECK(kt_btf_has_member(&btf, &type, "prev"));
	CHECK(!kt_btf_has_member(&btf, &type, "refs"));
	CHECK(kt_btf_member(&btf, &type, 1, &member) && kt_span_eq(member.name, "prev"));
	CHECK_INT(member.offset_bits, 64);
	CHECK_INT(member.bits, 0);
	CHECK_INT(member.type, 2);
	CHECK(!kt_btf_member(&btf, &type, 2, &member));
	kt_btf_next(&walk, &type);
	CHECK(kt_btf_member(&btf, &type, 0, &member));
	CHECK_INT(member.offset_bits, 5);
	CHECK_INT(member.bits, 3);
}

static bool parses(const uint32_t *words, size_t size)
{
	struct kt_btf btf;
	struct kt_err *err = kt_btf_parse((struct kt_span){ (const char *)words, size }, &btf);
	bool refused = err && kt_err_code(err) == KT_ERR_PARSE;

	CHECK(!err || refused);
	kt_err_free(err);
	return !refused;
}

TEST(data_that_is_cut_off_or_of_another_byte_order_is_refused)
{
	uint32_t words[400];
	size_t size = make(words, true);

	for (size_t n = 0; n < size; n++)
		CHECK(!parses(words, n));
	words[0] = 0x9feb0100;
	CHECK(!parses(words, size));
}

TEST(elements_that_go_beyond_the_types_end_the_walk)
{
	uint32_t words[400];
	size_t size = make(words, true);
	struct kt_btf_walk walk;
	struct kt_btf_type type;
	struct kt_btf btf;

	words[8 + 4 + 1] = NEWER << 24 | 0xffffff;
	btf = parsed(words, size);
	kt_btf_walk_begin(&walk, &btf);
	CHECK(kt_btf_next(&walk, &type));
	CHECK(!kt_btf_next(&walk, &type));
	CHECK(!kt_btf_walk_is_complete(&walk));
}
